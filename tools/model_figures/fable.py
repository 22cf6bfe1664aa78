"""Bits per byte, grammar, and short answers."""

import json
import re
import zipfile

from model_figures.common import bits_per_byte, generated, rows
from model_figures.lens_answers import longest_match

BEGINNINGS = [
    "Once upon a time", "The little girl opened the door and", '"I am not afraid," said the boy,', "In the morning, the king",
    "I like to", "The old man looked at the sea.", "There was once a fox who", "The bird sang", "Tom and his sister", "It was raining, and",
    "The sun is", "Nobody knew why", '"Come here," said', "My mother", "A long time ago, people", "The cat sat", "When the war ended,",
    "She took the letter and", "The teacher asked", "At last they",
    "Il était une fois", "La petite fille ouvrit la porte et", "— Je n'ai pas peur, dit le garçon,", "Le lendemain matin, le roi", "J'aime",
    "Le vieil homme regardait la mer.", "Un renard", "L'oiseau chantait", "Pierre et sa sœur", "Il pleuvait, et", "Le soleil est",
    "Personne ne savait pourquoi", "— Venez ici, dit", "Ma mère", "Autrefois, les hommes", "Le chat", "Quand la guerre fut finie,",
    "Elle prit la lettre et", "Le maître demanda", "Enfin ils"]


def samples(parvis, data, texts):
    """Twenty beginnings of each language."""
    return generated(parvis, BEGINNINGS, 48, 0.8)



# Of the whole of BLiMP: alexwarstadt/blimp, raw_results/summary/models_summary.jsonl.
PUBLISHED = {"5-gram (published)": 0.612, "LSTM (published)": 0.698, "GPT-2 (published)": 0.830}


def minimal_pairs(parvis, data, count=0):
    """The share of BLiMP's pairs whose good sentence is the likelier one; `count`: of the first so many of each kind."""
    folder = parvis.scratch / "blimp"
    folder.mkdir()
    with zipfile.ZipFile(data / "eval-blimp/BLiMP.zip") as archive:
        for name in archive.namelist():
            if name.endswith(".jsonl") and "__MACOSX" not in name:
                lines = archive.read(name).splitlines(keepends=True)
                (folder / name.split("/")[-1]).write_bytes(b"".join(lines[:count or None]))
    return parvis.suite("minimal-pairs", folder)


def blimp(parvis, data, texts):
    """BLiMP: the share of pairs whose good sentence is the likelier one."""
    return {"model": minimal_pairs(parvis, data), **PUBLISHED}


def answers(language):
    """F1 of what the model writes behind a held-out text, its question and "Answer:", up to the line's end."""
    words = {"en": ("Question:", "Answer:"), "fr": ("Question :", "Réponse :")}[language]

    def measure(parvis, data, texts):
        asked = []
        for row in rows(texts / "corpus/text/heldout.jsonl"):
            if row["source"].startswith("questions-") and row["source"].endswith(f"-{language}"):
                context, *rest = re.split(rf"\n{words[0]} ", row["text"])
                asked += [(context, *(part.strip() for part in pair.split(f"\n{words[1]}"))) for pair in rest]
        asked = parvis.limited(asked)
        prompts = [f"{context}\n{words[0]} {question}\n{words[1]}" for context, question, _ in asked]
        file = parvis.file("prompts.jsonl", [json.dumps({"prompt": p}, ensure_ascii=False) for p in prompts])
        document = parvis.run("generate", "--prompts", file, "-n", 24, "--temperature", 0, "--stop", "\n")
        lines = [{"id": str(i), "question": question, "context": context, "answers": [answer]}
                 for i, (context, question, answer) in enumerate(asked)]
        file = parvis.file("questions.jsonl", [json.dumps(line, ensure_ascii=False) for line in lines])
        result = {"model": parvis.outputs("answers", file, [r["text"].strip() for r in document["results"]], "--language", language)}
        if not parvis.alone:
            nearest = [longest_match(question, context) for context, question, _ in asked]
            result["nearest sentence"] = parvis.outputs("answers", file, nearest, "--language", language)
        return result

    return measure


FIGURES = {"bits_per_byte": bits_per_byte, "blimp": blimp, "own questions, English": answers("en"),
           "own questions, French": answers("fr")}
