"""A word-for-word dictionary learned from pairs: IBM's model 1 (Brown et al., 1993), four rounds, the likeliest word for
each word. The baseline of a translator."""

import collections
import functools
import itertools
import re

from model_figures.common import rows

ROUNDS = 4
PAIRS = 40_000


def words(text):
    return re.findall(r"\w+(?:['’](?=\w))?|[^\w\s]", text.lower())


@functools.cache
def learned(texts, way):
    """{word: word}, from the training pairs of a direction."""
    prefix = {"en-fr": "translate English to French: ", "fr-en": "translate French to English: "}[way]
    found = ((words(r["text"].removeprefix(prefix)), words(r["target"]))
             for r in rows(texts / "corpus/text/train.jsonl") if r["text"].startswith(prefix))
    pairs = list(itertools.islice((p for p in found if len(p[0]) <= 20 and len(p[1]) <= 24), PAIRS))
    table = collections.defaultdict(lambda: 1.0)
    for _ in range(ROUNDS):
        counts, totals = collections.defaultdict(float), collections.defaultdict(float)
        for source, target in pairs:
            for t in target:
                total = sum(table[s, t] for s in source) or 1.0
                for s in source:
                    share = table[s, t] / total
                    counts[s, t] += share
                    totals[s] += share
        table = collections.defaultdict(float, {k: v / totals[k[0]] for k, v in counts.items()})
    best = {}
    for (s, t), p in table.items():
        if p > best.get(s, ("", 0.0))[1]:
            best[s] = (t, p)
    return {s: t for s, (t, _) in best.items()}


def translated(table, text):
    out = " ".join(table.get(w, w) for w in words(text))
    out = re.sub(r" ([.,)])", r"\1", re.sub(r"(['’]) ", r"\1", out))
    return out[:1].upper() + out[1:]
