"""Parts of a text that answer a question: PIAF (French), XQuAD (English), and held-out questions of our own rules."""

import json
import re

from model_figures.common import rows


def longest_match(question, context):
    """The run of up to eight words behind the sentence's words that the question has: what needs no model. The sentence
    that shares most words with the question, without these words."""
    asked = set(re.findall(r"\w+", question.lower()))
    best = max(re.split(r"(?<=[.!?])\s+", context),
               key=lambda s: len(asked & set(re.findall(r"\w+", s.lower()))) / (4 + len(s.split())))
    rest = [w for w in best.split() if re.sub(r"\W", "", w.lower()) not in asked]
    return " ".join(rest[:8]).strip(" .,;")


def answers(place, language):
    def measure(parvis, data, texts):
        path = texts / place if place.startswith("questions") else data / place
        documents = parvis.limited([r for r in rows(path) if r.get("language", language) == language])
        lines = []
        for i, r in enumerate(documents):
            found = r.get("answers", r.get("answer"))
            found = found["text"] if isinstance(found, dict) else found
            found = [found] if isinstance(found, str) else [a["text"] if isinstance(a, dict) else a for a in found]
            lines.append({"id": str(i), "question": r["question"], "context": r["context"], "answers": found})
        file = parvis.file("questions.jsonl", [json.dumps(line, ensure_ascii=False) for line in lines])
        result = {"model": parvis.suite("answers", file, "--language", language)}
        if not parvis.alone:
            nearest = [longest_match(r["question"], r["context"]) for r in lines]
            result["nearest sentence"] = parvis.outputs("answers", file, nearest, "--language", language)
        return result

    return measure


FIGURES = {"piaf": answers("qa-fr-piaf/piaf_test.jsonl", "fr"), "xquad": answers("qa-en/xquad_en.jsonl", "en"),
           "own questions, English": answers("questions/heldout.jsonl", "en"),
           "own questions, French": answers("questions/heldout.jsonl", "fr")}
