#!/usr/bin/env python3
"""Log-likelihoods of passages under transformers' models, for parvis/eval/scorer.h.

Writes tests/golden/eval/likelihoods.json. The decoder is parvis-fable, as a folder in f32 that
`parvis convert models/parvis-fable.gguf FABLE --dtype f32` writes; the masked model and the one
with an encoder are the tiny random ones of make_pipelines.py and make_t5.py. Everything is computed
in float64 from whole rows of logits, one passage at a time.

usage: make_eval.py FABLE"""

import json
import pathlib
import sys

import torch
import transformers

ROOT = pathlib.Path(__file__).resolve().parents[2]
PASSAGES = [
    ["", "The little cat sat on the mat and slept."],
    ["", "The little cat sat on the mat and sleep."],
    ["", "Many girls walk to the river."],
    ["", "Many girls walks to the river."],
    ["", "Le chat (noir) a vu l'oiseau — déjà 日本 !"],
    ["", "a"],
    ["One day Anna went to the river with her", " dog."],
    ["One day Anna went to the river with her", " brother Tom, and they saw a big fish"],
    ["She opened the door and went into the", " room"],
    ["Question: What do cows eat?\nAnswer:", " grass"],
    ["Question: What do cows eat?\nAnswer:", " the moon and the stars"],
    ["He said:", "\n\"Yes!\""],
]


def logs(logits):
    return torch.log_softmax(logits.to(torch.float64), -1)


def decoder(model, tokenizer, context, continuation):
    """As lm-evaluation-harness does it: tokens of the whole, less those of the context."""
    plain = {"add_special_tokens": False}
    whole = tokenizer(context + continuation, **plain).input_ids
    before = tokenizer(context, **plain).input_ids if context else []
    assert whole[: len(before)] == before, (context, continuation)
    prefix = []
    if not context or tokenizer("a").input_ids[:1] == [tokenizer.bos_token_id]:
        first = tokenizer.bos_token_id
        prefix = [tokenizer.eos_token_id if first is None else first]
    ids = prefix + whole
    rows = logs(model(torch.tensor([ids])).logits[0])
    return [(rows[i - 1], ids[i]) for i in range(len(prefix) + len(before), len(ids))]


def masked(model, tokenizer, context, continuation):
    encoded = tokenizer(context + continuation, return_offsets_mapping=True)
    ids = encoded.input_ids
    scored = [i for i, (_, end) in enumerate(encoded.offset_mapping) if end > len(context)]
    result = []
    for i in scored:
        hidden = list(ids)
        hidden[i] = tokenizer.mask_token_id
        result.append((logs(model(torch.tensor([hidden])).logits[0])[i], ids[i]))
    return result


def encoder_decoder(model, tokenizer, context, continuation):
    read = tokenizer(context).input_ids
    ids = tokenizer(continuation, add_special_tokens=False).input_ids
    start = model.config.decoder_start_token_id
    inputs = torch.tensor([[start] + ids[:-1]])
    rows = logs(model(input_ids=torch.tensor([read]), decoder_input_ids=inputs).logits[0])
    return list(zip(rows, ids))


def score(pairs):
    values = [float(row[token]) for row, token in pairs]
    likeliest = all(int(row.argmax()) == token for row, token in pairs)
    return {"log_likelihood": round(sum(values), 6), "tokens": len(values), "likeliest": likeliest}


def main(fable):
    torch.set_num_threads(1)
    golden = ROOT / "tests/golden"
    models = {
        "fable": (fable, transformers.AutoModelForCausalLM, decoder),
        "bert": (golden / "encoders/bert_masked_lm", transformers.AutoModelForMaskedLM, masked),
        "t5": (golden / "models/t5_text", transformers.AutoModelForSeq2SeqLM, encoder_decoder),
    }
    out = {}
    for name, (folder, kind, rows) in models.items():
        model = kind.from_pretrained(folder, dtype=torch.float32).eval()
        # The file as it is: T5Tokenizer of transformers 5 puts another pre-tokeniser in its place,
        # for which a line break is no space.
        tokenizer = transformers.PreTrainedTokenizerFast.from_pretrained(folder)
        with torch.no_grad():
            out[name] = [
                {"context": c, "continuation": t, **score(rows(model, tokenizer, c, t))}
                for c, t in PASSAGES
            ]
    path = golden / "eval/likelihoods.json"
    path.write_text(json.dumps(out, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:  # as `./dev golden` calls it
        print("skipped: make_eval.py FABLE (README.md)")
        sys.exit(0)
    main(pathlib.Path(sys.argv[1]))
