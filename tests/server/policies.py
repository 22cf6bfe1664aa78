#!/usr/bin/env python3
"""Every route with every form of credential: policies.py PARVIS.

Routes come from the server's OpenAPI document. A route that is not public must say 401 to nobody and
to wrong keys in any form, before it reads a body, and the same to both headers; the right key must get
further in each form. Keys must not show in what the server says."""
import json
import sys

from served import expect, serving

PUBLIC = {("GET", "/"), ("GET", "/health"), ("GET", "/ready"), ("GET", "/openapi.json")}


def forms(key):
    """Header sets that hold this key."""
    return [{"Authorization": f"Bearer {key}"}, {"authorization": f"bearer {key}"},
            {"x-api-key": key}, {"X-Api-Key": key, "Authorization": f"Bearer {key}"}]


def main():
    with serving(sys.argv[1]) as server:
        document = json.loads(server.ask("GET", "/openapi.json", key=None)[2])
        right = server.key
        wrong = [right[:-1] + ("A" if right[-1] != "A" else "B"), right + "x", right.upper(), "x",
                 "pv-", "' OR 1=1 --", "Bearer " + right]
        count = 0
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                method = method.upper()
                public = operation.get("security") == []
                expect(public == ((method, path) in PUBLIC), "a route is public and should not be",
                       method, path)
                path = path.replace("{model}", "fable").replace("{id}", "resp_1")
                body = "{}" if "requestBody" in operation else None
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
                    expect(status not in (401, 403), "the right key is refused", method, path,
                           headers, status, data[:200])
                    count += 1
        # The stranger's body is not read: a large one is refused at once.
        status, _, _ = server.ask("POST", "/v1/completions", "x" * 100, {}, key=None)
        expect(status == 401, "a stranger's body", status)
        said = server.stop()
        expect(right not in said, "a key in the log")
        print(f"{count} requests")


if __name__ == "__main__":
    main()
