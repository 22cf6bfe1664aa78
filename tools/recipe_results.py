#!/usr/bin/env python3
"""The table of recipes/README.md: what each recipe's run reached, beside what needs no learning.

Usage: recipe_results.py PARVIS [RUNS_DIR] > table.md    (after `parvis train recipes/NAME.toml` of each)

Figures are those of runs/NAME/run.json, on the documents that the recipe holds out (two figures: English and
French); of `parvis eval` for translations, and of tools/measure_answers.py for chat and preference. Beside them
stands what the model that a run began with does, or else what the documents that are learned from tell without
learning: the frequency of each token (unigram), the most frequent label, the most frequent place of an answer
among the words, the source as its own translation.
"""

import collections
import json
import lzma
import math
import pathlib
import subprocess
import sys
import tempfile
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[1]
PARVIS = sys.argv[1]
RUNS = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else ROOT / "runs")
ROWS = """quick gpt bloom masked masked_long spans translation authors authors-gpt authors-t5 lora_authors marks questions lora chat
preference""".split()


def parvis(*arguments):
    return json.loads(subprocess.run([PARVIS, *map(str, arguments), "--json", "-q"], check=True, capture_output=True).stdout)


def rows(recipe, split):
    """Of every file its rows."""
    return [[json.loads(line) for line in lzma.open(ROOT / "recipes" / path, "rt", encoding="utf-8")]
            for path in recipe["data"][split]]


def parent(recipe):
    named = recipe["model"]["from"]
    return RUNS / named.removeprefix("../runs/") if named.startswith("../runs/") else ROOT / "recipes" / named


def tokens(run, texts):
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n\n".join(texts))
        file.flush()
        answer = parvis("tokenize", "-m", run / "tokenizer.json", "-f", file.name, "--no-special")
    return collections.Counter(answer["ids"])


def unigram(run, recipe):
    """Of every held-out file (nats a token, bits a byte) under the frequencies of the tokens learned from."""
    train = tokens(run, [row["text"] for part in rows(recipe, "train") for row in part])
    total = sum(train.values()) + len(train)
    for part in rows(recipe, "eval"):
        texts = [row["text"] for row in part]
        held = tokens(run, texts)
        nats = -sum(n * math.log((train[token] + 1) / total) for token, n in held.items())
        yield nats / sum(held.values()), nats / math.log(2) / len("\n\n".join(texts).encode())


def most_frequent(objective, recipe):
    """Share of the held-out labels that the most frequent one meets; for answers, of the places of first words."""

    def labels(row):
        if objective == "labels":
            return [row["label"]]
        if objective == "token_labels":
            return row["labels"]
        return [len(row["context"][: row["context"].index(row["answer"])].split())]

    train = collections.Counter(label for part in rows(recipe, "train") for row in part for label in labels(row))
    held = [label for part in rows(recipe, "eval") for row in part for label in labels(row)]
    return held.count(train.most_common(1)[0][0]) / len(held)


def bleu(run, recipe):
    """Of the run's model, and of the sources as they are."""
    with tempfile.TemporaryDirectory() as folder:
        data, copies = pathlib.Path(folder, "data.jsonl"), pathlib.Path(folder, "copies.txt")
        held_out = rows(recipe, "eval")[0]
        data.write_text("".join(json.dumps(row) + "\n" for row in held_out))
        copies.write_text("".join(row["source"] + "\n" for row in held_out))
        suite = ["--suite", "translation", "--data", data]
        answers = (
            parvis("eval", run / "model.gguf", *suite, "--from", "en", "--to", "fr"),
            parvis("eval", *suite, "--outputs", copies),
        )
        return [answer["evaluations"][0]["measures"]["bleu"]["score"] for answer in answers]


def answers(model, *flags):
    script = ROOT / "tools/measure_answers.py"
    measured = subprocess.run([sys.executable, script, PARVIS, model, *flags], check=True, capture_output=True)
    share = json.loads(measured.stdout)
    return f"{share['right']:.0%} right, {share['brief']:.0%} brief, {share['tokens']:.0f} tokens each"


def figures(run, recipe, objective, evaluations):
    if objective == "pairs":
        ours, copied = bleu(run, recipe)
        return f"BLEU {ours:.1f}", f"BLEU {copied:.1f} (sources)"
    if objective in ("chat", "preference"):
        # A model that is given its template by the recipe has none before.
        template = recipe.get("tokenizer", {}).get("chat_template_file")
        flags = ["--chat-template", str(ROOT / "recipes" / template)] if template else []
        return answers(run / "model.gguf"), answers(parent(recipe), *flags) + " (before)"
    if "accuracy" in evaluations[0]:
        share = most_frequent(objective, recipe)
        what = "place" if objective == "answers" else "label"
        return f"{evaluations[0]['accuracy']:.1%} right", f"{share:.1%} (most frequent {what})"
    if objective == "causal" and "from" in recipe["model"]:
        before = parvis("eval", parent(recipe), "--data", *(ROOT / "recipes" / p for p in recipe["data"]["eval"]))
        trivial, name = [e["bits_per_byte"] for e in before["evaluations"]], "before"
    else:
        trivial = [bits if objective == "causal" else math.exp(nats) for nats, bits in unigram(run, recipe)]
        name = "unigram"
    if "bits_per_byte" in evaluations[0]:
        ours = " / ".join(f"{e['bits_per_byte']:.2f}" for e in evaluations)
        return f"{ours} bits per byte", " / ".join(f"{bits:.2f}" for bits in trivial) + f" ({name})"
    ours = " / ".join(f"{e['perplexity']:.1f}" for e in evaluations)
    return f"perplexity {ours}", " / ".join(f"{value:.0f}" for value in trivial) + f" ({name})"


def main():
    print("| run | family | objective | parameters | tokens | processor time | held out | without learning |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name in ROWS:
        run = RUNS / name
        ledger = json.loads((run / "run.json").read_text())
        if ledger["status"] != "finished":
            sys.exit(f"{run} is not finished")
        recipe = tomllib.loads((run / "recipe.toml").read_text())
        objective = recipe["train"].get("objective", "causal")
        model = ledger["model"]
        ours, trivial = figures(run, recipe, objective, ledger["evaluations"]["value"])
        print(
            f"| `{name}` | {model['family']['value']} | {objective} | {model['parameters']['value'] / 1e6:.2f} M"
            f" | {ledger['tokens']['value'] / 1e6:.2f} M | {ledger['cost']['cpu_seconds']['value'] / 60:.1f} min"
            f" | {ours} | {trivial} |"
        )


if __name__ == "__main__":
    main()
