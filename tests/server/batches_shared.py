#!/usr/bin/env python3
"""Files, batches and answers in the background of three servers on one PostgreSQL: batches_shared.py PARVIS [KILLS].
What one server was given the others have; a batch is run by one of them, and by another one when that is killed:
each line is answered once, and paid once; any of them cancels. What was made in the background by a server that
was killed says so. The database may go away for a while; a dump of it has the files."""
import contextlib
import json
import os
import random
import subprocess
import sys
import time

import postgres
from batches import content, create, file_form, finished, get, line, prompt, TYPE, upload
from replicas import free_port, Replica
from responses import ask
from served import become_nobody, cli, expect, LASTING, serving, wait_for

PRICE = 7  # millionths a token, of input and output alike
GONE_LIMIT_S = 15  # from a kill to what others say of it
STORY = {"model": "chat", "input": "Tell me a long story.", "temperature": 0, "background": True, "max_output_tokens": None,
         "text": {"format": {"type": "json_schema", "name": "story", "schema": LASTING}}}
BUSY = 24  # stories at a time


class Named(Replica):
    """A replica whose name in the database is known."""

    def start_in(self, database):
        before = set(database.sql("SELECT id FROM servers"))
        self.start()
        found = set(database.sql("SELECT id FROM servers")) - before
        expect(len(found) == 1, "one more server", found)
        self.name = found.pop()


def with_key(replica, key):
    replica.server.key = key
    return replica.server


def check_files(servers):
    one, two, three = servers
    text = b"xylophone quartz\n" + random.Random(3).randbytes(1_000_000)
    status, _, data = one.ask("POST", "/v1/files", file_form(text), TYPE)
    file = json.loads(data)
    expect(status == 200 and file["bytes"] == len(text), "an upload", status, data)
    for server in servers:
        expect(get(server, f"/v1/files/{file['id']}")[1] == file, "a file at another server")
        expect(server.ask("GET", f"/v1/files/{file['id']}/content")[2] == text, "its bytes at another server")
    expect(get(two, f"/v1/files/{file['id']}", "DELETE")[0] == 200, "removed at another server")
    expect(get(three, f"/v1/files/{file['id']}")[0] == 404, "it is gone everywhere")
    ids = [upload(servers[i % 3], b"x")["id"] for i in range(7)]
    found, after = [], ""
    while True:
        page = get(servers[len(found) % 3], f"/v1/files?limit=2{after}")[1]
        found += [f["id"] for f in page["data"]]
        if not page["has_more"]:
            break
        after = "&after=" + page["last_id"]
    expect(sorted(found) == sorted(ids), "pages", found, ids)


def runner_of(database, batch, replicas, limit_s=GONE_LIMIT_S):
    """The replica that runs it now."""
    found = []

    def known():
        name = database.sql(f"SELECT server FROM batches WHERE id = '{batch['id']}'")[0]
        found[:] = [r for r in replicas if r.name == name]
        return found
    wait_for(known, "nobody runs a batch", limit_s)
    return found[0]


def done_lines(database, batch):
    return int(database.sql(f"SELECT completed + failed FROM batches WHERE id = '{batch['id']}'")[0])


def check_paid(database, owner, output, others, lost_records=False):
    """What the output says is what its owner pays, but for so many other answers; nothing else is left of the batch.
    `lost_records`: answers were made that could not be put on record; the budget counts them, and nobody pays them."""
    asked = [o["response"]["request_id"] for o in output]
    expect(len(set(asked)) == len(output), "one request answered two lines", asked)
    listed = ", ".join(f"'{a}'" for a in asked)
    rows = ("SELECT count(*), coalesce(sum(a.charged_micros), 0) FROM answers a JOIN requests r ON r.id = a.request "
            f"WHERE r.owner = '{owner}' ")
    tokens = sum(o["response"]["body"]["usage"]["total_tokens"] for o in output)
    paid = database.sql(rows + f"AND r.id IN ({listed})")
    expect(paid == [f"{len(output)}|{tokens * PRICE}"], "what its lines cost", paid, tokens)
    more = database.sql(rows + f"AND r.id NOT IN ({listed}) AND a.finish <> 'interrupted'")[0]
    expect(more.split("|")[0] == str(others), "answers that no line has are paid", more, others)
    free = database.sql(rows + "AND a.finish = 'interrupted' AND a.charged_micros + a.counted_tokens > 0")
    expect(free == ["0|0"], "what was cut or lost is paid", free)
    wait_for(lambda: database.sql("SELECT count(*) FROM quota_holds") == ["0"], "what the dead held is held still")
    counted = database.sql(f"SELECT sum(counted_tokens) FROM answers WHERE owner = '{owner}'")[0]
    book = database.sql(f"SELECT day_tokens FROM quota_accounts WHERE name = 'b{owner}'")[0]
    expect(int(book) >= int(counted) if lost_records else book == counted, "the book is not what the records say", book,
           counted)
    left = database.sql("SELECT (SELECT count(*) FROM batch_lines), (SELECT count(*) FROM files WHERE state <> 'whole')")
    expect(left == ["0|0"], "what is left of it", left)


