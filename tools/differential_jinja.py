#!/usr/bin/env python3
"""Renders random chat templates with jinja2, as transformers sets it up, and with Parvis, and says
where they differ. Usage: differential_jinja.py RENDERER [COUNT [SEED]]

RENDERER is build/release/bin/parvis_chat_render (target parvis_chat_render). Needs transformers
(tools/goldens/requirements.txt). The same seed gives the same templates. A difference is: another
text, or that one refuses and the other does not. What Parvis leaves out on purpose
(docs/design/chat-templates.md) is not generated."""

import copy
import json
import random
import signal
import subprocess
import sys

from transformers.utils import chat_template_utils

VARIABLES = {
    "s": "Some text", "u": "é ß 😀\n x ", "e": "", "n": 3, "f": 2.5, "t": True, "z": None,
    "l": [3, 1, 2], "w": ["b", "A", " c "], "d": {"a": 1, "k": "v", "x": {"y": [1, "q"]}},
    "m": [{"role": "user", "content": " Hi <b> "}, {"role": "assistant", "content": "Yes\n\nno", "tool_calls": []},
          {"role": "tool", "content": "{\"r\": 1}", "name": "f"}],
}
NAMES = ["s", "u", "e", "n", "f", "t", "z", "l", "w", "d", "m", "q", "r", "missing"]
STRINGS = ["''", "'a'", "' '", "'x y'", "\"it's\"", "'é'", "'\\n'", "'role'", "'a,b'", "'%s'", "'<|'", "'b'"]
TESTS = ["defined", "undefined", "none", "string", "number", "integer", "float", "boolean", "mapping",
         "iterable", "sequence", "true", "false", "odd", "even", "lower", "upper", "callable"]
METHODS = ["upper()", "lower()", "strip()", "lstrip()", "rstrip('x ')", "upper()", "title()", "capitalize()", "replace('a', 'bb')", "startswith('a')", "endswith('x')",
           "find('e')", "rfind('e')", "count('e')", "isdigit()", "isalpha()", "isupper()", "zfill(5)",
           "join(['p', 'q'])", "removeprefix('S')", "center(8, '*')", "swapcase()", "istitle()", "isspace()", "ljust(4)", "expandtabs()", "casefold()",
           "format(1)", "index('e')", "pop()", "nope()"]


KINDS = {  # names and constants by what they hold
    "text": ["s", "u", "e", *STRINGS], "number": ["n", "f", "0", "1", "2", "-1", "10", "1.5", "0.1", "1e3", "true"],
    "list": ["l", "w", "m", "[]", "()", "[1, 'a']", "(1, 2)", "range(3)", "[[1, 2], [3, 4]]"], "dict": ["d", "m[0]", "{}", "{'a': 1}"],
    "any": [*NAMES, "none", "true", "false"],
}
MADE = {  # expressions by what they give; %t, %n, %l, %d, %a are parts of that kind
    "text": ["%t ~ %a", "(%t + %t)", "%t * 2", "%t | UNARY", "%t.METHOD", "%t[SLICE]", "%t[0]", "(%t if %a else %t)", "%a | string",
             "%l | join(%t)", "%l | join", "%a | tojson", "%t | replace(%t, %t)", "%t | indent(2)", "%t | truncate(6, true, '', 0)",
             "'%%s-%%s' %% (%a, %a)", "%d.get('k', %t)", "%l | map('string') | join(',')", "%t | center(9)", "%t | default(%t, true)",
             "mac(%a)", "%t | trim(%t)", "%l | tojson(indent=2)", "%t | format", "(%t or %t)", "m[0].content",
             "%t.split(',')[0]", "%t.splitlines() | join('|')", "%t.partition(' ') | last", "loop.index ~ ''"],
    "number": ["(%n + %n)", "(%n - %n)", "%n * %n", "%n // 2", "%n % 3", "%n / 4", "-%n", "%a | string | length", "%l | length", "%t | int",
               "%t | float", "%n | abs", "%n | round", "%n | round(1)", "%t.count('e')", "%t.find('e')", "%n | int", "(%n if %a else %n)",
               "%t | wordcount", "range(4) | sum", "[%n, %n] | max", "(%n ** 2)", "%t | length", "(%n and %n)", "ns.c | int"],
    "list": ["[%a, %a]", "(%a,)", "%l[SLICE]", "(%l + [%a])", "%l | list", "%l | reverse | list", "%t.split()", "%t.split(' ')", "%d.keys() | list",
             "%d.values() | list", "%d | items | list", "%d | dictsort", "%l | select('string') | list", "%l | map('string') | list", "%t | list",
             "m | map(attribute='role') | list", "m | selectattr('role', 'equalto', %t) | list", "m | rejectattr('tool_calls') | list",
             "%l | batch(2) | list", "%l | slice(2) | list", "(%l if %a else %l)", "[%n, %n] | sort", "[%t, %t] | sort(reverse=true)",
             "m | sort(attribute='role')", "[%t, %t] | unique | list", "%l | map('default', %a) | list", "m | groupby('role')", "%l * 2",
             "m | map(attribute='content', default=%a) | list", "%l | reject('in', %l) | list", "range(%n | int)", "%t.rsplit(' ', 1)"],
    "dict": ["{'p': %a, %t: %a}", "dict(a=%a)", "dict(%d, b=%a)", "(%d if %a else %d)", "m[-1]", "d.x"],
    "any": ["%d.a", "%d['role']", "%d.nope", "%l[0]", "%l[-1]", "%l | first", "%l | last", "(%a == %a)", "(%a != %a)", "(%n < %n)", "(%t >= %t)",
            "(%a in %l)", "(%t in %t)", "(%t not in %d)", "(not %a)", "(%a and %a)", "(%a or %a)", "(%a is TEST)", "(%a is not TEST)",
            "(%n is divisibleby(3))", "(%a is eq(%a))", "(%a is in(%l))", "%t", "%n", "%l", "%d", "loop.last", "loop.first", "loop.previtem",
            "loop.nextitem", "loop.length", "loop.cycle(%a, %a)", "namespace(v=%a).v", "ns.c", "ns.nope", "%a | default(%a)", "%t.startswith(%t)",
            "%t.isdigit()", "(%a if %a)", "%l.index(1)", "loop.changed(%a)", "d.x.y[1]", "%l | max", "%l | sum", "%l | sort",
            "%t.__class__", "%d.pop('a')", "(%n, %t) == (%n, %t)", "(%a is sameas(%a))", "%n < %n < %n", "%t[%n | int]"],
}
UNARY = ["upper", "lower", "title", "capitalize", "trim", "string", "reverse"]


