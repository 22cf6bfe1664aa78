#!/usr/bin/env python3
"""Writes the shipped models' cards, the table of models/README.md and the list of sources in ATTRIBUTION.md from
models/evidence/ (collect_evidence.py puts it there) and model_cards.py; no figure is typed by hand.

Usage: make_card.py           writes them for every models/*.gguf
       make_card.py --check   says what is missing, differs or is too large (exit 1)
"""

import argparse
import hashlib
import json
import pathlib
import re
import sys

from model_cards import CARDS, LARGER

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODELS, EVIDENCE = ROOT / "models", ROOT / "models/evidence"
MOST_BYTES, MOST_BYTES_OF_ALL = 15_000_000, 60_000_000
KINDS = ("q8_0", "f32")
BEGIN, END = "<!-- made by tools/make_card.py -->", "<!-- end of what tools/make_card.py made -->"
TOTALS = {"n", "documents", "bytes"}


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


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


def number(x):
    return f"{x:,}".replace(",", " ") if isinstance(x, int) else f"{x:.4g}"


class Measured:
    """One figure: what was asked, of how many, and what each of several gave."""

    def __init__(self, path, count, scores, interval=None):
        self.path, self.count, self.scores, self.interval = path, count, scores, interval


def measured(document, path=()):
    """All figures of a document of measure_model.py, in order."""
    if not isinstance(document, dict):
        return
    suites = {who: v for who, v in document.items() if isinstance(v, dict) and "measures" in v}
    if "measures" in document:
        suites, document = {"model": document}, {}
    elif "model" not in suites:  # figures of their own
        suites = {}
    if suites:
        for measure in next(iter(suites.values()))["measures"]:
            scores = {who: v["measures"][measure]["score"] for who, v in suites.items() if measure in v["measures"]}
            first = next(iter(suites.values()))
            scores.update({who: v for who, v in document.items() if isinstance(v, (int, float)) and who not in TOTALS})
            yield Measured((*path, measure), first["n"], scores, first["measures"][measure]["interval"])
        return
    plain = {who: v for who, v in document.items() if isinstance(v, (int, float)) and who not in TOTALS}
    if "model" in plain:
        yield Measured(path, document.get("n", document.get("documents")), plain)
    for name, inner in document.items():
        if isinstance(inner, dict):
            yield from measured(inner, (*path, name))


def figures_section(figures):
    """A table for each figure; of the file before it was quantised the score and the difference."""
    lines = ["| figure | of | model | 95 % | before quantising | beside |", "| --- | --- | --- | --- | --- | --- |"]
    before = {m.path: m for m in measured(figures.get("f32", {}).get("figures", {}))}
    for m in measured(figures["q8_0"]["figures"]):
        ours = m.scores["model"]
        full = before[m.path].scores["model"] if m.path in before else None
        interval = "–" if m.interval is None else f"{m.interval[0]:.4g} to {m.interval[1]:.4g}"
        change = "–" if full is None else f"{full:.4g} ({100 * (ours - full) / full if full else 0:+.2f} %)"
        others = "; ".join(f"{who} {number(v)}" for who, v in m.scores.items() if who != "model") or "–"
        lines.append(f"| {', '.join(m.path)} | {number(m.count) if m.count else '–'} | {ours:.4g} | {interval} | {change} | {others} |")
    return lines


COSTS = {"sessions": "sessions (begun once, resumed for each further one)", "flop": "floating-point operations, all sessions",
         "wall_seconds": "seconds at work, all sessions", "cpu_seconds": "processor seconds of all threads, all sessions",
         "energy_joules": "joules of the processor, all sessions"}


def training_section(runs, recipes):
    rows = [["recipe", *(f"[`{recipe}`](../{recipe})" for recipe in recipes)]]

    def add(label, of):
        rows.append([label, *(value(of(run)) for run in runs)])

    add("parameters", lambda run: run["model"]["parameters"])
    add("steps, all sessions", lambda run: run["steps"])
    add("tokens predicted, all sessions", lambda run: run["tokens"])
    for key, label in COSTS.items():
        add(label, lambda run, key=key: run["cost"].get(key))
    add("processor of the last session", lambda run: run["hardware"]["cpu"])
    add("threads of the last session", lambda run: run["hardware"]["threads"])
    add("instruction set of the last session", lambda run: run["hardware"].get("kernels"))
    return table(["", *(f"recorded by run {i + 1}" if len(runs) > 1 else "recorded by the run" for i in range(len(runs)))], rows)


def data_section(data):
    rows = [[name, e["licence"], number(e["documents"]) if "documents" in e else "–",
             f"{e['bytes'] / 1e6:.2f} MB" if "bytes" in e else f"{e['characters'] / 1e6:.2f} M characters",
             f"{100 * e['share']:.1f} %"] for name, e in data["sources"].items()]
    lines = table(["source", "licence", "texts", "size", "share"], rows)
    lines += ["", "Authors of each source: [ATTRIBUTION.md](../ATTRIBUTION.md). The recipe may read sources more or less often than "
              "their share (`[data] mix`)."]
    left = sum(data.get("left_out_for_evaluation", {}).values())
    if data.get("kept_from"):
        lines += [f"{number(left)} texts were left out because a set for evaluation has them; {len(data['kept_from'])} files of such "
                  "sets were looked at. Their hashes, and those of what was read, stand in "
                  "`models/evidence/` beside the figures."]
    return lines


