#!/usr/bin/env python3
"""Checks that every module includes only the floors below it (parvis/FLOORS), that CMake's DEPS say
the same, and that FLOORS has no cycle. Prints one line per violation; exit 1 if there is any."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCES = ROOT / "parvis"


def read_floors():
    floors = {}
    for line in (SOURCES / "FLOORS").read_text().splitlines():
        words = line.split("#")[0].split()
        if words:
            floors[words[0]] = set(words[1:])
    return floors


def check(floors):
    order = list(floors)
    for module, below in floors.items():
        for other in below:
            if other not in floors:
                yield f"parvis/FLOORS: {module} names {other}, which has no line"
            elif module in floors[other]:
                yield f"parvis/FLOORS: {module} and {other} may include each other"
    for folder in sorted(p.name for p in SOURCES.iterdir() if p.is_dir()):
        if folder not in floors:
            yield f"parvis/{folder}: no line in parvis/FLOORS"
    for module in order:
        allowed = floors[module] | {module, "core"}
        for path in sorted((SOURCES / module).glob("*.[hc]*")):
            for number, line in enumerate(path.read_text().splitlines(), 1):
                match = re.match(r'\s*#\s*include\s+"parvis/(\w+)/', line)
                if match and match.group(1) not in allowed:
                    yield (f"{path.relative_to(ROOT)}:{number}: {module} may not include "
                           f"{match.group(1)} (parvis/FLOORS)")
    calls = re.findall(r"parvis_module\(NAME (\w+)([^)]*)\)", (SOURCES / "CMakeLists.txt").read_text())
    built = {name: set(re.search(r"DEPS ([a-z_ ]+)", rest).group(1).split()) if "DEPS" in rest else set()
             for name, rest in calls}
    for module in order:
        if built.get(module) != floors[module]:
            yield f"parvis/CMakeLists.txt: DEPS of {module} differ from parvis/FLOORS"


if __name__ == "__main__":
    problems = list(check(read_floors()))
    print("\n".join(problems) if problems else "floors: every include stands on a floor below")
    sys.exit(1 if problems else 0)
