#!/usr/bin/env python3
"""Models from a hub: pull.py PARVIS.

The hub is a stand-in that cuts connections, tells wrong lengths and digests, asks to wait, sends on to
another host, and wants a token. A model is there whole and verified, or not at all; a token goes to the
hub only; no file that could run code is fetched."""
import hashlib
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading

from served import SOURCE, expect

FABLE = SOURCE / "models/parvis-fable.gguf"
BERT = SOURCE / "tests/golden/encoders/bert_pooled"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
NEXT = "89abcdef0123456789abcdef0123456789abcdef"
TOKEN = "hf_" + "t" * 30


def git_blob(data):
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class Host(http.server.ThreadingHTTPServer):
    def __init__(self):
        self.seen = []
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class Hub(Host):
    """Large files lie on a second host, as a hub's do. `faults`: {file: [what happens, …]}, in order."""

    def __init__(self):
        self.repositories, self.faults, self.private, self.api_faults = {}, {}, False, []
        self.cdn = Host()
        self.cdn.hub = self
        super().__init__()

    def add(self, name, folder, commit=COMMIT, **more):
        files = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
        self.repositories[name] = (commit, files | more)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def say(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.server.seen.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
        if isinstance(self.server, Hub):
            self.hub(self.server)
        else:
            repository, file = self.path[1:].split("/resolve/", 1)
            self.file(self.server.hub, repository, file.split("/", 1)[1].split("?")[0])

    def hub(self, hub):
        if hub.private and self.headers.get("authorization") != f"Bearer {TOKEN}":
            return self.say(401)
        if self.path.startswith("/api/models/"):
            if hub.api_faults:
                status, headers = hub.api_faults.pop(0)
                return self.say(status, **headers)
            name, rest = self.path[len("/api/models/"):].split("/revision/")
            revision = rest.split("?")[0]
            if name not in hub.repositories or revision not in ("main", hub.repositories[name][0]):
                return self.say(404, b'{"error":"Repository not found"}')
            commit, files = hub.repositories[name]
            siblings = []
            for path, data in files.items():
                entry = {"rfilename": path, "size": len(data), "blobId": git_blob(data)}
                if len(data) > 10_000:
                    entry["lfs"] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
                siblings.append(entry)
            return self.say(200, json.dumps({"id": name, "sha": commit, "siblings": siblings}).encode())
        repository, rest = self.path[1:].split("/resolve/", 1)
        _, path = rest.split("/", 1)
        if len(hub.repositories[repository][1][path]) > 10_000:
            return self.say(302, Location=f"{hub.cdn.url}{self.path}?signature=x")
        return self.file(hub, repository, path)

    def file(self, hub, repository, path):
        data = hub.repositories[repository][1][path]
        faults = hub.faults.get(path, [])
        fault = faults.pop(0) if faults else None
        if isinstance(fault, tuple):
            return self.say(fault[0], **fault[1])
        if fault == "other":
            data = bytes(reversed(data))
        begin, etag = 0, '"' + hashlib.sha256(data).hexdigest() + '"'
        wanted = self.headers.get("range")
        if wanted and self.headers.get("if-range", etag) == etag and fault != "whole":
            begin = int(wanted[len("bytes="):-1])
        self.send_response(206 if begin else 200)
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(data) - 1}/{len(data)}")
        self.send_header("ETag", etag)
        short = fault == "short"  # ends early, and says that it is so long
        long = data[begin:] + (b"more" if fault == "long" else b"")
        body = long[:len(long) // 2] if short or fault == "cut" else long
        self.send_header("Content-Length", str(len(body) if short else len(long)))
        self.end_headers()
        self.wfile.write(body)
        if fault == "cut":
            self.close_connection = True

    def log_message(self, *_):
        pass


class Machine:
    """A user's folder, and what he types."""

    def __init__(self, program, folder, hub):
        self.program, self.home = program, folder
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "PARVIS_"))} | {
            "HOME": str(folder), "HF_ENDPOINT": hub.url, "PARVIS_HOME": str(folder / "parvis")}
        self.cache = folder / ".cache/huggingface/hub"

    def run(self, *words, code=0, **environment):
        done = subprocess.run([self.program, *map(str, words)], capture_output=True, text=True, check=False,
                              env=self.environment | environment, cwd=self.home, timeout=300)
        expect(done.returncode == code, "the exit", words, done.returncode, done.stdout, done.stderr)
        expect(TOKEN not in done.stdout + done.stderr, "the token is told", done)
        return json.loads(done.stdout) if "--json" in words and code == 0 else done.stdout + done.stderr

    def names(self):
        return {m["name"] for m in self.run("list", "--json")["models"] if "error" not in m}


