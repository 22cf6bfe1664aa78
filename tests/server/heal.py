#!/usr/bin/env python3
"""Words that a prompt ends within: heal.py PARVIS.

`heal` of /v1/completions says what `parvis generate --heal` says, also with an end of the text, and nothing changes
without it."""
import json
import shutil
import subprocess
import sys

from served import SOURCE, events, expect, serving

PROMPTS = ["Once upon a ti", "The little gi", "She was very hap", "A dog. ", "Once upon a time"]


def of_command(server, model, lines, *flags):
    path = server.folder / "prompts.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = subprocess.run([server.folder / "parvis", "generate", model, "--prompts", path, "-n", "4", "--temperature", "0",
                           *flags], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    expect(done.returncode == 0, "generate", done.stderr)
    found = {a["id"]: a for a in map(json.loads, done.stdout.splitlines())}
    return [found[str(i + 1)] for i in range(len(lines))]


def complete(server, model, prompt, **more):
    status, _, data = server.ask("POST", "/v1/completions", {"model": model, "prompt": prompt, "max_tokens": 4,
                                                             "temperature": 0} | more)
    expect(status == 200, "refused", more, data)
    return data


def check_same(server):
    model = str(server.folder / "models/fable.gguf")
    for heal, flags in ((True, ["--heal"]), (False, []), (None, [])):
        wanted = of_command(server, model, [{"prompt": p} for p in PROMPTS], *flags)
        got = json.loads(complete(server, "fable", PROMPTS, heal=heal))
        expect([c["text"] for c in got["choices"]] == [w["text"] for w in wanted], "other text", heal, got, wanted)
        expect(got["usage"]["prompt_tokens"] == sum(w["usage"]["prompt_tokens"] for w in wanted), "usage", heal, got)
        if heal:
            expect([c["text"][:2] for c in got["choices"]][:3] == ["me", "rl", "py"], "the words", got)
        else:
            expect(got["choices"][0]["text"][:2] != "me", "healed unasked", got)
    told = events(complete(server, "fable", PROMPTS[0], heal=True, stream=True))
    whole = json.loads(complete(server, "fable", PROMPTS[0], heal=True))["choices"][0]["text"]
    expect("".join(c["text"] for e in told[:-1] for c in e["choices"]) == whole, "streamed", told, whole)
    got = json.loads(complete(server, "fable", PROMPTS[0], heal=True, echo=True, n=2, best_of=2))
    expect([c["text"] for c in got["choices"]] == [PROMPTS[0] + whole] * 2, "after its prompt", got)


def check_suffix(server):
    # It reads the end first, so that what it writes stands right behind the beginning.
    model = str(server.folder / "models/scribe.gguf")
    lines = [{"prompt": p, "suffix": s} for p, s in (("import num", "\nx = numpy.zeros(3)"), ("def f(x):\n    retur", "\n"))]
    differs = False
    for line in lines:
        for heal in (True, False):
            wanted = of_command(server, model, [line], *["--heal"] * heal)[0]
            got = json.loads(complete(server, "scribe", line["prompt"], suffix=line["suffix"], heal=heal))
            expect(got["choices"][0]["text"] == wanted["text"]
                   and got["usage"]["prompt_tokens"] == wanted["usage"]["prompt_tokens"], "between", line, heal, got, wanted)
        plain = json.loads(complete(server, "scribe", line["prompt"], suffix=line["suffix"]))
        healed = json.loads(complete(server, "scribe", line["prompt"], suffix=line["suffix"], heal=True))
        differs |= plain["choices"][0]["text"] != healed["choices"][0]["text"] or plain["usage"] != healed["usage"]
    expect(differs, "no prompt of these has anything to heal")


def check_refused(server):
    for body in ({"prompt": [1, 2]}, {"prompt": [[1], [2]]}, {"prompt": "a", "logprobs": 0},
                 {"prompt": "a", "model": "t5"}, {"prompt": "a", "heal": 1}):
        status, _, data = server.ask("POST", "/v1/completions", {"model": "fable", "max_tokens": 1, "heal": True} | body)
        expect(status == 400 and json.loads(data)["error"]["param"] == "heal", "refused", body, status, data)


def main():
    with serving(sys.argv[1], prepare=lambda folder: shutil.copy(SOURCE / "models/parvis-scribe.gguf",
                                                                 folder / "models/scribe.gguf")) as server:
        check_same(server)
        check_suffix(server)
        check_refused(server)
    print("words are whole")


if __name__ == "__main__":
    main()
