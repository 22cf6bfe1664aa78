#!/usr/bin/env python3
"""Every route with every form of credential, and with every role: policies.py PARVIS.

Routes come from the server's OpenAPI document. A route that is not public must say 401 to nobody and
to wrong keys in any form, before it reads a body, and the same to both headers; the right key must get
further in each form. A route answers 403 to those roles that lack its permission, and to no other; roles
of a guest's organisation lack what concerns the whole service. Sessions get as far as keys, by their cookie
alone, and what is not GET only from a page of the server with the session's own token. Keys must not show in
what the server says."""
import contextlib
import json
import sqlite3
import sys
import time

from page import Page, set_password
from served import cli, expect, serving

PUBLIC = {("GET", "/"), ("GET", "/health"), ("GET", "/ready"), ("GET", "/openapi.json"), ("POST", "/v1/sessions")}


def forms(key):
    """Header sets that hold this key."""
    return [{"Authorization": f"Bearer {key}"}, {"authorization": f"bearer {key}"},
            {"x-api-key": key}, {"X-Api-Key": key, "Authorization": f"Bearer {key}"}]


SERVICE = {"see_metrics", "manage", "manage_organisations"}
GUEST = {"see_models", "use_models"}
STEWARD = GUEST | {"see_usage", "see_identity", "manage_identity"}
ROLES = {"operator": STEWARD | SERVICE, "steward": STEWARD, "maker": GUEST | {"manage"},
         "auditor": {"see_models", "see_metrics", "see_usage", "see_identity"},
         "member": GUEST, "guest": GUEST}


def keys_of_roles(server):
    """(what it is, what it may, its key) of each role in the host's organisation and in a guest's."""
    made = cli(server, "org", "create", "Guests")
    for organisation in ("local", made.stdout.strip()):
        where = {"OpenAI-Organization": organisation}

        def ask(path, body):
            status, _, data = server.ask("POST", f"/v1/organization/{path}", body, where)
            expect(status == 200, "the operator makes users and keys", path, body, data)
            return json.loads(data)

        for role, may in ROLES.items():
            user = ask("users", {"name": f"a {role}", "role": role})["id"]
            may = may if organisation == "local" else may - SERVICE
            yield f"{role} of {organisation}", may, ask("api_keys", {"user_id": user})["value"]


def by_role(server, routes):
    """Each route as each role. Returns how many were asked."""
    count = 0
    for who, may, key in list(keys_of_roles(server)):
        for method, path, body, permission in routes:
            status, _, data = server.ask(method, path, body, key=key)
            expect((status == 403) == (permission not in may) and status != 401, "a role's answer",
                   who, method, path, permission, status, data[:200])
            count += 1
    return count


def by_session(server, routes):
    """Each route with each form of a session. Returns how many were asked."""
    set_password(server, "operator")
    page, other = Page(server), Page(server)
    for one in (page, other):
        one.sign_in("operator")
    stale = Page(server)
    stale.sign_in("operator")
    expire(server, stale)
    text = page.cookies["parvis-session"]
    count = 0
    for method, path, body, permission in routes:
        def ask(client=page, **how):
            return client.ask(method, path, body, **how)[0]

        changes = method != "GET"
        forms_of_key = [server.ask(method, path, body, headers, key=None)[0] for headers in forms(text)]
        refused = {401: [ask(stale), *forms_of_key, server.ask(method, path, body, {
            "Cookie": f"parvis-session={server.key}"}, key=None)[0], server.ask(method, path, body, {
                "Cookie": f"parvis-session={text}; parvis-session={text}"}, key=None)[0]]}
        if changes:
            refused[403] = [ask(token=None), ask(token=other.token), ask(token="x"), ask(token=page.token + "x"),
                            ask(origin=None), ask(origin="http://evil.example"), ask(origin="null"),
                            ask(origin=page.origin + "0"), ask(token=None, origin=None)]
        for wanted, got in refused.items():
            expect(set(got) == {wanted}, "a session in a form that is none", method, path, wanted, got)
            count += len(got)
        if path != "/v1/sessions/current" or not changes:  # else it would sign out
            expect(ask() not in (401, 403), "a session is refused", method, path, ask())
        if permission == "session":
            status = server.ask(method, path, body)[0]
            expect(status == 403, "a key where a session is meant", method, path, status)
    return count


def expire(server, page):
    """Makes a session's time be over."""
    with contextlib.closing(sqlite3.connect(server.folder / "data/parvis.db")) as database:
        database.execute("UPDATE sessions SET expires_ms = 1 WHERE id = ?", (page.session,))
        database.execute("UPDATE changes SET count = count + 1")
        database.commit()
    for _ in range(500):
        if page.ask("GET", "/v1/models")[0] == 401:
            return
        time.sleep(0.01)
    raise SystemExit("a session that is over goes on")


def main():
    with serving(sys.argv[1], "--wrong-keys-per-minute", "0") as server:
        document = json.loads(server.ask("GET", "/openapi.json", key=None)[2])
        right = server.key
        wrong = [right[:-1] + ("A" if right[-1] != "A" else "B"), right + "x", right.upper(), "x",
                 "pv-", "' OR 1=1 --", "Bearer " + right]
        count, routes = 0, []
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                method = method.upper()
                public = operation.get("security") == []
                expect(public == ((method, path) in PUBLIC), "a route is public and should not be",
                       method, path)
                path = path.replace("{model}", "fable").replace("{id}", "resp_1")
                body = "{}" if "requestBody" in operation else None
                if not public:
                    routes.append((method, path, body, operation.get("x-parvis-permission", "session")))
                refused = [{}] + [f for key in wrong for f in forms(key)]
                # Two keys that differ, so that one could hide behind the other.
                refused += [{"Authorization": f"Bearer {right}", "x-api-key": "x"},
                            {"Authorization": "Bearer x", "x-api-key": right},
                            {"Authorization": f"Basic {right}"}, {"Cookie": f"key={right}"}]
                for headers in refused:
                    status, _, data = server.ask(method, path, body, headers, key=None)
                    what = (method, path, headers, status, data[:200])
                    expect(status != 401 if public else status == 401, "a stranger's answer", *what)
                    expect(public or right not in data.decode(), "a key in an answer", *what)
                    count += 1
                for headers in forms(right):
                    status, _, data = server.ask(method, path, body, headers, key=None)
                    expect(status not in (401, 403) or (status == 403 and routes[-1][3] == "session"),
                           "the right key is refused", method, path,
                           headers, status, data[:200])
                    count += 1
        count += by_role(server, [route for route in routes if route[3] != "session"])
        count += by_session(server, routes)
        # The stranger's body is not read: a large one is refused at once.
        status, _, _ = server.ask("POST", "/v1/completions", "x" * 100, {}, key=None)
        expect(status == 401, "a stranger's body", status)
        said = server.stop()
        expect(right not in said, "a key in the log")
        print(f"{count} requests")


if __name__ == "__main__":
    main()
