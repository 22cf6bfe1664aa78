"""What parvis-fable is trained on: which works, under which licence, in which order they are taken.

Only material whose README in the data folder allows shipping is named here: public domain, CC0, CC BY,
PSF, MIT. Nothing share-alike, nothing non-commercial, nothing whose terms were only remembered.
"""

import json
import lzma
import re

STANDARD_EBOOKS = ("text-stories-en", "public domain; CC0-1.0 (Standard Ebooks)")
ELTEC_EN = ("text-novels-en", "public domain; CC-BY-4.0 markup (ELTeC-eng)")
ELTEC_FR = ("text-novels-fr", "public domain; CC-BY-4.0 markup (ELTeC-fra)")
HURLUS = ("text-essays-fr", "public domain; CC0-1.0 (hurlus)")
OPENSTAX = ("text-textbooks-en", "CC-BY-4.0 (OpenStax, at the commits named)")
FACTBOOK = ("text-factbook-en", "public domain; CC0-1.0 (The World Factbook)")
TATOEBA = ("tatoeba", "CC-BY-2.0 (Tatoeba contributors)")
RUST_BOOK = (
    "rust-book",
    "MIT or Apache-2.0 (The Rust Programming Language and its French translation)",
)
PYTHON_DOCS = {
    "en": ("python-docs", "PSF-2.0 (Python documentation)"),
    "fr": ("python-docs", "CC0-1.0 (python-docs-fr)"),
}

# Novels in the order in which they are taken, easiest first; a work not named is not used.
NOVELS_FR = [
    "La petite Jeanne",
    "Sans famille",
    "Romain Kalbris",
    "Un enfant gâté",
    "En congé",
    "Alberte",
    "Le petit colporteur",
    "Quand je serai grande",
    "Les Filles du professeur",
    "Le Secret de Laurent",
    "Rouzétou",
    "Madame Thérèse, ou les volontaires de 92",
    "Un capitaine de quinze ans",
    "Le Secret de Wilhelm Storitz",
    "La seconde mère",
    "Folla",
    "Une pupille gênante",
    "Marie-Claire",
    "Le petit chose",
    "Nanon",
    "Vers le pôle en aéroplane",
    "Le Docteur Omega",
    "L'effrayante aventure",
    "Les Trappeurs de l'Arkansas",
    "Belle rivière",
    "Le Loup blanc",
    "Le Cavalier Fortune",
    "Reine Margot",
    "Mademoiselle de la Seiglière",
    "La petite Comtesse",
    "Mon Village",
    "Païenne",
    "Terres lorraines",
    "Le blé qui lève",
    "Colette Baudoche",
    "Le crime de l'omnibus",
    "Rubis sur l'ongle",
    "813 (Huit-Cent-Treize)",
    "La porteuse de pain",
    "Monsieur Lecoq",
    "La Grande Marnière",
    "L'Âme de Pierre",
    "Conscience",
    "L'amie",
    "Ariadne",
    "Mon frère Yves",
    "Les dieux ont soif",
    "La Reine du Sabbat",
    "Le dernier amour",
    "Fleurs d'Orient",
    "Militona",
    "Le curé de village",
    "La Maison du baigneur",
    "Belle-Rose",
    "Jean-Christophe",
]
NOVELS_EN = [
    "The Story of the Amulet",
    "Vice Versa: or, A Lesson to Fathers",
    "Fern's Hollow",
    "The Time Machine: An Invention",
    "The Thirty-nine Steps",
    "The Sign of Four",
    "The diary of a nobody",
    "The Red House",
    "The Observations of Henry",
    "The man who was Thursday",
    "The Rome Express",
    "Silas Marner: The Weaver of Raveloe",
    "Two Little Wooden Shoes: A Sketch",
    "Harry Heathcote of Gangoil",
    "The Warden",
    "Rachel Gray",
    "The Two Destinies: A Romance",
    "The good comrade",
    "Clementina",
    "Home Influence: A Tale for Mothers and Daughters",
    "The Daisy Chain",
    "Lilith; A Romance",
    "Hard Times: For These Times",
]
# Textbook, most characters taken from it. Books full of formulas or code are left out.
TEXTBOOKS = {
    "world-history": 1_500_000,
    "us-history": 1_000_000,
    "astronomy": 1_000_000,
    "psychology": 900_000,
    "introduction-sociology": 700_000,
    "introduction-anthropology": 700_000,
    "anatomy-physiology": 600_000,
    "introduction-philosophy": 500_000,
    "introduction-political-science": 300_000,
}
# Essays and tales. Translations are taken only where the translator is known and dead for seventy years.
ESSAYS_FR = [
    "Histoires extraordinaires (traduction Baudelaire)",
    "L’enfant",
    "Histoires insolites",
    "Les Caractères ou les Mœurs de ce siècle",
    "Le neveu de Rameau",
    "Discours de la servitude volontaire",
]
HELD_OUT_WORKS = {"Ozma of Oz", "The Thirty-nine Steps", "Un enfant gâté", "La petite Comtesse"}

