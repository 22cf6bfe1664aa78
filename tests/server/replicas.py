#!/usr/bin/env python3
"""Three servers on one PostgreSQL behind HAProxy, some killed under load: replicas.py PARVIS [KILLS]. Each round
has a user with a day's budget, three keys and many callers; in its middle a server is killed and comes back.
No unit is spent twice, no record is lost, no cut stream ends as if it were whole. Then: a key revoked on one
server, the database away for a while."""
import contextlib
import json
import os
import pathlib
import random
import re
import shutil
import socket
import subprocess
import sys
import threading
import time

import postgres
from served import Server, become_nobody, cli, expect, serving, wait_for

LIMIT = 1_500
THREADS = 8
ROUND_LIMIT_S = 60
GONE_LIMIT_S = 30
REVOKE_LIMIT_S = 5
BACK_LIMIT_S = 30
PROMPT = [1, 5, 9, 13, 17]
PRICE = 7  # millionths a token, of input and output alike
GUIDE = pathlib.Path(__file__).resolve().parent.parent.parent / "docs/guide/en/scale-out.md"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Proxy:
    """What callers see instead of a server: as the guide shows it, on free ports."""

    def __init__(self, folder, ports):
        self.port = free_port()
        shown = re.search(r"^```haproxy\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)[1]
        text = shown.replace(":8080\n", f":{self.port}\n")
        for i, port in enumerate(ports):
            text = text.replace(f":{8081 + i}\n", f":{port}\n")
        config = folder / "haproxy.cfg"
        config.write_text(text)
        self.process = subprocess.Popen(["haproxy", "-db", "-f", config], preexec_fn=become_nobody,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Seen:
    """What callers saw, by request."""

    def __init__(self):
        self.lock = threading.Lock()
        self.whole, self.cut = {}, {}  # tokens delivered
        self.statuses = {}

    def add(self, request, tokens, whole):
        with self.lock:
            (self.whole if whole else self.cut)[request] = tokens

    def status(self, status):
        with self.lock:
            self.statuses[status] = self.statuses.get(status, 0) + 1

    def tokens(self):
        with self.lock:
            return sum(self.whole.values()) + sum(self.cut.values())


def one_request(server, key, rng, seen):
    body = {"model": "fable", "prompt": PROMPT, "max_tokens": rng.randint(1, 50), "logprobs": 0,
            "stream": rng.random() < 0.7, "temperature": 1.0, "seed": rng.randint(0, 1 << 30)}
    leave_after = rng.choice([None, None, None, rng.randint(1, 10)])  # events
    request, output, whole = None, 0, False
    try:
        with contextlib.closing(Server.connection(server, timeout=60)) as connection:
            connection.request("POST", "/v1/completions", json.dumps(body),
                               {"Authorization": f"Bearer {key}"})
            answer = connection.getresponse()
            seen.status(answer.status)
            if answer.status != 200:
                answer.read()
                return answer.status
            request = answer.getheader("x-request-id")
            if not body["stream"]:
                output = json.loads(answer.read())["usage"]["completion_tokens"]
                whole = True
            for events in range(1 << 30 if body["stream"] else 0):
                line = answer.readline()
                if not line or (leave_after and events > leave_after):
                    break
                whole = whole or line.startswith(b"data: [DONE]")
                if line.startswith(b"data: {"):
                    event = json.loads(line[len("data: "):])
                    if "error" in event:
                        seen.status("error event")
                        break
                    output += sum(len(c["logprobs"]["tokens"]) for c in event.get("choices", [])
                                  if c.get("logprobs"))
    except (OSError, ValueError):
        seen.status("broken")
    except Exception as error:  # http.client's own kinds for a server that is gone
        if type(error).__module__ != "http.client":
            raise
        seen.status("broken")
    if request:
        seen.add(request, output + (len(PROMPT) if output or whole else 0), whole)
    return None


def caller(proxy, keys, seed, seen, done):
    rng = random.Random(seed)
    while not done.is_set():
        if one_request(proxy, rng.choice(keys), rng, seen) is not None:
            time.sleep(0.05)


class Replica:
    """A server with a folder of its own and the first one's pepper."""

    def __init__(self, first, number, port):
        self.folder = first.folder / f"replica{number}"
        self.port = port
        self.folder.mkdir()
        (self.folder / "data").mkdir(mode=0o700)
        (self.folder / "models").symlink_to(first.folder / "models")
        shutil.copy(first.folder / "parvis", self.folder / "parvis")
        shutil.copy(first.folder / "data" / "parvis.pepper", self.folder / "data" / "parvis.pepper")
        if os.getuid() == 0:
            for path in (self.folder / "data", self.folder / "data" / "parvis.pepper"):
                shutil.chown(path, "nobody")
        self.server = None

    def start(self):
        self.server = Server(self.folder / "parvis", self.folder, "--log", "none", port=self.port)
        expect(self.server.key is None, "the key is the first server's")

    def kill(self):
        self.server.process.kill()
        self.server.process.wait()


def ready(replica):
    with contextlib.suppress(OSError):
        return replica.server.ask("GET", "/ready", key=None)[0] == 200
    return False


def one_round(number, first, replicas, proxy, rng, seen):
    user = f"pupil {number}"
    cli(first, "user", "create", user, "--plan", "pupil")
    keys = [cli(first, "key", "create", user).stdout.strip() for _ in range(3)]
    mine, done = Seen(), threading.Event()
    threads = [threading.Thread(target=caller, args=(proxy, keys, rng.random(), mine, done))
               for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    try:
        share = LIMIT * rng.uniform(0.2, 0.7)
        wait_for(lambda: mine.tokens() >= share, "nothing is delivered", ROUND_LIMIT_S, mine.statuses)
        replica = rng.choice(replicas)
        replica.kill()
        time.sleep(rng.uniform(0, 0.5))
        replica.start()
        wait_for(lambda: mine.statuses.get(429, 0) > 0, "the day does not end", ROUND_LIMIT_S, mine.statuses)
    finally:
        done.set()
        for thread in threads:
            thread.join()
    expect(mine.tokens() <= LIMIT, "more was delivered than the day has", user, mine.tokens())
    seen.append((user, mine))


def check_records(database, rounds):
    """Who died is buried by now. What everybody saw, beside what is on record."""
    for user, seen in rounds:
        owner = database.sql(f"SELECT id FROM users WHERE name = '{user}'")[0]
        counted, charged = (int(x) for x in database.sql(
            "SELECT sum(counted_tokens), sum(charged_micros) FROM answers "
            f"WHERE owner = '{owner}'")[0].split("|"))
        book = int(database.sql(f"SELECT day_tokens FROM quota_accounts WHERE name = 'b{owner}'")[0])
        expect(book == counted, "the book is not what the records say", user, book, counted)
        expect(seen.tokens() <= counted <= LIMIT, "delivered, counted, limit", user, seen.tokens(), counted)
        rows = dict(line.split("|")[:2] for line in database.sql(
            f"SELECT r.id, coalesce(a.finish, 'none') FROM requests r LEFT JOIN answers a ON a.request = r.id "
            f"WHERE r.owner = '{owner}'"))
        for request in seen.whole:
            expect(rows.get(request) in ("stop", "length"), "a whole answer is not on record", request,
                   rows.get(request))
        for request in seen.cut:
            expect(request in rows, "a stream is not on record", request)
        expect("none" not in rows.values(), "a request has no end", user)
        interrupted = [r for r, finish in rows.items() if finish == "interrupted"]
        expect(not set(interrupted) & set(seen.whole), "what was interrupted ended as whole")
        paid = int(database.sql("SELECT coalesce(sum(charged_micros), 0) FROM answers "
                                f"WHERE owner = '{owner}' AND finish = 'interrupted'")[0])
        expect(paid == 0, "what was interrupted is charged", user, paid)
        expect(charged <= counted * PRICE, "more is charged than counted", user)
    total = database.sql("SELECT finish, count(*) FROM answers GROUP BY 1 ORDER BY 1")
    print("answers by how they ended:", ", ".join(total))


def check_revocation(first, replicas):
    made = json.loads(cli(first, "key", "create", "operator", "--name", "short", "--json").stdout)
    secret, name = made["secret"], made["key"]["id"]
    works = lambda r: r.server.ask("GET", "/v1/models", key=secret)[0]
    wait_for(lambda: all(works(r) == 200 for r in replicas), "the new key is not known everywhere", REVOKE_LIMIT_S)
    begun = time.monotonic()
    cli(first, "key", "revoke", name)
    wait_for(lambda: all(works(r) == 401 for r in replicas), "the key lives on", REVOKE_LIMIT_S)
    print(f"revoked everywhere within {time.monotonic() - begun:.2f} s (the command included)")


def check_outage(database, replicas, key):
    """Without its database nobody is let in; then all is as before."""
    database.stop()
    time.sleep(6)
    for replica in replicas:
        status = replica.server.ask("POST", "/v1/completions", {"model": "fable", "prompt": PROMPT, "max_tokens": 2},
                                    key=key)[0]
        expect(status == 503, "somebody was answered without a record", status)
    begun = time.monotonic()
    database.start()
    answers = lambda r: r.server.ask("POST", "/v1/completions",
                                     {"model": "fable", "prompt": PROMPT, "max_tokens": 2}, key=key)[0] == 200
    for replica in replicas:
        wait_for(lambda: answers(replica), "the database is back, and nobody answers", BACK_LIMIT_S)
    print(f"answered again {time.monotonic() - begun:.2f} s after the database was started")


def main():
    postgres.skip_without()
    if shutil.which("haproxy") is None:
        print("skipped: there is no haproxy here")
        sys.exit(postgres.SKIPPED)
    kills = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    seed = random.SystemRandom().randint(0, 1 << 30)
    print(f"seed {seed}, {kills} kills")
    rng = random.Random(seed)
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(postgres.running("max_connections=200"))
        os.environ["PARVIS_DATABASE"] = database.url
        first = stack.enter_context(serving(sys.argv[1], "--log", "none"))
        cli(first, "plan", "set", "pupil", "--price", f"*={PRICE},{PRICE},{PRICE}", "--tokens-per-day", str(LIMIT))
        replicas = [Replica(first, i, free_port()) for i in range(3)]
        expect(first.key is not None, "the first server does not say its key")
        for replica in replicas:
            stack.callback(lambda r=replica: r.server and r.server.process.poll() is None and r.server.stop())
            replica.start()
        proxy = Proxy(first.folder, [r.port for r in replicas])
        stack.callback(proxy.stop)
        wait_for(lambda: all(ready(r) for r in replicas), "the servers are not ready", ROUND_LIMIT_S)
        rounds = []
        for number in range(kills):
            one_round(number, first, replicas, proxy, rng, rounds)
        wait_for(lambda: database.sql("SELECT count(*) FROM quota_holds") == ["0"], "what the dead held is held still", GONE_LIMIT_S, database.sql("SELECT * FROM servers"))
        wait_for(lambda: database.sql("SELECT count(*) FROM servers") == ["4"], "the dead are not gone", GONE_LIMIT_S)
        expect(database.sql("SELECT coalesce(sum(running), 0) FROM quota_accounts") == ["0"], "something runs still")
        check_records(database, rounds)
        statuses = {}
        for _, seen in rounds:
            for status, count in seen.statuses.items():
                statuses[status] = statuses.get(status, 0) + count
        print("what callers saw:", statuses)
        check_revocation(first, replicas)
        check_outage(database, replicas, first.key)


if __name__ == "__main__":
    main()
