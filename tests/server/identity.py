#!/usr/bin/env python3
"""Who may ask: identity.py PARVIS. Organisations, users and keys made on the command line while a server
runs; what each key may there; that an ended key is refused within a second; that wrong keys are slowed
and right ones never; that no key is in a file, a log or an error."""
import json
import sys
import time

from served import cli, expect, serving

REVOKED_WITHIN_S = 1.0


class Cli:
    """`parvis` on the server's folder, as the user that the server runs as."""

    def __init__(self, server):
        self.server = server

    def run(self, *words, fails=False):
        return cli(self.server, *words, fails=fails)

    def json(self, *words):
        return json.loads(self.run(*words, "--json").stdout)

    def key(self, *words):
        """(id, text) of a new key."""
        made = self.json("key", "create", *words)
        return made["key"]["id"], made["secret"]


def status(server, key, method="GET", path="/v1/models", body=None):
    return server.ask(method, path, body, key=key)[0]


def wait_for(server, key, wanted):
    """Seconds until a key is answered so."""
    begun = time.monotonic()
    while status(server, key) != wanted:
        expect(time.monotonic() - begun < 20, "never answered so", wanted)
        time.sleep(0.01)
    return time.monotonic() - begun


def roles(server, cli):
    """What a role may, through HTTP, in the host's organisation and in a guest's."""
    cli.run("org", "create", "Guests")
    may = {  # /v1/models, a completion, /metrics
        "operator": (200, 200, 200), "steward": (200, 200, 403), "auditor": (200, 403, 200),
        "maker": (200, 200, 403), "member": (200, 200, 403), "guest": (200, 200, 403)}
    ask = {"model": "fable", "prompt": "a", "max_tokens": 1}
    for org in ("local", "Guests"):
        for role, (models, completes, metrics) in may.items():
            if org == "Guests":
                metrics = 403  # of the whole service: not for guests, whatever their role
            cli.run("user", "create", f"a {role}", "--role", role, "--org", org)
            _, key = cli.key(f"a {role}", "--org", org)
            wait_for(server, key, models)
            expect(status(server, key, "POST", "/v1/completions", ask) == completes, "a role's use", role)
            expect(status(server, key, path="/metrics") == metrics, "a role's metrics", org, role)
    # A denial wins over the role, a scope narrows it.
    cli.run("user", "create", "denied", "--role", "operator", "--deny", "see_metrics")
    _, key = cli.key("denied")
    wait_for(server, key, 200)
    expect(status(server, key, path="/metrics") == 403, "a denial")
    _, key = cli.key("operator", "--scope", "see_models")
    wait_for(server, key, 200)
    expect(status(server, key, "POST", "/v1/completions", ask) == 403, "a scope")
    expect(status(server, key, path="/metrics") == 403, "a scope")


def endings(server, cli):
    """All that ends a key, and how soon."""
    slowest = 0.0
    cli.run("user", "create", "Ada")
    key_id, key = cli.key("Ada")
    wait_for(server, key, 200)
    cli.run("key", "revoke", key_id)
    slowest = max(slowest, wait_for(server, key, 401))
    expect("revoked" in cli.run("key", "list", "--user", "Ada").stdout, "its state")

    key_id, key = cli.key("Ada")
    wait_for(server, key, 200)
    rotated = cli.json("key", "rotate", key_id, "--overlap", "2s")
    wait_for(server, rotated["secret"], 200)
    expect(status(server, key) == 200, "the old key goes on for a while")
    wait_for(server, key, 401)
    expect(status(server, rotated["secret"]) == 200, "the new one goes on")

    cli.run("user", "set", "Ada", "--disable")
    slowest = max(slowest, wait_for(server, rotated["secret"], 401))
    cli.run("user", "set", "Ada", "--enable")
    wait_for(server, rotated["secret"], 200)
    _, soon = cli.key("Ada", "--expires", "1s")
    time.sleep(1.2)
    expect(status(server, soon) == 401, "a key that expired")
    cli.run("org", "create", "Closed")
    cli.run("user", "create", "Eve", "--org", "Closed")
    _, key = cli.key("Eve", "--org", "Closed")
    wait_for(server, key, 200)
    cli.run("org", "set", "Closed", "--disable")
    slowest = max(slowest, wait_for(server, key, 401))
    expect(slowest <= REVOKED_WITHIN_S, "an ended key was worth something for too long", slowest)
    print(f"an ended key is refused after at most {slowest:.2f} s")


def models(server, cli):
    """A model that a key may not name is as one that does not exist, in each dialect."""
    _, key = cli.key("operator", "--model", "bert", "--scope", "see_models", "--scope", "use_models")
    wait_for(server, key, 200)
    names = {m["id"] for m in json.loads(server.ask("GET", "/v1/models", key=key)[2])["data"]}
    expect(names == {"bert"}, "models that are listed", names)
    tags = json.loads(server.ask("GET", "/api/tags", key=key)[2])["models"]
    expect({m["name"].split(":")[0] for m in tags} == {"bert"}, "Ollama's list", tags)
    expect(status(server, key, path="/v1/models/bert") == 200, "its own")
    for name in ("fable", "nothing"):
        expect(status(server, key, path=f"/v1/models/{name}") == 404, "one model", name)
        for path, body in (("/v1/completions", {"model": name, "prompt": "a"}),
                           ("/v1/embeddings", {"model": name, "input": "a"}),
                           ("/api/generate", {"model": name, "prompt": "a"}),
                           ("/api/show", {"model": name}),
                           ("/v1/tokenize", {"model": name, "text": "a"}),
                           ("/v1/messages", {"model": name, "max_tokens": 1, "messages":
                                             [{"role": "user", "content": "a"}]})):
            answer = server.ask("POST", path, body, key=key)
            expect(answer[0] == 404, "a model that may not be named", path, answer)
    ask = {"model": "bert", "input": "a"}
    expect(status(server, key, "POST", "/v1/embeddings", ask) == 200, "its own model answers")


def guesses(server):
    """Wrong keys from one address are told to wait; right ones from there are answered."""
    seen = [server.ask("GET", "/v1/models", key=f"pv-{i}") for i in range(30)]
    expect([s for s, _, _ in seen[:20]] == [401] * 20, "the first ones")
    expect(seen[-1][0] == 429 and int(seen[-1][1]["retry-after-ms"]) > 0, "too many", seen[-1])
    expect(status(server, server.key) == 200, "a right key from there")
    expect(status(server, None) == 401, "no key is no guess")


def main():
    with serving(sys.argv[1], "--wrong-keys-per-minute", "0") as server:
        cli = Cli(server)
        roles(server, cli)
        endings(server, cli)
        models(server, cli)
        shown = {made["secret"] for made in [cli.json("key", "create", "Ada") for _ in range(3)]}
        said = server.stop()
        folder = server.folder / "data"
        kept = b"".join(p.read_bytes() for p in folder.rglob("*") if p.is_file()) + said.encode()
        for key in shown | {server.key}:
            expect(key.encode() not in kept and key[8:].encode() not in kept, "a key was kept")
        for name in ("parvis.db", "parvis.pepper"):
            expect((folder / name).stat().st_mode & 0o077 == 0, "others can read it", name)
        # Without a server the commands do the same, and who it is not says so.
        cli.run("key", "create", "nobody-there", fails=True)
        cli.run("user", "create", "Ada", fails=True)
        expect("Ada" in cli.run("user", "list").stdout, "users without a server")
    with serving(sys.argv[1], "--wrong-keys-per-minute", "20") as server:
        guesses(server)


if __name__ == "__main__":
    main()
