#!/usr/bin/env python3
"""Who goes first where many wait for one model: priorities.py PARVIS.

A model that generates one answer at a time, a batch that has begun, and callers of a free plan who wait: a
caller of a premium plan comes after them and is answered before them. What counts is the order in which
answers are on record, never a time."""
import concurrent.futures
import contextlib
import json
import socket
import sqlite3
import sys

from batches import content, create, finished, line
from organisation import Client
from served import expect, serving, wait_for
from telemetry import metrics

ASK = {"model": "fable", "prompt": "Once upon a time", "temperature": 0, "logit_bias": {"0": -100}}
FREE = 3
LINES = 12


@contextlib.contextmanager
def held(server, key):
    """The model generates for this caller, one choice after the other, for longer than anything here takes."""
    body = json.dumps(ASK | {"n": 128, "max_tokens": 240, "stream": True})
    with contextlib.closing(socket.create_connection(("127.0.0.1", server.port))) as s:
        s.sendall(f"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
                  f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
        got = b""
        while b"data: " not in got:
            got += s.recv(65536)
            expect(got.startswith(b"HTTP/1.1 200"), "a stream", got[:200])
        yield

def rows(server, sql):
    with contextlib.closing(sqlite3.connect(server.folder / "data/parvis.db")) as database:
        return [row[0] for row in database.execute(sql)]


def ask(server, key, **more):
    """The id of a request that was answered."""
    status, headers, data = server.ask("POST", "/v1/completions", ASK | {"max_tokens": 8} | more, key=key)
    expect(status == 200, "an answer", status, data)
    return headers["x-request-id"]


def counts(batch, server):
    return json.loads(server.ask("GET", f"/v1/batches/{batch['id']}")[2])["request_counts"]


def check_order(server, free, premium):
    """The batch is its operator's, who has no plan: what a batch is of does not matter."""
    alone = [json.loads(server.ask("POST", "/v1/completions", ASK | {"prompt": f"Number {i} was", "max_tokens": 100})[2])
             for i in range(LINES)]
    before = len(rows(server, "SELECT request FROM answers"))
    batch = create(server, "".join(line(f"l{i}", **ASK | {"prompt": f"Number {i} was", "max_tokens": 100})
                                   for i in range(LINES)))
    wait_for(lambda: counts(batch, server)["completed"] >= 1, "the batch has begun")
    with concurrent.futures.ThreadPoolExecutor(FREE) as pool:
        # The line that is under way gives its place up: else there would be no stream yet.
        with held(server, server.key):
            frees = [pool.submit(ask, server, free) for _ in range(FREE)]
            # When they are on record they go to the model next.
            wait_for(lambda: rows(server, "SELECT count(*) FROM requests JOIN users ON users.id = requests.owner "
                                  "WHERE users.name = 'Of free'") == [FREE], "they are on record")
            first = ask(server, premium)
            expect(not any(one.done() for one in frees), "the premium caller waited")
        wanted = [first] + [one.result() for one in frees]
    done = finished(server, batch)
    expect(done["request_counts"] == {"total": LINES, "completed": LINES, "failed": 0}, "the batch", done)
    lines = content(server, done["output_file_id"])
    of_batch = {one["response"]["request_id"] for one in lines}
    order = rows(server, "SELECT request FROM answers ORDER BY rowid")[before:]
    order = [one for one in order if one in of_batch or one in wanted]
    first = order.index(wanted[0])
    expect(set(order[first:first + len(wanted)]) == set(wanted), "the order", order, wanted)
    expect(set(order[:first]) | set(order[first + len(wanted):]) == of_batch and len(order) == LINES + len(wanted),
           "lines between others", order)
    expect(order[first + len(wanted):], "no line waited")
    # A line that lost its place is what it would have been.
    expect([one["response"]["body"]["choices"] for one in lines] == [one["choices"] for one in alone], "another text")


def check_places(server, free, premium):
    """A crowd of a low priority leaves places; of 8 requests at a time seven are for it, nine for a higher one."""
    def full(key):
        status, headers, data = server.ask("POST", "/v1/completions", ASK | {"max_tokens": 1}, key=key)
        expect(status == 503 and headers["retry-after"] == "1" and json.loads(data)["error"]["code"] == "overloaded",
               "who finds no place", status, data)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        with held(server, server.key):
            asked = []
            for key, places in ((free, 7), (server.key, 8)):
                while 1 + len(asked) < places:
                    asked.append(pool.submit(ask, server, key))
                    wait_for(lambda: metrics(server)["parvis_requests_in_flight"] == 1 + len(asked), "it waits")
                full(key)
            with held(server, premium):
                full(premium)
        for one in asked:
            one.result()  # nobody was sent away for another


def main():
    for check, flags in ((check_order, ()), (check_places, ("--max-requests", "8"))):
        with serving(sys.argv[1], "--batch", "1", "-m", "fable", *flags) as server:
            operator = Client(server, server.key)
            keys = []
            for plan, priority in (("free", 2), ("premium", 9)):
                operator.ask("POST", f"/v1/plans/{plan}", {"priority": priority})
                keys.append(operator.key_for(operator.user(f"Of {plan}", plan=plan))[1])
            check(server, *keys)
    print("priorities hold")


if __name__ == "__main__":
    main()
