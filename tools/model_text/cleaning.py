"""Paragraphs and documents of books and manuals, without what a book has besides its text."""

import re

MAX_CHARACTERS = 4000
MIN_CHARACTERS = 150
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