class Generator:
    def __init__(self, rng):
        self.rng = rng

    def pick(self, items):
        return self.rng.choice(items)

    def expr(self, depth, kind=None):
        kind = kind or self.pick(["any", "any", "text", "text", "number", "list", "dict"])
        if self.rng.random() < 0.01:
            kind = "any"  # mostly a refusal
        if depth <= 0 or self.rng.random() < 0.2:
            return self.pick(KINDS[kind])
        made = self.pick(MADE[kind])
        if "loop." in made and self.loops == 0 and self.rng.random() < 0.9:
            return self.pick(KINDS[kind])
        if ("mac(" in made or "pop" in made or "__class__" in made) and self.rng.random() < 0.8:
            return self.pick(KINDS[kind])
        out = ""
        at = 0
        kinds = {"t": "text", "n": "number", "l": "list", "d": "dict", "a": "any"}
        while at < len(made):
            if made[at] == "%" and made[at + 1:at + 2] == "%":
                out, at = out + "%", at + 2
            elif made[at] == "%" and made[at + 1:at + 2] in kinds and made[at + 1:at + 2]:
                part = self.expr(depth - 1, kinds[made[at + 1]])
                simple = part.isidentifier() or part[0] in "'[{" and not any(c in part for c in "|~+*%")
                out, at = out + (part if simple or self.rng.random() < 0.1 else f"({part})"), at + 2
            else:
                out, at = out + made[at], at + 1
        part = self.pick(["1:", ":2", "::-1", "-2:", "1:-1", ":", "::2", "2:0:-1", ":-1"])
        return out.replace("SLICE", part).replace("METHOD", self.pick(METHODS[:-4])).replace(
            "UNARY", self.pick(UNARY)).replace("TEST", self.pick(TESTS))

    def text(self):
        return self.pick(["", "", " ", "\n", "a", " b ", "\n  ", "\n\n", "<|x|>", "  \n", "é", "{", "%}", "# "])

    def tag(self, inside):
        return "{%" + self.pick(["", "", "-", "+"]) + " " + inside + " " + self.pick(["", "", "-"]) + "%}"

    def body(self, depth, loops):
        return "".join(self.statement(depth, loops) for _ in range(self.rng.randrange(1, 4)))

    def statement(self, depth, loops):
        self.loops = loops
        text = self.text()
        r = self.rng.randrange(20)
        if depth <= 0 or r < 7:
            return text + "{{" + self.pick(["", "-"]) + " " + self.expr(self.rng.randrange(1, 4)) + " " + \
                self.pick(["", "-"]) + "}}"
        inner = lambda more=0: self.body(depth - 1, loops + more)
        e = lambda kind=None: self.expr(2, kind)
        if r < 10:
            branches = "".join(self.tag(f"elif {e()}") + inner() for _ in range(self.pick([0, 0, 1])))
            other = self.tag("else") + inner() if self.rng.random() < 0.5 else ""
            return text + self.tag(f"if {e()}") + inner() + branches + other + self.tag("endif")
        if r < 13:
            target = self.pick(["q", "r", "i", "q, r"])
            source = self.pick(["l", "w", "m", "d", "d.items()", "u", "range(3)", "m | reverse", "[[1, 2], [3, 4]]",
                                "l | map('string')", e("list"), e("list")])
            if target == "q, r" and self.rng.random() < 0.9:
                source = self.pick(["d.items()", "[[1, 2], [3, 4]]", "m | groupby('role')", "d | items"])
            test = f" if {e()}" if self.rng.random() < 0.25 else ""
            other = self.tag("else") + inner() if self.rng.random() < 0.2 else ""
            return text + self.tag(f"for {target} in {source}{test}") + inner(1) + other + self.tag("endfor")
        if r < 16:
            return text + self.tag(self.pick([f"set {self.pick(['q', 'r', 's', 'n', 'i'])} = {e()}", f"set ns.c = {e()}",
                                              f"set q, r = {e()}, {e()}"]))
        if r == 16:
            chain = " | " + self.pick(["upper", "trim", "length"]) if self.rng.random() < 0.3 else ""
            return text + self.tag(f"set {self.pick(['q', 'r'])}{chain}") + inner() + self.tag("endset")
        if r == 17:
            return text + self.pick([
                self.tag(f"filter {self.pick(['upper', 'trim', 'indent(1)', 'title'])}") + inner() + self.tag("endfilter"),
                self.tag(f"with q = {e()}, i = {e()}") + inner() + self.tag("endwith"),
                self.tag("generation") + inner() + self.tag("endgeneration"),
                "{#- c -#}", "{# c #}", "{% raw %} {{ x }} {% endraw %}"])
        if r == 18:
            return text + self.pick([
                self.tag("macro mac(a, b=2)") + inner() + "{{ a }}{{ b }}" + self.tag("endmacro"),
                self.tag(f"call wrap({e()})") + inner() + self.tag("endcall")])
        if loops > 0:
            return text + self.tag(f"if {e()}") + self.tag(self.pick(["break", "continue"])) + self.tag("endif")
        return text

    def template(self):
        head = "{% set ns = namespace(c=0) %}"
        if self.rng.random() < 0.5:
            head += "{% macro mac(a, b='B') %}[{{ a }}|{{ b }}|{{ q }}]{% endmacro %}"
        if self.rng.random() < 0.5:
            head += "{% macro wrap(x) -%} <{{ x }}:{{ caller() }}> {%- endmacro %}"
        return head + self.body(3, 0) + self.text()


