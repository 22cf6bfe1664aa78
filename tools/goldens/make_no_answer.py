#!/usr/bin/env python3
"""Answers that are taken back, counted by SQuAD 2.0's official script, for parvis/eval/no_answer.h.

Writes tests/golden/eval/no_answer.json: questions with and without answers, what was answered, how
much rather there is none; and what the script gives for all, and with each of some thresholds.
Needs evaluate-v2.0.py from the page of SQuAD.

usage: make_no_answer.py EVALUATE_V2_PY"""

import importlib.util
import json
import pathlib
import random
import sys

if len(sys.argv) != 2:  # as `./dev golden` calls it
    print("skipped: make_no_answer.py EVALUATE_V2_PY (README.md)")
    sys.exit(0)

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORDS = ["red", "ball", "the", "river", "Anna", "dog", "morning", "soup"]
THRESHOLDS = [-100.0, -1.25, 0.0, 0.5, 2.0, 100.0]


def questions(count, source):
    """Rows [answers, output, no_answer]; scores with one decimal, so that some are equal."""
    rows = []
    for _ in range(count):
        said = " ".join(source.sample(WORDS, 3))
        answers = [] if source.random() < 0.4 else [said, " ".join(source.sample(WORDS, 2))]
        output = source.choice(["", said, said, " ".join(source.sample(WORDS, 2)), "the"])
        none = source.gauss(1.0 if not answers else -1.0, 1.5)
        rows.append([answers[source.randrange(2):] if answers else [], output, round(none, 1)])
    return rows


def judged(script, rows):
    """What the script's main() computes."""
    ids = [str(i) for i in range(len(rows))]
    dataset = [{"paragraphs": [{"qas": [
        {"id": i, "answers": [{"text": a} for a in answers]} for i, (answers, _, _) in zip(ids, rows)]}]}]
    outputs = {i: output for i, (_, output, _) in zip(ids, rows)}
    none = {i: score for i, (_, _, score) in zip(ids, rows)}
    known = script.make_qid_to_has_ans(dataset)
    raw = script.get_raw_scores(dataset, outputs)
    best = {}
    script.find_all_best_thresh(best, outputs, *raw, none, known)
    with_thresholds = []
    for threshold in THRESHOLDS:
        scores = [script.apply_no_ans_threshold(s, none, known, threshold) for s in raw]
        entry = {"threshold": threshold, **script.make_eval_dict(*scores)}
        for name, has in (("HasAns", True), ("NoAns", False)):
            some = [i for i in ids if known[i] == has]
            if some:
                script.merge_eval(entry, script.make_eval_dict(*scores, qid_list=some), name)
        with_thresholds.append(entry)
    return {"rows": rows, "best": best, "thresholds": with_thresholds}


def main(path):
    spec = importlib.util.spec_from_file_location("squad", path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    source = random.Random(3)
    sets = [questions(60, source), [row for row in questions(20, source) if not row[0]],
            [*questions(3, source), [[], "soup", 0.3]]]
    # All equally sure: the order decides.
    sets.append([[answers, output, 0.5] for answers, output, _ in questions(12, source)])
    # Worst where sure: the best is to answer nothing.
    sets.append([[[], "soup", -3.0], [["ball"], "dog", -2.0], [[], "river", 4.0], [[], "", 1.0]])
    out = [judged(script, rows) for rows in sets]
    text = json.dumps(out, ensure_ascii=False, separators=(",", ":")).replace('{"rows"', '\n{"rows"')
    (ROOT / "tests/golden/eval/no_answer.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
