#!/usr/bin/env python3
"""Gathers the text that a shipped model learns from, and the recipe of its data set.

Usage: gather_text.py MODEL DATA_DIR OUT_DIR      MODEL: pont, scribe, babel, lens, fable
       parvis data build OUT_DIR/corpus.toml      cleans, drops duplicates, splits
       parvis train recipes/MODEL.toml --data OUT_DIR/corpus/text

Writes OUT_DIR/raw/SOURCE.jsonl (every row with its licence and author), OUT_DIR/corpus.toml, and
OUT_DIR/gathered.json: hashes of what was read, rows by source, and how many were left out because a
set for evaluation has them. Only what may be shipped is taken: see model_text/licences.py.
"""

import argparse
import importlib
import json
import pathlib

from model_text import common


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=["pont", "scribe", "babel", "lens", "fable"])
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    a = parser.parse_args()
    module = importlib.import_module(f"model_text.{a.model}")
    guard = common.Guard(a.data)
    writer = common.Writer(a.out, guard)
    module.gather(a.data, writer)
    writer.finish(a.model, module.CORPUS, module.DATA_SET)
    print(json.dumps(writer.summary(), indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
