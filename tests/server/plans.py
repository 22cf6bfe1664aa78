#!/usr/bin/env python3
"""What a plan lacks, and how long its requests may be: plans.py PARVIS.

Each feature is asked for in each dialect that has it, under a plan that lacks it and no other, which must
say so, and under one that has it, which must not. A context's length is counted in the model's own tokens
and never cut in silence."""
import json
import os
import pathlib
import shutil
import sys

from adapters import write_adapter
from batches import TYPE, file_form
from organisation import Client
from served import cli, expect, serving, wait_for

FEATURES = ["tools", "structured_output", "logprobs", "embeddings", "adapters", "upstream_models", "files",
            "batches", "kept_responses", "background"]
SETTINGS = """
[adapters.poet]
model = "chat"
path = "{path}"
[upstream.far]
url = "http://127.0.0.1:9/v1"
model = "m"
key_file = "{key}"
"""
HI = {"model": "chat", "messages": [{"role": "user", "content": "Hi"}]}
CHAT = HI | {"max_tokens": 2}
OLLAMA = HI | {"stream": False, "options": {"num_predict": 2}}
RESPONSE = {"model": "chat", "input": "Hi", "max_output_tokens": 2, "store": False}
COMPLETION = {"model": "fable", "prompt": "Hi", "max_tokens": 2}
SCHEMA = {"type": "object", "properties": {"a": {"type": "boolean"}}, "required": ["a"]}
FUNCTION = {"name": "weather", "parameters": SCHEMA}
TOOLS = [{"type": "function", "function": FUNCTION}]

