#!/usr/bin/env python3
"""Ctrl-C for commands that nobody talks to: interrupt.py PARVIS MODEL RECIPE

run, generate and train at work, run before it is at work, and a second Ctrl-C that finds the first
not obeyed. The signal is sent when the program is known to be in the state that is tried: it has
said so, or is held by a full pipe. No time decides but the limit after which it has failed."""
import array
import fcntl
import json
import os
import pathlib
import select
import signal
import subprocess
import sys
import termios
import time

TIMEOUT_S = 240  # only a failure takes so long
PIPE_BYTES = 4096
INTERRUPTED = 130


def start(*command, **options):
    """With a small pipe for stdout, which holds a program that has much to say."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0,
        # A background job's child ignores Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL), **options)
    fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    return process


def wait_until(holds, process, what):
    end = time.monotonic() + TIMEOUT_S
    while not holds():
        if process.poll() is not None or time.monotonic() > end:
            process.kill()
            sys.exit(f"{what}: exit {process.returncode}, {process.communicate()}")
        time.sleep(0.01)


def expect(condition, what, *facts):
    if not condition:
        sys.exit(f"{what}: {facts}")


def held(process):
    """The program waits because the pipe is full. It has one thread, which never waits otherwise."""
    waiting = array.array("i", [0])
    fcntl.ioctl(process.stdout, termios.FIONREAD, waiting)
    state = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(") ")[2][0]
    return waiting[0] > PIPE_BYTES - 64 and state == "S"


def catches(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    caught = int(status.split("SigCgt:")[1].split()[0], 16)
    return caught >> (signal.SIGINT - 1) & 1


def run_keeps_what_was_said(parvis, model):
    process = start(parvis, "run", model, "One day", "-n", "0", "--ignore-end", "-t", "1")
    expect(select.select([process.stdout], [], [], TIMEOUT_S)[0], "run: says nothing")
    process.send_signal(signal.SIGINT)
    said, told = process.communicate(timeout=TIMEOUT_S)
    expect(process.returncode == INTERRUPTED, "run: exit", process.returncode, told)
    expect(said.endswith(b"\n") and len(said) > 1, "run: said", said)
    expect(not told, "run: there is nothing to explain", told)


def a_second_one_ends_it(parvis, model):
    process = start(parvis, "run", model, "One day", "-n", "0", "--ignore-end", "-t", "1")
    wait_until(lambda: held(process), process, "run, held")
    for _ in range(int(TIMEOUT_S / 0.1)):  # two that come close together count as one
        process.send_signal(signal.SIGINT)
        try:
            process.wait(0.1)
            break
        except subprocess.TimeoutExpired:
            pass
    expect(process.poll() == -signal.SIGINT, "run, twice: exit", process.returncode)
    process.communicate()


def nothing_is_kept_before_the_work(parvis, model):
    """Waiting for a prompt on stdin, or not even there: Ctrl-C ends the process, as anywhere."""
    process = start(parvis, "run", model, stdin=subprocess.PIPE)
    process.send_signal(signal.SIGINT)
    process.wait(TIMEOUT_S)
    expect(process.returncode == -signal.SIGINT, "run, reading: exit", process.returncode)
    process.communicate()


def generate_tells_what_it_has(parvis, model):
    prompts = pathlib.Path("prompts.txt")
    prompts.write_text("One day\n" * 5)
    process = start(parvis, "generate", model, str(prompts), "-n", "0", "--ignore-end", "-b", "1")
    wait_until(lambda: catches(process), process, "generate")
    process.send_signal(signal.SIGINT)
    said, told = process.communicate(timeout=TIMEOUT_S)
    expect(process.returncode == INTERRUPTED, "generate: exit", process.returncode, told)
    # -b 1 keeps two requests at most in the engine's queue; the others' turn never came.
    items = [json.loads(line) for line in said.splitlines()]
    expect(len(items) <= 2, "generate: items that never began", items)
    expect(all(item["finish_reason"] == "cancelled" for item in items), "generate", items)


def train_leaves_a_checkpoint(parvis, recipe):
    endless = pathlib.Path("endless.toml")
    endless.write_text(pathlib.Path(recipe).read_text().replace("steps = 12", "steps = 1000000"))
    process = start(parvis, "train", str(endless), "-o", "endless", "-t", "1")
    log = pathlib.Path("endless/log.jsonl")
    wait_until(lambda: log.exists() and log.stat().st_size > 0, process, "train")
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=TIMEOUT_S)
    expect(process.returncode == INTERRUPTED, "train: exit", process.returncode, told)
    expect(b"stopped at step" in told and b"--resume" in told, "train: said", told)
    status = json.loads(pathlib.Path("endless/run.json").read_text())["status"]
    expect(status == "interrupted", "train: status", status)
    expect(any(os.scandir("endless/checkpoints")), "train: no checkpoint")


def main():
    parvis, model, recipe = sys.argv[1:]
    run_keeps_what_was_said(parvis, model)
    a_second_one_ends_it(parvis, model)
    nothing_is_kept_before_the_work(parvis, model)
    generate_tells_what_it_has(parvis, model)
    train_leaves_a_checkpoint(parvis, recipe)
    print("interrupts: all is well")


if __name__ == "__main__":
    main()