NOVEL_CHARACTERS = {"en": 12_000_000, "fr": 21_500_000}
TATOEBA_CHARACTERS = 4_600_000
PYTHON_CHARACTERS = 500_000
DATED_AUTHOR = re.compile(r"\(\s*1[6-9]\d\d\s*[-–]\s*1[6-9]\d\d\s*\)")
FACTBOOK_SECTIONS = {"Introduction"}


def rows(path):
    with lzma.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def pairs(path):
    opener = lzma.open if path.suffix == ".xz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        for line in file:
            english, _, french = line.rstrip("\n").partition("\t")
            if english and french:
                yield english, french


def works(data):
    """Yields (language, (source, licence), work, chapter id, text) of books, chapter by chapter."""
    for row in rows(data / "text-stories-en/standard_ebooks_children.jsonl.xz"):
        yield "en", STANDARD_EBOOKS, row["title"], row["id"], row["text"]
    for language, source, path, titles in (
        ("en", ELTEC_EN, "text-novels-en/eltec_en.jsonl.xz", NOVELS_EN),
        ("fr", ELTEC_FR, "text-novels-fr/eltec_fr.jsonl.xz", NOVELS_FR),
    ):
        chapters = {title: [] for title in titles}
        for row in rows(data / path):
            if row["title"] in chapters and DATED_AUTHOR.search(row["author"]):
                chapters[row["title"]].append(row)
        taken = 0
        for title in titles:
            for row in chapters[title]:
                if taken < NOVEL_CHARACTERS[language]:
                    taken += len(row["text"])
                    yield language, source, title, row["id"], row["text"]
    for row in rows(data / "text-essays-fr/hurlus_cc0.jsonl.xz"):
        if row["title"] in ESSAYS_FR:
            yield "fr", HURLUS, row["title"], row["id"], row["text"]
    taken = dict.fromkeys(TEXTBOOKS, 0)
    for row in rows(data / "text-textbooks-en/openstax.jsonl.xz"):
        book = row["book"]
        if taken.get(book, 10**9) < TEXTBOOKS.get(book, 0):
            taken[book] += len(row["text"])
            yield "en", OPENSTAX, book, row["id"], row["text"]
    for row in rows(data / "text-factbook-en/factbook.jsonl.xz"):
        if row["section"] in FACTBOOK_SECTIONS:
            yield "en", FACTBOOK, "The World Factbook", row["id"], row["text"]


def technical(data):
    """Yields (language, (source, licence), work, id, text): paragraphs of manuals, in order."""
    for number, path, source in (
        (0, "rust_book.tsv", {"en": RUST_BOOK, "fr": RUST_BOOK}),
        (1, "python_docs_train.tsv.xz", PYTHON_DOCS),
    ):
        for side, language in enumerate(("en", "fr")):
            paragraphs, size = [], 0
            for pair in pairs(data / "parallel-en-fr" / path):
                text = pair[side]
                if (
                    len(text) >= 90
                    and not re.search(r"[`*:_|<>={}\[\]]", text)
                    and text.rstrip().endswith(".")
                ):
                    paragraphs.append(text)
                    size += len(text)
                if size > PYTHON_CHARACTERS:
                    break
            for start in range(0, len(paragraphs), 8):
                name = source[language][0]
                yield language, source[language], name, f"{name}/{start}", "\n\n".join(
                    paragraphs[start : start + 8]
                )


def tatoeba(data):
    """Yields (language, source, work, id, text): sentences that share a word, one a line."""
    for side, language in enumerate(("en", "fr")):
        sentences = list(
            dict.fromkeys(
                pair[side] for pair in pairs(data / "parallel-en-fr/tatoeba_train.tsv.xz")
            )
        )
        words = [set(re.findall(r"\w{4,}", s.lower())) for s in sentences]
        frequency = {}
        for ws in words:
            for w in ws:
                frequency[w] = frequency.get(w, 0) + 1
        groups = {}
        for sentence, ws in zip(sentences, words):
            usable = [w for w in ws if 6 <= frequency[w] <= 400]
            key = min(usable, key=lambda w: (frequency[w], w)) if usable else "."
            groups.setdefault(key, []).append(sentence)
        taken = 0
        for key in sorted(groups):
            for start in range(0, len(groups[key]), 24):
                text = "\n".join(groups[key][start : start + 24])
                if taken < TATOEBA_CHARACTERS and len(text) > 150:
                    taken += len(text)
                    yield language, TATOEBA, "Tatoeba", f"{key}/{start}", text
