#!/usr/bin/env python3
"""Writes recipes/texts/: real text and what is made from it, a few megabytes for the recipes.

Usage: make_recipe_texts.py DATA_DIR | --check

DATA_DIR (../shared/data where these were made) holds copies of the sources that recipes/texts/README.md names; it
is no part of this repository. The same copies give the same rows; the table of files for the README is printed.
--check needs no copies: it holds the files to the README's hashes, and each row to the licences named here. What
is held out comes from other books, countries or files than what is learned.
"""

import hashlib
import json
import lzma
import pathlib
import random
import re
import sys

import factbook_questions as facts
from model_text.cleaning import UNWANTED, paragraphs

ROOT = pathlib.Path(__file__).resolve().parents[1]
OUT = ROOT / "recipes/texts"
EBOOKS = dict(lang="en", source="Standard Ebooks", licence="public domain; CC0-1.0")
ELTEC = dict(lang="fr", source="ELTeC-fra", licence="public domain; CC-BY-4.0 markup")
FACTBOOK = dict(lang="en", source="The World Factbook", licence="public domain; CC0-1.0")
TATOEBA = dict(licence="CC-BY-2.0-FR", author="tatoeba.org")

# Title: (source, most bytes; 0 is all, author with dates). All authors and translators died more than 70 years ago.
GRIMM = "Jacob Grimm (1785-1863), Wilhelm Grimm (1786-1859); translated by Margaret Hunt (1831-1912)"
BAUM, CARROLL = "L. Frank Baum (1856-1919)", "Lewis Carroll (1832-1898)"
NESBIT, BURNETT = "E. Nesbit (1858-1924)", "Frances Hodgson Burnett (1849-1924)"
FLEURIOT, GOURAUD = "Zénaïde Fleuriot (1829-1890)", "Julie Gouraud (1810-1891)"
MALOT, CARRAUD = "Hector Malot (1830-1907)", "Zulma Carraud (1796-1889)"
STORIES = {
    "The Wonderful Wizard of Oz": (EBOOKS, 0, BAUM),
    "Alice’s Adventures in Wonderland": (EBOOKS, 0, CARROLL),
    "Five Children and It": (EBOOKS, 0, NESBIT),
    "The Secret Garden": (EBOOKS, 300_000, BURNETT),
    "Household Tales": (EBOOKS, 300_000, GRIMM),
    "La petite Jeanne": (ELTEC, 0, CARRAUD),
    "En congé": (ELTEC, 0, FLEURIOT),
    "Romain Kalbris": (ELTEC, 0, MALOT),
    "Quand je serai grande": (ELTEC, 0, GOURAUD),
}
HELD_OUT_STORIES = {
    "Ozma of Oz": (EBOOKS, 100_000, BAUM),
    "Un enfant gâté": (ELTEC, 100_000, FLEURIOT),
}
# Author: a book that is learned from, another one that is held out.
AUTHORS = {
    "Baum": ("The Wonderful Wizard of Oz", "Ozma of Oz", EBOOKS, BAUM),
    "Carroll": ("Alice’s Adventures in Wonderland", "Through the Looking-Glass", EBOOKS, CARROLL),
    "Nesbit": ("Five Children and It", "The Railway Children", EBOOKS, NESBIT),
    "Burnett": ("The Secret Garden", "A Little Princess", EBOOKS, BURNETT),
    "Fleuriot": ("En congé", "Un enfant gâté", ELTEC, FLEURIOT),
    "Malot": ("Romain Kalbris", "Sans famille", ELTEC, MALOT),
    "Gouraud": ("Quand je serai grande", "Les Filles du professeur", ELTEC, GOURAUD),
}
PASSAGES, HELD_OUT_PASSAGES = 150, 40  # of each author
PAIRS, HELD_OUT_PAIRS, LONGEST_SENTENCE = 24_000, 500, 48
MARKED, HELD_OUT_MARKED = 5_000, 200
ASKED = {"questions": (4_000, 200), "talks": (3_000, 100), "preferences": (500, 100)}
HELD_OUT_COUNTRIES = 0.15
ASKED_OF_MODELS = "heldout_asked"


def draw(*parts):
    """A number that depends on the parts only, so that a row more elsewhere changes nothing here."""
    return int.from_bytes(hashlib.sha256("/".join(map(str, parts)).encode()).digest()[:8], "big")


