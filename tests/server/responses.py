#!/usr/bin/env python3
"""Answers that the server keeps: responses.py PARVIS.

A conversation goes on from an answer as if all of it had been sent again; what is kept outlives the
server and belongs to its owner; what is deleted is in no file any more; a stream that is cut says so. What is made in the background goes on
without its client, can be looked at, told as events and cancelled."""
import contextlib
import json
import pathlib
import sys

from dialects import cut_stream
from served import LASTING, Server, events, expect, serving, wait_for

ASK = {"model": "chat", "temperature": 0, "max_output_tokens": 12}
SECRET = "xylophone quartz"


def ask(server, body, status=200):
    got, _, data = server.ask("POST", "/v1/responses", ASK | body)
    expect(got == status, "an answer", got, data[:400])
    return json.loads(data)


def text_of(response):
    return response["output"][0]["content"][0]["text"]


def get(server, path, status=200, **more):
    got, _, data = server.ask("GET", "/v1/responses/" + path, **more)
    expect(got == status, "what is kept", path, got, data[:300])
    return json.loads(data)


def check_same(server):
    whole = ask(server, {"input": "Tell a tale."})
    status, _, data = server.ask("POST", "/v1/responses", ASK | {"input": "Tell a tale.", "stream": True})
    told = events(data)
    expect(status == 200 and [e["sequence_number"] for e in told] == list(range(len(told))), "numbers", told)
    deltas = [e["delta"] for e in told if e["type"] == "response.output_text.delta"]
    expect("".join(deltas) == text_of(whole), "streamed and whole differ", deltas, whole)
    last = told[-1]["response"]
    expect(text_of(last) == text_of(whole) and last["usage"] == whole["usage"], "the last event", last)
    expect(get(server, last["id"]) == last, "what is kept is not what was told")
    expect(get(server, whole["id"]) == whole, "what is kept is not what was answered")
    names = [line[7:] for line in data.decode().splitlines() if line.startswith("event: ")]
    expect(names == [e["type"] for e in told], "events are named by their types", names)


def check_history(server):
    first = ask(server, {"input": "Tell a tale.", "instructions": "Be brief."})
    second = ask(server, {"input": "And then?", "previous_response_id": first["id"], "store": False})
    expect(second["previous_response_id"] == first["id"] and not second["store"], "facts", second)
    sent = [{"role": "user", "content": "Tell a tale."}, first["output"][0],
            {"role": "user", "content": "And then?"}]
    again = ask(server, {"input": sent})
    # Instructions are of one request, so they do not go on.
    expect(text_of(again) == text_of(second) and again["usage"]["input_tokens"] == second["usage"]["input_tokens"],
           "a conversation that goes on is not the whole one", second, again)
    get(server, second["id"], status=404)
    count = server.ask("POST", "/v1/responses/input_tokens",
                       {"model": "chat", "input": "And then?", "previous_response_id": first["id"]})[2]
    expect(json.loads(count)["input_tokens"] == second["usage"]["input_tokens"], "a count", count)

    third = ask(server, {"input": "And?", "previous_response_id": first["id"]})
    fourth = ask(server, {"input": "So?", "previous_response_id": third["id"]})
    expect(fourth["usage"]["input_tokens"] > third["usage"]["input_tokens"], "the chain", third, fourth)
    server.ask("DELETE", "/v1/responses/" + first["id"])
    lost = ask(server, {"input": "So?", "previous_response_id": third["id"]}, status=400)
    expect(lost["error"]["code"] == "previous_response_not_found", "a chain without its beginning", lost)


def check_items(server):
    response = ask(server, {"input": [{"role": "user", "content": str(i)} for i in range(5)]})
    path = response["id"] + "/input_items"
    texts = lambda page: [item["content"][0]["text"] for item in page["data"]]
    page = get(server, path)
    expect(texts(page) == list("43210") and not page["has_more"], "newest first", page)
    page = get(server, path + "?order=asc&limit=2")
    expect(texts(page) == list("01") and page["has_more"] and page["last_id"] == page["data"][1]["id"],
           "a page", page)
    page = get(server, f"{path}?order=asc&limit=2&after={page['last_id']}")
    expect(texts(page) == list("23"), "the next page", page)
    for wrong in ("limit=0", "limit=101", "limit=x", "order=up", "after=nobody"):
        error = get(server, path + "?" + wrong, status=400)["error"]
        expect(error["param"] == wrong.split("=")[0], "a bad page", error)

