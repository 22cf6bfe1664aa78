#!/usr/bin/env python3
"""What requests that another service answers leave in this server's memory: upstream_scrub.py PARVIS.

The connections to it are kept; of what went over them nothing is."""
import http.server
import json
import pathlib
import sys
import threading

from scrub import found, nothing_is_left, post, skip_without_memory, word
from served import expect, serving
from upstream import DONE, KEY, chunk, settings, write


class Echo(http.server.BaseHTTPRequestHandler):
    """Says what it was told; "waits" not before it may."""
    protocol_version = "HTTP/1.1"
    may, came, ports = threading.Event(), threading.Event(), set()

    def log_message(self, *_):
        pass

    def do_POST(self):
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        body = json.loads(text)
        self.ports.add(self.client_address[1])
        if body["model"] == "waits":
            self.came.set()
            self.may.wait(30)
        if "input" in body:
            data = json.dumps({"data": [{"index": i, "embedding": [1.0]} for i in range(len(body["input"]))], "note": text})
            kind = "application/json"
        else:
            said = body["messages"][-1]["content"] if "messages" in body else body["prompt"]
            logprobs = {"content": [{"token": said, "logprob": -1}]} if body.get("logprobs") else None
            first = json.loads(chunk(said)[6:])
            first["choices"][0]["logprobs"] = logprobs
            data = (b"data: " + json.dumps(first).encode() + b"\n\n" + chunk(finish="stop") + DONE).decode()
            kind = "text/event-stream"
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data.encode())))
        self.end_headers()
        self.wfile.write(data.encode())


def plant(server, model, planted):
    def new(what):
        return planted.setdefault(f"{model}: {what}", word())

    for stream in (False, True):
        post(server, "/v1/chat/completions", {"model": model, "stream": stream, "logprobs": True, "messages": [
            {"role": "user", "content": new(f"chat {stream}")}]})
    post(server, "/v1/completions", {"model": model, "prompt": new("completions")})
    post(server, "/v1/messages", {"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": new("messages")}]})
    post(server, "/v1/embeddings", {"model": model, "input": [new("embeddings"), new("more embeddings")]})


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    other = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    other.daemon_threads = True
    threading.Thread(target=other.serve_forever, daemon=True).start()
    text = settings({"good": "good", "waits": "waits"}, f"http://127.0.0.1:{other.server_port}/v1", "{data}/upstream.key",
                    "idle_seconds = 600")
    with serving(program, "--config", "{data}/settings.toml", prepare=lambda folder: write(folder, text, KEY)) as server:
        skip_without_memory(server)
        planted = {}
        waiting = threading.Thread(target=plant, args=(server, "waits", planted))
        waiting.start()
        expect(Echo.came.wait(20) and found(server, planted), "the test does not see what is there", planted)
        Echo.may.set()
        waiting.join()
        plant(server, "good", planted)
        for _ in range(4):  # others' requests
            plant(server, "good", {})
            plant(server, "waits", {})
        expect(len(Echo.ports) < 10, "connections are kept", Echo.ports)
        nothing_is_left(server, planted)


if __name__ == "__main__":
    main()
