#!/usr/bin/env python3
"""Scores of given outputs by the scorers that everybody uses, for parvis/eval.

Writes tests/golden/eval/scores.json: pairs of output and references with sacreBLEU's BLEU and chrF,
rouge_score's ROUGE (without and with stemmer), the exact match and F1 of SQuAD 2.0's official
script; scores of the whole; stems of words by NLTK. Needs sacrebleu 2.6.0 and rouge_score 0.1.2 of
PyPI, and evaluate-v2.0.py from the page of SQuAD.

usage: make_scores.py EVALUATE_V2_PY"""

import importlib.util
import json
import pathlib
import sys

if len(sys.argv) != 2:  # as `./dev golden` calls it
    print("skipped: make_scores.py EVALUATE_V2_PY (README.md)")
    sys.exit(0)

import sacrebleu
from nltk.stem.porter import PorterStemmer
from rouge_score import rouge_scorer

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAIRS = [
    ["The cat sat on the mat.", ["The cat sat on the mat."]],
    ["the cat is sitting on the mat", ["The cat sat on a mat.", "A cat is sitting on the mat"]],
    ["", ["Nothing was said."]],
    ["a", ["a"]],
    ["Prices rose 3.5%, to $1,234.56 (about €1.1k) -- again...", [
        "Prices rose by 3.5 %, to $1,234.56 (some €1.1k) - again …"]],
    ["He said: &quot;Yes &amp; no&quot; &lt;b&gt; x-\ny", ['He said: "Yes & no" <b> xy']],
    ["Le chat n'a pas vu l'oiseau : « Où est-il ? »", [
        "Le chat n’a pas vu l’oiseau : « Où est-il ? »", "Le chat n'a vu aucun oiseau."]],
    ["2019-2020, 10-fold, A-1, 5-", ["2019 - 2020, 10 fold, A1, 5 -"]],
    ["été à Noël, naïve cœur", ["ÉTÉ À NOËL NAÏVE CŒUR"]],
    ["日本語のテキスト です。", ["日本語のテキストです。"]],
    ["İstanbul 20\u212a \u00a0 x\u2003y\x1fz\u200bw", ["istanbul 20k x y z w"]],
    ["<skipped> ... ,, .5 5. a.b,c é.é", ["... , .5 5. a . b , c é . é"]],
    ["the the the the the the", ["the cat is on the mat", "there is a cat on the mat the"]],
    ["two words", ["the two"]],
    ["The Norman Conquest", ["Norman conquest", "the conquest of the Normans"]],
    ["An apple a day, thé the\u0301 a_b the-end", ["apple day thé ab theend"]],
    ["the", ["an"]],
    ["1066 (AD)", ["in 1066", "1066"]],
    ["The studies relationally generalised flying dogs' happiness; they were hopping and agreed.", [
        "A study of relations generalises: the flying dog is happy, hops, agrees."]],
    ["Ox\u00b2 \u00bd x\u0301y ÀB\u0130", ["ox2 1/2 xy ab i"]],
    ["- ", ["-"]],
    ["many words stand here that no reference has whatever one may do", ["zzz qqq"]],
]
WORDS = """
sky skies dying news innings outing howe proceed exceed succeed cat caresses ponies ties dies flies caress cats
died spied tried feed agreed plastered bled motoring sing conflated troubled sized hopping tanned falling hissing
fizzed failing filing happy enjoy fly spy by yyyy syzygy toy relational conditional rational valenci hesitanci digitizer
conformabli radicalli differentli vileli analogousli vietnamization predication operator feudalism decisiveness
hopefulness callousness formaliti sensitiviti sensibiliti hopefulli geologi theologi logi triplicate formative
formalize electriciti electrical hopeful goodness revival allowance inference airliner gyroscopic adjustable
defensible irritant replacement adjustment dependent adoption homologou communism activate angulariti homologous
effective bowdlerize probate rate cease controll roll generally finally actually ing ied eed aed being was this
2000s a1ed national nationalli ally sion passion nation ions oed used using uses owed boxes boxed played saying
argument arguing universities easily early only really family families running runner argued
""".split()


def load(path):
    spec = importlib.util.spec_from_file_location("squad", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def bleu(outputs, references):
    return sacrebleu.metrics.BLEU().corpus_score(outputs, references)


def chrf(outputs, references):
    return sacrebleu.metrics.CHRF().corpus_score(outputs, references)


def rouge(scorer, output, references):
    scores = scorer.score_multi(references, output)
    return [round(value, 9) for name in sorted(scores) for value in scores[name]]


def main(squad):
    kinds = ["rouge1", "rouge2", "rougeL"]
    plain = rouge_scorer.RougeScorer(kinds)
    stemmed = rouge_scorer.RougeScorer(kinds, use_stemmer=True)
    pairs = []
    for output, references in PAIRS:
        each = [[reference] for reference in references]
        pairs.append({
            "output": output,
            "references": references,
            "tokens_13a": " ".join(sacrebleu.metrics.BLEU().tokenizer(output.rstrip()).split()),
            "bleu": round(bleu([output], each).score, 9),
            "chrf": round(chrf([output], each).score, 9),
            "rouge": rouge(plain, output, references),
            "rouge_stem": rouge(stemmed, output, references),
            "exact": max(squad.compute_exact(a, output) for a in references),
            "f1": round(max(squad.compute_f1(a, output) for a in references), 9),
        })
    outputs = [output for output, _ in PAIRS]
    first = [[references[0] for _, references in PAIRS]]
    # sacreBLEU takes the first reference again where a second one is missing.
    both = first + [[references[-1] for _, references in PAIRS]]
    stemmer = PorterStemmer()
    metrics = sacrebleu.metrics.BLEU(), sacrebleu.metrics.CHRF()
    for metric in metrics:
        metric.corpus_score(outputs, first)
    out = {
        "pairs": pairs,
        "corpus": {"bleu": bleu(outputs, first).score, "chrf": chrf(outputs, first).score,
                   "bleu_both": bleu(outputs, both).score, "chrf_both": chrf(outputs, both).score},
        "signatures": [str(metric.get_signature()) for metric in metrics],
        "stems": {word: stemmer.stem(word) for word in WORDS},
    }
    path = ROOT / "tests/golden/eval/scores.json"
    path.write_text(json.dumps(out, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(load(sys.argv[1]))
