#!/usr/bin/env python3
"""From finished runs to a model that is shipped: quantised, measured before and after, with its evidence and card.

Usage: ship_model.py NAME --runs RUN_DIR … --texts OUT_DIR … --data DATA_DIR [--parvis PROGRAM] [--threads N] [--most N]
       NAME: parvis-pont, parvis-scribe, parvis-babel, parvis-lens, parvis-lens-answers, parvis-fable
       RUN_DIR: of `parvis train`, in order; the last one's NAME.gguf is what is shipped
       OUT_DIR: as gather_text.py and `parvis data build` wrote them, the first one is measured with

Begun again it goes on with the figures that are not there yet. Results of measuring lie in OUT_DIR/figures.
"""

import argparse
import json
import pathlib
import subprocess
import sys

TOOLS = pathlib.Path(__file__).resolve().parent
MODELS = TOOLS.parent / "models"
CLOSE = 0.01  # quantised within so much of what it was


def run(*command):
    print("+", *command, flush=True)
    subprocess.run([str(c) for c in command], check=True)


def told_apart(figures):
    """Figures that quantising changed by more than CLOSE of them."""
    sys.path.insert(0, str(TOOLS))
    from make_card import measured

    before = {m.path: m for m in measured(figures["f32"]["figures"])}
    for m in measured(figures["q8_0"]["figures"]):
        full = before[m.path].scores["model"] if m.path in before else 0.0
        if full and abs(m.scores["model"] - full) > CLOSE * abs(full):
            yield f"{', '.join(m.path)}: {full:.4g} before quantising, {m.scores['model']:.4g} after"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name")
    parser.add_argument("--runs", nargs="+", type=pathlib.Path, required=True)
    parser.add_argument("--texts", nargs="+", type=pathlib.Path, required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--parvis", default="parvis")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--most", type=int, default=0, help="questions of each figure at most (0: all)")
    a = parser.parse_args()
    full, shipped = a.runs[-1] / f"{a.name}.gguf", MODELS / f"{a.name}.gguf"
    run(a.parvis, "quantize", full, shipped, "q8_0", "--quiet")
    folder = a.texts[0] / "figures"
    folder.mkdir(exist_ok=True)
    figures = []
    for kind, model in (("q8_0", shipped), ("f32", full)):
        out = folder / f"{a.name}.{kind}.json"
        run(sys.executable, TOOLS / "measure_model.py", a.name.removeprefix("parvis-"), "--model", model, "--data", a.data, "--texts",
            a.texts[0], "--out", out, "--parvis", a.parvis, "--threads", a.threads, "--most", a.most,
            *(["--alone"] if kind == "f32" else []))
        figures.append(f"{kind}={out}")
    run(sys.executable, TOOLS / "collect_evidence.py", a.name, "--runs", *a.runs, "--texts", *a.texts, "--figures", *figures)
    run(sys.executable, TOOLS / "make_card.py")
    for line in told_apart(json.loads((MODELS / "evidence" / a.name / "figures.json").read_text())):
        print("quantising changed it:", line)


if __name__ == "__main__":
    main()
