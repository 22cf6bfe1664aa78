#!/usr/bin/env python3
"""The table of recipes/README.md: what each recipe's run reached, beside what needs no learning.

Usage: recipe_results.py PARVIS [RUNS_DIR] > table.md    (after `parvis train recipes/NAME.toml` of each)

Figures are those of runs/NAME/run.json (and of `parvis eval` for translations), on the documents that the recipe
holds out. Baselines are made of the other documents: the frequency of each token (unigram), the most frequent
label, the most frequent place of an answer among the words, the source as its own translation.
"""

import collections
import json
import math
import pathlib
import subprocess
import sys
import tempfile
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[1]
PARVIS = sys.argv[1]
RUNS = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else ROOT / "runs")
ROWS = "quick gpt bloom masked spans translation moods moods-gpt moods-t5 lora_moods names questions lora".split()


def parvis(*arguments):
    return json.loads(subprocess.run([PARVIS, *map(str, arguments), "--json", "-q"], check=True, capture_output=True).stdout)


def divided(recipe):
    """Documents that are trained on and that are held out, as parvis/train/prepare.cc divides them."""
    parts, due = ([], []), 0.0
    for path in recipe["data"]["train"]:
        for line in (ROOT / "recipes" / path).read_text().splitlines():
            due += recipe["data"]["held_out"]
            parts[due >= 1.0].append(json.loads(line))
            due -= due >= 1.0
    return parts


def unigram(run, parts):
    """(nats a token, bits a byte) of the held-out texts under the other texts' frequencies."""
    counts, texts = [], ["\n\n".join(row["text"] for row in rows) for rows in parts]
    for text in texts:
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write(text)
            file.flush()
            answer = parvis("tokenize", "-m", run / "tokenizer.json", "-f", file.name, "--no-special")
        counts.append(collections.Counter(answer["ids"]))
    train, held = counts
    total = sum(train.values()) + len(train)
    nats = -sum(n * math.log((train[token] + 1) / total) for token, n in held.items())
    return nats / sum(held.values()), nats / math.log(2) / len(texts[1].encode())


def most_frequent(objective, parts):
    """Share of the held-out labels that the most frequent one meets; for answers, of the places of first words."""

    def labels(row):
        if objective == "labels":
            return [row["label"]]
        if objective == "token_labels":
            return row["labels"]
        return [len(row["context"][: row["context"].index(row["answer"])].split())]

    train = collections.Counter(label for row in parts[0] for label in labels(row))
    held = [label for row in parts[1] for label in labels(row)]
    return held.count(train.most_common(1)[0][0]) / len(held)


def bleu(run, rows):
    """Of the run's model, and of the sources as they are."""
    with tempfile.TemporaryDirectory() as folder:
        data, copies = pathlib.Path(folder, "data.jsonl"), pathlib.Path(folder, "copies.txt")
        data.write_text("".join(json.dumps(row) + "\n" for row in rows))
        copies.write_text("".join(row["source"] + "\n" for row in rows))
        suite = ["--suite", "translation", "--data", data]
        answers = (
            parvis("eval", run / "model.gguf", *suite, "--from", "en", "--to", "fr"),
            parvis("eval", *suite, "--outputs", copies),
        )
        return [answer["evaluations"][0]["measures"]["bleu"]["score"] for answer in answers]


def figures(run, recipe, objective, evaluation):
    parts = divided(recipe)
    if objective == "pairs":
        ours, copied = bleu(run, parts[1])
        return f"BLEU {ours:.1f}", f"BLEU {copied:.1f} (sources)"
    if "accuracy" in evaluation:
        share = most_frequent(objective, parts)
        what = "place" if objective == "answers" else "label"
        return f"{evaluation['accuracy']:.1%} right", f"{share:.1%} (most frequent {what})"
    nats, bits = unigram(run, parts)
    if "bits_per_byte" in evaluation:
        return f"{evaluation['bits_per_byte']:.2f} bits per byte", f"{bits:.2f} (unigram)"
    return f"perplexity {evaluation['perplexity']:.1f}", f"{math.exp(nats):.0f} (unigram)"


def main():
    print("| run | family | objective | parameters | tokens | processor time | held out | without learning |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name in ROWS:
        run = RUNS / name
        if not (run / "run.json").exists():
            continue
        ledger = json.loads((run / "run.json").read_text())
        if ledger["status"] != "finished":
            continue
        recipe = tomllib.loads((run / "recipe.toml").read_text())
        objective = recipe["train"].get("objective", "causal")
        model, evaluation = ledger["model"], ledger["evaluations"]["value"][0]
        ours, trivial = figures(run, recipe, objective, evaluation)
        print(
            f"| `{name}` | {model['family']['value']} | {objective} | {model['parameters']['value'] / 1e6:.2f} M"
            f" | {ledger['tokens']['value'] / 1e6:.2f} M | {ledger['cost']['cpu_seconds']['value'] / 60:.1f} min"
            f" | {ours} | {trivial} |"
        )


if __name__ == "__main__":
    main()
