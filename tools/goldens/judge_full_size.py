#!/usr/bin/env python3
"""Lets transformers judge Parvis on random weights of published sizes, too large to be committed.

    judge_full_size.py --parvis build/release/bin/parvis --out bench/results/full_size.json \\
        [--work FOLDER] [NAME...]

For each published configuration a checkpoint is drawn and written in Hugging Face layout (--work,
some GB, removed afterwards), transformers and `parvis inspect` compute the same inputs in f32, and
the largest differences are noted, of logits and of every layer's hidden states, relative to the
largest number there. By hand; needs the environment of requirements.txt and 16 GB of memory.
"""
import argparse
import datetime
import json
import pathlib
import shutil
import subprocess
import tempfile

import numpy as np
import torch
import transformers
from transformers import AutoConfig

SEED = 20261125
LENGTHS = (1, 37, 200)  # below, above and far above a page of keys and values
LLAMA3_ROPE = {"rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0,
               "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}

# The published configurations; what is not named is the default of the configuration's class.
SHAPES = {
    "gpt2-124m": ("GPT2LMHeadModel", dict(model_type="gpt2")),
    "bert-base-uncased": ("BertForMaskedLM", dict(model_type="bert")),
    "bloom-560m": ("BloomForCausalLM", dict(
        model_type="bloom", vocab_size=250880, hidden_size=1024, n_layer=24, n_head=16)),
    "t5-base": ("T5ForConditionalGeneration", dict(
        model_type="t5", vocab_size=32128, d_model=768, d_ff=3072, num_layers=12, num_heads=12,
        decoder_start_token_id=0)),
    "llama-3.2-1b": ("LlamaForCausalLM", dict(
        model_type="llama", vocab_size=128256, hidden_size=2048, intermediate_size=8192,
        num_hidden_layers=16, num_attention_heads=32, num_key_value_heads=8, head_dim=64,
        max_position_embeddings=131072, rms_norm_eps=1e-5, rope_theta=500000.0,
        rope_scaling=LLAMA3_ROPE, tie_word_embeddings=True)),
}


def draw(model, generator):
    """No gain and no bias trivial, attention far from uniform, logits of the size of trained ones."""
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        lower = name.lower()
        if parameter.dim() == 1:
            norm = "norm" in lower or ".ln_" in lower
            value = 1 + 0.2 * noise if norm and lower.endswith("weight") else 0.1 * noise
        elif "relative_attention_bias" in lower:
            value = noise
        elif "wpe" in lower or "position_embeddings" in lower or "token_type" in lower:
            value = 0.02 * noise
        elif any(part in lower for part in ("shared", "embed", "wte", "lm_head", "decoder.weight")):
            value = 0.05 * noise
        else:
            value = 1.2 * noise / parameter.shape[1] ** 0.5
            if model.config.model_type == "t5" and lower.endswith("attention.q.weight"):
                # T5 divides here and not the scores. Undivided, attention saturates and amplifies
                # rounding: transformers in f32 then differs from itself in f64 by 7e-2.
                value = value / model.config.d_kv ** 0.5
        with torch.no_grad():
            parameter.copy_(value)


def reference(model, inputs, decoder_inputs):
    with torch.no_grad():
        ids = torch.tensor([inputs])
        more = {} if decoder_inputs is None else {"decoder_input_ids": torch.tensor([decoder_inputs])}
        out = model(input_ids=ids, output_hidden_states=True, **more)
    hidden = out.decoder_hidden_states if decoder_inputs is not None else out.hidden_states
    return out.logits[0].numpy(), np.stack([layer[0].numpy() for layer in hidden])


def ours(parvis, folder, inputs, decoder_inputs, scratch):
    def joined(tokens):
        return ",".join(map(str, tokens))

    command = [parvis, "inspect", folder, "--tokens", joined(inputs), "--quiet",
               "--logits", scratch / "logits.npy", "--hidden", scratch / "hidden.npy"]
    if decoder_inputs is not None:
        command += ["--decoder-tokens", joined(decoder_inputs)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return np.load(scratch / "logits.npy"), np.load(scratch / "hidden.npy")


def difference(a, b):
    if a.shape != b.shape:
        raise SystemExit(f"shapes {a.shape} and {b.shape} differ")
    return float(np.abs(a - b).max() / np.abs(b).max())


def judge(name, parvis, work):
    architecture, values = SHAPES[name]
    generator = torch.Generator().manual_seed(SEED)
    config = AutoConfig.for_model(**values)
    model = getattr(transformers, architecture)._from_config(config, attn_implementation="eager")
    model = model.float().eval()
    draw(model, generator)
    folder = pathlib.Path(tempfile.mkdtemp(prefix=name + "-", dir=work))
    try:
        model.save_pretrained(folder / "checkpoint")
        rows = []
        for length in LENGTHS:
            tokens = [torch.randint(3, config.vocab_size, (count,), generator=generator).tolist()
                      for count in (length, max(1, length // 2))]
            decoder = [0, *tokens[1]] if config.is_encoder_decoder else None
            logits, hidden = reference(model, tokens[0], decoder)
            our_logits, our_hidden = ours(parvis, folder / "checkpoint", tokens[0], decoder, folder)
            rows.append({"tokens": length, "decoder_tokens": len(decoder) if decoder else 0,
                         "logits": difference(our_logits, logits),
                         "hidden": difference(our_hidden, hidden),
                         "same_best_token": float(np.mean(our_logits.argmax(-1) ==
                                                          logits.argmax(-1)))})
            print(name, rows[-1], flush=True)
        return {"name": name, "architecture": architecture,
                "parameters": sum(p.numel() for p in model.parameters()), "rows": rows}
    finally:
        shutil.rmtree(folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(SHAPES))
    parser.add_argument("--parvis", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--work", default=tempfile.gettempdir())
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(SHAPES):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    transformers.utils.logging.set_verbosity_error()
    models = [judge(name, arguments.parvis, arguments.work)
              for name in arguments.names or SHAPES]
    version = subprocess.run([arguments.parvis, "--version"], capture_output=True, text=True,
                             check=True).stdout.strip()
    document = {"schema": "parvis.judge.full_size/1",
                "taken": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
                "parvis": version, "transformers": transformers.__version__,
                "torch": torch.__version__, "models": models}
    pathlib.Path(arguments.out).write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
