"""Summaries beside the first sentences of their texts."""

import json
import re

from model_figures.common import rows


def sentences(text):
    return [s for s in re.split(r"(?<=[.!?])\s+", text.replace("\n", " ")) if s.strip()]


def summary(name, source, target, *flags, most=None):
    """ROUGE F1 (rouge_score's) beside the first sentences of the text; of the first `most` documents, if chapters take long."""

    def measure(parvis, data, texts):
        path = data / name
        documents = parvis.limited(rows(path))[:most]
        file = parvis.file("summary.jsonl", [json.dumps({"source": r[source], "target": r[target]}) for r in documents])
        result = {"model": parvis.suite("summary", file, *flags)}
        for count in () if parvis.alone else (1, 3):
            result[f"lead-{count}"] = parvis.outputs(
                "summary", file, [" ".join(sentences(r[source])[:count]) for r in documents])
        return result

    return measure
