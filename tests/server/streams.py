#!/usr/bin/env python3
"""Streams, and what happens when one side leaves: streams.py PARVIS.

A stream's text is that of the whole answer; a client that leaves frees its place; a server that is told
to stop lets answers end, and one that is killed leaves records that tell it."""
import contextlib
import json
import signal
import socket
import sqlite3
import sys

from served import events, expect, serving, wait_for

PROMPT = {"model": "fable", "prompt": "Once upon a time", "temperature": 0}


def records(server):
    path = server.folder / "data" / "parvis.db"
    with contextlib.closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT r.id, a.finish, a.output_tokens FROM requests r "
                                "LEFT JOIN answers a ON a.request = r.id ORDER BY r.rowid").fetchall()


def check_same(server):
    """Streamed, whole, with others beside it: the same text."""
    body = PROMPT | {"max_tokens": 40, "n": 2, "seed": 5}
    whole = json.loads(server.ask("POST", "/v1/completions", body)[2])
    status, headers, data = server.ask("POST", "/v1/completions",
                                       body | {"stream": True, "stream_options": {"include_usage": True}})
    expect(status == 200 and headers["content-type"].startswith("text/event-stream"), "a stream", headers)
    told = events(data)
    expect(told[-1] == "[DONE]", "the end", told[-1])
    expect(told[-2]["usage"]["completion_tokens"] == whole["usage"]["completion_tokens"], "usage",
           told[-2], whole["usage"])
    expect(all(e["usage"] is None for e in told[:-2]), "usage before the end")
    for choice in whole["choices"]:
        mine = [c for e in told[:-2] for c in e["choices"] if c["index"] == choice["index"]]
        expect("".join(c["text"] for c in mine) == choice["text"], "the text", mine, choice)
        expect([c["finish_reason"] for c in mine if c["finish_reason"]] == [choice["finish_reason"]],
               "one end", mine)
    alone = json.loads(server.ask("POST", "/v1/completions", PROMPT | {"max_tokens": 40})[2])
    expect(alone["choices"][0]["text"] == whole["choices"][0]["text"], "batch and alone differ")
    stopped = json.loads(server.ask("POST", "/v1/completions", PROMPT | {
        "max_tokens": 40, "stop": [alone["choices"][0]["text"][10:14]]})[2])["choices"][0]
    expect(stopped["finish_reason"] == "stop", "a stop text", stopped)
    expect(alone["choices"][0]["text"][10:14] not in stopped["text"], "a stop text is told", stopped)


def open_stream(server, max_tokens, **more):
    s = socket.create_connection(("127.0.0.1", server.port))
    body = json.dumps(PROMPT | {"max_tokens": max_tokens, "stream": True, "logit_bias": {"0": -100}} | more)
    s.sendall(f"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {server.key}\r\n"
              f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
    return s


def check_leaving(server):
    before = len(records(server))
    with contextlib.closing(open_stream(server, 200, n=16)) as s:
        expect(s.recv(64).startswith(b"HTTP/1.1 200"), "a stream begins")
    def ended():
        mine = records(server)[before:]
        return len(mine) == 1 and mine[0][1] == "cancelled"
    wait_for(ended, "a request whose client left goes on")
    tokens = records(server)[before][2]
    expect(tokens < 16 * 200, "it was cancelled after all tokens", tokens)


def check_killed(program):
    with serving(program) as server:
        streams = [open_stream(server, 200, n=16) for _ in range(3)]
        for s in streams:
            expect(s.recv(64).startswith(b"HTTP/1.1 200"), "a stream begins")
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
        for s in streams:
            text = b""
            with contextlib.suppress(ConnectionResetError):
                while part := s.recv(65536):
                    text += part
            expect(b"[DONE]" not in text and not text.endswith(b"0\r\n\r\n"), "a killed server's end")
            s.close()
        again = type(server)(str(server.folder / "parvis"), server.folder)
        expect(again.key is None, "the key is shown again")
        found = [finish for _, finish, _ in records(again)]
        expect(found == ["interrupted"] * 3, "records after a kill", found)
        again.stop()


def check_stopping(program):
    with serving(program) as server:
        s = open_stream(server, 60)
        expect(s.recv(64).startswith(b"HTTP/1.1 200"), "a stream begins")
        server.process.send_signal(signal.SIGTERM)
        text = b""
        while part := s.recv(65536):
            text += part
        expect(b"[DONE]" in text, "an answer may end when the server stops", text[-200:])
        server.process.wait(30)
        expect(server.process.returncode in (0, 130), "the exit", server.process.returncode)
    with serving(program, "--stop-time", "0") as server:
        s = open_stream(server, 200, n=16)
        expect(s.recv(64).startswith(b"HTTP/1.1 200"), "a stream begins")
        server.process.send_signal(signal.SIGTERM)
        text = b""
        with contextlib.suppress(ConnectionResetError):
            while part := s.recv(65536):
                text += part
        expect(b'"error"' in text and b"[DONE]" not in text, "an answer that is cut says so", text[-300:])
        server.process.wait(30)


def check_limits(program):
    with serving(program, "--requests-per-minute", "2", "--tokens-per-minute", "100") as server:
        status, headers, _ = server.ask("POST", "/v1/completions", PROMPT | {"max_tokens": 20})
        expect(status == 200 and headers["x-ratelimit-limit-requests"] == "2"
               and headers["x-ratelimit-remaining-requests"] == "1", "headers", headers)
        status, headers, data = server.ask("POST", "/v1/completions", PROMPT | {"max_tokens": 200})
        expect(status == 429 and json.loads(data)["error"]["code"] == "insufficient_quota"
               and headers["x-should-retry"] == "false", "more than there ever is", headers, data)
        expect(server.ask("POST", "/v1/completions", PROMPT | {"max_tokens": 2})[0] == 200, "the second")
        status, headers, data = server.ask("POST", "/v1/completions", PROMPT | {"max_tokens": 2})
        expect(status == 429 and headers["x-should-retry"] == "true" and int(headers["retry-after"]) >= 1
               and int(headers["retry-after-ms"]) > 0, "the third", status, headers, data)


def main():
    program = sys.argv[1]
    with serving(program) as server:
        check_same(server)
        check_leaving(server)
    check_killed(program)
    check_stopping(program)
    check_limits(program)
    print("streams hold")


if __name__ == "__main__":
    main()
