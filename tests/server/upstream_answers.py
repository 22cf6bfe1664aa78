#!/usr/bin/env python3
"""Vectors and log-probabilities that another service computes: upstream_answers.py PARVIS.

A second Parvis computes them: they come through to the bit. Then a service that answers what makes no sense."""
import base64
import contextlib
import http.server
import json
import math
import struct
import sys
import threading

from served import events, expect, serving
from upstream import CHAT, KEY, chat, records, settings, write, nasty

WORDS = ["A red fox", "Il pleut", "été", "a" * 300]


# --- a second Parvis ---

def check_parvis(program):
    with serving(program, "-m", "chat") as far:
        models = {"vectors": "bert", "far": "chat", "tales": "fable"}
        text = settings(models, far.base_url + "/v1", "{data}/upstream.key")
        with serving(program, "--config", "{data}/settings.toml",
                     prepare=lambda folder: write(folder, text, far.key)) as near:
            same_vectors(far, near)
            same_logprobs(far, near)


def both(far, near, path, body, there, here):
    theirs = far.ask("POST", path, body | {"model": there})
    ours = near.ask("POST", path, body | {"model": here})
    expect(theirs[0] == ours[0] == 200, "refused", path, body, theirs, ours)
    return theirs[2], ours[2]


def same_vectors(far, near):
    for more in ({}, {"encoding_format": "base64"}, {"dimensions": 5}, {"dimensions": 5, "encoding_format": "base64"}):
        for texts in (WORDS[0], WORDS):
            theirs, ours = map(json.loads, both(far, near, "/v1/embeddings", {"input": texts} | more, "bert", "vectors"))
            expect(ours["data"] == theirs["data"] and ours["usage"] == theirs["usage"], "other vectors", more, ours, theirs)
            expect(ours["model"] == "vectors", "whose", ours["model"])
    many = [f"text {i}" for i in range(300)]  # more than go there at a time
    theirs, ours = map(json.loads, both(far, near, "/v1/embeddings", {"input": many}, "bert", "vectors"))
    expect(ours["data"] == theirs["data"] and ours["usage"] == theirs["usage"], "many", ours["usage"], theirs["usage"])
    finish, read, written, most, bound = records(near, "vectors")[-1]
    expect((finish, read, written, most) == ("stop", ours["usage"]["prompt_tokens"], 0, 0)
           and bound == sum(len(t) + 16 for t in many), "the record", records(near, "vectors")[-1])
    theirs, ours = map(json.loads, both(far, near, "/api/embed", {"input": WORDS}, "bert", "vectors"))
    expect(ours["embeddings"] == theirs["embeddings"], "Ollama's words")
    for body in ({"input": [1, 2]}, {"input": [[1], [2]]}, {"input": "a", "dimensions": 65536}):
        status, _, data = near.ask("POST", "/v1/embeddings", body | {"model": "vectors"})
        expect(status == 400 and json.loads(data)["error"]["param"] in body, "not passed on", body, status, data)
    status, _, data = near.ask("POST", "/v1/embeddings", {"input": "a", "dimensions": 999, "model": "vectors"})
    expect(status == 400 and json.loads(data)["error"]["param"] == "dimensions", "too many there", status, data)


