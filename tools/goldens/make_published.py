#!/usr/bin/env python3
"""What the reference makes of strings.jsonl with published vocabularies, which are not ours to commit.

Reads ../shared/data/tokenizers (or $PARVIS_SHARED); writes tests/golden/tokenizers/published.txt, a
line for each vocabulary: its name, then a hash of every eight lines that vectors.txt would hold.
Usage: make_published.py
"""

import base64
import json
import os
import pathlib
import sys

import sentencepiece
from gguf import GGUFReader
from tokenizer_vectors import encode_line, hash_of, native_line, spell_nothing
from tokenizers import (
    AddedToken,
    BertWordPieceTokenizer,
    Tokenizer,
    decoders,
    models,
    pre_tokenizers,
    processors,
)

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("PARVIS_SHARED", ROOT.parent / "shared")) / "data/tokenizers"
FOLDER = ROOT / "tests/golden/tokenizers"


def gpt2():
    files = str(SHARED / "gpt2/encoder.json"), str(SHARED / "gpt2/vocab.bpe")
    tokenizer = Tokenizer(models.BPE.from_file(*files))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken("<|endoftext|>", special=True, normalized=False)])
    return tokenizer


def bert(tokens, lowercase):
    vocab = {token: i for i, token in enumerate(tokens)}
    return BertWordPieceTokenizer(vocab, lowercase=lowercase)._tokenizer


def bert_cased():
    text = (SHARED / "bert/bert_basic_cased_vocab.txt").read_text(encoding="utf-8")
    return bert(text.removesuffix("\n").split("\n"), lowercase=False)


def bert_bge():
    """BERT's uncased vocabulary as llama.cpp writes it: "▁" begins a word, nothing goes on with one."""
    field = GGUFReader(SHARED / "ggml-vocab/ggml-vocab-bert-bge.gguf").fields["tokenizer.ggml.tokens"]
    tokens = [bytes(field.parts[i]).decode() for i in field.data]
    special = lambda t: t.startswith("[") and t.endswith("]")
    return bert(
        [t if special(t) else t[1:] if t.startswith("▁") else "##" + t for t in tokens],
        lowercase=True,
    )


def from_json(name):
    return Tokenizer.from_file(str(SHARED / name / "tokenizer.json"))


def grouped(lines):
    return [hash_of("\n".join(lines[i : i + 8])) for i in range(0, len(lines), 8)]


def main():
    if not SHARED.exists():
        print(f"make_published.py: no {SHARED} here; published.txt stays", file=sys.stderr)
        return
    strings = []
    for line in (FOLDER / "strings.jsonl").open(encoding="utf-8"):
        value = json.loads(line)
        strings.append(value if isinstance(value, str) else base64.b64decode(value[0]))
    makers = {
        "gpt2": gpt2,
        "bert_cased": bert_cased,
        "bert_bge": bert_bge,
        "t5-small": lambda: from_json("t5-small"),
        "roberta-base": lambda: from_json("roberta-base"),
    }
    out = []
    for name, make in makers.items():
        tokenizer = make()
        plain = spell_nothing(tokenizer)
        out.append([name] + grouped([encode_line(tokenizer, plain, s) for s in strings]))
    for name in ("llama2/tokenizer", "sentencepiece/test_model", "sentencepiece/test_ja_model"):
        processor = sentencepiece.SentencePieceProcessor(model_file=str(SHARED / f"{name}.model"))
        llama = name.startswith("llama2")
        out.append([name] + grouped([native_line(processor, s, llama) for s in strings]))
    (FOLDER / "published.txt").write_text("".join(" ".join(line) + "\n" for line in out))


if __name__ == "__main__":
    main()
