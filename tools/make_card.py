#!/usr/bin/env python3
"""Writes a shipped model's card from what runs recorded; no figure is typed by hand.

    make_card.py --run runs/fable/run.json --manifest runs/fable-data/manifest.json \\
        --baselines baselines.json --eval eval.json --samples samples.json --model models/X.gguf \\
        --recipe recipes/fable.toml --out models/X.md

        [--suites blimp.json …]

eval.json: `parvis eval MODEL --data heldout.en.jsonl --data heldout.fr.jsonl --json`
suites: `parvis eval MODEL --suite NAME --data FILE --json`, each; of text that only evaluation may use
samples.json: `parvis generate MODEL --prompts FILE --json`; all of them are shown, unpicked
"""

import argparse
import hashlib
import json
import pathlib

LANGUAGES = {"en": "English", "fr": "French"}


def value(entry):
    """A ledger field as text: its value, or that it is not known; estimates are marked."""
    if not isinstance(entry, dict) or entry.get("value") is None:
        return "unknown"
    text = entry["value"]
    if isinstance(text, float):
        text = f"{text:.4g}"
    elif isinstance(text, int):
        text = f"{text:,}".replace(",", " ")
    return f"{text} (estimated)" if entry.get("provenance") == "estimated" else str(text)


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "| " + " | ".join("---" for _ in header) + " |"]
    return lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]


def language_of(path):
    return next((code for code in LANGUAGES if f".{code}." in path), None)


def data_section(manifest):
    rows = []
    for code, name in LANGUAGES.items():
        entry = manifest["files"][f"train.{code}.jsonl"]
        for source, characters in entry["characters_by_source"].items():
            rows.append([name, source, f"{characters / 1e6:.2f} M",
                         f"{100 * entry['shares'][source]:.1f} %"])
    text = table(["language", "source", "characters", "share of the language"], rows)
    text += ["", "Works, authors and licences of each source: [ATTRIBUTION.md](../ATTRIBUTION.md). Only "
             "texts whose licence lets a model be shipped were read (public domain, CC0, CC BY, "
             "PSF, MIT, Apache-2.0)."]
    return text


def evaluation_section(evaluation, baselines):
    baselines = {code: entry["bits_per_byte"] for code, entry in baselines.items()}
    names = list(dict.fromkeys(name for code in LANGUAGES for name in baselines.get(code, {})))
    rows = {"parvis-fable": {}}
    for entry in evaluation["evaluations"]:
        code = language_of(entry["data"])
        if code:
            rows["parvis-fable"][code] = entry["bits_per_byte"]
    for name in names:
        rows[name] = {code: baselines.get(code, {}).get(name) for code in LANGUAGES}
    lines = []
    for name, scores in rows.items():
        lines.append([name] + ["–" if scores.get(code) is None else f"{scores[code]:.3f}"
                               for code in LANGUAGES])
    text = table(["bits per byte of held-out text", *LANGUAGES.values()], lines)
    for code, language in LANGUAGES.items():
        ours = rows["parvis-fable"].get(code)
        better = [name for name in names if ours and (rows[name].get(code) or ours) < ours]
        if better:
            text += ["", f"In {language} these predict the text better than the model does: "
                     f"{', '.join(better)}. They have read all of the training text."]
    return text


def suites_section(documents, digest):
    """What suites of questions gave; refuses results of another file."""
    rows = []
    for document in documents:
        if document["model_sha256"] != digest:
            raise SystemExit(f"make_card: {document['suite']} was measured on another model file")
        for entry in document["evaluations"]:
            for name, measure in entry["measures"].items():
                low, high = measure["interval"]
                rows.append([document["suite"], entry["data"], f"{entry['n']:,}".replace(",", " "),
                             measure.get("signature", "") and f"{name} ({measure['signature']})" or name,
                             f"{measure['score']:.4g}", f"{low:.4g} to {high:.4g}"])
    if not rows:
        return []
    return ["", *table(["suite", "data", "questions", "measure", "score", "95 %"], rows), "",
            "`parvis eval --suite` measured these; the guide says what they mean."]


