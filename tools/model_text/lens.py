"""parvis-lens: text to fill masks in; pairs of sentences and their translations; questions whose answers stand in a text.

The text and the pairs are two data sets (corpus.toml, pairs.toml in OUT/pairs); the questions are rows already:
OUT/questions/train.jsonl and heldout.jsonl.
"""

import hashlib
import json
import re

import fable_sources
import prepare_fable_corpus as fable
from model_text import books, common, licences, pont, questions
from model_text.common import pairs, plain

DATA_SET = dict(name="lens", description="Stories, novels, textbooks, essays, sentences and manuals in French and English")
CORPUS = """
[quality]
min_words = 12
max_symbols = 0.3

[split]
heldout = 0.012
test = 0.0
"""
PAIRS = """
[duplicates]
exact = true
near = false

[split]
heldout = 0.01
test = 0.0
"""
HELD_OUT_PER_MILLE = 20
MANUALS = ((licences.PYTHON_DOCS, "python_docs_train.tsv.xz"), (licences.PHP_DOCS, "php_docs_train.tsv.xz"))


def manuals(data, writer):
    """Paragraphs of manuals in a row, each language apart."""
    for source, file in MANUALS:
        path = writer.reads(data / "parallel-en-fr" / file, data)
        for side, language in enumerate(("en", "fr")):
            texts = [t for pair in pairs(path) if len(t := plain(pair[side])) > 80 and not re.search(r"[`|<>{}\[\]]", t)]
            for start in range(0, len(texts), 6):
                writer.add((f"{source[0]}-more-{language}", *source[1:]), f"{start}", "\n\n".join(texts[start:start + 6]),
                           language=language)


def alike(data, writer):
    """Sentences with their translations; in every second pair the French one stands first."""
    for source, file in ((licences.TATOEBA, "tatoeba_train.tsv.xz"), *MANUALS, (licences.RUST_BOOK, "rust_book.tsv"),
                         (licences.TLDR, "tldr_pages.tsv")):
        path = writer.reads(data / "parallel-en-fr" / file, data)
        for number, (english, french) in enumerate(pairs(path)):
            english, french = plain(english), plain(french)
            if pont.usable(english, french) and len(english.split()) >= 3:
                first, second = (english, french) if number % 2 == 0 else (french, english)
                writer.add(source, str(number), first, second, guarded=[english, french],
                           language="en" if number % 2 == 0 else "fr")


def contexts(data, writer):
    """(source, id, language, paragraph) of texts that questions are asked about."""
    for language, (name, licence), work, identifier, text in fable_sources.works(data):
        if work in fable_sources.HELD_OUT_WORKS:
            continue
        for number, paragraph in enumerate(fable.paragraphs(text)):
            yield (books.SOURCES[name][0], licence, books.SOURCES[name][2]), f"{identifier}#{number}", language, paragraph
    for source, file in MANUALS:
        for number, pair in enumerate(pairs(data / "parallel-en-fr" / file)):
            for text, language in zip(pair, ("en", "fr")):
                yield source, str(number), language, plain(text)


def ask(data, writer):
    """Questions, at most one paragraph's worth of each text; held out by the paragraph."""
    folder = writer.out / "questions"
    folder.mkdir(exist_ok=True)
    counts = {}
    with open(folder / "train.jsonl", "w", encoding="utf-8") as train, \
            open(folder / "heldout.jsonl", "w", encoding="utf-8") as held_out:
        for source, identifier, language, paragraph in contexts(data, writer):
            if not 120 <= len(paragraph) <= 1100:
                continue
            for number, (question, answer) in enumerate(questions.of_paragraph(paragraph, language)):
                if writer.guard.has(question, paragraph):
                    writer.refused["questions"] += 1
                    break
                draw = int.from_bytes(hashlib.sha256(paragraph.encode()).digest()[:8], "big") % 1000
                row = {"id": f"{source[0]}/{identifier}?{number}", "question": question, "context": paragraph,
                       "answer": answer, "language": language, "license": source[1], "author": source[2],
                       "note": "question and answer synthetic, by the rules of this repository"}
                (held_out if draw < HELD_OUT_PER_MILLE else train).write(json.dumps(row, ensure_ascii=False) + "\n")
                counts[f"{source[0]} {language}"] = counts.get(f"{source[0]} {language}", 0) + 1
    (folder / "manifest.json").write_text(json.dumps(
        {"rows": counts, "files": {f.name: common.sha256(f) for f in sorted(folder.glob("*.jsonl"))}}, indent=1) + "\n")
    return counts


def gather(data, writer):
    books.add_books(data, writer)
    manuals(data, writer)
    alike_writer = common.Writer(writer.out / "pairs", writer.guard)
    alike(data, alike_writer)
    alike_writer.finish("lens-pairs", PAIRS, dict(name="lens-pairs", description="Sentences and their translations"))
    print(json.dumps(alike_writer.summary()), json.dumps(ask(data, writer)))
