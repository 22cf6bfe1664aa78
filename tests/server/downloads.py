#!/usr/bin/env python3
"""What a file holds, sent while it is read: downloads.py PARVIS.

However many read slowly, no file is in memory; what is sent is the file's, to the end; one that is removed meanwhile
ends the connection, never the answer."""
import contextlib
import hashlib
import http.client
import random
import socket
import sys
import time

from batches import get, resident, upload
from served import expect, serving

MIB = 1 << 20
READERS = 24


def begin(server, file, version="HTTP/1.1"):
    """A reader that takes little at a time, of whose answer the head has come."""
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    s.connect(("127.0.0.1", server.port))
    s.sendall(f"GET /v1/files/{file['id']}/content {version}\r\nHost: localhost\r\nAuthorization: Bearer {server.key}\r\n"
              "\r\n".encode())
    answer = http.client.HTTPResponse(s)
    answer.begin()
    expect(answer.status == 200 and answer.headers["content-length"] == str(file["bytes"])
           and answer.headers["content-type"] == "application/octet-stream", "the head", answer.headers.items())
    return s, answer


def digest_of(answer, begun=b""):
    digest = hashlib.sha256(begun)
    while part := answer.read(100_001):
        digest.update(part)
    return digest.hexdigest()


def check_slow(server, file, digest):
    before = resident(server)
    readers = [begin(server, file) for _ in range(READERS)]
    begun = [answer.read(MIB) for _, answer in readers]
    time.sleep(1)
    grown = resident(server) - before
    expect(grown < READERS * 2 * MIB, "files are in memory", grown // MIB, READERS * file["bytes"] // MIB)
    expect(server.ask("GET", "/health")[0] == 200, "others wait")
    for s, answer in readers[4:]:
        answer.close()
        s.close()
    for (s, answer), first in zip(readers[:2], begun):
        expect(digest_of(answer, first) == digest, "other bytes")
        s.close()
    expect(get(server, f"/v1/files/{file['id']}", "DELETE")[0] == 200, "removed")
    expect(server.ask("GET", f"/v1/files/{file['id']}/content")[0] == 404, "it is gone")
    for s, answer in readers[2:4]:
        got = MIB
        with contextlib.suppress(http.client.IncompleteRead, ConnectionError):
            while part := answer.read1(65536):
                got += len(part)
        expect(got < file["bytes"] and s.recv(1) == b"", "more than there is", got)
        s.close()


def check_same(server):
    for size in (1, 1000, 262_143, 262_144, 262_145, 3 * 262_144, 5 * MIB + 7):
        content = random.Random(size).randbytes(size)
        file = upload(server, content)
        for version in ("HTTP/1.1", "HTTP/1.0"):
            s, answer = begin(server, file, version)
            expect(digest_of(answer) == hashlib.sha256(content).hexdigest(), "other bytes", size, version)
            s.close()
        status, headers, data = server.ask("HEAD", f"/v1/files/{file['id']}/content")
        expect(data == b"" and (status != 200 or headers["content-length"] == str(size)), "a head alone", status, headers)
        # Several over one connection, which stays usable.
        with contextlib.closing(server.connection()) as connection:
            for _ in range(3):
                connection.request("GET", f"/v1/files/{file['id']}/content", headers={"x-api-key": server.key})
                expect(connection.getresponse().read() == content, "one after the other", size)


def main():
    with serving(sys.argv[1]) as server:
        check_same(server)
        content = random.Random(1).randbytes(40 * MIB)
        check_slow(server, upload(server, content), hashlib.sha256(content).hexdigest())
    print("downloads hold")


if __name__ == "__main__":
    main()
