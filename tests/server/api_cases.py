#!/usr/bin/env python3
"""Runs the behaviour tests of the HTTP API that stand as text in tests/api/*.test.

usage: api_cases.py PARVIS FILE...

A case begins with its request line and ends at the next one:

    # What is promised, in words.
    POST /v1/completions
    key: none                       (another one than the operator's; "none": no key is sent)
    header Accept: text/plain
    body: {"model": "fable", …}     (goes on over the following lines that begin with a space)
    status: 200                     (the default)
    answer content-type: text/event-stream   (a header of the answer begins so)
    json choices.0.text: "a"        (a field of the answer, or of its i-th event: "event 0 …"; * for
                                     any value, ~ TEXT for text that has it, absent: there is none)
    events: 5                       (so many, or at least so many: "5+")

Before the first case `flags: …` gives the server flags. Exit 0: all cases hold."""
import json
import pathlib
import shlex
import sys

from served import events, serving


class Case:
    def __init__(self, number, method, path):
        self.number, self.method, self.path = number, method, path
        self.key, self.headers, self.body, self.status, self.checks = "own", {}, None, 200, []


def parse(path):
    flags, cases = [], []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith(" "):
            cases[-1].body += line
            continue
        words = line.split()
        if words[0] in ("GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"):
            cases.append(Case(number, words[0], words[1]))
            continue
        key, separator, value = line.partition(": ")
        if not separator:
            raise SystemExit(f"{path.name}:{number}: neither a request nor 'key: value': {line}")
        if key == "flags":
            flags = shlex.split(value)
        elif key == "key":
            cases[-1].key = None if value == "none" else value
        elif key == "body":
            cases[-1].body = value
        elif key == "status":
            cases[-1].status = int(value)
        elif key.startswith("header "):
            cases[-1].headers[key[7:]] = value
        elif key == "events" or key.startswith(("answer ", "json ", "event ")):
            cases[-1].checks.append((number, key, value))
        else:
            raise SystemExit(f"{path.name}:{number}: unknown key '{key}'")
    return flags, cases


MISSING = object()


def field(document, path):
    for step in filter(None, path.split(".")):
        try:
            document = document[int(step)] if isinstance(document, list) else document[step]
        except (KeyError, IndexError, ValueError, TypeError):
            return MISSING
    return document


def wrong(check, headers, data):
    """None, or what is wrong."""
    _, key, value = check
    if key.startswith("answer "):
        got = headers.get(key[7:].lower(), "")
        return None if got.startswith(value) else f"{key}: {got!r}"
    if key == "events":
        count = len(events(data))
        good = count >= int(value[:-1]) if value.endswith("+") else count == int(value)
        return None if good else f"events: {count}"
    if key.startswith("event "):
        _, index, path = (key.split() + [""])[:3]
        document = events(data)[int(index)]
    else:
        path, document = key[5:], json.loads(data)
    got = field(document, path)
    if value == "absent":
        return None if got is MISSING else f"{key}: {got!r}"
    if got is MISSING:
        return f"{key}: there is none in {document}"
    if value == "*":
        return None
    if value.startswith("~ "):
        return None if value[2:] in str(got) else f"{key}: {got!r}"
    return None if got == json.loads(value) else f"{key}: {got!r}"


def main():
    program, *files = sys.argv[1:]
    failed = 0
    for name in files:
        path = pathlib.Path(name)
        flags, cases = parse(path)
        with serving(program, *flags) as server:
            for case in cases:
                status, headers, data = server.ask(case.method, case.path, case.body, case.headers,
                                                   case.key)
                problems = [] if status == case.status else [f"status: {status}"]
                problems += [p for p in (wrong(c, headers, data) for c in case.checks) if p]
                if problems:
                    failed += 1
                    print(f"{path.name}:{case.number}: {case.method} {case.path}")
                    for problem in problems:
                        print("  " + problem)
                    print("  " + data[:600].decode(errors="replace"))
        print(f"{path.name}: {len(cases)} cases")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
