"""English words as entities of the template language."""

import re

from . import lexicon


class Person:
    """Forms: name, he, him, his, himself, boy."""

    def __init__(self, name, gender):
        self.name, self.gender = name, gender

    def form(self, key):
        masculine = dict(
            name=self.name, he="he", him="him", his="his", himself="himself", boy="boy", son="son"
        )
        feminine = dict(
            name=self.name,
            he="she",
            him="her",
            his="her",
            himself="herself",
            boy="girl",
            son="daughter",
        )
        return (feminine if self.gender == "f" else masculine)[key]


class Adult(Person):
    """A relative, used after a possessive: "{h.his} {g}"."""


class Thing:
    """Forms: name, a, the, full (with adjective), thefull."""

    def __init__(self, noun, adjective):
        self.noun, self.adjective, self.gender = noun, adjective, "n"

    def form(self, key):
        full = f"{self.adjective} {self.noun}"
        return dict(
            name=self.noun,
            the=f"the {self.noun}",
            full=full,
            a=article(full),
            thefull=f"the {full}",
            bare=article(self.noun),
        )[key]


class Animal:
    """Forms: name, a, the."""

    def __init__(self, noun):
        self.noun, self.gender = noun, "n"

    def form(self, key):
        return dict(name=self.noun, the=f"the {self.noun}", a=article(self.noun))[key]


def article(phrase):
    return ("an " if phrase[0] in "aeiou" else "a ") + phrase


def finish(text):
    """ "a owl" becomes "an owl"; the lexicon has no word such as "useful" after an article."""
    return re.sub(r"\b([Aa]) (?=[aeiou])", r"\1n ", text)


def environment(rng, small_animals=True):
    """A cast and a stage, no word twice."""
    heroes = [(n, "m") for n in lexicon.NAMES_M] + [(n, "f") for n in lexicon.NAMES_F]
    hero, friend = rng.sample(heroes, 2)
    adult, helper = rng.sample(lexicon.ADULTS, 2)
    thing, other = rng.sample(lexicon.THINGS, 2)
    animal, second = rng.sample(lexicon.choose_animals(small_animals), 2)
    colour, other_colour = rng.sample(lexicon.ADJECTIVES, 2)
    places, hiding, food = (
        rng.sample(lexicon.PLACES, 2),
        rng.sample(lexicon.HIDING, 3),
        rng.sample(lexicon.FOODS, 2),
    )
    env = {
        "h": Person(*hero),
        "f": Person(*friend),
        "g": Adult(adult[0], adult[2]),
        "k": Adult(helper[0], helper[2]),
        "o": Thing(thing[0], colour[0]),
        "q": Thing(other[0], other_colour[0]),
        "a": Animal(animal[0]),
        "b": Animal(second[0]),
        "at": places[0][0],
        "at2": places[1][0],
        "place": places[0][2],
        "hide": hiding[0][0],
        "hide2": hiding[1][0],
        "hide3": hiding[2][0],
        "food": food[0][0],
        "food2": food[1][0],
    }
    env["out"] = rng.choice(lexicon.OUTDOORS)[0]
    env["n"] = lexicon.NUMBERS_EN[rng.randint(2, 12)]
    env["day"] = rng.choice("Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split())
    return env
