#!/usr/bin/env python3
"""Connections to other services that are kept: upstream_connections.py PARVIS.

The other side is a stand-in of bare sockets that closes, speaks unasked and lies about lengths. No caller may get
what was meant for another, and no request may fail because a kept connection did."""
import concurrent.futures
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

from served import expect, serving, wait_for
from upstream import KEY, chat, chunk, settings, write

POISON = "poison"


def chunked(*parts):
    return (b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
            + b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in parts) + b"0\r\n\r\n")


def sized(body, length=None):
    length = len(body) if length is None else length
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %d\r\n\r\n%s" % (length, body)


def answer(text):
    return chunk(text) + chunk(finish="stop") + b"data: [DONE]\n\n"


class Standin:
    """`requests`: (connection, key, model), in order; `open`: connections that nobody closed yet."""

    def __init__(self, context=None):
        self.requests, self.open, self.lock, self.count = [], set(), threading.Lock(), 0
        self.context = context
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.gate = threading.Event()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            s, _ = self.listener.accept()
            with self.lock:
                self.count += 1
                number = self.count
                self.open.add(number)
            threading.Thread(target=self.serve, args=(s, number), daemon=True).start()

    def serve(self, s, number):
        try:
            if self.context:
                s = self.context.wrap_socket(s, server_side=True)
            turn = 0
            while request := self.read(s):
                turn += 1
                head, body = request
                key = next(line.split(" ", 2)[2] for line in head.split("\r\n") if line.lower().startswith("authorization:"))
                model = json.loads(body)["model"]
                self.requests.append((number, key, model))
                if not self.say(s, model, turn):
                    break
        except OSError:
            pass
        finally:
            s.close()
            with self.lock:
                self.open.discard(number)

    @staticmethod
    def read(s):
        data = b""
        while b"\r\n\r\n" not in data:
            part = s.recv(65536)
            if not part:
                return None
            data += part
        head, _, body = data.partition(b"\r\n\r\n")
        head = head.decode()
        length = int(next(line.split(":")[1] for line in head.split("\r\n") if line.lower().startswith("content-length:")))
        while len(body) < length:
            body += s.recv(65536)
        return head, body

    def say(self, s, model, turn):
        """Whether the connection stays open."""
        good = chunked(answer("right"))
        if model == "closes":
            s.sendall(good)
            return False
        if model == "drops" and turn > 1 or model == "never":
            return False
        if model == "half" and turn > 1:
            s.sendall(b"HTTP/1.1 200 OK\r\nContent-")
            return False
        if model == "early":
            s.sendall(good)
            time.sleep(0.2)
            s.sendall(chunked(answer(POISON)))
        elif model == "trailing":
            s.sendall(good + chunked(answer(POISON)))
        elif model == "long":
            s.sendall(sized(answer("right")) + sized(answer(POISON)))
        elif model == "short":
            s.sendall(sized(answer("right")[:-30], len(answer("right"))))
            return False
        elif model == "gate":
            self.gate.wait(20)
            s.sendall(good)
        elif model == "waits":
            s.sendall(good[:good.index(b"\r\n\r\n") + 4])
            part = chunk("a")
            for _ in range(300):
                s.sendall(b"%x\r\n%s\r\n" % (len(part), part))
                time.sleep(0.1)
        else:
            s.sendall(good)
        return True

    def of(self, model):
        return [number for number, _, name in self.requests if name == model]


def text_of(server, model, wanted=200):
    status, _, data = chat(server, model)
    expect(status == wanted and POISON.encode() not in data, "an answer", model, status, data)
    if wanted == 200:
        expect(json.loads(data)["choices"][0]["message"]["content"] == "right", "the text", model, data)


def check_kept(server, other):
    for _ in range(5):
        text_of(server, "good")
    expect(len(set(other.of("good"))) == 1, "one connection is used again", other.requests)
    for _ in range(3):  # closed after the answer: noticed before the next request
        text_of(server, "closes")
        time.sleep(0.1)
    expect(len(other.of("closes")) == 3 and len(set(other.of("closes"))) == 3, "sent twice", other.of("closes"))


