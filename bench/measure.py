"""What the comparing scripts share: running a program under watch, GGUF sizes, the results file.

A figure is only worth its circumstances, so every run records how much processor time other
programs took meanwhile; a run that they disturbed is repeated, and marked if it stays so.
"""
import datetime
import json
import os
import resource
import struct
import subprocess
import sys
import time

DISTURBED = 0.08  # of the machine's processor time, taken by others during a run
QUANT_BLOCK = 32
# GGUF's tensor types: name, bytes of a block, numbers in a block.
# GGUF's number: (name, bytes, weights) of a block.
TENSOR_TYPES = {0: ("f32", 4, 1), 1: ("f16", 2, 1), 2: ("q4_0", 18, 32), 3: ("q4_1", 20, 32),
                6: ("q5_0", 22, 32), 7: ("q5_1", 24, 32), 8: ("q8_0", 34, 32),
                12: ("q4_K", 144, 256), 13: ("q5_K", 176, 256), 14: ("q6_K", 210, 256),
                30: ("bf16", 2, 1)}
SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q",
           12: "d"}


def say(text):
    print(text, file=sys.stderr, flush=True)


def busy_seconds():
    """Processor time that all programs have used since the machine started."""
    with open("/proc/stat") as file:
        fields = [int(field) for field in file.readline().split()[1:9]]
    user, nice, system, _, _, irq, softirq, steal = fields
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def children_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def raise_priority(priority):
    """In the child: a session of its own, and both of the kernel's priorities (a session is
    scheduled as a group, so nice alone does nothing against other sessions). Needs root."""
    def apply():
        os.setsid()
        try:
            with open("/proc/self/autogroup", "w") as file:
                file.write(str(-priority))
        except OSError:
            pass  # a kernel without groups
        try:
            os.setpriority(os.PRIO_PROCESS, 0, -priority)
        except PermissionError:
            pass
    return apply


def run_watched(command, priority=0, tries=1, lines=None, with_errors=False, **options):
    """Runs a command and returns (its stdout, share of the machine's time that others took). Tries
    again when others took more than DISTURBED. `lines(line)` may stop a long program by returning
    True; `with_errors` returns stderr, too. A failing command raises RuntimeError with the end of
    what it wrote."""
    for attempt in range(tries):
        start, busy, own = time.monotonic(), busy_seconds(), children_seconds()
        process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT if with_errors else subprocess.PIPE,
                                   text=True,
                                   preexec_fn=raise_priority(priority), **options)
        if lines is None:
            output, errors = process.communicate()
            stopped = False
        else:
            output, stopped = read_until(process, lines)
            errors = process.stderr.read() if not stopped else ""
            process.wait()
        if process.returncode != 0 and not stopped:
            errors = (errors or output).strip()[-2000:]
            raise RuntimeError(f"{command[0]}: exit {process.returncode}: {errors}")
        wall = time.monotonic() - start
        others = busy_seconds() - busy - (children_seconds() - own)
        share = max(0.0, others / (wall * os.cpu_count()))
        if share <= DISTURBED:
            break
        if attempt + 1 < tries:
            say(f"  others took {share:.0%} of the machine: once more")
    return output, share


def with_memory(command, path):
    """The command, which then also writes the most memory that it held, in bytes, to a file."""
    return [sys.executable, os.path.abspath(__file__), "--memory-of", path, *command]


def read_until(process, lines):
    output = ""
    for line in process.stdout:
        output += line
        if lines(line):
            process.kill()
            return output, True
    return output, False


def median(values):
    values = sorted(values)
    middle = len(values) // 2
    return values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2


def summary(values):
    return {"min": min(values), "median": median(values), "max": max(values),
            "samples": [round(value, 4) for value in values]}


