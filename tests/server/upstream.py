#!/usr/bin/env python3
"""Models that another service computes: upstream.py PARVIS.

The other service is a second Parvis, whose answers must come through unchanged in every dialect, and then
one that does all that a service should not: its bytes are untrusted, its key is a secret, and what it says
of its use is believed only within bounds."""
import concurrent.futures
import contextlib
import http.server
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time

from served import events, expect, LASTING, serving, wait_for

KEY = "sk-upstream-0123456789abcdef"
SETTINGS = """
[upstream.{name}]
url = "{url}"
model = "{model}"
key_file = "{key_file}"
{more}
"""
CHUNK = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m"}
CHAT = {"messages": [{"role": "user", "content": "Say something."}], "max_tokens": 20}


def chunk(text=None, finish=None, index=0, **more):
    delta = {} if text is None else {"content": text}
    return b"data: " + json.dumps(CHUNK | {"choices": [
        {"index": index, "delta": delta, "finish_reason": finish}]} | more).encode() + b"\n\n"


def usage(prompt, completion):
    return b"data: " + json.dumps(CHUNK | {"choices": [], "usage": {
        "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": 0}}).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"
CALL = [{"index": 0, "id": "call_1", "type": "function", "function": {"name": "weather", "arguments": ""}}]


def calls():
    yield b"data: " + json.dumps(CHUNK | {"choices": [{"index": 0, "delta": {"tool_calls": CALL}}]}).encode() + b"\n\n"
    for part in ('{"city": ', '"Lyon"}'):
        yield b"data: " + json.dumps(CHUNK | {"choices": [{"index": 0, "delta": {"tool_calls": [
            {"index": 0, "function": {"arguments": part}}]}}]}).encode() + b"\n\n"
    yield chunk(finish="tool_calls")
    yield DONE


def endless():
    while True:
        yield b"x" * 65536


def babbles():
    while True:
        yield chunk("word " * 200)


def waits(first=None):
    if first:
        yield first
    for _ in range(600):
        time.sleep(0.1)
        yield b": wait\n\n"


# What the other side answers, by the model that it is asked for.
STREAMS = {
    "good": lambda: [chunk("Hé"), chunk("llo"), chunk(finish="stop"), usage(7, 3), DONE],
    "crlf": lambda: [b": hi\r\nevent: m\r\n" + chunk("Hé").strip() + b"\r\n\r\n", chunk("llo", "stop")[:20],
                     chunk("llo", "stop")[20:], DONE],
    "noending": lambda: [chunk("Hello"), chunk(finish="length")],
    "cheap": lambda: [chunk("many words " * 16), chunk(finish="stop"), usage(0, 0), DONE],
    "dear": lambda: [chunk("Hi"), chunk(finish="stop"), usage(10 ** 15, 10 ** 15), DONE],
    "silent": lambda: [chunk("12345678"), chunk(finish="stop"), DONE],
    "tools": calls,
    "cut": lambda: [chunk("Half")],
    "garbage": lambda: [b"data: {\"choices\": [\n\n"],
    "notjson": lambda: [b"data: <html>secret</html>\n\n"],
    "other": lambda: [chunk("no", index=5)],
    "late": lambda: [chunk("a", "stop"), chunk("more"), DONE],
    "error": lambda: [chunk("a"), b'data: {"error": {"message": "' + KEY.encode() + b'"}}\n\n'],
    "endless": endless,
    "babbles": babbles,
    "waits": lambda: waits(chunk("Wait")),
    "sleeps": lambda: waits(),
}


class Nasty(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen, gone = [], threading.Event()

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.seen.append((self.path, None, {}))
        self.send_error(404)

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.append((self.path, body, {k.title(): v for k, v in self.headers.items()}))
        model = body["model"]
        self.close_connection = True
        if model == "hangs":
            time.sleep(20)  # curl looks back over five seconds before it counts a stall
            return
        if model.isdigit():
            answer = json.dumps({"error": {"message": "no: " + KEY, "code": "context_length_exceeded",
                                           "param": "messages"}}).encode()
            self.send_response(int(model))
            if model == "302":
                self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/elsewhere")
            if model == "429":
                self.send_header("Retry-After", "7")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/json" if model == "whole" else "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        try:
            for part in [b"{}"] if model == "whole" else STREAMS[model]():
                self.wfile.write(part)
                self.wfile.flush()
        except OSError:
            self.gone.set()


@contextlib.contextmanager
def nasty():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Nasty)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()


