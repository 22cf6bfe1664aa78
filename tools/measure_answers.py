#!/usr/bin/env python3
"""Asks a model the questions of recipes/texts/heldout_asked.jsonl and counts how it answers, by sampling.

Usage: measure_answers.py PARVIS MODEL [--seed N] [flags of parvis generate, as --adapter FILE]

Prints JSON: of how many answers each share is, the share that has the wanted words (right), that is the
brief answer to the letter (brief), that ended by itself (ended), and the mean number of tokens.
"""

import json
import pathlib
import subprocess
import sys

QUESTIONS = pathlib.Path(__file__).resolve().parents[1] / "recipes/texts/heldout_asked.jsonl"
MOST_TOKENS = 80


def main():
    parvis, model, *flags = sys.argv[1:]
    if "--seed" not in flags:
        flags += ["--seed", "1"]
    made = subprocess.run(
        [parvis, "generate", model, "--prompts", str(QUESTIONS), "-n", str(MOST_TOKENS), "--json", *flags],
        check=True, capture_output=True, text=True)
    results = json.loads(made.stdout)["results"]
    questions = [json.loads(line) for line in QUESTIONS.read_text().splitlines()]
    assert len(results) == len(questions)
    texts = [result["text"].strip() for result in results]
    count = len(texts)
    print(json.dumps({
        "answers": count,
        "right": sum(q["wanted"] in text for q, text in zip(questions, texts)) / count,
        "brief": sum(q["brief"] == text for q, text in zip(questions, texts)) / count,
        "ended": sum(result["finish_reason"] == "stop" for result in results) / count,
        "tokens": sum(result["usage"]["completion_tokens"] for result in results) / count,
    }))


if __name__ == "__main__":
    main()
