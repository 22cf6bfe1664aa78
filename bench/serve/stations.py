#!/usr/bin/env python3
"""What identity and budgets cost on an SQLite file and on PostgreSQL: stations.py PARVIS_BENCH_STATIONS RESULT.json
[REQUESTS_PER_SECOND [SECONDS]]."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests/server"))
import postgres  # noqa: E402

USERS = 1000  # as in stations.cc
SYNCS = 500


def run(program, database, where, rate, seconds):
    said = subprocess.run([program, where, str(rate), str(seconds)], check=True, stdout=subprocess.PIPE, text=True).stdout
    return {"database": database} | json.loads(said)


def sync_alone(folder):
    times = []
    with open(pathlib.Path(folder) / "sync", "wb", buffering=0) as file:
        for _ in range(SYNCS):
            begun = time.perf_counter()
            file.write(b"x" * 4096)
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - begun) * 1000)
    times.sort()
    return {"p50_ms": times[SYNCS // 2], "p99_ms": times[SYNCS * 99 // 100]}


def main():
    program, result = sys.argv[1:3]
    rate, seconds = (sys.argv[3:] + ["500", "10"][len(sys.argv) - 3:])[:2]
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        document = {"schema": "parvis.bench.stations/1", "taken": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
                    "users": USERS, "sync": sync_alone(folder),
                    "runs": [run(program, "SQLite", folder, rate, seconds)]}
    if postgres.programs() is not None:
        with postgres.running("max_connections=200") as database:
            document["runs"].append(run(program, "PostgreSQL, by a local socket", database.url, rate, seconds))
    pathlib.Path(result).write_text(json.dumps(document, indent=1) + "\n")
    print(json.dumps(document["runs"]))


if __name__ == "__main__":
    main()
