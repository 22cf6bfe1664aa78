#!/usr/bin/env python3
"""Runs the commands that a document shows.

usage: run_docs.py PARVIS DOCUMENT

Every block that begins with ```sh run is executed by bash, in order, in a temporary folder that has
links to the source tree's own folders (models, recipes, ...), with PARVIS's folder on the PATH. The
first command that fails fails the test. `<!-- needs: PATH -->` skips the document when PATH is not
in the source tree. Exit 77: skipped."""
import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parent.parent
SKIPPED = 77
TIMEOUT_S = 1500
WRITTEN = ("build", "runs", ".git")


def main():
    parvis, document = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
    text = document.read_text()
    for needed in re.findall(r"<!-- needs: (\S+) -->", text):
        if not (SOURCE / needed).exists():
            print(f"skipped: {needed} is not here")
            return SKIPPED
    blocks = re.findall(r"^```sh run\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    if not blocks:
        print(f"{document.name}: no block to run")
        return 1
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for entry in SOURCE.iterdir():
            if entry.name not in WRITTEN:
                (folder / entry.name).symlink_to(entry)
        environment = dict(os.environ, PATH=f"{parvis.parent}:{os.environ['PATH']}", HOME=name,
                           PARVIS_HOME=str(folder / "home"), LC_ALL="C.UTF-8")
        script = "set -euxo pipefail\n" + "\n".join(blocks)
        run = subprocess.Popen(["bash", "-c", script], cwd=folder, env=environment,
                               stdin=subprocess.DEVNULL, start_new_session=True)
        try:
            code = run.wait(TIMEOUT_S)
        finally:  # a page that failed must not leave its servers behind
            with contextlib.suppress(ProcessLookupError):
                os.killpg(run.pid, signal.SIGTERM)
    print(f"{document.name}: {len(blocks)} blocks, exit {code}")
    return code


if __name__ == "__main__":
    sys.exit(main())
