#!/usr/bin/env python3
"""parvis backup and restore: backup.py PARVIS. A backup of a server that is being used, opened by Python's
tarfile, hashlib and sqlite3, and restored as a server that knows the same keys, files and use; cut at many
places and changed in many bits it is refused and changes nothing; commands killed at any moment leave a whole
backup or none, and the old folder or the new one."""
import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
import sqlite3.dump  # here, not where it is needed: nobody may not read it
import sys
import tarfile
import threading
import time

from billing_case import Cli, as_nobody, seeded, write_records
from organisation import Client
from served import Server, expect, serving

CUTS, FLIPS, KILLS = 40, 40, 30
ASK = {"model": "fable", "prompt": "Once upon a time", "max_tokens": 20}


def upload(client, content):
    form = ("--xx\r\ncontent-disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--xx\r\ncontent-disposition: "
            f"form-data; name=\"file\"; filename=\"a\"\r\n\r\n{content}\r\n--xx--\r\n")
    _, _, data = client.server.ask("POST", "/v1/files", form, key=client.key,
                                   headers={"content-type": "multipart/form-data; boundary=xx"})
    return json.loads(data)["id"]


class Use(threading.Thread):
    """Goes on asking, uploading and removing until it is stopped."""

    def __init__(self, client):
        super().__init__()
        self.client, self.done, self.count = client, threading.Event(), 0

    def run(self):
        while not self.done.is_set():
            expect(self.client.status("POST", "/v1/completions", ASK) == 200, "an answer during a backup")
            gone = upload(self.client, f"file {self.count}")
            self.client.ask("DELETE", f"/v1/files/{gone}")
            self.count += 1


def open_with_others(path):
    """The backup as other programs see it: {table: rows} of its database, {id: bytes} of its files."""
    expect(path.stat().st_mode & 0o777 == 0o600, "others can read it", oct(path.stat().st_mode))
    with tarfile.open(path) as archive:
        names = archive.getnames()
        last = archive.getmembers()[-1]
        expect(names == ["parvis.pepper", "parvis.db", "parvis-backup.json", "sha256"], "members", names)
        digest = archive.extractfile(last).read().decode()
        expect(hashlib.sha256(path.read_bytes()[:last.offset]).hexdigest() == digest, "its digest")
        manifest = json.load(archive.extractfile("parvis-backup.json"))
        database = path.with_suffix(".db")
        database.write_bytes(archive.extractfile("parvis.db").read())
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro&immutable=1", uri=True)) as db:
        expect(db.execute("PRAGMA integrity_check").fetchall() == [("ok",)], "integrity")
        rows = {t: db.execute(f'SELECT count(*) FROM "{t}"').fetchone()[0] for t in manifest["database"]["rows"]}
        files = {}
        for name, bytes_, state in db.execute("SELECT id, bytes, state FROM files"):
            pieces = b"".join(p for p, in db.execute("SELECT bytes FROM file_pieces WHERE file = ? ORDER BY number", (name,)))
            expect(state == "writing" or len(pieces) == bytes_, "a file in half", name, bytes_, len(pieces))
            files[name] = pieces
    expect(rows == manifest["database"]["rows"], "the manifest's rows", rows, manifest)
    expect(manifest["files"] == len(files), "files and their rows", files.keys())
    return rows, files


def of_a_running_server(server, cli):
    """Returns the backup, a pupil's key and their file."""
    operator = Client(server, server.key)
    client = Client(server, operator.key_for(operator.user("Ada"))[1])
    kept = upload(client, "keep me")
    use = Use(client)
    use.start()
    try:
        target = server.folder / "data" / "a.parvis"
        for i in range(5):
            cli.run("backup", str(target), *(["--force"] if i else []))
            rows, files = open_with_others_as_nobody(target)
            expect(b"keep me" in files.values(), "the file", files)
            expect(rows["requests"] >= rows["answers"], "records", rows)
    finally:
        use.done.set()
        use.join()
    expect(use.count > 0, "the server was used meanwhile")
    expect("is there already" in cli.run("backup", str(target), fails=True), "never overwrites")
    cli.run("backup", str(target), "--force")
    print(f"5 backups while {use.count} answers and files came and went")
    return target, client.key, kept


def open_with_others_as_nobody(path):
    copy = path.parent.parent / "opened.parvis"
    shutil.copy(path, copy)
    os.chmod(copy, 0o600)
    return open_with_others(copy)


def summary(folder):
    """What a folder is, for comparing: its database's content, its pepper, its files."""
    def read():
        with contextlib.closing(sqlite3.connect(folder / "parvis.db")) as db:
            digest = hashlib.sha256("\n".join(db.iterdump()).encode()).hexdigest()
        files = sorted((str(p.relative_to(folder)), p.read_bytes()) for p in (folder / "files").rglob("*") if p.is_file())
        state = digest + (folder / "parvis.pepper").read_text() + repr(files)
        (folder / "summary.txt").write_text(hashlib.sha256(state.encode()).hexdigest())
    as_nobody(read)
    text = (folder / "summary.txt").read_text()
    (folder / "summary.txt").unlink()
    return text


