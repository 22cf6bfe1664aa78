#!/usr/bin/env python3
"""Answers that are drawn under random schemas, judged by Python's json and jsonschema (pinned in
schema_answers_requirements.txt).

usage: schema_answers.py PARVIS_SCHEMA_ANSWERS VENV

VENV is made if it is not there. Without a way to the package index the test is skipped (77)."""
import json
import pathlib
import random
import subprocess
import sys

REQUIREMENTS = pathlib.Path(__file__).resolve().parent / "schema_answers_requirements.txt"
SCHEMAS, DRAWS = 320, 6
# Runs within the venv: which answers are wrong, and why.
CHECK = """
import json, sys
import jsonschema
checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
def no_constant(name):
    raise ValueError(name)
for line in sys.stdin:
    schema, answers = json.loads(line)
    validator = jsonschema.Draft202012Validator(schema, format_checker=checker)
    for answer in answers:
        try:
            value = json.loads(answer, parse_constant=no_constant)
        except ValueError as error:
            print(json.dumps([schema, answer, str(error)]))
            continue
        for error in validator.iter_errors(value):
            print(json.dumps([schema, answer, error.message]))
"""


def prepare(venv):
    """The venv's Python, or None if the validator cannot be had."""
    python, stamp = venv / "bin/python", venv / "installed"
    if stamp.exists() and stamp.read_text() == REQUIREMENTS.read_text():
        return python
    for command in ([sys.executable, "-m", "venv", venv],
                    [python, "-m", "pip", "install", "--quiet", "--retries", "1", "-r", REQUIREMENTS]):
        if subprocess.run(command).returncode != 0:
            return None
    stamp.write_text(REQUIREMENTS.read_text())
    return python


class Maker:
    """Random schemas; most of them can be satisfied."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def bounds(self, low, high, whole):
        number = lambda: (self.random.randint(low, high) if whole
                          else round(self.random.uniform(low, high), self.random.randint(0, 4)))
        a, b = sorted((number(), number()))
        schema = {}
        if self.random.random() < 0.6:
            schema[self.random.choice(["minimum", "exclusiveMinimum"])] = a
        if self.random.random() < 0.6:
            schema[self.random.choice(["maximum", "exclusiveMaximum"])] = b + 2
        return schema

    def string(self):
        kind = self.random.randrange(4)
        if kind == 0:
            return {"type": "string", "format": self.random.choice(
                ["date", "time", "date-time", "duration", "uuid", "email", "hostname", "ipv4", "ipv6", "uri"])}
        if kind == 1:
            return {"type": "string", "pattern": self.random.choice(
                ["^[a-z]+$", "^[A-Z]{2,4}-[0-9]{3}$", "a|b", "^(foo|bar)*x$", "[^a-z]", "^.{3,6}$", "x\"y",
                 "^\\\\d$", "(ab?c){2}", "^[^\\n]*z$", "é+", "^$", "^ \\S$"])}
        schema = {"type": "string"}
        if self.random.random() < 0.5:
            schema["minLength"] = self.random.randrange(6)
        if self.random.random() < 0.7:
            schema["maxLength"] = self.random.randrange(6, 20)
        if kind == 2:
            schema["pattern"] = self.random.choice(["[abc]", "^[a-z ]*$", "é|\"", "\\n"])
        return schema

    def object(self, depth):
        names = self.random.sample(["a", "ab", "name", "na\"me", "é", "", "x y", "long_name", "\n", "b"],
                                   self.random.randrange(5))
        schema = {"type": "object", "properties": {n: self.schema(depth - 1) for n in names}}
        schema["required"] = [n for n in names if self.random.random() < 0.6]
        if self.random.random() < 0.2:
            schema["required"].append("other")
        extra = self.random.randrange(4)
        if extra < 3:
            schema["additionalProperties"] = [False, True, self.schema(depth - 1)][extra]
        if "other" in schema["required"] and extra == 0:
            schema["required"].remove("other")
        return schema

    def array(self, depth):
        schema = {"type": "array"}
        if self.random.random() < 0.3:
            schema["prefixItems"] = [self.schema(depth - 1) for _ in range(self.random.randrange(1, 3))]
        if self.random.random() < 0.8:
            schema["items"] = self.schema(depth - 1)
        least = self.random.randrange(3)
        if self.random.random() < 0.5:
            schema["minItems"] = least
        if self.random.random() < 0.7:
            schema["maxItems"] = least + self.random.randrange(3)
        return schema

    def schema(self, depth):
        kind = self.random.randrange(12 if depth > 0 else 6)
        if kind == 0:
            return {"type": "integer", **self.bounds(-2000, 2000, True)}
        if kind == 1:
            return {"type": "number", **self.bounds(-20, 20, False)}
        if kind in (2, 3):
            return self.string()
        if kind == 4:
            return {"enum": self.random.sample(["a", "é\n", 1, -2.5, None, True, [1, {"x": "y"}], {}], 3)}
        if kind == 5:
            return {"type": self.random.choice(["null", "boolean", ["null", "string"], ["integer", "boolean"]])}
        if kind in (6, 7):
            return self.object(depth)
        if kind == 8:
            return self.array(depth)
        if kind == 9:
            return {"anyOf": [self.schema(depth - 1) for _ in range(self.random.randrange(1, 4))]}
        if kind == 10:
            return {"allOf": [self.object(depth), {"properties": {"a": self.schema(depth - 1)}}]}
        return {"oneOf": [{"type": "integer"}, self.string(), self.array(depth)]}


def schemas():
    yield from ({"type": "object"}, True, {"$defs": {"t": {"type": "object", "properties": {
        "v": {"type": "integer"}, "c": {"type": "array", "items": {"$ref": "#/$defs/t"}}},
        "required": ["v"]}}, "$ref": "#/$defs/t"})
    for seed in range(SCHEMAS):
        yield Maker(seed).schema(3)


def main():
    python = prepare(pathlib.Path(sys.argv[2]).resolve())
    if python is None:
        print("skipped: jsonschema cannot be installed from here")
        return 77
    asked = list(schemas())
    lines = "".join(json.dumps(s) + "\n" for s in asked)
    drawn = subprocess.run([sys.argv[1], str(DRAWS)], input=lines, capture_output=True, text=True)
    if drawn.returncode != 0:
        print(drawn.stdout[-2000:], drawn.stderr[-2000:])
        return 1
    results = [json.loads(line) for line in drawn.stdout.splitlines()]
    refused = [(s, r["refused"]) for s, r in zip(asked, results) if "refused" in r]
    taken = [(s, r["answers"]) for s, r in zip(asked, results) if r.get("answers")]
    for schema, why in refused:
        if "nothing can satisfy" not in why:
            print("refused:", why, json.dumps(schema)[:300])
            return 1
    checked = subprocess.run([python, "-c", CHECK], capture_output=True, text=True,
                             input="".join(json.dumps(pair) + "\n" for pair in taken))
    print(f"{len(asked)} schemas, {len(refused)} that nothing satisfies, {len(taken)} with answers, "
          f"{sum(len(a) for _, a in taken)} answers, {sum(r.get('cut', 0) for r in results)} cut")
    print(checked.stderr[-2000:])
    wrong = checked.stdout.splitlines()
    print("\n".join(wrong[:20]))
    return 0 if checked.returncode == 0 and not wrong and len(taken) >= 200 else 1


if __name__ == "__main__":
    sys.exit(main())
