#!/usr/bin/env python3
"""Quantised blocks and what they stand for -> tests/golden/quants.safetensors.

The numbers are gguf-py's (package gguf of requirements.txt, gguf/quants.py): random blocks with
finite scales of every size, and their dequantised values. For the types that gguf-py quantises
(q4_0, q4_1, q5_0, q5_1) also the error of its quantiser on `numbers`. For the K types that error is
ggml's: give its library to have it made anew, else what is in the file is kept:

  make_quants.py [--ggml libggml-base.so]
"""

import argparse
import ctypes
import json
import pathlib

import numpy as np
from gguf import GGMLQuantizationType as Type
from gguf import quants
from safetensors import safe_open
from safetensors.numpy import save_file

OUT = pathlib.Path(__file__).resolve().parents[2] / "tests/golden/quants.safetensors"

# name, gguf-py's type, weights and bytes of a block, where its f16 numbers lie
TYPES = [
    ("q4_0", Type.Q4_0, 32, 18, [0]),
    ("q4_1", Type.Q4_1, 32, 20, [0, 2]),
    ("q5_0", Type.Q5_0, 32, 22, [0]),
    ("q5_1", Type.Q5_1, 32, 24, [0, 2]),
    ("q8_0", Type.Q8_0, 32, 34, [0]),
    ("q4_K", Type.Q4_K, 256, 144, [0, 2]),
    ("q5_K", Type.Q5_K, 256, 176, [0, 2]),
    ("q6_K", Type.Q6_K, 256, 210, [208]),
]
GGML_QUANTISERS = {"q4_K": "quantize_q4_K", "q5_K": "quantize_q5_K", "q6_K": "quantize_q6_K"}


def random_blocks(random, count, size, halves):
    """Any bytes; the f16 numbers finite: normal, subnormal, zero, of both signs."""
    blocks = random.integers(0, 256, (count, size), dtype=np.uint8)
    for at in halves:
        scales = (random.standard_normal(count) * 10.0 ** random.uniform(-7, 3, count)).astype(np.float16)
        scales[0], scales[1] = 0.0, -6e-8
        blocks[:, at:at + 2] = scales.view(np.uint8).reshape(count, 2)
    return blocks


def some_weights(random, count):
    """Like a model's matrix: rows of several sizes, heavy tails, a few outliers, a constant part."""
    x = random.standard_t(5, count) * np.repeat(0.02 * 2.0 ** random.uniform(-2, 2, count // 256), 256)
    x[::997] *= 12
    x[512:544] = 0.0
    x[1024:1056] = 0.015625
    return x.astype(np.float32)


def ggml_quantise(library, name, x):
    size = {n: (e, b) for n, _, e, b, _ in TYPES}[name]
    out = np.zeros(x.size // size[0] * size[1], np.uint8)
    function = getattr(library, GGML_QUANTISERS[name])
    function.restype = ctypes.c_size_t
    pointer = ctypes.c_void_p
    function.argtypes = [pointer, pointer, ctypes.c_int64, ctypes.c_int64, pointer]
    function(x.ctypes.data, out.ctypes.data, x.size // 2048, 2048, None)
    return out


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ggml", help="ggml's base library, for the errors of its K types")
    args = parser.parse_args()
    random = np.random.default_rng(20261125)
    kept = {}
    if OUT.exists():
        with safe_open(OUT, "np") as old:
            kept = json.loads(old.metadata()["errors"])

    arrays = {}
    for name, type_, elements, size, halves in TYPES:
        blocks = random_blocks(random, 24 if elements == 32 else 6, size, halves)
        arrays[f"{name}.values"] = quants.dequantize(blocks.reshape(1, -1), type_).reshape(-1).astype(np.float32)
        padded = np.concatenate([blocks.reshape(-1), np.zeros(-blocks.size % 4, np.uint8)])
        arrays[f"{name}.blocks"] = padded.view(np.int32)  # bytes, four a word
    x = some_weights(random, 8192)
    arrays["numbers"] = x

    errors = {}
    library = ctypes.CDLL(args.ggml) if args.ggml else None
    for name, type_, *_ in TYPES:
        if name in GGML_QUANTISERS:
            if library is None:
                errors[name] = kept[name]
                continue
            stored = ggml_quantise(library, name, x).reshape(1, -1)
        else:
            stored = quants.quantize(x.reshape(1, -1), type_)
        y = quants.dequantize(stored, type_).reshape(-1)
        errors[name] = float(np.sqrt(np.mean((y.astype(np.float64) - x) ** 2)))
    for name, error in errors.items():
        arrays[f"{name}.error"] = np.array([error], np.float32)
    save_file(arrays, OUT, {"errors": json.dumps(errors)})
    print(errors)


if __name__ == "__main__":
    main()