def folder_beside(cli, name):
    """Another place for a server with the same program and models."""
    new = cli.folder / name
    (new / "data").mkdir(parents=True)
    for owned in (new, new / "data"):
        if os.getuid() == 0:
            shutil.chown(owned, "nobody")
    for shared in ("models", "parvis"):
        (new / shared).symlink_to(cli.folder / shared)
    return new


def restored(cli, backup, key, kept):
    """A server of the restored folder knows key, file and use."""
    new = folder_beside(cli, "new")
    shutil.rmtree(new / "data")  # a restore makes it
    Cli(new).run("restore", str(backup))
    server = Server(cli.folder / "parvis", new, "--log", "none")
    try:
        expect(server.said["key"] is None, "the operator's key is the one that was shown before", server.said)
        client = Client(server, key)
        _, _, data = server.ask("GET", f"/v1/files/{kept}/content", key=key)
        expect(data == b"keep me", "the file", data)
        expect(client.status("POST", "/v1/completions", ASK) == 200, "the key")
        said = Cli(new).run("restore", str(backup), "--force", fails=True)
        expect("stop the server first" in said, "a folder in use", said)
    finally:
        server.stop()
    expect("--force replaces it" in Cli(new).run("restore", str(backup), fails=True), "never overwrites")
    return new


def damaged(cli, backup, rng):
    """Cut anywhere, changed in any bit: refused, and nothing is changed."""
    whole = backup.read_bytes()
    bad = cli.folder / "data" / "bad.parvis"
    cuts = [0, 1, 511, 512, len(whole) - 1, len(whole) - 512, len(whole) - 1024, len(whole) - 2048]
    cuts += [rng.randrange(len(whole)) for _ in range(CUTS)] + [rng.randrange(len(whole) // 512) * 512 for _ in range(CUTS)]
    changed = [whole[:cut] for cut in cuts] + [whole + b"x", whole + bytes(512)]
    for _ in range(FLIPS):
        place = rng.choice([rng.randrange(len(whole)), rng.randrange(2048), len(whole) - 1 - rng.randrange(3000)])
        changed.append(whole[:place] + bytes([whole[place] ^ (1 << rng.randrange(8))]) + whole[place + 1:])
    target = folder_beside(cli, "target")
    for data in changed:
        bad.write_bytes(data)
        os.chmod(bad, 0o644)
        Cli(target).run("restore", str(bad), fails=True)
        left = {p.name for p in (target / "data").iterdir()}
        expect(left <= {"parvis.lock"}, "what a refused backup leaves", len(data), left)
    print(f"{len(changed)} damaged backups refused")
    bad.unlink()


def kills(cli, new, backup, rng):
    """SIGKILL at any moment of a backup and of a restore over another folder."""
    folder = new / "data"
    begun = time.monotonic()
    Cli(new).run("backup", str(folder / "b.parvis"))
    duration = time.monotonic() - begun
    outcomes = {"none": 0, "whole": 0}
    for _ in range(KILLS):
        (folder / "b.parvis").unlink(missing_ok=True)
        kill_after(Cli(new).start("backup", str(folder / "b.parvis")), rng.uniform(0, 1.2 * duration))
        if (folder / "b.parvis").exists():
            open_with_others_as_nobody(folder / "b.parvis")
            outcomes["whole"] += 1
        else:
            outcomes["none"] += 1
    Cli(new).run("backup", str(folder / "b.parvis"), "--force")
    expect(not (folder / "b.parvis.part").exists(), "what kills left is cleared away")
    print(f"backups killed: {outcomes}")
    Cli(new).run("restore", str(backup), "--force")
    wanted = summary(folder)
    Cli(new).run("org", "create", "Only here")
    Cli(new).run("backup", str(folder / "other.parvis"))
    before = summary(folder)
    outcomes = {"old": 0, "new": 0}
    for _ in range(KILLS):
        kill_after(Cli(new).start("restore", str(backup), "--force"), rng.uniform(0, 1.2 * duration))
        Cli(new).run("org", "list")  # any command goes on with what was begun
        state = summary(folder)
        expect(state in (before, wanted), "neither the old folder nor the new one")
        outcomes["old" if state == before else "new"] += 1
        if state == wanted:
            Cli(new).run("restore", str(folder / "other.parvis"), "--force")
            expect(summary(folder) == before, "restored again")
        for replaced in folder.glob("replaced.*"):
            shutil.rmtree(replaced)
    print(f"restores killed: {outcomes}")


def kill_after(process, seconds):
    time.sleep(seconds)
    process.kill()
    process.communicate()


def main():
    rng = seeded()
    with serving(sys.argv[1], "--log", "none") as server:
        cli = Cli(server.folder)
        org = cli.run("org", "create", "Lycée").strip()
        write_records(server.folder, [(org, "", "user_x")], 500, rng)
        backup, key, kept = of_a_running_server(server, cli)
        server.stop()
        shutil.copy(backup, server.folder / "a.parvis")
        backup = server.folder / "a.parvis"
        os.chmod(backup, 0o644)
        new = restored(cli, backup, key, kept)
        damaged(cli, backup, rng)
        kills(cli, new, backup, rng)


if __name__ == "__main__":
    main()
