#!/usr/bin/env python3
"""Adapters (LoRA) as models of their own, beside each other in one batch: adapters.py PARVIS.

What an adapter computes is held to PEFT by parvis/runtime's tests; here each answer over HTTP, with
others beside it, must be what `parvis run --adapter` says alone."""
import concurrent.futures
import contextlib
import json
import os
import pathlib
import random
import signal
import sqlite3
import struct
import subprocess
import sys

from served import SOURCE, events, expect, serving, wait_for
from streams import open_stream

PROMPT = "Once upon a time there was a small fox who lived in the wood near the old mill by the river."
TOKENS = 24
SETTINGS = '[adapters.poet]\nmodel = "fable"\npath = "{path}"\n'


def shapes(folder):
    data = (folder / "model.safetensors").read_bytes()
    header = json.loads(data[8:8 + struct.unpack("<Q", data[:8])[0]])
    return {name: entry["shape"] for name, entry in header.items() if name != "__metadata__"}


def write_adapter(folder, base, words, rank, seed, size=1.0, wrong=0):
    """A PEFT folder of random matrices for the modules of `base` (Hugging Face's names) that end so."""
    folder.mkdir(exist_ok=True)
    dice = random.Random(seed)
    header, data = {}, b""
    for name, shape in shapes(base).items():
        if not name.endswith(tuple(word + ".weight" for word in words)):
            continue
        outputs, inputs = shape
        module = "base_model.model." + name.removesuffix(".weight")
        for letter, rows, columns in (("A", rank, inputs + wrong), ("B", outputs, rank)):
            floats = [size * dice.gauss(0, 1) / rank ** 0.5 / columns ** 0.5 for _ in range(rows * columns)]
            raw = struct.pack(f"<{len(floats)}f", *floats)
            header[f"{module}.lora_{letter}.weight"] = {
                "dtype": "F32", "shape": [rows, columns], "data_offsets": [len(data), len(data) + len(raw)]}
            data += raw
    expect(header, "there are no such modules", words)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    (folder / "adapter_model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
    (folder / "adapter_config.json").write_text(json.dumps(
        {"peft_type": "LORA", "r": rank, "lora_alpha": 2 * rank, "target_modules": list(words)}))
    for path in (folder, *folder.iterdir()):
        os.chmod(path, 0o755)
    return folder


def complete(server, model, prompt=PROMPT, **more):
    status, headers, data = server.ask("POST", "/v1/completions", {
        "model": model, "prompt": prompt, "temperature": 0, "max_tokens": TOKENS} | more)
    return status, json.loads(data)


def text_of(server, model, **more):
    status, body = complete(server, model, **more)
    expect(status == 200 and body["model"] == model, "refused", model, status, body)
    return body["choices"][0]["text"]


def alone(program, model, adapter=None):
    done = subprocess.run(
        [program, "run", model, PROMPT, "-n", str(TOKENS), "--temperature", "0", "--json",
         *(["--adapter", str(adapter)] if adapter else [])], capture_output=True, text=True, check=False)
    expect(done.returncode == 0, "the command failed", done.stderr)
    return json.loads(done.stdout)["text"]


def check_together(program, server, poet, scribe):
    """Many at once, on the model and two adapters: each is what the command says."""
    fable = server.folder / "models/fable.gguf"
    wanted = {"fable": alone(program, fable), "poet": alone(program, fable, poet),
              "scribe": alone(program, fable, scribe)}
    expect(len(set(wanted.values())) == 3, "adapters that change nothing show nothing", wanted)
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        names = ["fable", "poet", "scribe"] * 4
        for name, text in zip(names, pool.map(lambda name: text_of(server, name), names)):
            expect(text == wanted[name], "not what the command says", name, text, wanted[name])
    return wanted


def check_lists(server):
    listed = {m["id"]: m for m in json.loads(server.ask("GET", "/v1/models")[2])["data"]}
    expect(listed["poet"]["parent"] == listed["poet"]["root"] == "fable"
           and listed["fable"]["parent"] is None and listed["fable"]["root"] == "fable", "the list", listed)
    expect(str(server.folder) not in json.dumps(listed), "paths are told", listed)
    one = json.loads(server.ask("GET", "/v1/models/poet")[2])
    expect(one["parent"] == "fable" and one["parvis"]["loaded"], "one model", one)
    tags = {m["name"]: m for m in json.loads(server.ask("GET", "/api/tags")[2])["models"]}
    expect(tags["poet:latest"]["details"]["parent_model"] == "fable:latest"
           and tags["poet:latest"]["digest"] not in ("", tags["fable:latest"]["digest"]), "tags", tags)
    loaded = {m["name"]: m["parvis"] for m in json.loads(server.ask("GET", "/api/ps")[2])["models"]}
    expect(0 < loaded["poet:latest"]["memory_bytes"] < loaded["fable:latest"]["memory_bytes"], "memory", loaded)


def check_records(server):
    prints = {name: complete(server, name, max_tokens=1)[1]["system_fingerprint"]
              for name in ("fable", "poet", "scribe")}
    expect(len(set(prints.values())) == 3 and prints["poet"].startswith(prints["fable"] + "_"), "prints", prints)
    with contextlib.closing(sqlite3.connect(server.folder / "data/parvis.db")) as database:
        rows = set(database.execute("SELECT model, model_digest, adapter_digest FROM requests"))
    kept = {model: (base, adapter) for model, base, adapter in rows}
    expect(len(rows) == 3 and kept["poet"][0] == kept["fable"][0] and kept["fable"][1] == ""
           and len(kept["poet"][1]) == 64 and kept["poet"][1] != kept["scribe"][1], "records", rows)


def check_shared(server):
    """What was computed for one adapter is no other's."""
    def cached(model):
        return complete(server, model, prompt=PROMPT * 3, max_tokens=1)[1]["usage"]["prompt_tokens_details"][
            "cached_tokens"]
    first = {name: cached(name) for name in ("scribe", "fable", "poet")}
    # PROMPT itself was asked of all three before; PROMPT three times goes on after it.
    again = {name: cached(name) for name in first}
    expect(all(again[name] > first[name] for name in first), "nothing is shared", first, again)


def check_other_tasks(program, server, poet):
    """Embeddings take the adapter along."""
    def vector(model):
        status, _, data = server.ask("POST", "/v1/embeddings", {"model": model, "input": PROMPT})
        expect(status == 200, "embeddings", status, data)
        return json.loads(data)["data"][0]["embedding"]
    done = subprocess.run([program, "embed", server.folder / "models/fable.gguf", PROMPT, "--adapter", poet, "--normalize",
                           "--json"],
                          capture_output=True, text=True, check=True)
    wanted, got = json.loads(done.stdout)["results"][0]["embedding"], vector("poet")
    expect(max(abs(a - b) for a, b in zip(got, wanted)) < 1e-6, "the embedding", got[:4], wanted[:4])
    expect(max(abs(a - b) for a, b in zip(got, vector("fable"))) > 1e-3, "the adapter is left out")


def check_reload(server, base, wanted):
    """New, changed and removed adapters at SIGHUP, under a stream that goes on."""
    folder = server.folder / "models"
    settings = server.folder / "data/settings.toml"
    more = write_adapter(folder / "more-files", base, ("down_proj",), 2, 5, size=3)
    with contextlib.closing(open_stream(server, 120, model="poet")) as s:
        got = s.recv(64)
        settings.write_text(SETTINGS.format(path=folder / "poet-files")
                            + f'[adapters.more]\nmodel = "fable"\npath = "{more}"\n')
        write_adapter(folder / "poet-files", base, ("q_proj", "v_proj"), 4, 99, size=4)
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: complete(server, "more", max_tokens=1)[0] == 200, "the new adapter")
        while part := s.recv(65536):
            got += part
            if b"0\r\n\r\n" in got:
                break
    expect(b"[DONE]" in got and b'"error"' not in got, "the stream under it", got[-300:])
    wait_for(lambda: text_of(server, "poet") != wanted["poet"], "the changed adapter")
    expect(text_of(server, "fable") == wanted["fable"], "the model itself")
    settings.write_text("")
    server.process.send_signal(signal.SIGHUP)
    wait_for(lambda: complete(server, "more", max_tokens=1)[0] == 404, "the removed adapter")


