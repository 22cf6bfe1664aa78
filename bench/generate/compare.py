#!/usr/bin/env python3
"""Speed of reading prompts and generating text, beside llama-bench on the same GGUF files.

    compare.py --parvis build/release/bin/parvis --machine-peak build/release/bin/machine_peak \\
        --peer 'llama.cpp=/path/to/llama-bench' [--peer 'NAME=/path/to/llama-bench -rtr 1'] \\
        --out results.json MODEL.gguf...

For every model and number of threads the engines run in turn, `--rounds` times, each in a process
of its own that loads the model, warms up and measures: a drift of the machine then meets all of
them. A virtual machine's memory may be twice as fast in one minute as in the next, so the read rate
is measured before and after every run, and a share is of that. Where a llama-batched-bench lies beside a peer's llama-bench, several sequences at once are
compared, too. As root, give --priority 15 on a machine that others use. Results: bench/report.py.
"""
import argparse
import itertools
import json
import pathlib
import re
import shlex
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from measure import (GgufHeader, costs, measure_machine, measure_read, read_numbers,  # noqa: E402
                     run_watched, say, summary, write_results)


class Llama:
    """llama-bench and, where present, llama-batched-bench of llama.cpp or a relative of it."""

    def __init__(self, name, command):
        self.name, (program, *self.flags) = name, shlex.split(command)
        self.program = pathlib.Path(program).resolve()
        self.version = ""

    def measure(self, model, threads, batches, arguments, watch):
        family = GgufHeader(model).keys["general.architecture"]
        if family == "t5":  # llama-bench leaves the encoder out
            yield from self.measure_t5(model, threads, arguments, watch)
            return
        generate = 0 if family == "bert" else arguments.generate
        embeddings = ["-embd", 1] if family == "bert" else []
        output, others = watch([self.program, "-m", model, "-t", threads, "-p", arguments.prompt,
                                "-n", generate, "-r", arguments.repeats, "-o", "json",
                                *embeddings, *self.flags])
        for entry in json.loads(output):
            self.version = f"{entry.get('build_commit', '')} ({entry.get('build_number', '')})"
            test = "texts" if family == "bert" else "generation" if entry["n_gen"] else "prompt"
            yield test, 1, entry["samples_ts"], others
        if family == "bert":
            yield from self.measure_texts(model, threads, batches, arguments, watch)
            return
        batched = self.program.with_name("llama-batched-bench")
        batches = [batch for batch in batches if batch > 1]
        if self.flags or not batches or not batched.exists() or threads != max(arguments.threads):
            return  # flags are llama-bench's
        with tempfile.TemporaryDirectory() as folder:  # some leave a log where they run
            output, others = watch([batched, "-m", model, "-t", threads, "-c", 4096, "-npp", 1,
                                    "-ntg", arguments.generate, "-npl",
                                    ",".join(map(str, batches)), "--output-format", "jsonl"],
                                   cwd=folder, with_errors=True)
        for batch, rate in batched_rates(output):
            yield "generation", batch, [rate], others

    def measure_texts(self, model, threads, batches, arguments, watch):
        """Several texts at once, by llama-embedding's own clock: eight rounds of a batch."""
        program = self.program.with_name("llama-embedding")
        if self.flags or not program.exists() or threads != max(arguments.threads):
            return
        for batch in [batch for batch in batches if batch > 1]:
            tokens = batch * arguments.prompt
            with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
                file.write("\n".join([made_up_text(arguments.prompt)] * (8 * batch)))
                file.flush()
                output, others = watch([program, "-m", model, "-t", threads, "-f", file.name, "-c",
                                        tokens, "-b", tokens, "-ub", tokens,
                                        "--embd-output-format", "array"], with_errors=True)
            found = re.search(r"prompt eval time =.*?([\d.]+) tokens per second", output)
            if found is None:
                raise RuntimeError("llama-embedding says no prompt eval time")
            yield "texts", batch, [float(found[1])], others

    def measure_t5(self, model, threads, arguments, watch):
        """By llama-cli's own clock."""
        program = self.program.with_name("llama-cli")
        if not program.exists():
            return
        prompt = made_up_text(arguments.prompt)
        for _ in range(arguments.repeats):
            output, others = watch([program, "-m", model, "-t", threads, "-p", prompt, "-n",
                                    arguments.generate, "--ignore-eos", "--temp", 0, "-no-cnv",
                                    "-b", 4096, "-ub", 4096],
                                   with_errors=True)
            for test, name in (("prompt", "prompt eval time"), ("generation", "eval time")):
                found = re.search(rf": +{name} =.*?([\d.]+) tokens per second", output)
                if found is None:
                    raise RuntimeError(f"llama-cli says no {name}")
                yield test, 1, [float(found[1])], others


