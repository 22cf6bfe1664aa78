#!/usr/bin/env python3
"""Writes tests/golden/dry.json: what text-generation-webui, from which DRY comes, subtracts from logits for sequences that repeat
themselves. Usage: make_dry.py CHECKOUT [OUT_FILE]     CHECKOUT: of oobabooga/text-generation-webui"""

import ast
import json
import pathlib
import random
import sys

import torch

ROOT = pathlib.Path(__file__).resolve().parents[2]
VOCAB_SIZE = 8


def processor_of(checkout):
    """Their class alone: the rest of the file needs all of their packages."""
    source = (pathlib.Path(checkout) / "modules/sampler_hijack.py").read_text()
    found = next(n for n in ast.parse(source).body if isinstance(n, ast.ClassDef) and n.name == "DRYLogitsProcessor")
    space = {"torch": torch, "LogitsProcessor": object}
    exec(ast.get_source_segment(source, found), space)
    return space["DRYLogitsProcessor"]


def main():
    kind, draw, cases = processor_of(sys.argv[1]), random.Random(3), []
    for case in range(60):
        tokens = [draw.randrange(2 + case % 5) for _ in range(5 + case)]
        if case % 3 == 0:
            tokens = (tokens[:5] * 12)[:40]  # a circle; theirs looks at 50 tokens of one at most
        params = {"multiplier": draw.choice((0.8, 2.0)), "base": draw.choice((1.1, 1.75)), "allowed_length": draw.choice((1, 2, 4)),
                  "penalty_last_n": draw.choice((-1, -1, 12, 30)), "breakers": draw.sample(range(VOCAB_SIZE), case % 4 // 2)}
        theirs = kind(params["multiplier"], params["base"], params["allowed_length"], set(params["breakers"]),
                      max(0, params["penalty_last_n"]))
        scores = theirs(torch.tensor([tokens]), torch.zeros(1, VOCAB_SIZE, dtype=torch.float64))[0]
        cases.append({"params": params, "tokens": tokens, "penalties": [round(abs(x), 6) for x in scores.tolist()]})
    out = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT / "tests/golden/dry.json"
    out.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


if __name__ == "__main__":
    main()