def check_pull(machine, hub):
    said = machine.run("pull", "hf:org/bert", "--json")
    snapshot = machine.cache / "models--org--bert/snapshots" / COMMIT
    expect(said["name"] == "org/bert" and said["path"] == str(snapshot), "where it is", said)
    there = {str(p.relative_to(snapshot)) for p in snapshot.rglob("*") if p.is_file()}
    wanted = {str(p.relative_to(BERT)) for p in BERT.rglob("*") if p.is_file()}
    expect(there <= wanted | {"README.md"} and "model.safetensors" in there, "its files", there)
    expect(not list(snapshot.rglob("*.bin")) and not list(snapshot.rglob("*.py")), "what could run")
    expect(not any(p.endswith((".bin", ".py", ".json5")) for p, _ in hub.seen + hub.cdn.seen), "fetched", hub.seen)
    expect((machine.cache / "models--org--bert/refs/main").read_text() == COMMIT, "the reference")
    for path in there:
        link = snapshot / path
        expect(link.is_symlink() and (snapshot / path).read_bytes() == hub.repositories["org/bert"][1][path]
               and not os.path.isabs(os.readlink(link)), "a link to its blob", path)
    expect("org/bert" in machine.names(), "the list", machine.names())
    for name in ("hf:org/bert", f"hf:org/bert@{COMMIT}", "org/bert", "bert"):
        expect("bert" in machine.run("show", name).lower(), "found by name", name)
    count = len(hub.cdn.seen)
    machine.run("pull", "hf:org/bert")
    expect(len(hub.cdn.seen) == count, "what is there is fetched again")
    # A later commit shares what is the same; both can be asked for.
    hub.add("org/bert", BERT, NEXT, **{"README.md": b"new"})
    machine.run("pull", "hf:org/bert")
    expect(len(hub.cdn.seen) == count and (machine.cache / "models--org--bert/refs/main").read_text() == NEXT,
           "a new commit")
    machine.run("show", f"hf:org/bert@{COMMIT}")
    machine.run("show", f"hf:org/bert@{NEXT}")


def check_official(machine):
    """What we fetched is found by Hugging Face's own library, where it is installed."""
    python = os.environ.get("PARVIS_HF_PYTHON")
    if not python:
        return
    code = ("from huggingface_hub import snapshot_download\n"
            "print(snapshot_download('org/bert', local_files_only=True))")
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True,
                          env=machine.environment)
    expect(done.stdout.strip().endswith(NEXT), "their library", done)


def check_faults(machine, hub):
    weights = "model.safetensors"
    blobs = machine.cache / "models--org--bert/blobs"

    def anew():
        shutil.rmtree(machine.cache, ignore_errors=True)
        hub.cdn.seen.clear()

    anew()
    hub.faults[weights] = ["cut", "cut", (503, {}), (429, {"Retry_After": "1"})]
    machine.run("pull", "hf:org/bert")
    ranges = [h.get("range") for _, h in hub.cdn.seen]
    expect(ranges[0] is None and ranges[1] and ranges[2] and ranges[1] != ranges[2], "it goes on", ranges)
    expect("org/bert" in machine.names(), "after cuts")
    anew()
    hub.faults[weights] = ["short"] + ["whole"]
    machine.run("pull", "hf:org/bert")
    # Digest, length: thrown away, never a model, and the next try begins anew.
    for fault, word in (("other", "SHA-256"), ("long", "longer")):
        anew()
        hub.faults[weights] = [fault]
        said = machine.run("pull", "hf:org/bert", code=65)
        expect(word in said, "what is wrong", said)
        expect("org/bert" not in machine.names() and not list(blobs.glob("*.incomplete")), "half a model")
        machine.run("pull", "hf:org/bert")
        expect("org/bert" in machine.names(), "the next try")
    # Cut for good: kept, not found; the next call goes on where it was.
    anew()
    hub.faults[weights] = ["cut"] + [(500, {})] * 5
    machine.run("pull", "hf:org/bert", code=69)
    half = list(blobs.glob("*.incomplete"))
    expect(len(half) == 1 and half[0].stat().st_size > 0 and "org/bert" not in machine.names(), "half", half)
    machine.run("show", "hf:org/bert", code=66)
    hub.cdn.seen.clear()
    machine.run("pull", "hf:org/bert")
    expect(hub.cdn.seen[0][1].get("range") and "org/bert" in machine.names(), "it goes on later", hub.cdn.seen)
    # The file has changed meanwhile at its old place: not glued together.
    anew()
    hub.faults[weights] = ["cut", "other"] + [(500, {})] * 4
    machine.run("pull", "hf:org/bert", code=65)
    expect("org/bert" not in machine.names(), "two halves of two files")
    # Small files are held to git's name.
    anew()
    hub.faults["config.json"] = ["other"]
    expect("git's name" in machine.run("pull", "hf:org/bert", code=65), "a small file")
    hub.api_faults = [(429, {"Retry_After": "3600"})]
    expect("3600" in machine.run("pull", "hf:org/bert", code=69), "who asks for an hour is not waited for")
    hub.api_faults = [(503, {})]
    machine.run("pull", "hf:org/bert")
    for name, code in (("hf:org/nobody", 66), ("hf:org/../x", 2), ("hf:org/bert@v9", 66), ("hf:", 2)):
        machine.run("pull", name, code=code)
    anew()


