#!/usr/bin/env python3
"""Answers that the server keeps: responses.py PARVIS.

A conversation goes on from an answer as if all of it had been sent again; what is kept outlives the
server and belongs to its owner; what is deleted is in no file any more; a stream that is cut says so."""
import contextlib
import json
import pathlib
import sys

from dialects import cut_stream
from served import Server, events, expect, serving

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
    get(server, response["id"] + "?stream=true", status=400)


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
    got = cut_stream(program, "/v1/responses", {"model": "chat", "input": "Tell me a story.", "temperature": 0,
                                                "stream": True})
    expect(b"event: response.failed" in got and b"response.completed" not in got
           and not got.endswith(b"0\r\n\r\n"), "a stream that is cut", got[-300:])


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    with serving(program) as server:
        check_same(server)
        check_history(server)
        check_items(server)
        check_deletion(server)
    check_owner(program)
    check_cut(program)
    print("responses hold")


if __name__ == "__main__":
    main()
