#!/usr/bin/env python3
"""People at browsers: sessions.py PARVIS. Passwords set on the command line without being on it; signing in;
what a session may, how it ends and how soon; that it spends from the user's budgets; that passwords and
sessions are nowhere in files, logs or answers; and the same by TLS."""
import contextlib
import json
import os
import pty
import sqlite3
import ssl
import subprocess
import sys
import time

from page import PASSWORD, Page, set_password
from served import become_nobody, cli, expect, serving

ENDED_WITHIN_S = 1.0
ASK = {"model": "fable", "prompt": "Once", "max_tokens": 2}


def passwords(server):
    """By stdin and by a terminal that does not show them; what is too weak is refused."""
    cli(server, "user", "create", "Ada")
    cli(server, "user", "create", "Robot", "--service")
    for weak in ("short", "aaaaaaaaaaaaaaaaaaaa", "passwordpassword", ""):
        cli(server, "user", "password", "Ada", stdin=weak + "\n", fails=True)
    cli(server, "user", "password", "Robot", stdin=PASSWORD + "\n", fails=True)
    cli(server, "user", "password", "Ada", "--password", PASSWORD, fails=True)
    for second, fails in ((PASSWORD, False), ("another plain phrase", True)):
        shown, code = typed(server, [PASSWORD, second])
        expect((code != 0) == fails, "a terminal", shown, code)
        expect(PASSWORD not in shown and "Password of Ada" in shown, "what the terminal shows", shown)
    shown, code = typed(server, ["\x03"])
    expect(code == 130, "Ctrl-C", shown, code)