def check_unfit(server, base):
    """What does not fit names tensor and shapes, and the model goes on."""
    folder = server.folder / "models"
    settings = server.folder / "data/settings.toml"
    wrong = write_adapter(folder / "wrong-files", base, ("q_proj",), 2, 7, wrong=3)
    other = SOURCE / "tests/golden/adapters/bloom"
    settings.write_text("".join(f'[adapters.{name}]\nmodel = "{model}"\npath = "{path}"\n' for name, model, path in (
        ("wrong", "fable", wrong), ("other", "fable", copied(other, folder / "bloom-files")), ("orphan", "nobody", wrong))))
    server.process.send_signal(signal.SIGHUP)
    wait_for(lambda: complete(server, "wrong")[0] == 503, "the wrong adapter")
    for name, words in (("wrong", ("q_proj", "do not fit", "wrong-files")), ("other", ("lora_A", "no block")),
                        ("orphan", ("nobody",))):
        status, body = complete(server, name)
        expect(status == 503 and all(word in body["error"]["message"] for word in words), "why", name, status, body)
    expect(complete(server, "fable")[0] == 200, "the model")


def check_loading(program, server):
    """How far a model is that is being loaded: here behind an adapter whose file never comes to an end."""
    pipe = server.folder / "data/pipe"
    os.mkfifo(pipe)
    os.chmod(pipe, 0o666)
    (server.folder / "data/settings.toml").write_text(f'[adapters.slow]\nmodel = "bert"\npath = "{pipe}"\n')
    server.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "slow" in server.ask("GET", "/v1/models")[2].decode(), "the new table")

    def loading():
        done = subprocess.run([program, "ps", "--json", "--url", server.base_url], capture_output=True, text=True,
                              check=True, env=os.environ | {"PARVIS_API_KEY": server.key})
        return {m["name"]: m["loading"] for m in json.loads(done.stdout)["models"] if m["loading"]}
    expect(loading() == {}, "nothing is loaded", loading())
    server.ask("POST", "/api/generate", {"model": "infill", "keep_alive": 0})
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        asked = pool.submit(complete, server, "slow")
        wait_for(lambda: loading().get("slow:latest", {}).get("stage") == "adapter", "loading")
        behind = pool.submit(server.ask, "POST", "/v1/models/load", {"model": "infill", "stream": True})
        wait_for(lambda: loading().get("infill:latest", {}).get("stage") == "waiting", "waiting")
        told = json.loads(server.ask("GET", "/v1/models/infill")[2])["parvis"]
        expect(told["loaded"] is False and told["loading"]["stage"] == "waiting", "a list", told)
        expect(complete(server, "fable", max_tokens=1)[0] == 200, "others wait")
        with open(pipe, "w", encoding="utf-8"):
            pipe.unlink()
            pipe.write_text("no adapter")
        expect(asked.result()[0] == 503, "an adapter that is none", asked.result())
        status, headers, data = behind.result()
    told = events(data)
    expect(status == 200 and headers["content-type"].startswith("text/event-stream") and told.pop() == "[DONE]",
           "a stream", status, headers, data)
    stages = list(dict.fromkeys(e["stage"] for e in told))
    expect(stages == ["waiting", "digest", "weights", "loaded"], "stages", stages)
    for stage in stages:
        parts = [e["progress"] for e in told if e["stage"] == stage]
        expect(parts == sorted(set(parts)) and 0 <= parts[0] and parts[-1] <= 1, "progress", stage, parts)
        expect(stage in ("waiting", "loaded") or parts[-1] == 1, "the end of a stage", stage, parts)
    expect(loading() == {} and json.loads(server.ask("GET", "/v1/models/infill")[2])["parvis"]["loaded"], "it is over")
    # Loaded already, whole and streamed; and refused with a status of its own.
    for stream in (False, True):
        status, _, data = server.ask("POST", "/v1/models/load", {"model": "infill", "stream": stream})
        last = events(data)[0]
        expect(status == 200 and (last["model"], last["stage"], last["progress"]) == ("infill", "loaded", 1), "loaded",
               status, data)
        status, _, data = server.ask("POST", "/v1/models/load", {"model": "nobody", "stream": stream})
        expect(status == 404 and b"model_not_found" in data, "a model that there is not", status, data)


