#!/usr/bin/env python3
"""Writes the files that llm.c's train_gpt2 program reads, with random content, into a folder.

    llmc_files.py FOLDER

A GPT-2 124M checkpoint of float32 weights and two files of 16-bit tokens, under the names that the
program looks for when it runs in FOLDER. Only numpy is needed.
"""
import pathlib
import sys

import numpy as np

NUM_TOKENS = 1 << 18
LAYERS, HIDDEN, VOCAB, PADDED_VOCAB, CONTEXT, HEADS = 12, 768, 50257, 50304, 1024, 12


def header(*numbers):
    return np.array([*numbers, *[0] * (256 - len(numbers))], "<i4").tobytes()


def write_checkpoint(path, random):
    def normal(count):
        return random.standard_normal(count, np.float32) * np.float32(0.02)

    def ones(count):
        return np.ones(count, np.float32)

    def zeros(count):
        return np.zeros(count, np.float32)

    with open(path, "wb") as file:
        file.write(header(20240326, 3, CONTEXT, VOCAB, LAYERS, HEADS, HIDDEN, PADDED_VOCAB))
        for make, count in [(normal, PADDED_VOCAB * HIDDEN), (normal, CONTEXT * HIDDEN)]:
            file.write(make(count).tobytes())
        # Each kind of tensor for all layers: norm, query-key-value, output, norm, up, down.
        for make, count in [(ones, HIDDEN), (zeros, HIDDEN), (normal, 3 * HIDDEN * HIDDEN),
                            (zeros, 3 * HIDDEN), (normal, HIDDEN * HIDDEN), (zeros, HIDDEN),
                            (ones, HIDDEN), (zeros, HIDDEN), (normal, 4 * HIDDEN * HIDDEN),
                            (zeros, 4 * HIDDEN), (normal, 4 * HIDDEN * HIDDEN), (zeros, HIDDEN)]:
            for _ in range(LAYERS):
                file.write(make(count).tobytes())
        file.write(ones(HIDDEN).tobytes() + zeros(HIDDEN).tobytes())


def write_tokens(path, random):
    path.parent.mkdir(parents=True, exist_ok=True)
    tokens = random.integers(0, VOCAB, NUM_TOKENS).astype("<u2")
    path.write_bytes(header(20240520, 1, NUM_TOKENS) + tokens.tobytes())


def write_files(folder):
    folder, random = pathlib.Path(folder), np.random.default_rng(1)
    folder.mkdir(parents=True, exist_ok=True)
    write_checkpoint(folder / "gpt2_124M.bin", random)
    for part in ("train", "val"):
        write_tokens(folder / f"dev/data/tinyshakespeare/tiny_shakespeare_{part}.bin", random)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: llmc_files.py FOLDER")
    write_files(sys.argv[1])
