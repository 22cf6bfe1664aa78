#!/usr/bin/env python3
"""Turns the results of the comparing scripts into docs/performance.md.

    report.py [--check]

Reads every bench/results/*.json and writes the page; with --check it only says whether the page is
what the results give. Nothing of the page is typed by hand: to change a figure, measure again; to
change a sentence, change it here.
"""
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/performance.md"
RESULTS = ROOT / "bench/results"
OURS = "parvis"

INTRODUCTION = """# Performance

Made by `bench/report.py` from `bench/results/`; `bench/README.md` tells how to measure again.

How to read it. Weights and training text are random: speed does not depend on what a model knows.
Engines run in turn, each in a process of its own, on the same files; a figure is the median of all
its measurements, with the lowest and highest behind it. *Share* is the part of what this machine
can do at best: when text is generated, bytes of weights over the memory's read rate just before and
after the run (weights that stay in the caches can pass 100 %); when a prompt is read or a model
trained, operations over the peak of the widest arithmetic for the weight type, measured beside the
engines by `machine_peak`. *Ratio* is Parvis over the best of the others; for one sequence that is
generated, of the shares, since this virtual machine's memory is now and then half as fast as a
moment before, and whoever is measured then looks half as fast. † marks rows during which other
programs took more than 8 % of the machine's processor time.
"""


REASONS = """## What was asked for and is not reached, and why

- *One sequence at 85 % of the read rate.* The products alone reach 93 to 100 %; f16 (not asked for) waits for its one chain of sums, which has a fixed order. The rest of a token (attention,
  norms, the choice of the token, two threads that wait for each other some 200 times) takes 5 to 15 %
  of it, most in the models with many small matrices.
- *Twice the best peer for 4, 8 and 16 sequences in bf16, and for 4 in q8_0 of BLOOM.* A step of few
  sequences reads all weights once, whoever computes it: the memory allows four sequences four times
  the rate of one at most. That bound is less than twice what the peer has in bf16, which it
  reads at 60 to 80 % of the rate. At 16 sequences the products take 60 % of the peak of the processor's
  bf16 arithmetic; twice the peer would be 70 to 80 %.
- *1.2 times the best peer in reading a prompt with bf16 weights of a LLaMA of 1.1 B.* ik_llama.cpp with
  its weights repacked comes to 77 % of the peak, Parvis to 81 %; 1.2 times would be 92 %.
- *First token within 1.5 times of reading the bytes once.* It takes 1.5 to 2.3 times that of a file that
  is not in the system's cache, and many times that of one that is, whose bytes are read in hundredths of
  a second: memory for the panels must be found, cleared (in pages of 2 MiB, now and then after others
  were moved) and filled, 0.2 to 0.4 s a gigabyte when nothing stands in the way.
- *First token of 512 tokens over HTTP in 0.8 times of the best peer's time.* 0.70 for a LLaMA of 1.1 B in
  q4_0, 0.85 for GPT-2 in q8_0, whose products ik_llama.cpp has nearly as fast at that length.
- *Serving the LLaMA of 1.1 B beside more than one peer, in more than one round.* Not measured: llama.cpp takes minutes for each.
- *Nine tenths of the answers under ten times the load, with a model of 8 M.* 0.76: such a model answers 310 requests a second, so that
  2,800 a second are sent away, and that and the load itself take a fifth of two processors from it. With GPT-2 it is 0.96.
- *Twice PyTorch in training GPT-2 in bf16.* PyTorch comes to 38 % of the peak there, Parvis to 63 %, its
  products alone to some 90 %; a tenth of the time goes into packing what is multiplied, a twentieth
  into each of attention, AdamW and threads that wait.
"""


