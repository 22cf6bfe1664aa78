#!/usr/bin/env python3
"""Writes the small conversations of recipes/talks/: questions about one sentence, answered in two ways.

Every sentence comes from the templates below, which are ours; the result is CC0. The same seed gives the
same files. What is held out has other sentences than what is learned.
Usage: make_talks.py [OUT_DIR | --check]
"""

import itertools
import json
import pathlib
import random
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
TALKS, PREFERENCES, HELD_OUT = 1000, 400, 100

NAMES = "Rose Zoe Martin Leo Nina Omar Ines Paul Lucy Jean Sara Tom Amina Hugo Clara Emma".split()
# (English, French)
THINGS = [("boat", "le bateau"), ("drum", "le tambour"), ("lamp", "la lampe"), ("basket", "le panier"),
          ("violin", "le violon"), ("ladder", "l'échelle"), ("book", "le livre"), ("key", "la clé"),
          ("letter", "la lettre"), ("bread", "le pain"), ("hat", "le chapeau"), ("apple", "la pomme")]
SPOTS = [("under the bed", "sous le lit"), ("behind the house", "derrière la maison"),
         ("in the garden", "dans le jardin"), ("on the table", "sur la table"),
         ("in the kitchen", "dans la cuisine"), ("near the river", "près de la rivière"),
         ("on the roof", "sur le toit"), ("in the boat house", "dans le hangar"),
         ("behind the door", "derrière la porte"), ("in the old tower", "dans la vieille tour")]


def upper(text):
    return text[0].upper() + text[1:]


class Scene:
    """One sentence, its questions, and their answers: brief ones and wordy ones."""

    def __init__(self, name, thing, spot, french):
        self.name, self.french = name, french
        self.thing, self.spot = thing[french], spot[french]
        if french:
            self.told = f"{name} a mis {self.thing} {self.spot}."
            self.where, self.who = f"Où est {self.thing} ?", "Qui a fait cela ?"
        else:
            self.told = f"{name} put the {self.thing} {self.spot}."
            self.where, self.who = f"Where is the {self.thing}?", "Who did that?"

    def place(self, brief):
        if self.french:
            plain = f"{upper(self.thing)} est {self.spot}."
            return plain if brief else (
                f"Eh bien, laissez-moi réfléchir un peu. Vous avez dit que {self.name} était là. "
                f"Alors je crois que {self.thing} est {self.spot}, mais qui sait ?")
        plain = f"The {self.thing} is {self.spot}."
        return plain if brief else (
            f"Well, let me think about it for a little. You said that {self.name} was there. "
            f"So I believe that the {self.thing} is {self.spot}, but who knows?")

    def person(self, brief):
        if self.french:
            return f"C'est {self.name}." if brief else (
                f"Voilà une bonne question. Si je me souviens bien, c'est {self.name}, comme vous l'avez dit.")
        return f"It was {self.name}." if brief else (
            f"That is a good question. If I remember well, it was {self.name}, as you said.")


def said(role, text):
    return {"role": role, "content": text}


def talk(scene, rng):
    """One answer or two, each in one of the two ways."""
    ask_who = rng.random() < 0.3
    answer = scene.person if ask_who else scene.place
    messages = [said("user", f"{scene.told} {scene.who if ask_who else scene.where}"),
                said("assistant", answer(rng.random() < 0.5))]
    if not ask_who and rng.random() < 0.3:
        messages += [said("user", scene.who), said("assistant", scene.person(rng.random() < 0.5))]
    return {"messages": messages}


def preference(scene, rng):
    ask_who = rng.random() < 0.3
    answer = scene.person if ask_who else scene.place
    return {"prompt": [said("user", f"{scene.told} {scene.who if ask_who else scene.where}")],
            "chosen": answer(True), "rejected": answer(False)}


def question(scene, rng):
    """What tools/measure_answers.py asks, and the word that an answer must have."""
    ask_who = rng.random() < 0.3
    return {"messages": [said("user", f"{scene.told} {scene.who if ask_who else scene.where}")],
            "wanted": scene.name if ask_who else scene.spot, "brief": (scene.person if ask_who else scene.place)(True)}


def main():
    check = sys.argv[1:] == ["--check"]
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 and not check else ROOT / "recipes/talks"
    out.mkdir(parents=True, exist_ok=True)
    rng = random.Random("talks")
    scenes = [Scene(*parts) for parts in itertools.product(NAMES, THINGS, SPOTS, (0, 1))]
    rng.shuffle(scenes)
    files = [("talks", talk, TALKS), ("heldout_talks", talk, HELD_OUT), ("preferences", preference, PREFERENCES),
             ("heldout_preferences", preference, HELD_OUT), ("questions", question, HELD_OUT)]
    for name, make, count in files:
        rows = [make(scenes.pop(), rng) for _ in range(count)]
        content = "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)
        path = out / f"{name}.jsonl"
        if check and path.read_text() != content:
            sys.exit(f"{path} is not what make_talks.py makes: run it again")
        if not check:
            path.write_text(content)


if __name__ == "__main__":
    main()
