#!/usr/bin/env python3
"""What the dialects of Anthropic and Ollama promise beyond single answers: dialects.py PARVIS.

Streamed and whole answers are the same; tokens are counted as they are charged, and counting leaves a
record like any other request; a model stays as long as keep_alive says; a stream that is cut says so."""
import contextlib
import json
import signal
import socket
import subprocess
import sys
import time

from served import events, expect, LASTING, serving, wait_for
from streams import records

# What the model, always taking the likeliest token, goes on with until there is no room.
STORY = [{"role": "user", "content": "Tell me a story."}]
MESSAGES = [{"role": "user", "content": "Tell a tale."}]


def ask(server, path, body):
    status, _, data = server.ask("POST", path, body)
    expect(status == 200, "no answer", path, body, status, data[:300])
    return data


def check_anthropic(server):
    body = {"model": "chat", "messages": MESSAGES, "max_tokens": 30, "temperature": 0}
    whole = json.loads(ask(server, "/v1/messages", body))
    told = events(ask(server, "/v1/messages", body | {"stream": True}))
    text = "".join(e["delta"]["text"] for e in told if e["type"] == "content_block_delta")
    expect(text == whole["content"][0]["text"], "streamed and whole differ", text, whole)
    end = told[-2]
    expect(end["usage"] == whole["usage"] and end["delta"]["stop_reason"] == whole["stop_reason"],
           "the end", end, whole)
    expect(told[0]["message"]["usage"]["input_tokens"] == whole["usage"]["input_tokens"], "input", told[0])

    # An assistant's last message is begun for the model, which goes on behind it: as a completion
    # of what the template writes until there.
    begun = body | {"messages": MESSAGES + [{"role": "assistant", "content": "Once upon"}]}
    rest = json.loads(ask(server, "/v1/messages", begun))
    tokens = subprocess.run(
        [server.folder / "parvis", "tokenize", "--model", server.folder / "models" / "fable.gguf",
         "user: Tell a tale.\nassistant: Once upon"], capture_output=True, text=True, check=True).stdout
    prompt = [int(token) for token in tokens.split()][1:]  # the template writes no first token
    told = json.loads(ask(server, "/v1/completions", {"model": "chat", "prompt": prompt, "max_tokens": 30,
                                                      "temperature": 0}))
    expect(rest["content"][0]["text"] == told["choices"][0]["text"]
           and rest["usage"]["input_tokens"] == told["usage"]["prompt_tokens"], "a begun answer", rest, told)

    word = text.split()[3]
    stopped = json.loads(ask(server, "/v1/messages", body | {"stop_sequences": ["#never#", word]}))
    expect(stopped["stop_reason"] == "stop_sequence" and stopped["stop_sequence"] == word
           and word not in stopped["content"][0]["text"], "a text to stop at", word, stopped)
    end = events(ask(server, "/v1/messages", body | {"stop_sequences": ["#never#", word], "stream": True}))[-2]
    expect(end["delta"] == {"stop_reason": "stop_sequence", "stop_sequence": word}, "in a stream", end)

    tools = {"tools": [{"name": "a", "description": "Does", "input_schema": {"type": "object"}}]}
    for one in (body, begun, body | {"system": "Be brief."}, body | tools):
        before = len(records(server))
        asked = {k: v for k, v in one.items() if k in ("model", "messages", "system", "tools")}
        count = json.loads(ask(server, "/v1/messages/count_tokens", asked))["input_tokens"]
        charged = json.loads(ask(server, "/v1/messages", one))["usage"]["input_tokens"]
        expect(count == charged, "counted and charged differ", count, charged)
        mine = records(server)[before:]
        expect([r[1:] for r in mine][0] == ("stop", 0), "a count is not on record", mine)
    long = {"model": "chat", "messages": [{"role": "user", "content": "tale " * 20000}]}
    count = json.loads(ask(server, "/v1/messages/count_tokens", long))["input_tokens"]
    expect(count > 10000, "a long prompt is not counted", count)


