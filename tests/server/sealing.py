#!/usr/bin/env python3
"""Sealed secrets: sealing.py PARVIS. An upstream's key stands encrypted in the configuration or in its file; the
server sends it opened; a new master key and new seals count at SIGHUP without a restart; what is changed, moved to
another place or of another key is refused with its reason, and streams go on with what there was."""
import contextlib
import http.server
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import time

from billing_case import Cli
from served import Server, become_nobody, expect, folder_for_nobody

WAIT_S = 20
ANSWER = {"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [
    {"index": 0, "message": {"role": "assistant", "content": "yes"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}


class Upstream(http.server.BaseHTTPRequestHandler):
    """Another service that remembers the keys that it was shown."""
    shown = []

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        Upstream.shown.append(self.headers.get("authorization"))
        body = b"".join(b"data: " + json.dumps(part).encode() + b"\n\n" for part in (
            {**ANSWER, "object": "chat.completion.chunk",
             "choices": [{"index": 0, "delta": {"content": "yes"}, "finish_reason": "stop"}]},)) + b"data: [DONE]\n\n"
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def seal(cli, name, secret, master):
    done = subprocess.run([cli.folder / "parvis", "secret", "seal", name, "--master-key", master], input=secret.encode(),
                          stdout=subprocess.PIPE, check=True, preexec_fn=become_nobody)
    return done.stdout.decode().strip()


class Place:
    """A folder with a configuration, as an operator keeps it."""

    def __init__(self, folder, port):
        self.cli, self.port = Cli(folder), port
        self.data = folder / "data"
        self.master, self.config, self.key_file = (self.data / n for n in ("parvis.master", "config.toml", "key"))

    def own(self, path, text, mode=0o600):
        path.write_text(text)
        os.chmod(path, mode)
        if os.getuid() == 0:
            shutil.chown(path, "nobody")

    def configure(self, inline, in_file):
        self.own(self.key_file, in_file + "\n")
        self.own(self.config, "".join(
            f'[upstream.{name}]\nurl = "http://127.0.0.1:{self.port}/v1"\nmodel = "m"\n{key}\n' for name, key in (
                ("inline", f'key = "{inline}"'), ("filed", f'key_file = "{self.key_file}"'))))

    def words(self):
        """The two sealed words that stand there now."""
        return self.config.read_text().split('key = "')[1].split('"')[0], self.key_file.read_text().strip()


def shown(server, model):
    """The key that the other service is shown for a request of this model."""
    status, _, data = server.ask("POST", "/v1/chat/completions", {
        "model": model, "messages": [{"role": "user", "content": "?"}], "max_tokens": 5})
    expect(status == 200 and b"yes" in data, "an answer", status, data)
    return Upstream.shown[-1]


def reload(server, said):
    """SIGHUP; what the server says to it."""
    begin = len(said)
    server.process.send_signal(signal.SIGHUP)
    until = time.monotonic() + WAIT_S
    while not any("read anew" in line or "Nothing is changed" in line for line in said[begin:]):
        expect(time.monotonic() < until, "the server says nothing to SIGHUP", said)
        time.sleep(0.02)
    return "".join(said[begin:])


def refused(place, server, said, inline, in_file, why):
    place.configure(inline, in_file)
    answer = reload(server, said)
    expect("Nothing is changed" in answer and why in answer, "why not", why, answer)
    expect(shown(server, "inline") == "Bearer sk-second", "what there was goes on")


def story(place, folder):
    cli, master = place.cli, place.master
    cli.run_bare("secret", "make", master)
    expect(master.stat().st_mode & 0o777 == 0o600, "its rights", oct(master.stat().st_mode))
    place.configure(seal(cli, "upstream.inline", "sk-first\n", master), seal(cli, "upstream.filed", "sk-filed", master))
    kept = place.config.read_text() + place.key_file.read_text()
    expect("sk-" not in kept, "secrets in the open", kept)
    server = Server(folder / "parvis", folder, "--log", "none", "--config", str(place.config), "--master-key", str(master))
    said = []
    reader = threading.Thread(target=lambda: said.extend(iter(server.process.stderr.readline, "")))
    reader.start()
    try:
        expect(shown(server, "inline") == "Bearer sk-first", "the key", Upstream.shown)
        expect(shown(server, "filed") == "Bearer sk-filed", "the key of a file", Upstream.shown)
        # Another secret, then another master key, without a restart.
        place.configure(seal(cli, "upstream.inline", "sk-second", master), place.words()[1])
        expect("read anew" in reload(server, said), "a new secret", said)
        expect(shown(server, "inline") == "Bearer sk-second", "the new one", Upstream.shown)
        old = place.words()
        cli.run_bare("secret", "make", master)
        cli.run_bare("secret", "rotate", "--file", place.config, "--file", place.key_file, "--master-key", master)
        expect(set(old).isdisjoint(place.words()) and place.key_file.stat().st_mode & 0o777 == 0o600, "sealed anew")
        place.own(master, master.read_text().splitlines()[0] + "\n")  # the old key goes
        expect("read anew" in reload(server, said), "a new master key", said)
        expect(shown(server, "inline") == "Bearer sk-second" and shown(server, "filed") == "Bearer sk-filed", "the same")
        new = place.words()
        flipped = new[0][:-4] + ("AAAA" if new[0][-4:] != "AAAA" else "BBBB")
        for inline, in_file, why in ((new[1], new[0], "is the sealed secret of"), (flipped, new[1], "changed since"),
                                     (old[0], new[1], "was sealed under the master key"), ("sk-open", new[1], "in the open"),
                                     (new[0], flipped, "is the sealed secret of"), ("sealed:v1:x", new[1], "no sealed secret")):
            refused(place, server, said, inline, in_file, why)
        place.configure(*new)
        os.chmod(master, 0o644)
        expect("others can read" in reload(server, said), "a key that others can read", said)
        os.chmod(master, 0o600)
        expect("read anew" in reload(server, said), "all is well again", said)
        text = "".join(said)
    finally:
        server.process.send_signal(signal.SIGTERM)
        server.process.wait()
        reader.join()
    for secret in ("sk-first", "sk-second", "sk-filed", master.read_text().strip()):
        expect(secret not in text, "a secret in what the server says")


def credentials(place, folder):
    """systemd's folder of credentials, without a flag."""
    run = folder / "data" / "credentials"
    run.mkdir()
    place.own(run / "parvis.master", place.master.read_text(), 0o440)
    os.chmod(run, 0o755)
    server = Server(folder / "parvis", folder, "--log", "none", "--config", str(place.config), "--new-key",
                    environment={"CREDENTIALS_DIRECTORY": str(run)})
    expect(shown(server, "inline") == "Bearer sk-second", "by systemd's credential", Upstream.shown)
    server.stop()


def main():
    service = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    threading.Thread(target=service.serve_forever, daemon=True).start()
    with folder_for_nobody() as folder, contextlib.closing(service.socket):
        shutil.copy(sys.argv[1], folder / "parvis")
        place = Place(pathlib.Path(folder), service.server_address[1])
        story(place, folder)
        credentials(place, folder)
        service.shutdown()


if __name__ == "__main__":
    main()
