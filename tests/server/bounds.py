#!/usr/bin/env python3
"""Every field of every JSON body, at and beyond its bounds: bounds.py PARVIS.

The cases are made from the server's own OpenAPI document, so a field that is added is tested. What
lies within must not be refused for that field; what lies beyond must give 400 and name the field. The
server must answer all the same afterwards."""
import json
import sys

from served import expect, serving

# A body that is answered, for each route; fields are replaced in it one by one.
GOOD = {
    "/v1/chat/completions": {"model": "fable", "messages": [{"role": "user", "content": "Hi"}]},
    "/v1/responses": {"model": "chat", "input": "Hi", "max_output_tokens": 1},
    "/v1/responses/input_tokens": {"model": "chat", "input": "Hi"},
    "/v1/completions": {"model": "fable", "prompt": "Hi", "max_tokens": 1},
    "/v1/embeddings": {"model": "bert", "input": "Hi"},
    "/v1/moderations": {"input": "Hi"},
    "/v1/models/load": {"model": "fable"},
    "/v1/tokenize": {"model": "fable", "text": "Hi"},
    "/v1/classify": {"model": "labels", "input": "Hi"},
    "/v1/fill": {"model": "masks", "input": "The [MASK]."},
    "/v1/answer": {"model": "spans", "question": "a", "text": "The cat."},
    "/v1/translate": {"model": "t5", "text": "Hi", "from": "en", "to": "fr"},
    "/v1/summarize": {"model": "t5", "text": "Hi"},
    "/v1/code/explain": {"model": "chat", "code": "a = 1", "max_tokens": 1},
    "/v1/code/fix": {"model": "chat", "code": "a = ", "max_tokens": 1},
    "/v1/rerank": {"model": "bert", "query": "Hi", "documents": ["Hi", "The cat."]},
    "/v1/messages": {"model": "chat", "messages": [{"role": "user", "content": "Hi"}],
                     "max_tokens": 1},
    "/v1/messages/count_tokens": {"model": "chat", "messages": [{"role": "user", "content": "Hi"}]},
    "/api/chat": {"model": "chat", "messages": [{"role": "user", "content": "Hi"}],
                  "options": {"num_predict": 1}},
    "/api/generate": {"model": "fable", "prompt": "Hi", "options": {"num_predict": 1}},
    "/api/embed": {"model": "bert", "input": "Hi"},
    "/api/embeddings": {"model": "bert", "prompt": "Hi"},
    "/api/show": {"model": "fable"},
    "/api/copy": {"source": "fable", "destination": "../no name"},
    "/v1/batches": {"input_file_id": "file-x", "endpoint": "/v1/completions", "completion_window": "24h"},
    "/v1/organization/users": {"name": "Hi"},
    "/v1/organization/users/{user}": {},
    "/v1/organization/groups": {"name": "Hi"},
    "/v1/organization/api_keys": {"user_id": "nobody"},
    "/v1/organization/api_keys/{key}/rotate": {},
    "/v1/organization/admin_api_keys": {"name": "Hi"},
    "/v1/organization/billing": {},
    "/v1/organization/invoices": {"month": "2020-01"},
    "/v1/organization/invoices/{invoice}/credit": {"reason": "Hi"},
    "/v1/organizations": {"name": "Hi"},
    "/v1/organizations/{organization}": {},
    "/v1/plans/{plan}": {},
    "/v1/sessions": {"user": "nobody", "password": "long enough to be taken"},
    "/v1/organization/users/{user}/password": {"password": "the grey hen walks home"},
    "/v1/organization/limits": {"scope": "user", "subject": "nobody", "metric": "tokens_per_day"},
}
JUDGED = {"/v1/organization/users/{user}/password": ("password",)}
OF_SESSIONS = ("/v1/sessions/current/password",)  # refused to keys: sessions.py
STATEFUL = ("/v1/organization/billing", "/v1/organization/invoices", "/v1/sessions")
# Raw JSON, since some of it is not what Python's module would write.
WRONG_TYPES = {
    "string": ["7", "true", "[]", "{}"],
    "integer": ['"7"', "true", "[]", "{}", "0.5"],
    "number": ['"7"', "true", "[]", "{}"],
    "boolean": ['"true"', "1", "[]", "{}"],
    "array": ["7", "true", "{}"],
    "object": ["7", "true", "[]", '"x"'],
}
HUGE = ["1e308", "-1e308", "2147483648", "9223372036854775808", "-9223372036854775809",
        "18446744073709551616"]
NOT_JSON = ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"]


def alternatives(schema):
    """What a value may be, without null."""
    found = []
    for one in schema.get("anyOf", [schema]):
        found += alternatives(one) if "anyOf" in one else [one] if one.get("type") != "null" else []
    return found


def nullable(schema):
    return any(one.get("type") == "null" for one in schema.get("anyOf", []))