def samples_section(samples):
    settings = ", ".join(f"{k} {v}" for k, v in samples.get("settings", {}).items())
    lines = ["", "## Samples", "", f"All that one run made{f' ({settings})' if settings else ''}, none left out. `‖` marks where the model "
             "begins, `/` a line's end.", ""]
    for sample in samples["results"]:
        lines.append("- " + (sample["prompt"] + "‖" + sample["text"]).replace("\n", " / "))
    return lines


def digest_of(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def card(name):
    """The text of a card. Refuses figures of another file."""
    words, folder, model = CARDS[name], EVIDENCE / name, MODELS / f"{name}.gguf"
    figures, digest = load(folder / "figures.json"), digest_of(model)
    if figures["q8_0"]["model_sha256"] != digest:
        raise SystemExit(f"make_card: {name}: the figures are of another file")
    lines = ["---", f"language: [{', '.join(words['language'])}]", "license: apache-2.0", "library_name: parvis",
             f"pipeline_tag: {words['pipeline']}", "---", "", f"# {name}", "", words["is_a"],
             "Trained with Parvis, by Parvis, on processors alone, without a GPU.", "",
             "Generated by `tools/make_card.py` from what runs and measurements recorded.",
             "", "## How to use it", "", "```sh", *words["use"], "```",
             "", "## What it cannot do", "", *(f"- {line}" for line in words["cannot"]), f"- {LARGER}",
             "", "## File", "", f"`{model.name}`, {model.stat().st_size / 1e6:.1f} MB, SHA-256 `{digest}`.",
             "", "## Training", "", *training_section(load(folder / "runs.json"), words["recipes"]),
             "", "## Data", "", *data_section(load(folder / "data.json")),
             "", "## Figures", "", *figures_section(figures), "",
             "All on text that the model has not read. `tools/measure_model.py` measured them, and says in `tools/model_figures/` what each "
             "means and what stands beside it; F1, BLEU, chrF and ROUGE are `parvis eval`'s, which the tests hold to the public "
             "scorers. Bits per byte: less is better; of all others, more."]
    samples = figures["q8_0"].get("samples")
    if samples:
        lines += samples_section(samples)
    return "\n".join([*lines, ""])


def shipped():
    return sorted(path.stem for path in MODELS.glob("*.gguf"))


def models_table():
    rows = [[f"[`{name}`]({name}.md)", CARDS[name]["is_a"], f"{(MODELS / f'{name}.gguf').stat().st_size / 1e6:.1f}"]
            for name in shipped()]
    return "\n".join(table(["model", "what it is", "MB"], rows))


def sources_table():
    sources = {}
    for name in shipped():
        for source, entry in load(EVIDENCE / name / "data.json")["sources"].items():
            key = (re.sub(r" \(.*\)$", "", source), entry["licence"], entry["author"])
            sources.setdefault(key, []).append(name.removeprefix("parvis-"))
    rows = [[*(cell.replace("|", "/") for cell in key), ", ".join(dict.fromkeys(names))] for key, names in sorted(sources.items())]
    return "\n".join(table(["source", "licence", "author", "models"], rows))


def with_block(text, block):
    """The text with what stands between the marks replaced."""
    if BEGIN not in text or END not in text:
        raise SystemExit(f"make_card: the marks {BEGIN} and {END} are missing")
    return text[:text.index(BEGIN) + len(BEGIN)] + "\n" + block + "\n" + text[text.index(END):]


def made():
    """{file: text} of all that this writes."""
    files = {MODELS / f"{name}.md": card(name) for name in shipped()}
    for path, block in ((MODELS / "README.md", models_table()), (ROOT / "ATTRIBUTION.md", sources_table())):
        files[path] = with_block(path.read_text(encoding="utf-8"), block)
    return files


def problems():
    found, total = [], 0
    for name in shipped():
        size = (MODELS / f"{name}.gguf").stat().st_size
        total += size
        if name not in CARDS:
            found.append(f"{name}: tools/model_cards.py says nothing of it")
        if size > MOST_BYTES:
            found.append(f"{name}: {size} bytes, more than {MOST_BYTES}")
    if total > MOST_BYTES_OF_ALL:
        found.append(f"all models: {total} bytes, more than {MOST_BYTES_OF_ALL}")
    for path in MODELS.glob("*.md"):
        if path.stem.startswith("parvis-") and path.stem not in shipped():
            found.append(f"{path.name}: a card without its model")
    if found:
        return found
    for path, text in made().items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            found.append(f"{path.relative_to(ROOT)}: is not what tools/make_card.py makes")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    if parser.parse_args().check:
        found = problems()
        print("\n".join(found) or f"{len(shipped())} models and their cards agree with models/evidence/")
        sys.exit(1 if found else 0)
    for path, text in made().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
