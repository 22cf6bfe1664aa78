#!/usr/bin/env python3
"""Runs the behaviour tests of the command line that stand as text in tests/cli/*.test.

usage: run_cases.py PARVIS FILE

A file holds cases. A case begins with its command and ends at the next one:

    # What is promised, in words.
    $ parvis tokenize -m $GOLDEN/llama --json
    stdin: "Once upon\\n"            (a JSON string)
    env NO_COLOR: 1
    exit: 0                         (the default)
    stdout is: "12 34\\n"            (all of it, a JSON string)
    stdout has: some text           (so for stderr; "lacks" for the opposite)
    json ids.0: 12                  (a field of the JSON on stdout; * for any value)
    file out.gguf: exists           (or: absent; or: same as OTHER, byte by byte)

Before the first case `write NAME: "text"` makes a file, `needs: PATH` skips the whole file when
PATH is not in the source tree. Cases run in order in one temporary folder, without a shell: $TMP is
that folder, $SOURCE the source tree, $GOLDEN its tests/golden, $PARVIS the program's path. A line that begins with # is a
comment. Exit 0: all cases hold; 77: skipped."""
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parent.parent
SKIPPED = 77
TIMEOUT_S = 300


class Case:
    def __init__(self, line_number, command):
        self.line_number, self.command = line_number, command
        self.stdin, self.environment, self.exit, self.checks = "", {}, 0, []


def parse(path):
    """(cases, files to write, needed paths)."""
    cases, files, needs = [], {}, []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("$ "):
            cases.append(Case(number, line[2:]))
            continue
        key, separator, value = line.partition(": ")
        if not separator:
            raise SystemExit(f"{path.name}:{number}: neither '$ command' nor 'key: value': {line}")
        words = key.split()
        if words[0] == "needs":
            needs.append(value)
        elif words[0] == "write":
            files[words[1]] = json.loads(value)
        elif not cases:
            raise SystemExit(f"{path.name}:{number}: '{key}' before the first command")
        elif key == "stdin":
            cases[-1].stdin = json.loads(value)
        elif key == "exit":
            cases[-1].exit = int(value)
        elif words[0] == "env":
            cases[-1].environment[words[1]] = value
        elif words[0] in ("stdout", "stderr", "json", "file") and len(words) == 2:
            cases[-1].checks.append((number, words[0], words[1], value))
        else:
            raise SystemExit(f"{path.name}:{number}: unknown key '{key}'")
    return cases, files, needs


def expand(text, folder):
    return (text.replace("$PARVIS", str(pathlib.Path(sys.argv[1]).resolve()))
            .replace("$TMP", str(folder)).replace("$SOURCE", str(SOURCE))
            .replace("$GOLDEN", str(SOURCE / "tests/golden")))


def field(document, path):
    for step in path.split("."):
        document = document[int(step)] if isinstance(document, list) else document[step]
    return document


def holds(check, run, folder):
    """None, or what is wrong."""
    _, kind, what, value = check
    if kind in ("stdout", "stderr"):
        text = getattr(run, kind)
        if what == "is":
            return None if text == json.loads(value) else f"{kind} is not {value}"
        value = expand(value, folder)
        if what == "has":
            return None if value in text else f"{kind} has no '{value}'"
        if what == "lacks":
            return None if value not in text else f"{kind} has '{value}'"
    if kind == "json":
        try:
            found = field(json.loads(run.stdout), what)
        except (ValueError, KeyError, IndexError, TypeError) as error:
            return f"json {what}: {type(error).__name__} {error}"
        if value == "*" or found == json.loads(value):
            return None
        return f"json {what} is {json.dumps(found)}, not {value}"
    if kind == "file" and value.startswith("same as "):
        other = folder / value.removeprefix("same as ")
        same = (folder / what).read_bytes() == other.read_bytes()
        return None if same else f"file {what}: differs from {other.name}"
    if kind == "file":
        exists = (folder / what).exists()
        return None if exists == (value == "exists") else f"file {what}: not {value}"
    return f"unknown check '{kind} {what}'"


def run_case(case, parvis, folder):
    words = shlex.split(expand(case.command, folder))
    if words[0] == "parvis":
        words[0] = parvis
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "PARVIS_HOME": str(folder / "home"),
                   "LC_ALL": "C.UTF-8"}
    environment.update({k: expand(v, folder) for k, v in case.environment.items()})
    run = subprocess.run(words, input=case.stdin.encode(), capture_output=True, cwd=folder,
                         env=environment, timeout=TIMEOUT_S, check=False)
    run.stdout = run.stdout.decode(errors="replace")
    run.stderr = run.stderr.decode(errors="replace")
    problems = [] if run.returncode == case.exit else [f"exit {run.returncode}, not {case.exit}"]
    problems += [f"line {c[0]}: {p}" for c in case.checks if (p := holds(c, run, folder))]
    return problems, run


def main():
    parvis, path = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2])
    cases, files, needs = parse(path)
    for needed in needs:
        if not (SOURCE / needed).exists():
            print(f"skipped: {needed} is not here")
            return SKIPPED
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for file_name, text in files.items():
            (folder / file_name).parent.mkdir(parents=True, exist_ok=True)
            (folder / file_name).write_text(text)
        for case in cases:
            problems, run = run_case(case, parvis, folder)
            if problems:
                failed += 1
                print(f"FAILED {path.name}:{case.line_number}: $ {case.command}")
                print("\n".join("  " + problem for problem in problems))
                print("  stdout: " + run.stdout[:2000].replace("\n", "\n    "))
                print("  stderr: " + run.stderr[:2000].replace("\n", "\n    "))
    print(f"{path.name}: {len(cases) - failed} of {len(cases)} cases hold")
    return 1 if failed or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