def same_logprobs(far, near):
    asked = CHAT | {"logprobs": True, "top_logprobs": 3, "temperature": 0.8, "seed": 7, "n": 2}
    theirs, ours = map(json.loads, both(far, near, "/v1/chat/completions", asked, "chat", "far"))
    for a, b in zip(ours["choices"], theirs["choices"]):
        expect(a["logprobs"] == b["logprobs"] and len(a["logprobs"]["content"]) == 20, "chat", a, b)
    told = [c for e in events(both(far, near, "/v1/chat/completions", asked | {"stream": True}, "chat", "far")[1])[:-1]
            for c in e["choices"]]
    for choice in theirs["choices"]:
        streamed = [t for c in told if c["index"] == choice["index"] and c["logprobs"] for t in c["logprobs"]["content"]]
        expect(streamed == choice["logprobs"]["content"], "streamed", streamed, choice)
    plain = CHAT | {"logprobs": True}
    theirs, ours = map(json.loads, both(far, near, "/v1/chat/completions", plain | {"temperature": 0}, "chat", "far"))
    expect(ours["choices"][0]["logprobs"] == theirs["choices"][0]["logprobs"], "without others", ours, theirs)
    asked = {"prompt": ["Once upon a time", "Il était une fois"], "max_tokens": 12, "temperature": 0, "logprobs": 4}
    theirs, ours = map(json.loads, both(far, near, "/v1/completions", asked, "fable", "tales"))
    expect([c["logprobs"] for c in ours["choices"]] == [c["logprobs"] for c in theirs["choices"]], "completions",
           ours, theirs)
    expect(all(len(top) == 4 for c in ours["choices"] for top in c["logprobs"]["top_logprobs"]), "four others", ours)
    asked = {"prompt": "Once", "max_tokens": 9, "temperature": 1, "seed": 8, "best_of": 4, "n": 2}
    theirs, ours = map(json.loads, both(far, near, "/v1/completions", asked, "fable", "tales"))
    expect([c["text"] for c in ours["choices"]] == [c["text"] for c in theirs["choices"]], "the best", ours, theirs)
    asked = {"input": "Say something.", "include": ["message.output_text.logprobs"], "top_logprobs": 2,
             "max_output_tokens": 9, "temperature": 0}
    theirs, ours = map(json.loads, both(far, near, "/v1/responses", asked, "chat", "far"))
    expect(ours["output"][0]["content"] == theirs["output"][0]["content"]
           and len(ours["output"][0]["content"][0]["logprobs"]) == 9, "responses", ours, theirs)


# --- one that does what it should not ---

def listed(*vectors, usage=None, **more):
    data = [{"object": "embedding", "index": i, "embedding": v} for i, v in enumerate(vectors)]
    return json.dumps({"object": "list", "data": data, "model": "m"} | ({"usage": usage} if usage else {}) | more)


def base64_of(*values):
    return base64.b64encode(struct.pack(f"<{len(values)}f", *values)).decode()


