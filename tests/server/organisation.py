#!/usr/bin/env python3
"""The administration of organisations over HTTP: organisation.py PARVIS. A school with two classes is made
by API; every route that takes an id says to its owner what it is and to everybody else that it is not
there; nobody gives out more than they have; bodies cannot set what is not theirs to set."""
import json
import sys

from page import Page, set_password
from served import cli, expect, serving

STRANGERS = (404, 404, 401)  # same organisation, other organisation, nobody


class Client:
    """What one key does, perhaps in another organisation."""

    def __init__(self, server, key, organisation=None):
        self.server, self.key = server, key
        self.headers = {"OpenAI-Organization": organisation} if organisation else {}

    def status(self, method, path, body=None):
        return self.server.ask(method, path, body, self.headers, key=self.key)[0]

    def ask(self, method, path, body=None, status=200):
        got, _, data = self.server.ask(method, path, body, self.headers, key=self.key)
        expect(got == status, "an answer's status", method, path, body, got, data[:300])
        return json.loads(data)

    def user(self, name, role="member", **more):
        return self.ask("POST", "/v1/organization/users", {"name": name, "role": role} | more)["id"]

    def key_for(self, user, **more):
        """(id, text)"""
        made = self.ask("POST", "/v1/organization/api_keys", {"user_id": user} | more)
        return made["id"], made["value"]


def organisations(server):
    """Two of them, each with a steward, made as the operator does."""
    stewards = []
    for name in ("Lycée A", "Lycée B"):
        made = cli(server, "org", "create", name)
        operator = Client(server, server.key, made.stdout.strip())
        _, key = operator.key_for(operator.user(f"Steward of {name}", "steward"))
        stewards.append(Client(server, key))
    return stewards


def classes(steward):
    """The steward makes two classes; each pupil gets a key with a daily limit."""
    pupils = {}
    for group, names in (("6e-B", ("Ada", "Blaise")), ("3e-A", ("Carl",))):
        made = steward.ask("POST", "/v1/organization/groups", {"name": group})
        for name in names:
            user = steward.user(name, group_id=made["id"])
            key_id, key = steward.key_for(user, expires_in_seconds=3600)
            steward.ask("POST", "/v1/organization/limits",
                        {"scope": "key", "subject": key_id, "metric": "tokens_per_day", "value": 50})
            pupils[name] = {"user": user, "key_id": key_id, "key": key, "group": made["id"]}
    listed = steward.ask("GET", "/v1/organization/users?group_id=" + pupils["Ada"]["group"])
    expect([u["name"] for u in listed["data"]] == ["Ada", "Blaise"], "a class", listed)
    first = steward.ask("GET", "/v1/organization/users?limit=2")
    rest = steward.ask("GET", f"/v1/organization/users?limit=9&after={first['last_id']}")
    expect(first["has_more"] and not rest["has_more"] and len(rest["data"]) == 2, "pages", rest)
    return pupils


def matrix(server, steward, other, pupils):
    """Every id-taking route × {owner, same organisation, other organisation, nobody}."""
    ada, blaise = (Client(server, pupils[n]["key"]) for n in ("Ada", "Blaise"))
    nobody = Client(server, None)
    boundary = "xx"
    form = (f"--{boundary}\r\ncontent-disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n"
            f"--{boundary}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n"
            '{"custom_id": "1", "method": "POST", "url": "/v1/completions", "body": '
            '{"model": "fable", "prompt": "a", "max_tokens": 1}}' + f"\r\n--{boundary}--\r\n")
    _, _, data = server.ask("POST", "/v1/files", form, key=ada.key, headers={
        "content-type": f"multipart/form-data; boundary={boundary}"})
    file = json.loads(data)["id"]
    batch = ada.ask("POST", "/v1/batches", {"input_file_id": file, "endpoint": "/v1/completions",
                                            "completion_window": "24h"})["id"]
    response = ada.ask("POST", "/v1/responses", {"model": "chat", "input": "a",
                                                 "max_output_tokens": 1, "store": True})["id"]
    mine = {"file": file, "batch": batch, "id": response}
    theirs = {"user": pupils["Ada"]["user"], "group": pupils["Ada"]["group"],
              "key": pupils["Ada"]["key_id"]}
    set_password(server, "Ada", org="Lycée A")
    theirs["session"] = Page(server).sign_in("Ada", organisation="Lycée A")["id"]
    document = json.loads(server.ask("GET", "/openapi.json", key=None)[2])
    seen, later = set(), []
    for path, operations in document["paths"].items():
        name = path[path.find("{") + 1:path.find("}")] if "{" in path else ""
        # Of sessions: sessions.py; the last ones: story.py.
        if (name in ("", "model", "invoice", "organization", "plan")
                or path.startswith("/v1/sessions/")):
            continue
        for method, operation in operations.items():
            method = method.upper()
            body = {} if "requestBody" in operation else None
            if name in mine:
                real = path.replace("{" + name + "}", mine[name])
                who = (ada, blaise, other, nobody)
            else:
                # Pupils have no permission for these at all: 403, whether it is there or not.
                real = path.replace("{" + name + "}", theirs[name])
                who = (steward, blaise, other, nobody)
                expect(blaise.status(method, real, body) == 403, "a pupil administrates", method, real)
                expect(blaise.status(method, path.replace("{" + name + "}", "nothing"), body) == 403,
                       "a pupil learns what is there", method, path)
            for client, wanted in zip(who[1:], STRANGERS):
                if client is blaise and name in theirs:
                    continue
                got = client.status(method, real, body)
                expect(got == wanted, "somebody else's", method, real, got, wanted)
            expect(steward is who[0] or steward.status(method, real, body) == 404,
                   "not even the steward reads what pupils keep", method, real)
            seen.add(name)
            later.append((who[0], method, real, body))
    expect(seen == set(mine) | set(theirs), "routes with ids", seen)
    for owner, method, real, body in later:  # still there after all that
        if method == "GET":
            expect(owner.status(method, real, body) == 200, "its owner", method, real)
    # Another organisation is not there for who may not manage all of them.
    elsewhere = Client(server, other.key, steward.ask("GET", "/v1/organization/users")["data"][0]["id"])
    expect(elsewhere.status("GET", "/v1/organization/users") == 404, "an organisation of others")


