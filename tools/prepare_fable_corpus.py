#!/usr/bin/env python3
"""Prepares the training and held-out text of parvis-fable from folders of licensed sources.

Usage: prepare_fable_corpus.py DATA_DIR OUT_DIR

Cleans, splits at paragraph borders, drops what was seen before, sets whole works and a few documents
aside, and writes train.{en,fr}.jsonl, heldout.{en,fr}.jsonl (text, lang, source, licence, id; in an
order drawn by hash, so that any prefix is a fair mixture) and manifest.json.
"""

import collections
import hashlib
import itertools
import json
import pathlib
import re
import sys
import zlib

import fable_sources as sources

MAX_CHARACTERS = 4000
MIN_CHARACTERS = 150
HELD_OUT_PER_MILLE = 12  # of documents whose work is not held out as a whole
SHINGLE = 8  # words
SEEN_SHARE = 0.4  # a document with more known shingles than this is a near-duplicate
ONE_LINE_SOURCES = {"tatoeba"}

CHARACTERS = str.maketrans(
    {
        "’": "'",
        "‘": "'",
        "ʼ": "'",
        "“": '"',
        "”": '"',
        "„": '"',
        "…": "...",
        "\u00a0": " ",
        "\u202f": " ",
        "\u2009": " ",
        "\u2003": " ",
        "\u00ad": "",
        "\u200b": "",
        "\ufeff": "",
        "\u2060": "",
        "‑": "-",
        "‐": "-",
        "−": "-",
        "―": "—",
        "\t": " ",
        "\r": "",
    }
)


# Paragraphs and sentences with slurs or swearing are left out: a small model would only echo them.
UNWANTED = re.compile(
    r"\b(?:n[i]gg\w+|negro\w*|darkies?|n[eéè]gr\w+|fuck\w*|shit\w*|bitch\w*|whores?|sluts?|cunts?|putains?|merde|salopes?|conn?ards?|"
    r"enculé\w*|nique\w*|chier|pute[s]?|rape[ds]?|violée?s?|violeurs?|suicid\w*|porno?\w*|Learn about|follow links?|Visit this)\b",
    re.I,
)


def clean_line(text):
    """Quotes, dashes, spaces, footnote marks and traces of removed figures."""
    text = text.translate(CHARACTERS)
    text = re.sub(r"(?<!\w)[–-]{1,3}-?(?=\s)|--+", "—", text).replace("–", "-")
    text = re.sub(r"\s*\[\s*(?:\d{1,3}|[a-z*]|note[^\]]*)\s*\]", "", text, flags=re.I)
    text = re.sub(r"(?<=\w)[¹²³⁴⁵⁶⁷⁸⁹⁰]+|(?<=[\w.,;!?»])\s?\(\d{1,2}\)(?=[\s.,;!?]|$)", "", text)
    text = re.sub(
        r"\s*\((?:see|see also|shown in|in|and|as in|voir|[\s,;])*\)", "", text, flags=re.I
    )
    text = re.sub(r"^#+\s*|^Background: ", "", text)
    text = re.sub(r"_(\w[^_]*)_", r"\1", text)
    text = re.sub(
        r"\s*\((?:[A-Z][^()]{0,60} )?(?:1[89]|20)\d\d[a-z]?(?:[,;:] ?[^()]{0,60})?\)", "", text
    )  # citations
    if " ." in text or " ," in text:  # "… is shown in ." without its figure
        text = re.sub(r"[^.?!]*\b(?:in|see|and|from|by|to) [.,](?=\s|$)", "", text)
        text = re.sub(r" +(?=[,.](?:\s|$))", "", text)
    text = re.sub(r"«\s*", "« ", re.sub(r"\s*»", " »", text))
    text = re.sub(r"\.{4,}", "...", re.sub(r"(?:\. ){2,}\.", "...", text))
    return re.sub(r" +", " ", text).strip()


def keeps(paragraph):
    """False for headings, page furniture, tables, verse numbers and lists of figures."""
    letters = sum(c.isalpha() for c in paragraph)
    if letters < 0.6 * len(paragraph) or letters < 2 or UNWANTED.search(paragraph):
        return False
    if sum(c.isdigit() for c in paragraph) > 0.08 * len(paragraph):
        return False
    if len(paragraph) < 90 and paragraph[-1] not in ".!?:;\"'»)—":
        return False
    if sum(c.isupper() for c in paragraph) > 0.4 * letters and len(paragraph) > 6:
        return False
    return not re.search(
        r"https?:|www\.|@|\|\s|©|Gutenberg|Standard Ebooks|OpenStax|Figure \d", paragraph
    )


def paragraphs(text):
    for block in re.split(r"\n\s*\n", text):
        line = clean_line(block.replace("\n", " "))
        if line and keeps(line):
            yield line


def sentences_of(paragraph):
    """A long paragraph in pieces that end with a sentence."""
    pieces, piece = [], ""
    for sentence in re.split(r"(?<=[.!?»\"]) (?=[A-ZÀÂÉÈÊÎÔ«\"—])", paragraph):
        if piece and len(piece) + len(sentence) >= MAX_CHARACTERS:
            pieces.append(piece)
            piece = ""
        piece = f"{piece} {sentence}".strip()
    return pieces + [piece]


