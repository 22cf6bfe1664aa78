#!/usr/bin/env python3
"""Talks to `parvis run MODEL` over a terminal, as a person does: converse.py [--chat] PARVIS MODEL

An entry, an entry of several lines, the history by the arrow key, Ctrl-C in every state, Ctrl-D to
leave. Each Ctrl-C is pressed once and must be obeyed. Exit 0 if all of it works, or if this machine
hands out no pseudo-terminals (said so). No time decides but the limit after which it has failed."""
import os
import pty
import re
import select
import signal
import sys
import termios
import time

TIMEOUT_S = 240  # of one answer; only a failure takes so long
CTRL_C, CTRL_D, UP = "\x03", "\x04", "\x1b[A"
CONTEXT_LENGTH = 65536  # of the model in tests/cli/tiny.toml: a text that nothing stops


class Terminal:
    def __init__(self, command):
        self.seen = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "xterm"
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # a background job's child ignores it
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
        """What was seen until the pattern came."""
        end = time.monotonic() + TIMEOUT_S
        while not re.search(pattern, self.seen, re.DOTALL):
            if time.monotonic() > end or (not self.read(1) and self.exited()):
                sys.exit(f"{what}: no {pattern!r} in {self.seen!r}")
        seen, self.seen = self.seen, ""
        return seen

    def prompted(self, pattern, what):
        """What was seen until the pattern, which ends with a prompt: keys are the program's by then."""
        seen = self.wait_for(pattern, what)
        # From its first character, or else what is typed at once meets the kernel's own line
        # editing, whose Ctrl-C drops it before the program has seen it.
        if termios.tcgetattr(self.fd)[3] & termios.ICANON:
            sys.exit(f"{what}: the prompt is there, and the terminal still edits lines itself")
        return seen

    def exited(self):
        return os.waitpid(self.pid, os.WNOHANG)[0] != 0

    def send(self, text):
        os.write(self.fd, text.encode())

    def leave(self, text):
        self.send(text)
        while self.read(TIMEOUT_S):  # a full terminal would hold the program
            pass
        _, status = os.waitpid(self.pid, 0)
        if os.waitstatus_to_exitcode(status) != 0:
            sys.exit(f"leaving with {text!r}: status {status}")


def stopped(seen, what):
    """No text in what was seen went on to the end of the context."""
    for count in re.findall(r"\[(\d+) tokens", seen):
        if int(count) > CONTEXT_LENGTH - 100:
            sys.exit(f"{what}: {count} tokens, the text was not stopped")


def talk(command):
    terminal = Terminal([*command, "-n", "4", "--seed", "1"])
    terminal.prompted(r"base model.*>>> ", "greeting")
    terminal.send("Un été\n")
    terminal.prompted(r"\[4 tokens.*>>> ", "an entry")
    terminal.send('"""One day\nthe cat"""\n')
    terminal.prompted(r"\.\.\. .*\[4 tokens.*>>> ", "an entry of several lines")
    terminal.send(UP + UP)  # the second entry's first line, then the first entry
    terminal.wait_for(r"Un été", "history")
    terminal.send("\n")
    terminal.prompted(r"\[4 tokens.*>>> ", "an entry from the history")

    # Ctrl-C drops what is typed: a line, an entry of several, nothing.
    terminal.send("half a line")
    terminal.wait_for("half a line", "typing")
    terminal.send(CTRL_C)
    terminal.prompted(r"\^C\r\n>>> ", "Ctrl-C while typing")
    terminal.send('"""One\ntwo')
    terminal.wait_for(r"\.\.\. .*two", "typing several lines")
    terminal.send(CTRL_C)
    terminal.prompted(r"\^C\r\n>>> ", "Ctrl-C in several lines")
    os.kill(terminal.pid, signal.SIGINT)
    terminal.prompted(r"\^C\r\n.*leaves.*>>> ", "Ctrl-C at an empty line")
    terminal.send("Un été\n")
    terminal.prompted(r"\[4 tokens.*>>> ", "an entry after Ctrl-C")
    terminal.leave(CTRL_D)


def chat(command):
    """A model with a template, whose context holds two short turns: it remembers, until it is full."""
    terminal = Terminal([*command, "-n", "4", "--seed", "1", "--ignore-end", "--context-length", "96"])
    terminal.prompted(r"remembers.*>>> ", "greeting of a chat")
    terminal.send("Un été\n")
    terminal.prompted(r"\[4 tokens.*>>> ", "a turn")
    for _ in range(40):
        terminal.send("One day\n")
        if "/clear begins anew" in terminal.prompted(r"(\[\d+ tokens|nothing was sent).*>>> ", "a turn"):
            break
    else:
        sys.exit("chat: the context was never full, so nothing was remembered")
    terminal.send("/clear\n")
    terminal.prompted(r"forgotten.*>>> ", "/clear")
    terminal.send("Un été\n")
    if "anew" in terminal.prompted(r"\[4 tokens.*>>> ", "a turn after /clear"):
        sys.exit("chat: /clear has not forgotten")
    terminal.leave(CTRL_D)


def interrupt_texts(command):
    """Ctrl-C in the middle of a text stops the text, not the program."""
    terminal = Terminal([*command, "-n", "0", "--ignore-end", "--stop", "never said", "-t", "1"])
    terminal.prompted(r">>> ", "second greeting")
    for interrupt in (lambda: terminal.send(CTRL_C),
                      lambda: os.kill(terminal.pid, signal.SIGINT)):
        terminal.send("One day\n")
        terminal.wait_for(r".{200}", "a long text")  # more than the echo of what was typed
        interrupt()
        stopped(terminal.prompted(r"\[\d+ tokens.*>>> ", "Ctrl-C while a text comes"),
                "Ctrl-C while a text comes")

    # Ctrl-C soon after Enter: the line editor may be reading, the text may have begun, or neither.
    # In each case there is no text afterwards, and the prompt is back. What is typed next is sent
    # only then: the kernel keeps no order between the signal and keys that come within
    # microseconds of it.
    for round_ in range(40):
        what = f"Ctrl-C soon after Enter, {round_}"
        terminal.send("One day\n")
        time.sleep(0.0002 * round_)  # only moves the press through the states
        terminal.send(CTRL_C)
        stopped(terminal.prompted(r">>> ", what), what)
        terminal.send("/help\n")
        terminal.prompted(r"shows this.*>>> ", what)
    terminal.leave("/bye\n")


def main():
    try:
        for descriptor in pty.openpty():
            os.close(descriptor)
    except OSError as error:
        print(f"conversation: not tried, no pseudo-terminals here ({error})")
        return
    command = [sys.argv[-2], "run", sys.argv[-1]]
    if "--chat" in sys.argv[1:-2]:
        chat(command)
    else:
        talk(command)
        interrupt_texts(command)
    print("conversation: all is well")


if __name__ == "__main__":
    main()