# What the ledger's fields mean. The machine and its threads are those of the session that ended the
# run; counts and costs are sums over all sessions.
COSTS = {"sessions": "sessions (begun once, resumed for each further one)",
         "flop": "floating-point operations, all sessions",
         "wall_seconds": "seconds at work, all sessions",
         "cpu_seconds": "processor seconds of all threads, all sessions",
         "energy_joules": "joules of the processor, all sessions"}


def training_section(run, recipe):
    rows = [["recipe", f"[`{recipe}`](../{recipe})"]]
    for label, entry in [("parameters", run["model"]["parameters"]),
                         ("steps, all sessions", run["steps"]),
                         ("tokens predicted, all sessions", run["tokens"]),
                         *[(label, run["cost"].get(key)) for key, label in COSTS.items()],
                         ("processor of the last session", run["hardware"]["cpu"]),
                         ("threads of the last session", run["hardware"]["threads"]),
                         ("instruction set of the last session", run["hardware"].get("kernels"))]:
        rows.append([label, value(entry)])
    return table(["", "recorded by the run"], rows)


def samples_section(path):
    lines = []
    for sample in json.loads(pathlib.Path(path).read_text())["results"]:
        text = (sample["prompt"] + "‖" + sample["text"]).replace("\n", " / ")
        lines.append(f"- {text}")
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ["run", "manifest", "baselines", "eval", "samples", "model", "recipe", "out"]:
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--suites", nargs="*", default=[])
    a = parser.parse_args()

    def load(path):
        return json.loads(pathlib.Path(path).read_text())
    run = load(a.run)
    model = pathlib.Path(a.model)
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    lines = [
        "---", "language: [en, fr]", "license: apache-2.0", "library_name: parvis",
        "pipeline_tag: text-generation", "---",
        "", f"# {model.stem}", "",
        "A small LLaMA trained with Parvis, by Parvis, on one machine without a GPU. It continues "
        "stories in English and French.",
        "", "Generated by `tools/make_card.py` from what the runs wrote.",
        "", "## What it is for", "",
        "It shows that a fresh clone works and gives every part of Parvis something real to run on. "
        "`parvis run parvis-fable -p \"Once upon a time\"`.",
        "", "## What it cannot do", "",
        "- It knows next to nothing: names, dates and facts that it writes are invented.",
        "- It does not follow instructions, answer questions, translate, calculate or write code.",
        "- Most of its sentences are grammatical, many make little sense, and a few of its words are not "
        "words. It loses the thread after a sentence or two, and without sampling "
        "(`--temperature 0`) it soon repeats itself.",
        "- Most of its text was written before 1930. It repeats the views of that time, unkind ones "
        "about women, peoples and religions among them. It has had no safety training.",
        "- For anything that matters, bring a larger model: `parvis run PATH` takes a GGUF file or a "
        "Hugging Face folder.",
        "", "## File", "",
        f"`{model.name}`, {model.stat().st_size / 1e6:.1f} MB, SHA-256 `{digest}`.",
        "", "## Training", "", *training_section(run, a.recipe),
        "", "## Data", "", *data_section(load(a.manifest)),
        "", "## Evaluation", "",
        *evaluation_section(load(a.eval), load(a.baselines)),
        "", "The held-out text comes from whole works that the model has not read, and from sentences "
        "left out of the sets of short ones. `tools/baselines.py` says what the baselines are.",
        *suites_section([load(path) for path in a.suites], digest),
        "", "## Samples", "",
        "All that one run made (temperature and seeds as in the run's file), none left out. `‖` marks "
        "where the model begins, `/` a line's end.", "", *samples_section(a.samples), ""]
    pathlib.Path(a.out).write_text("\n".join(lines))


if __name__ == "__main__":
    main()
