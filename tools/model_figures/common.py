"""Asking `parvis`, and what several figures need."""

import json
import lzma
import subprocess
import zlib


class Parvis:
    """The program with one model; `most`: questions of a figure at most, 0: all; `alone`: without what stands beside it."""

    def __init__(self, program, model, threads, scratch, most, alone):
        self.program, self.model, self.threads = str(program), str(model), str(threads)
        self.scratch, self.most, self.alone = scratch, most, alone

    def run(self, command, *more, model=True, text=None):
        args = [self.program, command, *([self.model, "-t", self.threads] if model else []), *map(str, more),
                "--json", "--quiet"]
        done = subprocess.run(args, input=text, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(args)}: {done.stderr.strip()[:2000]}")
        return json.loads(done.stdout)

    def suite(self, suite, data, *more, model=True):
        """The measures of `parvis eval --suite`, with their intervals."""
        limit = ["--max-documents", self.most] if self.most else []
        document = self.run("eval", "--suite", suite, "--data", data, *limit, *more, model=model)
        entry = document["evaluations"][0]
        return {"n": entry["n"], "measures": {k: {"score": v["score"], "interval": v["interval"],
                                                  **({"signature": v["signature"]} if v.get("signature") else {})}
                                              for k, v in entry["measures"].items()},
                "data_sha256": entry["data_sha256"]}

    def outputs(self, suite, data, texts, *more):
        """The same of texts that are there already."""
        file = self.scratch / "outputs.jsonl"
        file.write_text("".join(json.dumps({"output": t}, ensure_ascii=False) + "\n" for t in texts))
        return self.suite(suite, data, "--outputs", file, *more, model=False)

    def file(self, name, lines):
        path = self.scratch / name
        path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        return path

    def limited(self, items):
        return items[: self.most] if self.most else items


def generated(parvis, prompts, tokens, temperature, *more):
    """How prompts go on, all of them, for the card."""
    file = parvis.file("prompts.jsonl", [json.dumps({"prompt": p}, ensure_ascii=False) for p in prompts])
    document = parvis.run("generate", "--prompts", file, "-n", tokens, "--temperature", temperature, "--seed", 1, *more)
    return {"settings": {"seed": 1, "temperature": temperature, "tokens": tokens},
            "results": [{"prompt": r["prompt"], "text": r["text"]} for r in document["results"]]}


def opened(path):
    return (lzma.open if path.suffix == ".xz" else open)(path, "rt", encoding="utf-8")


def rows(path):
    with opened(path) as file:
        return [json.loads(line) for line in file if line.strip()]


def pairs(path):
    with opened(path) as file:
        return [tuple(line.rstrip("\n").split("\t")[:2]) for line in file if "\t" in line]


def by_language(texts):
    """Held-out documents of a data set by language: {code: [text]}; without those that our rules made to ask about."""
    found = {}
    for row in rows(texts / "corpus/text/heldout.jsonl"):
        if not row["source"].startswith("questions-"):
            found.setdefault(row["language"], []).append(row["text"])
    return found


def bits_per_byte(parvis, data, texts):
    """Bits for a byte of held-out documents, by language, beside interpolated modified Kneser-Ney n-grams
    (tools/baselines.py) learned from the same training text."""
    if not parvis.alone:
        import baselines

    train = {}
    for row in [] if parvis.alone else rows(texts / "corpus/text/train.jsonl"):
        train.setdefault(row["language"], []).append(row["text"])
    results = {}
    for language, documents in sorted(by_language(texts).items()):
        if sum(map(len, documents)) < 5000:
            continue
        documents = parvis.limited(documents)
        file = parvis.file(f"{language}.jsonl", [json.dumps({"text": t}, ensure_ascii=False) for t in documents])
        entry = parvis.run("eval", "--data", file)["evaluations"][0]
        size = sum(len(t.encode()) for t in documents)
        results[language] = {"documents": len(documents), "bytes": size, "model": entry["bits_per_byte"]}
        if not parvis.alone:
            packed = len(zlib.compress("\n".join(documents).encode(), 9))
            results[language].update({
                "gzip -9": 8 * packed / size,
                "byte 5-gram": float(baselines.byte_bits(5, train[language], documents) / size),
                "word 5-gram": float(baselines.word_bits(train[language], documents) / size)})
    return results