def check_dropped(server, other):
    """A kept connection that ends with a request on it: once more, over another one, and no more than that."""
    text_of(server, "drops")
    text_of(server, "drops")
    first, second, third = other.of("drops")
    expect(first == second != third, "once more, over a new connection", other.of("drops"))
    text_of(server, "never", 502)
    expect(len(other.of("never")) == 1, "a new connection that ends is no kept one", other.of("never"))
    text_of(server, "half")
    text_of(server, "half", 502)  # an answer has begun: not again
    expect(len(other.of("half")) == 2, "sent again after an answer had begun", other.of("half"))


def check_unasked(server, other):
    """Bytes that nobody asked for are nobody's answer."""
    for model in ("early", "trailing", "long"):
        for _ in range(4):
            text_of(server, model)
            time.sleep(0.4)
        expect(len(other.of(model)) == 4, "each once", model, other.of(model))
    text_of(server, "short", 502)
    text_of(server, "short", 502)
    expect(len(set(other.of("short"))) == 2, "a connection that broke off is used again", other.of("short"))


def check_bounds(server, other):
    """Three idle connections are kept of eight, and none for long. A cut answer's connection is not."""
    wait_for(lambda: not other.open, "idle connections are closed", 10, other.open)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(text_of, server, "gate") for _ in range(8)]
        wait_for(lambda: len(other.of("gate")) == 8, "eight at a time", 20)
        other.gate.set()
        for one in asked:
            one.result()
    wait_for(lambda: len(other.open) <= 3, "more than three are kept", 1.5, other.open)
    expect(len(other.open) == 3, "three are kept", other.open)
    wait_for(lambda: not other.open, "they are closed after two seconds", 5, other.open)
    s = socket.create_connection(("127.0.0.1", server.port))
    body = json.dumps({"model": "waits", "stream": True, "messages": [{"role": "user", "content": "a"}], "max_tokens": 500})
    s.sendall(f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nx-api-key: {server.key}\r\n"
              f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
    wait_for(lambda: other.of("waits"), "it is asked")
    s.close()
    wait_for(lambda: not other.open, "the connection is cut", 10, other.open)


def check_keys(server, other, text):
    """One service under two keys, and a key that changes: a connection knows one key."""
    for _ in range(3):
        text_of(server, "good")
        text_of(server, "second")
    write(server.folder, text, KEY[::-1])
    server.process.send_signal(signal.SIGHUP)

    def changed():
        text_of(server, "good")
        return other.requests[-1][1] == KEY[::-1]
    wait_for(changed, "the new key")
    keys = {}
    for number, key, _ in other.requests:
        keys.setdefault(number, set()).add(key)
    expect(all(len(k) == 1 for k in keys.values()), "two keys over one connection", keys)
    expect(set().union(*keys.values()) == {KEY, "sk-other", KEY[::-1]}, "all three were used", keys)


def check_certificate(program):
    """Who nobody vouches for is told nothing, also the second time."""
    with tempfile.TemporaryDirectory() as folder:
        made = subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                               "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", folder + "/key.pem",
                               "-out", folder + "/cert.pem"], capture_output=True, check=False)
        expect(made.returncode == 0, "a certificate", made.stderr)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder + "/cert.pem", folder + "/key.pem")
    other = Standin(context)
    text = settings({"far": "good"}, f"https://127.0.0.1:{other.port}/v1", "{data}/upstream.key")
    with serving(program, "--config", "{data}/settings.toml", prepare=lambda f: write(f, text, KEY)) as server:
        for _ in range(3):
            text_of(server, "far", 502)
    expect(other.count >= 3 and not other.requests, "it was told something", other.count, other.requests)


def main():
    program = sys.argv[1]
    other = Standin()
    names = ("good", "closes", "drops", "never", "half", "early", "trailing", "long", "short", "gate", "waits")
    url = f"http://127.0.0.1:{other.port}/v1"
    text = settings({name: name for name in names}, url, "{data}/upstream.key",
                    "idle_connections = 3\nidle_seconds = 2")
    text += settings({"second": "good"}, url, "{data}/other.key")

    def prepare(folder):
        write(folder, text, KEY)
        (folder / "data/other.key").write_text("sk-other\n")
        os.chmod(folder / "data/other.key", 0o644)
    with serving(program, "--config", "{data}/settings.toml", prepare=prepare) as server:
        check_kept(server, other)
        check_dropped(server, other)
        check_unasked(server, other)
        check_bounds(server, other)
        check_keys(server, other, text)
    wait_for(lambda: not other.open, "the end closes them", 10, other.open)
    check_certificate(program)
    print("connections hold")


if __name__ == "__main__":
    main()
