"""Translations and summaries."""

import json
import re

from model_figures import dictionary
from model_figures.common import pairs, rows


def sentences(text):
    return [s for s in re.split(r"(?<=[.!?])\s+", text.replace("\n", " ")) if s.strip()]


def translation(file):
    """BLEU and chrF (sacreBLEU's) both ways, with four beams, beside a word-for-word dictionary that is learned from the
    same pairs, and the source itself."""

    def measure(parvis, data, texts):
        path = data / "parallel-en-fr" / file
        result = {}
        for way, more in (("en-fr", []), ("fr-en", ["--reverse"])):
            source, target = way.split("-")
            sources = [p[1 if more else 0] for p in parvis.limited(pairs(path))]
            result[way] = {"model": parvis.suite("translation", path, "--from", source, "--to", target, "--beams", 4, *more)}
            if parvis.alone:
                continue
            words = dictionary.learned(texts, way)
            result[way].update({
                "dictionary": parvis.outputs("translation", path, [dictionary.translated(words, s) for s in sources], *more),
                "source": parvis.outputs("translation", path, sources, *more)})
        return result

    return measure


def summary(name, source, target, most=None):
    """ROUGE F1 (rouge_score's) beside the first sentences of the text; of the first `most` documents, if chapters take long."""

    def measure(parvis, data, texts):
        path = data / name
        documents = parvis.limited(rows(path))[:most]
        file = parvis.file("summary.jsonl", [json.dumps({"source": r[source], "target": r[target]}) for r in documents])
        result = {"model": parvis.suite("summary", file, "--beams", 4)}
        for count in () if parvis.alone else (1, 3):
            result[f"lead-{count}"] = parvis.outputs(
                "summary", file, [" ".join(sentences(r[source])[:count]) for r in documents])
        return result

    return measure


def samples(parvis, data, texts):
    """Every 337th sentence of Tatoeba's development set, both ways."""
    found = pairs(data / "parallel-en-fr/tatoeba_dev.tsv")[::337][:10]
    results = []
    for side, way in ((0, ("en", "fr")), (1, ("fr", "en"))):
        for pair in found:
            answer = parvis.run("translate", "--from", way[0], "--to", way[1], "--text", pair[side], "--beams", 4)
            results.append({"prompt": pair[side] + " ", "text": answer["text"]})
    return {"settings": {"beams": 4}, "results": results}


FIGURES = {
    "tatoeba": translation("tatoeba_dev.tsv"),
    "python-docs": translation("python_docs_test.tsv"),
    "php-docs": translation("php_docs_test.tsv"),
    "scitldr": summary("sum-scitldr/test.jsonl", "source", "target"),
    "openstax": summary("sum-openstax-en/test.jsonl.xz", "source", "summary", most=40),
}
