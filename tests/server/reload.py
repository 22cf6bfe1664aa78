#!/usr/bin/env python3
"""Settings from a file, read anew at SIGHUP; models by other names; what is loaded: reload.py PARVIS.

Nothing that is told anew breaks a stream; a file that is wrong changes nothing and says where."""
import contextlib
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time

from served import expect, serving, wait_for
from streams import PROMPT, open_stream

SETTINGS = """
[serve]
requests_per_minute = {limit}
keep_alive = 100
max_requests = 64
allow_host = ["{host}"]

[aliases]
"gpt-4o-mini" = "{alias}"
"""


def complete(server, model, **more):
    status, headers, data = server.ask("POST", "/v1/completions", PROMPT | {
        "model": model, "max_tokens": 2} | more)
    return status, headers, json.loads(data)


def command(server, *words, code=0, key=True):
    done = subprocess.run(
        [str(server.folder / "parvis"), *words, "--url", server.base_url], capture_output=True, text=True,
        check=False, env=os.environ | ({"PARVIS_API_KEY": server.key} if key else {}))
    expect(done.returncode == code, "the exit", words, done)
    expect(server.key not in done.stdout + done.stderr, "the key is told", done)
    return done.stdout + done.stderr


def write(server, limit, host="one.test", alias="fable", more=""):
    path = server.folder / "data/settings.toml"
    path.write_text(SETTINGS.format(limit=limit, host=host, alias=alias) + more)
    os.chmod(path, 0o644)


def limit_of(server):
    return complete(server, "fable")[1].get("x-ratelimit-limit-requests")


def check_reload(server):
    status, headers, body = complete(server, "gpt-4o-mini")
    expect(status == 200 and headers["x-ratelimit-limit-requests"] == "1000" and body["model"] == "fable",
           "the file's settings", status, headers, body)
    listed = {m["id"]: m["parvis"] for m in json.loads(server.ask("GET", "/v1/models")[2])["data"]}
    expect(listed["gpt-4o-mini"]["alias_of"] == "fable" and listed["gpt-4o-mini"]["loaded"]
           and "alias_of" not in listed["fable"], "an alias in the list", listed)
    expect(server.ask("GET", "/health", headers={"Host": "one.test"})[0] == 200
           and server.ask("GET", "/health", headers={"Host": "two.test"})[0] == 403, "names")
    fingerprint = body["system_fingerprint"]

    # Under a stream everything changes; the stream goes on to its end.
    alone = complete(server, "fable", max_tokens=150, logit_bias={"0": -100})[2]["choices"][0]["text"]
    with contextlib.closing(open_stream(server, 150)) as s:
        got = s.recv(64)
        write(server, 2000, host="two.test", alias="bert", more='"tales" = "fable"\n')
        # Another file under the same name: one byte of its metadata differs.
        path = server.folder / "models/fable.gguf"
        changed = path.read_bytes().replace(b"general.name", b"general.nama", 1)
        other = server.folder / "models/fable.new"
        other.write_bytes(changed)
        os.replace(other, path)
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: complete(server, "tales")[0] == 200, "the new alias")
        while part := s.recv(65536):
            got += part
            if b"0\r\n\r\n" in got:
                break
    text = "".join(json.loads(line[6:])["choices"][0]["text"] for line in got.decode().splitlines()
                   if line.startswith("data: {"))
    expect(b"[DONE]" in got and text == alone, "the stream under it", got[-200:])
    status, headers, body = complete(server, "tales")
    expect(headers["x-ratelimit-limit-requests"] == "2000", "the new limit", headers)
    expect(body["system_fingerprint"] != fingerprint, "the changed file is not read", body)
    expect(complete(server, "gpt-4o-mini")[0] == 400, "the alias leads elsewhere now")
    expect(server.ask("GET", "/health", headers={"Host": "one.test"})[0] == 403
           and server.ask("GET", "/health", headers={"Host": "two.test"})[0] == 200, "new names")


def check_wrong(server):
    """What is wrong changes nothing."""
    log = server.folder / "data/requests.log"
    moved = server.folder / "data/requests.1"
    for limit, more in ((3000, '[serve]\nno_such = 1'), (3000, "what"), (3000, '"a" = 7'), (-1, "")):
        write(server, limit, more=more)
        server.process.send_signal(signal.SIGHUP)
        time.sleep(0.5)  # it looks every twentieth of a second
        expect(limit_of(server) == "2000", "a wrong file counts", limit, more)
    os.rename(log, moved)
    write(server, 4000, more='"self" = "fable"\n')
    wait_for(lambda: (server.process.send_signal(signal.SIGHUP), limit_of(server) == "4000")[1], "a good one", 60)
    expect(log.exists() and "4000" not in moved.read_text(), "the log is opened anew")


