#!/usr/bin/env python3
"""Files of Parvis 0.1, beside their database: old_files.py PARVIS. The first start takes all of them into it, and so
does the next one when it was killed; a backup that is made before has them."""
import contextlib
import hashlib
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time

from batches import upload
from served import become_nobody, cli, expect, Server, serving

KILLS = 6


def put_back(data, files):
    """The folder as it was, of files that the database has."""
    with contextlib.closing(sqlite3.connect(data / "parvis.db")) as database:
        for id_, organisation, owner in database.execute("SELECT id, organisation, owner FROM files").fetchall():
            path = data / "files" / hashlib.sha256(f"{organisation}\0{owner}".encode()).hexdigest()[:32] / id_
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files[id_])
        database.executescript("UPDATE files SET state = 'folder'; DELETE FROM file_pieces;")
    if os.getuid() == 0:
        for path in (data / "files", *(data / "files").rglob("*")):
            shutil.chown(path, "nobody")


def check_served(server, data, files):
    again = Server(server.folder / "parvis", server.folder, "--log", "none")
    again.key = server.key
    try:
        for id_, text in files.items():
            status, _, got = again.ask("GET", f"/v1/files/{id_}/content")
            expect(status == 200 and got == text, "a file of before", id_, status, len(got))
        expect(not (data / "files").exists(), "the folder is still there")
    finally:
        again.stop()


def main():
    seed = random.SystemRandom().randint(0, 1 << 30)
    print(f"seed {seed}")
    rng = random.Random(seed)
    with serving(sys.argv[1], "--log", "none") as server:
        data = server.folder / "data"
        texts = [rng.randbytes(rng.randint(1, 2_000_000)) for _ in range(6)]
        files = {upload(server, text)["id"]: text for text in texts}
        server.stop()
        put_back(data, files)
        for _ in range(KILLS):
            started = subprocess.Popen([server.folder / "parvis", "serve", "--port", "0", "--data", data],
                                       preexec_fn=become_nobody, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                       env=os.environ | {"HOME": str(server.folder)})
            time.sleep(rng.uniform(0, 0.4))
            started.kill()
            started.wait()
        check_served(server, data, files)
        put_back(data, files)
        cli(server, "backup", str(data / "a.parvis"))
        cli(server, "restore", str(data / "a.parvis"), "--force")
        check_served(server, data, files)
    print("files of before are there")


if __name__ == "__main__":
    main()
