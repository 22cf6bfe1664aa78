#!/usr/bin/env python3
"""Trains two small tokenisers with Hugging Face `tokenizers` and writes what they do with hard strings.

Reads recipes/quick/{en,fr}.jsonl; writes tests/golden/tokenizers/{gpt2_style,llama3_style}/.
README.md beside this script explains the files. Usage: make_tokenizers.py
"""

import base64
import json
import pathlib
import random

from strings import CODE, strings
from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    pre_tokenizers,
    processors,
    trainers,
)

ROOT = pathlib.Path(__file__).resolve().parents[2]
VOCAB_SIZE = 2000
LLAMA3_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
# Whole pieces that no merge makes: only `ignore_merges` finds them.
UNMERGED = [
    "Ġanticonstitutionnellement",
    "Ġxylophonist",
    "Zzyzx",
    "ĠðŁĺĢ",
    "qqq",
    "ä¸Ńæĸĩ",
    "...)",
    "777",
]


def corpus():
    texts = []
    for language in ("en", "fr"):
        for line in (ROOT / f"recipes/quick/{language}.jsonl").open(encoding="utf-8"):
            texts.append(json.loads(line)["text"])
    return texts


def train(pre_tokenizer, specials, texts, unmerged=()):
    """A byte-level BPE whose special tokens come last, as in GPT-2 and LLaMA 3."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizer
    size = VOCAB_SIZE - len(specials) - len(unmerged)
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    )
    tokenizer.train_from_iterator(texts, trainer)
    if unmerged:
        state = json.loads(tokenizer.to_str())
        state["model"]["ignore_merges"] = True
        for token in unmerged:
            state["model"]["vocab"].setdefault(token, len(state["model"]["vocab"]))
        tokenizer = Tokenizer.from_str(json.dumps(state))
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in specials])
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def gpt2_style(texts):
    tokenizer = train(pre_tokenizers.ByteLevel(add_prefix_space=False), ["<|endoftext|>"], texts)
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer


def llama3_style(texts):
    split = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(LLAMA3_PATTERN), behavior="isolated", invert=False),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    bos = "<|begin_of_text|>"
    tokenizer = train(split, [bos, "<|end_of_text|>"], texts, UNMERGED)
    tokenizer.post_processor = processors.Sequence(
        [
            processors.ByteLevel(trim_offsets=False),
            processors.TemplateProcessing(
                single=f"{bos} $A",
                pair=f"{bos} $A {bos}:1 $B:1",
                special_tokens=[(bos, tokenizer.token_to_id(bos))],
            ),
        ]
    )
    return tokenizer


def byte_offsets(text, offsets):
    """Hugging Face counts code points; we store UTF-8 bytes, flat: start 0, end 0, start 1, ..."""
    position = [0]
    for character in text:
        position.append(position[-1] + len(character.encode()))
    return [position[i] for pair in offsets for i in pair]


def encode_vector(tokenizer, item):
    text = item if isinstance(item, str) else item.decode("utf-8", errors="replace")
    vector = (
        {"text": text} if isinstance(item, str) else {"base64": base64.b64encode(item).decode()}
    )
    encoding = tokenizer.encode(text)
    vector["ids"] = encoding.ids
    vector["offsets"] = byte_offsets(text, encoding.offsets)
    decoded = tokenizer.decode(encoding.ids, skip_special_tokens=False)
    plain = tokenizer.decode(encoding.ids, skip_special_tokens=True)
    if decoded.removeprefix("<|begin_of_text|>") != text:
        vector["decoded"] = decoded
    if plain != text:
        vector["decoded_without_special"] = plain
    tokenizer.encode_special_tokens = True
    ordinary = tokenizer.encode(text).ids
    tokenizer.encode_special_tokens = False
    if ordinary != encoding.ids:
        vector["ids_special_as_text"] = ordinary
    return vector


def decode_vectors(tokenizer, encoded, rng):
    """Sequences that stop inside a character, and random ones."""
    cut = []
    for vector in encoded:
        for end in range(1, len(vector["ids"])):
            text = tokenizer.decode(vector["ids"][:end], skip_special_tokens=False)
            if text.endswith("\ufffd") and end < 24:
                cut.append(vector["ids"][:end])
    size = tokenizer.get_vocab_size()
    drawn = [
        [rng.choice([rng.randrange(256), rng.randrange(size)]) for _ in range(rng.randint(1, 12))]
        for _ in range(150)
    ]
    return [
        {"decode": ids, "decoded": tokenizer.decode(ids, skip_special_tokens=False)}
        for ids in rng.sample(cut, 150) + drawn
    ]


def snippets(texts, rng):
    """Pieces of the training text, cut anywhere."""
    pieces = []
    for text in rng.sample(texts, 160):
        start = rng.randrange(max(1, len(text) - 80))
        pieces.append(text[start : start + rng.randint(20, 80)])
    return pieces


def main():
    texts = corpus()
    code = [t.replace("{{", "{").replace("}}", "}") for t in CODE] * 50
    for name, make in (("gpt2_style", gpt2_style), ("llama3_style", llama3_style)):
        rng = random.Random(7)
        tokenizer = make(texts + code)
        folder = ROOT / "tests/golden/tokenizers" / name
        folder.mkdir(parents=True, exist_ok=True)
        tokenizer.save(str(folder / "tokenizer.json"))
        specials = [t.content for t in tokenizer.get_added_tokens_decoder().values()]
        extra = [t.replace("Ġ", " ") for t in UNMERGED] + [
            "x😀 中文 Zzyzx...) 777 qqqq",
            "中文字",
            "7777",
        ]
        encoded = [
            encode_vector(tokenizer, s) for s in strings(specials, snippets(texts, rng) + extra)
        ]
        vectors = encoded + decode_vectors(tokenizer, encoded, rng)
        with (folder / "vectors.jsonl").open("w", encoding="utf-8", newline="\n") as file:
            for vector in vectors:
                line = json.dumps(vector, ensure_ascii=False, separators=(",", ":"))
                file.write(
                    line.replace("\u2028", "\\u2028")
                    .replace("\u2029", "\\u2029")
                    .replace("\u0085", "\\u0085")
                    + "\n"
                )
        changed = sum("decoded" in v for v in encoded)
        print(
            name,
            tokenizer.get_vocab_size(),
            len(encoded),
            "encode",
            len(vectors) - len(encoded),
            "decode",
            changed,
            "changed",
        )


if __name__ == "__main__":
    main()