def shape_of(event):
    """An event without what differs each time: ids and times."""
    if isinstance(event, dict):
        return {k: shape_of(v) for k, v in event.items() if k not in ("id", "item_id", "created_at", "completed_at")}
    return [shape_of(v) for v in event] if isinstance(event, list) else event


def check_again(server):
    """A kept answer can be told again, with the events of a stream; only its pieces are one."""
    status, _, data = server.ask("POST", "/v1/responses", ASK | {"input": "Tell a tale.", "stream": True})
    told = events(data)
    path = "/v1/responses/" + told[-1]["response"]["id"] + "?stream=true"
    status, headers, data = server.ask("GET", path)
    again = events(data)
    expect(status == 200 and headers["content-type"].startswith("text/event-stream"), "told again", status, headers)
    expect([e["sequence_number"] for e in again] == list(range(len(again))), "numbers", again)
    pieces = lambda events: "".join(e["delta"] for e in events if "delta" in e)
    rest = lambda events: [shape_of({k: v for k, v in e.items() if k != "sequence_number"})
                           for e in events if "delta" not in e]
    expect(pieces(again) == pieces(told) and rest(again) == rest(told), "told again otherwise", again, told)
    expect(events(server.ask("GET", path + "&starting_after=3")[2]) == again[4:], "from an event on")
    for wrong in ("x", "-1"):
        status, _, data = server.ask("GET", path + "&starting_after=" + wrong)
        expect(status == 400 and json.loads(data)["error"]["param"] == "starting_after", "a bad number", data)


STORY = {"input": "Tell me a story.", "max_output_tokens": None,
         "text": {"format": {"type": "json_schema", "name": "story", "schema": LASTING}}}


def wait_until_over(server, response):
    wait_for(lambda: get(server, response["id"])["status"] not in ("queued", "in_progress"), "it does not end")
    return get(server, response["id"])


def check_background(server):
    whole = ask(server, {"input": "Tell a tale."})
    queued = ask(server, {"input": "Tell a tale.", "background": True})
    expect(queued["status"] == "queued" and queued["background"] and queued["output"] == [], "queued", queued)
    done = wait_until_over(server, queued)
    expect(text_of(done) == text_of(whole) and done["status"] == whole["status"] and done["usage"] == whole["usage"],
           "made in the background it is another", done, whole)
    # Told as events, whether it still runs or not.
    running = ask(server, {"input": "Tell a tale.", "background": True})
    told = events(server.ask("GET", "/v1/responses/" + running["id"] + "?stream=true")[2])
    expect(told[-1]["response"] == get(server, running["id"]) and text_of(told[-1]["response"]) == text_of(whole),
           "the stream of what runs", told)
    # What is cancelled ends before its time, and goes on from nothing.
    long = ask(server, STORY | {"background": True})
    early = ask(server, {"input": "And?", "previous_response_id": long["id"]}, status=400)["error"]
    expect(early["param"] == "previous_response_id", "going on from what is not there yet", early)
    path = "/v1/responses/" + long["id"] + "/cancel"
    status, _, data = server.ask("POST", path)
    expect(status == 200 and json.loads(data)["status"] == "cancelled", "cancelled", status, data)
    expect(server.ask("POST", path)[0] == 200 and get(server, long["id"])["status"] == "cancelled", "cancelled twice")
    expect(server.ask("DELETE", "/v1/responses/" + ask(server, STORY | {"background": True})["id"])[0] == 200,
           "what runs is deleted")
    for wrong in ({"stream": True}, {"store": False}):
        error = ask(server, {"input": "Hi", "background": True} | wrong, status=400)["error"]
        expect(error["param"] == "background", "what does not go together", error)
    expect(server.ask("POST", "/v1/responses/" + whole["id"] + "/cancel")[0] == 400, "cancelling what is no background's")
    refused = ask(server, {"input": "Hi", "background": True, "model": "bert"}, status=400)["error"]
    expect(refused["param"] == "model", "what cannot be is refused at once", refused)


def check_killed(program):
    """What a server's end cut off says so when asked."""
    with serving(program) as server:
        cut = ask(server, STORY | {"background": True})
        server.process.kill()
        server.process.wait()
        again = Server(str(server.folder / "parvis"), server.folder)
        again.key = server.key
        found = get(again, cut["id"])
        expect(found["status"] == "failed" and found["error"]["code"] == "server_error", "cut off", found)
        again.stop()