def beyond(schema):
    """JSON texts that the schema does not allow."""
    shapes = alternatives(schema)
    types = {shape.get("type") for shape in shapes}
    if None in types:  # anything goes
        return []
    wrong = [text for text in set.intersection(*(set(WRONG_TYPES[t]) for t in types))]
    if not nullable(schema):
        wrong.append("null")
    for shape in shapes:
        kind = shape["type"]
        if kind in ("integer", "number"):
            step = 1 if kind == "integer" else 0.001
            wrong += [json.dumps(shape["minimum"] - step), json.dumps(shape["maximum"] + step)]
            wrong += [text for text in HUGE
                      if not shape["minimum"] <= float(text) <= shape["maximum"]]
            wrong += ["-1"] if shape["minimum"] > -1 else []
            wrong += ["0"] if shape["minimum"] > 0 else []
        if kind == "string" and "enum" in shape and types == {"string"}:
            wrong.append('"no such word"')
        if kind == "string" and shape.get("minLength", 0) > 0:
            wrong.append('""')
        if kind == "string" and shape.get("maxLength", 10**9) <= 100_000:
            wrong.append(json.dumps("x" * (shape["maxLength"] + 1)))
        if kind == "array" and shape.get("minItems", 0) > 0:
            wrong.append("[]")
        if kind == "array" and shape["maxItems"] <= 5000 and "string" in str(shape["items"]):
            wrong.append(json.dumps(["x"] * (shape["maxItems"] + 1)))
        if kind == "object" and shape.get("additionalProperties") is False:
            wrong.append('{"no such field": 1}')
    return wrong


def within(schema):
    found = []
    for shape in alternatives(schema):
        if shape.get("type") in ("integer", "number"):
            found += [json.dumps(shape["minimum"]), json.dumps(shape["maximum"])]
        if "enum" in shape:
            found += [json.dumps(word) for word in shape["enum"]]
        if shape.get("type") == "boolean":
            found += ["true", "false"]
    return found + (["null"] if nullable(schema) else [])


def with_field(good, field, text):
    body = {k: v for k, v in good.items() if k != field}
    inside = json.dumps(body)[1:-1]
    return "{" + inside + (", " if inside else "") + json.dumps(field) + ": " + text + "}"


def error_of(status, data):
    """What is wrong in OpenAI's words; other dialects name the field in the message only."""
    if status < 400:
        return None
    error = json.loads(data)["error"]
    if isinstance(error, dict) and "param" in error:
        return error
    message = error["message"] if isinstance(error, dict) else error
    quoted = message.split("'")
    return {"message": message, "param": quoted[1] if len(quoted) > 1 else None,
            "code": "invalid_json" if "is not JSON" in message else
            "context_length_exceeded" if "has room for" in message else None}


def check_route(server, path, schema, judged=()):
    """`judged`: fields of which more than the schema is asked."""
    good, count = GOOD[path], 0
    path = path.replace("{user}", server.somebody) if judged else path
    for field, shape in schema["properties"].items():
        for text in beyond(shape):
            status, _, data = server.ask("POST", path, with_field(good, field, text))
            what = (path, field, text[:80], status, data[:300])
            expect(status == 400, "what lies beyond a bound is not refused", *what)
            named = error_of(status, data)["param"] or ""
            expect(named.split(".")[0].split("[")[0] == field, "the field is not named", *what)
            count += 1
        for text in within(shape) if field not in judged else ():
            status, _, data = server.ask("POST", path, with_field(good, field, text))
            error = error_of(status, data) or {}
            # The model may have no room for so many tokens; that is not the bound's fault.
            # Nor is it the bound's if one field needs another.
            other = error.get("code") in ("context_length_exceeded", "no_chat_template") or \
                " needs " in error.get("message", "") or \
                "is missing" in error.get("message", "") or "at least 'n'" in error.get("message", "") \
                or "The model" in error.get("message", "") or error.get("param") in ("model", "input_file_id")
            # A route that is known and not there yet says 501 to whatever looks right.
            # Of whom it would be is not there, or is there already.
            other = other or status == 404 or "exists already" in error.get("message", "")
            other = other or (status == 501 and error["code"] == "not_implemented")
            # Who invoices or signs in needs more than a body that looks right.
            other = other or (path.startswith(STATEFUL) and error.get("param") != field)
            expect(status < 400 or other, "what lies within is refused", path, field, text, status,
                   data[:300])
            count += 1
        for text in NOT_JSON:
            status, _, data = server.ask("POST", path, with_field(good, field, text))
            expect(status == 400 and error_of(status, data)["code"] == "invalid_json",
                   "what is no JSON is taken", path, field, text, status, data[:300])
            count += 1
    for field in schema.get("required", []):
        status, _, data = server.ask("POST", path, {k: v for k, v in good.items() if k != field})
        expect(status == 400 and error_of(status, data)["param"] == field, "a missing field", path,
               field, status, data[:300])
    return count


def main():
    with serving(sys.argv[1]) as server:
        document = json.loads(server.ask("GET", "/openapi.json")[2])
        server.somebody = json.loads(server.ask("POST", "/v1/organization/users", {"name": "Ada"})[2])["id"]
        count = 0
        for path, operations in document["paths"].items():
            body = operations.get("post", {}).get("requestBody")
            if path in OF_SESSIONS or body is None or "application/json" not in body["content"]:
                continue
            expect(path in GOOD, "the test has no body for this route", path)
            count += check_route(server, path, body["content"]["application/json"]["schema"], JUDGED.get(path, ()))
        deep = "[" * 100_000
        status, _, data = server.ask("POST", "/v1/completions", deep)
        expect(status == 400, "deep JSON", status, data[:200])
        expect(server.ask("GET", "/health")[0] == 200, "the server is gone")
        print(f"{count} bodies")


if __name__ == "__main__":
    main()