def settings(models, url, key_file, more=""):
    return "".join(SETTINGS.format(name=name, url=url, model=model, key_file=key_file, more=more)
                   for name, model in models.items())


def chat(server, model, **more):
    status, headers, data = server.ask("POST", "/v1/chat/completions", CHAT | {"model": model} | more)
    expect(KEY.encode() not in data and KEY not in str(headers), "the key is told", model, data)
    return status, headers, data


def records(server, model):
    with contextlib.closing(sqlite3.connect(server.folder / "data/parvis.db")) as database:
        return database.execute(
            "SELECT a.finish, a.input_tokens, a.output_tokens, r.max_output_tokens, r.input_tokens FROM requests r "
            "LEFT JOIN answers a ON a.request = r.id WHERE r.model = ? ORDER BY r.rowid", (model,)).fetchall()


# --- a second Parvis ---

def check_parvis(program):
    """What the other Parvis says, through this one: the same text, streamed and whole."""
    with serving(program, "-m", "chat") as far:
        models = {"far": "chat", "tales": "fable", "none": "nobody"}
        text = settings(models, far.base_url + "/v1/", "{data}/upstream.key")
        with serving(program, "--config", "{data}/settings.toml", prepare=lambda folder: write(
                folder, text, far.key)) as near:
            same_answers(far, near)
            other_dialects(far, near)
            lists(near)
            cancels(far, near)
        expect(far.key not in near.said_at_end, "the key is in the log")


def write(folder, text, key):
    data = folder / "data"
    (data / "settings.toml").write_text(text.replace("{data}", str(data)))
    (data / "upstream.key").write_text(key + "\n")
    for name in ("settings.toml", "upstream.key"):
        os.chmod(data / name, 0o644)


def same_answers(far, near):
    asked = {"temperature": 0.7, "seed": 3, "n": 2, "max_tokens": 24, "top_p": 0.9, "stop": ["zz"]}
    theirs = json.loads(far.ask("POST", "/v1/chat/completions", CHAT | asked | {"model": "chat"})[2])
    status, headers, data = chat(near, "far", **asked)
    ours = json.loads(data)
    expect(status == 200 and ours["model"] == "far", "refused", status, data)
    for a, b in zip(ours["choices"], theirs["choices"]):
        expect((a["message"]["content"], a["finish_reason"]) == (b["message"]["content"], b["finish_reason"]),
               "other text", a, b)
    expect(all(ours["usage"][k] == theirs["usage"][k] for k in ("prompt_tokens", "completion_tokens")),
           "other usage", ours["usage"], theirs["usage"])
    told = events(chat(near, "far", stream=True, stream_options={"include_usage": True}, **asked)[2])
    expect(told[-1] == "[DONE]" and told[-2]["usage"]["completion_tokens"] == theirs["usage"]["completion_tokens"],
           "the stream", told[-2:])
    for choice in theirs["choices"]:
        mine = [c for e in told[:-2] for c in e["choices"] if c["index"] == choice["index"]]
        expect("".join(c["delta"].get("content") or "" for c in mine) == choice["message"]["content"],
               "other text in the stream", mine)
    body = {"prompt": ["Once upon a time", "Il était une fois"], "n": 2, "max_tokens": 12, "temperature": 0}
    theirs = json.loads(far.ask("POST", "/v1/completions", body | {"model": "fable"})[2])
    status, _, data = near.ask("POST", "/v1/completions", body | {"model": "tales"})
    ours = json.loads(data)
    expect(status == 200 and [c["text"] for c in ours["choices"]] == [c["text"] for c in theirs["choices"]],
           "completions", ours, theirs)
    kept = records(near, "far")[0]
    expect(kept[0] == "length" and kept[2] == 2 * 24 and kept[3] == 2 * 24, "the record", kept)
    status, _, data = chat(near, "none")
    expect(status == 502, "a model that is not there", status, data)


