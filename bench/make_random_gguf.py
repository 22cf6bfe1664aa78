#!/usr/bin/env python3
"""Writes a GGUF model of a real shape with random weights, to measure without a trained one.

    make_random_gguf.py SHAPE OUT.gguf [--type f32|bf16|q8_0] [--seed N]

Shapes: llama-1b, llama-15m, llama-stub (next to no arithmetic), gpt2-124m, bloom-560m, bert-base, t5-base. Only numpy is needed; a few hundred MiB of memory do for any
size, because tensors are drawn and written piece by piece. The vocabulary is made up, too: the 256
bytes, then pairs of them as merges, so any text can be tokenised (BERT, T5: Latin letters, then pairs). Matrices are drawn from
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
    "llama-stub": dict(family="llama", hidden_size=64, num_layers=1, num_heads=1, num_kv_heads=1,
                       ffn_size=128, vocab_size=512, context_length=256),
    "gpt2-124m": dict(family="gpt2", hidden_size=768, num_layers=12, num_heads=12, num_kv_heads=12,
                      ffn_size=3072, vocab_size=50257, context_length=1024),
    "bloom-560m": dict(family="bloom", hidden_size=1024, num_layers=24, num_heads=16,
                       num_kv_heads=16, ffn_size=4096, vocab_size=250880, context_length=2048),
    "bert-base": dict(family="bert", hidden_size=768, num_layers=12, num_heads=12, num_kv_heads=12,
                      ffn_size=3072, vocab_size=30522, context_length=512),
    "t5-base": dict(family="t5", hidden_size=768, num_layers=12, num_heads=12, num_kv_heads=12,
                    ffn_size=3072, vocab_size=32128, context_length=512),
}
RELATIVE_BUCKETS = 32  # of T5


PRETOKENISER = {"llama": "llama-bpe", "gpt2": "gpt-2", "bloom": "bloom"}


class Plan:
    """The tensors of a shape, each (name, rows, columns, kind): kind is matrix, table (always f32),
    ones or zeros; a vector has rows 0."""

    def __init__(self, shape):
        self.shape, self.family, self.all = shape, shape["family"], []
        self.hidden, self.ffn = shape["hidden_size"], shape["ffn_size"]
        self.biases = self.family in ("gpt2", "bloom", "bert")
        {"bert": self.bert, "t5": self.t5}.get(self.family, self.decoder)()

    def add(self, name, rows, columns, kind):
        self.all.append((name + ".weight", rows, columns, kind))

    def norm(self, name):
        self.add(name, 0, self.hidden, "ones")
        if self.biases:
            self.all.append((name + ".bias", 0, self.hidden, "zeros"))

    def linear(self, name, rows, columns):
        self.add(name, rows, columns, "matrix")
        if self.biases:
            self.all.append((name + ".bias", 0, rows, "zeros"))

    def square(self, *names):
        for name in names:
            self.linear(name, self.hidden, self.hidden)

    def feed_forward(self, block, gated=False):
        for name in ("ffn_gate", "ffn_up") if gated else ("ffn_up",):
            self.linear(block + name, self.ffn, self.hidden)
        self.linear(block + "ffn_down", self.hidden, self.ffn)

    def blocks(self, prefix=""):
        return (f"{prefix}blk.{layer}." for layer in range(self.shape["num_layers"]))

    def embedding(self):
        self.add("token_embd", self.shape["vocab_size"], self.hidden, "matrix")
        if self.family in ("gpt2", "bert"):
            self.add("position_embd", self.shape["context_length"], self.hidden, "table")
        if self.family == "bert":
            self.add("token_types", 2, self.hidden, "table")
        if self.family in ("bloom", "bert"):
            self.norm("token_embd_norm")

    def decoder(self):
        self.embedding()
        self.norm("output_norm")
        self.add("output", self.shape["vocab_size"], self.hidden, "matrix")
        kv_size = self.hidden // self.shape["num_heads"] * self.shape["num_kv_heads"]
        for block in self.blocks():
            self.norm(block + "attn_norm")
            if self.biases:
                self.linear(block + "attn_qkv", 3 * self.hidden, self.hidden)
            else:
                self.square(block + "attn_q")
                self.linear(block + "attn_k", kv_size, self.hidden)
                self.linear(block + "attn_v", kv_size, self.hidden)
            self.square(block + "attn_output")
            self.norm(block + "ffn_norm")
            self.feed_forward(block, gated=not self.biases)

    def bert(self):
        self.embedding()
        for block in self.blocks():
            self.square(*(block + name for name in ("attn_q", "attn_k", "attn_v", "attn_output")))
            self.norm(block + "attn_output_norm")
            self.feed_forward(block)
            self.norm(block + "layer_output_norm")

    def t5(self):
        self.embedding()
        for stack in ("enc.", "dec."):
            self.add(stack + "blk.0.attn_rel_b", RELATIVE_BUCKETS, self.shape["num_heads"], "table")
            self.norm(stack + "output_norm")
            for block in self.blocks(stack):
                for part in ("attn", "cross_attn") if stack == "dec." else ("attn",):
                    self.norm(block + part + "_norm")
                    self.square(*(f"{block}{part}_{name}" for name in "qkvo"))
                self.norm(block + "ffn_norm")
                self.feed_forward(block)


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


def words(special, begin, size):
    """A vocabulary of BERT or T5: special tokens, then words of up to four letters, each also as the
    beginning of one (`begin` stands before it)."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    texts = ("".join(word) for length in range(1, 5)
             for word in itertools.product(letters, repeat=length))
    pairs = ((begin + text, text) for text in texts)
    return special + list(itertools.islice(itertools.chain.from_iterable(pairs),
                                           size - len(special)))