class Slow(Exception):
    """Five seconds of computing, not of waiting."""


def alarm(*_):
    raise Slow()


def reference(template):
    signal.setitimer(signal.ITIMER_VIRTUAL, 5)
    try:
        compiled = chat_template_utils._cached_compile_jinja_template(template)
        return compiled.render(**copy.deepcopy(VARIABLES))  # indent changes a list that it is given
    except Slow:
        return Slow
    except Exception as error:
        # jinja2 knows its filters and tests when it compiles; Parvis only when one is wanted.
        return Slow if "No filter named" in str(error) or "No test named" in str(error) else None
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def unstable(text):
    """Addresses of Python objects, which Parvis has no text for."""
    return text is not None and (" at 0x" in text or "object at" in text)


def main():
    renderer, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    signal.signal(signal.SIGVTALRM, alarm)
    rng = random.Random(seed)
    done = skipped = refused = differ = 0
    while done < count:
        templates = [Generator(rng).template() for _ in range(min(1000, count - done))]
        lines = "".join(json.dumps({"template": t, "variables": VARIABLES}) + "\n" for t in templates)
        ours = subprocess.run([renderer], input=lines, capture_output=True, text=True, check=True)
        for template, line in zip(templates, ours.stdout.splitlines(), strict=True):
            own, other = json.loads(line), reference(template)
            done += 1
            if other is Slow or unstable(other):
                skipped += 1
                continue
            refused += other is None
            if own.get("text") != other:
                differ += 1
                if differ <= 25:
                    print(json.dumps({"template": template, "ours": own, "reference": other}, ensure_ascii=False))
        print(f"{done} templates, {refused} refused by both or one, {skipped} skipped, {differ} differ", file=sys.stderr)
    return differ > 0


if __name__ == "__main__":
    sys.exit(main())
