#!/usr/bin/env python3
"""Measures how fast tokenisers are learned and data sets are built, by size of the text and threads.

usage: measure.py PARVIS TEXT.jsonl OUT.json [--threads 1,2] [--parts 4]

TEXT.jsonl has an object with a "text" a line. For each kind of tokeniser and for `data build`, and for
1/4, 2/4 … of the lines, the command runs as a user would run it; OUT.json gets seconds, MB of text a
second and the peak of memory. Linear work gives the same MB/s for each size."""
import argparse
import json
import pathlib
import resource
import subprocess
import tempfile
import time


def run(command, folder):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    process = subprocess.Popen([str(word) for word in command], cwd=folder, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE)
    _, stderr = process.communicate()
    seconds = time.monotonic() - start
    if process.returncode != 0:
        raise SystemExit(stderr.decode())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"seconds": round(seconds, 2), "processor_seconds": round(processor, 2),
            "peak_mib_so_far": after.ru_maxrss // 1024}


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("parvis", type=pathlib.Path)
    arguments.add_argument("text", type=pathlib.Path)
    arguments.add_argument("out", type=pathlib.Path)
    arguments.add_argument("--threads", default="1,2")
    arguments.add_argument("--parts", type=int, default=4)
    arguments.add_argument("--only", default="bpe,wordpiece,unigram,build")
    options = arguments.parse_args()
    lines = options.text.read_text(encoding="utf-8").splitlines(keepends=True)
    results = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for part in range(1, options.parts + 1):
            chosen = lines[:: options.parts] if part == 1 else [
                line for i, line in enumerate(lines) if i % options.parts < part]
            (folder / "t.jsonl").write_text("".join(chosen), encoding="utf-8")
            text_bytes = sum(len(json.loads(line)["text"].encode()) for line in chosen)
            (folder / "c.toml").write_text('[corpus]\nout = "out"\n[[source]]\npath = "t.jsonl"\n')
            for threads in options.threads.split(","):
                for what in options.only.split(","):
                    command = ([options.parvis.resolve(), "data", "build", "c.toml"]
                               if what == "build" else
                               [options.parvis.resolve(), "tokenizer", "train", "t.jsonl", "--kind",
                                what, "--vocab-size", 16000, "-o", "t.json"])
                    result = run([*command, "--threads", threads, "--quiet"], folder)
                    result = {"what": what, "threads": int(threads), "mb": round(text_bytes / 1e6, 1),
                              **result}
                    result["mb_per_s"] = round(result["mb"] / result["seconds"], 1)
                    print(json.dumps(result), flush=True)
                    results.append(result)
    options.out.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
