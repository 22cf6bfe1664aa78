"""A provider of OpenID Connect for tests, on loopback, that can do wrong in every way that it is asked to.

Each first part of a path is an issuer of its own ("http://127.0.0.1:PORT/good"); what they share is in
`Provider`. Tokens are made here with the `cryptography` package, by the RFCs and by nothing of Parvis."""
import base64
import contextlib
import hashlib
import hmac
import http.server
import json
import secrets
import threading
import time
import urllib.parse

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

CLIENT_ID, CLIENT_SECRET = "parvis client", "s3cr&t/+%=of-the-client"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value):
    return b64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


class Keys:
    """One private key of each kind, and what is published of them."""

    def __init__(self, suffix=""):
        self.rsa = rsa.generate_private_key(65537, 2048)
        self.ec = ec.generate_private_key(ec.SECP256R1())
        self.ed = ed25519.Ed25519PrivateKey.generate()
        self.kid = {"RS256": "rsa" + suffix, "PS256": "rsa" + suffix, "ES256": "ec" + suffix, "EdDSA": "ed" + suffix}

    def published(self):
        r, e = self.rsa.public_key().public_numbers(), self.ec.public_key().public_numbers()
        raw = self.ed.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return [{"kty": "RSA", "kid": self.kid["RS256"], "use": "sig", "n": number(r.n), "e": number(r.e)},
                {"kty": "EC", "kid": self.kid["ES256"], "crv": "P-256", "x": b64(e.x.to_bytes(32, "big")),
                 "y": b64(e.y.to_bytes(32, "big"))},
                {"kty": "OKP", "kid": self.kid["EdDSA"], "crv": "Ed25519", "x": b64(raw)},
                {"kty": "oct", "kid": "secret", "k": b64(CLIENT_SECRET.encode())}]

    def pem(self):
        return self.rsa.public_key().public_bytes(serialization.Encoding.PEM,
                                                  serialization.PublicFormat.SubjectPublicKeyInfo)

    def sign(self, algorithm, text):
        if algorithm == "RS256":
            return self.rsa.sign(text, padding.PKCS1v15(), hashes.SHA256())
        if algorithm == "PS256":
            return self.rsa.sign(text, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
        if algorithm == "ES256":
            r, s = utils.decode_dss_signature(self.ec.sign(text, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        if algorithm == "EdDSA":
            return self.ed.sign(text)
        if algorithm == "RS512":
            return self.rsa.sign(text, padding.PKCS1v15(), hashes.SHA512())
        if algorithm == "HS256 by the public key":
            return hmac.digest(self.pem(), text, "sha256")
        if algorithm == "HS256 by the client's secret":
            return hmac.digest(CLIENT_SECRET.encode(), text, "sha256")
        return b""  # none


class Provider:
    def __init__(self):
        self.keys, self.strangers = Keys(), Keys()
        self.person = {"sub": "1815", "name": "Ada", "email": "ada@example.org"}
        self.algorithm, self.twist = "RS256", {}
        self.codes, self.seen = {}, []
        self.shown = None  # keys that are published, if others than ours
        self.server = Quiet(("127.0.0.1", 0), Handler)
        self.server.provider = self
        self.base = f"http://127.0.0.1:{self.server.server_port}"

    def token(self, issuer, nonce):
        """An ID token; what `twist` says goes wrong with it."""
        now = int(time.time())
        claims = {"iss": issuer, "aud": CLIENT_ID, "nonce": nonce, "iat": now, "exp": now + 300} | self.person
        claims |= self.twist.get("claims", {})
        claims = {k: v for k, v in claims.items() if k not in self.twist.get("without", ())}
        keys = self.strangers if self.twist.get("stranger") else self.keys
        algorithm = self.twist.get("algorithm", self.algorithm)
        header = {"alg": algorithm.split()[0], "typ": "JWT", "kid": keys.kid.get(self.algorithm)}
        header |= self.twist.get("header", {})
        header = {k: v for k, v in header.items() if v is not None}
        body = self.twist.get("body") or json.dumps(claims)
        text = b64(json.dumps(header).encode()) + "." + b64(body.encode())
        signed = text + "." + b64(keys.sign(self.twist.get("signs", algorithm), text.encode()))
        return self.twist.get("token", lambda token: token)(signed)


class Quiet(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):  # the server cuts what is too long
        pass


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def say(self, status, body, headers=()):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(data)

    @property
    def provider(self):
        return self.server.provider

    def parts(self):
        url = urllib.parse.urlsplit(self.path)
        name, _, rest = url.path.lstrip("/").partition("/")
        self.provider.seen.append((name, rest))
        return name, rest, dict(urllib.parse.parse_qsl(url.query))

    def do_GET(self):
        name, rest, query = self.parts()
        issuer = f"{self.provider.base}/{name}"
        if rest == ".well-known/openid-configuration":
            return self.describe(name, issuer)
        if rest == "jwks":
            return self.say(200, {"keys": (self.provider.shown or self.provider.keys).published()})
        if rest == "authorize":
            return self.authorize(name, issuer, query)
        self.say(404, {})

    def describe(self, name, issuer):
        document = {"issuer": issuer, "authorization_endpoint": issuer + "/authorize", "token_endpoint": issuer + "/token",
                    "jwks_uri": issuer + "/jwks", "code_challenge_methods_supported": ["plain", "S256"]}
        wrong = {"otherissuer": {"issuer": issuer + "/"}, "plainhttp": {"token_endpoint": "http://192.0.2.1/token"},
                 "plainkeys": {"jwks_uri": "http://192.0.2.1/jwks"}, "script": {"authorization_endpoint": "javascript:alert(1)"},
                 "line": {"authorization_endpoint": issuer + "/authorize\r\nset-cookie: a=b"},
                 "nopkce": {"code_challenge_methods_supported": ["plain"]}, "nothing": {"token_endpoint": None},
                 "post": {"token_endpoint_auth_methods_supported": ["client_secret_post"]},
                 "namesitself": {"authorization_response_iss_parameter_supported": True}}
        if name == "huge":
            return self.say(200, b'{"issuer": "' + b"x" * 2_000_000 + b'"}')
        if name == "nojson":
            return self.say(200, b"<html>")
        if name == "moved":
            return self.say(302, b"", [("Location", f"{self.provider.base}/good/.well-known/openid-configuration")])
        self.say(200, document | wrong.get(name, {}))

    def authorize(self, name, issuer, query):
        if query.get("response_type") != "code" or query.get("client_id") != CLIENT_ID \
                or query.get("code_challenge_method") != "S256" or "openid" not in query.get("scope", "").split():
            return self.say(400, {"error": "invalid_request"})
        code = secrets.token_urlsafe(24)
        self.provider.codes[code] = query
        answer = {"code": code, "state": query["state"]}
        if name == "namesitself":
            answer["iss"] = issuer
        self.say(302, b"", [("Location", query["redirect_uri"] + "?" + urllib.parse.urlencode(answer))])

    def do_POST(self):
        name, _, _ = self.parts()
        form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        answer = self.provider.twist.get("answer")
        if answer:
            return self.say(*answer)
        asked = self.provider.codes.pop(form.get("code"), None)  # once
        basic = urllib.parse.quote(CLIENT_ID, safe="") + ":" + urllib.parse.quote(CLIENT_SECRET, safe="")
        by_header = self.headers.get("Authorization") == "Basic " + base64.b64encode(basic.encode()).decode()
        by_form = (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)
        verifier = b64(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if not asked or form.get("grant_type") != "authorization_code" or not (by_form if name == "post" else by_header) \
                or asked["redirect_uri"] != form.get("redirect_uri") or asked["code_challenge"] != verifier \
                or len(form["code_verifier"]) < 43:
            return self.say(400, {"error": "invalid_grant"})
        issuer = f"{self.provider.base}/{name}"
        self.say(200, {"access_token": "x", "token_type": "Bearer", "expires_in": 60,
                       "id_token": self.provider.token(issuer, asked["nonce"])})


@contextlib.contextmanager
def providing():
    provider = Provider()
    threading.Thread(target=provider.server.serve_forever, daemon=True).start()
    try:
        yield provider
    finally:
        provider.server.shutdown()
