#!/usr/bin/env python3
"""Parvis as a server beside llama-server of llama.cpp and its relatives, on the same GGUF files.

    compare.py --parvis build/release/bin/parvis --load build/release/bin/serve_load \\
        --peer 'llama.cpp=/path/to/llama-server' --out results.json MODEL.gguf...

Every server answers OpenAI's /v1/completions, streamed, to the same prompts: token numbers drawn at
random, so that no two share a beginning, the likeliest token next, the end of the text forbidden.
Servers run in turn, `--rounds` times, each time in a new process:

- one client: the time to the first token of 16, 128 and 512 tokens, and what follows a second;
- several clients at once, each with 128 tokens and as many answered: all tokens a second, time to
  the first, time for each;
- a beginning of 2,000 tokens (or what the context holds) again, with another end.

Of Parvis alone, with a model of next to no arithmetic (make_random_gguf.py llama-stub): what the
path itself costs at --rate requests a second, and what a stream that waits holds in memory.
Results: bench/report.py.
"""
import argparse
import contextlib
import json
import os
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from measure import (GgufHeader, raise_priority, read_numbers, say,  # noqa: E402
                     summary, write_results)

START_LIMIT_S = 120


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def quantile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))]


class Server:
    """A running server: a port, a key, a process."""

    def __init__(self, name, process, port, key=""):
        self.name, self.process, self.port, self.key = name, process, port, key

    def memory(self, key="VmRSS"):
        with open(f"/proc/{self.process.pid}/status") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith(key + ":"))

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Parvis:
    name = "parvis"

    def __init__(self, program):
        self.program = pathlib.Path(program).resolve()
        self.version = subprocess.run([self.program, "--version"], check=True, text=True,
                                      stdout=subprocess.PIPE).stdout.strip()

    @contextlib.contextmanager
    def serve(self, model, arguments, parallel, context, flags=(), kv_mib=2048,
              data=None):
        folder = tempfile.mkdtemp(prefix="parvis-bench-", dir=data)
        command = [self.program, "serve", model, "--port", "0", "--json", "--data", folder, "--log",
                   "none", "-t", arguments.threads, "--batch", parallel, "--kv-memory", kv_mib,
                   *flags]
        process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE,
                                   text=True, preexec_fn=raise_priority(arguments.priority))
        said = json.loads(process.stdout.readline() or "{}")
        if "address" not in said:
            sys.exit("parvis serve did not start")
        server = Server(self.name, process, int(said["address"].rsplit(":", 1)[1]), said["key"])
        try:
            yield server
        finally:
            server.stop()
            shutil.rmtree(folder, ignore_errors=True)

    @staticmethod
    def extra(eos):
        return {"logit_bias": {str(eos): -100}, "stream_options": {"include_usage": True}}


class Llama:
    def __init__(self, name, program):
        self.name, self.program = name, pathlib.Path(program).resolve()
        told = subprocess.run([self.program, "--version"], text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT).stdout
        self.version = next((line.removeprefix("version: ") for line in told.splitlines()
                             if line.startswith("version")), "")

    @contextlib.contextmanager
    def serve(self, model, arguments, parallel, context):
        port = free_port()
        command = [self.program, "-m", model, "--host", "127.0.0.1", "--port", port, "-t",
                   arguments.threads, "-c", context * parallel, "-np", parallel]
        process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL,
                                   preexec_fn=raise_priority(arguments.priority))
        server = Server(self.name, process, port)
        try:
            self.wait(server)
            yield server
        finally:
            server.stop()

    @staticmethod
    def wait(server):
        end = time.monotonic() + START_LIMIT_S
        while time.monotonic() < end and server.process.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/health") as answer:
                    if answer.status == 200:
                        return
            except OSError:
                pass
            time.sleep(0.05)
        sys.exit(f"{server.name} did not start")

    @staticmethod
    def extra(eos):
        return {"ignore_eos": True}