def check_truncation(server):
    """Only who asks for it has the oldest messages left out, and is told how many."""
    messages = [{"role": "system", "content": "Be brief."}]
    messages += [{"role": "user", "content": f"Message {i} of many that are too long."} for i in range(40)]
    error = ask(server, {"input": messages}, status=400)["error"]
    expect(error["code"] == "context_length_exceeded" and error["param"] == "input", "too long", error)
    status, headers, data = server.ask("POST", "/v1/responses", ASK | {"input": messages, "truncation": "auto"})
    response = json.loads(data)
    dropped = int(headers.get("x-parvis-dropped-messages", 0))
    expect(status == 200 and response["truncation"] == "auto" and 0 < dropped < 40, "cut", status, headers, response)
    left = ask(server, {"input": messages[:1] + messages[1 + dropped:]})
    expect(text_of(left) == text_of(response) and left["usage"]["input_tokens"] == response["usage"]["input_tokens"],
           "other messages were left out", left, response)
    one_more = ask(server, {"input": messages[:1] + messages[dropped:]}, status=400)["error"]
    expect(one_more["code"] == "context_length_exceeded", "more was left out than needed", one_more)
    _, headers, _ = server.ask("POST", "/v1/responses", ASK | {"input": "Hi", "truncation": "auto"})
    expect("x-parvis-dropped-messages" not in headers, "nothing was left out", headers)


def check_quota(program):
    """Of too many answers the oldest go; files have an end even if nobody said so."""
    with serving(program, "--response-quota", "2", "--file-days", "1") as server:
        kept = [ask(server, {"input": str(i)})["id"] for i in range(3)]
        get(server, kept[0], status=404)
        get(server, kept[1])
        get(server, kept[2])
        form = "".join(f'--b\r\nContent-Disposition: form-data; name="{name}\r\n\r\n{value}\r\n'
                       for name, value in (('purpose"', "batch"), ('file"; filename="f"', "{}"))) + "--b--\r\n"
        status, _, data = server.ask("POST", "/v1/files", form, {"Content-Type": "multipart/form-data; boundary=b"})
        file = json.loads(data)
        expect(status == 200 and file["expires_at"] == file["created_at"] + 24 * 60 * 60, "a file's end", status, file)


def on_disk(server, text):
    return [f.name for f in (server.folder / "data").rglob("*")
            if f.is_file() and text.encode() in f.read_bytes()]


def check_deletion(server):
    kept = ask(server, {"input": SECRET})
    expect(on_disk(server, SECRET), "the test looks for what is nowhere")
    status, _, data = server.ask("DELETE", "/v1/responses/" + kept["id"])
    expect(status == 200 and json.loads(data) == {"id": kept["id"], "object": "response", "deleted": True},
           "a deletion", status, data)
    expect(not on_disk(server, SECRET), "what was deleted is still there", on_disk(server, SECRET))
    get(server, kept["id"], status=404)
    expect(server.ask("DELETE", "/v1/responses/" + kept["id"])[0] == 404, "deleted twice")
    ask(server, {"input": SECRET + " unkept", "store": False})
    expect(not on_disk(server, "unkept"), "what should not be kept is kept")


def check_owner(program):
    """A guest and the operator are two owners; what one keeps the other does not find."""
    with serving(program, "--no-key") as server:
        mine = ask(server, {"input": "Hi"})  # with the operator's key
        for method, path in (("GET", ""), ("GET", "/input_items"), ("DELETE", "")):
            status, _, data = server.ask(method, "/v1/responses/" + mine["id"] + path, key=None)
            expect(status == 404, "a guest reads what is the operator's", method, path, status, data)
        status, _, data = server.ask("POST", "/v1/responses",
                                     ASK | {"input": "Hi", "previous_response_id": mine["id"]}, key=None)
        expect(status == 400, "a guest goes on from what is the operator's", data)
        expect(get(server, mine["id"])["id"] == mine["id"], "the owner's own")
        server.stop()
        again = Server(str(server.folder / "parvis"), server.folder)
        with contextlib.closing(again.connection()):
            again.key = server.key
            expect(get(again, mine["id"]) == mine, "what is kept does not outlive the server")
        again.stop()


def check_cut(program):
    got = cut_stream(program, "/v1/responses", {"model": "chat", "temperature": 0, "stream": True} | STORY)
    expect(b"event: response.failed" in got and b"response.completed" not in got
           and not got.endswith(b"0\r\n\r\n"), "a stream that is cut", got[-300:])


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    with serving(program) as server:
        check_same(server)
        check_history(server)
        check_items(server)
        check_again(server)
        check_background(server)
        check_truncation(server)
        check_deletion(server)
    check_owner(program)
    check_cut(program)
    check_killed(program)
    check_quota(program)
    print("responses hold")


if __name__ == "__main__":
    main()
