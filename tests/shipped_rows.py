#!/usr/bin/env python3
"""A few raw rows for a shipped model's recipe, written as tools/gather_text.py writes them, of text that is in this repository
(recipes/texts, and programs of tools/): for tests of the way from rows to a model.

usage: shipped_rows.py MODEL OUT_DIR     MODEL: pont, scribe, babel, lens, fable
"""

import importlib
import itertools
import json
import lzma
import pathlib
import sys

SOURCE = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(SOURCE / "tools"))
from model_text import asking, common, licences, pont, questions, questions_fr  # noqa: E402

TEXTS = SOURCE / "recipes/texts"
OURS = ("Apache-2.0", "Parvis")


class NoGuard:
    """The text of this repository is in no set for evaluation; those are not here."""

    files = {}

    def has(self, *texts):
        return False


def rows(name, most):
    with lzma.open(TEXTS / f"{name}.jsonl.xz", "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in itertools.islice(file, most)]


def texts(language, most=250):
    return [r["text"] for r in rows(language, most)]


def of_pont(writer):
    sources = (licences.TATOEBA, licences.PYTHON_DOCS, licences.PHP_DOCS, licences.RUST_BOOK, licences.TLDR)
    for number, row in enumerate(rows("pairs", 1500)):
        pont.both_ways(writer, sources[number % len(sources)], str(number), row["source"], row["target"], [])
    pont.made(writer, 200)
    for number, text in enumerate(texts("en", 120)):
        writer.add((licences.SUMMARIES, licences.SCITLDR)[number % 2], str(number), pont.SUMMARIZE + text[:1200],
                   common.sentences(text)[0], language="en")


def of_scribe(writer):
    for number, path in enumerate(sorted((SOURCE / "tools").rglob("*.py"))):
        writer.add(((("python", "torch", "sympy")[number % 3]), *OURS), path.name, path.read_text(), language="en")


def of_books(writer, step=1):
    for language, source in (("fr", "novels-fr"), ("en", "stories")):
        for number, text in enumerate(texts(language)[::step]):
            writer.add((source, "public domain", "recipes/texts"), str(number), text, language=language)


def of_babel(writer):
    of_books(writer, step=2)
    codes = ("de", "es", "it", "sv", "ru", "uk", "fr", "en")  # the names only; there is no text in these languages here
    for number, text in enumerate(texts("fr")[1::2] + texts("en")[1::2]):
        code = codes[number % len(codes)]
        writer.add((f"messages-{code}", "public domain", "recipes/texts"), str(number), text, language=code)


def asked(languages=("en", "fr"), most=400):
    """(language, context, [(question, answer)]) that the rules make of the books."""
    for language in languages:
        kind = {"en": questions.English, "fr": questions_fr.French}[language]
        documents = texts(language, most)
        rules = kind(documents)
        for text in documents:
            for context in questions.contexts_of(text.split("\n\n")):
                yield language, context, [(q, a) for q, a in questions.of_context(context, rules) if asking.good(q, a, context)]


def of_fable(writer):
    of_books(writer)
    fable = importlib.import_module("model_text.fable")
    for number, (language, context, found) in enumerate(asked()):
        if found:
            text = context + "".join(fable.WORDS[language].format(*pair) for pair in found)
            writer.add((f"questions-stories-{language}", *OURS), str(number), text, language=language)


def of_lens(writer):
    of_books(writer)
    pairs = common.Writer(writer.out / "pairs", writer.guard)
    for number, row in enumerate(rows("pairs", 1500)):
        pairs.add(licences.TATOEBA, str(number), row["source"], row["target"], language="en")
    lens = importlib.import_module("model_text.lens")
    pairs.finish("lens-pairs", lens.PAIRS, dict(name="lens-pairs", description="pairs"))
    folder = writer.out / "questions"
    folder.mkdir(exist_ok=True)
    made = [{"question": q, "context": context, "answer": a, "language": language}
            for language, context, found in asked() for q, a in found]
    if len(made) < 100:
        raise SystemExit(f"the rules made {len(made)} questions of the recipes' books only")
    for name, part in (("heldout", made[::10]), ("train", [a for i, a in enumerate(made) if i % 10])):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in part))


def main():
    model, out = sys.argv[1], pathlib.Path(sys.argv[2])
    writer = common.Writer(out, NoGuard())
    {"pont": of_pont, "scribe": of_scribe, "babel": of_babel, "lens": of_lens, "fable": of_fable}[model](writer)
    module = importlib.import_module(f"model_text.{model}")
    writer.finish(model, module.CORPUS, module.DATA_SET)


if __name__ == "__main__":
    main()
