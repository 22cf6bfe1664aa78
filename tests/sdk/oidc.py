#!/usr/bin/env python3
"""Signing in at a provider that others wrote: oidc.py PARVIS FOLDER. npm's oidc-provider, which is certified by the
OpenID Foundation, says who somebody is; its own pages are filled in as a person would. Installed and skipped as run.py does."""
import contextlib
import http.cookiejar
import json
import os
import pathlib
import re
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "server"))
from page import Page  # noqa: E402 (beside the tests of the server)
from run import SKIPPED, OutOfReach, node, npm_folder  # noqa: E402
from served import cli, expect, serving  # noqa: E402

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
CLIENT_SECRET = "what-the-provider-and-Parvis-share"
SETTINGS = """
[oidc.{name}]
issuer = "{issuer}"
client_id = "parvis-{algorithm}"
client_secret_file = "{{data}}/client.secret"
{more}
"""


class Provider:
    def __init__(self, folder):
        self.process = subprocess.Popen(
            [str(node(folder)), str(HERE / "oidc_provider.mjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), "PACKAGE": str(npm_folder(folder, "oidc")),
                 "CLIENT_SECRET": CLIENT_SECRET})
        self.issuer = self.says()["issuer"]

    def says(self):
        line = self.process.stdout.readline()
        expect(line.startswith("{"), "what the provider says", line)
        return json.loads(line)

    def sends_back_to(self, addresses):
        self.process.stdin.write(json.dumps({"redirect_uris": addresses}) + "\n")
        self.process.stdin.flush()
        expect(self.says() == {"ready": True}, "the provider is ready")


class Stays(urllib.request.HTTPRedirectHandler):
    """Follows redirections within the provider only."""

    def redirect_request(self, request, file, code, said, headers, new):
        same = urllib.parse.urlsplit(new).netloc == urllib.parse.urlsplit(request.full_url).netloc
        return super().redirect_request(request, file, code, said, headers, new) if same else None


class Person:
    """A browser at the provider: it signs in and agrees, and is sent back."""

    def __init__(self, name):
        self.name = name
        self.open = urllib.request.build_opener(Stays, urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())).open

    def sent_back(self, address):
        """The path and query of Parvis at which it ends."""
        wanted = address
        fields = None
        for _ in range(6):
            try:
                with self.open(wanted, fields and urllib.parse.urlencode(fields).encode()) as page:
                    wanted, text = page.url, page.read().decode()
            except urllib.error.HTTPError as answer:
                expect(answer.code in (302, 303), "the provider's answer", answer.code, answer.read()[:2000])
                back = urllib.parse.urlsplit(answer.headers["Location"])
                return back.path + "?" + back.query
            form = re.search(r'action="([^"]+)"', text)
            expect(form, "a form at the provider", text[:2000])
            wanted = urllib.parse.urljoin(wanted, form[1])
            prompt = re.search(r'name="prompt" value="([a-z]+)"', text)[1]
            fields = {"prompt": prompt} | ({"login": self.name, "password": "anything"} if prompt == "login" else {})
        raise SystemExit("the provider asks for ever")


def sign_in(server, name, person):
    """(the tab, status) of somebody who starts at Parvis."""
    page = Page(server)
    status, said = page.ask("GET", f"/v1/oidc/{name}/start")
    expect(status == 303, "a way to the provider", status, said)
    back = person.sent_back(dict(page.headers)["location"])
    status, said = page.ask("GET", back)
    return page, status, said


def check(server):
    cli(server, "user", "create", "Ada")
    cli(server, "user", "link", "Ada", "--issuer", server.prepared.issuer, "--subject", "ada")
    for algorithm in ALGORITHMS:
        page, status, said = sign_in(server, algorithm.lower(), Person("ada"))
        expect(status == 303, "in", algorithm, status, said)
        status, said = page.ask("GET", "/v1/sessions/current")
        expect(status == 200 and said["user"]["name"] == "Ada", "who it is", algorithm, said)
        page.token = said["csrf_token"]
        status, _ = page.ask("POST", "/v1/completions", {"model": "fable", "prompt": "Once", "max_tokens": 1})
        expect(status == 200, "what a session may", algorithm)
        _, status, said = sign_in(server, algorithm.lower(), Person("eve"))
        expect(status == 403, "somebody whom nobody linked", algorithm, status, said)
    page, status, said = sign_in(server, "new", Person("lise"))
    expect(status == 303, "somebody new, where that may be", status, said)
    said = page.ask("GET", "/v1/sessions/current")[1]
    expect(said["user"]["name"] == "Somebody called lise" and said["user"]["role"] == "guest", "who they are", said)


def main():
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        provider = Provider(folder)
    except OutOfReach as command:
        print(f"skipped: the registry is out of reach ({command})")
        return SKIPPED

    def prepare(place):
        data = place / "data"
        entries = [(a.lower(), a, "") for a in ALGORITHMS] + [("new", "RS256", 'new_users = "create"\nnew_role = "guest"')]
        text = "".join(SETTINGS.format(name=n, issuer=provider.issuer, algorithm=a, more=m) for n, a, m in entries)
        (data / "settings.toml").write_text(text.replace("{data}", str(data)))
        (data / "client.secret").write_text(CLIENT_SECRET + "\n")
        for name in ("settings.toml", "client.secret"):
            os.chmod(data / name, 0o644)
        return provider

    with contextlib.ExitStack() as stack:
        stack.callback(provider.process.kill)
        server = stack.enter_context(serving(program, "--config", "{data}/settings.toml", prepare=prepare))
        names = [a.lower() for a in ALGORITHMS] + ["new"]
        provider.sends_back_to([f"{server.base_url}/v1/oidc/{name}/callback" for name in names])
        check(server)
    print("people sign in at a provider that others wrote")
    return 0


if __name__ == "__main__":
    sys.exit(main())
