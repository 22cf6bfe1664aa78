#!/usr/bin/env python3
"""GGUF both ways between Parvis and llama.cpp, judged by transformers. By hand:

    g++ -O1 -std=c++17 logits.cc -I$LLAMA/include -I$LLAMA/ggml/include -L$LLAMA/build/bin \\
        -lllama -lggml -lggml-base -Wl,-rpath,$LLAMA/build/bin -o logits
    judge.py --parvis build/release/bin/parvis --llama $LLAMA --logits ./logits [NAME...]

For each family a small random model with one of our test tokenisers is written in Hugging Face
layout. `parvis convert` makes a GGUF file that llama.cpp computes, llama.cpp's own converter one
that Parvis computes, and both results are held against transformers'. Writes the table into
docs/formats/llama-cpp.md. --llama: a checkout of llama.cpp; environment: requirements.txt.
"""
import argparse
import datetime
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import torch
import transformers
from transformers import AutoConfig

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(HERE.parent))
from judge_full_size import draw  # noqa: E402

PAGE = ROOT / "docs/formats/llama-cpp.md"
TOKENIZERS = ROOT / "tests/golden/tokenizers"
SIZES = dict(hidden_size=64, num_hidden_layers=3, num_attention_heads=4, intermediate_size=160,
             max_position_embeddings=256)
LENGTH = 70  # tokens: more than two pages of keys and values
UNNAMED_ROWS = 9  # of the embedding, for which the tokeniser has no token

# The model class, configuration, tokeniser, and llama.cpp's name for its pre-tokeniser.
FAMILIES = {
    "gpt2": ("GPT2LMHeadModel", dict(model_type="gpt2", n_embd=64, n_layer=3, n_head=4,
                                     n_positions=256, bos_token_id=0, eos_token_id=0), "gpt2_style", "gpt-2"),
    "llama": ("LlamaForCausalLM", dict(model_type="llama", num_key_value_heads=2, **SIZES),
              "llama3_style", "llama-bpe"),
    "llama, rope_scaling llama3": (
        "LlamaForCausalLM", dict(model_type="llama", rope_scaling=dict(
            rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
            original_max_position_embeddings=8192), **SIZES), "llama3_style", "llama-bpe"),
    "mistral": ("MistralForCausalLM", dict(model_type="mistral", num_key_value_heads=2,
                                           sliding_window=None, **SIZES), "llama3_style", "llama-bpe"),
    "qwen2": ("Qwen2ForCausalLM", dict(model_type="qwen2", num_key_value_heads=2, **SIZES),
              "qwen2_style", "qwen2"),
    "gemma": ("GemmaForCausalLM", dict(model_type="gemma", num_key_value_heads=1, head_dim=24, **SIZES),
              "llama2_legacy", "default"),
    "phi3": ("Phi3ForCausalLM", dict(
        model_type="phi3", num_key_value_heads=2, sliding_window=24, pad_token_id=0,
        original_max_position_embeddings=256, **SIZES), "llama2_legacy", "default"),
    "bloom": ("BloomForCausalLM", dict(model_type="bloom", hidden_size=64, n_layer=3, n_head=4, seq_length=256),
              "bloom_style", "bloom"),
    "gpt_neox": ("GPTNeoXForCausalLM", dict(model_type="gpt_neox", rotary_pct=0.25, **SIZES),
                 "neox_style", "olmo"),
    "bert": ("BertModel", dict(model_type="bert", **SIZES), "bert_uncased", "bert-bge"),
    "roberta": ("RobertaModel", dict(model_type="roberta", type_vocab_size=1, pad_token_id=1,
                                     **{**SIZES, "max_position_embeddings": 258}),
                "roberta_style", "roberta-bpe"),
    "t5, version 1.1": ("T5ForConditionalGeneration", dict(
        model_type="t5", d_model=64, d_kv=16, d_ff=160, num_layers=3, num_heads=4,
        feed_forward_proj="gated-gelu", tie_word_embeddings=False, decoder_start_token_id=0),
        "t5", "default"),
    "t5, version 1.0": ("T5ForConditionalGeneration", dict(
        model_type="t5", d_model=64, d_kv=16, d_ff=160, num_layers=3, num_heads=4,
        decoder_start_token_id=0), "t5", "default"),
}

