"""What making the goldens again changed, against the last commit. Numbers of another kind of CPU
differ in their last bits: those are measured, anything else is named. Run by ./dev golden."""
import json
import pathlib
import subprocess

import numpy
import safetensors.numpy

ROOT = pathlib.Path(__file__).resolve().parents[2]


def git(*arguments):
    return subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, check=True).stdout


def difference(old, new):
    """The largest of a tensor's differences, relative to its largest number; None: not numbers of
    one shape, or whole numbers that differ."""
    if old.shape != new.shape or old.dtype != new.dtype:
        return None
    if not numpy.issubdtype(old.dtype, numpy.floating):
        return 0.0 if numpy.array_equal(old, new) else None
    if old.size == 0 or numpy.array_equal(old, new, equal_nan=True):
        return 0.0
    old, new = old.astype(numpy.float64), new.astype(numpy.float64)
    return float(numpy.abs(old - new).max() / max(numpy.abs(old).max(), 1e-30))


def of_json(value, found):
    """A JSON text as named arrays: its numbers, and all else in one text."""
    if isinstance(value, dict):
        value = list(value.items())
    if isinstance(value, (list, tuple)):
        for part in value:
            of_json(part, found)
    elif isinstance(value, float):
        found["numbers"].append(value)
    else:
        found["text"].append(value)
    return found


def load(path, content):
    if path.endswith(".safetensors"):
        return safetensors.numpy.load(content)
    if path.endswith(".json"):
        found = of_json(json.loads(content), {"numbers": [], "text": []})
        text = json.dumps(found["text"]).encode()
        return {"numbers": numpy.array(found["numbers"]),
                "text": numpy.frombuffer(text, numpy.uint8)}
    return {"bytes": numpy.frombuffer(content, numpy.uint8)}


def describe(path):
    old, new = load(path, git("show", f"HEAD:{path}")), load(path, (ROOT / path).read_bytes())
    if old.keys() != new.keys():
        return "other tensors: " + ", ".join(sorted(old.keys() ^ new.keys()))
    differences = {name: difference(old[name], new[name]) for name in old}
    other = [name for name, value in differences.items() if value is None]
    if other:
        return "other text, whole numbers or shapes: " + ", ".join(sorted(other))
    worst = max(differences, key=differences.get)
    return f"the same but for rounding: at most {differences[worst]:.1e} of the largest ({worst})"


def main():
    lines = git("status", "--porcelain", "-z", "--", "tests/golden").decode().split("\0")
    for line in filter(None, lines):
        state, path = line[:2].strip(), line[3:]
        print(f"{path}: {describe(path) if state == 'M' else 'new' if state == '??' else state}")
    if not any(lines):
        print("tests/golden is as it was")


if __name__ == "__main__":
    main()