class GgufHeader:
    """The metadata and the tensor sizes of a GGUF file; arrays are skipped."""

    def __init__(self, path):
        with open(path, "rb") as self.file:
            magic, version, tensor_count, key_count = self.unpack("<4sIQQ")
            if magic != b"GGUF" or version not in (2, 3):
                sys.exit(f"{path}: not a GGUF file of version 2 or 3")
            self.keys = {}
            for _ in range(key_count):
                key, kind = self.string(), self.unpack("<I")[0]
                self.keys[key] = self.value(kind)
            self.tensors = {}  # name: (numbers, bytes, type)
            for _ in range(tensor_count):
                name, dimensions = self.string(), self.unpack("<I")[0]
                sizes = self.unpack(f"<{dimensions}Q")
                kind, _ = self.unpack("<IQ")
                count = 1
                for size in sizes:
                    count *= size
                type_name, block_bytes, block = TENSOR_TYPES[kind]
                self.tensors[name] = (count, count // block * block_bytes, type_name, dimensions)

    def unpack(self, layout):
        return struct.unpack(layout, self.file.read(struct.calcsize(layout)))

    def string(self):
        return self.file.read(self.unpack("<Q")[0]).decode(errors="replace")

    def value(self, kind):
        if kind == 8:
            return self.string()
        if kind != 9:
            return self.unpack("<" + SCALARS[kind])[0]
        item_kind, count = self.unpack("<IQ")
        if item_kind in SCALARS:
            self.file.seek(count * struct.calcsize("<" + SCALARS[item_kind]), os.SEEK_CUR)
        else:
            for _ in range(count):
                self.value(item_kind)
        return None

    def number(self, key):
        return self.keys[f"{self.keys['general.architecture']}.{key}"]


def costs(path, prompt_length):
    """What a token must cost: bytes of weights read to generate one, operations to read one of a
    prompt or of an encoder's text (a product and a sum are two; the last layer's output only counts
    for the last token)."""
    header = GgufHeader(path)
    family = header.keys["general.architecture"]
    matrices = {name: tensor for name, tensor in header.tensors.items() if tensor[3] == 2}
    layers = {name: tensor for name, tensor in matrices.items()
              if "blk." in name and "attn_rel_b" not in name}
    # An encoder reads the prompt, and what the decoder sees of it is made once.
    by_prompt = {name: tensor for name, tensor in layers.items()
                 if family != "t5" or name.startswith("enc.") or "cross_attn_k" in name or
                 "cross_attn_v" in name}
    by_answer = layers if family != "t5" else {name: layers[name]
                                               for name in layers.keys() - by_prompt.keys()}
    output = matrices.get("output.weight", matrices["token_embd.weight"])
    seen = prompt_length if family in ("bert", "t5") else (prompt_length + 1) / 2
    attention = 4 * header.number("embedding_length") * header.number("block_count")
    return {
        "family": family,
        "weight_type": next(iter(layers.values()))[2],
        "parameters": sum(tensor[0] for tensor in header.tensors.values()),
        "generate_bytes_per_token": sum(tensor[1] for tensor in by_answer.values()) + output[1],
        "prompt_operations_per_token": 2 * sum(tensor[0] for tensor in by_prompt.values()) +
                                       attention * seen,
    }


def measure_machine(program, priority, threads):
    output, others = run_watched([program, "--threads", ",".join(map(str, threads))], priority)
    machine = json.loads(output)
    machine["others_share"] = round(others, 4)
    return machine


def measure_read(program, priority, threads):
    """The read rate of this moment in GB/s."""
    output, _ = run_watched([program, "--threads", threads, "--only-read", "--repeats", 3,
                             "--read-mib", 512], priority)
    return json.loads(output)["read"][0]["gb_per_second"]["median"]


def read_numbers(text):
    return [int(word) for word in text.split(",")]


def write_results(path, document):
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    document = {"schema": document["schema"], "taken": now, **document}
    with open(path, "w") as file:
        json.dump(document, file, indent=1)
        file.write("\n")
    say(f"wrote {path}")


def main():
    """--memory-of FILE COMMAND …: runs it, as with_memory() asks."""
    if sys.argv[1:2] != ["--memory-of"] or len(sys.argv) < 4:
        sys.exit("measure.py: for other scripts")
    code = subprocess.run(sys.argv[3:]).returncode
    with open(sys.argv[2], "w") as file:
        file.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024))
    sys.exit(code)


if __name__ == "__main__":
    main()
