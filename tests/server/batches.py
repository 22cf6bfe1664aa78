#!/usr/bin/env python3
"""Files, and batches of the requests in them: batches.py PARVIS.

A line's answer is the one that it would have had alone; every line is answered once, whatever ends the
server in the middle; what others own is not there for one."""
import contextlib
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import sqlite3
import sys

from served import expect, serving, wait_for
from streams import open_stream
from telemetry import metrics

BOUNDARY = "xxBOUNDARYxx"
MARK = b"xylophone quartz"
TYPE = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def form(*parts, end="--\r\n"):
    """A form's bytes; a part is (headers, content)."""
    body = b""
    for headers, content in parts:
        content = content.encode() if isinstance(content, str) else content
        body += f"--{BOUNDARY}\r\n{headers}\r\n\r\n".encode() + content + b"\r\n"
    return body + f"--{BOUNDARY}{end}".encode()


def file_form(content, purpose="batch", name="lines.jsonl", more=()):
    return form(('Content-Disposition: form-data; name="purpose"', purpose),
                (f'Content-Disposition: form-data; name="file"; filename="{name}"\r\n'
                 "Content-Type: application/octet-stream", content), *more)


def upload(server, content, **more):
    status, _, data = server.ask("POST", "/v1/files", file_form(content, **more), TYPE)
    expect(status == 200, "an upload", status, data)
    return json.loads(data)


def get(server, path, method="GET", body=None, **more):
    status, _, data = server.ask(method, path, body, **more)
    return status, json.loads(data)


def line(custom_id, url="/v1/completions", **body):
    return json.dumps({"custom_id": custom_id, "method": "POST", "url": url, "body": body}) + "\n"


def prompt(i, n=5):
    return {"model": "fable", "prompt": f"Number {i} was", "max_tokens": n, "temperature": 0,
            "logit_bias": {"0": -100}}


def resident(server):
    """Bytes of memory of its own that the server has, without pages of files."""
    text = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return 1024 * int(re.search(r"^RssAnon:\s+(\d+)", text, re.M)[1])


