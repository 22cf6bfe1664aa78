"""Stories, novels, textbooks, essays, manuals and single sentences in French and English, cleaned and cut into
documents (fable_sources.py names the works)."""

import itertools
import json

import fable_sources
from model_text import cleaning, licences

SOURCES = {"text-stories-en": licences.STORIES, "text-novels-en": licences.NOVELS_EN,
           "text-novels-fr": licences.NOVELS_FR, "text-essays-fr": licences.ESSAYS_FR,
           "text-textbooks-en": licences.OPENSTAX, "text-factbook-en": licences.FACTBOOK,
           "tatoeba": licences.TATOEBA, "rust-book": licences.RUST_BOOK, "python-docs": licences.PYTHON_DOCS}
FILES = ["text-stories-en/standard_ebooks_children.jsonl.xz", "text-novels-en/eltec_en.jsonl.xz",
         "text-novels-fr/eltec_fr.jsonl.xz", "text-essays-fr/hurlus_cc0.jsonl.xz",
         "text-textbooks-en/openstax.jsonl.xz", "text-factbook-en/factbook.jsonl.xz",
         "parallel-en-fr/tatoeba_train.tsv.xz", "parallel-en-fr/rust_book.tsv",
         "parallel-en-fr/python_docs_train.tsv.xz"]


def add_books(data, writer, keep=lambda source: True):
    """All of it but the works that are held out whole, which go to OUT/heldout-works.LANGUAGE.jsonl."""
    for file in FILES:
        writer.reads(data / file, data)
    held_out = {code: open(writer.out / f"heldout-works.{code}.jsonl", "w", encoding="utf-8")
                for code in ("en", "fr")}
    for language, (name, licence), work, identifier, text in itertools.chain(
            fable_sources.works(data), fable_sources.technical(data), fable_sources.tatoeba(data)):
        if not keep(name):
            continue
        if name in cleaning.ONE_LINE_SOURCES:
            texts = ["\n".join(cleaning.clean_line(line) for line in text.split("\n")
                               if not cleaning.UNWANTED.search(line))]
        else:
            texts = cleaning.documents_of(text)
        for number, piece in enumerate(texts):
            if len(piece) < cleaning.MIN_CHARACTERS:
                continue
            if work in fable_sources.HELD_OUT_WORKS:
                row = {"id": f"{identifier}#{number}", "text": piece, "licence": licence, "title": work}
                held_out[language].write(json.dumps(row, ensure_ascii=False) + "\n")
                continue
            source = (f"{SOURCES[name][0]}-{language}" if name in ("tatoeba", "rust-book", "python-docs")
                      else SOURCES[name][0], licence, SOURCES[name][2])
            writer.add(source, f"{identifier}#{number}", piece, language=language, title=work, group=identifier)
    for file in held_out.values():
        file.close()
