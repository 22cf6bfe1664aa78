#!/usr/bin/env python3
"""Writes a GGUF model of a real shape with random weights, to measure without a trained one.

    make_random_gguf.py SHAPE OUT.gguf [--type f32|bf16|q8_0] [--seed N]

Shapes: llama-1b, llama-15m, gpt2-124m, bloom-560m. Only numpy is needed; a few hundred MiB of memory do for any
size, because tensors are drawn and written piece by piece. The vocabulary is made up, too: the 256
bytes, then pairs of them as merges, so any text can be tokenised. Matrices are drawn from
N(0, 0.02), which gives an untrained model: right for timing, useless for talking.
"""
import argparse
import itertools
import struct
import sys
import zlib

import numpy as np

ALIGNMENT = 32
PIECE = 1 << 22  # numbers drawn at a time; a multiple of the block of q8_0
QUANT_BLOCK = 32

# GGUF's numbers for value types, tensor types and file types.
UINT32, INT32, FLOAT32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9
TENSOR_TYPE = {"f32": 0, "q8_0": 8, "bf16": 30}
FILE_TYPE = {"f32": 0, "q8_0": 7, "bf16": 32}

SHAPES = {
    "llama-1b": dict(family="llama", hidden_size=2048, num_layers=16, num_heads=32, num_kv_heads=8,
                     ffn_size=8192, vocab_size=32000, context_length=4096),
    "llama-15m": dict(family="llama", hidden_size=288, num_layers=6, num_heads=6, num_kv_heads=6,
                      ffn_size=768, vocab_size=32000, context_length=1024),
    "gpt2-124m": dict(family="gpt2", hidden_size=768, num_layers=12, num_heads=12, num_kv_heads=12,
                      ffn_size=3072, vocab_size=50257, context_length=1024),
    "bloom-560m": dict(family="bloom", hidden_size=1024, num_layers=24, num_heads=16,
                       num_kv_heads=16, ffn_size=4096, vocab_size=250880, context_length=2048),
}


PRETOKENISER = {"llama": "llama-bpe", "gpt2": "gpt-2", "bloom": "bloom"}


def tensors(shape):
    """Yields (name, rows, columns, kind): kind is matrix, table (always f32), ones or zeros; a
    vector has rows 0."""
    hidden, ffn, vocab = shape["hidden_size"], shape["ffn_size"], shape["vocab_size"]
    kv_size = hidden // shape["num_heads"] * shape["num_kv_heads"]
    gpt_like = shape["family"] in ("gpt2", "bloom")

    def norm(name):
        yield f"{name}.weight", 0, hidden, "ones"
        if gpt_like:
            yield f"{name}.bias", 0, hidden, "zeros"

    def linear(name, rows, columns):
        yield f"{name}.weight", rows, columns, "matrix"
        if gpt_like:
            yield f"{name}.bias", 0, rows, "zeros"

    yield "token_embd.weight", vocab, hidden, "matrix"
    if shape["family"] == "gpt2":
        yield "position_embd.weight", shape["context_length"], hidden, "table"
    if shape["family"] == "bloom":
        yield from norm("token_embd_norm")
    yield from norm("output_norm")
    yield "output.weight", vocab, hidden, "matrix"
    for layer in range(shape["num_layers"]):
        block = f"blk.{layer}."
        yield from norm(block + "attn_norm")
        if gpt_like:
            yield from linear(block + "attn_qkv", 3 * hidden, hidden)
        else:
            yield from linear(block + "attn_q", hidden, hidden)
            yield from linear(block + "attn_k", kv_size, hidden)
            yield from linear(block + "attn_v", kv_size, hidden)
        yield from linear(block + "attn_output", hidden, hidden)
        yield from norm(block + "ffn_norm")
        if not gpt_like:
            yield from linear(block + "ffn_gate", ffn, hidden)
        yield from linear(block + "ffn_up", ffn, hidden)
        yield from linear(block + "ffn_down", hidden, ffn)


