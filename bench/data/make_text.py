#!/usr/bin/env python3
"""Writes text as long as one wants, for bench/data/measure.py: documents of made-up words, a new one now
and then however long the text gets (as in real texts), frequent ones as frequent as in Zipf's law.

usage: make_text.py BYTES OUT.jsonl [SEED]"""
import itertools
import json
import random
import sys

FREQUENT = "the of and to in a is that it was for on with as la de et les des un une que".split()
SOUNDS = [consonant + vowel for consonant in "b c d f g h j l m n p r s t v ch st tr br".split()
          for vowel in "a e i o u \u00e9 ai ou on en".split()]


def main():
    size, path = int(sys.argv[1]), sys.argv[2]
    draw = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 5)
    words = list(dict.fromkeys("".join(draw.choices(SOUNDS, k=draw.choice([1, 1, 2, 2, 2, 3, 3, 4])))
                               for _ in range(300_000)))
    weights = list(itertools.accumulate(1 / (rank + 2.7) for rank in range(len(words))))
    written = 0
    with open(path, "w", encoding="utf-8") as file:
        for number in itertools.count(1):
            sentences = []
            for _ in range(draw.randint(4, 40)):
                chosen = draw.choices(words, cum_weights=weights, k=draw.randint(5, 18))
                for i in range(0, len(chosen), 3):
                    chosen[i] = draw.choice(FREQUENT)
                if draw.random() < 0.15:  # a word that nobody has seen before
                    chosen[-1] = "".join(draw.choices(SOUNDS, k=4))
                sentence = " ".join(chosen)
                sentences.append(sentence[0].upper() + sentence[1:] + ".")
            text = " ".join(sentences)
            file.write(json.dumps({"id": str(number), "text": text}, ensure_ascii=False) + "\n")
            written += len(text.encode())
            if written >= size:
                return


if __name__ == "__main__":
    main()