def other_dialects(far, near):
    theirs = json.loads(far.ask("POST", "/v1/messages", CHAT | {"model": "chat", "temperature": 0})[2])
    ours = json.loads(near.ask("POST", "/v1/messages", CHAT | {"model": "far", "temperature": 0})[2])
    expect(ours["content"] == theirs["content"], "Anthropic's words", ours, theirs)
    asked = {"messages": CHAT["messages"], "stream": False, "options": {"temperature": 0, "num_predict": 8,
                                                                         "top_k": 0, "top_p": 1}}
    theirs = json.loads(far.ask("POST", "/api/chat", asked | {"model": "chat"})[2])
    ours = json.loads(near.ask("POST", "/api/chat", asked | {"model": "far"})[2])
    expect(ours["message"] == theirs["message"], "Ollama's words", ours, theirs)
    for path, body in (("/v1/embeddings", {"input": [1]}), ("/v1/tokenize", {"text": "a"}),
                       ("/v1/messages/count_tokens", {"messages": CHAT["messages"]}),
                       ("/v1/completions", {"prompt": [1, 2]}), ("/v1/completions", {"prompt": "a", "echo": True}),
                       ("/v1/chat/completions", CHAT | {"logit_bias": {"1": 1}})):
        status, _, data = near.ask("POST", path, body | {"model": "far"})
        expect(status == 400, "not passed on", path, body, status, data)


def lists(near):
    listed = {m["id"]: m for m in json.loads(near.ask("GET", "/v1/models")[2])["data"]}
    expect(listed["far"]["parvis"].get("upstream") is True and "upstream" not in listed["fable"]["parvis"],
           "the list", listed)
    expect("127.0.0.1" not in json.dumps(listed), "the address is told", listed)