def check_token(machine, hub):
    hub.private = True
    said = machine.run("pull", "hf:org/bert", code=77)
    expect("HF_TOKEN" in said, "what to do", said)
    machine.run("pull", "hf:org/bert", code=77, HF_TOKEN="hf_wrong")
    machine.run("pull", "hf:org/bert", code=2, HF_TOKEN="a b\r\nX: y")
    hub.cdn.seen.clear()
    machine.run("pull", "hf:org/bert", HF_TOKEN=TOKEN)
    expect(hub.cdn.seen and not any("authorization" in h for _, h in hub.cdn.seen), "the token goes elsewhere",
           hub.cdn.seen)
    machine.run("rm", "org/bert", code=2)
    machine.run("rm", "org/bert", "--yes")
    expect("org/bert" not in machine.names() and not (machine.cache / "models--org--bert").exists(), "rm")
    (machine.home / ".cache/huggingface/token").write_text(TOKEN + "\n")
    machine.run("pull", "hf:org/bert")
    hub.private = False
    other = machine.home / "other"
    machine.run("pull", "hf:org/bert", HF_HUB_CACHE=str(other))
    expect((other / "models--org--bert").is_dir(), "HF_HUB_CACHE")
    machine.run("pull", "hf:org/bert", HF_HOME=str(machine.home / "hf"))
    expect((machine.home / "hf/hub/models--org--bert").is_dir(), "HF_HOME")
    machine.run("pull", "hf:org/bert", code=69, HF_HUB_OFFLINE="1")


def check_choice(machine, hub):
    said = machine.run("pull", "hf:org/pickled", code=66)
    expect("pickle" in said, "pickles", said)
    for bad in ("../x.safetensors", "/etc/x", "a\\b", "x/../../y"):
        hub.repositories["org/evil"] = (COMMIT, {bad: b"x", "config.json": b"{}"})
        machine.run("pull", "hf:org/evil", code=65)
    said = machine.run("pull", "hf:org/many", code=2)
    expect("tale-f16.gguf" in said and "tale-q8_0.gguf" in said, "the choice", said)
    path = machine.run("pull", "hf:org/many", "--file", "Q8_0", "--json")["path"]
    expect(path.endswith("tale-q8_0.gguf") and machine.run("show", "hf:org/many"), "one of several", path)


def check_url_and_folder(machine, hub):
    url = f"{hub.cdn.url}/org/many/resolve/main/tale-f16.gguf"
    digest = hashlib.sha256(FABLE.read_bytes()).hexdigest()
    hub.faults["tale-f16.gguf"] = ["cut"]
    machine.run("pull", url, "--sha256", "0" * 64, "--name", "wrong", code=65)
    machine.run("pull", url, "--sha256", digest, "--name", "tale")
    expect("tale" in machine.names() and "wrong" not in machine.names(), "by address", machine.names())
    machine.run("pull", url, "--name", "tale", code=2)
    machine.run("pull", url.replace("http://", "http://me:secret@"), "--name", "x", code=2)
    hub.repositories["org/bad"] = (COMMIT, {"bad.gguf": b"GGUF" + b"\0" * 100})
    machine.run("pull", f"{hub.cdn.url}/org/bad/resolve/main/bad.gguf", code=65)
    folder = machine.home / "mine"
    shutil.copytree(BERT, folder)
    (folder / "pytorch_model.bin").write_bytes(b"x")
    machine.run("pull", folder)
    own = machine.home / "parvis/models"
    expect("mine" in machine.names() and not (own / "mine/pytorch_model.bin").exists(), "a folder")
    machine.run("cp", "tale", "other-tale")
    machine.run("cp", "tale", "../escape", code=2)
    machine.run("cp", "tale", "mine", code=2)
    machine.run("rm", "tale", "--yes")
    expect({"other-tale", "mine"} <= machine.names() and "tale" not in machine.names(), "cp and rm",
           machine.names())
    machine.run("rm", "parvis-fable", "--yes", code=66)
    expect(sorted(p.name for p in own.iterdir()) == [".pulls", "mine", "other-tale.gguf"], "what is left",
           list(own.iterdir()))


def main():
    hub = Hub()
    extra = {"pytorch_model.bin": b"\x80" * 20_000, "modeling.py": b"import os", "onnx/model.onnx": b"x"}
    hub.add("org/bert", BERT, **extra)
    hub.repositories["org/pickled"] = (COMMIT, {"config.json": b"{}", **extra})
    fable = FABLE.read_bytes()
    hub.repositories["org/many"] = (COMMIT, {"tale-f16.gguf": fable, "tale-q8_0.gguf": fable})
    with tempfile.TemporaryDirectory(prefix="parvis-pull-") as folder:
        folder = pathlib.Path(folder)
        program = shutil.copy(sys.argv[1], folder / "program")
        home = folder / "home"
        home.mkdir()
        machine = Machine(program, home, hub)
        check_pull(machine, hub)
        check_official(machine)
        check_faults(machine, hub)
        check_token(machine, hub)
        check_choice(machine, hub)
        check_url_and_folder(machine, hub)
    print("pulls hold")


if __name__ == "__main__":
    main()
