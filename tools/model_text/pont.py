"""parvis-pont: pairs of sentences in both directions, and texts with their summaries, each behind its task's words."""

import collections
import re

from model_text import licences, public_life
from model_text.common import pairs, plain, rows, sentences

DATA_SET = dict(
    name="pont",
    description="Sentences and paragraphs of manuals in French and English, both ways; sections of "
    "textbooks and abstracts with their summaries")
# Both directions of a pair resemble each other, so near duplicates stay; they share a split.
CORPUS = """
[duplicates]
exact = true
near = false

[quality]
max_words = 700
max_symbols = 0.35

[split]
heldout = 0.004
test = 0.0
"""

TO_FRENCH, TO_ENGLISH = "translate English to French: ", "translate French to English: "
SUMMARIZE = "summarize: "
MAX_WORDS = 60  # of a side
SECTION_WORDS = 230
MADE = 30_000  # pairs that templates make


def usable(english, french):
    """Translations of the same length, about; no code, no links, not left as they were."""
    e, f = len(english.split()), len(french.split())
    if not (0 < e <= MAX_WORDS and 0 < f <= MAX_WORDS) or english == french:
        return False
    if e > 6 and not 0.5 <= f / e <= 2.2:
        return False
    letters = sum(c.isalpha() for c in english)
    return letters >= 0.6 * len(english.replace(" ", "")) and "http" not in english


def both_ways(writer, source, name, english, french, guarded):
    if writer.guard.has(*guarded):
        writer.refused[source[0]] += 1
        return
    writer.add(source, f"{name}>fr", TO_FRENCH + english, french, guarded=[], language="en")
    writer.add(source, f"{name}>en", TO_ENGLISH + french, english, guarded=[], language="fr")


def translations(data, writer):
    for source, file in ((licences.TATOEBA, "tatoeba_train.tsv.xz"),
                         (licences.PYTHON_DOCS, "python_docs_train.tsv.xz"),
                         (licences.PHP_DOCS, "php_docs_train.tsv.xz"),
                         (licences.RUST_BOOK, "rust_book.tsv"), (licences.TLDR, "tldr_pages.tsv")):
        path = writer.reads(data / "parallel-en-fr" / file, data)
        for number, (english, french) in enumerate(pairs(path)):
            for part, (e, f) in enumerate(one_by_one(plain(english), plain(french))):
                if usable(e, f):
                    both_ways(writer, source, f"{number}.{part}", e, f, [e, f])


def one_by_one(english, french):
    """The sentences of a pair, if there are as many on both sides, else the pair: `parvis translate` cuts texts so."""
    e, f = sentences(english), sentences(french)
    return list(zip(e, f)) if len(e) == len(f) else [(english, french)]


def made(writer, count=MADE):
    for number, (english, french) in enumerate(public_life.sentences(count)):
        both_ways(writer, licences.PUBLIC_LIFE, str(number), english, french, [english, french])


def content_words(text):
    return collections.Counter(w for w in re.findall(r"[a-z]{4,}", text.lower()))


def aligned(section_texts, summary):
    """For each section the sentences of the summary that it says most of, in order."""
    sections = [content_words(t) for t in section_texts]
    chosen = collections.defaultdict(list)
    for sentence in sentences(summary):
        words = content_words(sentence)
        total = sum(words.values())
        if total < 3:
            continue
        shares = [sum(min(n, s[w]) for w, n in words.items()) / total for s in sections]
        best = max(range(len(shares)), key=shares.__getitem__)
        if shares[best] >= 0.45:
            chosen[best].append(sentence)
    return chosen


def sections_of(text):
    """Paragraphs put together to some SECTION_WORDS words, without headings."""
    parts, part, count = [], [], 0
    for paragraph in re.split(r"\n\s*\n", text):
        if paragraph.startswith("#") or not paragraph.strip():
            continue
        words = len(paragraph.split())
        if part and count + words > SECTION_WORDS:
            parts.append(" ".join(part))
            part, count = [], 0
        part.append(plain(paragraph.replace("\n", " ")))
        count += words
    return parts + ([" ".join(part)] if part else [])


def summaries(data, writer):
    path = writer.reads(data / "sum-openstax-en/train.jsonl.xz", data)
    for row in rows(path):
        sections = sections_of(row["source"])
        for place, found in aligned(sections, plain(row["summary"].replace("\n", " "))).items():
            text = sections[place]
            if len(text.split()) > 1.6 * SECTION_WORDS:
                continue
            writer.add(licences.SUMMARIES, f"{row['id']}#{place}", SUMMARIZE + text, " ".join(found),
                       guarded=[" ".join(found)], language="en")
    path = writer.reads(data / "sum-scitldr/train.jsonl.xz", data)
    for row in rows(path):
        targets = row["target"] if isinstance(row["target"], list) else [row["target"]]
        for number, target in enumerate(targets[:2]):
            if len(row["source"].split()) <= 330 and target.strip():
                writer.add(licences.SCITLDR, f"{row['id']}#{number}", SUMMARIZE + plain(row["source"]),
                           plain(target), guarded=[row["source"], target], language="en")


def gather(data, writer):
    translations(data, writer)
    made(writer)
    summaries(data, writer)