def typed(server, lines):
    """(what a terminal shows, the exit code) when these are typed."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [server.folder / "parvis", "user", "password", "Ada", "--data", server.folder / "data"],
        stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=become_nobody,
        env=os.environ | {"HOME": str(server.folder)})
    os.close(theirs)
    shown = ""
    for line in lines:
        while not shown.rstrip().endswith(":"):
            shown += os.read(ours, 1000).decode()
        os.write(ours, line.encode() if line == "\x03" else line.encode() + b"\n")
        shown += "\n"
    with contextlib.suppress(OSError):
        while part := os.read(ours, 1000):
            shown += part.decode()
    os.close(ours)
    return shown, process.wait(timeout=60)


def signing_in(server):
    page = Page(server)
    said = page.sign_in("Ada")
    secret = page.cookies["parvis-session"]
    expect(secret.startswith("pvs-") and secret not in json.dumps(said), "the session's text", said)
    expect(said["user"]["name"] == "Ada" and said["user"]["permissions"] == ["see_models", "use_models"]
           and said["method"] == "password" and said["current"], "who it is", said)
    wrong = [Page(server).sign_in(*pair, status=401)
             for pair in (("Ada", "wrong"), ("Nobody", PASSWORD), ("Robot", PASSWORD))]
    wrong.append(Page(server).sign_in("Ada", PASSWORD, "elsewhere", status=401))
    expect(all(w == wrong[0] for w in wrong), "wrong in several ways, answered alike", wrong)
    for body in ({"user": "Ada"}, {"user": "Ada", "password": PASSWORD, "role": "operator"}, "x", {}):
        expect(page.ask("POST", "/v1/sessions", body)[0] == 400, "a body", body)
    for origin in ("http://evil.example", "null"):
        status, _ = Page(server).ask("POST", "/v1/sessions", {"user": "Ada", "password": PASSWORD}, origin=origin)
        expect(status == 403, "signed in from another site's page", origin, status)
    status, again = page.ask("GET", "/v1/sessions/current")
    expect(status == 200 and again["csrf_token"] == page.token, "what a page that is loaded asks", again)
    return page, secret


def uses(server, page):
    status, said = page.ask("GET", "/v1/models")
    expect(status == 200, "models", said)
    status, said = page.ask("POST", "/v1/completions", ASK)
    expect(status == 200, "a completion", said)
    with contextlib.closing(sqlite3.connect(server.folder / "data/parvis.db")) as database:
        row = database.execute("SELECT r.organisation, u.name, r.api_key FROM requests r JOIN users u "
                               "ON u.id = r.owner ORDER BY r.rowid DESC LIMIT 1").fetchone()
    expect(row == ("local", "Ada", page.session), "whose request is on record", row)
    # A key counts before the cookie, and needs no token.
    status, _ = page.ask("POST", "/v1/completions", ASK, token=None, origin=None,
                         headers={"Authorization": f"Bearer {server.key}"})
    expect(status == 200, "a key beside a cookie")
    status, _ = page.ask("GET", "/v1/models", headers={"x-api-key": "wrong"})
    expect(status == 401, "a wrong key beside a cookie")


def until_out(page):
    begun = time.monotonic()
    while page.ask("GET", "/v1/models")[0] != 401:
        expect(time.monotonic() - begun < 20, "the session does not end")
        time.sleep(0.01)
    return time.monotonic() - begun


def endings(server):
    slowest = 0.0
    for words in (["session", "end", "--user", "Ada"], ["user", "set", "Ada", "--disable"],
                  ["user", "password", "Ada"], ["user", "set", "Ada", "--deny", "see_usage"],
                  ["session", "end"]):
        page = Page(server)
        page.sign_in("Ada")
        if words == ["session", "end"]:
            words = [*words, page.session]
        cli(server, *words, stdin=PASSWORD + "\n")
        slowest = max(slowest, until_out(page))
        if "--disable" in words:
            expect(Page(server).sign_in("Ada", status=403)["error"]["code"] == "permission_denied", "disabled")
            cli(server, "user", "set", "Ada", "--enable")
            expect(page.ask("GET", "/v1/models")[0] == 401, "an old session does not come back")
    expect(slowest <= ENDED_WITHIN_S, "an ended session was worth something for too long", slowest)
    print(f"an ended session is refused after at most {slowest:.2f} s")
    one, two = Page(server), Page(server)
    one.sign_in("Ada")
    two.sign_in("Ada")
    listed = one.ask("GET", "/v1/sessions")[1]["data"]
    expect({s["id"]: s["current"] for s in listed} == {one.session: True, two.session: False}, "where", listed)
    expect(one.session in cli(server, "session", "list", "--user", "Ada").stdout, "parvis session list")
    set_password(server, "operator")
    other = Page(server)
    other.sign_in("operator")
    for path in (f"/v1/sessions/{one.session}", "/v1/sessions/nothing"):
        expect(other.ask("DELETE", path)[0] == 404, "another's session", path)
    expect(one.ask("DELETE", f"/v1/sessions/{two.session}")[0] == 200, "one's own elsewhere")
    expect(two.ask("GET", "/v1/models")[0] == 401, "at once")
    cookies = dict(one.cookies)
    expect(one.ask("DELETE", "/v1/sessions/current")[0] == 200 and "parvis-session" not in one.cookies, "signing out")
    one.cookies = cookies
    expect(one.ask("GET", "/v1/models")[0] == 401, "signed out")
    status, said = other.ask("DELETE", f"/v1/organization/sessions/{one.session}")
    expect(status == 404, "a session that is over", said)


def new_passwords(server):
    """By oneself, who knows the old one, and by a steward; both end all sessions."""
    page, other = Page(server), Page(server)
    page.sign_in("Ada")
    other.sign_in("Ada")
    change = "/v1/sessions/current/password"
    expect(page.ask("POST", change, {"password": "wrong", "new_password": "quite another phrase"})[0] == 401, "the old one")
    expect(page.ask("POST", change, {"password": PASSWORD, "new_password": "short"})[0] == 400, "too short")
    expect(page.ask("POST", change, {"password": PASSWORD, "new_password": "quite another phrase"})[0] == 200, "changed")
    expect(other.ask("GET", "/v1/models")[0] == 401, "the other session")
    Page(server).sign_in("Ada", status=401)
    page.sign_in("Ada", "quite another phrase")
    status, _, data = server.ask("POST", f"/v1/organization/users/{user_id(server, 'Ada')}/password", {"password": PASSWORD})
    expect(status == 200, "a steward's", data)
    expect(page.ask("GET", "/v1/models")[0] == 401, "ended by a steward's")
    page.sign_in("Ada")


def user_id(server, name):
    users = json.loads(server.ask("GET", "/v1/organization/users?limit=100")[2])["data"]
    return next(u["id"] for u in users if u["name"] == name)


def budgets(program):
    """Signing in again gives no budget anew."""
    with serving(program, "--requests-per-minute", "3") as server:
        set_password(server, "operator")
        said = []
        for _ in range(5):
            page = Page(server)
            page.sign_in("operator")
            said.append(page.ask("POST", "/v1/completions", ASK)[0])
        expect(said == [200, 200, 200, 429, 429], "requests of several sessions", said)


def guesses(program):
    with serving(program, "--wrong-keys-per-minute", "8") as server:
        set_password(server, "operator")
        home = Page(server)
        home.sign_in("operator")
        said = [Page(server).ask("POST", "/v1/sessions", {"user": f"x{i}", "password": "x"})[0] for i in range(24)]
        expect(said[:8] == [401] * 8 and said[-1] == 429, "guesses from one address", said)
        Page(server).sign_in("operator", status=429)
        home.sign_in("operator")  # a browser that was here before


def tls(program):
    """By TLS the cookie is bound to our host; without it nobody signs in from elsewhere."""
    def certificate(folder):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", folder / "data/key.pem", "-out", folder / "data/cert.pem", "-days", "2", "-subj",
                        "/CN=localhost"], check=True, stderr=subprocess.DEVNULL)
        for name in ("key.pem", "cert.pem"):
            os.chmod(folder / "data" / name, 0o644)
    import http.client
    with serving(program, "--tls-cert", "{data}/cert.pem", "--tls-key", "{data}/key.pem", prepare=certificate) as server:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        server.connection = lambda timeout=120: http.client.HTTPSConnection("127.0.0.1", server.port, context=context)
        set_password(server, "operator")
        page = Page(server)
        page.sign_in("operator")
        expect("__Host-parvis-session" in page.cookies, "the cookie's name", page.cookies)
        expect(page.ask("POST", "/v1/completions", ASK)[0] == 200, "a session by TLS")
        expect(page.ask("POST", "/v1/completions", ASK, origin=page.origin.replace("https", "http"))[0] == 403,
               "a page without TLS of the same name")
        page.cookies = {k.replace("__Host-", ""): v for k, v in page.cookies.items()}
        expect(page.ask("GET", "/v1/models")[0] == 401, "a cookie that was not bound to us")
    with serving(program, "--host", "0.0.0.0") as server:
        set_password(server, "operator")
        page = Page(server)
        page.origin = None
        expect("TLS" in page.sign_in("operator", status=403)["error"]["message"], "a password without TLS")
    with serving(program, "--public-url", "https://parvis.example") as server:
        set_password(server, "operator")
        page = Page(server)
        page.origin = "https://parvis.example"
        page.sign_in("operator")
        expect("__Host-parvis-session" in page.cookies, "behind a proxy", page.cookies)
        expect(page.ask("POST", "/v1/completions", ASK)[0] == 200, "behind a proxy")
        expect(page.ask("POST", "/v1/completions", ASK, headers={"Host": "parvis.example"})[0] == 200, "its name")
        for origin in ("https://other.example", "https://parvis.example.evil", None):
            expect(page.ask("POST", "/v1/completions", ASK, origin=origin)[0] == 403, "another's page", origin)


def main():
    with serving(sys.argv[1], "--wrong-keys-per-minute", "0") as server:
        passwords(server)
        page, secret = signing_in(server)
        uses(server, page)
        endings(server)
        new_passwords(server)
        said = server.stop()
        kept = said.encode() + b"".join(p.read_bytes() for p in (server.folder / "data").rglob("*") if p.is_file())
        for text in (secret[4:], PASSWORD, page.token):
            expect(text.encode() not in kept, "a secret was kept", text)
    budgets(sys.argv[1])
    guesses(sys.argv[1])
    tls(sys.argv[1])


if __name__ == "__main__":
    main()
