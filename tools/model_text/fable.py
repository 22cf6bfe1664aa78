"""parvis-fable: stories, novels, sentences and explanations in French and English; short texts with questions and answers."""

import itertools

from model_text import books, lens

DATA_SET = dict(name="fable", description="Stories, novels, textbooks, essays and sentences in French and English; questions about short texts")
CORPUS = """
[quality]
min_words = 12
max_symbols = 0.3

[split]
heldout = 0.012
test = 0.0
"""
# Whose texts are asked about: those in today's words, and stories. (Novels give half of lens's French questions, and the worst.)
ASKED = {"stories", "textbooks", "factbook-articles", "tatoeba"}
CHARACTERS = 600  # of a text: it and its questions are to be seen at once
WORDS = {"en": "\nQuestion: {}\nAnswer: {}", "fr": "\nQuestion : {}\nRéponse : {}"}


def add_questions(data, writer):
    """A text, and below it lines with a question and its answer: what shows the model that an answer stands in the text."""
    for source, identifier, language, context, found in itertools.chain(lens.asked_of_texts(data), lens.asked_of_countries(data)):
        if source[0] not in ASKED or not found or len(context) > CHARACTERS:
            continue
        text = context + "".join(WORDS[language].format(*pair) for pair in found)
        writer.add((f"questions-{source[0]}-{language}", source[1], f"{source[2]}; questions and answers synthetic"), identifier, text,
                   guarded=[context, *(question for question, _ in found)], language=language, group=identifier.split("#")[0])


def gather(data, writer):
    books.add_books(data, writer)
    add_questions(data, writer)
