#!/usr/bin/env python3
"""Writes tests/golden/sampling.json: what Hugging Face transformers makes of a row of logits before
it draws a token, for combinations of sampling parameters. Usage: make_sampling.py [OUT_FILE]"""

import json
import pathlib
import sys

import torch
from transformers import (LogitsProcessorList, MinPLogitsWarper, RepetitionPenaltyLogitsProcessor,
                          SequenceBiasLogitsProcessor, TemperatureLogitsWarper, TopKLogitsWarper,
                          TopPLogitsWarper, TypicalLogitsWarper)

ROOT = pathlib.Path(__file__).resolve().parents[2]
VOCAB_SIZE = 24

CASES = [
    {},
    {"temperature": 0.7},
    {"temperature": 1.8},
    {"top_k": 5},
    {"top_p": 0.9},
    {"top_p": 0.5, "temperature": 1.5},
    {"min_p": 0.1},
    {"repetition_penalty": 1.3},
    {"repetition_penalty": 0.8, "temperature": 0.9},
    {"logit_bias": [[3, 2.5], [17, -4.0]]},
    {"top_k": 8, "top_p": 0.8},
    {"temperature": 0.6, "top_k": 12, "top_p": 0.95, "min_p": 0.05},
    {"logit_bias": [[5, 3.0]], "repetition_penalty": 1.5, "temperature": 1.2, "top_k": 10,
     "top_p": 0.85, "min_p": 0.08},
    {"typical_p": 0.5},
    {"typical_p": 0.9, "temperature": 0.7},
    {"typical_p": 0.2, "top_k": 12, "top_p": 0.95, "min_p": 0.02},
]


def processors(case):
    """In the order in which generate() applies them."""
    chain = LogitsProcessorList()
    if "logit_bias" in case:
        chain.append(SequenceBiasLogitsProcessor({(t,): b for t, b in case["logit_bias"]}))
    if "repetition_penalty" in case:
        chain.append(RepetitionPenaltyLogitsProcessor(case["repetition_penalty"]))
    if "temperature" in case:
        chain.append(TemperatureLogitsWarper(case["temperature"]))
    if "top_k" in case:
        chain.append(TopKLogitsWarper(case["top_k"]))
    if "top_p" in case:
        chain.append(TopPLogitsWarper(case["top_p"]))
    if "min_p" in case:
        chain.append(MinPLogitsWarper(case["min_p"]))
    if "typical_p" in case:
        chain.append(TypicalLogitsWarper(case["typical_p"]))
    return chain


def main():
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "tests/golden/sampling.json"
    generator = torch.Generator().manual_seed(20)
    cases = []
    for case in CASES:
        logits = (2.0 * torch.randn(VOCAB_SIZE, generator=generator)).float()
        prompt = torch.randint(0, VOCAB_SIZE, (6,), generator=generator)
        scores = processors(case)(prompt[None], logits[None].clone())[0]
        cases.append({"params": case, "prompt": prompt.tolist(), "logits": logits.tolist(),
                      "probabilities": torch.softmax(scores.double(), -1).tolist()})
    lines = ",\n".join(json.dumps(case) for case in cases)
    out.write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
