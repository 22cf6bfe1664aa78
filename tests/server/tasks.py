#!/usr/bin/env python3
"""What the routes for tasks say is what the commands say: tasks.py PARVIS.

The commands are held to transformers' pipelines (parvis/runtime's tests); here each answer over HTTP
must be theirs, number by number. A model that ranks is made of the golden classifier: its first label."""
import json
import pathlib
import struct
import subprocess
import sys

from served import SOURCE, expect, serving

TEXTS = ["The cat sat on the mat.", "Léa et Tom vivent à Paris, près de la rivière.",
         "Anna Smith went to London with her brother John"]
LONG = " ".join(TEXTS * 40)


def said(program, *arguments, stdin=""):
    done = subprocess.run([program, *arguments, "--json"], input=stdin, capture_output=True, text=True)
    expect(done.returncode == 0, "the command failed", arguments[:3], done.stderr)
    return json.loads(done.stdout)


def near(a, b):
    """Equal, but for the last bits of numbers."""
    if isinstance(a, float) or isinstance(b, float):
        return abs(a - b) <= 1e-6 * max(1, abs(a), abs(b))
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(near(a[k], b[k]) for k in a)
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(near, a, b))
    return a == b


def asked(server, route, **body):
    status, _, data = server.ask("POST", route, body)
    expect(status == 200, "refused", route, body, status, data[:300])
    answer = json.loads(data)
    usage = answer["usage"]
    used = usage["prompt_tokens"] + usage.get("completion_tokens", 0)
    expect(usage["total_tokens"] == used, "usage", route, usage)
    return answer


def same(what, got, wanted):
    expect(near(got, wanted), what + ": not what the command says", got, wanted)