# llama.cpp's converter knows the published tokenisers by a hash of what they make of a text; ours
# is told to it.
CONVERT = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("converter", sys.argv[1])
converter = importlib.util.module_from_spec(spec)
sys.modules["converter"] = converter
spec.loader.exec_module(converter)
pre = sys.argv[2]
converter.Model.get_vocab_base_pre = lambda self, tokenizer: pre
sys.argv = sys.argv[1:2] + sys.argv[3:]
converter.main()
"""


def joined(tokens):
    return ",".join(map(str, tokens))


def of_parvis(parvis, model, tokens, decoder, scratch, encoder_only):
    kind = "hidden" if encoder_only else "logits"
    command = [parvis, "inspect", model, "--tokens", joined(tokens), "--quiet", f"--{kind}",
               scratch / "out.npy"]
    if decoder:
        command += ["--decoder-tokens", joined(decoder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    out = np.load(scratch / "out.npy")
    return out[-1] if encoder_only else out


def of_llama_cpp(program, model, tokens, decoder, shape):
    command = [program, model, joined(tokens)] + ([joined(decoder)] if decoder else [])
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    return np.frombuffer(out, "<f4").reshape(shape)


def difference(a, b):
    return float(np.abs(a - b).max() / np.abs(b).max())


def write_checkpoint(folder, name, generator):
    architecture, values, tokenizer, _ = FAMILIES[name]
    folder.mkdir()
    spec = json.loads((TOKENIZERS / tokenizer / "tokenizer.json").read_text())
    shutil.copy(TOKENIZERS / tokenizer / "tokenizer.json", folder)
    vocab = spec["model"]["vocab"]
    size = max(len(vocab), 1 + max((token["id"] for token in spec["added_tokens"]), default=0))
    config = AutoConfig.for_model(**values, vocab_size=size + UNNAMED_ROWS, architectures=[architecture])
    model = getattr(transformers, architecture)._from_config(config, attn_implementation="eager")
    model = model.float().eval()
    if not values.get("tie_word_embeddings", True) and config.is_encoder_decoder:
        # transformers 5 ties every T5; published 1.1 checkpoints have a matrix of their own.
        model.config.tie_word_embeddings = False
        model.lm_head.weight = torch.nn.Parameter(torch.empty_like(model.lm_head.weight))
    draw(model, generator)
    model.save_pretrained(folder)
    # The words of published checkpoints: llama.cpp's converter does not know transformers 5's.
    saved = json.loads((folder / "config.json").read_text())
    if rope := saved.pop("rope_parameters", None):
        saved["rope_theta"] = rope.pop("rope_theta")
        if "partial_rotary_factor" in rope:
            saved["rotary_pct"] = rope.pop("partial_rotary_factor")
        saved["rope_scaling"] = rope if rope["rope_type"] != "default" else None
    if "n_positions" in saved and values["model_type"] == "gpt2":
        saved["n_ctx"] = saved["n_positions"]
    (folder / "config.json").write_text(json.dumps(saved))
    if values["model_type"] == "phi3":
        saved.setdefault("rope_scaling", None)
    special = {"tokenizer_class": "PreTrainedTokenizerFast"}
    if values["model_type"] == "t5":  # llama.cpp's converter reads the SentencePiece file only
        shutil.copy(TOKENIZERS / "t5_model" / "tokenizer.model", folder / "spiece.model")
    if tokenizer == "llama2_legacy":
        shutil.copy(TOKENIZERS / "llama2_model" / "tokenizer.model", folder)
    (folder / "tokenizer_config.json").write_text(json.dumps(special))
    return model, size


def reference(model, tokens, decoder):
    with torch.no_grad():
        more = {"decoder_input_ids": torch.tensor([decoder])} if decoder else {}
        out = model(input_ids=torch.tensor([tokens]), **more)
    return (out.logits if hasattr(out, "logits") else out.last_hidden_state)[0].numpy()


def attempt(compute, expected):
    try:
        return f"{difference(compute(), expected):.1e}"
    except subprocess.CalledProcessError as error:
        return f"refused (exit {error.returncode})"


def judge(name, arguments):
    generator = torch.Generator().manual_seed(3)
    scratch = pathlib.Path(tempfile.mkdtemp())
    try:
        model, size = write_checkpoint(scratch / "hf", name, generator)
        tokens = torch.randint(3, size, (LENGTH,), generator=generator).tolist()
        decoder = [0, *tokens[:20]] if model.config.is_encoder_decoder else None
        encoder_only = not hasattr(model, "lm_head")
        expected = reference(model, tokens, decoder)

        def parvis(path):
            return of_parvis(arguments.parvis, path, tokens, decoder, scratch, encoder_only)

        def convert(*command):
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL,
                           stderr=None if arguments.verbose else subprocess.DEVNULL)

        def theirs_of_ours():
            convert(arguments.parvis, "convert", scratch / "hf", scratch / "ours.gguf")
            return of_llama_cpp(arguments.logits, scratch / "ours.gguf", tokens, decoder,
                                expected.shape)

        def ours_of_theirs():
            convert(sys.executable, "-c", CONVERT, arguments.llama / "convert_hf_to_gguf.py",
                    FAMILIES[name][3], scratch / "hf", "--outfile", scratch / "theirs.gguf",
                    "--outtype", "f32")
            return parvis(scratch / "theirs.gguf")

        return [attempt(lambda: parvis(scratch / "hf"), expected),
                attempt(theirs_of_ours, expected), attempt(ours_of_theirs, expected)]
    finally:
        shutil.rmtree(scratch)


def page(rows, commit):
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")
    yield "# GGUF between Parvis and llama.cpp"
    yield ""
    yield f"Made by `tools/goldens/llama_cpp/judge.py` on {now}, llama.cpp {commit},"
    yield f"transformers {transformers.__version__}. Small random models in f32; the largest"
    yield "difference of the logits (encoders: of the last hidden states) from transformers', as a part"
    yield "of the largest number there. llama.cpp computes GELU from a table of f16 numbers: hence its"
    yield "larger differences. Every embedding has more rows than its tokeniser has tokens. It does not scale the hidden states of a tied T5 (version 1.0) before the"
    yield "output matrix: its logits are that much larger, the likeliest token is the same."
    yield ""
    yield ("| family | Parvis, Hugging Face folder | llama.cpp, file written by Parvis "
           "| Parvis, file written by llama.cpp |")
    yield "| --- | --- | --- | --- |"
    for name, cells in rows:
        yield f"| {name} | " + " | ".join(cells) + " |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(FAMILIES))
    parser.add_argument("--parvis", required=True, type=pathlib.Path)
    parser.add_argument("--llama", required=True, type=pathlib.Path)
    parser.add_argument("--logits", required=True, type=pathlib.Path)
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    transformers.utils.logging.set_verbosity_error()
    rows = []
    for name in arguments.names or FAMILIES:
        rows.append((name, judge(name, arguments)))
        print(*rows[-1], flush=True)
    commit = subprocess.run(["git", "-C", arguments.llama, "rev-parse", "--short", "HEAD"],
                            capture_output=True, text=True, check=True).stdout.strip()
    if not arguments.names:
        PAGE.write_text("\n".join(page(rows, commit)) + "\n")


if __name__ == "__main__":
    main()
