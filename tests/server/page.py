"""A browser's tab as far as tests need one: it keeps cookies, and sends the token and the origin of its page."""
import json

from served import cli, expect

PASSWORD = "several plain words"


def set_password(server, name, password=PASSWORD, org="local"):
    cli(server, "user", "password", name, "--org", org, stdin=password + "\n")


class Page:
    def __init__(self, server):
        self.server, self.cookies, self.token, self.session = server, {}, None, None
        self.host = f"127.0.0.1:{server.port}"
        self.origin = server.base_url

    def take(self, headers):
        """What the answer's cookies do to ours. Of several headers `served` keeps the last: this reads raw ones."""
        for name, value in headers:
            if name.lower() != "set-cookie":
                continue
            pair, *attributes = [part.strip() for part in value.split(";")]
            name, _, value = pair.partition("=")
            expect("HttpOnly" in attributes and "Path=/" in attributes
                   and "SameSite=Lax" in attributes, "a cookie's attributes", value)
            expect(("Secure" in attributes) == name.startswith("__Host-"), "TLS and the cookie's name", value)
            if "Max-Age=0" in attributes:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value

    def ask(self, method, path, body=None, token="own", origin="own", headers=None):
        """(status, JSON or text)"""
        headers = dict(headers or {})
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        token = self.token if token == "own" else token
        origin = self.origin if origin == "own" else origin
        if method != "GET" and token is not None:
            headers["x-csrf-token"] = token
        if method != "GET" and origin is not None:
            headers["Origin"] = origin
        connection = self.server.connection()
        try:
            connection.request(method, path, json.dumps(body) if isinstance(body, dict) else body, headers)
            answer = connection.getresponse()
            data = answer.read()
            self.headers = answer.getheaders()
            self.take(self.headers)
        finally:
            connection.close()
        try:
            return answer.status, json.loads(data)
        except ValueError:
            return answer.status, data.decode(errors="replace")

    def sign_in(self, user, password=PASSWORD, organisation="local", status=200):
        got, said = self.ask("POST", "/v1/sessions", {
            "organisation": organisation, "user": user, "password": password}, token=None)
        expect(got == status, "signing in", user, got, said)
        if got == 200:
            self.token, self.session = said["csrf_token"], said["id"]
        return said
