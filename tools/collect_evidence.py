#!/usr/bin/env python3
"""Puts what a model's runs and measurements recorded into models/evidence/NAME/, from which its card is made.

Usage: collect_evidence.py NAME --runs RUN_DIR … --texts OUT_DIR … --figures q8_0=JSON f32=JSON
       RUN_DIR: of `parvis train`, in order (a model may be taught in several runs)
       OUT_DIR: of gather_text.py, with what `parvis data build` made of it; or a folder of questions
       figures: of measure_model.py, on the file that is shipped and on the one before it was quantised

Writes data.json (each source with licence, author, documents, bytes and share; hashes of what was read and of what was kept
out), runs.json, and figures.json with samples.
"""

import argparse
import collections
import json
import pathlib
import re

from model_text import debian

EVIDENCE = pathlib.Path(__file__).resolve().parent.parent / "models/evidence"


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


def credits(path):
    """What the rows of a source say of licences and authors, the most frequent first; without addresses."""
    licences, authors = collections.Counter(), collections.Counter()
    with open(path, encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            licences[row["licence"]] += 1
            author = debian.HOLDERS.get(row["author"], row["author"])
            authors[re.sub(r"\s*<[^<>]*>", "", author).strip(" ,;")] += 1
    return "; ".join(x for x, _ in licences.most_common()), "; ".join(x for x, _ in authors.most_common())


def of_data_set(folder):
    """{source: …} of a data set that `parvis data build` made."""
    found = {}
    for name, entry in load(folder / "corpus/report.json")["sources"].items():
        licence, author = credits(folder / "raw" / f"{name}.jsonl")
        found[name] = {"licence": licence, "author": author, "documents": entry["documents"], "bytes": entry["bytes"]}
    return found


def of_questions(folder):
    sources = {}
    for line in (folder / "train.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        name = row["id"].split("/")[0] + " (questions, synthetic)"
        entry = sources.setdefault(name, {"licence": row["license"], "author": row["author"], "documents": 0, "bytes": 0})
        entry["documents"] += 1
        entry["bytes"] += len((row["question"] + row["context"]).encode())
    return sources


def data_of(folders):
    sources, inputs, kept_from, left_out = {}, {}, {}, {}
    for folder in folders:
        is_built = (folder / "corpus/report.json").exists()
        for name, entry in (of_data_set(folder) if is_built else of_questions(folder)).items():
            sources[f"{name} (pairs)" if name in sources else name] = entry
        if (folder / "gathered.json").exists():
            gathered = load(folder / "gathered.json")
            inputs.update(gathered["inputs"])
            kept_from.update(gathered["kept_from"])
            for name, count in gathered["left_out_for_evaluation"].items():
                left_out[name] = left_out.get(name, 0) + count
    total = sum(entry["bytes"] for entry in sources.values())
    for entry in sources.values():
        entry["share"] = round(entry["bytes"] / total, 5)
    return {"sources": dict(sorted(sources.items(), key=lambda item: -item[1]["bytes"])), "inputs": inputs,
            "kept_from": kept_from, "left_out_for_evaluation": left_out}


def write(folder, name, document):
    (folder / name).write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name")
    for key in ("runs", "texts"):
        parser.add_argument(f"--{key}", nargs="+", type=pathlib.Path, default=[])
    parser.add_argument("--figures", nargs="+", default=[])
    a = parser.parse_args()
    folder = EVIDENCE / a.name
    folder.mkdir(parents=True, exist_ok=True)
    if a.runs:
        write(folder, "runs.json", [load(run / "run.json") for run in a.runs])
    if a.texts:
        write(folder, "data.json", data_of(a.texts))
    if a.figures:
        known = load(folder / "figures.json") if (folder / "figures.json").exists() else {}
        for figures in a.figures:
            kind, _, path = figures.partition("=")
            known[kind] = load(pathlib.Path(path))
        write(folder, "figures.json", known)


if __name__ == "__main__":
    main()
