#!/usr/bin/env python3
"""What a request leaves in the server's memory: scrub.py PARVIS.

A random word is planted in requests of every dialect, in what is asked, in the tokens, in the answer. While
a request runs the word is in the process's memory (so the test can see); when all have ended and the prefix
cache has gone on to other prompts, it is nowhere in it."""
import contextlib
import json
import pathlib
import re
import secrets
import socket
import struct
import subprocess
import sys

from served import expect, serving, wait_for
from streams import open_stream

SKIPPED = 77
WINDOW = 12  # bytes of a text, or numbers of a list of tokens, that must not be found in a row


def memory(server):
    """(name, bytes) of each part of the process's memory that it can write."""
    pid = server.process.pid
    lines = pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines()
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as file:
        for line in lines:
            found = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw.. \S+ \S+ \d+ *(.*)", line)
            if not found or found[3].startswith("[v"):
                continue
            begin, end = int(found[1], 16), int(found[2], 16)
            parts = []
            for at in range(begin, end, 1 << 24):
                file.seek(at)
                try:
                    parts.append(file.read(min(1 << 24, end - at)))
                except OSError:  # gone meanwhile
                    break
            yield found[3] or "memory", b"".join(parts)


def windows(secret):
    """The parts of what was planted that are looked for; all of them hold something of its middle."""
    if isinstance(secret, str):
        data = secret.encode()
        return [data[i:i + WINDOW] for i in range(0, len(data) - WINDOW + 1, WINDOW // 2)]
    return [struct.pack(f"<{WINDOW}i", *secret[i:i + WINDOW]) for i in range(0, len(secret) - WINDOW + 1)]


def found(server, secrets_planted, own=frozenset()):
    """`own`: parts that the program has by itself, such as words of its help that an answer may have, too."""
    places = []
    for name, data in memory(server):
        for what, secret in secrets_planted.items():
            for part in windows(secret):
                if part in own:
                    continue
                at = data.find(part)
                if at >= 0:
                    around = data[max(0, at - 40):at + 80]
                    places.append((what, name, at, around))
                    break
    return places


def word():
    return "".join(secrets.choice("bcdfghjklmnpqrstvwxz") for _ in range(36))


def tokens_of(server, text):
    said = subprocess.run([server.folder / "parvis", "tokenize", "--model", server.folder / "models" / "fable.gguf",
                           text], capture_output=True, text=True, check=True).stdout
    return [int(token) for token in said.split()]


def post(server, path, body, status=200, **more):
    got, headers, data = server.ask("POST", path, body, **more)
    expect(got == status, "an answer", path, got, data[:300])
    return data


def plant(server, planted):
    """Requests of all kinds, each with a word of its own."""
    def new(what):
        planted[what] = word()
        return planted[what]

    user = lambda what: [{"role": "user", "content": "Tell of " + new(what)}]
    short = {"model": "chat", "max_tokens": 8, "temperature": 0}
    post(server, "/v1/chat/completions", short | {"messages": user("chat")})
    post(server, "/v1/chat/completions", short | {"messages": user("chat, streamed"), "stream": True})
    post(server, "/v1/messages", short | {"messages": user("messages"), "system": new("system")})
    post(server, "/v1/responses", {"model": "chat", "input": new("responses"), "max_output_tokens": 8, "store": False})
    kept = json.loads(post(server, "/v1/responses",
                           {"model": "chat", "input": new("responses, kept"), "max_output_tokens": 8}))
    expect(server.ask("DELETE", "/v1/responses/" + kept["id"])[0] == 200, "a deletion")
    post(server, "/api/generate", {"model": "fable", "prompt": new("ollama"), "options": {"num_predict": 8}})
    post(server, "/v1/completions", {"model": "fable", "prompt": new("completions"), "max_tokens": 8,
                                     "stop": [new("a stop text")], "logprobs": 3})
    post(server, "/v1/embeddings", {"model": "bert", "input": [new("embeddings")]})
    post(server, "/v1/tokenize", {"model": "fable", "text": new("tokenize")})
    post(server, "/v1/fill", {"model": "masks", "input": new("fill") + " [MASK]"})
    post(server, "/v1/translate", {"model": "t5", "text": new("translate"), "from": "en", "to": "fr", "max_tokens": 8})
    post(server, "/v1/chat/completions", short | {"messages": user("tools"), "tools": [{"type": "function", "function": {
        "name": "f", "description": new("a tool"), "parameters": {"type": "object"}}}]})
    post(server, "/v1/chat/completions", short | {"messages": user("a form"), "response_format": {
        "type": "json_schema", "json_schema": {"name": "n", "schema": {"enum": [new("a schema")]}}}})
    # What is refused, and what is long.
    post(server, "/v1/completions", {"model": "fable", "prompt": "a", new("a field"): 1}, status=400)
    post(server, "/v1/completions", {"model": new("a model"), "prompt": "a"}, status=404)
    post(server, "/v1/completions", {"model": "fable", "prompt": "a " * 200_000 + new("long")}, status=400)
    server.ask("GET", "/v1/models/" + new("a path") + "?q=" + new("a query"))
    server.ask("GET", "/v1/models", headers={"x-note": new("a header")})
    post(server, "/v1/completions", b'{"model": "' + new("no JSON").encode(), status=400)
    # Tokens that the model chose, and tokens that were sent.
    prompt = planted["tokens"] = tokens_of(server, new("text of tokens"))
    data = post(server, "/v1/completions", {"model": "fable", "prompt": prompt, "max_tokens": 60, "temperature": 0,
                                            "logit_bias": {"0": -100}})
    planted["an answer"] = json.loads(data)["choices"][0]["text"][4:]
    # A client that leaves.
    leaving = "Of " + new("a client that leaves")
    here = {what: planted[what] for what in ("a client that leaves",)}
    seen = False
    for _ in range(20):  # a quick machine may have answered before it is searched
        with contextlib.closing(open_stream(server, 150, prompt=leaving, n=4)) as s:
            expect(s.recv(64).startswith(b"HTTP/1.1 200"), "a stream begins")
            seen = seen or bool(found(server, here))
        if seen:
            break
    expect(seen, "the test does not see what is there")
    with contextlib.closing(socket.create_connection(("127.0.0.1", server.port))) as s:
        s.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
                  + server.key.encode() + b"\r\nContent-Length: 500\r\n\r\n" + new("half a body").encode())


def go_on(server):
    """Others' requests, until nothing of the earlier ones is kept: pages of keys and values, grammars."""
    for model in ("fable", "chat"):
        for seed in range(4):
            post(server, "/v1/completions", {"model": model, "prompt": [(seed * 997 + i) % 8000 + 100 for i in range(240)],
                                             "max_tokens": 1})
    for i in range(66):
        post(server, "/v1/chat/completions", {"model": "chat", "max_tokens": 1, "messages": [{"role": "user", "content": "a"}],
                                              "response_format": {"type": "json_schema", "json_schema": {
                                                  "name": "n", "schema": {"type": "integer", "minimum": i}}}})
    def idle():
        return json.loads(server.ask("GET", "/api/ps")[2]) is not None
    wait_for(idle, "the server is busy")


def skip_without_memory(server):
    try:
        open(f"/proc/{server.process.pid}/mem", "rb").close()
    except PermissionError:
        print("this system lets nobody look at another process's memory: skipped")
        sys.exit(SKIPPED)


def nothing_is_left(server, planted, own=frozenset()):
    left = found(server, planted, own)
    for what, name, at, around in left:
        print(f"{what}: in {name} at {at}: {around!r}")
    expect(not left, "the memory still has what was said", [what for what, *_ in left])
    print(f"nothing is left of {len(planted)} words")


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    with serving(program, "--kv-memory", "3", "-m", "fable") as server:
        skip_without_memory(server)
        before = b"\n".join(data for _, data in memory(server))
        planted = {}
        plant(server, planted)
        go_on(server)
        answer = windows(planted["an answer"])
        own = {part for part in answer if part in before}
        expect(len(own) < len(answer), "nothing of the answer can be told from the program's own words", planted["an answer"])
        nothing_is_left(server, planted, own)

if __name__ == "__main__":
    main()
