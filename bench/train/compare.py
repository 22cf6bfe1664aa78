#!/usr/bin/env python3
"""Training speed beside PyTorch and llm.c: GPT-2 124M (batch 4) and a LLaMA of 15 M (batch 8), both
of length 256, in float32 and bfloat16.

    compare.py --parvis build/release/bin/parvis --machine-peak build/release/bin/machine_peak \\
        --torch-python venv/bin/python --llmc /path/to/train_gpt2 --out results.json

--torch-python names a Python that has PyTorch, or several. llm.c's program has batch and length
compiled in: it must have been built with 4 and 256. The engines run in turn, `--rounds` times, each
in a process of its own; the first steps of each are not counted. Results: bench/report.py.
"""
import argparse
import json
import pathlib
import random
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from llmc_files import NUM_TOKENS, write_files  # noqa: E402
from measure import (measure_machine, read_numbers, run_watched, say, summary,  # noqa: E402
                     with_memory, write_results)

WARM_UP = 2  # steps that are not counted
# Parameters that products are made with: what 6 · parameters · tokens counts as the operations.
MODELS = {"gpt2-124m": dict(recipe="gpt2_124m.toml", batch=4, length=256, parameters=123_532_032),
          "llama-15m": dict(recipe="llama_15m.toml", batch=8, length=256, parameters=15_187_968)}


class Parvis:
    """The one place that knows how `parvis train` is called and where it writes its speed."""

    dtypes = ("f32", "bf16")

    def __init__(self, program, folder):
        self.name, self.program, self.folder = "parvis", program, folder
        self.version = run_watched([program, "--version"])[0].strip()
        words, text = random.Random(1), folder / "text"
        text.mkdir()
        letters = "abcdefghijklmnopqrstuvwxyz"
        (text / "made_up.txt").write_text(" ".join(
            "".join(words.choices(letters, k=words.randint(2, 9))) for _ in range(60_000)))

    def measure(self, model, dtype, threads, steps, watch):
        recipe = (HERE / MODELS[model]["recipe"]).read_text()
        recipe = recipe.replace('dtype = "f32"', f'dtype = "{dtype}"')
        lines = [f"steps = {steps}" if line.startswith("steps = ") else line
                 for line in recipe.splitlines()]
        path = self.folder / MODELS[model]["recipe"]
        path.write_text("\n".join(lines) + "\n")
        with tempfile.TemporaryDirectory(dir=self.folder) as run:
            run = pathlib.Path(run) / "run"
            memory = self.folder / "memory"
            _, others = watch(with_memory([self.program, "train", path, "--data",
                                           self.folder / "text", "--run-dir", run, "--threads",
                                           threads, "--json"], memory))
            log = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
        rates = [line["tokens_per_second"] for line in log if "tokens_per_second" in line]
        return rates, others, int(memory.read_text())


class Torch:
    dtypes = ("f32", "bf16")

    def __init__(self, python, folder):
        self.python, self.folder = python, folder
        self.version = run_watched([python, "-c", "import torch; print(torch.__version__)"]
                                   )[0].strip()
        self.name = "pytorch " + ".".join(self.version.split(".")[:2])

    def measure(self, model, dtype, threads, steps, watch):
        shape = MODELS[model]
        command = [self.python, HERE / "torch_step.py", model, "--batch", shape["batch"],
                   "--length", shape["length"], "--threads", threads, "--steps", steps]
        memory = self.folder / "memory"
        output, others = watch(with_memory(command + (["--bf16"] if dtype == "bf16" else []),
                                           memory))
        lines = [json.loads(line) for line in output.splitlines()]
        return ([line["tokens"] / line["seconds"] for line in lines], others,
                int(memory.read_text()))


