"""parvis-fable: stories, novels, sentences and explanations in French and English."""

from model_text import books

DATA_SET = dict(name="fable", description="Stories, novels, textbooks, essays and sentences in French and English")
CORPUS = """
[quality]
min_words = 12
max_symbols = 0.3

[split]
heldout = 0.012
test = 0.0
"""


def gather(data, writer):
    books.add_books(data, writer)