USAGE = {"prompt_tokens": 5, "total_tokens": 5}
VECTOR = [0.6, 0.8, 0.0]
GOOD = {
    "good": lambda n: listed(*[VECTOR] * n, usage=USAGE),
    "base64": lambda n: listed(*[base64_of(*VECTOR)] * n, usage=USAGE),
    "cheap": lambda n: listed(*[VECTOR] * n, usage={"prompt_tokens": 0}),
    "dear": lambda n: listed(*[VECTOR] * n, usage={"prompt_tokens": 10 ** 18}),
    "odd": lambda n: listed(*[VECTOR] * n, usage={"prompt_tokens": "7"}),
    "silent": lambda n: listed(*[VECTOR] * n),
}
WRONG = {
    "fewer": lambda n: listed(*[VECTOR] * (n - 1)),
    "more": lambda n: listed(*[VECTOR] * (n + 1)),
    "uneven": lambda n: listed(*[VECTOR] * (n - 1), VECTOR[:2]),
    "nan": lambda n: listed(*[[math.nan]] * n),
    "infinite": lambda n: listed(*[[1e308]] * n),
    "nan64": lambda n: listed(*[base64_of(math.nan)] * n),
    "empty": lambda n: listed(*[[]] * n),
    "words": lambda n: listed(*[["1"]] * n),
    "html": lambda n: "<html>" + KEY + "</html>",
    "error": lambda n: json.dumps({"error": {"message": KEY}}),
    "vast": lambda n: listed(*[[0.0] * 20_000] * n),
    "cut": lambda n: listed(*[VECTOR] * n)[:-9],
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen = []

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.append((self.path, body, {k.title(): v for k, v in self.headers.items()}))
        model, count = body["model"], len(body["input"])
        status = int(model) if model.isdigit() else 200
        if model == "later":
            status = 200 if count == 128 else 500
            model = "good"
        self.send_response(status)
        if model == "endless":
            self.close_connection = True
            self.send_header("Connection", "close")
            self.end_headers()
            with contextlib.suppress(OSError):
                while True:
                    self.wfile.write(b"[" * 65536)
            return
        data = b"{}" if model.isdigit() else (GOOD | WRONG)[model](count).encode()
        if status == 429:
            self.send_header("Retry-After", "7")
        self.send_header("Content-Length", str(len(data) + (9 if model == "cut" else 0)))
        self.close_connection = model == "cut"
        self.end_headers()
        self.wfile.write(data)


def embed(server, model, texts=("Hello there", "world"), **more):
    status, headers, data = server.ask("POST", "/v1/embeddings", {"model": model, "input": list(texts)} | more)
    expect(KEY.encode() not in data, "the key is told", model, data)
    return status, headers, data


def check_nasty(program):
    other = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    other.daemon_threads = True
    threading.Thread(target=other.serve_forever, daemon=True).start()
    numbers = {"s" + n: n for n in ("400", "401", "429", "500", "503")}
    models = {name: name for name in (*GOOD, *WRONG, "endless", "later")} | numbers
    text = settings(models, f"http://127.0.0.1:{other.server_port}/v1", "{data}/upstream.key")
    with serving(program, "--config", "{data}/settings.toml", prepare=lambda folder: write(folder, text, KEY)) as server:
        what_is_sent(server)
        counts(server)
        for model, status in (("s400", 400), ("s401", 502), ("s429", 429), ("s500", 502), ("s503", 503)):
            got, headers, data = embed(server, model)
            expect(got == status, "a status", model, got, data)
            expect(model != "s429" or headers["retry-after"] == "7", "retry-after", headers)
            expect(records(server, model)[-1][:3] == ("error", 0, 0), "the record", model, records(server, model))
        for model in (*WRONG, "endless"):
            got, _, data = embed(server, model)
            expect(got == 502, "what makes no sense", model, got, data[:300])
            expect(records(server, model)[-1][0] == "error", "the record", model)
        for size, said in ((4, b"another size"), (2, b"too long")):
            got, _, data = embed(server, "good", dimensions=size)
            expect(got == 502 and said in data, "a size that was not asked for", got, data)
        got, _, data = embed(server, "later", ["some words"] * 200)
        expect(got == 502 and records(server, "later")[-1][:2] == ("error", 128 * 10 // 16), "half of it",
               records(server, "later"))
    with nasty() as other:  # a stream without the log-probabilities that were asked for
        text = settings({"good": "good"}, f"http://127.0.0.1:{other.server_port}/v1", "{data}/upstream.key")
        with serving(program, "--config", "{data}/settings.toml", prepare=lambda folder: write(folder, text, KEY)) as server:
            status, _, data = chat(server, "good", logprobs=True)
            expect(status == 502 and b"no log-probabilities" in data, "none came", status, data)
            expect(chat(server, "good")[0] == 200, "none were asked for")


def what_is_sent(server):
    status, _, data = embed(server, "good", dimensions=3, encoding_format="base64", user="somebody")
    path, body, sent = Handler.seen[-1]
    expect(path == "/v1/embeddings" and body == {"model": "good", "input": ["Hello there", "world"], "dimensions": 3,
                                                 "encoding_format": "float"}, "what is sent", path, body)
    expect(sent["Authorization"] == "Bearer " + KEY and server.key not in str(sent), "the key", sent)
    got = json.loads(data)
    expect(status == 200 and got["data"][1]["embedding"] == base64_of(*VECTOR), "vectors", data)
    wanted = [struct.unpack("<f", struct.pack("<f", v))[0] for v in VECTOR]
    for model in ("good", "base64"):
        got = json.loads(embed(server, model)[2])
        expect([d["embedding"] for d in got["data"]] == [wanted] * 2, "vectors", model, got)


def counts(server):
    """Sixteen bytes, so one token at least and 48 at most."""
    for model, tokens in (("good", 5), ("cheap", 1), ("dear", 16 + 2 * 16), ("silent", 4), ("odd", 4)):
        status, _, data = embed(server, model)
        expect(status == 200 and json.loads(data)["usage"]["prompt_tokens"] == tokens, "told", model, data)
        expect(records(server, model)[-1][1] == tokens, "settled", model, records(server, model))


def check_limit(program):
    """The bytes of a text are reserved as tokens: what has no room is refused, and not sent."""
    other = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=other.serve_forever, daemon=True).start()
    text = settings({"good": "good"}, f"http://127.0.0.1:{other.server_port}/v1", "{data}/upstream.key")
    with serving(program, "--config", "{data}/settings.toml", "--tokens-per-minute", "1000",
                 prepare=lambda folder: write(folder, text, KEY)) as server:
        count = len(Handler.seen)
        status, _, data = embed(server, "good", ["x" * 985])
        expect(status == 429 and len(Handler.seen) == count, "more than there is", status, data)
        expect(embed(server, "good", ["x" * 900])[0] == 200, "what fits")


def main():
    program = sys.argv[1]
    check_nasty(program)
    check_limit(program)
    check_parvis(program)
    print("answers hold")


if __name__ == "__main__":
    main()
