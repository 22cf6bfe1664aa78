"""A Parvis that serves, for tests: started as an unprivileged user on a free port, stopped at the end."""
import contextlib
import http.client
import json
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
# The shipped model with a template, so that something converses ("chat" below).
CHAT_TEMPLATE = """{% if tools %}Tools: {{ tools | tojson }}
{% endif %}{% for m in messages %}{{ m.role }}: {{ m.content }}{% if m.tool_calls %}{{ m.tool_calls | tojson }}{% endif %}

{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}"""
# An answer that has to be so ends only with its limit or the context, whatever the model would say.
LASTING = {"type": "array", "items": {"type": "integer"}, "minItems": 400}
START_LIMIT_S = 60
STOP_LIMIT_S = 60

# What tests serve: the shipped model, and small ones with random weights from tests/golden.
MODELS = {
    "fable": "models/parvis-fable.gguf",
    "bert": "tests/golden/encoders/bert_pooled",
    "masks": "tests/golden/encoders/bert_masked_lm",
    "labels": "tests/golden/encoders/bert_sequence",
    "names": "tests/golden/encoders/bert_tokens",
    "spans": "tests/golden/encoders/bert_span",
    "t5": "tests/golden/models/t5_text",
    "infill": "tests/golden/infill/model.gguf",
    "no-tokenizer": "tests/golden/models/llama_tiny",
}


def become_nobody():
    """For subprocess: what a server needs no right for, it must not have."""
    if os.getuid() == 0:
        user = pwd.getpwnam("nobody")
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)


class Server:
    def __init__(self, program, folder, *flags, environment=None, port=0):
        self.folder = folder
        self.process = subprocess.Popen(
            [program, "serve", "--port", str(port), "--json", "--data", str(folder / "data"),
             *(flag.replace("{data}", str(folder / "data")) for flag in flags)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=become_nobody,
            env=os.environ | {"PARVIS_MODELS": str(folder / "models"), "HOME": str(folder)}
            | {k: v.replace("{data}", str(folder / "data")) for k, v in (environment or {}).items()})
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("the server did not start: " + self.process.stderr.read())
        self.said = json.loads(line)
        self.key = self.said["key"]
        self.port = int(self.said["address"].rsplit(":", 1)[1])
        self.base_url = self.said["address"]

    def connection(self, timeout=120):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def ask(self, method, path, body=None, headers=None, key="own"):
        """(status, headers in lower case, bytes)."""
        headers = dict(headers or {})
        if key == "own":
            key = self.key
        if key is not None and not any(h.lower() in ("authorization", "x-api-key") for h in headers):
            headers["Authorization"] = f"Bearer {key}"
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        with contextlib.closing(self.connection()) as connection:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            data = answer.read()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, data

    def stop(self):
        """What it said on stderr."""
        self.process.send_signal(signal.SIGTERM)
        try:
            _, said = self.process.communicate(timeout=STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise SystemExit("the server did not stop")
        if self.process.returncode not in (0, 130):
            raise SystemExit(f"the server ended with {self.process.returncode}: {said}")
        return said


@contextlib.contextmanager
def folder_for_nobody():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="parvis-serve-", dir="/tmp"))
    try:
        os.chmod(folder, 0o755)
        (folder / "data").mkdir(mode=0o700)
        (folder / "models").mkdir(mode=0o755)
        for name, path in MODELS.items():
            source, target = SOURCE / path, folder / "models" / (name + pathlib.Path(path).suffix)
            if source.is_dir():
                shutil.copytree(source, target)
            else:
                shutil.copy(source, target)
        if os.getuid() == 0:
            shutil.chown(folder / "data", "nobody")
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def serving(program, *flags, environment=None, files=None, prepare=None):
    """A server on a folder of its own. `program` is copied: it may lie in a folder of root's.
    `files`: {name: text} in its data folder; "{data}" stands for that folder in flags and environment.
    `prepare(folder)` runs before the server; what it returns is the server's `prepared`."""
    with folder_for_nobody() as folder:
        copy = shutil.copy(program, folder / "parvis")
        chat = folder / "models" / "chat"
        subprocess.run([program, "convert", SOURCE / MODELS["fable"], chat, "--quiet"], check=True,
                       stdout=subprocess.DEVNULL)
        (chat / "chat_template.jinja").write_text(CHAT_TEMPLATE)
        for name, text in (files or {}).items():
            (folder / "data" / name).write_text(text)
        prepared = prepare(folder) if prepare else None
        server = Server(copy, folder, *flags, environment=environment)
        server.prepared = prepared
        try:
            yield server
        finally:
            if server.process.poll() is None:
                server.said_at_end = server.stop()


def cli(server, *words, stdin="", fails=False):
    """`parvis` on the server's folder, as the user that the server runs as."""
    done = subprocess.run(
        [server.folder / "parvis", *words, "--data", server.folder / "data"], input=stdin,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=become_nobody,
        env=os.environ | {"HOME": str(server.folder)}, check=False)
    expect((done.returncode != 0) == fails, "a command's end", words, done)
    return done


def events(data):
    """The JSON of each event, or line, of a stream; "[DONE]" as text."""
    if data.startswith(b"{"):
        return [json.loads(line) for line in data.decode().splitlines()]
    found = []
    for block in data.decode().split("\n\n"):
        for line in block.splitlines():
            if line.startswith("data: "):
                text = line[len("data: "):]
                found.append(text if text == "[DONE]" else json.loads(text))
    return found


def wait_for(condition, what, limit_s=30, *facts):
    begun = time.monotonic()
    while not condition():
        expect(time.monotonic() - begun < limit_s, what, *facts)
        time.sleep(0.02)


def expect(condition, what, *facts):
    if not condition:
        raise SystemExit(f"{what}: {facts}")