def check_ollama(server):
    body = {"model": "chat", "messages": MESSAGES, "options": {"num_predict": 30, "temperature": 0}}
    whole = json.loads(ask(server, "/api/chat", body | {"stream": False}))
    lines = events(ask(server, "/api/chat", body))
    text = "".join(line["message"]["content"] for line in lines)
    expect(text == whole["message"]["content"], "streamed and whole differ", text, whole)
    expect(lines[-1]["eval_count"] == whole["eval_count"]
           and [line["done"] for line in lines[:-1]] == [False] * (len(lines) - 1), "the lines", lines)
    expect(whole["total_duration"] >= whole["eval_duration"] > 1000, "durations in ns", whole)

    prompt = {"model": "chat", "prompt": MESSAGES[0]["content"], "options": body["options"], "stream": False}
    expect(json.loads(ask(server, "/api/generate", prompt))["response"] == text, "a prompt is a message")
    raw = json.loads(ask(server, "/api/generate", prompt | {"raw": True}))
    plain = json.loads(ask(server, "/api/generate", prompt | {"model": "fable"}))
    expect(raw["prompt_eval_count"] == plain["prompt_eval_count"] < whole["prompt_eval_count"]
           and raw["response"] == plain["response"], "a raw prompt", raw, plain)

    vectors = [json.loads(ask(server, path, {"model": "bert"} | more)) for path, more in
               (("/api/embed", {"input": "Hello"}), ("/api/embeddings", {"prompt": "Hello"}),
                ("/v1/embeddings", {"input": "Hello"}))]
    expect(vectors[0]["embeddings"][0] == vectors[1]["embedding"] == vectors[2]["data"][0]["embedding"],
           "vectors of two dialects")


def loaded(server):
    return {m["name"]: m for m in json.loads(server.ask("GET", "/api/ps")[2])["models"]}


def check_keep_alive(server):
    load = {"model": "fable", "stream": False}
    never = "0001-01-01T00:00:00Z"
    ask(server, "/api/generate", load | {"keep_alive": -1})
    expect(loaded(server)["fable:latest"]["expires_at"] == never, "for ever", loaded(server))
    ask(server, "/api/generate", load | {"keep_alive": "1h30m"})
    left = time.mktime(time.strptime(loaded(server)["fable:latest"]["expires_at"][:19],
                                     "%Y-%m-%dT%H:%M:%S")) - time.mktime(time.gmtime())
    expect(5300 < left <= 5402, "an hour and a half", left)
    ask(server, "/api/generate", {"model": "fable", "prompt": "a", "stream": False, "keep_alive": "0s",
                                  "options": {"num_predict": 1}})
    wait_for(lambda: "fable:latest" not in loaded(server), "a model stays that nobody wants")
    digests = {m["name"]: m["digest"] for m in json.loads(server.ask("GET", "/api/tags")[2])["models"]}
    expect(len(digests["fable:latest"]) == 64, "what was loaded is known", digests)


def cut_stream(program, path, body):
    """All that a client sees of a stream whose server is stopped at once. Slow arithmetic: the stream
    must not be over before that."""
    with serving(program, "--stop-time", "0", "--kernels", "scalar", "-t", "1") as server:
        s = socket.create_connection(("127.0.0.1", server.port))
        text = json.dumps(body)
        s.sendall(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nx-api-key: {server.key}\r\n"
                  f"Content-Length: {len(text)}\r\n\r\n{text}".encode())
        got = s.recv(64)
        expect(got.startswith(b"HTTP/1.1 200"), "a stream begins", got)
        server.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(ConnectionResetError):
            while part := s.recv(65536):
                got += part
        s.close()
        server.process.wait(30)
        return got


def check_cut(program):
    got = cut_stream(program, "/v1/messages", {"model": "chat", "messages": STORY, "max_tokens": 200, "temperature": 0, "stream": True,
                                               "output_config": {"format": {"type": "json_schema", "schema": LASTING}}})
    expect(b"event: error\ndata: {\"type\":\"error\"" in got and b"message_stop" not in got
           and not got.endswith(b"0\r\n\r\n"), "Anthropic's error", got[-300:])
    got = cut_stream(program, "/api/chat", {"model": "chat", "messages": STORY, "format": LASTING, "options": {"temperature": 0}})
    expect(b'{"error":"' in got.split(b"\r\n")[-2] and b'"done":true' not in got
           and not got.endswith(b"0\r\n\r\n"), "Ollama's error", got[-300:])


def check_guest(program):
    """Who need no key may use models, not say how long they stay."""
    with serving(program, "--no-key") as server:
        body = json.dumps({"model": "fable", "keep_alive": 0})
        status, _, data = server.ask("POST", "/api/generate", body, key=None)
        expect(status == 403 and "error" in json.loads(data), "a guest unloads", status, data)
        status, _, _ = server.ask("POST", "/api/generate", {"model": "fable", "keep_alive": -1}, key=None)
        expect(status == 200, "a guest", status)
        found = json.loads(server.ask("GET", "/api/ps", key=None)[2])["models"][0]
        expect(not found["expires_at"].startswith("0001"), "a guest keeps a model for ever", found)


def main():
    program = sys.argv[1]
    with serving(program) as server:
        check_anthropic(server)
        check_ollama(server)
        check_keep_alive(server)
    check_cut(program)
    check_guest(program)
    print("dialects hold")


if __name__ == "__main__":
    main()
