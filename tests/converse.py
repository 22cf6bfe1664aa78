#!/usr/bin/env python3
"""Talks to `parvis run MODEL` over a terminal, as a person does: converse.py PARVIS MODEL

An entry, an entry of several lines, the history by the arrow key, Ctrl-C while a text comes, Ctrl-D
to leave. Exit 0 if all of it works, or if this machine hands out no pseudo-terminals (said so)."""
import os
import pty
import re
import select
import signal
import sys
import time

TIMEOUT_S = 60


class Terminal:
    def __init__(self, command):
        self.seen = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "xterm"
            os.execv(command[0], command)

    def read(self, seconds):
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # the program has left
            return False
        self.seen += data.decode(errors="replace")
        return bool(data)

    def wait_for(self, pattern, what):
        end = time.monotonic() + TIMEOUT_S
        while not re.search(pattern, self.seen, re.DOTALL):
            if time.monotonic() > end or (not self.read(1) and self.exited()):
                sys.exit(f"{what}: no {pattern!r} in {self.seen!r}")
        self.seen = ""

    def interrupt(self, pattern, what):
        """Ctrl-C, again each second: one that falls between two reads of the line editor is lost."""
        for _ in range(TIMEOUT_S):
            os.kill(self.pid, signal.SIGINT)
            end = time.monotonic() + 1
            while time.monotonic() < end:
                self.read(0.1)
                if re.search(pattern, self.seen, re.DOTALL):
                    self.seen = ""
                    return
        sys.exit(f"{what}: no {pattern!r} in {self.seen!r}")

    def exited(self):
        return os.waitpid(self.pid, os.WNOHANG)[0] != 0

    def send(self, text):
        os.write(self.fd, text.encode())


def main():
    try:
        for descriptor in pty.openpty():
            os.close(descriptor)
    except OSError as error:
        print(f"conversation: not tried, no pseudo-terminals here ({error})")
        return
    terminal = Terminal([sys.argv[1], "run", sys.argv[2], "-n", "4", "--seed", "1"])
    terminal.wait_for(r"base model.*>>> ", "greeting")
    terminal.send("Un été\n")
    terminal.wait_for(r"\[4 tokens.*>>> ", "an entry")
    terminal.send('"""One day\nthe cat"""\n')
    terminal.wait_for(r"\.\.\. .*\[4 tokens.*>>> ", "an entry of several lines")
    terminal.send("\x1b[A\x1b[A")  # up, twice: the second entry's first line, then the first entry
    terminal.wait_for(r"Un été", "history")
    terminal.send("\n")
    terminal.wait_for(r"\[4 tokens.*>>> ", "an entry from the history")
    terminal.send("half a line")
    terminal.wait_for("half a line", "typing")
    terminal.interrupt(r">>> ", "Ctrl-C while typing")
    terminal.send("\x04")
    _, status = os.waitpid(terminal.pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"leaving: status {status}")

    # Ctrl-C in the middle of a text stops the text, not the program.
    terminal = Terminal([sys.argv[1], "run", sys.argv[2], "-n", "0", "--ignore-end", "--stop",
                         "never said"])
    terminal.wait_for(r">>> ", "second greeting")
    terminal.send("One day\n")
    terminal.wait_for(r"One day\r\n.+", "a long text")
    os.kill(terminal.pid, signal.SIGINT)
    # Five digits would be the whole context length: not stopped.
    terminal.wait_for(r"\[\d{1,4} tokens.*>>> ", "Ctrl-C while a text comes")
    terminal.send("/bye\n")
    _, status = os.waitpid(terminal.pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"/bye: status {status}")
    print("conversation: all is well")


if __name__ == "__main__":
    main()
