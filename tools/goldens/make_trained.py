#!/usr/bin/env python3
"""Trains a tokeniser of each kind with the reference's trainers and writes how well it compresses.

recipes/texts/authors.jsonl.xz is learned from, heldout_authors.jsonl.xz is encoded. Writes
tests/golden/trained.json: for each kind the size of the vocabulary, and of the held-out passages the
tokens, without special tokens, and how many of them are unknown. Usage: make_trained.py
"""

import json
import lzma
import pathlib

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Small enough that the text has more to merge than the vocabulary has room for.
SIZE = {"bpe": 600, "unigram": 400, "wordpiece": 400}
UNKNOWN = {"unigram": "<unk>", "wordpiece": "[UNK]"}


def passages(name):
    with lzma.open(ROOT / f"recipes/texts/{name}.jsonl.xz", "rt", encoding="utf-8") as file:
        return [json.loads(line)["text"] for line in file]


def reference(kind):
    """(an empty tokeniser, its trainer)."""
    if kind == "wordpiece":
        tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        return tokenizer, trainers.WordPieceTrainer(
            vocab_size=SIZE[kind], min_frequency=2, special_tokens=specials, show_progress=False)
    if kind == "unigram":
        tokenizer = Tokenizer(models.Unigram())
        tokenizer.normalizer = normalizers.NFKC()
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
        return tokenizer, trainers.UnigramTrainer(
            vocab_size=SIZE[kind], special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>",
            show_progress=False)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return tokenizer, trainers.BpeTrainer(
        vocab_size=SIZE[kind], min_frequency=2, special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)


def main():
    result = {}
    for kind in SIZE:
        tokenizer, trainer = reference(kind)
        tokenizer.train_from_iterator(passages("authors"), trainer)
        held_out = tokenizer.encode_batch(passages("heldout_authors"), add_special_tokens=False)
        result[kind] = {"vocab_size": tokenizer.get_vocab_size(),
                        "tokens": sum(len(e.ids) for e in held_out),
                        "unknown": sum(e.ids.count(tokenizer.token_to_id(UNKNOWN.get(kind, ""))) for e in held_out)}
    text = json.dumps(result, indent=1) + "\n"
    (ROOT / "tests/golden/trained.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
