#!/usr/bin/env python3
"""Signing in at a provider: oidc.py PARVIS. The provider is a small one of these tests, which first does all as
it should, and then wrong in each way that must not let anybody in: tokens, keys, descriptions, states, codes."""
import contextlib
import http.client
import json
import os
import sqlite3
import subprocess
import sys
import time
import urllib.parse

try:
    import cryptography
except ImportError:
    print("python3-cryptography is not installed")
    sys.exit(77)
del cryptography

from oidc_provider import CLIENT_ID, CLIENT_SECRET, b64, providing
from page import Page, set_password
from sealing import seal
from served import become_nobody, cli, expect, serving

WRONG_DESCRIPTIONS = ("otherissuer", "plainhttp", "plainkeys", "script", "line", "nopkce", "nothing", "huge", "nojson",
                      "moved")
SEALED = "sealed.secret"  # of the provider that most of this is about
SETTINGS = """
[oidc.{name}]
issuer = "{base}/{issuer}"
client_id = "{client}"
client_secret_file = "{{data}}/{secret}"
{more}
"""


class Browser(Page):
    """Follows a sign-in to the provider and back."""

    def start(self, provider, to=None):
        """Where the server sends it; None, with `said`, if nowhere."""
        status, self.said = self.ask("GET", f"/v1/oidc/{provider}/start" + ("" if to is None else "?to=" + urllib.parse.quote(to)))
        self.status = status
        return dict(self.headers)["location"] if status == 303 else None

    @staticmethod
    def at_provider(url):
        """The path here to which the provider sends it back."""
        parts = urllib.parse.urlsplit(url)
        connection = http.client.HTTPConnection(parts.netloc)
        connection.request("GET", parts.path + "?" + parts.query)
        answer = connection.getresponse()
        back = answer.getheader("Location")
        answer.read()
        connection.close()
        expect(answer.status == 302, "the provider sends it back", url, answer.status)
        back = urllib.parse.urlsplit(back)
        return back.path + "?" + back.query

    def sign_in_at(self, provider, to=None):
        """(status, what was said): 303 is in."""
        url = self.start(provider, to)
        if url is None:
            return self.status, self.said
        return self.ask("GET", self.at_provider(url))

    def who(self):
        status, said = self.ask("GET", "/v1/sessions/current")
        expect(status == 200, "a session", status, said)
        self.token = said["csrf_token"]
        return said


def signs_in(server, provider):
    """By each algorithm; whom nobody knows is told what to say to whom."""
    browser = Browser(server)
    status, said = browser.sign_in_at("known")
    expect(status == 403 and "--subject 1815" in said["error"]["message"], "somebody unknown", status, said)
    expect("parvis-session" not in browser.cookies, "no session for them", browser.cookies)
    cli(server, "user", "create", "Ada")  # the same name and mail are not the same person
    expect(browser.sign_in_at("known")[0] == 403, "a name is nobody's identity")
    cli(server, "user", "link", "Ada", "--issuer", provider.base + "/good", "--subject", "1815")
    for algorithm in ("RS256", "PS256", "ES256", "EdDSA"):
        provider.algorithm = algorithm
        browser = Browser(server)
        status, _ = browser.sign_in_at("known", "/docs?a=b")
        expect(status == 303 and dict(browser.headers)["location"] == "/docs?a=b", "in, and back where it was", browser.headers)
        said = browser.who()
        expect(said["user"]["name"] == "Ada" and said["method"] == "oidc:known", "who it is", said)
        expect("parvis-oidc" not in browser.cookies, "the ticket is gone", browser.cookies)
        status, _ = browser.ask("POST", "/v1/completions", {"model": "fable", "prompt": "Once", "max_tokens": 1})
        expect(status == 200, "what a session may")
    provider.algorithm = "RS256"
    for name in ("post", "names-itself"):
        expect(Browser(server).sign_in_at(name)[0] == 403, "the other ways come as far", name)
    listed = Browser(server).ask("GET", "/v1/oidc")[1]["data"]
    expect({"object": "oidc_provider", "id": "known", "start": "/v1/oidc/known/start"} in listed, "providers", listed)


