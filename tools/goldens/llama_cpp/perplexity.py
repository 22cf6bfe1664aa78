#!/usr/bin/env python3
"""Perplexity of a trained model in each weight type, by Parvis and by llama.cpp. By hand:

    perplexity.py --parvis build/release/bin/parvis --logits ./logits --llama COMMIT \\
        --model models/parvis-fable.gguf --text FILE... --out bench/results/perplexity.json

Both read the same GGUF files, written by `parvis quantize`, and the same tokens: windows of the
model's context length, each scored alone. What they make of them is turned into perplexity here,
in double precision, so that no program counts for itself. --logits: built as judge.py says.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "bench"))
from measure import say, write_results  # noqa: E402

TYPES = ["f32", "f16", "bf16", "q8_0", "q6_K", "q4_K_M", "q4_0"]


def run(command):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True).stdout


def negative_log_likelihood(logits, tokens):
    """Of tokens 1.. given the logits at 0.., summed in nats."""
    rows = logits[:-1].astype(np.float64)
    top = rows.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(rows - top).sum(axis=1)) + top[:, 0]
    return float((log_sum - rows[np.arange(len(rows)), tokens[1:]]).sum())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--parvis", required=True)
    parser.add_argument("--logits", required=True, help="the program of logits.cc")
    parser.add_argument("--llama", required=True, help="which llama.cpp it was linked with")
    parser.add_argument("--model", required=True)
    parser.add_argument("--text", required=True, nargs="+")
    parser.add_argument("--windows", type=int, default=40, help="of each text")
    parser.add_argument("--context", type=int, default=256)
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()

    windows = []
    for path in arguments.text:
        text = pathlib.Path(path).read_text()[:40 * arguments.windows * arguments.context]
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write(text), file.flush()
            tokens = json.loads(run([arguments.parvis, "tokenize", "-m", arguments.model, "--file",
                                     file.name, "--json"]))["ids"]
        step = max(1, (len(tokens) - arguments.context) // arguments.windows)
        starts = range(0, len(tokens) - arguments.context + 1, step)[:arguments.windows]
        windows += [tokens[start:start + arguments.context] for start in starts]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name in TYPES:
            model = folder / f"{name}.gguf"
            run([arguments.parvis, "quantize", arguments.model, model, name])
            sums, differ = {"parvis": 0.0, "llama.cpp": 0.0}, 0
            for tokens in windows:
                words = ",".join(map(str, tokens))
                run([arguments.parvis, "inspect", model, "--tokens", words, "--logits",
                     folder / "l.npy"])
                ours = np.load(folder / "l.npy").reshape(len(tokens), -1)
                theirs = np.frombuffer(run([arguments.logits, model, words]), np.float32)
                theirs = theirs.reshape(len(tokens), -1)
                sums["parvis"] += negative_log_likelihood(ours, tokens)
                sums["llama.cpp"] += negative_log_likelihood(theirs, tokens)
                differ += int((ours.argmax(axis=1) != theirs.argmax(axis=1)).sum())
            count = sum(len(tokens) - 1 for tokens in windows)
            row = {"type": name, "bytes": model.stat().st_size, "same_best_token":
                   1 - differ / (count + len(windows)),
                   **{engine: float(np.exp(total / count)) for engine, total in sums.items()}}
            rows.append(row)
            say(f"{name}: {row}")
    write_results(arguments.out, {
        "schema": "parvis.judge.perplexity/1", "model": pathlib.Path(arguments.model).stem,
        "parvis": run([arguments.parvis, "--version"]).decode().strip(),
        "llama.cpp": arguments.llama, "texts": [pathlib.Path(path).name for path in arguments.text],
        "windows": len(windows), "context": arguments.context, "rows": rows})


if __name__ == "__main__":
    main()