def first_label(folder, to):
    """The classifier with only the first row of its last layer."""
    to.mkdir()
    for file in folder.iterdir():
        if file.name != "model.safetensors":
            (to / file.name).write_bytes(file.read_bytes())
    config = json.loads((folder / "config.json").read_text())
    config["id2label"], config["label2id"] = {"0": "relevant"}, {"relevant": 0}
    config["problem_type"] = None
    (to / "config.json").write_text(json.dumps(config))
    data = (folder / "model.safetensors").read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header, out, tensors = json.loads(data[8:8 + size]), {}, b""
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = (8 + size + offset for offset in entry["data_offsets"])
        bytes_, shape = data[begin:end], entry["shape"]
        if name in ("classifier.weight", "classifier.bias"):
            bytes_, shape = bytes_[:len(bytes_) // shape[0]], [1] + shape[1:]
        out[name] = {"dtype": entry["dtype"], "shape": shape,
                     "data_offsets": [len(tensors), len(tensors) + len(bytes_)]}
        tensors += bytes_
    header = json.dumps(out).encode()
    header += b" " * (-len(header) % 8)
    (to / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + tensors)


def heads(program, server, golden):
    lines = "\n".join(TEXTS) + "\n"
    got = asked(server, "/v1/classify", model="labels", input=TEXTS, top_k=3)["results"]
    wanted = said(program, "classify", golden / "bert_sequence", "-k", "3", stdin=lines)["results"]
    same("classify", [r["labels"] for r in got], [r["labels"] for r in wanted])
    # More texts than one turn of the model's thread takes.
    many = asked(server, "/v1/classify", model="labels", input=TEXTS * 30, top_k=3)["results"]
    same("classify in turns", many, got * 30)
    got = asked(server, "/v1/classify", model="labels", input=TEXTS[0], pair=TEXTS[1])["results"]
    wanted = said(program, "classify", golden / "bert_sequence", TEXTS[0], "--pair", TEXTS[1])
    same("classify pairs", got[0]["labels"], wanted["results"][0]["labels"])
    for aggregation in ("none", "simple", "first", "max", "average"):
        got = asked(server, "/v1/classify", model="names", input=TEXTS, aggregation=aggregation)
        wanted = said(program, "classify", golden / "bert_tokens", "--tokens", "--aggregation",
                      aggregation, stdin=lines)
        same("labels of tokens", [r["tokens"] for r in got["results"]],
             [r["tokens"] for r in wanted["results"]])
    texts = ["The [MASK] sat on the mat.", "[MASK] and [MASK]."]
    got = asked(server, "/v1/fill", model="masks", input=texts, top_k=4)["results"]
    wanted = said(program, "fill", golden / "bert_masked_lm", "-k", "4",
                  stdin="\n".join(texts) + "\n")["results"]
    same("fill", [r["masks"] for r in got], [r["masks"] for r in wanted])
    for text in (TEXTS[2], LONG):  # the long one is looked at in many windows, turn by turn
        got = asked(server, "/v1/answer", model="spans", question="Who?", text=text, top_k=5)
        wanted = said(program, "answer", golden / "bert_span", "--question", "Who?", "-k", "5",
                      text)["results"][0]
        same("answers", got["answers"], wanted["answers"])
        same("no answer", got["no_answer"], wanted["no_answer"])


def tokens(program, server):
    text = "Once upon a time, Léa."
    path = server.folder / "models/fable.gguf"
    wanted = said(program, "tokenize", "-m", path, text, "--offsets")
    got = asked(server, "/v1/tokenize", model="fable", text=text, offsets=True)
    for field in ("count", "ids", "tokens", "offsets"):
        same("tokenize " + field, got[field], wanted[field])
    back = asked(server, "/v1/tokenize", model="fable", ids=got["ids"])
    same("ids to text", back["text"],
         said(program, "tokenize", "-m", path, "--decode", json.dumps(got["ids"]))["text"])


def ranks(program, server):
    documents = TEXTS + ["The river."]
    results = asked(server, "/v1/rerank", model="ranker", query=TEXTS[0], documents=documents * 10)
    results = results["results"]
    expect(len(results) == 40, "all documents", len(results))
    scores = {r["index"]: r["relevance_score"] for r in results}
    for i, document in enumerate(documents):
        wanted = said(program, "classify", server.folder / "models/ranker", TEXTS[0], "--pair", document)
        same("rerank by reading both", scores[i], wanted["results"][0]["labels"][0]["score"])
        same("in a later turn", scores[i + 36], scores[i])
    expect(results == sorted(results, key=lambda r: (-r["relevance_score"], r["index"])), "the order")
    # By embeddings: their cosines.
    vectors = [e["embedding"] for e in
               asked(server, "/v1/embeddings", model="bert", input=[TEXTS[0]] + documents)["data"]]
    results = asked(server, "/v1/rerank", model="bert", query=TEXTS[0], top_n=2,
                    documents=[{"text": d} for d in documents])["results"]
    cosines = [sum(a * b for a, b in zip(vectors[0], v)) for v in vectors[1:]]
    order = sorted(range(len(documents)), key=lambda i: -cosines[i])[:2]
    expect([r["index"] for r in results] == order, "the best two", results, cosines)
    for r in results:
        same("cosine", r["relevance_score"], cosines[r["index"]])
        expect(r["document"] == {"text": documents[r["index"]]}, "the document", r)


def text_to_text(program, server, golden):
    model = golden.parent / "models/t5_text"
    texts = TEXTS[:2] + [" ".join(TEXTS * 20)]
    direction = ["--from", "en", "--to", "fr"]  # the command would guess it
    for text in texts:
        for beams in (None, 1):
            flags = [] if beams is None else ["--beams", str(beams)]
            more = {} if beams is None else {"num_beams": beams}
            wanted = said(program, "translate", model, text, *direction, *flags)
            got = asked(server, "/v1/translate", model="t5", text=text, **{"from": "en"}, to="fr",
                        **more)
            same("translate", got["text"], wanted["text"])
            same("pieces", got["pieces"], len(wanted["pieces"]))
            wanted = said(program, "summarize", model, text, *flags)
            got = asked(server, "/v1/summarize", model="t5", text=text, **more)
            same("summarize", got["text"], wanted["text"])
            same("rounds", got["rounds"], [len(r) for r in wanted["rounds"]])
    bert, text = golden / "bert_masked_lm", " ".join(TEXTS)
    for flags, more in (([], {}), (["--sentences", "2"], {"sentences": 2})):
        wanted = said(program, "summarize", bert, text, *flags)
        got = asked(server, "/v1/summarize", model="bert", text=text, **more)
        same("chosen", got["text"], wanted["text"])
        same("chosen", [s["index"] for s in got["sentences"]], [s["index"] for s in wanted["sentences"]])
    wanted = said(program, "translate", server.folder / "models/fable.gguf", TEXTS[0], *direction, "-n", "5")
    got = asked(server, "/v1/translate", model="fable", text=TEXTS[0], **{"from": "en"}, to="fr",
                max_tokens=5)
    same("translate by going on", got["text"], wanted["text"])


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    golden = SOURCE / "tests/golden/encoders"
    with serving(program) as server:
        first_label(golden / "bert_sequence", server.folder / "models/ranker")
        heads(program, server, golden)
        tokens(program, server)
        ranks(program, server)
        text_to_text(program, server, golden)


if __name__ == "__main__":
    main()