def cancels(far, near):
    """A client that leaves: the other side is left, too, and its model stops."""
    body = json.dumps(CHAT | {"model": "far", "stream": True, "max_tokens": 150,
                              "response_format": {"type": "json_schema", "json_schema": {"name": "lasting", "schema": LASTING}}})
    s = socket.create_connection(("127.0.0.1", near.port))
    s.sendall(f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nx-api-key: {near.key}\r\n"
              f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
    got = b""
    while b'"content":"' not in got.replace(b'"content":""', b""):
        part = s.recv(4096)
        expect(part, "no text of the stream", got)
        got += part
    s.close()

    def finishes(server, model):
        return [row[0] for row in records(server, model)]
    wait_for(lambda: finishes(near, "far")[-1] == "cancelled", "the record here", 20)
    wait_for(lambda: finishes(far, "chat")[-1] == "cancelled", "the record there", 20)


# --- one that does what it should not ---

def check_nasty(program):
    with nasty() as other:
        url = f"http://127.0.0.1:{other.server_port}/v1"
        numbers = ("302", "400", "401", "404", "429", "500", "503", "504")
        models = {name: name for name in (*STREAMS, "whole")} | {"s" + n: n for n in numbers} | {"hangs": "hangs"}
        text = settings(models, url, "{data}/upstream.key", "max_tokens = 50\nstall_seconds = 3")
        text += SETTINGS.format(name="nobody", url="http://127.0.0.1:9/v1", model="m", key_file="{data}/upstream.key",
                                more="")
        with serving(program, "--config", "{data}/settings.toml", "--log", "{data}/log",
                     prepare=lambda folder: write(folder, text, KEY)) as server:
            what_is_sent(server)
            statuses(server)
            broken_streams(server)
            counts(server)
            tools(server)
            leaves(server)
            expect(server.ask("GET", "/metrics")[0] == 200, "metrics")
            for said in (server.ask("GET", "/metrics")[2], (server.folder / "data/log").read_bytes(),
                         server.ask("GET", "/v1/models")[2]):
                expect(KEY.encode() not in said, "the key is told", said[:300])
            reload(server, text)
            expect(all(path.startswith("/v1/") for path, _, _ in Nasty.seen), "a redirection was followed", Nasty.seen)


def what_is_sent(server):
    status, headers, data = chat(server, "good", temperature=0.5, user="somebody")
    message = json.loads(data)["choices"][0]
    expect(status == 200 and message["message"]["content"] == "Héllo" and message["finish_reason"] == "stop",
           "an answer", data)
    expect(headers["x-parvis-moderation"] == "none", "the path's own headers", headers)
    path, body, sent = Nasty.seen[-1]
    expect(path == "/v1/chat/completions" and sent["Authorization"] == "Bearer " + KEY, "the way", path, sent)
    expect(body == {"model": "good", "messages": CHAT["messages"], "max_completion_tokens": 20, "temperature": 0.5,
                    "stream": True, "stream_options": {"include_usage": True}}, "what is passed on", body)
    expect(server.key not in str(sent), "the caller's key is passed on", sent)
    dry = {"dry_multiplier": 0.8, "dry_base": 1.5, "dry_allowed_length": 3, "dry_penalty_last_n": 64, "dry_sequence_breakers": ["\n"]}
    chat(server, "good", **dry)
    body = Nasty.seen[-1][1]
    expect({name: body.get(name) for name in dry} == dry, "dry is passed on", body)
    expect(json.loads(chat(server, "crlf")[2])["choices"][0]["message"]["content"] == "Héllo", "lines that end otherwise")
    expect(json.loads(chat(server, "noending")[2])["choices"][0]["finish_reason"] == "length", "no [DONE]")


def statuses(server):
    for model, status, kind in (("s302", 502, "server_error"), ("s400", 400, "invalid_request_error"),
                                ("s401", 502, "server_error"), ("s404", 502, "server_error"),
                                ("s429", 429, "rate_limit_exceeded"), ("s500", 502, "server_error"),
                                ("s503", 503, "server_error"), ("s504", 504, "server_error"),
                                ("nobody", 502, "server_error"), ("whole", 502, "server_error"),
                                ("hangs", 504, "server_error")):
        for stream in (False, True):
            got, headers, data = chat(server, model, stream=stream)
            expect(got == status and json.loads(data)["error"]["type"] == kind, "a status", model, stream, got, data)
            if model == "s429":
                expect(headers["retry-after"] == "7" and headers["x-should-retry"] == "true", "retry-after", headers)
            if model == "s400":
                expect(json.loads(data)["error"]["code"] == "context_length_exceeded"
                       and json.loads(data)["error"]["param"] == "messages", "what is wrong", data)
        expect(records(server, model)[-1][0] == "error", "the record", model, records(server, model))
        expect(records(server, model)[-1][2] == 0, "an answer that did not come costs nothing", model)


def broken_streams(server):
    for model in ("cut", "garbage", "notjson", "other", "late", "error", "endless", "babbles"):
        status, _, data = chat(server, model)
        expect(status == 502 and b"secret" not in data, "whole", model, status, data)
        told = streamed(server, model)
        expect("error" in told[-1] and told[-1] != "[DONE]", "streamed", model, told)
        expect(records(server, model)[-1][0] == "error", "the record", model)


def streamed(server, model):
    """The events of a stream that may be cut."""
    connection = server.connection(60)
    connection.request("POST", "/v1/chat/completions", json.dumps(CHAT | {"model": model, "stream": True}),
                       {"x-api-key": server.key})
    answer, data = connection.getresponse(), b""
    expect(answer.status == 200, "begun", model, answer.status)
    with contextlib.suppress(http.client.HTTPException, OSError):
        while part := answer.read1(65536):
            data += part
    connection.close()
    expect(KEY.encode() not in data, "the key is told", model)
    return events(data)


def counts(server):
    """What is settled lies between what the text must have been and what was reserved."""
    chat(server, "cheap")
    finish, read, written, _, _ = records(server, "cheap")[-1]
    expect(finish == "stop" and written == 11 and read >= 2, "too cheap", records(server, "cheap"))
    chat(server, "dear")
    finish, read, written, most, bound = records(server, "dear")[-1]
    expect((written, read) == (most, bound) and most == 20, "too dear", records(server, "dear"))
    chat(server, "silent")
    expect(records(server, "silent")[-1][2] == 2, "not told", records(server, "silent"))
    chat(server, "good", max_tokens=None)
    expect(records(server, "good")[-1][1:4] == (7, 3, 50), "as told", records(server, "good"))


def tools(server):
    offered = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]
    said = json.loads(chat(server, "tools", tools=offered)[2])["choices"][0]
    call = said["message"]["tool_calls"][0]["function"]
    expect(said["finish_reason"] == "tool_calls" and call["name"] == "weather"
           and json.loads(call["arguments"]) == {"city": "Lyon"}, "a call", said)
    expect(Nasty.seen[-1][1]["tools"] == offered, "the tools", Nasty.seen[-1][1])
    said = json.loads(chat(server, "tools")[2])["choices"][0]
    expect("tool_calls" not in said["message"], "a call that nobody asked for", said)
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    chat(server, "good", response_format={"type": "json_schema", "json_schema": {"name": "n", "schema": schema}})
    expect(Nasty.seen[-1][1]["response_format"]["json_schema"]["schema"] == schema, "a form", Nasty.seen[-1][1])
    history = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": None, "tool_calls": [
        {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\":\"Nice\"}"}}]},
        {"role": "tool", "tool_call_id": "c1", "content": "sun"}]
    chat(server, "good", messages=history, tools=offered)
    sent = Nasty.seen[-1][1]["messages"]
    expect(json.loads(sent[1]["tool_calls"][0]["function"]["arguments"]) == {"city": "Nice"}
           and sent[2]["tool_call_id"] == "c1", "earlier calls", sent)


