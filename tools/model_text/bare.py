"""Programs as a small model can write them: short functions of short statements, without long comments.

What it begins it has to end, and it sees some forty lines. So docstrings of functions go, and others that are longer than a
line; blocks of comments; functions that are longer than LONGEST_FUNCTION lines; and what has a statement of more than
LONGEST_STATEMENT lines in it, tables above all. Names of what went are still used: the rest need not run.
"""

import ast
import io
import json
import re
import tokenize

from model_text.docstrings import documented

LONGEST_FUNCTION = 40  # lines
LONGEST_STATEMENT = 8
SHORTEST = 200  # characters of a program that is left
NOT_PROGRAMS = ("python-docs", "textbooks")  # sources
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def first_line(node):
    return min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])


def length(node):
    return node.end_lineno - first_line(node) + 1


def docstrings_of(program):
    """The lines of docstrings that go. Where nothing else stands in the body, or behind it on the same line, one stays."""
    lines = program.split("\n")
    for node in documented(ast.parse(program)):
        said = node.body[0]
        is_short = said.lineno == said.end_lineno and not isinstance(node, FUNCTIONS)
        begins = re.match(r"[rRuU]?[\"']", lines[said.lineno - 1].lstrip())
        if not is_short and begins and len(node.body) > 1 and node.body[1].lineno > said.end_lineno:
            yield said.lineno, said.end_lineno


def comments_of(program):
    """The lines of comments that have more than one."""
    at = [t.start[0] for t in tokenize.generate_tokens(io.StringIO(program).readline)
          if t.type == tokenize.COMMENT and t.line.lstrip().startswith("#")]
    runs = []
    for line in at:
        if runs and line == runs[-1][1] + 1:
            runs[-1][1] = line
        else:
            runs.append([line, line])
    return [run for run in runs if run[0] < run[1]]


def is_long(node):
    if isinstance(node, FUNCTIONS) and length(node) > LONGEST_FUNCTION:
        return True
    return any(isinstance(n, ast.stmt) and not hasattr(n, "body") and length(n) > LONGEST_STATEMENT for n in ast.walk(node))


def long_ones(body):
    """The lines of what is long in a module or class; a class that would be empty goes whole."""
    for node in body:
        if isinstance(node, ast.ClassDef):
            inner = list(long_ones(node.body))
            kept = [n for n in node.body if not any(first <= n.lineno <= last for first, last in inner)]
            yield from inner if kept else [(first_line(node), node.end_lineno)]
        elif is_long(node):
            yield first_line(node), node.end_lineno


def without(program, spans):
    """Without these lines, and without the empty ones behind them."""
    lines = program.split("\n")
    for first, last in sorted(spans, reverse=True):
        while last < len(lines) and not lines[last].strip():
            last += 1
        del lines[first - 1:last]
    return "\n".join(lines)


def bare(program):
    """The program as said above. REQUIRES: Python can read it."""
    for spans in (docstrings_of, comments_of, lambda text: long_ones(ast.parse(text).body)):
        program = without(program, spans(program))
    return program


def bare_row(line):
    row = json.loads(line)
    text = bare(row["text"]) if row["source"] not in NOT_PROGRAMS else ""
    return json.dumps({**row, "text": text}, ensure_ascii=False) + "\n" if len(text) >= SHORTEST else ""