# What uses a feature: paths and bodies.
USES = {
    "tools": [("/v1/chat/completions", CHAT | {"tools": TOOLS}),
              ("/v1/chat/completions", CHAT | {"tools": TOOLS, "stream": True}),
              ("/v1/responses", RESPONSE | {"tools": [{"type": "function"} | FUNCTION]}),
              ("/v1/messages", CHAT | {"tools": [{"name": "weather", "input_schema": SCHEMA}]}),
              ("/api/chat", OLLAMA | {"tools": TOOLS})],
    "structured_output": [
        ("/v1/chat/completions", CHAT | {"response_format": {"type": "json_object"}}),
        ("/v1/chat/completions", CHAT | {"response_format": {
            "type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}}}),
        ("/v1/responses", RESPONSE | {"text": {"format": {"type": "json_object"}}}),
        ("/v1/messages", CHAT | {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}}),
        ("/api/chat", OLLAMA | {"format": "json"}),
        ("/api/generate", {"model": "chat", "prompt": "Hi", "stream": False, "format": SCHEMA,
                           "options": {"num_predict": 2}})],
    "logprobs": [("/v1/chat/completions", CHAT | {"logprobs": True}),
                 ("/v1/completions", COMPLETION | {"logprobs": 1}),
                 ("/v1/completions", COMPLETION | {"logprobs": 0, "echo": True}),
                 ("/v1/responses", RESPONSE | {"include": ["message.output_text.logprobs"]})],
    "embeddings": [("/v1/embeddings", {"model": "bert", "input": "Hi"}),
                   ("/api/embed", {"model": "bert", "input": "Hi"}),
                   ("/api/embeddings", {"model": "bert", "prompt": "Hi"})],
    "adapters": [("/v1/chat/completions", CHAT | {"model": "poet"}), ("/v1/messages", CHAT | {"model": "poet"}),
                 ("/api/chat", OLLAMA | {"model": "poet"}), ("/v1/embeddings", {"model": "poet", "input": "Hi"})],
    "upstream_models": [("/v1/chat/completions", CHAT | {"model": "far"}),
                        ("/v1/messages", CHAT | {"model": "far"}), ("/api/chat", OLLAMA | {"model": "far"})],
    "files": [("/v1/files", file_form(b"x"))],
    "batches": [("/v1/batches", {"input_file_id": "file-none", "endpoint": "/v1/completions",
                                 "completion_window": "24h"})],
    "kept_responses": [("/v1/responses", RESPONSE | {"store": True}),
                       ("/v1/responses", RESPONSE | {"previous_response_id": "resp_none"})],
    "background": [("/v1/responses", RESPONSE | {"store": True, "background": True})],
}
# What they need beside it.
ALSO = {"background": ["kept_responses"], "adapters": ["embeddings"]}
# With it they come further, to what is wrong for another reason.
OTHERWISE = {"upstream_models": (502,), "batches": (404,), "kept_responses": (200, 400)}


def dialect_of(path):
    return "anthropic" if path == "/v1/messages" else "ollama" if path.startswith("/api") else "openai"


def check_lacking(path, feature, status, headers, data):
    said = json.loads(data)
    facts = (path, feature, status, said)
    expect(status == 403 and headers["x-parvis-limit"] == "features of plan", "what a plan lacks", *facts)
    error = said["error"]
    message = error if dialect_of(path) == "ollama" else error["message"]
    expect(message == f"Your plan 'some' does not have '{feature}'.", "the message", *facts)
    if dialect_of(path) == "anthropic":
        expect(said["type"] == "error" and error["type"] == "permission_error", "the kind", *facts)
    if dialect_of(path) == "openai":
        expect(error["type"] == "permission_error" and error["code"] == "feature_not_in_plan", "the kind", *facts)


def check_features(server, operator, key):
    def ask(path, body):
        return server.ask("POST", path, body, TYPE if path == "/v1/files" else None, key=key)

    expect(list(USES) == FEATURES, "all of them")
    for feature in FEATURES:
        operator.ask("POST", "/v1/plans/some", {"features": [f for f in FEATURES if f != feature]})
        for path, body in USES[feature]:
            check_lacking(path, feature, *ask(path, body))
        # Nothing else is refused for it.
        for path, body in (("/v1/chat/completions", CHAT), ("/v1/messages", CHAT), ("/api/chat", OLLAMA),
                           ("/v1/responses", RESPONSE), ("/v1/completions", COMPLETION)):
            status, _, data = ask(path, body)
            expect(status == 200, "a plain request", feature, path, status, data)
        operator.ask("POST", "/v1/plans/some", {"features": [feature] + ALSO.get(feature, [])})
        for path, body in USES[feature]:
            status, _, data = ask(path, body)
            expect(status in OTHERWISE.get(feature, (200,)), "a plan that has it", feature, path, status, data)


def check_keeping(server, operator, key):
    """Without the feature nothing is kept that was not asked to be; what was kept before can be had."""
    body = {k: v for k, v in RESPONSE.items() if k != "store"}

    def ask():
        status, _, data = server.ask("POST", "/v1/responses", body, key=key)
        said = json.loads(data)
        expect(status == 200, "a response", status, said)
        return said, server.ask("GET", f"/v1/responses/{said['id']}", key=key)[0]
    operator.ask("POST", "/v1/plans/some", {"features": FEATURES})
    before, found = ask()
    expect(before["store"] is True and found == 200, "kept", before, found)
    operator.ask("POST", "/v1/plans/some", {"features": []})
    said, found = ask()
    expect(said["store"] is False and found == 404, "not kept", said, found)
    for method in ("GET", "DELETE"):
        expect(server.ask(method, f"/v1/responses/{before['id']}", key=key)[0] == 200, method)


def check_batch_lines(server, operator, key):
    """A line is a request like any other; and a plan that has lost batches has no more lines answered."""
    caller = Client(server, key)

    def batch_of(*bodies):
        lines = "".join(json.dumps({"custom_id": str(i), "method": "POST", "url": "/v1/chat/completions", "body": body}) + "\n"
                        for i, body in enumerate(bodies))
        operator.ask("POST", "/v1/plans/some", {"features": ["files", "batches"]})
        file = json.loads(server.ask("POST", "/v1/files", file_form(lines), TYPE, key=key)[2])["id"]
        return caller.ask("POST", "/v1/batches", {"input_file_id": file, "endpoint": "/v1/chat/completions",
                                                  "completion_window": "24h"})["id"]

    def counts(batch):
        return caller.ask("GET", f"/v1/batches/{batch}")["request_counts"]

    def failures(batch):
        wait_for(lambda: caller.ask("GET", f"/v1/batches/{batch}")["status"] == "completed", "its end", 120)
        file = caller.ask("GET", f"/v1/batches/{batch}")["error_file_id"]
        _, _, data = server.ask("GET", f"/v1/files/{file}/content", key=key)
        return [json.loads(line)["response"] for line in data.decode().splitlines()]

    failed = failures(batch_of(CHAT, CHAT | {"tools": TOOLS}))
    expect(len(failed) == 1 and failed[0]["status_code"] == 403
           and "does not have 'tools'" in failed[0]["body"]["error"]["message"], "a line", failed)
    batch = batch_of(*[CHAT | {"max_tokens": 60, "logit_bias": {"0": -100}}] * 200)
    wait_for(lambda: counts(batch)["completed"] > 2, "it runs")
    operator.ask("POST", "/v1/plans/some", {"features": []})
    failed = failures(batch)
    expect(counts(batch)["completed"] + len(failed) == 200 and failed
           and all("does not have 'batches'" in f["body"]["error"]["message"] for f in failed), "the rest", failed[:1])


def check_context(server, operator, key):
    room = 60
    operator.ask("POST", "/v1/plans/some", {"features": FEATURES, "context_length": room})

    def ask(path, body):
        status, headers, data = server.ask("POST", path, body, key=key)
        return status, headers, json.loads(data)

    long = "one two three four five six seven eight nine ten " * 8
    said = {"role": "user", "content": long}
    for path, body, param in (
            ("/v1/completions", COMPLETION | {"prompt": long}, "prompt"),
            ("/v1/completions", COMPLETION | {"prompt": ["Hi", long]}, "prompt[1]"),
            ("/v1/chat/completions", CHAT | {"messages": [said]}, "messages"),
            ("/v1/chat/completions", CHAT | {"messages": [said], "stream": True}, "messages"),
            ("/v1/responses", RESPONSE | {"input": long}, "input"),
            ("/v1/messages", CHAT | {"messages": [said]}, None),
            ("/api/chat", OLLAMA | {"messages": [said]}, None),
            ("/v1/embeddings", {"model": "chat", "input": ["Hi", long]}, "input[1]")):
        status, headers, answer = ask(path, body)
        error = answer["error"]
        message = error if isinstance(error, str) else error["message"]
        facts = (path, status, answer)
        expect(status == 400 and f"'some' has room for {room} tokens" in message
               and headers["x-parvis-limit"] == "context_length of plan", "too long", *facts)
        if param:
            expect(error["param"] == param and error["code"] == "context_length_exceeded", "which part", *facts)

    # An answer without a length has exactly what is left; one with a length has it or is refused.
    free = {k: v for k, v in CHAT.items() if k != "max_tokens"} | {"temperature": 0, "logit_bias": {"0": -100}}
    status, _, answer = ask("/v1/chat/completions", free)
    expect(status == 200 and answer["usage"]["total_tokens"] == room
           and answer["choices"][0]["finish_reason"] == "length", "all that there is", answer)
    prompt = answer["usage"]["prompt_tokens"]
    for more, wanted in ((0, 200), (1, 400)):
        status, _, answer = ask("/v1/chat/completions", free | {"max_tokens": room - prompt + more})
        expect(status == wanted, "to the token", more, status, answer)
    expect(f"{prompt} in the prompt and {room - prompt + 1}" in answer["error"]["message"], "the numbers", answer)
    # Who asks for it has the oldest left out, until the plan has room; and is told.
    talk = [{"role": "user", "content": f"Number {i} is a number."} for i in range(9)]
    status, _, answer = ask("/v1/responses", RESPONSE | {"input": talk})
    expect(status == 400, "nothing is left out in silence", answer)
    status, headers, answer = ask("/v1/responses", RESPONSE | {"input": talk, "truncation": "auto"})
    expect(status == 200 and 0 < int(headers["x-parvis-dropped-messages"]) < 9
           and answer["usage"]["total_tokens"] <= room, "left out", status, answer)
    # Each prompt by itself, not all together.
    status, _, answer = ask("/v1/completions", COMPLETION | {"prompt": ["one two three four five"] * 20})
    expect(status == 200 and answer["usage"]["prompt_tokens"] > room, "many prompts", status, answer)
    operator.ask("POST", "/v1/plans/some", {"context_length": 0})


def check_plans(server, operator):
    """What a plan is by API and by command is the same, and what makes no sense is refused."""
    plan = operator.ask("POST", "/v1/plans/new", {})
    expect(plan["priority"] == 5 and plan["features"] == FEATURES and plan["context_length"] == 0, "as ever", plan)
    plan = operator.ask("POST", "/v1/plans/new", {"priority": 9, "features": ["batches", "tools"]})
    expect(plan["priority"] == 9 and plan["features"] == ["tools", "batches"], "a plan", plan)
    expect(operator.ask("POST", "/v1/plans/new", {"currency": "CHF"}) == plan | {"currency": "CHF"}, "the rest stays")
    for body, param in (({"features": ["flight"]}, "features[0]"), ({"features": "tools"}, "features"),
                        ({"features": ["all"]}, "features[0]"), ({"priority": 0}, "priority"),
                        ({"priority": 10}, "priority"), ({"priority": 1.5}, "priority")):
        said = operator.ask("POST", "/v1/plans/new", body, status=400)
        expect(said["error"]["param"] == param, "refused", body, said)
    cli(server, "plan", "set", "new", "--feature", "none", "--priority", "1")
    plan = operator.ask("GET", "/v1/plans/new")
    expect(plan["features"] == [] and plan["priority"] == 1 and plan["currency"] == "CHF", "by command", plan)
    document = json.loads(server.ask("GET", "/openapi.json")[2])["paths"]
    needing = {(method, path): op["x-parvis-feature"] for path, ops in document.items() for method, op in ops.items()
               if "x-parvis-feature" in op}
    expect(needing == {("post", "/v1/files"): "files", ("post", "/v1/batches"): "batches"}, "the document", needing)


def prepare(folder):
    """An adapter of the model that converses, an upstream that is not there."""
    data = folder / "data"
    write_adapter(folder / "poet", folder / "models/chat", ["q_proj"], 4, seed=1)
    (data / "key").write_text("sk-nothing\n")
    (data / "settings.toml").write_text(SETTINGS.format(path=folder / "poet", key=data / "key"))
    for name in ("key", "settings.toml"):
        if os.getuid() == 0:
            shutil.chown(data / name, "nobody")
        os.chmod(data / name, 0o600)


def main():
    program = str(pathlib.Path(sys.argv[1]))
    with serving(program, "--config", "{data}/settings.toml", prepare=prepare) as server:
        operator = Client(server, server.key)
        operator.ask("POST", "/v1/plans/some", {})
        key = operator.key_for(operator.user("Ada", plan="some"))[1]
        check_plans(server, operator)
        check_features(server, operator, key)
        check_keeping(server, operator, key)
        check_batch_lines(server, operator, key)
        check_context(server, operator, key)
    print("plans hold")


if __name__ == "__main__":
    main()
