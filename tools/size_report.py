#!/usr/bin/env python3
"""Lines of C++ per module (code and tests), the longest files, and what the change since the main
branch adds. Run by `./dev size`."""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LONG_FILE = 400


def git(*arguments):
    run = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True)
    return run.stdout if run.returncode == 0 else ""


def line_counts():
    """{path: lines} of our C++ files."""
    return {path.relative_to(ROOT): len(path.read_text(errors="replace").splitlines())
            for folder in ("parvis", "bench", "tests")
            for path in sorted((ROOT / folder).rglob("*"))
            if path.suffix in (".h", ".cc") and path.is_file()}


def is_test(path):
    return path.stem.endswith(("_test", "_fuzz")) or path.parts[0] == "tests"


def added_lines():
    """{module: (added, removed)} against the merge base with main."""
    base = git("merge-base", "HEAD", "main").strip() or "HEAD"
    changes = {}
    for line in git("diff", "--numstat", base, "--", "parvis", "bench", "tests").splitlines():
        added, removed, path = line.split("\t")
        if path.endswith((".h", ".cc")) and added != "-":
            key = "/".join(path.split("/")[:2])
            old = changes.get(key, (0, 0))
            changes[key] = (old[0] + int(added), old[1] + int(removed))
    return changes


def main():
    counts = line_counts()
    modules = {}
    for path, lines in counts.items():
        code, tests = modules.get("/".join(path.parts[:2]), (0, 0))
        modules["/".join(path.parts[:2])] = (code, tests + lines) if is_test(path) else (
            code + lines, tests)
    changes = added_lines()
    print(f"{'module':<20}{'code':>8}{'tests':>8}{'this change':>16}")
    for module, (code, tests) in sorted(modules.items()):
        added, removed = changes.get(module, (0, 0))
        change = f"+{added} -{removed}" if added or removed else ""
        print(f"{module:<20}{code:>8}{tests:>8}{change:>16}")
    print(f"{'all':<20}{sum(c for c, _ in modules.values()):>8}"
          f"{sum(t for _, t in modules.values()):>8}")
    for path, lines in sorted(counts.items(), key=lambda item: -item[1]):
        if lines > LONG_FILE:
            print(f"longer than {LONG_FILE} lines: {path} ({lines})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
