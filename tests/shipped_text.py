#!/usr/bin/env python3
"""What tools/model_text promises, on texts that stand here: questions as people ask them, with answers that stand in the
text; articles about countries whose answers are theirs; evaluation sets kept out; evidence that a card shows as it is."""

import ast
import json
import pathlib
import re
import sys
import tempfile
import textwrap
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tools"))
import collect_evidence  # noqa: E402
import make_card  # noqa: E402
from model_text import asking, bare, common, docstrings, facts, pont, public_life, questions, questions_fr, scribe  # noqa: E402

# What is a verb is learned from the text itself: here each stands behind a pronoun a few times, as in a book.
ENGLISH = ["He discovered it. She founded it. They built it. He wrote them. She discovered them. He founded them. They wrote. "
           "We discovered. They founded it. They built. He built. She wrote. I wrote and he built.",
           "They discover, found, build and write: to discover, we discover, to write, we write. They said that Marie Curie was here, "
           "and that Marie Curie was there."] * 3
FRENCH = ["Il ouvrit. Elle ouvrit la porte. Il fonda. Elle fonda la ville. Il découvrit. Elle découvrit tout. Il est là. Elle est là. Il était. "
          "Ils ouvrirent. Il ouvrit. Il fonda. Elle découvrit. Il écrivit. Elle écrivit. Il écrivit tout. Elle écrivit.",
          "C'est là que Jules Morin vint, et que Jules Morin resta."] * 3


class Questions(unittest.TestCase):
    def asked(self, rules, sentence):
        return [(q, a) for q, a in rules.of(sentence) if asking.good(q, a, sentence)]

    def test_english(self):
        rules = questions.English(ENGLISH)
        found = self.asked(rules, "In 1898, Marie Curie discovered radium in her laboratory.")
        self.assertIn(("When did Marie Curie discover radium in her laboratory?", "1898"), found)
        self.assertIn(("Who discovered radium in her laboratory in 1898?", "Marie Curie"), found)
        found = self.asked(rules, "The bridge was built by Thomas Telford in 1826.")
        self.assertIn(("Who built the bridge?", "Thomas Telford"), found)
        found = self.asked(rules, "The settlers built twelve houses near the river.")
        self.assertIn(("How many houses did the settlers build near the river?", "twelve"), found)

    def test_french(self):
        rules = questions_fr.French(FRENCH)
        found = self.asked(rules, "Jules Morin ouvrit la porte de la cave.")
        self.assertIn(("Qui ouvrit la porte de la cave ?", "Jules Morin"), found)
        found = self.asked(rules, "En 1848, le roi fonda une école dans la vallée.")
        self.assertTrue(any(a == "1848" and q.startswith(("Quand", "En quelle année")) for q, a in found), found)
        found = self.asked(rules, "La petite fille écrivit trois lettres à sa mère.")
        self.assertTrue(any(a == "trois" and q.startswith("Combien de lettres la petite fille écrivit") or
                            a == "trois" and q.startswith("Combien de lettres est-ce que la petite fille") for q, a in found), found)

    def test_answers_stand_once_and_not_in_the_question(self):
        self.assertFalse(asking.good("Who built the bridge over there?", "Telford", "Telford built it. Telford slept."))
        self.assertFalse(asking.good("Who but Telford built the bridge?", "Telford", "Telford built it."))
        self.assertFalse(asking.good("Who built the bridge over there?", "Brunel", "Telford built it."))

    def test_contexts_are_as_long_as_peoples(self):
        paragraphs = [f"Paragraph {i} says something of this and that, at some length, and ends here." for i in range(60)]
        lengths = [len(c) for c in questions.contexts_of(paragraphs)]
        self.assertGreater(len(lengths), 3)
        self.assertLessEqual(max(lengths), 1050)
        self.assertGreater(sum(lengths) / len(lengths), 350)


PROGRAM = '''"""A module.

It has a history.
"""
import os


class Shelf:
    r"""Books in a row,
    in order.

    Parameters
    ----------
    length : int
    """

    def widest(self, books):
        """The widest book.
        {long}"""
        return max(books)

    def empty(self):
        """
        Whether nothing is left.

        >>> Shelf().empty()
        True
        """

    def title(self, page):
        """{long}
        {long}"""
        return page["""a key
of two lines"""]

    async def read(self):
        """Ends with a \\

        and more."""
'''.replace("{long}", "This sentence has no end in sight and goes on" + " and on" * 12)


