#!/usr/bin/env python3
"""Writes the programs that `parvis data build` wrote once more, as model_text/bare.py says; what was held out stays so.

Usage: bare_programs.py CORPUS/text OUT_DIR
"""

import argparse
import multiprocessing
import pathlib

from model_text import bare


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    with multiprocessing.Pool() as pool:
        for name in ("train.jsonl", "heldout.jsonl"):
            with open(arguments.texts / name, encoding="utf-8") as read, open(arguments.out / name, "w", encoding="utf-8") as write:
                write.writelines(pool.imap(bare.bare_row, read, chunksize=16))


if __name__ == "__main__":
    main()
