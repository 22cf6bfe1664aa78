#!/usr/bin/env python3
"""The figures of a shipped model, each beside what needs no model or a simple one; JSON for its card.

Usage: measure_model.py NAME --model FILE --data DATA_DIR --texts OUT_DIR --out JSON [--parvis PROGRAM] [--only FIGURE …]
       NAME: pont, scribe, babel, lens, lens-answers, fable; OUT_DIR: as written by gather_text.py and
       parvis data build; needs numpy

What `parvis eval` can measure it measures; the rest asks `parvis` and counts here. What a figure means stands in
tools/model_figures/, in the function of its name. Held-out text only; evaluation sets were kept out by gather_text.py.
"""

import argparse
import hashlib
import importlib
import json
import pathlib
import tempfile
import time

from model_figures.common import Parvis


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=["pont", "scribe", "babel", "lens", "lens-answers", "fable"])
    for key in ("model", "data", "texts", "out"):
        parser.add_argument(f"--{key}", required=True, type=pathlib.Path)
    parser.add_argument("--parvis", default="parvis")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--most", type=int, default=0, help="questions of each figure at most (0: all)")
    parser.add_argument("--alone", action="store_true", help="without what needs no model, and without samples")
    a = parser.parse_args()
    module = importlib.import_module("model_figures." + a.name.replace("-", "_"))
    results = json.loads(a.out.read_text()) if a.out.exists() else {}
    digest = hashlib.sha256(a.model.read_bytes()).hexdigest()
    if results.get("model_sha256") != digest:
        results = {"model": a.model.name, "model_sha256": digest, "figures": {}}
    with tempfile.TemporaryDirectory() as scratch:
        parvis = Parvis(a.parvis, a.model, a.threads, pathlib.Path(scratch), a.most, a.alone)
        for figure, measure in module.FIGURES.items():
            if figure in results["figures"] or (a.only and figure not in a.only):
                continue
            begin = time.monotonic()
            results["figures"][figure] = measure(parvis, a.data, a.texts)
            results.setdefault("seconds", {})[figure] = round(time.monotonic() - begin, 1)
            print(figure, json.dumps(results["figures"][figure], ensure_ascii=False)[:600], flush=True)
            a.out.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
        if hasattr(module, "samples") and not a.only and not a.alone and "samples" not in results:
            results["samples"] = module.samples(parvis, a.data, a.texts)
            a.out.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