def new_users(server, provider):
    provider.person = {"sub": "new-1", "name": "Ada", "email": "ada@example.org"}
    browser = Browser(server)
    expect(browser.sign_in_at("new")[0] == 303, "somebody new")
    one = browser.who()["user"]
    expect(one["name"].startswith("Ada ") and one["role"] == "guest", "another Ada, and no more than a guest", one)
    expect(browser.sign_in_at("new")[0] == 303 and browser.who()["user"]["id"] == one["id"], "the same again")
    provider.person = {"sub": "new-2", "name": "-x\n\u0000" + "é" * 100}
    expect(browser.sign_in_at("new")[0] == 303, "whatever a name is")
    expect(browser.who()["user"]["name"] == "somebody", "a name that is none", browser.who())
    groups = json.loads(server.ask("GET", "/v1/organization/users?limit=100")[2])["data"]
    expect(all(u["group_id"] for u in groups if u["role"] == "guest"), "their group", groups)
    expect(browser.sign_in_at("staff")[0] == 403, "without the claim")
    provider.person["affiliation"] = ["member", "staff"]
    expect(browser.sign_in_at("staff")[0] == 303, "with it")
    provider.person = {"sub": "1815", "name": "Ada"}


def endings(server, provider):
    browser = Browser(server)
    expect(browser.sign_in_at("known")[0] == 303, "in")
    cli(server, "user", "set", "Ada", "--disable")
    status, said = Browser(server).sign_in_at("known")
    expect(status == 403 and said["error"]["code"] == "permission_denied", "who is disabled", said)
    time.sleep(1)
    expect(browser.ask("GET", "/v1/models")[0] == 401, "nor does the session go on")
    cli(server, "user", "set", "Ada", "--enable")
    expect(browser.sign_in_at("known")[0] == 303, "enabled")
    cli(server, "user", "link", "Ada", "--remove")
    time.sleep(1)
    expect(browser.ask("GET", "/v1/models")[0] == 401 and browser.sign_in_at("known")[0] == 403, "not linked any more")
    cli(server, "user", "link", "Ada", "--issuer", provider.base + "/good", "--subject", "1815")
    cli(server, "user", "link", "operator", "--issuer", provider.base + "/good", "--subject", "1815", fails=True)


def wrong_tokens(server, provider):
    now = int(time.time())
    twists = {
        "none": {"algorithm": "none"}, "None": {"algorithm": "None"},
        "none with a signature": {"algorithm": "none", "signs": "RS256"},
        "HS256 by the public key": {"algorithm": "HS256 by the public key"},
        "HS256 by the client's secret": {"algorithm": "HS256 by the client's secret"},
        "HS256 by the published secret": {"algorithm": "HS256 by the client's secret", "header": {"kid": "secret"}},
        "an algorithm that we do not take": {"algorithm": "RS512"},
        "another algorithm than it says": {"algorithm": "PS256", "signs": "RS256"},
        "a key of another kind": {"algorithm": "ES256", "header": {"kid": "rsa"}},
        "a stranger's key": {"stranger": True},
        "a key that it brings along": {"stranger": True, "header": {"kid": None, "jwk": provider.strangers.published()[0]}},
        "an unknown key": {"stranger": True, "header": {"kid": "nobody's"}},
        "crit": {"header": {"crit": ["exp"]}},
        "another issuer": {"claims": {"iss": provider.base + "/other"}}, "no issuer": {"without": ["iss"]},
        "another audience": {"claims": {"aud": "somebody else"}}, "no audience": {"without": ["aud"]},
        "several audiences": {"claims": {"aud": [CLIENT_ID, "else"]}},
        "another party": {"claims": {"aud": [CLIENT_ID, "else"], "azp": "else"}},
        "another nonce": {"claims": {"nonce": "x"}}, "no nonce": {"without": ["nonce"]},
        "expired": {"claims": {"exp": now - 120}}, "no expiry": {"without": ["exp"]},
        "from the future": {"claims": {"iat": now + 600}}, "old": {"claims": {"iat": now - 7200}},
        "not yet": {"claims": {"nbf": now + 600}}, "nobody": {"without": ["sub"]},
        "a number for a subject": {"claims": {"sub": 1815}}, "times as text": {"claims": {"exp": str(now + 300)}},
        "claims twice": {"body": json.dumps({"iss": provider.base + "/good"})[:-1] + ', "iss": "x"}'},
        "no object": {"body": "[]"}, "too long": {"claims": {"x": "x" * 20_000}},
        "a changed claim": {"token": lambda token: token.replace(token.split(".")[1], b64(json.dumps(
            {"iss": provider.base + "/good", "aud": CLIENT_ID, "sub": "1815"}).encode()))},
        "no signature": {"token": lambda token: token.rsplit(".", 1)[0] + "."},
        "two parts": {"token": lambda token: token.rsplit(".", 1)[0]},
        "padding": {"token": lambda token: token + "="},
        "no token": {"answer": (200, {"access_token": "x"})}, "a token that is none": {"answer": (200, {"id_token": 7})},
        "no JSON": {"answer": (200, b"<html>")}, "an error": {"answer": (500, {})},
        "a huge answer": {"answer": (200, b'{"id_token": "' + b"x" * 1_000_000 + b'"}')},
        "another place": {"answer": (302, b"", [("Location", provider.base + "/good/token")])},
    }
    for what, twist in twists.items():
        provider.twist = twist
        browser = Browser(server)
        status, said = browser.sign_in_at("known")
        expect(status in (403, 502) and "parvis-session" not in browser.cookies, "came in by", what, status, said)
        text = json.dumps(said)
        expect(CLIENT_SECRET not in text and "x" * 20 not in text, "what is said of it", what, said)
    provider.twist = {}
    for good in ({"header": {"kid": None}}, {"claims": {"aud": [CLIENT_ID]}}, {"claims": {"azp": CLIENT_ID}},
                 {"claims": {"exp": now + 0.5 + 300}}):
        provider.twist = good
        expect(Browser(server).sign_in_at("known")[0] == 303, "refused, and is right", good)
    provider.twist = {}
    print(f"{len(twists)} wrong tokens and answers")


