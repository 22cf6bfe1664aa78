#!/usr/bin/env python3
"""Writes the small data of recipes/tasks/: pairs of sentences, moods, names in texts, questions.

Every sentence comes from the templates below, which are ours; the result is CC0. The same seed gives the
same files. Usage: make_task_text.py [OUT_DIR | --check]
"""

import json
import pathlib
import random
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
ROWS = 1500

NAMES = "Rose Zoe Martin Fatou Leo Nina Omar Ines Paul Lucy Jean Sara Tom Amina Hugo Clara".split()
SURNAMES = "Diallo Petit Moreau Brown Costa Weber Rossi Novak Lopez Martin".split()
PLACES = "Paris London Dakar Rome Madrid Lyon Berlin Lisbon Geneva Oslo".split()

# (English, French) of the parts of a sentence; French verbs agree in nothing but number here.
SUBJECTS = [
    ("the cat", "le chat"), ("the dog", "le chien"), ("the girl", "la fille"), ("the boy", "le garçon"),
    ("my brother", "mon frère"), ("my sister", "ma sœur"), ("the teacher", "le professeur"),
    ("the baker", "le boulanger"), ("our neighbour", "notre voisin"), ("the child", "l'enfant"),
]
VERBS = [
    ("sees", "voit"), ("looks for", "cherche"), ("likes", "aime"), ("finds", "trouve"),
    ("carries", "porte"), ("buys", "achète"), ("draws", "dessine"), ("loses", "perd"),
]
OBJECTS = [
    ("a red apple", "une pomme rouge"), ("a small boat", "un petit bateau"), ("the old book", "le vieux livre"),
    ("a green hat", "un chapeau vert"), ("the house", "la maison"), ("a white flower", "une fleur blanche"),
    ("the big key", "la grande clé"), ("a blue ball", "un ballon bleu"), ("the bread", "le pain"),
    ("a yellow bird", "un oiseau jaune"),
]
TAILS = [
    ("", ""), (" in the garden", " dans le jardin"), (" every morning", " chaque matin"),
    (" near the river", " près de la rivière"), (" today", " aujourd'hui"), (" at school", " à l'école"),
]

MOODS = {
    "joy": ["laughs and sings", "dances in the kitchen", "cannot stop smiling", "claps with both hands"],
    "sadness": ["cries in a corner", "does not want to eat", "misses a friend", "looks at the rain and sighs"],
    "anger": ["shouts and slams the door", "throws the plate", "stamps on the floor", "argues with everyone"],
    "fear": ["hides under the bed", "trembles in the dark", "runs away from the noise", "dares not move"],
}
BECAUSE = [
    "after the walk", "because of the letter", "since this morning", "when the door opens",
    "at the market", "before the night", "in front of the house", "on the way home",
]
THINGS = ["boat", "drum", "kite", "lamp", "basket", "violin", "ladder", "blanket"]
SPOTS = ["under the stairs", "behind the barn", "near the well", "on the roof", "in the attic"]
HOURS = ["at noon", "before breakfast", "in the evening", "after school"]


def pair(rng):
    parts = [rng.choice(options) for options in (SUBJECTS, VERBS, OBJECTS, TAILS)]
    english = f"{parts[0][0]} {parts[1][0]} {parts[2][0]}{parts[3][0]}."
    french = f"{parts[0][1]} {parts[1][1]} {parts[2][1]}{parts[3][1]}."
    return {"source": english.capitalize(), "target": french[0].upper() + french[1:]}


def mood(rng):
    label = rng.choice(sorted(MOODS))
    who = rng.choice(NAMES + ["The old man", "My cousin", "The baker", "Our teacher"])
    return {"text": f"{who} {rng.choice(MOODS[label])} {rng.choice(BECAUSE)}.", "label": label}


def names(rng):
    words, labels = [], []

    def add(text, tag=None):
        for i, word in enumerate(text.split()):
            words.append(word)
            labels.append("O" if tag is None else ("B-" if i == 0 else "I-") + tag)

    def person():
        add(rng.choice(NAMES) + (" " + rng.choice(SURNAMES) if rng.random() < 0.5 else ""), "PER")

    kind = rng.randrange(4)
    if kind == 0:
        person()
        add(rng.choice(["lives in", "comes from", "works in", "dreams of"]))
        add(rng.choice(PLACES), "LOC")
    elif kind == 1:
        add(rng.choice(["Yesterday", "Today", "Last week"]))
        person()
        add("met")
        person()
        add("in")
        add(rng.choice(PLACES), "LOC")
    elif kind == 2:
        add(rng.choice(["The train to", "The road to", "The boat to"]))
        add(rng.choice(PLACES), "LOC")
        add(rng.choice(["is late", "is long", "leaves at noon"]))
    else:
        add(rng.choice(["The old book of", "The house of", "The dog of"]))
        person()
        add(rng.choice(["is lost", "is very old", "sleeps near the door"]))
    add(".")
    return {"words": words, "labels": labels}


def question(rng):
    first, second = rng.sample(NAMES, 2)
    thing, other = rng.sample(THINGS, 2)
    spot, place = rng.sample(SPOTS, 2)
    hour = rng.choice(HOURS)
    context = (
        f"{first} put the {thing} {spot}. {second} came {hour} and left the {other} {place}. "
        f"Then {rng.choice(['it rained', 'they ate soup', 'the sun came out'])}."
    )
    choices = [
        (f"Where is the {thing}?", spot),
        (f"Where is the {other}?", place),
        (f"Who put the {thing} {spot}?", first),
        (f"When did {second} come?", hour),
    ]
    asked, answer = rng.choice(choices)
    return {"question": asked, "context": context, "answer": answer}


def rows(make, rng):
    seen = set()
    while len(seen) < ROWS:
        line = json.dumps(make(rng), ensure_ascii=False, separators=(",", ":"))
        if line not in seen:
            seen.add(line)
            yield line


def main():
    check = sys.argv[1:] == ["--check"]
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 and not check else ROOT / "recipes/tasks"
    out.mkdir(parents=True, exist_ok=True)
    for name, make in dict(pairs=pair, moods=mood, names=names, questions=question).items():
        content = ("\n".join(rows(make, random.Random(f"task text {name}"))) + "\n").encode()
        path = out / f"{name}.jsonl"
        if check and path.read_bytes() != content:
            sys.exit(f"{path} is not what make_task_text.py makes: run it again")
        if not check:
            path.write_bytes(content)
            print(path, len(content))


if __name__ == "__main__":
    main()
