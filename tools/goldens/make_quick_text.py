#!/usr/bin/env python3
"""The text that the goldens' tokenisers learn: simple stories, dialogues and explanations in English and French.

Every sentence comes from the templates in quick_text/, which are ours (CC0), so that the goldens need no text of
others. The same seed gives the same texts each time.
"""

import random

from quick_text import english, english_facts, english_stories, french, french_facts, french_stories
from quick_text.template import render, story

BYTES_PER_LANGUAGE = 680_000
STORY_SHARE = 0.62  # of the bytes
LARGE_ANIMALS_TOO = {"fable"}
LANGUAGES = {
    "en": (english, english_stories, english_facts),
    "fr": (french, french_stories, french_facts),
}


def make_story(vocabulary, stories, rng):
    plot = rng.choice(sorted(stories.PLOTS))
    env = vocabulary.environment(rng, small_animals=plot not in LARGE_ANIMALS_TOO)
    text = story(stories.PLOTS[plot], env, rng)
    if rng.random() < 0.5:
        text = render(rng.choice(stories.TITLES[plot]), env, rng) + "\n\n" + text
    return text


def make_facts(facts, rng):
    """A dialogue or description alone, short ones in twos and threes."""
    table = dict((maker, weight) for weight, maker in facts.FACTS)
    parts = []
    while sum(map(len, parts)) < 300:
        maker = rng.choices(list(table), list(table.values()))[0]
        parts.append(maker(rng))
        del table[maker]  # each kind once in a document
    return "\n\n".join(parts)


def documents(language, rng):
    vocabulary, stories, facts = LANGUAGES[language]
    size = {"story": 0, "facts": 0}
    seen = set()
    while sum(size.values()) < BYTES_PER_LANGUAGE:
        kind = "story" if size["story"] <= STORY_SHARE * sum(size.values()) else "facts"
        text = make_story(vocabulary, stories, rng) if kind == "story" else make_facts(facts, rng)
        text = vocabulary.finish(text)
        if text in seen:
            continue
        seen.add(text)
        size[kind] += len(text.encode())
        yield text


def quick_texts():
    """English documents, then French ones."""
    return [text for language in LANGUAGES
            for text in documents(language, random.Random(f"quick text {language}"))]