def copied(source, target):
    target.mkdir()
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        (target / name).write_bytes((source / name).read_bytes())
        os.chmod(target / name, 0o644)
    os.chmod(target, 0o755)
    return target


def check_start(server):
    """A line that cannot be is told at once."""
    files = server.folder / "models/poet-files"
    for words, said in ((["--adapter", "poet"], "NAME=PATH"), (["--adapter", f"a/b={files}"], "NAME=PATH"),
                        (["--adapter", f"poet={files}"], "of which model"),
                        (["-m", "fable", "--adapter", "poet=nowhere"], "no such file"),
                        (["-m", "fable", "--adapter", f"fable={files}"], "name of its model"),
                        (["-m", "bert", "--adapter", f"poet={files}"], "lora_A"),
                        (["-m", "fable", "--adapter", f"p={files}", "--adapter", f"p={files}"], "two of this name")):
        done = subprocess.run(
            [str(server.folder / "parvis"), "serve", "--port", "0", "--data", str(server.folder / "other"), *words],
            capture_output=True, text=True, check=False,
            env=os.environ | {"PARVIS_MODELS": str(server.folder / "models"), "HOME": str(server.folder)})
        expect(done.returncode != 0 and said in done.stderr, "a wrong line", words, done)


def prepare(folder):
    """The adapters, before the server starts: (flags, settings)."""
    models = folder / "models"
    chat = models / "chat"
    poet = write_adapter(models / "poet-files", chat, ("q_proj", "v_proj", "gate_proj"), 4, 1, size=3)
    scribe = write_adapter(models / "scribe-files", chat, ("k_proj", "o_proj", "down_proj"), 3, 2, size=3)
    (folder / "data/settings.toml").write_text(SETTINGS.format(path=poet))
    os.chmod(folder / "data/settings.toml", 0o644)
    return poet, scribe


def main():
    program = sys.argv[1]
    with serving(program, "-m", "fable", "--config", "{data}/settings.toml", "--adapter",
                 "scribe@fable={data}/../models/scribe-files", prepare=prepare) as server:
        poet, scribe = server.prepared
        base = server.folder / "models/chat"
        wanted = check_together(program, server, poet, scribe)
        check_lists(server)
        check_records(server)
        check_shared(server)
        check_other_tasks(program, server, poet)
        check_reload(server, base, wanted)
        check_unfit(server, base)
        check_loading(program, server)
        check_start(server)
    print("adapters hold")


if __name__ == "__main__":
    main()
