#!/usr/bin/env python3
"""Bytes that are not HTTP as it should be: http_bytes.py PARVIS.

What two readers could read differently must be refused and the connection closed; a request hidden in
another one's body must never be answered; slow and silent clients must not hold the server."""
import socket
import sys
import time

from served import expect, serving

HIDDEN = "GET /v1/models/hidden HTTP/1.1\r\nHost: localhost\r\n\r\n"


def talk(server, data, timeout=20, half_close=False):
    """All that comes back until the server closes or falls silent."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=timeout) as s:
        s.settimeout(1.5)
        s.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))
        if half_close:
            s.shutdown(socket.SHUT_WR)
        got, closed = b"", False
        while True:
            try:
                part = s.recv(65536)
            except socket.timeout:
                break
            except ConnectionResetError:
                closed = True
                break
            if not part:
                closed = True
                break
            got += part
        return got.decode("latin-1"), closed


def post(headers, body="", target="/v1/completions", line_end="\r\n", first=None):
    lines = [first or f"POST {target} HTTP/1.1", "Host: localhost", *headers]
    return line_end.join(lines) + line_end * 2 + body


def smuggling(key):
    auth = f"Authorization: Bearer {key}"
    n = len(HIDDEN)
    yield "CL.TE", post([auth, "Content-Length: 6", "Transfer-Encoding: chunked"], "0\r\n\r\n" + HIDDEN)
    yield "TE.CL", post([auth, "Transfer-Encoding: chunked", "Content-Length: 3"], f"{n:x}\r\n" + HIDDEN)
    yield "two lengths", post([auth, "Content-Length: 0", f"Content-Length: {n}"], HIDDEN)
    yield "equal lengths", post([auth, "Content-Length: 2", "Content-Length: 2"], "{}" + HIDDEN)
    yield "list of lengths", post([auth, "Content-Length: 2, 2"], "{}" + HIDDEN)
    for value in ("-1", "+2", "0x2", "2 2", "", "1e1", "99999999999999999999", "2;3", " 2a"):
        yield f"length {value!r}", post([auth, f"Content-Length: {value}"], "{}" + HIDDEN)
    for value in ("xchunked", "chunked, identity", "identity, chunked", "gzip, chunked", "chunked ,",
                  "\x0bchunked", "chunked\x00", "\"chunked\"", "identity"):
        yield f"encoding {value!r}", post([auth, f"Transfer-Encoding: {value}"], "0\r\n\r\n" + HIDDEN)
    yield "two encodings", post([auth, "Transfer-Encoding: chunked", "Transfer-Encoding: identity"],
                                "0\r\n\r\n" + HIDDEN)
    for name in ("Transfer-Encoding ", " Transfer-Encoding", "Transfer\tEncoding", "Content-Length "):
        yield f"name {name!r}", post([auth, f"{name}: chunked"], "0\r\n\r\n" + HIDDEN)
    yield "folded", post([auth, "Transfer-Encoding:", " chunked"], "0\r\n\r\n" + HIDDEN)
    yield "folded with tab", post([auth, "X: a", "\tTransfer-Encoding: chunked"], "0\r\n\r\n" + HIDDEN)
    yield "bare line feeds", post([auth, "Content-Length: 2"], "{}" + HIDDEN, line_end="\n")
    yield "bare carriage return", post([auth, "X: a\rContent-Length: 2"], HIDDEN)
    yield "zero byte", post([auth, "X: a\x00b", "Content-Length: 2"], "{}" + HIDDEN)
    yield "two hosts", post([auth, "Host: evil.example", "Content-Length: 2"], "{}" + HIDDEN)
    yield "header without colon", post([auth, "nothing", "Content-Length: 2"], "{}" + HIDDEN)
    for size in ("-1", "0x5", "+5", "5 5", "ffffffffffffffff", "fffffffffffffffff", "", "g", "5\t", "\n5"):
        yield f"chunk size {size!r}", post([auth, "Transfer-Encoding: chunked"],
                                           f"{size}\r\nhello\r\n0\r\n\r\n" + HIDDEN)
    yield "chunk longer than told", post([auth, "Transfer-Encoding: chunked"],
                                         "2\r\nhello\r\n0\r\n\r\n" + HIDDEN)
    yield "chunk without line end", post([auth, "Transfer-Encoding: chunked"], "5\r\nhello0\r\n\r\n" + HIDDEN)
    for first in ("POST /v1/completions HTTP/1.1 extra", "POST  /v1/completions HTTP/1.1",
                  "POST /v1/completions HTTP/3.0", "POST /v1/completions", "POST\t/v1/completions\tHTTP/1.1",
                  "GET http://evil.example/v1/models HTTP/1.1", "CONNECT evil.example:80 HTTP/1.1",
                  "P\x00ST / HTTP/1.1", "POST /v1/comp letions HTTP/1.1", " POST / HTTP/1.1"):
        yield f"first line {first!r}", post([auth, "Content-Length: 2"], "{}" + HIDDEN, first=first)


def check_smuggling(server):
    count = 0
    for name, data in smuggling(server.key):
        got, closed = talk(server, data)
        expect("hidden" not in got, "a hidden request was answered", name, got)
        status = got[9:12]
        expect(status in ("", "400", "401", "403", "404", "405", "413", "431", "501"), "status", name,
               got[:300])
        expect(closed, "the connection goes on", name, got[:300])
        count += 1
    return count


def check_limits(server):
    auth = f"Authorization: Bearer {server.key}"
    big = [f"X-{i}: {'y' * 100}" for i in range(1000)]
    for name, data, status in [
            ("large head", post([auth, *big]), "431"),
            ("endless line", "GET /" + "a" * 100_000, "431"),
            ("large body told", post([auth, "Content-Length: 999999999999"]), "413"),
            ("large body by chunks", post([auth, "Transfer-Encoding: chunked"],
                                          ("100000\r\n" + "x" * 0x100000 + "\r\n") * 40), "413")]:
        try:
            got, closed = talk(server, data)
        except (BrokenPipeError, ConnectionResetError):
            continue  # closed while we still wrote: as good
        expect(got[9:12] == status and closed, name, got[:300], closed)


def check_plain(server):
    auth = f"Authorization: Bearer {server.key}"
    two = f"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n" * 3
    got, _ = talk(server, two)
    expect(got.count("HTTP/1.1 200") == 3, "three requests in one go", got)
    got, closed = talk(server, "GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n")
    expect("200 OK" in got and closed, "HTTP/1.0", got)
    got, _ = talk(server, "HEAD /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
    expect("content-length: 15" in got and got.endswith("\r\n\r\n"), "HEAD", got)
    body = '{"model": "nobody", "prompt": "a"}'
    chunked = "".join(f"{1:x};ext=1\r\n{c}\r\n" for c in body) + "0\r\nTrailer: x\r\n\r\n"
    got, _ = talk(server, post([auth, "Transfer-Encoding: chunked"], chunked))
    expect("model_not_found" in got, "a chunked body with extensions and trailers", got)
    with socket.create_connection(("127.0.0.1", server.port)) as s:
        s.sendall(post([auth, f"Content-Length: {len(body)}", "Expect: 100-continue"]).encode())
        expect(s.recv(100).startswith(b"HTTP/1.1 100"), "100-continue")
        for c in body:  # a slow but steady sender
            s.sendall(c.encode())
            time.sleep(0.005)
        expect(b"model_not_found" in s.recv(65536), "the body after it")


def check_slow(server):
    """300 clients that never finish a head do not keep others out, and are cut in the end."""
    slow = []
    for _ in range(300):
        s = socket.create_connection(("127.0.0.1", server.port))
        s.sendall(b"GET /health HTTP/1.1\r\nHost: local")
        slow.append(s)
    begun = time.monotonic()
    expect(server.ask("GET", "/health")[0] == 200, "others wait for slow ones")
    expect(time.monotonic() - begun < 5, "others wait long", time.monotonic() - begun)
    for s in slow:
        s.settimeout(60)
        answer = b""
        while part := s.recv(4096):
            answer += part
        expect(answer.startswith(b"HTTP/1.1 408"), "a slow head", answer[:200])
        s.close()


def main():
    with serving(sys.argv[1]) as server:
        count = check_smuggling(server)
        check_limits(server)
        check_plain(server)
        check_slow(server)
        expect(server.ask("GET", "/health")[0] == 200, "the server is gone")
        print(f"{count} forms of smuggling")


if __name__ == "__main__":
    main()
