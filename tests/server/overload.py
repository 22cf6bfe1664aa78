#!/usr/bin/env python3
"""Ten times as many requests as may be under way: overload.py PARVIS.

Whoever does not come in is told so in the words of the dialect, and when to come again; who is inside is
answered whole; who comes again as told is answered in the end. How many a second: bench/serve/overload.py."""
import concurrent.futures
import json
import os
import pathlib
import sys
import time

from served import events, expect, serving, wait_for

MAX_REQUESTS = 8
CROWD = 10 * MAX_REQUESTS
TRIES = 100
SHORT = {"model": "fable", "prompt": "Once", "max_tokens": 3, "temperature": 0, "logit_bias": {"0": -100}}
HI = [{"role": "user", "content": "Hi"}]
# A request of each kind, and where the words of a refusal stand in its answer.
KINDS = [
    ("/v1/completions", SHORT, lambda body: body["error"]["code"] == "overloaded"),
    ("/v1/completions", SHORT | {"stream": True}, lambda body: body["error"]["code"] == "overloaded"),
    ("/v1/chat/completions", {"model": "chat", "messages": HI, "max_tokens": 3},
     lambda body: body["error"]["type"] == "server_error"),
    ("/v1/responses", {"model": "chat", "input": "Hi", "background": True},
     lambda body: body["error"]["code"] == "overloaded"),
    ("/v1/messages", {"model": "chat", "messages": HI, "max_tokens": 3},
     lambda body: body["error"]["type"] == "overloaded_error"),
    ("/api/generate", {"model": "fable", "prompt": "Hi", "options": {"num_predict": 3}},
     lambda body: "under way" in body["error"]),
    ("/v1/embeddings", {"model": "bert", "input": "Hi"}, lambda body: body["error"]["code"] == "overloaded"),
    ("/v1/models/load", {"model": "bert", "stream": True}, lambda body: body["error"]["code"] == "overloaded"),
]


def wait_told(headers):
    """How long somebody who was sent away is told to wait, in seconds."""
    seconds, ms = int(headers["retry-after"]), int(headers["retry-after-ms"])
    expect(1 <= seconds <= 120 and 0 < ms <= 1000 * seconds and headers["x-should-retry"] == "true", "when to come again",
           headers)
    return ms / 1000


def prepare(folder):
    """An adapter whose file never comes to an end: models behind it are not loaded, requests wait."""
    pipe = folder / "data/pipe"
    os.mkfifo(pipe)
    os.chmod(pipe, 0o666)
    settings = folder / "data/settings.toml"
    settings.write_text(f'[adapters.slow]\nmodel = "bert"\npath = "{pipe}"\n')
    os.chmod(settings, 0o644)
    return pipe


def in_flight(server):
    lines = server.ask("GET", "/metrics")[2].decode().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("parvis_requests_in_flight "))


def check_full_house(server):
    """As many as may be are under way, and ten times as many come."""
    pipe = server.prepared
    with concurrent.futures.ThreadPoolExecutor(MAX_REQUESTS + CROWD) as pool:
        held = pool.submit(server.ask, "POST", "/v1/embeddings", {"model": "slow", "input": "Hi"})
        wait_for(lambda: in_flight(server) == 1, "the first")
        inside = [pool.submit(server.ask, "POST", "/v1/completions", SHORT | {"stream": i % 2 == 0, "max_tokens": 20})
                  for i in range(MAX_REQUESTS - 1)]
        wait_for(lambda: in_flight(server) == MAX_REQUESTS, "a full house")
        crowd = [(pool.submit(server.ask, "POST", path, body), path, fits) for path, body, fits in
                 KINDS * (CROWD // len(KINDS))]
        for asked, path, fits in crowd:
            status, headers, data = asked.result()
            expect(status == 503 and headers["content-type"].startswith("application/json"), "a crowd", path, status, data)
            expect(fits(json.loads(data)), "the words of the dialect", path, data)
            wait_told(headers)
        expect(server.ask("GET", "/health", key=None)[0] == 200, "the server lives")
        expect(in_flight(server) == MAX_REQUESTS, "who is inside stays there")
        with open(pipe, "w", encoding="utf-8"):
            pipe.unlink()
            pipe.write_text("no adapter")
        expect(held.result()[0] == 503, "what it waited for", held.result())
        for asked in inside:
            status, headers, data = asked.result()
            expect(status == 200, "who was inside", status, data)
            if headers["content-type"].startswith("text/event-stream"):
                told = events(data)
                text, end = "".join(e["choices"][0]["text"] for e in told[:-1]), told[-2]["choices"][0]
                expect(told[-1] == "[DONE]", "a whole stream", told)
            else:
                end = json.loads(data)["choices"][0]
                text = end["text"]
            expect(len(text) > 20 and end["finish_reason"] == "length", "a whole answer", text, end)


def check_crowd(server):
    """Who comes again as told is answered, and as who asks alone."""
    alone = json.loads(server.ask("POST", "/v1/completions", SHORT)[2])["choices"]

    def come(_):
        for _ in range(TRIES):
            status, headers, data = server.ask("POST", "/v1/completions", SHORT)
            if status == 200:
                expect(json.loads(data)["choices"] == alone, "an answer in a crowd", data, alone)
                return
            expect(status == 503, "a crowd", status, data)
            time.sleep(wait_told(headers))
        expect(False, "never answered")

    with concurrent.futures.ThreadPoolExecutor(CROWD) as pool:
        list(pool.map(come, range(CROWD)))
    wait_for(lambda: in_flight(server) == 0, "all have gone")


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    with serving(program, "--max-requests", str(MAX_REQUESTS), "--config", "{data}/settings.toml",
                 prepare=prepare) as server:
        check_full_house(server)
        check_crowd(server)
    print("a crowd is sent away")


if __name__ == "__main__":
    main()
