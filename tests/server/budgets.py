#!/usr/bin/env python3
"""Budgets under many callers and kills of the server: budgets.py PARVIS [CALLERS [postgres]]. Streams, cancels
and whole answers of several keys spend one user's day; the server is killed in between. What was delivered, and
what the budget says, is never more than the limit; nothing is charged for what was not delivered."""
import contextlib
import json
import os
import random
import sqlite3
import sys
import threading
import time

import postgres
from served import Server, cli, expect, serving


CALLERS = int(sys.argv[2]) if len(sys.argv) > 2 else 8
# Each kill costs the worst case of all that runs: many callers ask for little.
LIMIT, KILLS, LONGEST = (12_000, 4, 60) if CALLERS < 100 else (80_000, 2, 10)
KILL_LIMIT_S = 180
GONE_LIMIT_S = 30
FLAGS = ("--log", "none", "--max-requests", "10000")
PROMPT = [1, 5, 9, 13, 17]
PRICE = 7  # millionths a token, of input and output alike


class Count:
    def __init__(self):
        self.lock = threading.Lock()
        self.delivered = self.refused = self.whole = self.cut = 0

    def add(self, **counts):
        with self.lock:
            for name, value in counts.items():
                setattr(self, name, getattr(self, name) + value)


def tokens_of(line):
    """Tokens that an event of a stream delivered."""
    if not line.startswith(b"data: {"):
        return 0
    event = json.loads(line[len("data: "):])
    return sum(len(c["logprobs"]["tokens"]) for c in event.get("choices", []) if c.get("logprobs"))


def one_request(server, key, rng, count):
    body = {"model": "fable", "prompt": PROMPT, "max_tokens": rng.randint(1, LONGEST), "logprobs": 0,
            "n": rng.choice([1, 1, 2]), "stream": rng.random() < 0.7, "temperature": 1.0,
            "seed": rng.randint(0, 1 << 30)}
    leave_after = rng.choice([None, None, rng.randint(1, 10)])  # events
    output, events = 0, 0
    try:
        with contextlib.closing(server.connection(timeout=60)) as connection:
            connection.request("POST", "/v1/completions", json.dumps(body),
                               {"Authorization": f"Bearer {key}"})
            answer = connection.getresponse()
            if answer.status != 200:
                answer.read()
                count.add(refused=int(answer.status == 429))
                return answer.status
            if not body["stream"]:
                usage = json.loads(answer.read())["usage"]
                count.add(delivered=usage["total_tokens"], whole=1)
                return 200
            while line := answer.readline():
                output += tokens_of(line)
                events += 1
                if leave_after and events > leave_after:
                    break
    except (OSError, ValueError):
        pass
    except Exception as error:  # http.client's own kinds for a server that is gone
        if type(error).__module__ != "http.client":
            raise
    # Of a stream that was cut the input counts as delivered only if some of the answer was.
    count.add(delivered=output + (len(PROMPT) if output else 0), cut=1)
    return None


def caller(server_of, keys, seed, count, done):
    rng = random.Random(seed)
    while not done.is_set():
        server = server_of()
        status = one_request(server, rng.choice(keys), rng, count)
        if status in (None, 429):
            time.sleep(0.0025 * CALLERS)


class Tables:
    """What is kept, in a file or in a PostgreSQL."""

    def __init__(self, folder, database):
        self.path, self.database = folder / "data" / "parvis.db", database

    def row(self, sql):
        if self.database:
            return [int(x) for x in self.database.sql(sql)[0].split("|")]
        with contextlib.closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)) as db:
            return db.execute(sql).fetchone()

    def wait_for_the_dead(self):
        """Servers that share a database see within seconds who is gone; a file's next server knows at once."""
        until = time.monotonic() + GONE_LIMIT_S
        while self.row("SELECT count(*) FROM servers")[0] > 1:
            expect(time.monotonic() < until, "the dead are not gone")
            time.sleep(0.1)


def main():
    with contextlib.ExitStack() as stack:
        database = None
        if sys.argv[3:] == ["postgres"]:
            postgres.skip_without()
            database = stack.enter_context(postgres.running("max_connections=200"))
            os.environ["PARVIS_DATABASE"] = database.url
        spend(database)


def spend(database):
    seed = random.SystemRandom().randint(0, 1 << 30)
    print(f"seed {seed}")
    rng = random.Random(seed)
    with serving(sys.argv[1], *FLAGS) as first:
        program, folder, operator = first.folder / "parvis", first.folder, first.key
        tables = Tables(folder, database)
        cli(first, "plan", "set", "pupil", "--price", "*=7,7,7", "--tokens-per-day", str(LIMIT))
        cli(first, "user", "create", "Ada", "--plan", "pupil")
        keys = [cli(first, "key", "create", "Ada").stdout.strip() for _ in range(3)]
        time.sleep(1)
        current = [first]
        count, done = Count(), threading.Event()
        threads = [threading.Thread(target=caller, args=(lambda: current[0], keys, seed + i, count, done))
                   for i in range(CALLERS)]
        for thread in threads:
            thread.start()
        try:
            # Each kill comes when a share of the budget is spent, so in the middle of many answers.
            for kill in range(KILLS):
                wanted = LIMIT * (kill + rng.uniform(0.5, 1.0)) / (KILLS + 2)
                deadline = time.monotonic() + KILL_LIMIT_S
                while count.delivered < wanted:
                    expect(time.monotonic() < deadline, "nothing is delivered", count.__dict__)
                    time.sleep(0.002)
                current[0].process.kill()
                current[0].process.wait()
                current[0] = Server(program, folder, *FLAGS)
            deadline = time.monotonic() + KILL_LIMIT_S
            while count.refused == 0 and time.monotonic() < deadline:
                time.sleep(0.05)
        finally:
            done.set()
            for thread in threads:
                thread.join()
        server = current[0]
        server.key = operator
        status = 0
        for _ in range(1000):  # spend what is left, token by token
            status = one_request(server, keys[0], rng, count)
            if status == 429:
                break
        expect(status == 429, "the limit is reached", status, count.__dict__)
        tables.wait_for_the_dead()
        server.stop()
        counted, charged, requests = tables.row(
            "SELECT sum(counted_tokens), sum(charged_micros), count(*) FROM answers")
        interrupted, = tables.row("SELECT count(*) FROM answers WHERE finish = 'interrupted'")
        open_requests, = tables.row("SELECT count(*) FROM requests WHERE id NOT IN "
                                    "(SELECT request FROM answers)")
        price = PRICE * 1_000_000
        tokens = "(a.input_tokens + a.output_tokens)"
        wrong, = tables.row(
            f"SELECT count(*) FROM answers a WHERE a.charged_micros > 0 AND a.charged_micros != {price} * {tokens} "
            f"/ 1000000 + CASE WHEN ({price} * {tokens}) % 1000000 > 0 THEN 1 ELSE 0 END")
        print(f"{requests} requests, {interrupted} interrupted; delivered {count.delivered}, counted "
              f"{counted} of {LIMIT}, charged {charged}; {count.whole} whole, {count.cut} "
              f"streamed, {count.refused} refused")
        expect(open_requests == 0, "every request has an answer", open_requests)
        expect(counted <= LIMIT, "more was counted than the limit", counted)
        expect(count.delivered <= LIMIT, "more was delivered than the limit", count.delivered)
        expect(wrong == 0, "a charge is not its tokens' price", wrong)
        expect(interrupted > 0 or KILLS == 0, "a kill interrupted nothing")


if __name__ == "__main__":
    main()