def leaves(server):
    """Before its first byte, and within its answer: the connection there is cut."""
    for model in ("sleeps", "waits"):
        Nasty.gone.clear()
        body = json.dumps(CHAT | {"model": model, "stream": True})
        s = socket.create_connection(("127.0.0.1", server.port))
        s.sendall(f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nx-api-key: {server.key}\r\n"
                  f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
        time.sleep(0.5)
        s.close()
        expect(Nasty.gone.wait(10), "it goes on there", model)
        wait_for(lambda: records(server, model)[-1][0] == "cancelled", "the record", 10)


def reload(server, text):
    """The key's file is read anew, a wrong table changes nothing, and a removed model is gone."""
    other = KEY[::-1]
    write(server.folder, text, other)
    server.process.send_signal(signal.SIGHUP)

    def sent():
        chat(server, "good")
        return Nasty.seen[-1][2]["Authorization"]
    wait_for(lambda: sent() == "Bearer " + other, "the new key")
    write(server.folder, text.replace("http://127.0.0.1:9/v1", "http://example.org/v1"), KEY)
    server.process.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    expect(sent() == "Bearer " + other, "a wrong table counts")
    write(server.folder, "", KEY)
    server.process.send_signal(signal.SIGHUP)
    wait_for(lambda: chat(server, "good")[0] == 404, "a removed one")


def check_start(program):
    """Where a key may go is told by the file alone, and checked."""
    with serving(program) as server:
        data = server.folder / "data"
        (data / "k").write_text("one\ntwo\n")
        (data / "empty").write_text("\n")
        good = {"url": "https://example.org/v1", "model": "m", "key_file": str(data / "absent")}
        for change, said in (({"url": "http://example.org/v1"}, "https"), ({"url": "ftp://example.org"}, "https"),
                             ({"url": "https://user:pw@example.org/v1"}, "user"), ({"url": "https://e.org/v1?k=1"}, "url"),
                             ({}, "absent"), ({"key_file": str(data / "k")}, "key"), ({"key_file": str(data / "empty")}, "key"),
                             ({"model": ""}, "model"), ({"key": "secret"}, "in the open"), ({"secret": "x"}, "unknown key")):
            table = "".join(f'{k} = "{v}"\n' for k, v in (good | change).items())
            (data / "wrong.toml").write_text("[upstream.far]\n" + table)
            done = subprocess.run([str(server.folder / "parvis"), "serve", "--port", "0", "--config",
                                   str(data / "wrong.toml"), "--data", str(server.folder / "other")],
                                  capture_output=True, text=True, check=False)
            expect(done.returncode != 0 and said in done.stderr and "two" not in done.stderr, "a wrong table",
                   change, done)


def main():
    program = sys.argv[1]
    check_start(program)
    check_nasty(program)
    check_parvis(program)
    print("upstreams hold")


if __name__ == "__main__":
    main()
