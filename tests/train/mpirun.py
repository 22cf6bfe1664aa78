#!/usr/bin/env python3
"""Training under mpirun: mpirun.py PARVIS CASE...

Cases: quick (curves, Ctrl-C, failures of one rank), numbers (a run goes on with another number of
ranks), talks (conversations and preferences), kills (lost ranks; a number: so many).
Runs as an unprivileged user: root hands the work to `nobody`. Exit 77: there is no mpirun, or this
build has no parvis_mpi.so."""
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

KILLS = 100
NAP_S = 0.02
STOP_LIMIT_S = 60  # from the loss of a rank to the end of the job
TIMEOUT_S = 300    # only a failure takes so long

TEXT = "".join(f"The {i * i}th cat sat down by the {i}th door of the house.\n\n" for i in range(300))
RECIPE = """[run]
name = "ranks"
[data]
train = ["text.txt"]
held_out = 0.1
split = "paragraphs"
[tokenizer]
vocab_size = 270
[model]
hidden_size = 32
num_hidden_layers = 2
num_attention_heads = 2
intermediate_size = 48
tie_word_embeddings = true
[train]
steps = STEPS
batch_tokens = 384
micro_batch_tokens = 64
context_length = 32
learning_rate = 3e-3
average = 0.9
eval_every = 8
checkpoint_every = 4
"""

# Replacing [data] and [tokenizer], and beginning [train].
TALKS = {"chat": """[data]
train = ["chat.jsonl"]
held_out = 0.1
[tokenizer]
vocab_size = 270
chat_template = "{% for m in messages %}{{ '?' if m.role == 'user' else '=' }}{{ m.content }}\
{% if m.role != 'user' %}{{ eos_token }}{% endif %}{% endfor %}{% if add_generation_prompt %}={% endif %}"
""", "preference": """[data]
train = ["preference.jsonl"]
held_out = 0.1
[model]
from = "chat1/model.gguf"
"""}


def expect(condition, what, *facts):
    if not condition:
        sys.exit(f"{what}: {facts}")


def environment():
    """Open MPI within containers, with more ranks than cores, on the loopback alone."""
    return os.environ | {
        "HOME": os.getcwd(), "TMPDIR": os.getcwd(),
        "OMPI_MCA_rmaps_base_oversubscribe": "1", "OMPI_MCA_hwloc_base_binding_policy": "none",
        "OMPI_MCA_btl_vader_single_copy_mechanism": "none", "OMPI_MCA_btl": "self,vader,tcp",
        "OMPI_MCA_btl_tcp_if_include": "lo", "OMPI_MCA_oob_tcp_if_include": "lo",
        "OMPI_MCA_plm": "isolated",
        # Open MPI leaves memory behind at its end.
        "ASAN_OPTIONS": "detect_leaks=0"}


