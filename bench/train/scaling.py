#!/usr/bin/env python3
"""How much faster two ranks of one thread learn than one: the LLaMA of 15 M, the same step for both.

    scaling.py --parvis build/release/bin/parvis --out bench/results/train_scaling.json

mpirun's ranks exchange through memory here: what is measured is what Parvis adds (copies, sums,
waiting), not a network. Rounds run in turn; the first steps of each are not counted."""
import argparse
import json
import os
import pathlib
import random
import statistics
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
WARM_UP = 2


def measure(parvis, folder, ranks, steps, round_):
    recipe = (HERE / "llama_15m.toml").read_text()
    # A step that two ranks share, in micro-batches as one of them would make them.
    for key, value in (("steps", steps), ("batch_tokens", 8192), ("micro_batch_tokens", 2048)):
        recipe = "\n".join(f"{key} = {value}" if line.startswith(f"{key} =") else line
                           for line in recipe.splitlines()) + "\n"
    path = folder / "scaling.toml"
    path.write_text(recipe)
    run = folder / f"run{ranks}.{round_}"
    command = [parvis, "train", path, "--data", folder / "text", "-o", run, "-t", "1", "--quiet"]
    if ranks > 1:
        command = ["mpirun", "-np", str(ranks), "--bind-to", "core", "--oversubscribe", *command]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=os.environ | {
        # Open MPI refuses root, which a container often is; nothing here comes from elsewhere.
        "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        "OMPI_MCA_btl": "self,vader", "OMPI_MCA_btl_vader_single_copy_mechanism": "none"})
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [line["tokens_per_second"] for line in lines if "loss" in line][WARM_UP:]


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--parvis", required=True)
    arguments.add_argument("--steps", type=int, default=6)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--out", required=True)
    options = arguments.parse_args()
    speeds = {1: [], 2: []}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "text").mkdir()
        words = random.Random(1)
        letters = "abcdefghijklmnopqrstuvwxyz"
        (folder / "text" / "made_up.txt").write_text(" ".join(
            "".join(words.choices(letters, k=words.randint(2, 9))) for _ in range(60_000)))
        for round_ in range(options.rounds):
            for ranks in speeds:
                speeds[ranks] += measure(options.parvis, folder, ranks, options.steps, round_)
    median = {ranks: statistics.median(samples) for ranks, samples in speeds.items()}
    result = {
        "schema": "parvis.bench.train_scaling/1",
        "taken": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "model": "llama-15m", "dtype": "f32", "batch_tokens": 8192, "threads_of_a_rank": 1,
        "rows": [{"ranks": ranks, "tokens_per_second": {
            "min": min(samples), "median": median[ranks], "max": max(samples),
            "samples": [round(sample, 1) for sample in samples]}}
                 for ranks, samples in speeds.items()],
        "efficiency": round(median[2] / (2 * median[1]), 4)}
    pathlib.Path(options.out).write_text(json.dumps(result, indent=1) + "\n")
    print(f"1 rank {median[1]:.0f}, 2 ranks {median[2]:.0f} tokens/s: "
          f"efficiency {result['efficiency']:.1%}")


if __name__ == "__main__":
    main()
