"""Docstrings as short as a small model can learn to end them: their first paragraph, or its first sentence.

A quarter of library code is docstrings, with sections that are longer than a small model's context. One that learned from
them begins a docstring in every function and does not find its end.
"""

import ast
import re
import textwrap

LONGEST = 200  # characters
WIDTH = 88  # of a line, as black has it
QUOTED = re.compile(r"([rRuU]?)(\"\"\"|''')(.*)\2", re.S)


def documented(tree):
    """The parts of a program that have a docstring."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return [n for n in ast.walk(tree) if isinstance(n, kinds) and ast.get_docstring(n, clean=False) is not None]


def summary(text):
    """What a docstring says first, or None if that is long itself."""
    paragraph = " ".join(re.split(r"\n[ \t]*\n", text.strip(), maxsplit=1)[0].split())
    for said in (paragraph, re.split(r"(?<=[.!?:])\s", paragraph, maxsplit=1)[0]):
        if len(said) <= LONGEST:
            return said
    return None


def written(indent, prefix, quotes, text):
    """The lines of a docstring."""
    line = f"{indent}{prefix}{quotes}{text}{quotes}"
    if len(line) <= WIDTH:
        return [line]
    return textwrap.wrap(f"{prefix}{quotes}{text}", WIDTH, initial_indent=indent, subsequent_indent=indent,
                         break_long_words=False, break_on_hyphens=False) + [indent + quotes]


def without_docstrings(tree):
    """What a program does, to compare two of them."""
    for node in documented(tree):
        node.body = node.body[1:]
    return ast.dump(tree)


def shortened(program):
    """The program with its docstrings cut. None: Python cannot read it. As it was where a cut would change what it does."""
    try:
        tree = ast.parse(program)
    except (SyntaxError, ValueError, RecursionError):
        return None
    lines = program.split("\n")
    for node in sorted(documented(tree), key=lambda n: n.body[0].lineno, reverse=True):
        first, last = node.body[0].lineno - 1, node.body[0].end_lineno
        source = "\n".join(lines[first:last])
        indent = source[:len(source) - len(source.lstrip())]
        quoted = QUOTED.fullmatch(source.strip())
        if first + 1 == last or not quoted:
            continue
        text = summary(quoted[3])
        if text and not text.endswith(("\\", quoted[2][0])):
            lines[first:last] = written(indent, quoted[1], quoted[2], text)
        elif not text and len(node.body) > 1:
            del lines[first:last]
    result = "\n".join(lines)
    try:
        same = without_docstrings(ast.parse(result)) == without_docstrings(tree)
    except (SyntaxError, ValueError):
        same = False
    return result if same else program
