"""parvis-babel: books and sentences in French and English; in other languages what is lawful and at hand, which is
the messages of PostgreSQL and Linux-PAM in their translations."""

import gettext
import re

from model_text import books, debian, licences
from model_text.common import plain

DATA_SET = dict(
    name="babel", description="Stories, novels, textbooks and sentences in French and English; messages of "
    "programs in German, Spanish, Italian, Swedish, Russian, Ukrainian, French and English")
CORPUS = """
[quality]
min_words = 12
max_symbols = 0.35

[split]
heldout = 0.012
test = 0.0
"""

LANGUAGES = ["de", "es", "it", "sv", "ru", "uk", "fr"]
PACKAGES = {"postgresql-15": "src/backend/po/x.po", "postgresql-client-15": "src/bin/psql/po/x.po",
            "libpq5": "src/interfaces/libpq/po/x.po", "libpam-runtime": "po/x.po"}
UNLIKE = re.compile(r"pg_dump|pg_restore")  # has terms of its own
MESSAGES = 24  # of a document


def message(text):
    """A message as a line of prose, or None: no letters, codes only."""
    text = plain(re.sub(r"\s+", " ", text))
    letters = sum(c.isalpha() for c in text)
    return text if len(text) > 24 and letters > 0.6 * len(text) else None


def program_messages(writer):
    seen_english = set()
    for package, inside in PACKAGES.items():
        if package not in debian.packages():
            continue
        licence = debian.licence_of(package, inside)
        if licence is None:
            raise SystemExit(f"{package}: its copyright file does not allow this")
        for path in debian.files(package, ".mo"):
            code = path.parts[-3]
            if code not in LANGUAGES or UNLIKE.search(path.name):
                continue
            with open(path, "rb") as file:
                catalog = gettext.GNUTranslations(file)._catalog
            entries = [(k, v) for k, v in catalog.items() if isinstance(k, str) and k and v]
            texts = {code: [message(v) for _, v in entries]}
            if code == "fr" and path.name not in seen_english:
                seen_english.add(path.name)
                texts["en"] = [message(k) for k, _ in entries]
            for language, lines in texts.items():
                lines = [line for line in lines if line]
                for start in range(0, len(lines), MESSAGES):
                    writer.add((f"messages-{language}", licence[0], licence[1]),
                               f"{package}_{debian.packages()[package]}/{path.name}.{language}/{start}",
                               "\n".join(lines[start:start + MESSAGES]), language=language,
                               note="installed by Debian; licence by its copyright file")


def gather(data, writer):
    books.add_books(data, writer)
    program_messages(writer)
