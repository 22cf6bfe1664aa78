#!/usr/bin/env python3
"""How long the shipped models' commands take, from the command to the first text and to the end.

    first_answer.py --parvis build/release/bin/parvis --out bench/results/first_answer.json

Each command is what a new user types: nothing but a text. Files are in the system's cache, as they
are from the second command on.
"""
import argparse
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from measure import raise_priority, say, summary, write_results  # noqa: E402

REPORT = ("The heart pumps blood through the body. It has four chambers. Blood carries oxygen from the "
          "lungs to the tissues, and carbon dioxide back. Without oxygen, cells die within minutes.")
RAPPORT = ("Le cœur pompe le sang dans le corps. Il a quatre cavités. Le sang porte l'oxygène des poumons aux "
           "tissus, et ramène le gaz carbonique.")
COMMANDS = [
    ["run", "parvis-fable", "One day", "-n", "64"],
    ["run", "parvis-fable", "Un jour", "-n", "64"],
    ["complete", "def area(width, height):"],
    ["complete", "def area(width, height):\n    ", "--suffix", "\n    return result\n"],
    ["run", "parvis-babel", "Es war", "-n", "64"],
    ["translate", "Where is the station? I would like to buy a ticket."],
    ["translate", "Où est la gare ? Je voudrais acheter un billet."],
    ["summarize", REPORT],
    ["summarize", RAPPORT],
    ["fill", "Paris is the [MASK] of France."],
    ["fill", "Paris est la [MASK] de la France."],
    ["embed", "The cat sleeps."],
    ["answer", "How many chambers has the heart?", REPORT],
    ["answer", "Combien de cavités le cœur a-t-il ?", RAPPORT],
]


def timed(command, priority):
    """Seconds to the first byte of the answer, and to its end."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, bufsize=0, preexec_fn=raise_priority(priority))
    first = None
    while process.stdout.read(4096):
        first = first or time.monotonic() - start
    whole = time.monotonic() - start
    errors = process.stderr.read().decode()
    if process.wait() != 0 or first is None:
        sys.exit(f"{command}: {errors}")
    return first, whole


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--parvis", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--priority", type=int, default=0)
    arguments = parser.parse_args()
    rows = []
    for words in COMMANDS:
        command = [arguments.parvis, *words]
        if subprocess.run(command, capture_output=True).returncode != 0:
            say(f"left out (no such model?): {words}")
            continue
        times = [timed(command, arguments.priority) for _ in range(arguments.rounds)]
        rows.append({"command": words, "first_text": summary([first for first, _ in times]),
                     "whole": summary([whole for _, whole in times])})
        say(f"{words[0]}: {rows[-1]['first_text']['median']:.3f} {rows[-1]['whole']['median']:.3f}")
    version = subprocess.run([arguments.parvis, "--version"], check=True, capture_output=True)
    write_results(arguments.out, {"schema": "parvis.bench.first_answer/1", "rounds": arguments.rounds,
                                  "engines": {"parvis": version.stdout.decode().strip()},
                                  "commands": rows})


if __name__ == "__main__":
    main()