def check_killed(database, replicas, key, owner, kills, rng):
    """Killed while it answers lines; the lines of another batch are answered meanwhile."""
    lines = 30 * kills
    batch = create(with_key(replicas[0], key), "".join(line(f"k{i}", **prompt(i, 40)) for i in range(lines)))
    killed = 0
    while killed < kills:
        runner = runner_of(database, batch, replicas)
        before = done_lines(database, batch)
        wait_for(lambda: done_lines(database, batch) > before, "it does not go on", 60)
        time.sleep(rng.uniform(0, 0.1))
        if done_lines(database, batch) >= lines:
            break
        runner.kill()
        killed += 1
        runner.start_in(database)
        with_key(runner, key)
        other = rng.choice([r for r in replicas if r is not runner])
        status, found = get(with_key(other, key), f"/v1/batches/{batch['id']}")
        expect(status == 200 and found["status"] in ("in_progress", "finalizing", "completed"), "the batch", found)
    done = finished(with_key(rng.choice(replicas), key), batch)
    expect(done["status"] == "completed" and done["request_counts"] == {"total": lines, "completed": lines, "failed": 0},
           "after the kills", done)
    output = content(with_key(rng.choice(replicas), key), done["output_file_id"])
    expect([o["custom_id"] for o in output] == [f"k{i}" for i in range(lines)], "each line once",
           [o["custom_id"] for o in output])
    for i in range(0, lines, 17):
        alone = json.loads(replicas[0].server.ask("POST", "/v1/completions", prompt(i, 40))[2])
        expect(output[i]["response"]["body"]["choices"] == alone["choices"], "a line's answer", output[i], alone)
    check_paid(database, owner, output, len(range(0, lines, 17)))
    lost = database.sql(f"SELECT count(*) FROM answers WHERE owner = '{owner}' AND finish = 'interrupted'")[0]
    print(f"{killed} servers killed in a batch of {lines} lines; {lost} answers were cut or lost, and cost nothing")


def check_outage(database, replicas, key, owner):
    """The database goes away in the middle, for longer than servers wait for each other."""
    servers = [with_key(r, key) for r in replicas]
    count = 60
    batch = create(servers[0], "".join(line(f"o{i}", **prompt(i, 40)) for i in range(count)))
    wait_for(lambda: done_lines(database, batch) > 3, "it does not begin")
    database.stop()
    time.sleep(8)
    database.start()
    for server in servers:
        wait_for(lambda: server.ask("GET", f"/v1/batches/{batch['id']}")[0] == 200, "the database is back")
    done = finished(servers[1], batch)
    expect(done["request_counts"] == {"total": count, "completed": count, "failed": 0}, "after an outage", done)
    # The first question on a connection that broke is refused (503); the next one has a new connection.
    wait_for(lambda: servers[2].ask("GET", f"/v1/files/{done['output_file_id']}/content")[0] == 200, "its file")
    output = content(servers[2], done["output_file_id"])
    expect([o["custom_id"] for o in output] == [f"o{i}" for i in range(count)], "each line once", output)
    check_paid(database, owner, output, 0, lost_records=True)


def check_cancel(database, replicas, key):
    servers = [with_key(r, key) for r in replicas]
    count = 200
    batch = create(servers[0], "".join(line(f"c{i}", **prompt(i, 60)) for i in range(count)))
    runner = runner_of(database, batch, replicas)
    other = next(s for s in servers if s is not runner.server)
    wait_for(lambda: done_lines(database, batch) > 2, "it runs")
    status, said = get(other, f"/v1/files/{batch['input_file_id']}", "DELETE")
    expect(status == 400 and said["error"]["code"] == "file_in_use", "a file in use elsewhere", status, said)
    status, said = get(other, f"/v1/batches/{batch['id']}/cancel", "POST")
    expect(status == 200 and said["status"] == "cancelling", "cancelled at another server", status, said)
    done = finished(other, batch)
    output, missing = content(other, done["output_file_id"]), content(other, done["error_file_id"])
    ids = [o["custom_id"] for o in output + missing]
    expect(done["status"] == "cancelled" and sorted(ids) == sorted(f"c{i}" for i in range(count)) and len(output) < count,
           "every line once", done, len(output), len(missing))


