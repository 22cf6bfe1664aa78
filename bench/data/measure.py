#!/usr/bin/env python3
"""Measures how fast tokenisers are learned, data sets are built and near duplicates are found, by size of
the text and threads, beside the trainers of Hugging Face's tokenizers on the same text.

usage: measure.py --parvis PARVIS --text NAME=TEXT.jsonl [--text …] [--mb 60] [--threads 1,2]
                  [--only bpe,wordpiece,unigram,build,duplicates] [--duplicates PROGRAM]
                  [--peer-python PYTHON] [--out OUT.json]

TEXT.jsonl has an object with a "text" a line; `--mb` takes the first lines of it with about so much text
(twice 60 MB for linear work: --mb 60,120). Commands run as a user would run them. Figures that OUT.json
has already are kept unless they are measured again, so that a machine need not be quiet for long."""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from measure import say, write_results  # noqa: E402

VOCABULARY = 16000
KEYS = ("what", "engine", "text", "mb", "threads")


def take(path, megabytes, to):
    """The first lines with about so much text; returns the MB that they have."""
    written = 0
    with open(path, encoding="utf-8") as file, open(to, "w", encoding="utf-8") as out:
        for line in file:
            out.write(line)
            written += len(json.loads(line)["text"].encode())
            if written >= megabytes * 1e6:
                break
    return round(written / 1e6)


def run(command, folder, threads):
    environment = {**os.environ, "RAYON_NUM_THREADS": str(threads), "TOKENIZERS_PARALLELISM": "true"}
    start = time.monotonic()
    process = subprocess.Popen([str(word) for word in command], cwd=folder, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, env=environment)
    output, errors = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(errors.decode())
    return output, {"seconds": round(time.monotonic() - start, 2),
                    "processor_seconds": round(usage.ru_utime + usage.ru_stime, 2),
                    "peak_mib": usage.ru_maxrss // 1024}


def commands(options, what):
    """(engine, command) of what is measured, with {threads} to be filled in."""
    if what == "build":
        yield "parvis", [options.parvis, "data", "build", "c.toml", "--quiet", "--threads", "{threads}"]
    elif what == "duplicates":
        yield "parvis", [options.duplicates, "t.jsonl", "{threads}"]
    else:
        yield "parvis", [options.parvis, "tokenizer", "train", "t.jsonl", "--kind", what, "--vocab-size",
                         VOCABULARY, "-o", "t.json", "--quiet", "--threads", "{threads}"]
        if options.peer_python:
            yield "tokenizers", [options.peer_python, pathlib.Path(__file__).resolve().parent / "learn.py",
                                 what, VOCABULARY, "t.jsonl", "peer.json"]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--parvis", required=True, type=lambda path: pathlib.Path(path).resolve())
    arguments.add_argument("--text", required=True, action="append")
    arguments.add_argument("--mb", default="60,120")
    arguments.add_argument("--threads", default="1,2")
    arguments.add_argument("--only", default="bpe,wordpiece,unigram,build,duplicates")
    arguments.add_argument("--duplicates", type=lambda path: pathlib.Path(path).resolve())
    arguments.add_argument("--peer-python", type=lambda path: pathlib.Path(path).absolute())
    arguments.add_argument("--out", default="build/bench/data.json")
    options = arguments.parse_args()
    rows = {}
    if pathlib.Path(options.out).exists():
        for row in json.loads(pathlib.Path(options.out).read_text())["rows"]:
            rows[tuple(row[key] for key in KEYS)] = row
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "c.toml").write_text('[corpus]\nout = "out"\n[[source]]\npath = "t.jsonl"\n')
        for text in options.text:
            text_name, path = text.split("=", 1)
            for wanted in options.mb.split(","):
                megabytes = take(path, float(wanted), folder / "t.jsonl")
                for what in options.only.split(","):
                    for threads in options.threads.split(","):
                        for engine, command in commands(options, what):
                            output, row = run([str(word).format(threads=threads) for word in command],
                                              folder, threads)
                            if what == "duplicates":
                                row["seconds"] = json.loads(output)["seconds"]  # without reading
                            row = {"what": what, "engine": engine, "text": text_name, "mb": megabytes,
                                   "threads": int(threads), **row}
                            rows[tuple(row[key] for key in KEYS)] = row
                            say(json.dumps(row))
                            write_results(options.out, document(options, rows))


def document(options, rows):
    version = subprocess.run([options.parvis, "--version"], check=True, capture_output=True)
    engines = {"parvis": version.stdout.decode().strip()}
    if any(row["engine"] == "tokenizers" for row in rows.values()) and options.peer_python:
        engines["tokenizers"] = subprocess.run(
            [options.peer_python, "-c", "import tokenizers; print(tokenizers.__version__)"], check=True,
            capture_output=True).stdout.decode().strip()
    elif any(row["engine"] == "tokenizers" for row in rows.values()):
        engines["tokenizers"] = json.loads(pathlib.Path(options.out).read_text())["engines"]["tokenizers"]
    order = ["bpe", "wordpiece", "unigram", "build", "duplicates"]
    return {"schema": "parvis.bench.data/1", "vocabulary": VOCABULARY, "engines": engines,
            "rows": sorted(rows.values(), key=lambda row: (order.index(row["what"]), row["text"],
                                                           row["mb"], row["engine"], row["threads"]))}


if __name__ == "__main__":
    main()
