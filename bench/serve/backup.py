#!/usr/bin/env python3
"""How long a backup, its restore and the copy before a migration take with many records.

    backup.py --parvis build/release/bin/parvis --rows 1000000 --out bench/results/backup.json

Makes a folder with so many requests and their answers, backs it up while nobody uses it, restores it into
another folder, and holds the two databases against each other."""
import argparse
import contextlib
import hashlib
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from measure import write_results  # noqa: E402

AT_ONCE = 20_000


def fill(path, rows):
    """Rows as a year of a school leaves them."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        for begin in range(0, rows, AT_ONCE):
            some = range(begin, min(rows, begin + AT_ONCE))
            with db:
                db.executemany(
                    "INSERT INTO requests(id, organisation, owner, api_key, route, model, model_digest, created_ms, "
                    "input_tokens, max_output_tokens, currency) VALUES(?, 'local', ?, ?, 'POST /v1/chat/completions', "
                    "'parvis-fable', 'sha256:0123456789abcdef', ?, ?, 256, 'EUR')",
                    ((hashlib.sha256(str(i).encode()).hexdigest()[:28], f"user_{i % 500}", f"key_{i % 700}",
                      1_767_225_600_000 + i * 31_000, i % 900) for i in some))
                db.executemany(
                    "INSERT INTO answers(request, organisation, owner, finish, finished_ms, input_tokens, cached_tokens, "
                    "output_tokens, counted_tokens, charged_micros) VALUES(?, 'local', ?, 'stop', ?, ?, 0, ?, ?, ?)",
                    ((hashlib.sha256(str(i).encode()).hexdigest()[:28], f"user_{i % 500}",
                      1_767_225_602_000 + i * 31_000, i % 900, i % 256, i % 900 + i % 256, i % 1000) for i in some))


def content(path):
    """A digest of all rows of use."""
    digest = hashlib.sha256()
    with contextlib.closing(sqlite3.connect(path)) as db:
        for table in ("requests", "answers"):
            for row in db.execute(f"SELECT * FROM {table} ORDER BY 1"):
                digest.update(repr(row).encode())
    return digest.hexdigest()


def timed(*words):
    begun = time.monotonic()
    subprocess.run(words, check=True, stderr=subprocess.DEVNULL)
    return round(time.monotonic() - begun, 2)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--parvis", required=True)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--out", required=True)
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="parvis-backup-"))
    try:
        (folder / "from").mkdir(mode=0o700)
        subprocess.run([options.parvis, "org", "list", "--data", folder / "from"], check=True, stdout=subprocess.DEVNULL)
        fill(folder / "from/parvis.db", options.rows)
        backup = timed(options.parvis, "backup", folder / "b", "--data", folder / "from")
        restore = timed(options.parvis, "restore", folder / "b", "--data", folder / "to")
        same = content(folder / "from/parvis.db") == content(folder / "to/parvis.db")
        write_results(options.out, {"schema": "parvis.bench.backup/1", "rows": options.rows,
                                    "bytes": (folder / "b").stat().st_size, "backup_seconds": backup,
                                    "restore_seconds": restore, "same_rows": same})
        return 0 if same else 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    raise SystemExit(main())