def rows_of(path):
    with lzma.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


class Books:
    def __init__(self, data):
        self.chapters = {}
        for path in ("text-stories-en/standard_ebooks_children", "text-novels-fr/eltec_fr"):
            for row in rows_of(data / f"{path}.jsonl.xz"):
                self.chapters.setdefault(row["title"], []).append(row)

    def paragraphs(self, title):
        """(chapter's id, its paragraphs) of a book without what stands before the story."""
        for row in self.chapters[title]:
            parts = list(paragraphs(row["text"]))
            if sum(map(len, parts)) >= 1_000 and not re.search(r"intro|preface|dedic", row["id"]):
                yield row["id"], parts

    def stories(self, named):
        for title, (source, most, author) in named.items():
            taken = 0
            for identifier, parts in self.paragraphs(title):
                text = "\n\n".join(parts)
                if not most or taken + len(text.encode()) <= most:
                    taken += len(text.encode())
                    yield dict(text=text, **source, author=author, title=title, id=identifier)

    def passages(self, title, shortest, longest):
        """Paragraphs put together until they are long enough."""
        for identifier, parts in self.paragraphs(title):
            piece, number = "", 0
            for part in parts:
                piece = f"{piece}\n{part}".strip()
                if len(piece) >= shortest:
                    if len(piece) <= longest:
                        yield f"{identifier}#{number}", piece
                    piece, number = "", number + 1


def authors(books, held_out):
    count = HELD_OUT_PASSAGES if held_out else PASSAGES
    rows = []
    for label, (learned, other, source, author) in AUTHORS.items():
        title = other if held_out else learned
        found = sorted(books.passages(title, 350, 600), key=lambda p: draw("authors", p[0]))
        for identifier, text in found[:count]:
            rows.append(dict(text=text, label=label, **source, author=author, title=title, id=identifier))
    return sorted(rows, key=lambda row: draw("author", row["id"]))


def marked(sentence):
    """Words in small letters, and for each what it was: W or w, and the mark behind it."""
    words, labels = [], []
    for word in sentence.split():
        found = re.fullmatch(r"([^\W\d_]+(?:['-][^\W\d_]+)*)([,.;:?!]?)", word)
        if found:
            words.append(found[1].lower())
            labels.append(("W" if found[1][0].isupper() else "w") + found[2])
        elif word in list(";:?!") and labels and len(labels[-1]) == 1:  # French has a space before it
            labels[-1] += word
        else:
            return None
    return words, labels


def marks(books, named, count):
    rows = []
    for title, (source, _, author) in named.items():
        for identifier, parts in books.paragraphs(title):
            for number, part in enumerate(parts):
                sentences = re.split(r"(?<=[.?!]) (?=[A-ZÀÂÇÉÈÊÎÔ])", part)
                made = [marked(" ".join(sentences[i : i + 2])) for i in range(0, len(sentences), 2)]
                for at, pair in enumerate(made):
                    if pair and 12 <= len(pair[0]) <= 60:
                        rows.append(dict(words=pair[0], labels=pair[1], **source, author=author, title=title,
                                         id=f"{identifier}#{number}.{at}"))
    return sorted(rows, key=lambda row: draw("marks", row["id"]))[:count]


def pairs(data, name, count):
    rows, seen = [], set()
    opener = lzma.open if name.endswith(".xz") else open
    with opener(data / "parallel-en-fr" / name, "rt", encoding="utf-8") as file:
        for number, line in enumerate(file):
            english, _, french = line.rstrip("\n").replace("\u202f", " ").replace("\u00a0", " ").partition("\t")
            if french and len(french) <= LONGEST_SENTENCE and english not in seen and not UNWANTED.search(line):
                seen.add(english)
                rows.append(dict(source=english, target=french, **TATOEBA, id=f"{name[8:].split('.')[0]}/{number}"))
    return sorted(rows, key=lambda row: draw("pairs", row["id"]))[:count]


def said(role, text):
    return {"role": role, "content": text}


