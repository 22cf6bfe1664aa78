#!/usr/bin/env python3
"""What checkpoints of a run of parvis-fable are worth: bits per byte and BLiMP by tokens read; JSON.

Usage: learning_curve.py CHECKPOINT … --run RUN_DIR --data DATA_DIR --texts OUT_DIR --out JSON [--parvis PROGRAM]
       [--threads N] [--pairs N]
       CHECKPOINT: step-N.safetensors, of which the average is taken (of runs without one: the weights)
       RUN_DIR: for the tokenizer and the steps' tokens; OUT_DIR: of gather_text.py and `parvis data build`
       --pairs: of each of BLiMP's 67 kinds (0: all 1,000)

Each becomes a folder as Hugging Face's transformers write it, which `parvis eval` reads. Needs numpy.
"""

import argparse
import json
import pathlib
import re
import struct
import tempfile
import tomllib

from model_figures.common import Parvis, by_language
from model_figures.fable import minimal_pairs

NAMES = {"embedding.weight": "model.embed_tokens.weight", "final_norm.weight": "model.norm.weight",
         "attention.norm": "input_layernorm", "attention.q": "self_attn.q_proj", "attention.k": "self_attn.k_proj",
         "attention.v": "self_attn.v_proj", "attention.out": "self_attn.o_proj", "feed_forward.norm": "post_attention_layernorm",
         "feed_forward.gate": "mlp.gate_proj", "feed_forward.up": "mlp.up_proj", "feed_forward.down": "mlp.down_proj"}


def hugging_face_name(name):
    layer = re.fullmatch(r"(\d+)\.(.+)\.weight", name)
    return f"model.layers.{layer[1]}.{NAMES[layer[2]]}.weight" if layer else NAMES[name]


def write_folder(checkpoint, run, folder):
    """The checkpoint as a model of transformers."""
    raw = checkpoint.read_bytes()
    size = struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8:8 + size])
    kind = "average/" if any(name.startswith("average/") for name in header) else "value/"
    kept, data = {}, []
    for name, entry in header.items():
        if name.startswith(kind):
            begin, end = entry["data_offsets"]
            at = sum(map(len, data))
            data.append(raw[8 + size + begin:8 + size + end])
            kept[hugging_face_name(name.removeprefix(kind))] = entry | {"data_offsets": [at, at + end - begin]}
    text = json.dumps(kept).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + b"".join(data))
    recipe = tomllib.loads((run / "recipe.toml").read_text())
    config = {"architectures": ["LlamaForCausalLM"], "vocab_size": kept["model.embed_tokens.weight"]["shape"][0],
              "max_position_embeddings": recipe["train"]["context_length"], "rms_norm_eps": 1e-5, "hidden_act": "silu", **recipe["model"]}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text((run / "tokenizer.json").read_text(encoding="utf-8"), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoints", nargs="+", type=pathlib.Path)
    for key in ("run", "data", "texts", "out"):
        parser.add_argument(f"--{key}", type=pathlib.Path, required=True)
    parser.add_argument("--parvis", default="parvis")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--pairs", type=int, default=100)
    a = parser.parse_args()
    log = [json.loads(line) for line in (a.run / "log.jsonl").read_text().splitlines()]
    tokens = {line["step"]: line["tokens"] for line in log if "tokens" in line}
    points = json.loads(a.out.read_text()) if a.out.exists() else []
    for checkpoint in a.checkpoints:
        step = int(re.search(r"\d+", checkpoint.stem)[0])
        if any(point["step"] == step for point in points):
            continue
        with tempfile.TemporaryDirectory() as scratch:
            folder = pathlib.Path(scratch)
            (folder / "model").mkdir()
            write_folder(checkpoint, a.run, folder / "model")
            parvis = Parvis(a.parvis, folder / "model", a.threads, folder, 0, alone=True)
            point = {"step": step, "tokens": tokens[step]}
            for language, texts in sorted(by_language(a.texts).items()):
                held_out = parvis.file(f"{language}.jsonl", [json.dumps({"text": text}, ensure_ascii=False) for text in texts])
                point[f"bits_per_byte_{language}"] = parvis.run("eval", "--data", held_out)["evaluations"][0]["bits_per_byte"]
            blimp = minimal_pairs(parvis, a.data, a.pairs)
            point |= {"blimp": blimp["measures"]["accuracy"]["score"], "blimp_pairs": blimp["n"]}
        print(json.dumps(point), flush=True)
        points = sorted(points + [point], key=lambda p: p["step"])
        a.out.write_text(json.dumps(points, indent=1) + "\n")


if __name__ == "__main__":
    main()
