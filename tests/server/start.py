#!/usr/bin/env python3
"""What somebody sees who starts a server: start.py PARVIS.

The key is shown once, and never made by a start that comes to nothing; what the server says to try works
as it stands; a port in use and a folder in use are said; Ctrl-C ends it cleanly."""
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys

from served import become_nobody, expect, folder_for_nobody

LIMIT_S = 120


def environment(folder):
    return os.environ | {"PARVIS_MODELS": str(folder / "models"), "HOME": str(folder)}


@contextlib.contextmanager
def started(program, folder, *flags):
    """(process, all that it says until it serves)."""
    process = subprocess.Popen([program, "serve", "--data", str(folder / "data"), *flags], text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               preexec_fn=become_nobody,
                               env=environment(folder))
    said = ""
    try:
        while "Ctrl-C stops" not in said:
            line = process.stdout.readline()
            expect(line, "the server did not start", said)
            said += line
        yield process, said
    finally:
        process.kill()
        process.wait()


def refused(program, folder, *flags, code=69):
    """What it says on stderr."""
    done = subprocess.run([program, "serve", "--data", str(folder / "data"), *flags], text=True,
                          capture_output=True, timeout=LIMIT_S, preexec_fn=become_nobody,
                          env=environment(folder), check=False)
    expect(done.returncode == code, "a start that must fail", done)
    expect("pv-" not in done.stdout + done.stderr, "a key that opens nothing", done)
    return done.stderr


def key_of(said):
    found = re.findall(r"shown this once: (\S+)", said)
    return found[0] if found else None


def try_it(said, key):
    """The command that the server says to try, as a shell runs it."""
    command = re.search(r"^  (curl (?:[^\n]*\\\n)*[^\n]*)", said, re.MULTILINE).group(1)
    done = subprocess.run(["bash", "-c", command.replace("curl", "curl -sS --fail-with-body", 1)],
                          env=os.environ | {"KEY": key or ""}, capture_output=True, text=True,
                          timeout=LIMIT_S, check=False)
    expect(done.returncode == 0, "what is said to try does not work", command, done)
    return done.stdout


def main():
    with folder_for_nobody() as folder:
        program = str(folder / "parvis")
        with open(sys.argv[1], "rb") as source, open(program, "wb") as copy:
            copy.write(source.read())
        os.chmod(program, 0o755)

        with contextlib.closing(socket.socket()) as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = str(other.getsockname()[1])
            said = refused(program, folder, "--port", port, "-m", "fable")
            expect(port in said and "in use" in said and "--port" in said, "a port in use", said)
        refused(program, folder, "--port", "0", "-m", "nobody", code=66)
        wrong = folder / "wrong.toml"
        wrong.write_text('[oidc.lab]\nissuer = "https://id.example"\nclient_id = "parvis"\norganisation = "nothing"\n')
        said = refused(program, folder, "--port", "0", "-m", "fable", "--config", str(wrong), code=66)
        expect("oidc.lab" in said, "an organisation that is not there", said)

        with started(program, folder, "--port", "0", "-m", "fable") as (process, said):
            key = key_of(said)
            expect(key is not None, "the starts that failed took the key", said)
            expect(said.count(key) == 1, "the key is shown once", said)
            expect("fable" in said and "bert" in said, "the models are named", said)
            expect('"choices"' in try_it(said, key), "no completion", said)
            again = refused(program, folder, "--port", "0")
            expect("serves from this folder already" in again and str(process.pid) in again,
                   "a second start", again)
            process.send_signal(signal.SIGINT)
            rest, _ = process.communicate(timeout=LIMIT_S)
            # Beside the log, which has a line for each request.
            rest = "".join(line for line in rest.splitlines(True) if not line.startswith("{"))
            expect(process.returncode == 0 and rest == "Stopped.\n", "Ctrl-C", process.returncode, rest)

        with started(program, folder, "--port", "0") as (process, said):
            expect(key_of(said) is None and "shown before" in said, "the key is shown again", said)
            expect('"fable"' in try_it(said, key), "the list of models", said)
        with started(program, folder, "--port", "0", "--no-key", "-m", "fable") as (process, said):
            expect('"choices"' in try_it(said, None), "without a key", said)
    print("starts hold")


if __name__ == "__main__":
    main()
