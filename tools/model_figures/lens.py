"""Hidden words, sentences found by their translations, and summaries of chosen sentences."""

import collections
import random
import re

from model_figures.common import by_language, pairs
from model_figures.summaries import summary


def hidden_words(parvis, data, texts):
    """Share of hidden words (one of a held-out sentence of 6 to 40 words, seen whole by the model's tokeniser or not) that
    the likeliest filling meets, by language, beside the most frequent word."""
    result = {}
    for language in ("en", "fr"):
        documents = by_language(texts)[language]
        draw, asked, words = random.Random(11), [], []
        for text in documents:
            for sentence in re.split(r"(?<=[.!?])\s+", text.replace("\n", " ")):
                places = [m for m in re.finditer(r"\b[^\W\d_]+\b", sentence)]
                if 6 <= len(places) <= 40 and draw.random() < 0.3:
                    place = draw.choice(places)
                    asked.append(sentence[:place.start()] + "[MASK]" + sentence[place.end():])
                    words.append(place[0])
        asked, words = asked[: parvis.most or 2000], words[: parvis.most or 2000]
        answers = parvis.run("fill", "--file", parvis.file("masks.txt", asked), "--top-k", 5)["results"]
        first = five = 0
        for answer, word in zip(answers, words, strict=True):
            found = [f["token_text"].strip().lower() for f in answer["masks"][0]]
            first += found[0] == word.lower()
            five += word.lower() in found
        frequent = [w for w, _ in collections.Counter(w.lower() for w in words).most_common(5)]
        result[language] = {
            "first": {"n": len(words), "model": first / len(words),
                      "most frequent word": sum(w.lower() == frequent[0] for w in words) / len(words)},
            "among five": {"n": len(words), "model": five / len(words),
                           "five most frequent words": sum(w.lower() in frequent for w in words) / len(words)}}
    return result


def retrieval(file):
    """Share of sentences whose translation is the nearest of all of the set, both ways, by cosine; beside the share of
    common words (Jaccard of their four-letter beginnings), which needs no model."""

    def measure(parvis, data, texts):
        import numpy as np

        found = list(dict.fromkeys(parvis.limited(pairs(data / "parallel-en-fr" / file))))[:1000]
        seen, kept = set(), []
        for english, french in found:  # equal texts cannot be told apart
            if english not in seen and french not in seen:
                kept.append((english, french))
                seen |= {english, french}
        vectors, sets = [], []
        for side in (0, 1):
            lines = [" ".join(p[side].split()) for p in kept]
            results = parvis.run("embed", "--file", parvis.file(f"side{side}.txt", lines))["results"]
            vectors.append(np.array([r["embedding"] for r in results], np.float64))
            sets.append([{w[:4] for w in re.findall(r"\w+", line.lower())} for line in lines])
        vectors = [v / np.linalg.norm(v, axis=1, keepdims=True) for v in vectors]
        scores = vectors[0] @ vectors[1].T
        words = np.array([[len(a & b) / max(1, len(a | b)) for b in sets[1]] for a in sets[0]])
        right = np.arange(len(kept))

        return {way: {"n": len(kept), "model": float((scores.argmax(axis) == right).mean()),
                      "common words": float((words.argmax(axis) == right).mean()), "chance": 1 / len(kept)}
                for way, axis in (("en-fr", 1), ("fr-en", 0))}

    return measure


FIGURES = {"hidden_words": hidden_words, "retrieval tatoeba": retrieval("tatoeba_dev.tsv"),
           "retrieval python-docs": retrieval("python_docs_test.tsv"), "retrieval php-docs": retrieval("php_docs_test.tsv"),
           "retrieval ntrex": retrieval("ntrex_dev.tsv"),
           "scitldr": summary("sum-scitldr/test.jsonl", "source", "target"),
           "openstax": summary("sum-openstax-en/test.jsonl.xz", "source", "summary", most=40)}
