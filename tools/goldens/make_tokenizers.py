#!/usr/bin/env python3
"""Trains a small tokeniser of each kind and writes what the reference does with hard strings.

Reads the text of make_quick_text.py; writes tests/golden/tokenizers/<name>/. README.md beside this
script explains the files. Usage: make_tokenizers.py [NAME...]
"""

import base64
import json
import pathlib
import random
import sys

import sentencepiece
import tokenizer_kinds as kinds
from make_quick_text import quick_texts
from strings import CODE, strings
from tokenizer_vectors import lines_of, native_line, text_of
from tokenizers import Tokenizer

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tests/golden/tokenizers"
# Control tokens of all of them, so that all share one list of strings.
NAMES = ["<s>", "</s>", "<unk>", "<pad>", "<mask>", "[CLS]", "[SEP]", "[MASK]", "<extra_id_7>",
         "<|endoftext|>", "<|im_start|>", "<|begin_of_text|>", "<|end_of_text|>"]


def corpus():
    return quick_texts() + [t.replace("{{", "{").replace("}}", "}") for t in CODE] * 50


def snippets(texts, rng):
    """Pieces of the training text, cut anywhere; and the tokens that no merge makes."""
    pieces = []
    for text in rng.sample(texts, 160):
        start = rng.randrange(max(1, len(text) - 80))
        pieces.append(text[start : start + rng.randint(20, 80)])
    unmerged = [t.replace("Ġ", " ") for t in kinds.UNMERGED]
    return pieces + unmerged + ["x😀 中文 Zzyzx...) 777 qqqq", "中文字", "7777"]


def write_lines(path, lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8", newline="\n")


def json_line(item):
    value = item if isinstance(item, str) else [base64.b64encode(item).decode()]
    line = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for code in ("\u2028", "\u2029", "\u0085"):
        line = line.replace(code, f"\\u{ord(code):04x}")
    return line


def write_tokenizer(name, tokenizer, inputs):
    write_lines(FOLDER / name / "vectors.txt", lines_of(tokenizer, inputs, random.Random(8)))
    if name in ("gpt2_style", "llama3_style"):
        tokenizer.save(str(FOLDER / name / "tokenizer.json"))
        return
    state = json.loads(tokenizer.to_str())
    text = json.dumps(state, ensure_ascii=False, separators=(",", ":"))
    write_lines(FOLDER / name / "tokenizer.json", [text])


def write_native(name, model, inputs):
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    lines = [native_line(processor, s, lone_space=name == "llama2_model") for s in inputs]
    write_lines(FOLDER / name / "vectors.txt", lines)
    (FOLDER / name / "tokenizer.model").write_bytes(model)


def main():
    texts = corpus()
    wanted = set(sys.argv[1:])
    inputs = strings(NAMES, snippets(texts, random.Random(7)))
    write_lines(FOLDER / "strings.jsonl", map(json_line, inputs))
    models = kinds.sentencepiece_models(texts, [text_of(s) for s in inputs])
    makers = kinds.makers(texts, models)
    for name, model in models.items():
        if not wanted or name in wanted:
            write_native(name, model, inputs)
    for name, make in makers.items():
        if not wanted or name in wanted:
            kept = FOLDER / name / "tokenizer.json"
            # The WordPiece trainer gives other tokens each time: what it once gave is kept.
            keep = name.startswith("bert") and kept.exists()
            tokenizer = Tokenizer.from_file(str(kept)) if keep else make()
            write_tokenizer(name, tokenizer, inputs)
            print(name, flush=True)


if __name__ == "__main__":
    main()