def wrong_returns(server, provider):
    """States, tickets and codes that are another's, made up, or used before."""
    def attempt(what, path, cookies, wanted=400):
        browser = Browser(server)
        browser.cookies = dict(cookies)
        status, said = browser.ask("GET", path)
        expect(status == wanted and "parvis-session" not in browser.cookies, what, status, said)

    one, other = Browser(server), Browser(server)
    back = one.at_provider(one.start("known"))
    back_other = other.at_provider(other.start("known"))
    ticket, ticket_other = dict(one.cookies), dict(other.cookies)
    query = dict(urllib.parse.parse_qsl(back.partition("?")[2]))
    name, value = next(iter(ticket.items()))

    def with_query(**change):
        return "/v1/oidc/known/callback?" + urllib.parse.urlencode({k: v for k, v in (query | change).items() if v is not None})

    attempt("without a ticket", back, {})
    attempt("with another browser's", back, ticket_other)
    attempt("a made-up ticket", back, {name: value[:-3] + "AAA"})
    attempt("a ticket with more time", back, {name: value.replace(value.split(".")[4], "9999999999999")})
    attempt("a ticket for another page", back, {name: value.replace(value.split(".")[5], b64(b"//evil.example"))})
    attempt("another provider's", back.replace("/known/", "/new/"), ticket)
    attempt("another state", with_query(state=query["state"][:-1] + "x"), ticket)
    attempt("no state", with_query(state=None), ticket)
    attempt("no provider", back.replace("/known/", "/nobody/"), ticket, 404)
    attempt("an answer of somebody else", with_query(iss=provider.base + "/evil"), ticket, 403)
    one.cookies = dict(ticket)
    expect(one.ask("GET", back)[0] == 303, "after all that, its own")
    attempt("a ticket and a code for the second time", back, ticket)
    # A code that was stolen does nothing in another browser's sign-in, nor for the second time.
    code = dict(urllib.parse.parse_qsl(back_other.partition("?")[2]))["code"]
    third = Browser(server)
    back_third = third.at_provider(third.start("known"))
    state = dict(urllib.parse.parse_qsl(back_third.partition("?")[2]))["state"]
    attempt("another browser's code", f"/v1/oidc/known/callback?code={code}&state={state}", third.cookies, 502)
    fourth = Browser(server)
    state = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(fourth.start("known")).query))["state"]
    attempt("a code that is used", f"/v1/oidc/known/callback?code={query['code']}&state={state}", fourth.cookies, 502)
    fifth = Browser(server)
    state = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(fifth.start("known")).query))["state"]
    fifth.status, said = fifth.ask("GET", f"/v1/oidc/known/callback?error=access_denied&error_description=%3Cb%3Ex&state={state}")
    expect(fifth.status == 403 and "access_denied" in said["error"]["message"] and "<b>" not in json.dumps(said), "a refusal", said)
    names = Browser(server)
    back = names.at_provider(names.start("names-itself"))
    attempt("an answer without its name", back.replace("&iss=", "&ss="), names.cookies, 403)


