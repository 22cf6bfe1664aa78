#!/usr/bin/env python3
"""Lines of a gigabyte, as a user may have them: what reads text refuses them with file and line, or copes,
and never holds much more than the line that it allows.

usage: long_lines.py PARVIS"""
import os
import pathlib
import resource
import subprocess
import sys
import tempfile

WORDS = b"the old cat sat by the sea and saw a ship, " * 1024
RECIPE = """[data]
train = ["%s"]
[tokenizer]
vocab_size = 300
[model]
hidden_size = 32
num_hidden_layers = 1
num_attention_heads = 2
intermediate_size = 32
[train]
steps = 1
batch_tokens = 64
context_length = 32
"""
CORPUS = """[corpus]
out = "out"
[[source]]
path = "%s"
"""
MIB = 1 << 20


def write_line(path, begin, end):
    with open(path, "wb") as file:
        file.write(begin)
        for _ in range((1 << 30) // len(WORDS) + 1):
            file.write(WORDS)
        file.write(end)


def run(folder, command, words, most):
    """Runs a command under a limit of memory; it must end with status 0 (words None) or refuse so."""
    def limit():
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, preexec_fn=limit)
    ok = done.returncode == 0 if words is None else done.returncode > 0 and words in done.stderr
    print("ok" if ok else "FAILED", " ".join(command[1:]), done.stderr.strip()[-300:], flush=True)
    return ok


def main():
    parvis = str(pathlib.Path(sys.argv[1]).resolve())
    ok = True
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        if os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize < 4 << 30:
            print("skipped: too little room for two files of a gigabyte")
            return 77
        write_line(folder / "long.jsonl", b'{"text": "short"}\n{"text": "', b'"}\n')
        write_line(folder / "long.txt", b"short\n\n", b"\n")
        for file, train, build in (
                ("long.jsonl", "long.jsonl:2: the line at byte 18 has more than 67108864 bytes",
                 "long.jsonl:2: the line at byte 18 has more than 67108864 bytes"),
                ("long.txt", "long.txt: more than 134217728 bytes of text in one document",
                 "long.txt: one document of more than 67108864 bytes")):
            (folder / "r.toml").write_text(RECIPE % file)
            (folder / "c.toml").write_text(CORPUS % file)
            ok &= run(folder, [parvis, "train", "r.toml"], train, 800 * MIB)
            ok &= run(folder, [parvis, "data", "build", "c.toml"], build, 800 * MIB)
            ok &= not (folder / "out").exists()
        # A tokeniser wants no documents: it reads text in blocks, rows line by line.
        ok &= run(folder, [parvis, "tokenizer", "train", "long.txt", "--vocab-size", "300", "-o", "t.json",
                           "--quiet"], None, 800 * MIB)
        ok &= run(folder, [parvis, "tokenizer", "train", "long.jsonl", "--vocab-size", "300", "-o",
                           "t.json"], "long.jsonl:2: the line at byte 18", 800 * MIB)
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
