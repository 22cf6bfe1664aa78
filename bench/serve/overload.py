#!/usr/bin/env python3
"""Ten times as many requests as can be answered: overload.py PARVIS SERVE_LOAD [RESULT.json [SECONDS [MODEL.gguf]]].

Requests come at times of their own (load.cc, --rate), whatever the server answers. It tells how many are
answered a second, beside the most that the server answers in the same run (nine in ten are wanted), and how
long it takes until it answers as before when the crowd has gone (five seconds are). What is said to whom is
tests/server/overload.py's."""
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests/server"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from measure import write_results  # noqa: E402
from served import expect, serving  # noqa: E402

MAX_REQUESTS = 64
BATCH = 8
CLIENTS = 160  # more than may be under way, so that it is the server that sends them away
PROMPT, ANSWER = 32, 32
SHARE, RECOVERY_S = 0.9, 5.0


def bodies(model, count, seed):
    draw = random.Random(seed)
    return [{"model": model, "prompt": [draw.randrange(300, 8000) for _ in range(PROMPT)], "max_tokens": ANSWER,
             "logit_bias": {"0": -100}} for _ in range(count)]


class Load:
    def __init__(self, program, server):
        self.program, self.server = program, server

    def send(self, requests, clients, rate=None, limit=None):
        """What came of each, as serve_load writes it down."""
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
            file.writelines(json.dumps(body) + "\n" for body in requests)
            file.flush()
            flags = ["--port", str(self.server.port), "--path", "/v1/completions", "--bodies", file.name,
                     "--clients", str(clients)]
            flags += ["--rate", str(rate)] if rate else []
            flags += ["--limit", str(limit)] if limit else []
            said = subprocess.run([self.program, *flags], check=True, stdout=subprocess.PIPE, text=True,
                                  env=os.environ | {"PARVIS_KEY": self.server.key}).stdout
        return [json.loads(line) for line in said.split("\n") if line]


def answered(answers, begin, end):
    """Whole answers a second, of those that came in this time."""
    return sum(a["status"] == 200 and begin <= a["at"] + a["end"] < end for a in answers) / (end - begin)


class Watch(threading.Thread):
    """Looks now and then how many requests are under way, and whether one more is sent away."""

    def __init__(self, server, model):
        super().__init__(daemon=True)
        self.server, self.model, self.over = server, model, threading.Event()
        self.most, self.sent_away = 0, 0

    def run(self):
        body = bodies(self.model, 1, 99)[0] | {"max_tokens": 1}
        while not self.over.wait(0.2):
            text = self.server.ask("GET", "/metrics")[2].decode()
            self.most = max(self.most, float(re.search(r"^parvis_requests_in_flight (\S+)", text, re.M)[1]))
            self.sent_away += self.server.ask("POST", "/v1/completions", body)[0] != 200


def recovery(server, model, usual):
    """Seconds until requests are answered as quickly as before."""
    begun = time.monotonic()
    for body in bodies(model, 1000, 7):
        asked = time.monotonic()
        status = server.ask("POST", "/v1/completions", body)[0]
        if status == 200 and time.monotonic() - asked <= 3 * usual:
            return asked - begun
        if time.monotonic() - begun > 4 * RECOVERY_S:
            break
    return time.monotonic() - begun


def measure(server, load, model, seconds):
    load.send(bodies(model, 2 * BATCH, 1), BATCH)  # warm
    times = []
    for body in bodies(model, 5, 2):
        begun = time.monotonic()
        server.ask("POST", "/v1/completions", body)
        times.append(time.monotonic() - begun)
    usual = sorted(times)[len(times) // 2]
    # The best of a full house without a crowd at the door: as many clients as may come in.
    calm = load.send(bodies(model, 12000, 3), MAX_REQUESTS, limit=seconds)
    peak = answered(calm, 2, seconds)
    rate = 10 * peak
    watch = Watch(server, model)
    watch.start()
    crowd = load.send(bodies(model, int(rate * seconds), 4), CLIENTS, rate=rate)
    back = recovery(server, model, usual)
    watch.over.set()
    watch.join()
    statuses = {}
    for answer in crowd:
        statuses[answer["status"]] = statuses.get(answer["status"], 0) + 1
    span = max(a["at"] for a in crowd)
    return watch, {"seconds": round(span, 1), "peak_per_s": round(peak, 2), "offered_per_s": round(len(crowd) / span, 2),
                   "answered_per_s": round(answered(crowd, 2, span), 2), "statuses": statuses,
                   "most_under_way": watch.most, "recovery_s": round(back, 2),
                   "alone_s": round(usual, 3), "max_requests": MAX_REQUESTS}


def main():
    program, load, *more = sys.argv[1:]
    seconds = float(more[1]) if len(more) > 1 else 20
    model = more[2] if len(more) > 2 else "fable"
    with serving(program, "--max-requests", str(MAX_REQUESTS), "--batch", str(BATCH), "--log", "none", "-m", model) as server:
        watch, found = measure(server, Load(load, server), pathlib.Path(model).stem, seconds)
    found["model"] = pathlib.Path(model).name
    found["share"] = round(found["answered_per_s"] / found["peak_per_s"], 3)
    print(json.dumps(found))
    if more:
        path = pathlib.Path(more[0])
        runs = json.loads(path.read_text())["runs"] if path.exists() else []
        runs = [run for run in runs if run["model"] != found["model"]] + [found]
        write_results(path, {"schema": "parvis.bench.overload/1", "runs": runs})
    expect(set(found["statuses"]) <= {200, 429, 503}, "answers of another kind", found)
    expect(watch.sent_away > 0 and found["statuses"].get(503, 0) > 0, "nobody was sent away", found)
    expect(found["most_under_way"] <= MAX_REQUESTS, "more are under way than may be", found)
    expect(found["recovery_s"] <= RECOVERY_S, "the crowd has gone, and answers are still slow", found)
    expect(found["share"] >= SHARE, "a crowd at the door keeps those inside from being answered", found)
    print("a crowd is sent away")


if __name__ == "__main__":
    main()
