#!/usr/bin/env python3
"""What training on many machines would cost: plan.py [--check DOCUMENT]

Prints the table of docs/design/distributed-training.md from the formula that stands there; --check
compares it with the document's."""
import pathlib
import sys

# Parameters, and the tokens of a step: batches as they are usual for the size.
MODELS = (("124 M", 124e6, 0.5e6), ("1.1 B", 1.1e9, 2e6), ("7 B", 7e9, 4e6))
GIGABITS = (1, 10, 100)
RANKS = (8, 64, 256)
FLOP_PER_S = 1e12       # what a machine reaches in training: 64 cores with bf16 instructions
MICRO_BATCH = 8192      # tokens
BUCKET = 1 << 20        # numbers that travel together
MESSAGE_S = 20e-6       # what a message costs however short


def efficiency(parameters, batch, gigabits, ranks):
    tokens = batch / ranks
    compute = 6 * parameters * tokens / FLOP_PER_S
    share = 4 * parameters * (ranks - 1) / ranks / (gigabits * 1e9 / 8)
    messages = parameters / BUCKET * (ranks - 1) * MESSAGE_S
    hidden = compute * min(1.0, MICRO_BATCH / tokens) * 2 / 3  # backward of the last micro-batch
    return compute / (compute + max(0.0, share + messages - hidden) + share + messages)


def table():
    lines = ["| model, step | bytes a step and rank | optimiser's state, 256 ranks | network | "
             + " | ".join(f"{n} ranks" for n in RANKS) + " |",
             "| --- | --- | --- | --- | " + " | ".join("---" for _ in RANKS) + " |"]
    for name, parameters, batch in MODELS:
        for gigabits in GIGABITS:
            shares = " | ".join(f"{efficiency(parameters, batch, gigabits, n):.0%}" for n in RANKS)
            lines.append(f"| {name}, {batch / 1e6:g} M tokens | {8 * parameters / 1e9:.1f} GB | "
                         f"{8 * parameters / 256 / 1e6:.0f} MB | {gigabits} Gbit/s | {shares} |")
    return "\n".join(lines)


def main():
    if sys.argv[1:2] != ["--check"]:
        print(table())
    elif table() not in pathlib.Path(sys.argv[2]).read_text():
        sys.exit(f"{sys.argv[2]}: its table is not what bench/train/plan.py computes:\n{table()}")


if __name__ == "__main__":
    main()