def check_commands(server):
    said = command(server, "ps", "--json")
    loaded = {m["name"]: m for m in json.loads(said)["models"]}
    expect(loaded["fable:latest"]["memory_bytes"] > 0 and loaded["fable:latest"]["idle_seconds"] < 60
           and loaded["fable:latest"]["until"], "ps", said)
    expect("fable:latest" in command(server, "ps"), "ps as a table")
    command(server, "ps", code=77, key=False)
    command(server, "stop", "fable")
    wait_for(lambda: "fable" not in command(server, "ps"), "stop")
    command(server, "stop", "nobody", code=66)


def check_managing(server):
    """Ollama's routes for models on the disk."""
    status, _, data = server.ask("POST", "/api/copy", {"source": "fable", "destination": "mine:latest"})
    expect(status == 200 and data == b"", "copy", status, data)
    expect(complete(server, "mine")[0] == 200, "the copy answers")
    for body, code in (({"source": "nobody", "destination": "x"}, 404),
                       ({"source": "fable", "destination": "../x"}, 400),
                       ({"source": "fable", "destination": "mine"}, 400)):
        expect(server.ask("POST", "/api/copy", body)[0] == code, "copy", body)
    expect(server.ask("DELETE", "/api/delete", {"model": "mine"})[0] == 200, "delete")
    expect(complete(server, "mine")[0] == 404, "it is gone")
    expect(server.ask("DELETE", "/api/delete", {"model": "mine"})[0] == 404, "delete again")
    status, _, data = server.ask("DELETE", "/api/delete", {"model": "bert"})
    expect(status == 403 and b"by hand" in data, "what is not ours", status, data)


def check_start(program):
    """Each wrong setting is told with file, line and name; flags weigh more than the file."""
    with serving(program) as server:
        path = server.folder / "data/wrong.toml"
        for text, where in (("[serve]\nport = 99999\n", ":2: [serve] port"),
                            ("[serve]\n\nkeep_alive = \"long\"\n", ":3: [serve] keep_alive"),
                            ("[serve]\nkeepalive = 1\n", "did you mean keep_alive"),
                            ("[server]\n", ":1: server"), ("x y\n", ":1: "),
                            ("[aliases]\na = \"b\"\nb = \"c\"\n", ":2: [aliases] a"),
                            ("[serve]\nno_key = true\nhost = \"0.0.0.0\"\n", "--no-key")):
            path.write_text(text)
            done = subprocess.run([str(server.folder / "parvis"), "serve", "--port", "0", "--config", str(path),
                                   "--data", str(server.folder / "other")],
                                  capture_output=True, text=True, check=False)
            expect(done.returncode == 2 and where in done.stderr, "a wrong setting", text, done)
    settings = {"settings.toml": SETTINGS.format(limit=5, host="x.test", alias="fable")}
    with serving(program, "--config", "{data}/settings.toml", "--requests-per-minute", "7",
                 files=settings) as server:
        expect(limit_of(server) == "7", "flags weigh more")


def certificate(name):
    """(certificate, key), as text."""
    done = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                           "-nodes", "-keyout", "/dev/stdout", "-out", "/dev/stdout", "-days", "2", "-subj",
                           "/CN=" + name], capture_output=True, text=True, check=True).stdout
    end = "-----END PRIVATE KEY-----\n"
    return done.split(end)[1], done.split(end)[0] + end


def check_certificates(program):
    """Connections that come after have the new certificate; a stream goes on with the old one."""
    (first, first_key), (second, second_key) = certificate("first"), certificate("second")
    with serving(program, "--tls-cert", "{data}/cert.pem", "--tls-key", "{data}/key.pem",
                 files={"cert.pem": first, "key.pem": first_key}) as server:
        def shown():
            return ssl.get_server_certificate(("127.0.0.1", server.port))

        def put(cert, key):
            (server.folder / "data/cert.pem").write_text(cert)
            (server.folder / "data/key.pem").write_text(key)
            server.process.send_signal(signal.SIGHUP)
        expect(shown() == first, "the first certificate")
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        body = json.dumps(PROMPT | {"max_tokens": 150, "stream": True, "logit_bias": {"0": -100}})
        with context.wrap_socket(socket.create_connection(("127.0.0.1", server.port))) as s:
            s.sendall(f"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nx-api-key: {server.key}\r\n"
                      f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
            got = s.recv(64)
            put(second, second_key)
            wait_for(lambda: shown() == second, "the second certificate")
            while b"0\r\n\r\n" not in got:
                part = s.recv(65536)
                expect(part, "the stream under it is cut", got[-200:])
                got += part
        expect(b"[DONE]" in got, "the stream under it", got[-200:])
        put("no certificate", second_key)
        time.sleep(0.5)
        expect(shown() == second, "a certificate that is none")


def main():
    program = sys.argv[1]
    check_certificates(program)
    check_start(program)
    environment = {"PARVIS_HOME": "{data}"}
    settings = {"settings.toml": SETTINGS.format(limit=1000, host="one.test", alias="fable")}
    with serving(program, "--config", "{data}/settings.toml", "--log", "{data}/requests.log",
                 environment=environment, files=settings) as server:
        check_reload(server)
        check_wrong(server)
        check_commands(server)
        check_managing(server)
    print("reloads hold")


if __name__ == "__main__":
    main()
