#!/usr/bin/env python3
"""The description of a data set, checked by the official validator (mlcroissant, pinned in
croissant_requirements.txt), which also reads the documents by it.

usage: croissant.py PARVIS VENV

VENV is made if it is not there. Without a way to the package index the test is skipped (77)."""
import json
import pathlib
import subprocess
import sys
import tempfile

REQUIREMENTS = pathlib.Path(__file__).resolve().parent / "croissant_requirements.txt"
CORPUS = """[corpus]
name = "garden"
creator = "Our club"
%s
[[source]]
name = "site"
path = "rows.jsonl"
licence = "CC-BY-4.0"
[split]
heldout = 0.2
test = 0.2
[personal]
all = "mask"
"""
TOKENS = '[tokens]\ntokenizer = "t.json"\n'
# Runs within the venv: what is wrong, then the ids of the documents of each split.
CHECK = """
import json, sys
import mlcroissant
issues = mlcroissant.Dataset(jsonld=sys.argv[1]).metadata.ctx.issues
print(json.dumps({"errors": sorted(issues.errors), "warnings": sorted(issues.warnings)}))
data = mlcroissant.Dataset(jsonld=sys.argv[1])
for split in ("train", "heldout", "test"):
    ids = [record[split + "/id"] for record in data.records(split)]
    print(json.dumps([i.decode() if isinstance(i, bytes) else i for i in ids]))
"""


def prepare(venv):
    """The venv's Python, or None if the validator cannot be had."""
    python, stamp = venv / "bin/python", venv / "installed"
    if stamp.exists() and stamp.read_text() == REQUIREMENTS.read_text():
        return python
    for command in ([sys.executable, "-m", "venv", venv],
                    [python, "-m", "pip", "install", "--quiet", "--retries", "1", "-r", REQUIREMENTS]):
        if subprocess.run(command).returncode != 0:
            return None
    stamp.write_text(REQUIREMENTS.read_text())
    return python


def build(parvis, folder):
    """A data set of documents that are all kept, with tokens; and one that names its licence."""
    words = "river garden mountain letter window winter summer doctor village bridge".split()
    with open(folder / "rows.jsonl", "w") as rows:
        for i in range(60):
            text = " ".join(f"{words[(i * k + k) % 10]} the {words[(i + k * k) % 10]} of {i}"
                            for k in range(1, 12))
            rows.write(json.dumps({"id": str(i), "text": text}) + "\n")
    run = lambda *command: subprocess.run([parvis, *command], cwd=folder, check=True,
                                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    run("tokenizer", "train", "rows.jsonl", "--vocab-size", "300", "-o", "t.json")
    (folder / "full.toml").write_text(CORPUS % 'url = "https://example.org/"\nlicence = "CC0-1.0"\n' + TOKENS)
    (folder / "bare.toml").write_text(CORPUS % "")
    for name in ("full", "bare"):
        run("data", "build", f"{name}.toml", "--out", name)
        yield folder / name


def check(python, folder):
    done = subprocess.run([python, "-c", CHECK, folder / "croissant.json"], capture_output=True, text=True)
    if done.returncode != 0:
        print(done.stderr[-3000:])
        return False
    said, *splits = [json.loads(line) for line in done.stdout.splitlines() if line[:1] in "[{"]
    print(folder.name, json.dumps(said))
    ok = not said["errors"]
    for name, ids in zip(("text/train", "text/heldout", "test/test"), splits):
        rows = [json.loads(line)["id"] for line in (folder / f"{name}.jsonl").read_text().splitlines()]
        print(f"{name}: {len(rows)} documents, {len(ids)} read by the description")
        ok = ok and rows == ids and len(rows) > 0
    return ok and len(splits) == 3


def main():
    python = prepare(pathlib.Path(sys.argv[2]).resolve())
    if python is None:
        print("skipped: the validator cannot be installed from here")
        return 77
    with tempfile.TemporaryDirectory() as name:
        results = [check(python, folder)
                   for folder in build(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(name))]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