class Docstrings(unittest.TestCase):
    def test_first_paragraph_or_sentence(self):
        shorter = docstrings.shortened(PROGRAM)
        self.assertTrue(shorter.startswith('"""A module."""\nimport os\n'), shorter)
        self.assertIn('    r"""Books in a row, in order."""\n\n    def widest', shorter)
        self.assertIn('        """Whether nothing is left."""\n\n    def title(self, page):\n        return page["""a key\nof two', shorter)
        self.assertIn('"""Ends with a \\\n\n        and more."""', shorter)  # its end would be no end
        wrapped = shorter[shorter.index('"""The widest'):shorter.index("return max")]
        self.assertTrue(wrapped.rstrip().endswith(' and on\n        """'), wrapped)
        self.assertLessEqual(max(map(len, wrapped.split("\n"))), docstrings.WIDTH)

    def test_what_a_program_does_stays(self):
        def code_of(program):
            space = {}
            exec(program, space)
            return {name: function.__code__.co_code for name, function in vars(space["Shelf"]).items() if hasattr(function, "__code__")}
        self.assertEqual(code_of(docstrings.shortened(PROGRAM)), code_of(PROGRAM))
        for path in pathlib.Path(docstrings.__file__).parent.glob("*.py"):
            text = path.read_text()
            self.assertEqual(docstrings.without_docstrings(ast.parse(docstrings.shortened(text))),
                             docstrings.without_docstrings(ast.parse(text)), path)

    def test_what_python_does_not_read_is_left_out(self):
        self.assertIsNone(docstrings.shortened("print 'of another time'\n"))
        self.assertIsNone(scribe.readable("def half(\n" + "    # a word and another word\n" * 5))
        self.assertEqual(scribe.readable("# Copyright somebody\n\nprint('a word, another word')\n"), "print('a word, another word')\n")



class Bare(unittest.TestCase):
    def test_docstrings_of_functions_go(self):
        tree = ast.parse(bare.bare(PROGRAM))
        self.assertEqual(docstrings.without_docstrings(tree), docstrings.without_docstrings(ast.parse(PROGRAM)))
        for node in docstrings.documented(ast.parse(bare.bare(PROGRAM))):
            alone = len(node.body) == 1
            self.assertTrue(alone or not isinstance(node, bare.FUNCTIONS), ast.dump(node))
            self.assertTrue(alone or node.body[0].lineno == node.body[0].end_lineno, ast.dump(node))
        for stays in ('"""One."""\nx = 1\n', 'def f():\n    """One."""; return 1\n', 'def f():\n    """One."""\n'):
            self.assertEqual(bare.bare(stays), stays)
        self.assertEqual(bare.bare("def f():\n    'One.'\n\n    return 1\n"), "def f():\n    return 1\n")

    def test_comments_of_several_lines_go(self):
        self.assertEqual(bare.bare("# One.\n# Two.\n\nx = 1  # here\n# Three.\ny = 2\n"), "x = 1  # here\n# Three.\ny = 2\n")
        for stays in ('x = """\n# One.\n# Two.\n"""\n', "x = 1  # One.\ny = 2  # Two.\n"):
            self.assertEqual(bare.bare(stays), stays)

    def test_what_is_long_goes(self):
        short = "def f(x):\n    return x\n"
        long = "@wrapped\ndef g(x):\n" + "    x += 1\n" * bare.LONGEST_FUNCTION
        table = "T = [\n" + "    1,\n" * bare.LONGEST_STATEMENT + "]\n"
        for gone in (long, table, "def h():\n" + indented(table), "if x:\n" + indented(table) + "else:\n    T = []\n"):
            self.assertEqual(bare.bare(gone + "\n\n" + short), short)
            self.assertEqual(bare.bare("class C:\n    n = 1\n\n" + indented(gone) + "\n" + indented(short)),
                             "class C:\n    n = 1\n\n" + indented(short))
            self.assertEqual(bare.bare("@wrapped\nclass C:\n" + indented(gone) + "\n" + short), short)
        self.assertEqual(bare.bare(long.replace("    x += 1\n", "", 2)), long.replace("    x += 1\n", "", 2))
        self.assertEqual(bare.bare(table.replace("    1,\n", "", 2)), table.replace("    1,\n", "", 2))

    def test_rows(self):
        row = {"id": "1", "source": "python", "text": 'def f():\n    """Été."""\n    return 1\n' + "# Été\nx = 1\n" * 20}
        left = json.loads(bare.bare_row(json.dumps(row)))
        self.assertEqual(left, {**row, "text": row["text"].replace('    """Été."""\n', "")})
        self.assertEqual(bare.bare_row(json.dumps({**row, "source": "textbooks"})), "")
        self.assertEqual(bare.bare_row(json.dumps({**row, "text": "x = 1\n"})), "")


def indented(text):
    return textwrap.indent(text, "    ")


class Facts(unittest.TestCase):
    ROWS = [{"country": "Belgium", "section": "Government", "text": "name: Brussels\nIndependence: 4 October 1830 (a provisional one)"},
            {"country": "Belgium", "section": "Geography", "text": "total : 30,528 sq km\nCoastline: 66.5 km\nhighest point: Botrange 694 m"},
            {"country": "Belgium", "section": "Economy", "text": "Labor force: 5.416 million (2024 est.)"}]

    def test_articles_say_what_the_book_says(self):
        articles = list(facts.articles(self.ROWS, versions=4))
        self.assertEqual({a[0] for a in articles}, {"en", "fr"})
        for language, country, context, asked in articles:
            self.assertEqual(country, "Belgium")
            for _, answer in asked:
                self.assertIn(answer, context)
        french = " ".join(context for language, _, context, _ in articles if language == "fr")
        for words in ("30 528 kilomètres carrés", "66,5 kilomètres", "4 octobre 1830", "5,416 millions de personnes", "Botrange"):
            self.assertIn(words, french)

    def test_french_names_have_their_articles(self):
        self.assertEqual(facts.of_country("le Mali")[1], "du Mali")
        self.assertEqual(facts.of_country("l'Inde")[1], "de l'Inde")
        self.assertEqual(facts.of_country("les Pays-Bas")[1], "des Pays-Bas")
        self.assertEqual(facts.of_country("Oman")[1], "d'Oman")