def check_large(server):
    """A large upload is in a file while it comes, and in none when it was cut."""
    content = b"".join(b"%07d\n" % i for i in range(5 << 20))  # 40 MiB
    body = file_form(content)
    before, named = resident(server), lambda: [p for p in (server.folder / "data").rglob("*") if "upload-" in p.name]

    def begin():
        """All but the end of it has been sent, and taken."""
        s = socket.create_connection(("127.0.0.1", server.port))
        s.sendall(f"POST /v1/files HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {server.key}\r\n"
                  f"Content-Type: {TYPE['Content-Type']}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body[:-10])
        wait_for(lambda: spooled(server) >= len(body) - (2 << 20), "it is taken")
        grown = resident(server) - before
        expect(grown < len(body) // 3, "an upload is in memory", grown)
        return s

    with contextlib.closing(begin()):
        expect(not named(), "it has a name", named())
    wait_for(lambda: spooled(server) == 0, "a cut upload is kept")
    expect(not named(), "a cut upload is a file", named())
    expect(get(server, "/v1/files")[1]["data"] == [], "a cut upload is there")
    with contextlib.closing(begin()) as s:
        s.sendall(body[-10:])
        answer = http.client.HTTPResponse(s)
        answer.begin()
        file = json.loads(answer.read())
        expect(answer.status == 200 and file["bytes"] == len(content), "a large upload", answer.status, file)
    wait_for(lambda: spooled(server) == 0, "the way there is kept")
    status, _, data = server.ask("GET", f"/v1/files/{file['id']}/content")
    expect(status == 200 and data == content, "another content")
    del data
    # In chunks.
    s = server.connection()
    s.request("POST", "/v1/files", (body[i:i + 700_001] for i in range(0, len(body), 700_001)),
              TYPE | {"Authorization": f"Bearer {server.key}"}, encode_chunked=True)
    answer = s.getresponse()
    chunked = json.loads(answer.read())
    expect(answer.status == 200 and chunked["bytes"] == len(content), "in chunks", answer.status, chunked)
    for other in (file, chunked):
        expect(get(server, f"/v1/files/{other['id']}", "DELETE")[0] == 200, "removed")


def spooled(server):
    """Bytes of files without a name that the server has open: uploads on their way."""
    total = 0
    for link in pathlib.Path(f"/proc/{server.process.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            if "/upload-" in os.readlink(link):
                total += link.stat().st_size
    return total


def create(server, content, endpoint="/v1/completions", **more):
    file = upload(server, content)
    status, batch = get(server, "/v1/batches", "POST", {
        "input_file_id": file["id"], "endpoint": endpoint, "completion_window": "24h"} | more)
    expect(status == 200 and batch["status"] == "validating" and batch["object"] == "batch"
           and batch["input_file_id"] == file["id"], "a batch", status, batch)
    return batch


def finished(server, batch, statuses=("completed", "failed", "cancelled", "expired"), limit_s=120):
    found = {}

    def over():
        found.update(get(server, f"/v1/batches/{batch['id']}")[1])
        return found["status"] in statuses
    wait_for(over, "a batch does not end", limit_s)
    return found


def content(server, file_id):
    status, headers, data = server.ask("GET", f"/v1/files/{file_id}/content")
    expect(status == 200 and headers["content-type"] == "application/octet-stream", "content", status)
    return [json.loads(one) for one in data.decode().splitlines()]


def on_disk(server, text):
    return [f.name for f in (server.folder / "data").rglob("*") if f.is_file() and text in f.read_bytes()]


def check_files(server):
    text = b'{"a": 1}\r\n--xx\r\n\x00\xff' + MARK + b"x" * 700_000 + MARK
    file = upload(server, text, name="../../etc/\u00e9t\u00e9.jsonl")
    expect(set(file) == {"id", "object", "bytes", "created_at", "filename", "purpose", "status",
                         "status_details"} and file["object"] == "file" and file["bytes"] == len(text)
           and file["filename"] == "\u00e9t\u00e9.jsonl" and file["status"] == "processed", "a file", file)
    expect(server.ask("GET", f"/v1/files/{file['id']}/content")[2] == text, "the bytes come back")
    expect(get(server, f"/v1/files/{file['id']}")[1] == file, "the file again")
    expect(on_disk(server, MARK), "the test looks for what is nowhere")
    expect(not (server.folder / "data/files").exists(), "files lie beside the database")
    expires = upload(server, b"x", more=[
        ('Content-Disposition: form-data; name="expires_after[anchor]"', "created_at"),
        ('Content-Disposition: form-data; name="expires_after[seconds]"', "3600")])
    expect(expires["expires_at"] == expires["created_at"] + 3600, "expiry", expires)

    ids = [upload(server, b"x")["id"] for _ in range(4)]
    everything = [expires["id"], file["id"]]
    everything = list(reversed(ids)) + everything
    found, after = [], ""
    while True:
        page = get(server, f"/v1/files?limit=2&purpose=batch{after}")[1]
        expect(page["object"] == "list" and page["first_id"] == page["data"][0]["id"]
               and page["last_id"] == page["data"][-1]["id"] and len(page["data"]) <= 2, "a page", page)
        found += [f["id"] for f in page["data"]]
        if not page["has_more"]:
            break
        after = "&after=" + page["last_id"]
    expect(found == everything, "pages", found, everything)
    rising = [f["id"] for f in get(server, "/v1/files?order=asc")[1]["data"]]
    expect(rising == everything[::-1], "the other order", rising)
    expect(get(server, "/v1/files?purpose=other")[1]["data"] == [], "of another purpose")
    for query in ("limit=0", "limit=10001", "limit=x", "order=up", "after=file-no", "what=1"):
        status, body = get(server, "/v1/files?" + query)
        expect(status in (400, 404) and body["error"]["param"] == query.split("=")[0], query, body)
    for id_ in found:
        status, body = get(server, f"/v1/files/{id_}", "DELETE")
        expect(status == 200 and body == {"id": id_, "object": "file", "deleted": True}, "delete", body)
        expect(get(server, f"/v1/files/{id_}")[0] == 404, "it is gone")
    expect(not on_disk(server, MARK), "bytes are left", on_disk(server, MARK))


def check_forms(server):
    name = 'Content-Disposition: form-data; name="file"; filename="a"'
    purpose = ('Content-Disposition: form-data; name="purpose"', "batch")
    good = file_form(b"x")
    bad = [b"", b"--", good[:-4], good + b"x", good.replace(b"--" + BOUNDARY.encode(), b"--zz", 1),
           form(purpose), form((name, b"x")), form((name, b"x"), purpose, purpose),
           form((name, b""), purpose), form(("X: y", b"x"), purpose), form(("", b"x")),
           form(('Content-Disposition: form-data; name="file', b"x"), purpose),
           form((name, b"x"), ('Content-Disposition: form-data; name="purpose"', "fine-tune")),
           form((name, b"x"), purpose, ('Content-Disposition: form-data; name="more"', "1")),
           form(*[(f'Content-Disposition: form-data; name="f{i}"', "1") for i in range(40)]),
           form(("X: " + "y" * 9000 + "\r\n" + name, b"x"), purpose),
           file_form(b"x", more=[('Content-Disposition: form-data; name="expires_after[seconds]"', "1")])]
    for body in bad:
        status, said = get(server, "/v1/files", "POST", body, headers=TYPE)
        expect(status == 400 and said["error"]["type"] == "invalid_request_error", "a form", body[:200],
               status, said)
    for kind in ("application/json", "multipart/form-data", "multipart/form-data; boundary=",
                 "multipart/form-data; boundary=" + "x" * 71, f'multipart/mixed; boundary="{BOUNDARY}"'):
        expect(get(server, "/v1/files", "POST", good, headers={"Content-Type": kind})[0] == 400, kind)
    status, _ = get(server, "/v1/files", "POST", good, headers={
        "Content-Type": f'Multipart/Form-Data; charset=utf-8; boundary="{BOUNDARY}"'})
    expect(status == 200, "a boundary in quotes")


def check_answers(server):
    lines = [line(f"l{i}", **prompt(i)) for i in range(5)]
    lines.insert(2, line("bad", model="fable", prompt="x", temperature=99))
    lines.insert(4, line("none", model="nobody", prompt="x"))
    batch = create(server, "\n".join(lines), metadata={"job": "one"})
    done = finished(server, batch)
    expect(done["status"] == "completed" and done["metadata"] == {"job": "one"}
           and done["request_counts"] == {"total": 7, "completed": 5, "failed": 2}
           and done["created_at"] <= done["in_progress_at"] <= done["finalizing_at"] <=
           done["completed_at"] and done["expires_at"] == done["created_at"] + 86400
           and done["errors"] is None and done["cancelled_at"] is None, "a batch's end", done)
    output = content(server, done["output_file_id"])
    expect([o["custom_id"] for o in output] == [f"l{i}" for i in range(5)], "the lines", output)
    for i, one in enumerate(output):
        alone = json.loads(server.ask("POST", "/v1/completions", prompt(i))[2])
        expect(one["error"] is None and one["response"]["status_code"] == 200
               and one["response"]["request_id"].startswith("req_")
               and one["response"]["body"]["choices"] == alone["choices"]
               and one["response"]["body"]["usage"]["completion_tokens"] ==
               alone["usage"]["completion_tokens"], "a line's answer", one, alone)
    failed = content(server, done["error_file_id"])
    expect([(f["custom_id"], f["response"]["status_code"]) for f in failed] == [("bad", 400), ("none", 404)]
           and failed[0]["response"]["body"]["error"]["param"] == "temperature", "the failures", failed)
    files = {f["id"]: f for f in get(server, "/v1/files")[1]["data"]}
    expect(files[done["output_file_id"]]["purpose"] == "batch_output", "the output's purpose", files)
    for endpoint, body in (("/v1/embeddings", {"model": "bert", "input": "Hi"}),
                           ("/v1/chat/completions", {"model": "chat", "max_tokens": 2, "messages":
                                                     [{"role": "user", "content": "Hi"}]})):
        done = finished(server, create(server, line("a", endpoint, **body), endpoint))
        expect(done["request_counts"]["completed"] == 1, endpoint, done)


def check_refused(server):
    for body, param in (({"endpoint": "/v1/models"}, "endpoint"), ({"input_file_id": "file-x"},
                                                                   "input_file_id"),
                        ({"completion_window": "1h"}, "completion_window"),
                        ({"metadata": {"k" * 65: "v"}}, "metadata")):
        file = upload(server, b"x")
        status, said = get(server, "/v1/batches", "POST", {
            "input_file_id": file["id"], "endpoint": "/v1/completions", "completion_window": "24h"} | body)
        expect(status in (400, 404) and said["error"]["param"] == param, param, status, said)
    good = line("a", **prompt(1))
    for text, code, where in (("no json\n" + good, "invalid_json_line", 1),
                              (good + good, "duplicate_custom_id", 2),
                              (good + line("b", "/v1/embeddings", x=1), "mismatched_url", 2),
                              (line("s", **prompt(1), stream=True), "unsupported_parameter", 1),
                              ("\n\n", "empty_file", 2)):
        done = finished(server, create(server, text))
        expect(done["status"] == "failed" and done["errors"]["object"] == "list"
               and done["errors"]["data"][0]["code"] == code
               and done["errors"]["data"][0]["line"] == where and done["output_file_id"] is None,
               code, done)


def check_cancel(server):
    count = 200
    batch = create(server, "".join(line(f"c{i}", **prompt(i, 60)) for i in range(count)))
    wait_for(lambda: get(server, f"/v1/batches/{batch['id']}")[1]["request_counts"]["completed"] > 2, "it runs")
    status, said = get(server, f"/v1/files/{batch['input_file_id']}", "DELETE")
    expect(status == 400 and said["error"]["code"] == "file_in_use", "a file in use", status, said)
    # Live requests come first: beside one of them a single line is under way.
    with contextlib.closing(open_stream(server, 200)) as s:
        expect(s.recv(64).startswith(b"HTTP/1.1 200"), "a stream begins")
        wait_for(lambda: metrics(server)["parvis_requests_in_flight"] <= 2, "lines do not stand back")
    status, said = get(server, f"/v1/batches/{batch['id']}/cancel", "POST")
    expect(status == 200 and said["status"] == "cancelling" and said["cancelling_at"], "cancel", said)
    done = finished(server, batch)
    expect(done["status"] == "cancelled" and done["cancelled_at"], "cancelled", done)
    output = content(server, done["output_file_id"])
    missing = content(server, done["error_file_id"])
    ids = [o["custom_id"] for o in output + missing]
    expect(sorted(ids) == sorted(f"c{i}" for i in range(count)) and 0 < len(output) < count,
           "every line once", len(output), len(missing))
    expect(all(m["error"]["code"] == "batch_cancelled" and m["response"] is None for m in missing),
           "why not", missing[0])
    status, said = get(server, f"/v1/batches/{batch['id']}/cancel", "POST")
    expect(status == 400 and said["error"]["code"] == "batch_not_cancellable", "again", said)


def check_list(server):
    everything = [b["id"] for b in get(server, "/v1/batches?limit=100")[1]["data"]]
    found, after = [], ""
    while True:
        page = get(server, f"/v1/batches?limit=3{after}")[1]
        found += [b["id"] for b in page["data"]]
        if not page["has_more"]:
            break
        after = "&after=" + page["last_id"]
    expect(found == everything and len(found) > 6, "pages of batches", found, everything)


def check_killed(program):
    """Twice in the middle."""
    count = 60
    with serving(program) as server:
        batch = create(server, "".join(line(f"k{i}", **prompt(i, 40)) for i in range(count)))
        again = server
        for _ in range(2):
            before = get(again, f"/v1/batches/{batch['id']}")[1]["request_counts"]["completed"]
            wait_for(lambda: get(again, f"/v1/batches/{batch['id']}")[1]["request_counts"]["completed"]
                     > before + 3, "it runs", 60)
            again.process.send_signal(signal.SIGKILL)
            again.process.wait()
            again.process.stdout.close()
            again = type(server)(str(server.folder / "parvis"), server.folder)
            again.key = server.key
        done = finished(again, batch)
        expect(done["status"] == "completed" and done["request_counts"] ==
               {"total": count, "completed": count, "failed": 0}, "after the kills", done)
        output = content(again, done["output_file_id"])
        expect([o["custom_id"] for o in output] == [f"k{i}" for i in range(count)], "each line once",
               [o["custom_id"] for o in output])
        with contextlib.closing(sqlite3.connect(server.folder / "data/parvis.db")) as database:
            paid = database.execute("SELECT COUNT(*), SUM(output_tokens) FROM answers WHERE finish <> 'interrupted'")
            tokens = sum(o["response"]["body"]["usage"]["completion_tokens"] for o in output)
            expect(paid.fetchone() == (count, tokens), "what is on record as answered is not what was", tokens)
            left = database.execute("SELECT COUNT(*) FROM batch_lines").fetchone()
            expired = database.execute(
                "UPDATE batches SET status = 'in_progress', expires_ms = 1, output_file = '' "
                "WHERE id = ?", (batch["id"],)).rowcount
            database.commit()
        expect(left == (0,) and expired == 1, "answers are kept after their file is written", left)
        # Made to be over its time: it says so, line by line.
        create(again, line("wake", **prompt(1)))
        done = finished(again, batch, ("expired",))
        missing = content(again, done["error_file_id"])
        expect(len(missing) == count and missing[0]["error"]["code"] == "batch_expired", "expired", done)
        again.stop()


def check_others(program):
    with serving(program, "--no-key", "--file-quota", "1") as server:
        file = upload(server, line("a", **prompt(1)))
        batch = create(server, line("a", **prompt(1)))
        finished(server, batch)
        for method, path in (("GET", f"/v1/files/{file['id']}"), ("GET", f"/v1/files/{file['id']}/content"),
                             ("DELETE", f"/v1/files/{file['id']}"), ("GET", f"/v1/batches/{batch['id']}"),
                             ("POST", f"/v1/batches/{batch['id']}/cancel"),
                             ("GET", f"/v1/files?after={file['id']}")):
            status, said = get(server, path, method, key=None)
            expect(status == 404, "what others own", method, path, status, said)
        status, said = get(server, "/v1/batches", "POST", {
            "input_file_id": file["id"], "endpoint": "/v1/completions", "completion_window": "24h"}, key=None)
        expect(status == 404, "a batch of another's file", status, said)
        for path in ("/v1/files", "/v1/batches"):
            expect(get(server, path, key=None)[1]["data"] == [], "others' in a list", path)
        status, headers, data = server.ask("POST", "/v1/files", file_form(b"x" * (1 << 20)), TYPE)
        expect(status == 429 and json.loads(data)["error"]["code"] == "insufficient_quota"
               and headers["x-should-retry"] == "false", "the quota", status, data)
        status, _, data = server.ask("POST", "/v1/files", file_form(b"x" * (900 << 10)), TYPE, key=None)
        expect(status == 200, "another's quota is his", status, data)


def main():
    program = sys.argv[1]
    with serving(program) as server:
        check_large(server)
        check_files(server)
        check_forms(server)
        check_answers(server)
        check_refused(server)
        check_cancel(server)
        check_list(server)
    check_killed(program)
    check_others(program)
    print("batches hold")


if __name__ == "__main__":
    main()