class Job:
    """mpirun -np RANKS parvis train RECIPE -o RUN …"""

    def __init__(self, parvis, ranks, run, *flags, recipe="r.toml", each=()):
        command = ["mpirun", "-np", str(ranks), *each, parvis, "train", recipe, "-o", run, "-t",
                   "1", *flags]
        if ranks == 1:
            command = command[3:]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True, env=environment(), start_new_session=True)

    def end(self):
        """Exit code and all that was said."""
        try:
            out, err = self.process.communicate(timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            for rank in self.ranks().values():
                os.kill(rank, signal.SIGKILL)
            sys.exit(f"hangs: {self.process.args}: {self.process.communicate()}")
        return self.process.returncode, out + err

    def ranks(self):
        """Process ids by rank."""
        found = {}
        for child in pathlib.Path(f"/proc/{self.process.pid}/task").glob("*/children"):
            for pid in read(child).split():
                for variable in read(pathlib.Path(f"/proc/{pid}/environ")).split("\0"):
                    if variable.startswith("OMPI_COMM_WORLD_RANK="):
                        found[int(variable.split("=")[1])] = int(pid)
        return found

    def wait_until(self, holds):
        end = time.monotonic() + TIMEOUT_S
        while not holds():
            if self.process.poll() is not None or time.monotonic() > end:
                sys.exit(f"{self.process.args}: {self.end()}")
            time.sleep(0.005)


def read(path):
    try:
        return path.read_text()
    except OSError:  # the process has gone
        return ""


def lines(run):
    text = read(pathlib.Path(run) / "log.jsonl")
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


def curve(run):
    """Losses of all steps and evaluations."""
    losses = []
    for line in lines(run):
        losses += [line["loss"]] if "loss" in line else [e["loss"] for e in line["eval"]]
    return losses


def near(ours, theirs, tolerance):
    return len(ours) == len(theirs) and all(
        abs(a - b) <= tolerance * abs(b) for a, b in zip(ours, theirs))


def checkpoint_step(run):
    steps = [int(p.stem.split("-")[1]) for p in (pathlib.Path(run) / "checkpoints").glob("step-*.safetensors")]
    return max(steps, default=0)


def write_recipe(steps, name="r.toml", **changes):
    text = RECIPE.replace("STEPS", str(steps))
    for key, value in changes.items():
        before = next(line for line in text.splitlines() if line.startswith(f"{key} ="))
        text = text.replace(before, f"{key} = {value}")
    pathlib.Path(name).write_text(text)


def done(parvis, ranks, run, *flags, **options):
    code, said = Job(parvis, ranks, run, *flags, **options).end()
    expect(code == 0, f"{ranks} ranks", code, said)
    return said


# Of a loss, within twenty steps and two hundred: sums in another order (distributed-training.md).
TOLERANCE, LONG_TOLERANCE = 2e-5, 1e-3


def curves(parvis):
    """N ranks learn what one does; the same N to the bit."""
    for ranks in (1, 2, 3, 4):
        said = done(parvis, ranks, f"n{ranks}")
        expect(near(curve(f"n{ranks}"), curve("n1"), TOLERANCE), f"{ranks} ranks: curve",
               curve(f"n{ranks}"), curve("n1"))
        if ranks == 1:
            continue
        expect(said.count(" documents, ") == 1, "one rank speaks", said)
        ledger = json.loads(read(pathlib.Path(f"n{ranks}/run.json")))
        listed = ledger["hardware"]["ranks"]["value"]
        expect([r["rank"] for r in listed] == list(range(ranks)), "ledger", listed)
        whole = 3 * 4 * ledger["model"]["parameters"]["value"]
        expect(sum(r["optimizer_bytes"] for r in listed) == whole, "state", listed, whole)
        expect(max(r["optimizer_bytes"] for r in listed) < 1.2 * whole / ranks, "shares", listed)
        expect(ledger["tokens"] == json.loads(read(pathlib.Path("n1/run.json")))["tokens"], "tokens")
    done(parvis, 3, "again")
    expect(curve("again") == curve("n3"), "three ranks again: curve")
    same = pathlib.Path("again/model.gguf").read_bytes() == pathlib.Path("n3/model.gguf").read_bytes()
    expect(same, "three ranks again: model")


def goes_on(parvis, before, after, steps, whole, **options):
    """A run that was cut goes on with another number of ranks, and has the curve of `whole`."""
    run = f"{whole}-from{before}to{after}"
    job = Job(parvis, before, run, **options)
    job.wait_until(lambda: checkpoint_step(run) >= 8)
    job.process.send_signal(signal.SIGUSR1 if before > 1 else signal.SIGINT)
    code, said = job.end()
    expect(code == 130, "stopped", code, said)
    expect(f"stopped at step {checkpoint_step(run)} of {steps}" in said, "saved", said)
    expect(said.count("stopped at step") == 1, "said once", said)
    done(parvis, after, run, "--resume", **options)
    expect(near(curve(run), curve(whole), LONG_TOLERANCE), "goes on", run, curve(run), curve(whole))


def other_numbers(parvis):
    """A run goes on with another number of ranks."""
    write_recipe(200)
    done(parvis, 1, "one")
    for before, after in ((2, 1), (1, 3), (3, 2)):
        goes_on(parvis, before, after, 200, "one")


def write_talks(steps):
    """Recipes and rows of TALKS."""
    cut = RECIPE.index("[model]"), RECIPE.index("[train]")
    model, train = RECIPE[slice(*cut)], RECIPE[cut[1]:].replace("STEPS", str(steps))
    rows = {"chat": [], "preference": []}
    for i in range(150):
        asked = {"role": "user", "content": f"{i * i} cats"}
        said = [{"role": "assistant", "content": text} for text in (f"{i * i + 1} dogs", "I say no.")]
        rows["chat"].append({"messages": [asked, said[0]] + ([asked, said[1]] if i % 7 == 0 else [])})
        rows["preference"].append({"chosen": [asked, said[0]], "rejected": [asked, said[1]]})
    for objective, data in TALKS.items():
        pathlib.Path(f"{objective}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows[objective]))
        pathlib.Path(f"{objective}.toml").write_text(
            data + (model if objective == "chat" else "") + train + f'objective = "{objective}"\n')


def talks(parvis):
    """Conversations and preferences, whose reference each rank makes anew."""
    write_talks(60)
    for objective in TALKS:
        options = {"recipe": f"{objective}.toml"}
        for ranks in (1, 2, 3):
            done(parvis, ranks, f"{objective}{ranks}", **options)
            ours, one = curve(f"{objective}{ranks}"), curve(f"{objective}1")
            expect(near(ours[:20], one[:20], TOLERANCE), objective, ranks, ours, one)
            expect(near(ours, one, LONG_TOLERANCE), objective, ranks, ours, one)
        expect(one[-1] < 0.9 * one[0], "learns", objective, one)
        done(parvis, 2, "again", **options)
        models = [pathlib.Path(run, "model.gguf").read_bytes() for run in ("again", f"{objective}2")]
        expect(models[0] == models[1], "two ranks again", objective)
        shutil.rmtree("again")
        for before, after in ((1, 2), (2, 1)):
            goes_on(parvis, before, after, 60, f"{objective}1", **options)


def interrupts(parvis):
    """Ctrl-C at mpirun: all save once and stop."""
    write_recipe(100000, "long.toml", checkpoint_every=0, eval_every=0)
    job = Job(parvis, 2, "stopped", recipe="long.toml")
    job.wait_until(lambda: len(lines("stopped")) > 3)
    job.process.send_signal(signal.SIGINT)
    code, said = job.end()
    expect(code != 0, "Ctrl-C: exit", code, said)
    saved = list(pathlib.Path("stopped/checkpoints").glob("step-*"))
    expect(len(saved) == 1, "Ctrl-C: one checkpoint", saved, said)
    ledger = json.loads(read(pathlib.Path("stopped/run.json")))
    expect(ledger["status"] == "interrupted", "Ctrl-C: ledger", ledger["status"])


def failures(parvis):
    """What goes wrong on one rank ends all, with one message that names the rank."""
    # A rank that reads another text; one that has none.
    split = ["sh", "-c", 'if [ "$OMPI_COMM_WORLD_RANK" = 1 ]; then cd other; fi; exec "$@"', "sh"]
    pathlib.Path("other").mkdir()
    shutil.copy("r.toml", "other/r.toml")
    pathlib.Path("other/text.txt").write_text(TEXT + "One more.\n")
    for text, expected in ((True, "has another text, tokenizer or parent than rank 0"), (False, "does not exist")):
        if not text:
            os.remove("other/text.txt")
        code, said = Job(parvis, 3, "differs", each=split).end()
        expect(code != 0, "another text: exit", code)
        expect(said.count("parvis train: rank 1 on ") == 1 and expected in said, "another text", said)
    # No room on rank 0's disk: the file size limit stands for it.
    done(parvis, 2, "full-before")
    limit = ["sh", "-c", 'trap "" XFSZ; [ "$OMPI_COMM_WORLD_RANK" != 0 ] || ulimit -f 300; exec "$@"', "sh"]
    code, said = Job(parvis, 2, "full", each=limit).end()
    expect(code != 0 and "the checkpoints before are intact" in said, "full disk", code, said)
    # The largest learning rate soon ends in numbers that are not finite.
    write_recipe(400, "nan.toml", learning_rate="100", average="0.0")
    code, said = Job(parvis, 2, "nan", recipe="nan.toml").end()
    expect(code != 0 and said.count("not finite at step") == 1 and "documents: " in said, "nan", said)
    expect(json.loads(read(pathlib.Path("nan/run.json")))["status"] == "failed", "nan: ledger")
    # More ranks than rows.
    write_recipe(4, "few.toml", batch_tokens=64)
    code, said = Job(parvis, 3, "few", recipe="few.toml").end()
    expect(code != 0 and "too few for 3 ranks" in said, "few rows", said)


def resume_if_begun(run):
    """A rank may be lost before there is a folder."""
    return ["--resume"] if pathlib.Path(run).exists() else []


def lose_a_rank(parvis, ranks, run, random_source):
    """kill -9 of one rank at a random moment. "joined", or "early" if the rank had not joined the job
    yet; None: the run came to its end before."""
    job = Job(parvis, ranks, run, *resume_if_begun(run))
    victim = random_source.randrange(ranks)
    time.sleep(random_source.uniform(0.0, 1.5))
    pid, joined = job.ranks().get(victim), False
    if pid is not None:
        try:
            # Before a process has joined the job, mpirun does not always say which one was lost.
            joined = "mca_pml" in pathlib.Path(f"/proc/{pid}/maps").read_text()
            os.kill(pid, signal.SIGKILL)
        except (ProcessLookupError, FileNotFoundError):
            pid = None
    # Counted by our own naps: a machine that stood still stopped us, too.
    naps = 0
    while job.process.poll() is None and naps * NAP_S < TIMEOUT_S:
        time.sleep(NAP_S)
        naps += 1
    code, said = job.end()
    if code == 0:
        return None
    if pid is None:  # killed nothing and failed all the same
        sys.exit(f"failed by itself: {said}")
    expect(naps * NAP_S < STOP_LIMIT_S, "a lost rank stops the job late", naps * NAP_S, said)
    expect(f"process rank {victim} " in said or not joined and "process returned" in said,
           "names the rank", victim, joined, said)
    at_risk = max((line["step"] for line in lines(run)), default=0) - checkpoint_step(run)
    expect(at_risk <= 4, "steps lost", at_risk)
    return "joined" if joined else "early"


def kills(parvis, count):
    """Lost ranks: the job ends with the rank's name, and what goes on ends with the same bits."""
    write_recipe(60)
    done(parvis, 2, "whole")
    source, killed, runs = random.Random(4), [], 0
    while len(killed) < count:
        run = f"killed{runs}"
        runs += 1
        while len(killed) < count and (how := lose_a_rank(parvis, 2, run, source)):
            killed.append(how)
        done(parvis, 2, run, *resume_if_begun(run))
        expect(curve(run) == curve("whole"), "curve", run)
        same = pathlib.Path(run, "model.gguf").read_bytes() == pathlib.Path(
            "whole/model.gguf").read_bytes()
        expect(same, "model", run)
        shutil.rmtree(run)
    joined = killed.count("joined")
    expect(2 * joined >= count, "most ranks are lost at work", joined, count)
    print(f"{count} ranks lost in {runs} runs, {joined} of them at work")


def as_nobody(arguments):
    """Root gives what it was asked to `nobody`, in a folder that he may read."""
    folder = tempfile.mkdtemp(prefix="parvis-mpi-", dir="/tmp")
    try:
        for file in (arguments[0], pathlib.Path(arguments[0]).with_name("parvis_mpi.so"), __file__):
            shutil.copy(file, folder)
        work = pathlib.Path(folder, "work")
        work.mkdir()
        os.chmod(folder, 0o755)
        shutil.chown(work, "nobody")
        # Ours may lie in a folder of root's.
        python = shutil.which("python3", path="/usr/bin:/usr/local/bin") or sys.executable
        here = [python, f"{folder}/{pathlib.Path(__file__).name}", f"{folder}/parvis"]
        return subprocess.run(["runuser", "-u", "nobody", "--", *here, *arguments[1:]],
                              cwd=work).returncode
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main():
    parvis, *cases = sys.argv[1:]
    if shutil.which("mpirun") is None or not pathlib.Path(parvis).with_name("parvis_mpi.so").exists():
        print("skipped: no Open MPI here (libopenmpi-dev, openmpi-bin)")
        sys.exit(77)
    if os.getuid() == 0:
        sys.exit(as_nobody(sys.argv[1:]))
    with tempfile.TemporaryDirectory(prefix="m", dir=os.getcwd()) as folder:
        os.chdir(folder)
        pathlib.Path("text.txt").write_text(TEXT)
        for case in cases:
            write_recipe(20)
            if case == "quick":
                for test in (curves, interrupts, failures):
                    test(parvis)
            elif case == "numbers":
                other_numbers(parvis)
            elif case == "talks":
                talks(parvis)
            else:
                kills(parvis, KILLS if case == "kills" else int(case))
    print("mpirun: all is well")


if __name__ == "__main__":
    main()