def check_background(database, replicas, key):
    one, two, three = (with_key(r, key) for r in replicas)
    status = lambda server, response: get(server, "/v1/responses/" + response["id"])[1].get("status")
    for server in (one, two):  # so that an answer takes its time
        for _ in range(BUSY):
            ask(server, STORY)
    cancelled = ask(one, STORY)
    expect(status(two, cancelled) == "in_progress", "what another one makes")
    got, said = get(two, f"/v1/responses/{cancelled['id']}/cancel", "POST")
    expect(got == 200 and said["status"] == "cancelled", "cancelled at another server", got, said)
    expect(status(three, cancelled) == "cancelled" and status(one, cancelled) == "cancelled", "and everywhere")
    finishes = database.sql(f"SELECT finish FROM answers WHERE request = 'req_{cancelled['id'][5:]}'")
    expect(finishes == ["cancelled"], "its request", finishes)

    gone = ask(two, STORY)
    expect(get(one, f"/v1/responses/{gone['id']}", "DELETE")[0] == 200 and get(two, f"/v1/responses/{gone['id']}")[0] == 404,
           "deleted at another server")
    wait_for(lambda: database.sql(f"SELECT finish FROM answers WHERE request = 'req_{gone['id'][5:]}'") == ["cancelled"],
             "what is deleted is made to its end")

    told = ask(three, STORY | {"max_output_tokens": 12})
    got, _, data = one.ask("GET", f"/v1/responses/{told['id']}?stream=true")
    expect(got == 200 and b"event: response." in data and b'"error"' not in data.split(b"event: ")[-1].replace(b'"error":null', b""),
           "told as events by another server", got, data[-400:])
    expect(status(two, told) in ("completed", "incomplete"), "made", told)

    # Killed in the middle; somebody waits for it meanwhile.
    cut = ask(one, STORY)
    replicas[0].kill()
    begun = time.monotonic()
    expect(status(two, cut) == "in_progress", "it is not known to be gone yet")
    got, said = get(two, f"/v1/responses/{cut['id']}/cancel", "POST")
    expect(got == 200 and said["status"] == "failed" and said["error"]["code"] == "server_error", "cut off", got, said)
    expect(time.monotonic() - begun < GONE_LIMIT_S, "not within seconds", time.monotonic() - begun)
    expect(status(three, cut) == "failed", "and everywhere")
    print(f"an answer whose server was killed is known to have failed {time.monotonic() - begun:.1f} s later")
    replicas[0].start_in(database)


def check_dump(database, replicas, key):
    """PostgreSQL's own backup has the files."""
    text = b"kept in a dump " * 50_000
    file = upload(with_key(replicas[1], key), text)
    database.sql("CREATE DATABASE restored")
    copy = database.url.replace("/postgres?", "/restored?")
    programs = postgres.programs()
    dump = subprocess.Popen([programs / "pg_dump", database.url], stdout=subprocess.PIPE, preexec_fn=become_nobody, cwd="/")
    subprocess.run([programs / "psql", "-q", "-v", "ON_ERROR_STOP=1", copy], stdin=dump.stdout, check=True,
                   stdout=subprocess.DEVNULL, preexec_fn=become_nobody, cwd="/")
    expect(dump.wait() == 0, "pg_dump")
    replica = replicas[1]
    replica.server.stop()
    os.environ["PARVIS_DATABASE"] = copy
    replica.start()
    try:
        got = with_key(replica, key).ask("GET", f"/v1/files/{file['id']}/content")
        expect(got[0] == 200 and got[2] == text, "a file of a dump", got[0], len(got[2]))
    finally:
        os.environ["PARVIS_DATABASE"] = database.url


def main():
    postgres.skip_without()
    kills = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    seed = random.SystemRandom().randint(0, 1 << 30)
    print(f"seed {seed}, {kills} kills")
    rng = random.Random(seed)
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(postgres.running("max_connections=200"))
        os.environ["PARVIS_DATABASE"] = database.url
        first = stack.enter_context(serving(sys.argv[1], "--log", "none"))
        cli(first, "plan", "set", "pupil", "--price", f"*={PRICE},{PRICE},{PRICE}")
        keys, owners = {}, {}
        for name in ("Ada", "Bob"):
            cli(first, "user", "create", name, "--plan", "pupil")
            keys[name] = cli(first, "key", "create", name).stdout.strip()
            owners[name] = database.sql(f"SELECT id FROM users WHERE name = '{name}'")[0]
        key = keys["Ada"]
        replicas = [Named(first, i, free_port()) for i in range(3)]
        for replica in replicas:
            stack.callback(lambda r=replica: r.server and r.server.process.poll() is None and r.server.stop())
            replica.start_in(database)
            with_key(replica, key)
        first.stop()  # it made the folder and the pepper; three are enough
        servers = [with_key(r, key) for r in replicas]
        wait_for(lambda: all(s.ask("GET", "/v1/models")[0] == 200 for s in servers), "the key is not known everywhere")
        check_files(servers)
        check_killed(database, replicas, key, owners["Ada"], kills, rng)
        check_cancel(database, replicas, key)
        check_background(database, replicas, key)
        check_outage(database, replicas, keys["Bob"], owners["Bob"])
        check_dump(database, replicas, key)
    print("batches hold on a shared database")


if __name__ == "__main__":
    main()