def made_up_text(tokens):
    """A word of bench/make_random_gguf.py's vocabulary is a token; two are the family's own."""
    words = itertools.islice(itertools.product("abcdefgh", repeat=4), tokens - 2)
    return " ".join("".join(word) for word in words)


def batched_rates(output):
    """(sequences, tokens/s) from llama-batched-bench: JSON lines, or the table that relatives of
    llama.cpp print whatever is asked for (|PP|TG|B|N_KV|T_PP s|S_PP t/s|T_TG s|S_TG t/s|...)."""
    for line in output.splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if line.startswith("{"):
            entry = json.loads(line)
            yield int(entry["pl"]), entry["speed_tg"]
        elif len(cells) == 10 and cells[2].isdigit():
            yield int(cells[2]), float(cells[7])


class Parvis:
    def __init__(self, program):
        self.name, self.program = "parvis", program
        self.version = run_watched([program, "--version"])[0].strip()

    def measure(self, model, threads, batches, arguments, watch):
        """The one place that knows what `parvis bench --json` prints."""
        batches = batches if threads == max(arguments.threads) else [1]
        output, others = watch([self.program, "bench", model, "-p", arguments.prompt, "-n",
                                arguments.generate, "-t", threads, "-b",
                                ",".join(map(str, batches)), "-r", arguments.repeats, "--json"])
        for entry in json.loads(output)["results"]:
            yield entry["test"], entry["batch"], entry["samples"], others


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("models", nargs="+", metavar="MODEL.gguf")
    parser.add_argument("--parvis", metavar="PROGRAM")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=LLAMA_BENCH")
    parser.add_argument("--machine-peak", required=True, metavar="PROGRAM")
    parser.add_argument("--out", required=True, metavar="RESULTS.json")
    parser.add_argument("-p", "--prompt", type=int, default=512)
    parser.add_argument("-n", "--generate", type=int, default=128)
    parser.add_argument("-t", "--threads", type=read_numbers, default=[1, 2])
    parser.add_argument("-b", "--batches", type=read_numbers, default=[1, 4, 8])
    parser.add_argument("-r", "--repeats", type=int, default=2, help="measurements per process")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tries", type=int, default=2, help="of a run that others disturb")
    parser.add_argument("--priority", type=int, default=0)
    parser.add_argument("--rest", type=float, default=0, metavar="SECONDS",
                        help="before every run, for others who need the machine")
    parser.add_argument("--note", action="append", default=[], metavar="SENTENCE",
                        help="for the page: how a peer was built, or what was changed in it")
    return parser.parse_args()


def measure_model(model, engines, arguments):
    """Yields one row per engine, test, threads and batch."""
    watch = lambda command, **options: run_watched(  # noqa: E731
        command, arguments.priority, arguments.tries, **options)
    samples = {}
    read_rate = lambda threads: measure_read(arguments.machine_peak,  # noqa: E731
                                             arguments.priority, threads)
    for threads in arguments.threads:
        for turn in range(arguments.rounds):
            for engine in engines:
                time.sleep(arguments.rest)
                say(f"{model.name}, {threads} threads, round {turn + 1}: {engine.name}")
                before = read_rate(threads)
                try:
                    measured = list(engine.measure(model, threads, arguments.batches, arguments,
                                                   watch))
                except RuntimeError as error:
                    say(f"  failed: {error}")
                    continue
                read = (before + read_rate(threads)) / 2
                for test, batch, rates, others in measured:
                    row = samples.setdefault((engine.name, test, threads, batch), ([], [], []))
                    row[0].extend(rates)
                    row[1].append(others)
                    row[2].extend([read] * len(rates))
    for (engine, test, threads, batch), (rates, others, reads) in samples.items():
        yield {"engine": engine, "test": test, "threads": threads, "batch": batch,
               "tokens_per_second": summary(rates), "others_share": round(max(others), 4),
               "read_gb_per_second": summary(reads)}


def main():
    arguments = parse_arguments()
    engines = [Llama(*peer.split("=", 1)) for peer in arguments.peer]
    if arguments.parvis:
        engines.append(Parvis(arguments.parvis))
    if not engines:
        sys.exit("compare.py: name at least one engine: --parvis, --peer")
    document = {"schema": "parvis.bench.generate/1", "prompt": arguments.prompt,
                "generate": arguments.generate, "rounds": arguments.rounds,
                "repeats": arguments.repeats, "notes": arguments.note, "models": []}
    probe = lambda: measure_machine(arguments.machine_peak, arguments.priority,  # noqa: E731
                                    arguments.threads)
    document["machine"] = probe()
    for model in [pathlib.Path(path).resolve() for path in arguments.models]:
        rows = list(measure_model(model, engines, arguments))
        document["models"].append({"name": model.stem, **costs(model, arguments.prompt),
                                   "rows": rows})
        document["engines"] = {engine.name: engine.version for engine in engines}
        document["machine_after"] = probe()
        write_results(arguments.out, dict(document))


if __name__ == "__main__":
    main()
