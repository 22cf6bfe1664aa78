"""French words as entities of the template language: gender, articles, contraction and elision."""

import re

from . import lexicon

MUTE_H = "habit|herbe|heure|hier|hirondelle|histoire|hiver|homme|honnête|hôpital|horloge|huile|humide|huître"
VOWEL = rf"(?:[aeiouàâäéèêëîïôöùûüœAEIOUÀÂÉÈÊÎÔŒ](?!ui\b|nz)|(?:{MUTE_H}))"
BEFORE_VOWEL = {"vieux": "vieil", "beau": "bel", "nouveau": "nouvel"}


def starts_with_vowel(phrase):
    return re.match(VOWEL, phrase) is not None


def finish(text):
    """ "de Emma" becomes "d'Emma", "si il" becomes "s'il"; a word after a hyphen ("prends-le") stays."""
    words = "[LlDdJjMmTtSsNn]e|[Ll]a|[Qq]ue|[Jj]usque|[Ll]orsque|[Pp]uisque"
    text = re.sub(rf"(?<![-\w])({words}) (?={VOWEL})", lambda m: m.group(1)[:-1] + "'", text)
    return re.sub(r"\b([Ss])i (?=ils?\b)", r"\1'", text)


class Phrase:
    """A noun, perhaps with its adjective, in every form that a template may ask for.

    Forms: name, le, un, du, au, de, ce, son, mon, ton; the same with "x" in front for the phrase with
    its adjective (xle, xun …); il (pronoun), pron (le/la as object).
    """

    def __init__(self, noun, gender, adjective=None):
        self.noun, self.gender = noun, gender
        self.full = noun
        if adjective is not None:
            _, masculine, feminine, before = adjective
            word = feminine if gender == "f" else masculine
            if before and gender == "m" and starts_with_vowel(noun):
                word = BEFORE_VOWEL.get(word, word)
            self.full = f"{word} {noun}" if before else f"{noun} {word}"

    def form(self, key):
        feminine = self.gender == "f"
        if key == "il":
            return "elle" if feminine else "il"
        if key == "pron":
            return "la" if feminine else "le"
        phrase = self.full if key.startswith("x") else self.noun
        key = key.removeprefix("x")
        vowel = starts_with_vowel(phrase)
        if key in ("son", "mon", "ton"):
            return (key if not feminine or vowel else key[0] + "a") + " " + phrase
        if key == "ce":
            return ("cette" if feminine else "cet" if vowel else "ce") + " " + phrase
        if key == "un":
            return ("une " if feminine else "un ") + phrase
        if key == "name":
            return phrase
        if vowel:
            return {"le": "l'", "du": "de l'", "au": "à l'", "de": "d'"}[key] + phrase
        table = (
            {"le": "la", "du": "de la", "au": "à la", "de": "de"}
            if feminine
            else {"le": "le", "du": "du", "au": "au", "de": "de"}
        )
        return f"{table[key]} {phrase}"


class Person:
    """Forms: name, il, le (object), lui, soi (lui-même), garcon, fils."""

    def __init__(self, name, gender):
        self.name, self.gender = lexicon.FRENCH_NAMES.get(name, name), gender

    def form(self, key):
        masculine = dict(
            name=self.name,
            il="il",
            le="le",
            lui="lui",
            eux="lui",
            soi="lui-même",
            garcon="garçon",
            fils="fils",
        )
        feminine = dict(
            name=self.name,
            il="elle",
            le="la",
            lui="lui",
            eux="elle",
            soi="elle-même",
            garcon="fille",
            fils="fille",
        )
        return (feminine if self.gender == "f" else masculine)[key]


class Group:
    """Two people. Forms: ils, eux, tous, amis."""

    def __init__(self, *people):
        self.gender = "f" if all(p.gender == "f" for p in people) else "m"

    def form(self, key):
        feminine = dict(ils="elles", eux="elles", tous="toutes", amis="amies")
        masculine = dict(ils="ils", eux="eux", tous="tous", amis="amis")
        return (feminine if self.gender == "f" else masculine)[key]


def environment(rng, small_animals=True):
    """A cast and a stage, no word twice."""
    heroes = [(n, "m") for n in lexicon.NAMES_M] + [(n, "f") for n in lexicon.NAMES_F]
    hero, friend = [Person(*p) for p in rng.sample(heroes, 2)]
    adult, helper = rng.sample(lexicon.ADULTS, 2)
    thing, other = rng.sample(lexicon.THINGS, 2)
    animal, second = rng.sample(lexicon.choose_animals(small_animals), 2)
    adjective, other_adjective = rng.sample(lexicon.ADJECTIVES, 2)
    places, hiding, food = (
        rng.sample(lexicon.PLACES, 2),
        rng.sample(lexicon.HIDING, 3),
        rng.sample(lexicon.FOODS, 2),
    )
    return {
        "h": hero,
        "f": friend,
        "t": Group(hero, friend),
        "g": Phrase(adult[1], adult[2]),
        "k": Phrase(helper[1], helper[2]),
        "o": Phrase(thing[1], thing[2], adjective),
        "q": Phrase(other[1], other[2], other_adjective),
        "a": Phrase(animal[1], animal[2]),
        "b": Phrase(second[1], second[2]),
        "at": places[0][1],
        "at2": places[1][1],
        "place": Phrase(places[0][3], places[0][4]),
        "hide": hiding[0][1],
        "hide2": hiding[1][1],
        "hide3": hiding[2][1],
        "out": rng.choice(lexicon.OUTDOORS)[1],
        "food": food[0][1],
        "thefood": food[0][2],
        "food2": food[1][1],
        "n": lexicon.NUMBERS_FR[rng.randint(2, 12)],
        "day": rng.choice("lundi mardi mercredi jeudi vendredi samedi dimanche".split()),
    }
