#!/usr/bin/env python3
"""Writes the text of recipes/quick.toml: simple stories, dialogues and explanations in English and French.

Every sentence comes from the templates in tools/quick_text/, which are ours; the result is CC0. The same
seed gives the same files. Usage: make_quick_text.py [OUT_DIR | --check]
--check writes nothing: it fails if the committed text is not what the templates make.
"""

import json
import pathlib
import random
import sys

from quick_text import english, english_facts, english_stories, french, french_facts, french_stories
from quick_text.template import render, story

ROOT = pathlib.Path(__file__).resolve().parents[1]
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
        yield {
            "text": text,
            "lang": language,
            "source": "tools/make_quick_text.py",
            "licence": "CC0-1.0",
        }


def main():
    check = sys.argv[1:] == ["--check"]
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 and not check else ROOT / "recipes/quick"
    out.mkdir(parents=True, exist_ok=True)
    for language in LANGUAGES:
        rng = random.Random(f"quick text {language}")
        lines = [
            json.dumps(d, ensure_ascii=False, separators=(",", ":"))
            for d in documents(language, rng)
        ]
        content, path = ("\n".join(lines) + "\n").encode(), out / f"{language}.jsonl"
        if check and path.read_bytes() != content:
            sys.exit(f"{path} is not what make_quick_text.py makes: run it again")
        if not check:
            path.write_bytes(content)
        print(language, len(lines), "documents", len(content), "bytes")


if __name__ == "__main__":
    main()
