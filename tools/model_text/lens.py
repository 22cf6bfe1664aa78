"""parvis-lens: text to fill masks in; pairs of sentences and their translations; questions whose answers stand in a text.

The text and the pairs are two data sets (corpus.toml, pairs.toml in OUT/pairs); the questions are rows already:
OUT/questions/train.jsonl and heldout.jsonl.
"""

import hashlib
import itertools
import json
import re

import fable_sources
from model_text import asking, books, cleaning, common, facts, licences, pont, questions, questions_fr
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


def paragraphs_by_work(data):
    """(language, source, work, paragraphs): what questions are asked about. Of the textbooks all, since a question is asked
    about the sentences without formulas only."""
    for row in fable_sources.rows(data / "text-textbooks-en/openstax.jsonl.xz"):
        yield "en", licences.OPENSTAX, row["id"], cleaning.paragraphs(row["text"])
    for language, (name, licence), work, identifier, text in fable_sources.works(data):
        if work in fable_sources.HELD_OUT_WORKS or name == "text-textbooks-en":
            continue
        yield language, (books.SOURCES[name][0], licence, books.SOURCES[name][2]), identifier, cleaning.paragraphs(text)
    for source, file in MANUALS:
        for language, side in (("en", 0), ("fr", 1)):
            yield language, source, file, (plain(p[side]) for p in pairs(data / "parallel-en-fr" / file) if len(p[side]) > 60)
    for language, _, _, identifier, text in fable_sources.tatoeba(data):
        yield language, licences.TATOEBA, identifier, [" ".join(text.split("\n")[:12])]


def asked_of_texts(data):
    """(source, id, language, context, [(question, answer)]) by the rules for clauses."""
    works = list(paragraphs_by_work(data))
    works = [(language, source, identifier, list(paragraphs)) for language, source, identifier, paragraphs in works]
    rules = {language: kind([p for code, _, _, paragraphs in works if code == language for p in paragraphs])
             for language, kind in (("en", questions.English), ("fr", questions_fr.French))}
    for language, source, identifier, paragraphs in works:
        for number, context in enumerate(questions.contexts_of(paragraphs)):
            yield source, f"{identifier}#{number}", language, context, questions.of_context(context, rules[language])


def asked_of_countries(data):
    source = ("factbook-articles", licences.FACTBOOK[1], "The World Factbook, public domain; sentences synthetic")
    for number, (language, country, context, found) in enumerate(
            facts.articles(fable_sources.rows(data / "text-factbook-en/factbook.jsonl.xz"))):
        found = [f for f in found if asking.good(*f, context)]
        yield source, f"{country}#{number}", language, context, found[:4]


def is_held_out(source, identifier, context):
    """By the text; of countries all articles of a country, since they say the same."""
    key = identifier.split("#")[0] if source[0] == "factbook-articles" else context
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") % 1000 < HELD_OUT_PER_MILLE


def ask(data, writer):
    """OUT/questions/{train,heldout}.jsonl, in an order drawn by hash."""
    folder = writer.out / "questions"
    folder.mkdir(exist_ok=True)
    counts, split = {}, {"train": [], "heldout": []}
    for source, identifier, language, context, found in itertools.chain(asked_of_texts(data), asked_of_countries(data)):
        if not found or writer.guard.has(context, *(q for q, _ in found)):
            writer.refused["questions"] += bool(found)
            continue
        part = split["heldout" if is_held_out(source, identifier, context) else "train"]
        for number, (question, answer) in enumerate(found):
            part.append({"id": f"{source[0]}/{identifier}?{number}", "question": question, "context": context,
                         "answer": answer, "language": language, "license": source[1], "author": source[2],
                         "note": "question and answer synthetic, by the rules of this repository"})
        key = f"{source[0]} {language}"
        counts[key] = counts.get(key, 0) + len(found)
    for name, part in split.items():
        part.sort(key=lambda row: hashlib.sha256(row["id"].encode()).digest())
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in part))
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
