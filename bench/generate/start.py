#!/usr/bin/env python3
"""How long a model takes from the command to its first token, and how much memory it holds.

    start.py --parvis build/release/bin/parvis --out bench/results/start.json MODEL.gguf...

For every model, in turn: reading the file's bytes once, and `parvis run MODEL PROMPT -n 1`, with the
file out of the system's cache ("cold": asked out by posix_fadvise; a disk's own cache stays) and in
it ("warm"). Resident memory is the most that the process held (wait4).
"""
import argparse
import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from measure import raise_priority, say, summary, write_results  # noqa: E402


def forget(path):
    fd = os.open(path, os.O_RDONLY)
    os.fsync(fd)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(fd)


def read_once(path):
    start = time.monotonic()
    buffer = bytearray(4 << 20)
    with open(path, "rb", buffering=0) as file:
        while file.readinto(buffer):
            pass
    return time.monotonic() - start


def first_token(parvis, model, priority):
    """Seconds, and the most bytes that were resident."""
    start = time.monotonic()
    process = subprocess.Popen([parvis, "run", model, "aaaa", "-n", "1", "-q"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE,
                               preexec_fn=raise_priority(priority))
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(errors.decode())
    return time.monotonic() - start, usage.ru_maxrss * 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("models", nargs="+", metavar="MODEL.gguf")
    parser.add_argument("--parvis", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--priority", type=int, default=0)
    arguments = parser.parse_args()
    rows = []
    for model in arguments.models:
        times = {"read_cold": [], "read_warm": [], "first_token_cold": [], "first_token_warm": []}
        resident = 0
        for _ in range(arguments.rounds):
            forget(model)
            times["read_cold"].append(read_once(model))
            times["read_warm"].append(read_once(model))
            for kind in ("warm", "cold"):
                if kind == "cold":
                    forget(model)
                seconds, most = first_token(arguments.parvis, model, arguments.priority)
                times[f"first_token_{kind}"].append(seconds)
                resident = max(resident, most)
        rows.append({"name": pathlib.Path(model).stem, "bytes": os.path.getsize(model),
                     "resident_bytes": resident,
                     **{name: summary(values) for name, values in times.items()}})
        say(str(rows[-1]))
    version = subprocess.run([arguments.parvis, "--version"], check=True, capture_output=True)
    write_results(arguments.out, {"schema": "parvis.bench.start/1", "rounds": arguments.rounds,
                                  "engines": {"parvis": version.stdout.decode().strip()},
                                  "models": rows})


if __name__ == "__main__":
    main()