class LlmC:
    dtypes = ("f32",)

    def __init__(self, program, folder):
        self.name, self.program, self.version = "llm.c", pathlib.Path(program).resolve(), ""
        self.folder = folder / "llmc"
        write_files(self.folder)

    def measure(self, model, dtype, threads, steps, watch):
        if model != "gpt2-124m":
            return [], 0.0, None
        tokens, rates = MODELS[model]["batch"] * MODELS[model]["length"], []

        def read(line):
            if line.startswith("train dataset num_batches"):
                rates.clear()  # a second try starts again
                if NUM_TOKENS // int(line.split()[-1]) != tokens:
                    raise RuntimeError(f"{self.program.name}: not built for {tokens} tokens a step")
            if line.startswith("step ") and "took " in line:
                rates.append(tokens * 1000 / float(line.split("took ")[1].split()[0]))
            return len(rates) >= steps

        # stdbuf: its lines must arrive while it runs, for it would go on for 40 steps.
        _, others = watch(["env", f"OMP_NUM_THREADS={threads}", "stdbuf", "-oL", self.program],
                          lines=read, cwd=self.folder)
        return rates, others, None


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--parvis", metavar="PROGRAM")
    parser.add_argument("--torch-python", metavar="PYTHON", nargs="+", default=[])
    parser.add_argument("--llmc", metavar="PROGRAM")
    parser.add_argument("--machine-peak", required=True, metavar="PROGRAM")
    parser.add_argument("--out", required=True, metavar="RESULTS.json")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("-t", "--threads", type=read_numbers, default=[2])
    parser.add_argument("--steps", type=int, default=6, help="per process, warm-up included")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tries", type=int, default=2, help="of a run that others disturb")
    parser.add_argument("--priority", type=int, default=0)
    parser.add_argument("--note", action="append", default=[], metavar="SENTENCE",
                        help="for the page: how a peer was built, or what was changed in it")
    return parser.parse_args()


def measure_model(model, engines, arguments):
    watch = lambda command, **options: run_watched(  # noqa: E731
        command, arguments.priority, arguments.tries, **options)
    samples = {}
    for threads in arguments.threads:
        for turn in range(arguments.rounds):
            for engine in engines:
                for dtype in engine.dtypes:
                    say(f"{model} {dtype}, {threads} threads, round {turn + 1}: {engine.name}")
                    try:
                        rates, others, memory = engine.measure(model, dtype, threads,
                                                               arguments.steps, watch)
                    except RuntimeError as error:
                        say(f"  failed: {error}")
                        continue
                    if len(rates) > WARM_UP:
                        row = samples.setdefault((engine.name, dtype, threads), ([], [], []))
                        row[0].extend(rates[WARM_UP:])
                        row[1].append(others)
                        row[2].append(memory)
    for (engine, dtype, threads), (rates, others, memory) in samples.items():
        yield {"engine": engine, "dtype": dtype, "threads": threads,
               "tokens_per_second": summary(rates), "others_share": round(max(others), 4),
               "peak_bytes": None if None in memory else max(memory)}


def main():
    arguments = parse_arguments()
    document = {"schema": "parvis.bench.train/1", "steps": arguments.steps - WARM_UP,
                "rounds": arguments.rounds, "notes": arguments.note, "models": []}
    probe = lambda: measure_machine(arguments.machine_peak, arguments.priority,  # noqa: E731
                                    arguments.threads)
    document["machine"] = probe()
    with tempfile.TemporaryDirectory() as folder:
        folder, engines = pathlib.Path(folder), []
        engines += [Torch(python, folder) for python in arguments.torch_python]
        if arguments.llmc:
            engines.append(LlmC(arguments.llmc, folder))
        if arguments.parvis:
            engines.append(Parvis(arguments.parvis, folder))
        if not engines:
            sys.exit("compare.py: name at least one engine: --parvis, --torch-python, --llmc")
        for model in arguments.models:
            shape = MODELS[model]
            document["models"].append(
                {"name": model, "batch": shape["batch"], "length": shape["length"],
                 "operations_per_token": 6 * shape["parameters"],
                 "rows": list(measure_model(model, engines, arguments))})
            document["engines"] = {engine.name: engine.version for engine in engines}
            document["machine_after"] = probe()
            write_results(arguments.out, dict(document))


if __name__ == "__main__":
    main()
