#!/usr/bin/env python3
"""A PostgreSQL of a test's own: in a temporary folder, reached by a socket in it, as an unprivileged user.

As a program: postgres.py COMMAND... runs the command with the address in PARVIS_TEST_DATABASE; 77 (skipped)
where PostgreSQL's server is not installed.
"""
import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from served import become_nobody

START_LIMIT_S = 60
SKIPPED = 77


def programs():
    """The folder of initdb and postgres, of the latest version; None where there is none."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: int(p.parts[4]))
    if found:
        return found[-1].parent
    one = shutil.which("postgres")
    return pathlib.Path(one).parent if one and shutil.which("initdb") else None


def user():
    return "nobody" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name


class Postgres:
    def __init__(self, folder, *settings):
        self.folder = folder
        self.settings = settings
        self.process = None
        self.url = f"postgresql:///postgres?host={folder}&user={user()}"

    def make(self):
        subprocess.run([programs() / "initdb", "-D", self.folder / "cluster", "-A", "trust", "-E", "UTF8", "--locale=C",
                        "--no-sync"], check=True, stdout=subprocess.DEVNULL, preexec_fn=become_nobody, cwd="/")

    def start(self):
        flags = [word for setting in ("listen_addresses=", *self.settings) for word in ("-c", setting)]
        log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(
            [programs() / "postgres", "-D", self.folder / "cluster", "-k", self.folder, *flags],
            stdout=log, stderr=log, preexec_fn=become_nobody, cwd="/")
        log.close()
        until = time.monotonic() + START_LIMIT_S
        ask = [programs() / "psql", "-qAt", "-c", "SELECT 1", self.url]
        while subprocess.run(ask, capture_output=True).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > until:
                raise SystemExit("postgres did not start:\n" + (self.folder / "log").read_text())
            time.sleep(0.1)

    def sql(self, text):
        """What psql says to it, line by line."""
        return subprocess.run([programs() / "psql", "-qAt", "-v", "ON_ERROR_STOP=1", "-c", text, self.url], check=True,
                              capture_output=True, text=True).stdout.splitlines()

    def stop(self, how=signal.SIGINT):
        """SIGINT: at once and in order. SIGQUIT: as after a loss of power."""
        self.process.send_signal(how)
        self.process.wait(START_LIMIT_S)


@contextlib.contextmanager
def running(*settings):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="parvis-postgres-", dir="/tmp"))
    try:
        if os.getuid() == 0:
            shutil.chown(folder, "nobody")
        postgres = Postgres(folder, *settings)
        postgres.make()
        postgres.start()
        try:
            yield postgres
        finally:
            if postgres.process.poll() is None:
                postgres.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def skip_without():
    if programs() is None:
        print("skipped: there is no PostgreSQL server here (Debian: postgresql)")
        sys.exit(SKIPPED)


def main():
    skip_without()
    with running("fsync=off", "max_connections=200") as postgres:
        result = subprocess.run(sys.argv[1:], env=os.environ | {"PARVIS_TEST_DATABASE": postgres.url})
        if result.returncode != 0:
            print((postgres.folder / "log").read_text()[-4000:])
        sys.exit(result.returncode)


if __name__ == "__main__":
    main()