def documents_of(text):
    """Documents of at most MAX_CHARACTERS (one longer sentence excepted), of nearly equal size."""
    parts = [
        piece
        for p in paragraphs(text)
        for piece in (sentences_of(p) if len(p) > MAX_CHARACTERS else [p])
    ]
    total = sum(len(p) + 2 for p in parts)
    goal = total / max(1, -(-total // MAX_CHARACTERS))
    document = ""
    for part in parts:
        if document and (len(document) + len(part) + 2 > MAX_CHARACTERS or len(document) >= goal):
            yield document
            document = ""
        document = f"{document}\n\n{part}" if document else part
    if document:
        yield document


class Duplicates:
    """Remembers exact texts and, of each text, a sixteenth of its shingles."""

    def __init__(self):
        self.exact, self.shingles = set(), set()

    def known(self, text):
        words = re.findall(r"\w+", text.lower())
        exact = hash_of(" ".join(words))
        shingles = (" ".join(words[i : i + SHINGLE]) for i in range(len(words) - SHINGLE + 1))
        mine = {h for s in shingles if (h := zlib.crc32(s.encode())) % 16 == 0}
        seen = exact in self.exact or (
            len(mine) >= 4 and len(mine & self.shingles) > SEEN_SHARE * len(mine)
        )
        if not seen:
            self.exact.add(exact)
            self.shingles |= mine
        return seen


def hash_of(text):
    return hashlib.sha256(text.encode()).digest()


def collect(data):
    """All documents, and how many of each source were dropped as known."""
    duplicates, documents, dropped = Duplicates(), [], collections.Counter()
    for language, (source, licence), work, identifier, text in itertools.chain(
        sources.works(data), sources.technical(data), sources.tatoeba(data)
    ):
        if source in ONE_LINE_SOURCES:
            texts = [
                "\n".join(
                    clean_line(line) for line in text.split("\n") if not UNWANTED.search(line)
                )
            ]
        else:
            texts = documents_of(text)
        for number, piece in enumerate(texts):
            if len(piece) < MIN_CHARACTERS:
                continue
            if duplicates.known(piece):
                dropped[source] += 1
                continue
            name = f"{source}/{identifier}#{number}"
            draw = int.from_bytes(hash_of(name)[:8], "big")
            held_out = work in sources.HELD_OUT_WORKS or draw % 1000 < HELD_OUT_PER_MILLE
            documents.append(
                (
                    draw,
                    held_out,
                    work,
                    dict(text=piece, lang=language, source=source, licence=licence, id=name),
                )
            )
    documents.sort(key=lambda d: (d[0], d[3]["id"]))
    return documents, dropped


def write(out, documents):
    """The four files; returns what manifest.json says of each."""
    files = {}
    for split, held_out in (("train", False), ("heldout", True)):
        for language in ("en", "fr"):
            chosen = [d[3] for d in documents if d[1] == held_out and d[3]["lang"] == language]
            lines = "".join(
                json.dumps(d, ensure_ascii=False, separators=(",", ":")) + "\n" for d in chosen
            ).encode()
            (out / f"{split}.{language}.jsonl").write_bytes(lines)
            per_source = collections.Counter()
            for d in chosen:
                per_source[d["source"]] += len(d["text"])
            total = sum(per_source.values())
            files[f"{split}.{language}.jsonl"] = dict(
                sha256=hashlib.sha256(lines).hexdigest(),
                documents=len(chosen),
                characters=total,
                utf8_bytes=sum(len(d["text"].encode()) for d in chosen),
                characters_by_source=dict(per_source.most_common()),
                shares={s: round(n / total, 4) for s, n in per_source.most_common()},
            )
    return files


def main():
    data, out = map(pathlib.Path, sys.argv[1:3])
    out.mkdir(parents=True, exist_ok=True)
    documents, dropped = collect(data)
    works = collections.defaultdict(lambda: collections.defaultdict(set))
    for _, held_out, work, d in documents:
        works[f"{d['source']} ({d['licence']})"][
            "held out as a whole" if work in sources.HELD_OUT_WORKS else "train"
        ].add(work)
    inputs = sorted(
        {
            p
            for p in data.glob("*/*")
            if p.parent.name
            in (
                "text-stories-en",
                "text-novels-en",
                "text-novels-fr",
                "text-essays-fr",
                "text-textbooks-en",
                "text-factbook-en",
            )
            and p.suffix == ".xz"
        }
        | {
            data / "parallel-en-fr" / f
            for f in ("tatoeba_train.tsv.xz", "python_docs_train.tsv.xz", "rust_book.tsv")
        }
    )
    manifest = dict(
        inputs={
            str(p.relative_to(data)): hashlib.sha256(p.read_bytes()).hexdigest() for p in inputs
        },
        files=write(out, documents),
        near_duplicates_dropped=dict(dropped),
        works={s: {k: sorted(v) for k, v in w.items()} for s, w in sorted(works.items())},
    )
    (out / "manifest.json").write_text(
        json.dumps(manifest, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    for name, file in manifest["files"].items():
        print(
            name, file["documents"], "documents", file["characters"], "characters", file["shares"]
        )
    print("dropped", dict(dropped))


if __name__ == "__main__":
    main()