def bert_tokenizer(size):
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokens = words(special, "\u2581", size)
    yield "tokenizer.ggml.model", STRING, "bert"
    yield "tokenizer.ggml.pre", STRING, "bert-bge"
    yield "tokenizer.ggml.tokens", ARRAY, (STRING, tokens)
    yield "tokenizer.ggml.token_type", ARRAY, (INT32, [3] * 5 + [1] * (size - 5))
    yield "tokenizer.ggml.token_type_count", UINT32, 2
    for name, token in (("padding", 0), ("unknown", 1), ("bos", 2), ("cls", 2), ("seperator", 3),
                        ("eos", 3), ("mask", 4)):
        yield f"tokenizer.ggml.{name}_token_id", UINT32, token


def t5_tokenizer(size):
    tokens = words(["<pad>", "</s>", "<unk>"], "\u2581", size)
    yield "tokenizer.ggml.model", STRING, "t5"
    yield "tokenizer.ggml.pre", STRING, "default"
    yield "tokenizer.ggml.tokens", ARRAY, (STRING, tokens)
    yield "tokenizer.ggml.scores", ARRAY, (FLOAT32, [0.0] * 3 + [-5.0 - len(t) / 4 for t in tokens[3:]])
    yield "tokenizer.ggml.token_type", ARRAY, (INT32, [3, 3, 2] + [1] * (size - 3))
    for name, token in (("padding", 0), ("eos", 1), ("unknown", 2)):
        yield f"tokenizer.ggml.{name}_token_id", UINT32, token
    yield "tokenizer.ggml.add_bos_token", BOOL, False
    yield "tokenizer.ggml.add_eos_token", BOOL, True


def byte_tokenizer(family, size):
    tokens, merges = vocabulary(size)
    end = size - 1
    yield "tokenizer.ggml.model", STRING, "gpt2"
    yield "tokenizer.ggml.pre", STRING, PRETOKENISER[family]
    yield "tokenizer.ggml.tokens", ARRAY, (STRING, tokens)
    yield "tokenizer.ggml.token_type", ARRAY, (INT32, [1] * end + [3])
    yield "tokenizer.ggml.merges", ARRAY, (STRING, merges)
    yield "tokenizer.ggml.bos_token_id", UINT32, end
    yield "tokenizer.ggml.eos_token_id", UINT32, end
    yield "tokenizer.ggml.add_bos_token", BOOL, False


def metadata(name, shape, weight_type):
    family = shape["family"]
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
    if family == "bert":
        yield "bert.attention.causal", BOOL, False
        yield "bert.pooling_type", UINT32, 1
        yield from bert_tokenizer(shape["vocab_size"])
    elif family == "t5":
        head_dim = shape["hidden_size"] // shape["num_heads"]
        yield "t5.attention.key_length", UINT32, head_dim
        yield "t5.attention.value_length", UINT32, head_dim
        yield "t5.attention.layer_norm_rms_epsilon", FLOAT32, 1e-6
        yield "t5.attention.relative_buckets_count", UINT32, RELATIVE_BUCKETS
        yield "t5.decoder_start_token_id", UINT32, 0
        yield from t5_tokenizer(shape["vocab_size"])
    else:
        yield from byte_tokenizer(family, shape["vocab_size"])


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
    for tensor, rows, columns, kind in Plan(shape).all:
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