def asked_row(kind, asked, rng):
    prompt = [said("user", f"{asked.passage}\n{asked.question}")]
    if kind == "questions":
        return dict(question=asked.question, context=asked.passage, answer=asked.answer)
    if kind == "preferences":
        return dict(prompt=prompt, chosen=asked.brief, rejected=asked.long)
    answer = asked.brief if rng.random() < 0.5 else asked.long
    return dict(messages=prompt + [said("assistant", answer)])


def asked_rows(kind, told, count, wanted=False):
    """`wanted`: what an answer must hold is told instead of the answer (tools/measure_answers.py)."""
    rng = random.Random(f"{kind}{sorted(told)}")
    rows = []
    for number in range(count):
        while True:
            country = rng.choice(sorted(told))
            asked = facts.Asked(country, told[country], rng, lines=3, most=90)
            if asked.clear():
                break
        row = asked_row(kind, asked, rng)
        if wanted:
            row = dict(messages=row["messages"][:1], wanted=asked.answer, brief=asked.brief)
        rows.append(row | FACTBOOK | dict(title=country, id=f"{kind}/{number}"))
    return rows


def made(data):
    """(name, rows) of every file."""
    books = Books(data)
    for named, prefix in ((STORIES, ""), (HELD_OUT_STORIES, "heldout_")):
        stories = list(books.stories(named))
        for language in ("en", "fr"):
            yield f"{prefix}{language}", [row for row in stories if row["lang"] == language]
    for prefix, named, count in (("", STORIES, MARKED), ("heldout_", HELD_OUT_STORIES, HELD_OUT_MARKED)):
        yield f"{prefix}authors", authors(books, bool(prefix))
        yield f"{prefix}marks", marks(books, named, count)
    yield "pairs", pairs(data, "tatoeba_train.tsv.xz", PAIRS)
    yield "heldout_pairs", pairs(data, "tatoeba_dev.tsv", HELD_OUT_PAIRS)
    told = facts.countries(rows_of(data / "text-factbook-en/factbook.jsonl.xz"))
    split = ({}, {})
    for country, fields in told.items():
        split[draw("country", country) / 2**64 < HELD_OUT_COUNTRIES][country] = fields
    for prefix, countries in zip(("", "heldout_"), split):
        yield f"{prefix}facts", [
            dict(text=country + "\n" + "\n".join(f"{name}: {value}." for name, value in fields.items()),
                 **FACTBOOK, title=country, id=country)
            for country, fields in countries.items()]
        for kind, counts in ASKED.items():
            yield prefix + kind, asked_rows(kind, countries, counts[bool(prefix)])
    yield ASKED_OF_MODELS, asked_rows("talks", split[1], 100, wanted=True)


def table_row(path):
    packed = path.read_bytes()
    content = lzma.decompress(packed) if path.suffix == ".xz" else packed
    return f"| `{path.name}` | {content.count(10)} | {len(content)} | {hashlib.sha256(content).hexdigest()} |"


def check():
    table = (OUT / "README.md").read_text(encoding="utf-8").splitlines()
    licences = {source["licence"] for source in (EBOOKS, ELTEC, FACTBOOK, TATOEBA)}
    paths = sorted(path for path in OUT.iterdir() if ".jsonl" in path.name)
    for path in paths:
        if table_row(path) not in table:
            sys.exit(f"{path} is not what recipes/texts/README.md says")
        with (lzma.open if path.suffix == ".xz" else open)(path, "rt", encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                row = json.loads(line)
                if row["licence"] not in licences or not (row.get("author") or row.get("title")):
                    sys.exit(f"{path}:{number}: no licence that is known here, or nobody who wrote it")
    print(f"{len(paths)} files are what the README says")


def main():
    if sys.argv[1:] == ["--check"]:
        return check()
    data = pathlib.Path(sys.argv[1])
    if not (data / "text-factbook-en").is_dir():
        sys.exit(f"{data}: no copies of the sources that recipes/texts/README.md names")
    for name, rows in made(data):
        content = "".join(json.dumps(r, ensure_ascii=False, separators=(",", ":")) + "\n" for r in rows).encode()
        path = OUT / f"{name}.jsonl"
        if name != ASKED_OF_MODELS:  # parvis generate reads no .xz
            path, content = OUT / f"{name}.jsonl.xz", lzma.compress(content, preset=9 | lzma.PRESET_EXTREME)
        path.write_bytes(content)
        print(table_row(path))


if __name__ == "__main__":
    main()