class PublicLife(unittest.TestCase):
    MADE = list(public_life.sentences(4000))

    def test_the_same_sentences_every_time(self):
        self.assertEqual(list(public_life.sentences(50)), self.MADE[:50])
        self.assertEqual(len(set(self.MADE)), len(self.MADE))

    def test_french_words_meet_as_they_must(self):
        wrong = re.compile(r"\b(?:[ln]e|la|[dq]u?e|que) (?:[aeiouéêèœ]|hô|ha[bl])|\bà le\b|\bde (?:les?|des) |\bà les\b|\b(?:ma|ce|cette|nouveau|vieux|beau) "
                           r"(?:un|une|des)\b|\bl'[^aeiouyéèêàâœhÉ]|  | [.,]|\.\.|['’] ", re.I)
        for english, french in self.MADE:
            self.assertFalse(wrong.search(french), french)
            self.assertFalse(re.search(r"  | [.,]|\.\.|\ba [aeio]|\ban [^aeiouX]|childs|mans\b", english), english)
            self.assertTrue(english[0].isupper() or english[0].isdigit(), english)
            self.assertEqual(english.endswith("?"), french.endswith(" ?"), english)

    def test_numbers_in_words(self):
        for number, french in ((21, "vingt et un"), (71, "soixante et onze"), (80, "quatre-vingts"), (81, "quatre-vingt-un"), (91, "quatre-vingt-onze"),
                               (99, "quatre-vingt-dix-neuf"), (200, "deux cents"), (201, "deux cent un"), (1000, "mille"), (80_000, "quatre-vingt mille")):
            self.assertEqual(public_life.in_words(number)[1], french)
        self.assertEqual(public_life.in_words(342)[0], "three hundred and forty-two")

    def test_paragraphs_become_sentences_where_both_have_as_many(self):
        self.assertEqual(pont.one_by_one("One. Two.", "Un. Deux."), [("One.", "Un."), ("Two.", "Deux.")])
        self.assertEqual(pont.one_by_one("One. Two.", "Un et deux."), [("One. Two.", "Un et deux.")])


class Guard(unittest.TestCase):
    def test_keeps_evaluation_sets_out(self):
        guard = common.Guard.__new__(common.Guard)
        guard.exact, guard.runs = set(), set()
        guard.add("The quick brown fox jumps over the lazy dog, and then it sleeps for a while under the old tree.")
        self.assertTrue(guard.has("the quick brown fox jumps over the lazy dog and then it sleeps for a while under the old tree"))
        self.assertTrue(guard.has("He says: the quick brown fox jumps over the lazy dog, and then it sleeps."))
        self.assertFalse(guard.has("A quick brown fox is not the subject of this sentence, which is about something else."))


class Evidence(unittest.TestCase):
    def test_credits_name_all_holders_without_addresses(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "x.jsonl")
            path.write_text("".join(json.dumps(row) + "\n" for row in [
                {"licence": "Expat", "author": "2012, Ann Doe <ann@example.org>"}, {"licence": "Expat", "author": "2012, Ann Doe <ann@example.org>"},
                {"licence": "PSF-2", "author": "python3-numpy"}]))
            self.assertEqual(collect_evidence.credits(path), ("Expat; PSF-2", "2012, Ann Doe; 2005-2022 NumPy Developers"))

    def test_a_card_shows_every_figure_beside_what_needs_no_model(self):
        suite = {"n": 7, "measures": {"bleu": {"score": 30.0, "interval": [28.0, 32.0]}}}
        figures = {"tatoeba": {"en-fr": {"model": suite, "dictionary": {"n": 7, "measures": {"bleu": {"score": 9.0, "interval": [8, 10]}}}}},
                   "blimp": {"model": suite, "5-gram (published)": 0.612},
                   "bits_per_byte": {"en": {"documents": 3, "bytes": 100, "model": 1.5, "word 5-gram": 1.7}}}
        before = {"tatoeba": {"en-fr": {"model": {"n": 7, "measures": {"bleu": {"score": 31.0, "interval": [28.0, 32.0]}}}}}}
        lines = make_card.figures_section({"q8_0": {"figures": figures}, "f32": {"figures": before}})[2:]
        self.assertEqual(lines, ["| tatoeba, en-fr, bleu | 7 | 30 | 28 to 32 | 31 (-3.23 %) | dictionary 9 |",
                                 "| blimp, bleu | 7 | 30 | 28 to 32 | – | 5-gram (published) 0.612 |",
                                 "| bits_per_byte, en | 3 | 1.5 | – | – | word 5-gram 1.7 |"])


if __name__ == "__main__":
    unittest.main()