def ranks(server, steward, pupils):
    """Nobody gives out what they do not have, by whichever way."""
    operator = Client(server, server.key)
    host_steward = Client(server, operator.key_for(operator.user("Host's steward", "steward"))[1])
    for role in ("operator", "maker", "auditor"):
        host_steward.ask("POST", "/v1/organization/users", {"name": role, "role": role}, status=403)
        user = operator.user(f"Host's {role}", role)
        key_id, _ = operator.key_for(user)
        change = f"/v1/organization/users/{user}"
        host_steward.ask("POST", change, {"disabled": True}, status=403)
        host_steward.ask("POST", "/v1/organization/api_keys", {"user_id": user}, status=403)
        host_steward.ask("DELETE", f"/v1/organization/api_keys/{key_id}", status=403)
        host_steward.ask("POST", f"/v1/organization/api_keys/{key_id}/rotate", {}, status=403)
        host_steward.ask("POST", "/v1/organization/limits", {
            "scope": "user", "subject": user, "metric": "tokens_per_day", "value": 0}, status=403)
    member = operator.user("Host's member")
    host_steward.ask("POST", f"/v1/organization/users/{member}", {"role": "operator"}, status=403)
    host_steward.ask("POST", f"/v1/organization/users/{member}", {"plan": "gold"}, status=403)
    steward.ask("POST", "/v1/organization/limits",
                {"scope": "organisation", "metric": "tokens_per_day", "value": 10**9}, status=403)
    # A narrow key of a steward makes no wide one.
    me = steward.ask("GET", "/v1/organization/users?limit=100")["data"]
    me = next(u["id"] for u in me if u["role"] == "steward")
    narrow = Client(server, steward.key_for(me, scopes=["manage_identity", "see_identity"])[1])
    narrow.ask("POST", "/v1/organization/api_keys", {"user_id": me}, status=403)
    made = narrow.ask("POST", "/v1/organization/admin_api_keys", {"name": "again"})
    expect(made["scopes"] == ["see_identity", "manage_identity"], "an admin key's scopes", made)
    expect(Client(server, made["value"]).status("GET", "/v1/organization/usage/completions"
                                                "?start_time=0") == 403, "a scope it lacks")
    del pupils


def mass_assignment(steward, pupils):
    """Fields that are not the caller's to set are refused by name, and change nothing."""
    user = f"/v1/organization/users/{pupils['Ada']['user']}"
    before = steward.ask("GET", user)
    for field, value in (("id", "user_x"), ("organisation", "local"), ("object", "x"),
                         ("added_at", 0), ("denied", []), ("permissions", ["manage"])):
        for path, body in ((user, {}), ("/v1/organization/users", {"name": "Mallory"})):
            answer = steward.ask("POST", path, body | {field: value}, status=400)
            expect(answer["error"]["param"] == field, "a field that is not theirs", field, answer)
    for field in ("owner", "organisation", "digest", "value", "prefix", "last_used_at", "id"):
        answer = steward.ask("POST", "/v1/organization/api_keys",
                             {"user_id": pupils["Ada"]["user"], field: "x"}, status=400)
        expect(answer["error"]["param"] == field, "a key's field", field, answer)
    expect(steward.ask("GET", user) == before, "nothing is changed")
    for bad in ({"scopes": ["everything"]}, {"expires_in_seconds": 0}, {"models": [""]}):
        steward.ask("POST", "/v1/organization/api_keys",
                    {"user_id": pupils["Ada"]["user"]} | bad, status=400)