def wrong_targets(server, provider):
    for target in ("//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)", "",
                   "/a\r\nset-cookie: a=b", "/\t/evil.example", "/ /evil", "x", "/" + "a" * 600, "/é"):
        browser = Browser(server)
        expect(browser.start("known", target) is None and browser.status == 400, "a target elsewhere", target, browser.said)
    del provider


def wrong_descriptions(server, provider):
    for name in WRONG_DESCRIPTIONS:
        browser = Browser(server)
        expect(browser.start(name) is None and browser.status == 502, "a provider that is described wrong", name, browser.said)
    expect(Browser(server).start("nobody") is None, "one that is not there")
    # What fails is not asked again and again.
    before = len([s for s in provider.seen if s[0] == "nojson"])
    for _ in range(5):
        Browser(server).start("nojson")
    after = len([s for s in provider.seen if s[0] == "nojson"])
    expect(after - before <= 1, "asked again at once", after - before)
    asked = [s for s in provider.seen if s == ("good", ".well-known/openid-configuration")]
    expect(len(asked) <= 4, "a description is kept", len(asked))


def settings(provider):
    known = [("known", "good", "")]
    known += [("new", "good2", 'new_users = "create"\nnew_role = "guest"\nnew_group = "visitors"'),
              ("staff", "good3", 'new_users = "create"\nrequire_claim = "affiliation"\nrequire_value = "staff"'),
              ("post", "post", ""), ("names-itself", "namesitself", "")]
    known += [(name, name, "") for name in WRONG_DESCRIPTIONS]
    secrets = {"known": SEALED}
    return "".join(SETTINGS.format(name=name, base=provider.base, issuer=issuer, client=CLIENT_ID,
                                   secret=secrets.get(name, "client.secret"), more=more) for name, issuer, more in known)


def main():
    with providing() as provider:
        def prepare(folder):
            data = folder / "data"
            (data / "settings.toml").write_text(settings(provider).replace("{data}", str(data)))
            (data / "client.secret").write_text(CLIENT_SECRET + "\n")
            make, master = type("Folder", (), {"folder": folder})(), data / "parvis.master"
            subprocess.run([folder / "parvis", "secret", "make", master], check=True, stderr=subprocess.DEVNULL,
                           preexec_fn=become_nobody)
            (data / SEALED).write_text(seal(make, "oidc.known", CLIENT_SECRET, master))
            for name in ("settings.toml", "client.secret", SEALED):
                os.chmod(data / name, 0o644)
            cli(make, "group", "create", "visitors")

        with serving(sys.argv[1], "--config", "{data}/settings.toml", "--master-key", "{data}/parvis.master",
                     "--wrong-keys-per-minute", "0", prepare=prepare) as server:
            for check in (signs_in, new_users, endings, wrong_tokens, wrong_returns, wrong_targets, wrong_descriptions):
                check(server, provider)
            said = server.stop()
            with contextlib.closing(sqlite3.connect(server.folder / "data/parvis.db")) as database:
                kept = "\n".join(database.iterdump())
            for code in list(provider.codes) + [CLIENT_SECRET]:
                expect(code not in said and code not in kept, "a secret was kept", code)
            expect("id_token" not in said and "state=" not in said, "what the log says", said[:500])
    tries(sys.argv[1])


def tries(program):
    """Who comes back with nothing right is told to wait; the provider is asked for no more."""
    with providing() as provider:
        def prepare(folder):
            (folder / "data/settings.toml").write_text(SETTINGS.format(
                name="known", base=provider.base, issuer="good", client=CLIENT_ID, secret="client.secret", more="").replace("{data}", str(folder / "data")))
            (folder / "data/client.secret").write_text(CLIENT_SECRET)
            for name in ("settings.toml", "client.secret"):
                os.chmod(folder / "data" / name, 0o644)

        with serving(program, "--config", "{data}/settings.toml", "--wrong-keys-per-minute", "10", prepare=prepare) as server:
            set_password(server, "operator")
            said = [Browser(server).ask("GET", "/v1/oidc/known/callback?code=x&state=x")[0] for _ in range(12)]
            expect(said[:10] == [400] * 10 and said[-1] == 429, "tries from one address", said)
            Page(server).sign_in("operator")  # passwords are counted for themselves


if __name__ == "__main__":
    main()