def send(load, server, bodies, clients, priority=0, rate=0, path="/v1/completions"):
    """The answers that serve_load writes down."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        file.write("".join(json.dumps(body) + "\n" for body in bodies))
        file.flush()
        command = [load, "--port", server.port, "--path", path, "--bodies", file.name, "--clients",
                   clients, *(["--rate", rate] if rate else [])]
        output = subprocess.run([str(word) for word in command], check=True, text=True,
                                stdout=subprocess.PIPE, env=os.environ | {"PARVIS_KEY": server.key},
                                preexec_fn=raise_priority(priority)).stdout
    answers = [json.loads(line) for line in output.splitlines()]
    bad = [a for a in answers if a["status"] != 200 or a.get("error")]
    if bad:
        sys.exit(f"{server.name}: {len(bad)} of {len(answers)} failed: {json.dumps(bad[0])[:600]}")
    return answers


def tokens_of(answer):
    """By the server's own count, if it gives one: an event may carry several tokens."""
    try:
        return json.loads(answer["last"])["usage"]["completion_tokens"]
    except (ValueError, KeyError, TypeError):
        return len(answer["events"])


class Prompts:
    def __init__(self, model, seed):
        header = GgufHeader(model)
        family = header.keys["general.architecture"]
        self.vocabulary = header.keys.get(f"{family}.vocab_size", 0) or \
            header.tensors["token_embd.weight"][0] // header.number("embedding_length")
        self.eos = header.keys.get("tokenizer.ggml.eos_token_id", 0)
        self.context = header.number("context_length")
        self.random = random.Random(seed)
        self.name = pathlib.Path(model).stem

    def tokens(self, count):
        low = min(300, self.vocabulary // 2)
        return [self.random.randrange(low, self.vocabulary) for _ in range(count)]

    def body(self, engine, prompt, answer):
        return {"model": self.name, "prompt": prompt, "max_tokens": answer, "temperature": 0,
                "stream": True, **engine.extra(self.eos)}


def one_client(engine, server, prompts, a):
    for length in a.prompts:
        if length + a.answer > prompts.context:
            continue
        bodies = [prompts.body(engine, prompts.tokens(length), a.answer) for _ in range(a.repeats)]
        answers = send(a.load, server, bodies, 1, a.priority)
        yield {"test": "one", "prompt": length,
               "first_token": [x["events"][0] for x in answers],
               "rate": [(tokens_of(x) - 1) / (x["end"] - x["events"][0]) for x in answers]}


def several_clients(engine, server, prompts, clients, a):
    bodies = [prompts.body(engine, prompts.tokens(128), 128) for _ in range(max(2, clients))]
    answers = send(a.load, server, bodies, clients, a.priority)
    wall = max(x["at"] + x["end"] for x in answers)
    return {"test": "several", "clients": clients,
            "rate": [sum(map(tokens_of, answers)) / wall],
            "first_token": [x["events"][0] for x in answers],
            "token": [(x["end"] - x["events"][0]) / max(1, tokens_of(x) - 1) for x in answers]}


def prefix(engine, server, prompts, a):
    """The same beginning again, each pair another; another end, so that no request is repeated."""
    length = min(2000, prompts.context - 64)
    cold, warm = [], []
    for _ in range(max(2, a.repeats // 2)):
        start = prompts.tokens(length)
        for times in (cold, warm):
            body = prompts.body(engine, start + prompts.tokens(8), 8)
            times.append(send(a.load, server, [body], 1, a.priority)[0]["events"][0])
    return {"test": "prefix", "prompt": length, "first_token": cold, "again": warm}


def measure(engine, model, seed, a):
    prompts = Prompts(model, seed)
    context = max(a.prompts) + a.answer + 16
    context = min(prompts.context, max(context, 272))
    with engine.serve(model, a, 1, prompts.context) as server:
        send(a.load, server, [prompts.body(engine, prompts.tokens(16), 16)], 1)  # warm
        yield from one_client(engine, server, prompts, a)
        yield prefix(engine, server, prompts, a)
        yield {"test": "memory", "bytes": [server.memory("VmHWM")]}
    for clients in a.clients:
        with engine.serve(model, a, clients, 272) as server:
            send(a.load, server, [prompts.body(engine, prompts.tokens(16), 16)], 1)
            yield several_clients(engine, server, prompts, clients, a)


def path_cost(parvis, model, a, data):
    """Whole requests, not streamed, of four tokens and one answered; the clients' side is in it.
    Records are synced to the disk that holds `data` twice a request."""
    prompts = Prompts(model, 1)
    with parvis.serve(model, a, 16, 0, data=data) as server:
        bodies = [{"model": prompts.name, "prompt": prompts.tokens(4), "max_tokens": 1}
                  for _ in range(int(a.rate * a.rate_seconds))]
        send(a.load, server, bodies[:200], 8)
        answers = send(a.load, server, bodies, 64, a.priority, rate=a.rate)
    times = [x["end"] for x in answers]
    return {"rate": a.rate, "requests": len(times), "p50": quantile(times, 0.5),
            "p99": quantile(times, 0.99), "max": max(times), "sync": sync_times(data)}


def sync_times(data):
    """Seconds of a 4 KiB write that is synced, without Parvis."""
    times = []
    with tempfile.TemporaryFile(dir=data) as file:
        for _ in range(200):
            os.write(file.fileno(), bytes(4096))
            start = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - start)
    return {"p50": quantile(times, 0.5), "p99": quantile(times, 0.99)}


def idle_streams(parvis, model, a):
    """Bytes that a stream holds which waits for its turn, its connection with it. Keys and values
    have next to no room, since what is kept of finished answers would count."""
    prompts, count = Prompts(model, 2), a.idle
    with parvis.serve(model, a, 1, 0, ["--max-requests", count + 10], kv_mib=1) as server:
        def ask(connection, answer):
            body = json.dumps(prompts.body(parvis, prompts.tokens(4), answer)).encode()
            connection.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: "
                               b"Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d"
                               b"\r\n\r\n%s" % (server.key.encode(), len(body), body))

        with contextlib.ExitStack() as stack:
            def connect():
                return stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            busy = [connect() for _ in range(2)]
            for connection in busy:
                ask(connection, 240)
            before = server.memory()
            waiting = [connect() for _ in range(count)]
            for connection in waiting:
                ask(connection, 240)
            said = {connection: b"" for connection in waiting}
            end = time.monotonic() + START_LIMIT_S
            while not all(said.values()) and time.monotonic() < end:  # until each has its head
                for connection in waiting:
                    with contextlib.suppress(BlockingIOError):
                        said[connection] += connection.recv(1 << 20, socket.MSG_DONTWAIT)
            after = server.memory()
    wait = sum(b"[DONE]" not in text for text in said.values() if text)
    return {"streams": count, "waiting": wait, "bytes_each": (after - before) / count}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("models", nargs="*", metavar="MODEL.gguf")
    for flag in ("--parvis", "--load", "--out"):
        parser.add_argument(flag, required=True)
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PROGRAM")
    parser.add_argument("--stub", help="a model of next to no arithmetic, for the path's own cost")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--prompts", type=read_numbers, default=[16, 128, 512])
    parser.add_argument("--answer", type=int, default=64)
    parser.add_argument("--clients", type=read_numbers, default=[1, 8, 32])
    parser.add_argument("--rate", type=float, default=500)
    parser.add_argument("--rate-seconds", type=float, default=20)
    parser.add_argument("--idle", type=int, default=5000)
    parser.add_argument("--priority", type=int, default=0)
    a = parser.parse_args()
    a.load = str(pathlib.Path(a.load).resolve())
    parvis = Parvis(a.parvis)
    engines = [parvis, *(Llama(*peer.split("=", 1)) for peer in a.peer)]
    document = {"schema": "parvis.bench.serve/1", "threads": a.threads, "rounds": a.rounds,
                "answer": a.answer, "engines": {e.name: e.version for e in engines}, "rows": []}
    if a.stub:
        places = {"disk": None} | ({"memory": "/dev/shm"} if os.path.isdir("/dev/shm") else {})
        document["path"] = {name: path_cost(parvis, a.stub, a, data)
                            for name, data in places.items()}
        say(f"path {document['path']}")
        document["idle"] = idle_streams(parvis, a.stub, a)
        say(f"idle {document['idle']}")
    rows = {}
    for round_ in range(a.rounds):
        for model in a.models:
            for engine in engines:
                for row in measure(engine, model, round_, a):
                    key = (pathlib.Path(model).stem, engine.name, row["test"],
                           row.get("prompt"), row.get("clients"))
                    kept = rows.setdefault(key, {})
                    for name, values in row.items():
                        if isinstance(values, list):
                            kept.setdefault(name, []).extend(values)
                    say(f"{key} " + json.dumps({n: round(sorted(v)[len(v) // 2], 4)
                                                for n, v in row.items() if isinstance(v, list)}))
    for (model, engine, test, prompt, clients), values in rows.items():
        row = {"model": model, "engine": engine, "test": test}
        row |= {"prompt": prompt} if prompt else {}
        row |= {"clients": clients} if clients else {}
        document["rows"].append(row | {name: summary(v) for name, v in values.items()})
    write_results(a.out, document)


if __name__ == "__main__":
    main()