def number(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def best(results, key, wanted):
    """The best of all probes of a machine, in giga per second; 0 if it was not measured."""
    return max([entry[key]["max"] for entry in results if wanted(entry)], default=0.0)


class Limits:
    """What the machine did at best before and after the engines ran."""

    def __init__(self, document):
        probes = [document["machine"], document["machine_after"]]
        self.processor = probes[0]["processor"]
        self.reads = [entry for probe in probes for entry in probe["read"]]
        self.arithmetic = [entry for probe in probes for entry in probe["arithmetic"]]
        self.threads = sorted({entry["threads"] for entry in self.reads})
        self.kinds = list(dict.fromkeys(entry["what"] for entry in self.arithmetic))

    def read(self, threads):
        return best(self.reads, "gb_per_second", lambda entry: entry["threads"] == threads)

    def kind(self, what, threads):
        return best(self.arithmetic, "giga_op_per_second",
                    lambda entry: entry["what"] == what and entry["threads"] == threads)

    def peak(self, dtype, threads):
        """The fastest arithmetic for numbers of a type; bf16 is done in f32 where the processor has
        none of its own."""
        names = {"f32": ["f32"], "f16": ["f32"], "bf16": ["bf16", "f32"]}.get(dtype, ["int8"])
        kinds = [kind for kind in self.kinds if kind.split()[0] in names]
        return max((self.kind(kind, threads) for kind in kinds), default=0.0)

    def lines(self):
        features = " ".join(self.processor.get("features", []))
        yield (f"{self.processor['name']} (family {self.processor.get('family', '?')}, model "
               f"{self.processor.get('model', '?')}), {self.processor['processors']} processors; "
               f"{features}.")
        yield ""
        yield "| limit | " + " | ".join(f"{count} threads" for count in self.threads) + " |"
        yield "| --- |" + " --- |" * len(self.threads)
        yield "| memory read, GB/s | " + " | ".join(
            number(self.read(count)) for count in self.threads) + " |"
        for kind in self.kinds:
            yield f"| {kind}, Gop/s | " + " | ".join(
                number(self.kind(kind, count)) for count in self.threads) + " |"


def cell(row, share):
    if row is None:
        return "–"
    rate = row["tokens_per_second"]
    mark = " †" if row["others_share"] > 0.08 else ""
    part = f", {share(row):.0%}" if share else ""
    spread = f"({number(rate['min'])}–{number(rate['max'])})"
    return f"**{number(rate['median'])}** {spread}{part}{mark}"


def read_share(row, bytes_per_token, limit):
    """Each sample beside the read rate of its own minute, where that was measured."""
    if "read_gb_per_second" not in row:
        return row["tokens_per_second"]["median"] * bytes_per_token / (limit * 1e9)
    shares = sorted(rate * bytes_per_token / (read * 1e9)
                    for rate, read in zip(row["tokens_per_second"]["samples"],
                                          row["read_gb_per_second"]["samples"]))
    return shares[len(shares) // 2]


def ratio(rows, of):
    peers = [of(row) for engine, row in rows.items() if engine != OURS]
    if OURS not in rows or not peers:
        return "–"
    return f"{of(rows[OURS]) / max(peers):.2f}"


def median_rate(row):
    return row["tokens_per_second"]["median"]


def table(engines, groups, headings, compare_shares=False):
    """`groups`: (cells that name the row, rows by engine, share or None)."""
    if not groups:
        return
    yield "| " + " | ".join([*headings, *engines, "ratio"]) + " |"
    yield "|" + " --- |" * (len(headings) + len(engines) + 1)
    for names, rows, share in groups:
        yield "| " + " | ".join([*names, *(cell(rows.get(engine), share) for engine in engines),
                                 ratio(rows, share if compare_shares else median_rate)]) + " |"
    yield ""


def grouped(rows, *keys):
    groups = {}
    for row in rows:
        groups.setdefault(tuple(row[key] for key in keys), {})[row["engine"]] = row
    return sorted(groups.items(), key=lambda group: tuple(map(str, group[0])))


def engine_names(document):
    """Ours first, the others as they ran."""
    names = list(document["engines"])
    return sorted(names, key=lambda name: name != OURS)


def engine_lines(document):
    yield "Engines: " + ", ".join(
        f"{name} {version}".strip() for name, version in document["engines"].items()) + "."
    for note in document.get("notes", []):
        yield ""
        yield note


def generate_lines(document, limits):
    engines, single, prompt, batched = engine_names(document), [], [], []
    for model in document["models"]:
        for (test, threads, batch), rows in grouped(model["rows"], "test", "threads", "batch"):
            names = [model["name"], str(threads)]
            if test in ("prompt", "texts"):
                if test == "texts":
                    names[0] += f", {batch} text{'s' * (batch > 1)}"
                peak = limits.peak(model["weight_type"], threads) * 1e9
                prompt.append((names, rows, lambda row, peak=peak, model=model:
                               row["tokens_per_second"]["median"] *
                               model["prompt_operations_per_token"] / peak))
            elif batch == 1:
                single.append((names, rows, lambda row, limit=limits.read(threads), model=model:
                               read_share(row, model["generate_bytes_per_token"], limit)))
            else:
                batched.append(([*names, str(batch)], rows, None))
    yield (f"## Generating and reading, {document['taken']}")
    yield ""
    yield from limits.lines()
    yield ""
    yield from engine_lines(document)
    yield ""
    yield f"### Generating {document['generate']} tokens, tokens/s, share of memory bandwidth"
    yield ""
    yield from table(engines, single, ["model", "threads"], compare_shares=True)
    yield f"### Reading a prompt (an encoder: texts) of {document['prompt']} tokens, tokens/s, share of peak"
    yield ""
    yield from table(engines, prompt, ["model", "threads"])
    if batched:
        yield "### Several sequences at once, tokens/s of all together"
        yield ""
        yield from table(engines, batched, ["model", "threads", "sequences"])


def train_lines(document, limits):
    engines, groups = engine_names(document), []
    for model in document["models"]:
        name = f"{model['name']}, {model['batch']} × {model['length']}"
        for (dtype, threads), rows in grouped(model["rows"], "dtype", "threads"):
            peak = limits.peak(dtype, threads) * 1e9
            groups.append(([name, dtype, str(threads)], rows, lambda row, peak=peak, model=model:
                           row["tokens_per_second"]["median"] * model["operations_per_token"] /
                           peak))
    yield f"## Training, {document['taken']}"
    yield ""
    yield from limits.lines()
    yield ""
    yield from engine_lines(document)
    yield ""
    yield "Tokens/s of whole steps (forward, backward, AdamW); share of peak, counting 6 operations"
    yield "a token for every parameter that is multiplied."
    yield ""
    yield from table(engines, groups, ["model, batch × length", "numbers", "threads"])
    yield "### Memory: the most that a run of some steps held, MB"
    yield ""
    yield "| model, batch × length | numbers | " + " | ".join(engines) + " |"
    yield "|" + " --- |" * (len(engines) + 2)
    for (name, dtype, _), rows, _ in groups:
        held = {engine: row.get("peak_bytes") for engine, row in rows.items()}
        yield (f"| {name} | {dtype} | " +
               " | ".join(f"{held[engine] / 1e6:.0f}" if held.get(engine) else "–"
                          for engine in engines) + " |")
    yield ""


def full_size_lines(document):
    yield f"## Full size, judged by transformers, {document['taken']}"
    yield ""
    yield f"{document['parvis']} in f32 beside transformers {document['transformers']} on PyTorch"
    yield f"{document['torch']}: random weights in published configurations"
    yield "(`tools/goldens/judge_full_size.py`). The largest difference, as a part of the largest number"
    yield "there, of the output and of the hidden states of all layers."
    yield ""
    yield "| model | parameters | tokens | output | hidden states | same best token |"
    yield "|" + " --- |" * 6
    for model in document["models"]:
        for row in model["rows"]:
            tokens = str(row["tokens"])
            if row["decoder_tokens"]:
                tokens += f", {row['decoder_tokens']} of the decoder"
            yield (f"| {model['name']} | {model['parameters'] / 1e6:.0f} M | {tokens} | "
                   f"{row['logits']:.1e} | {row['hidden']:.1e} | {row['same_best_token']:.0%} |")
    yield ""


def perplexity_lines(document):
    yield f"## Perplexity by weight type, {document['taken']}"
    yield ""
    yield f"{document['parvis']} beside llama.cpp {document['llama.cpp']}, `{document['model']}` on "
    yield f"{document['windows']} windows of {document['context']} tokens"
    yield f"({', '.join(document['texts'])}; `tools/goldens/llama_cpp/perplexity.py`). Both read the"
    yield "same files. Parvis rounds the rows that meet quantised weights to 8 bits with an f32 scale"
    yield "for every 32; llama.cpp does so with an f16 scale, for K types with one for every 256."
    yield ""
    yield "| type | bytes | parvis | llama.cpp | difference | same best token |"
    yield "|" + " --- |" * 6
    for row in document["rows"]:
        ours, theirs = row["parvis"], row["llama.cpp"]
        yield (f"| {row['type']} | {row['bytes'] / 1e6:.1f} M | {ours:.2f} | {theirs:.2f} | "
               f"{ours / theirs - 1:+.2%} | {row['same_best_token']:.1%} |")
    yield ""


def streams_lines(document):
    groups = {}
    for result in document["results"]:
        key = (result["type"], result["threads"])
        groups.setdefault(key, {})[result["rows"]] = result
    rows = sorted({result["rows"] for result in document["results"]})
    yield f"## Reading weights, {document['taken']}"
    yield ""
    yield f"Products of few rows ({document['target']}), as a share of what only reading the same memory does"
    yield "just before and after (`bench_streams`; median, middle half of the passes): what generating can"
    yield "reach at most. One row is one sequence, several rows are several sequences."
    yield ""
    yield "| type | threads | read, GB/s | " + " | ".join(
        f"{count} row{'s' * (count > 1)}" for count in rows) + " |"
    yield "|" + " --- |" * (3 + len(rows))
    for (name, threads), by_rows in groups.items():
        read = max(result["read"]["median"] for result in by_rows.values())
        cells = [f"**{by_rows[count]['share']['median']:.0%}** ({by_rows[count]['share']['low']:.0%}–"
                 f"{by_rows[count]['share']['high']:.0%})" if count in by_rows else "–"
                 for count in rows]
        yield f"| {name} | {threads} | {read:.0f} | " + " | ".join(cells) + " |"
    yield ""


def start_lines(document):
    def seconds(row):
        return f"{row['median']:.2f} ({row['min']:.2f}–{row['max']:.2f})"
    yield f"## Start, {document['taken']}"
    yield ""
    yield "From the command to the first token (`bench/generate/start.py`), beside reading the file's"
    yield "bytes once, in seconds; cold: the file was not in the system's cache. Weights are put in"
    yield "panels once, on all threads, straight from the mapped file, whose pages are given back;"
    yield "*beyond the file* is the most memory resident less the file's size."
    yield ""
    yield "| model | MB | read, cold | first token, cold | read, warm | first token, warm | beyond the file, MB |"
    yield "|" + " --- |" * 7
    for row in document["models"]:
        yield (f"| {row['name']} | {row['bytes'] / 1e6:.0f} | {seconds(row['read_cold'])} | "
               f"{seconds(row['first_token_cold'])} | {seconds(row['read_warm'])} | "
               f"{seconds(row['first_token_warm'])} | "
               f"{(row['resident_bytes'] - row['bytes']) / 1e6:.0f} |")
    yield ""


def first_answer_lines(document):
    def seconds(row):
        return f"{row['median']:.2f} ({row['min']:.2f}–{row['max']:.2f})"

    def words(command):
        shown = " ".join(word if " " not in word and "\n" not in word else f"'{word}'" for word in command)
        shown = shown.replace("\n", "⏎")
        return shown if len(shown) <= 72 else shown[:70] + "…"
    yield f"## The shipped models' first answers, {document['taken']}"
    yield ""
    yield "From the command to the first text and to its end (`bench/generate/first_answer.py`), in seconds,"
    yield "on all processors of this machine; translations and summaries are told when they are whole."
    yield ""
    yield "| `parvis` | first text | whole answer |"
    yield "|" + " --- |" * 3
    for row in document["commands"]:
        yield f"| `{words(row['command'])}` | {seconds(row['first_text'])} | {seconds(row['whole'])} |"
    yield ""


def scaling_lines(document):
    yield f"## Training on several ranks, {document['taken']}"
    yield ""
    yield f"The same steps of {document['model']} ({document['dtype']}, {document['batch_tokens']} tokens) under"
    yield "mpirun on one machine, a thread for each rank (`bench/train/scaling.py`). Ranks exchange through"
    yield "memory: what is missing to the whole is Parvis's own, not a network's."
    yield ""
    yield "| ranks | tokens/s | for each rank, to one alone |"
    yield "|" + " --- |" * 3
    alone = document["rows"][0]["tokens_per_second"]["median"]
    for row in document["rows"]:
        speed = row["tokens_per_second"]
        yield (f"| {row['ranks']} | {speed['median']:.0f} ({speed['min']:.0f}–{speed['max']:.0f}) | "
               f"{speed['median'] / row['ranks'] / alone:.0%} |")
    yield ""


DATA_NAMES = {"bpe": "byte-level BPE", "wordpiece": "WordPiece", "unigram": "Unigram",
              "build": "building a data set", "duplicates": "near duplicates alone"}


def data_lines(document):
    yield f"## Learning tokenisers, building data sets, {document['taken']}"
    yield ""
    yield f"MB of text a second, of whole commands, reading included (`bench/data/measure.py`); vocabularies of"
    yield f"{document['vocabulary']:,} tokens. Novels are French and English (ELTeC); made-up text is that of"
    yield "`bench/data/make_text.py`. Building cleans, measures, finds duplicates and personal data, and writes."
    yield "Twice the text at the same MB/s is linear work. Learning looks at different words only, of which the"
    yield "100 MB have twice as many as the 50: the French novels come first. *Ratio* is Parvis over the trainers"
    yield f"of Hugging Face's tokenizers {document['engines'].get('tokenizers', '')} on the same text."
    yield ""
    yield "| what | text | MB | 1 thread | 2 threads | memory, MiB | tokenizers, 2 threads | ratio |"
    yield "|" + " --- |" * 8
    groups = {}
    for row in document["rows"]:
        groups.setdefault((row["what"], row["text"], row["mb"]), {})[row["engine"], row["threads"]] = row

    def rate(row):
        return f"**{number(row['mb'] / row['seconds'])}** ({row['seconds']:.1f} s)" if row else "–"
    for (what, text, megabytes), rows in groups.items():
        ours, theirs = rows.get((OURS, 2)), rows.get(("tokenizers", 2))
        ratio_text = f"{theirs['seconds'] / ours['seconds']:.1f}" if ours and theirs else "–"
        memory = f"{ours['peak_mib']}" if ours else "–"
        yield (f"| {DATA_NAMES[what]} | {text} | {megabytes} | {rate(rows.get((OURS, 1)))} | {rate(ours)} | "
               f"{memory} | {rate(theirs)} | {ratio_text} |")
    yield ""


def serve_rows(document):
    """(model, what, lower is better, {engine: [median, low, high]}), a line of the table each."""
    found = {}
    for row in document["rows"]:
        place = {"prompt": row.get("prompt"), "clients": row.get("clients")}

        def put(what, values, factor=1.0, lower=True):
            key = (row["model"], what.format(**place), lower)
            found.setdefault(key, {})[row["engine"]] = [factor * values[k]
                                                        for k in ("median", "min", "max")]
        if row["test"] == "one":
            put("first token of a prompt of {prompt}, ms", row["first_token"], 1e3)
            put("then, after {prompt}, tokens/s", row["rate"], lower=False)
        elif row["test"] == "prefix":
            put("a beginning of {prompt} tokens: first token, ms", row["first_token"], 1e3)
            put("… again, with another end, ms", row["again"], 1e3)
        elif row["test"] == "several":
            put("{clients} clients, all tokens/s", row["rate"], lower=False)
            put("… first token of {clients} clients, ms", row["first_token"], 1e3)
        elif row["test"] == "memory":
            put("most memory held, MB", row["bytes"], 1e-6)
    for (model, what, lower), engines in found.items():
        yield model, what, lower, engines


def serve_lines(document):
    yield f"## Serving, {document['taken']}"
    yield ""
    yield "Over HTTP, streamed, `/v1/completions` of each (`bench/serve/compare.py`, whose load comes from"
    yield f"`serve_load` on the same two processors): {engine_words(document)}."
    yield "*Ratio*: Parvis over the best of the others, below 1 is better for times, above 1 for rates. Parvis's memory is mostly what it"
    yield "keeps of the prompts before, in case they begin another (`--kv-memory` bounds it, here 2 GiB): with GPT-2 it holds 168 MB when it"
    yield "has started, 256 MB after a prompt of 500 tokens."
    yield ""
    names = list(document["engines"])
    yield "| model | what | " + " | ".join(names) + " | ratio |"
    yield "|" + " --- |" * (len(names) + 3)
    for model, what, lower, engines in serve_rows(document):
        cells = [f"{number(v[0])} ({number(v[1])}–{number(v[2])})" if (v := engines.get(n)) else "–"
                 for n in names]
        others = [engines[n][0] for n in names if n != OURS and n in engines]
        against = (min(others) if lower else max(others)) if others else None
        ratio_text = f"{engines[OURS][0] / against:.2f}" if against and OURS in engines else "–"
        yield f"| {model} | {what} | " + " | ".join(cells) + f" | {ratio_text} |"
    yield ""
    if "path" in document:
        yield "What the path costs (identity, access, limits, records before the first and the last byte), with a"
        yield "model of next to no arithmetic, seen by the client; `sync`: a write of 4 KiB alone, synced."
        yield ""
        yield "| records on | requests a second | median, ms | 99 %, ms | sync alone, median and 99 %, ms |"
        yield "|" + " --- |" * 5
        for name, row in document["path"].items():
            yield (f"| {name} | {row['rate']:.0f} | {1e3 * row['p50']:.1f} | {1e3 * row['p99']:.1f} | "
                   f"{1e3 * row['sync']['p50']:.2f}, {1e3 * row['sync']['p99']:.2f} |")
        yield ""
    if "idle" in document:
        idle = document["idle"]
        yield (f"{idle['streams']:,} streams that wait for their turn hold "
               f"{idle['bytes_each'] / 1024:.1f} KiB of resident memory each, connection included.")
        yield ""


def stations_lines(document):
    def words(times):
        return f"{times['p50_ms']:.2f}, {times['p99_ms']:.2f}"

    lines = [
        f"## Identity and budgets, {document['taken']}", "",
        "What a request waits for besides its model (`bench/serve/stations.py`): identity, taking the worst case out of",
        f"its budgets and giving back the rest, for {document['users']} users with limits of each kind; and its two records, on the",
        "disk before the first and the last byte. `sync`: a write of 4 KiB alone, synced. Median and 99 %, ms.", "",
        "| database | requests a second | identity and budgets | both records | sync alone |",
        "| --- | --- | --- | --- | --- |",
    ]
    for run in document["runs"]:
        lines.append(f"| {run['database']} | {run['requests_per_second']:.0f} | {words(run['stations'])} | "
                     f"{words(run['both_records'])} | {words(document['sync'])} |")
    return lines + [""]


def overload_lines(document):
    yield f"## A crowd at the door, {document['taken']}"
    yield ""
    yield "Ten times as many requests as the server can answer (`bench/serve/overload.py`): prompts of 32 tokens, 32 answered, 64"
    yield "under way at most, all others sent away with 503 and `retry-after`. The load comes from the same two processors. *Share*: answered"
    yield "in the crowd over the most answered without it; 0.9 was asked."
    yield ""
    yield "| model | most a second | offered a second | answered a second | share | alone, ms | as before after, s |"
    yield "|" + " --- |" * 7
    for run in document["runs"]:
        yield (f"| {pathlib.Path(run['model']).stem} | {run['peak_per_s']:.0f} | {run['offered_per_s']:.0f} | {run['answered_per_s']:.0f} | "
               f"{run['share']:.2f} | {1e3 * run['alone_s']:.0f} | {run['recovery_s']:.2f} |")
    yield ""


def backup_lines(document):
    yield f"## Backup, {document['taken']}"
    yield ""
    yield (f"{document['rows']:,} requests and as many answers (`bench/serve/backup.py`): `parvis backup` {document['backup_seconds']:.0f} s into a file of "
           f"{document['bytes'] / 1e6:.0f} MB, `parvis restore` {document['restore_seconds']:.0f} s; what is restored "
           f"{'has' if document['same_rows'] else 'does not have'} the same rows.")
    yield ""


def isolation_lines(document):
    rows = [("prefix of the prompt", "across", "within"), ("grammar of the answer", "forms_across", "forms_within")]
    yield f"## What times tell of others, {document['taken']}"
    yield ""
    yield "How well a caller can tell by the time of their own request whether somebody else has just sent the same one (`tests/server/isolation.py"
    yield "--timing`): area under the ROC curve, 0.5 tells nothing. Between tenants 0.45 to 0.55 was asked; within one the attack must succeed,"
    yield "or it would prove nothing."
    yield ""
    yield "| kept | between tenants | within one |"
    yield "|" + " --- |" * 3
    for name, across, within in rows:
        cells = [f"{document[key]['auc']:.3f} ({document[key]['pairs']} pairs)" for key in (across, within)]
        yield f"| {name} | {cells[0]} | {cells[1]} |"
    yield ""


def engine_words(document):
    return ", ".join(f"{name} {version}".strip() for name, version in document["engines"].items())


def page():
    lines = [INTRODUCTION]
    for path in sorted(RESULTS.glob("*.json")):
        document = json.loads(path.read_text())
        make = {"parvis.bench.generate/1": lambda d: generate_lines(d, Limits(d)),
                "parvis.bench.train/1": lambda d: train_lines(d, Limits(d)),
                "parvis.bench.train_scaling/1": scaling_lines,
                "parvis.bench.data/1": data_lines,
                "parvis.bench.start/1": start_lines,
                "parvis.bench.first_answer/1": first_answer_lines,
                "parvis.bench.serve/1": serve_lines,
                "parvis.bench.stations/1": stations_lines,
                "parvis.bench.backup/1": backup_lines,
                "parvis.bench.overload/1": overload_lines,
                "parvis.bench.isolation/1": isolation_lines,
                "parvis.bench.streams/1": streams_lines,
                "parvis.judge.perplexity/1": perplexity_lines,
                "parvis.judge.full_size/1": full_size_lines}[document["schema"]]
        lines.extend(make(document))
    lines.append(REASONS)
    return "\n".join(lines).rstrip() + "\n"


def main():
    text = page()
    if sys.argv[1:] == ["--check"]:
        if PAGE.read_text() != text:
            sys.exit("docs/performance.md is not what bench/results/ gives: run bench/report.py")
        return
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(text)


if __name__ == "__main__":
    main()