def byte_letters():
    """The printable letter that stands for each byte in a byte-level vocabulary."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = iter(range(256, 512))
    return [chr(byte) if byte in printable else chr(next(others)) for byte in range(256)]


def vocabulary(size):
    """Returns (tokens, merges) of a byte-level BPE of `size` tokens; the last ends a text."""
    letters = byte_letters()
    pairs = [(a, b) for a in letters for b in letters]
    # As many as are asked for, of two letters each, then of four.
    merges = itertools.chain(pairs, (("".join(a), "".join(b)) for a in pairs for b in pairs))
    merges = list(itertools.islice(merges, size - 257))
    return (letters + [a + b for a, b in merges] + ["<|endoftext|>"],
            [f"{a} {b}" for a, b in merges])


def metadata(name, shape, weight_type):
    family, end = shape["family"], shape["vocab_size"] - 1
    tokens, merges = vocabulary(shape["vocab_size"])
    yield "general.architecture", STRING, family
    yield "general.name", STRING, f"random {name}"
    yield "general.file_type", UINT32, FILE_TYPE[weight_type]
    yield "general.alignment", UINT32, ALIGNMENT
    if weight_type == "q8_0":
        yield "general.quantization_version", UINT32, 2
    yield f"{family}.context_length", UINT32, shape["context_length"]
    yield f"{family}.embedding_length", UINT32, shape["hidden_size"]
    yield f"{family}.block_count", UINT32, shape["num_layers"]
    yield f"{family}.feed_forward_length", UINT32, shape["ffn_size"]
    yield f"{family}.attention.head_count", UINT32, shape["num_heads"]
    yield f"{family}.vocab_size", UINT32, shape["vocab_size"]
    if family == "llama":
        yield "llama.attention.head_count_kv", UINT32, shape["num_kv_heads"]
        yield "llama.attention.layer_norm_rms_epsilon", FLOAT32, 1e-5
        yield "llama.rope.dimension_count", UINT32, shape["hidden_size"] // shape["num_heads"]
        yield "llama.rope.freq_base", FLOAT32, 10000.0
    else:
        yield f"{family}.attention.head_count_kv", UINT32, shape["num_kv_heads"]
        yield f"{family}.attention.layer_norm_epsilon", FLOAT32, 1e-5
    yield "tokenizer.ggml.model", STRING, "gpt2"
    yield "tokenizer.ggml.pre", STRING, PRETOKENISER[family]
    yield "tokenizer.ggml.tokens", ARRAY, (STRING, tokens)
    yield "tokenizer.ggml.token_type", ARRAY, (INT32, [1] * end + [3])
    yield "tokenizer.ggml.merges", ARRAY, (STRING, merges)
    yield "tokenizer.ggml.bos_token_id", UINT32, end
    yield "tokenizer.ggml.eos_token_id", UINT32, end
    yield "tokenizer.ggml.add_bos_token", BOOL, False


def packed(kind, value):
    if kind == STRING:
        data = value.encode()
        return struct.pack("<Q", len(data)) + data
    if kind == ARRAY:
        item_kind, items = value
        encoded_items = b"".join(packed(item_kind, item) for item in items)
        return struct.pack("<IQ", item_kind, len(items)) + encoded_items
    return struct.pack({UINT32: "<I", INT32: "<i", FLOAT32: "<f", BOOL: "<?"}[kind], value)


def encoded(values, weight_type):
    """The bytes of a run of float32 values in a tensor type."""
    if weight_type == "f32":
        return values.tobytes()
    if weight_type == "bf16":  # rounded to nearest, ties to even
        bits = values.view(np.uint32)
        return ((bits + (0x7FFF + ((bits >> 16) & 1))) >> 16).astype(np.uint16).tobytes()
    blocks = values.reshape(-1, QUANT_BLOCK)
    scale = np.abs(blocks).max(axis=1) / 127
    inverse = np.divide(1, scale, out=np.zeros_like(scale), where=scale > 0)
    result = np.empty(len(blocks), dtype=[("scale", "<f2"), ("values", "i1", QUANT_BLOCK)])
    result["scale"] = scale
    result["values"] = np.rint(blocks * inverse[:, None])
    return result.tobytes()


def stored_bytes(count, weight_type):
    return {"f32": 4 * count, "bf16": 2 * count, "q8_0": count // QUANT_BLOCK * 34}[weight_type]


def write_tensor(file, name, count, kind, weight_type, seed):
    random = np.random.default_rng([seed, zlib.crc32(name.encode())])  # the same in any order
    for begin in range(0, count, PIECE):
        size = min(PIECE, count - begin)
        if kind in ("ones", "zeros"):
            values = np.full(size, kind == "ones", np.float32)
        else:
            values = random.standard_normal(size, np.float32) * np.float32(0.02)
        file.write(encoded(values, weight_type))


def write_model(path, name, weight_type, seed):
    """Writes the file; returns the number of parameters."""
    shape, plan, offset = SHAPES[name], [], 0
    for tensor, rows, columns, kind in tensors(shape):
        tensor_type = weight_type if kind == "matrix" else "f32"
        if tensor_type == "q8_0" and columns % QUANT_BLOCK:
            sys.exit(f"{tensor}: rows of {columns} cannot be q8_0")
        count = max(rows, 1) * columns
        plan.append((tensor, rows, columns, kind, tensor_type, count, offset))
        offset += -(-stored_bytes(count, tensor_type) // ALIGNMENT) * ALIGNMENT
    entries = list(metadata(name, shape, weight_type))
    with open(path, "wb") as file:
        file.write(struct.pack("<4sIQQ", b"GGUF", 3, len(plan), len(entries)))
        for key, kind, value in entries:
            file.write(packed(STRING, key) + struct.pack("<I", kind) + packed(kind, value))
        for tensor, rows, columns, _, tensor_type, _, offset in plan:
            sizes = [columns, rows] if rows else [columns]  # GGUF names the fastest first
            file.write(packed(STRING, tensor) + struct.pack("<I", len(sizes)) +
                       struct.pack(f"<{len(sizes)}Q", *sizes) +
                       struct.pack("<IQ", TENSOR_TYPE[tensor_type], offset))
        for tensor, _, _, kind, tensor_type, count, _ in plan:
            file.write(bytes(-file.tell() % ALIGNMENT))
            write_tensor(file, tensor, count, kind, tensor_type, seed)
        file.write(bytes(-file.tell() % ALIGNMENT))
    return sum(entry[5] for entry in plan)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("out")
    parser.add_argument("--type", choices=TENSOR_TYPE, default="f32")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    count = write_model(arguments.out, arguments.shape, arguments.type, arguments.seed)
    print(f"{arguments.out}: {arguments.shape}, {count / 1e6:.1f} M parameters, {arguments.type}")


if __name__ == "__main__":
    main()