def keys(server, steward, pupils):
    """Made, told once, rotated and ended over HTTP; an end counts when it is answered."""
    key_id = pupils["Carl"]["key_id"]
    one = steward.ask("GET", f"/v1/organization/api_keys/{key_id}")
    expect("value" not in one and one["redacted_value"] == pupils["Carl"]["key"][:7] + "…", "a key", one)
    rotated = steward.ask("POST", f"/v1/organization/api_keys/{key_id}/rotate", {"overlap_seconds": 60})
    new = Client(server, rotated["value"])
    expect(new.status("GET", "/v1/models") == 200, "the new key at once")
    expect(Client(server, pupils["Carl"]["key"]).status("GET", "/v1/models") == 200, "the old one")
    steward.ask("DELETE", f"/v1/organization/api_keys/{rotated['id']}")
    expect(new.status("GET", "/v1/models") == 401, "a key that was ended")
    user = f"/v1/organization/users/{pupils['Carl']['user']}"
    steward.ask("POST", user, {"disabled": True})
    expect(Client(server, pupils["Carl"]["key"]).status("GET", "/v1/models") == 401, "a disabled user")
    steward.ask("POST", user, {"disabled": False})


def story(server, steward, pupils):
    """A pupil reaches the limit of the day in the middle of an answer, is stopped and told; the steward
    sees what was used."""
    ada = Client(server, pupils["Ada"]["key"])
    ask = {"model": "fable", "prompt": "Once upon a time", "max_tokens": 200, "temperature": 0}
    status, headers, data = server.ask("POST", "/v1/completions", ask, key=ada.key)
    answer = json.loads(data)
    expect(status == 200 and answer["usage"]["total_tokens"] <= 50, "an answer within the limit", answer)
    if answer["choices"][0]["finish_reason"] == "length":
        expect("50 tokens a day" in answer["parvis"]["notice"], "a notice", answer)
        expect("50 tokens a day" in headers["x-parvis-notice"], "a header", headers)
    expect(headers["x-parvis-limit-tokens-day"] == "50", "a header of the limit", headers)
    while status == 200:
        status, headers, data = server.ask("POST", "/v1/completions", ask, key=ada.key)
    error = json.loads(data)["error"]
    expect(status == 429 and error["code"] == "insufficient_quota", "beyond the limit", error)
    expect(headers["x-should-retry"] == "false" and int(headers["retry-after"]) > 0, "retries", headers)
    expect(headers["x-parvis-limit"] == "tokens_per_day of key", "which limit", headers)
    expect(Client(server, pupils["Blaise"]["key"]).status("POST", "/v1/completions", ask) == 200,
           "others are not stopped")
    page = steward.ask("GET", "/v1/organization/usage/completions?start_time=0&group_by=user_id,api_key_id")
    results = {r["api_key_id"]: r for b in page["data"] for r in b["results"]}
    used = results[pupils["Ada"]["key_id"]]
    expect(used["user_id"] == pupils["Ada"]["user"], "whose it was", used)
    # What is left is less than the prompt and one token more.
    left = 50 - used["input_tokens"] - used["output_tokens"]
    asked = answer["usage"]["prompt_tokens"]
    expect(0 <= left <= asked, "the key's day, as far as a request fits into it", used)
    users = {r["user_id"] for r in results.values()}
    expect(users <= {p["user"] for p in pupils.values()}, "only this organisation's", results)
    for query, wanted in (("", "start_time"), ("?start_time=x", "start_time"), ("?start_time=0&limit=0", "limit"),
                          ("?start_time=0&group_by=name", "group_by"), ("?start_time=0&x=1", "x"),
                          ("?start_time=0&bucket_width=1y", "bucket_width")):
        answer = steward.ask("GET", "/v1/organization/usage/completions" + query, status=400)
        expect(answer["error"]["param"] == wanted, "a query that makes no sense", query, answer)


def main():
    with serving(sys.argv[1]) as server:
        steward, other = organisations(server)
        pupils = classes(steward)
        for pupil in pupils.values():  # room for what the matrix asks
            steward.ask("POST", "/v1/organization/limits", {
                "scope": "key", "subject": pupil["key_id"], "metric": "tokens_per_day", "value": None})
        matrix(server, steward, other, pupils)
        ranks(server, steward, pupils)
        mass_assignment(steward, pupils)
        name = pupils["Ada"]
        name["key_id"], name["key"] = steward.key_for(name["user"])
        steward.ask("POST", "/v1/organization/limits", {
            "scope": "key", "subject": name["key_id"], "metric": "tokens_per_day", "value": 50})
        story(server, steward, pupils)
        keys(server, steward, pupils)


if __name__ == "__main__":
    main()
