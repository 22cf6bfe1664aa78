#!/usr/bin/env python3
"""Checks that the documents agree with the tree and with each other: links lead to files, paths in
back quotes exist, ARCHITECTURE.md names every module, the English and the French guide have the
same sections and the same commands. Prints one line per problem; exit 1 if there is any."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ("parvis/", "docs/", "tools/", "tests/", "bench/", "recipes/", "models/", "cmake/")


def documents():
    yield from sorted(ROOT.glob("*.md"))
    yield from sorted((ROOT / "docs").rglob("*.md"))


def without_code(text):
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def check_links(path):
    text = without_code(path.read_text())
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if not re.match(r"[a-z]+:", target) and not (path.parent / target).exists():
            yield f"{path.relative_to(ROOT)}: no {target}"
    for quoted in re.findall(r"`([^`\s]+)`", text):
        if quoted.startswith(FOLDERS) and not re.search(r"[*<{…]", quoted):
            if not (ROOT / quoted.split(":")[0]).exists():
                yield f"{path.relative_to(ROOT)}: no {quoted}"


def check_modules():
    text = (ROOT / "docs/ARCHITECTURE.md").read_text()
    for line in (ROOT / "parvis/FLOORS").read_text().splitlines():
        words = line.split("#")[0].split()
        if words and f"`parvis/{words[0]}/`" not in text:
            yield f"docs/ARCHITECTURE.md: does not name parvis/{words[0]}/"


def outline(path):
    """(heading levels, code blocks with their commands but not their comments)."""
    text = path.read_text()
    blocks = re.findall(r"^```(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    code = ["\n".join(re.sub(r"\s*#.*", "", line) for line in block.splitlines()) for block in blocks]
    return [len(h) for h in re.findall(r"^(#+) ", without_code(text), re.MULTILINE)], code


def check_languages():
    english, french = ROOT / "docs/guide/en", ROOT / "docs/guide/fr"
    names = {p.name for p in english.glob("*.md")} | {p.name for p in french.glob("*.md")}
    for name in sorted(names):
        if not (english / name).exists() or not (french / name).exists():
            yield f"docs/guide: {name} is in one language only"
            continue
        (levels_en, code_en), (levels_fr, code_fr) = outline(english / name), outline(french / name)
        if levels_en != levels_fr:
            yield f"docs/guide: {name}: the sections differ: {levels_en} and {levels_fr}"
        for number, (a, b) in enumerate(zip(code_en, code_fr), 1):
            if a != b:
                yield f"docs/guide: {name}: code block {number} differs"
        if len(code_en) != len(code_fr):
            yield f"docs/guide: {name}: {len(code_en)} and {len(code_fr)} code blocks"


if __name__ == "__main__":
    problems = [p for path in documents() for p in check_links(path)]
    problems += list(check_modules()) + list(check_languages())
    print("\n".join(problems) if problems else "docs: links, paths, modules and languages agree")
    sys.exit(1 if problems else 0)
