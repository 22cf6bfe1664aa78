"""Code: the next word, whole lines, the middle, and whether what is written is Python."""

import ast
import json
import random
import re

import numpy as np

from model_figures import common
from model_figures.common import bits_per_byte, rows
from model_text.bare import NOT_PROGRAMS

WORD = re.compile(r"\s*(?:\w+|[^\w\s])|\s+")
CONTEXT = 450  # characters: no more tokens than a small model takes, whatever the text


def words(text):
    return WORD.findall(text)


class FiveGram:
    """The word that was seen most often behind the longest known context of up to four words."""

    def __init__(self, documents):
        self.numbers, sequence = {}, []
        for text in documents:
            sequence += [0] * 4 + [self.numbers.setdefault(w, len(self.numbers) + 1) for w in words(text)]
        self.words = [""] + list(self.numbers)
        ids = np.array(sequence, np.uint64)
        self.tables = []
        for n in range(5):
            context = np.zeros(len(ids), np.uint64)
            for back in range(n, 0, -1):
                context = self._with(context, np.concatenate((np.zeros(back, np.uint64), ids[:-back])))
            self.tables.append(self._likeliest(context[ids > 0], ids[ids > 0]))

    @staticmethod
    def _with(context, word):
        with np.errstate(over="ignore"):
            return (context + word + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)

    @staticmethod
    def _likeliest(context, word):
        """Sorted contexts, and the most frequent word behind each."""
        order = np.lexsort((word, context))
        context, word = context[order], word[order]
        first = np.flatnonzero(np.concatenate(([True], (context[1:] != context[:-1]) | (word[1:] != word[:-1]))))
        counts = np.diff(np.append(first, len(word)))
        context, word = context[first], word[first]
        order = np.lexsort((-counts, context))
        context, word = context[order], word[order]
        first = np.concatenate(([True], context[1:] != context[:-1]))
        return context[first], word[first]

    def next(self, before):
        """`before`: words; an unknown one ends the context."""
        ids = [self.numbers.get(w, 0) for w in before[-4:]]
        for n in range(len(ids), -1, -1):
            context = np.uint64(0)
            for word in ids[len(ids) - n:]:
                context = self._with(context, np.uint64(word))
            contexts, best = self.tables[n]
            at = int(np.searchsorted(contexts, context))
            if at < len(contexts) and contexts[at] == context and 0 not in ids[len(ids) - n:]:
                return self.words[int(best[at])]
        return ""


def code_of(texts, split):
    return [r["text"] for r in rows(texts / f"corpus/text/{split}.jsonl") if r["source"] not in NOT_PROGRAMS]


def places(documents, count, seed):
    """(text, offset of a word) spread over the documents."""
    draw = random.Random(seed)
    for i in range(count):
        text = documents[i % len(documents)]
        ends = [m.end() for m in WORD.finditer(text)]
        at = draw.randrange(len(ends) // 10, len(ends) - 1)
        yield text, ends[at]


def first_word(text):
    match = WORD.match(text)
    return match[0] if match else ""


def accuracy(kind):
    """Share of next words, or of rests of lines from their second word on, that greedy choice meets, beside a 5-gram of
    words. What is compared is text: how a tokeniser cuts it is the model's own affair, so it writes some tokens more than
    are wanted, and its last ones of the context may be taken back."""

    def measure(parvis, data, texts):
        documents, count = code_of(texts, "heldout"), parvis.most or 1000
        gram = None if parvis.alone else FiveGram(code_of(texts, "train"))
        contexts, targets = [], []
        for text, at in places(documents, 3 * count, seed=5):
            if len(targets) == count:
                break
            if kind == "word":
                target = WORD.match(text, at)[0]
            else:
                end = text.find("\n", at)
                target = text[at:end]
                begin = text.rfind("\n", 0, at)
                if end < 0 or not text[begin:at].strip() or not 3 <= len(target.strip()) <= 80:
                    continue
            if not target.strip():
                continue
            contexts.append(text[max(0, at - CONTEXT):at])
            targets.append(target)

        def guess_of(before):
            guess, context = "", words(before)
            while len(guess) < 80:
                word = gram.next(context)
                guess += word
                context.append(word)
                if not word or kind == "word" or "\n" in word:
                    break
            return guess

        def met(guesses):
            cut = first_word if kind == "word" else lambda text: text.split("\n")[0]
            return sum(cut(g) == t for g, t in zip(guesses, targets, strict=True)) / len(targets)

        file = parvis.file("contexts.jsonl", [json.dumps({"prompt": context}) for context in contexts])
        most = 12 if kind == "word" else 48
        answers = parvis.run("generate", "--prompts", file, "-n", most, "--temperature", 0, "--heal")["results"]
        return {"n": len(targets), "model": met([a["text"] for a in answers]),
                **({"5-gram": met([guess_of(context) for context in contexts])} if gram else {})}

    return measure


def middle(parvis, data, texts):
    """Share of lines' rests that the model writes to the letter when it is shown what stands before and behind (fill in the
    middle, greedy), beside the same when it is shown only what stands before."""
    documents, count = code_of(texts, "heldout"), parvis.most or 300
    asked, targets = [], []
    for text, at in places(documents, 4 * count, seed=9):
        end = text.find("\n", at)
        target = text[at:end]
        if len(asked) == count:
            break
        if end < 0 or not text[text.rfind("\n", 0, at) + 1:at].strip() or not 3 <= len(target.strip()) <= 60:
            continue
        asked.append({"prompt": text[max(0, at - 300):at], "suffix": text[end:end + 150]})
        targets.append(target)

    def met(rows):
        file = parvis.file("middle.jsonl", [json.dumps(row) for row in rows])
        answers = parvis.run("generate", "--prompts", file, "-n", 40, "--temperature", 0, "--heal")["results"]
        return sum(a["text"].split("\n")[0].rstrip() == t.rstrip() for a, t in zip(answers, targets, strict=True)) / len(targets)

    result = {"n": len(asked), "model": met(asked)}
    if not parvis.alone:
        result["the model, shown the beginning only"] = met([{"prompt": row["prompt"]} for row in asked])
    return result


def function_of(answer):
    """The lines that belong to the function: as far as they are indented, but for the last one if the answer ends within it,
    since nobody can say how it would go on. Nothing else is cut: a bracket or a string that was opened before and
    is still open counts against the model, and so does a body without a line."""
    lines = answer.split("\n")
    if len(lines) > 1:
        lines.pop()
    body, is_whole = [], False
    for line in lines:
        is_whole = bool(line.strip()) and not line.startswith((" ", "\t"))
        if is_whole:
            break
        body.append(line)
    while body and not is_whole and re.fullmatch(r"\s*(?:(?:el)?if|else|for|while|try|except|finally|with|def|class)\b.*:\s*|\s*", body[-1]):
        body.pop()  # a heading whose block was not reached
    return "\n".join(body) + "\n"


def does_parse(program, heading):
    try:
        ast.parse(program)
    except (SyntaxError, ValueError):
        return False
    return len(program.rstrip()) > len(heading)


SEEDS = 3  # of a share of 467, one seed's differs from another's by two or three hundredths


def parses(parvis, data, texts):
    """Share of functions that Python parses, over SEEDS draws: a held-out function's heading, without its docstring, goes on
    for 400 tokens, drawn at temperature 0.4 and top-p 0.95, with a presence penalty of 0.5 and a frequency penalty of 0.2
    (small models repeat themselves; chosen on headings of functions that the model has read); function_of says what of that
    counts."""
    headings = [m[1] for text in code_of(texts, "heldout") for m in re.finditer(r"(?:^|\n)(def \w+\([^\n]*\):\n)", text)]
    random.Random(7).shuffle(headings)
    headings = headings[: parvis.most or None]
    file = parvis.file("headings.jsonl", [json.dumps({"prompt": heading}) for heading in headings])
    programs = []
    for seed in range(1, SEEDS + 1):
        answers = parvis.run("generate", "--prompts", file, "-n", 400, "--temperature", 0.4, "--top-p", 0.95,
                             "--presence-penalty", 0.5, "--frequency-penalty", 0.2, "--seed", seed, "--heal")["results"]
        for heading, answer in zip(headings, (a["text"] for a in answers), strict=True):
            program = heading + function_of(answer)
            programs.append([program, does_parse(program, heading)])
    return {"share": {"n": len(programs), "model": sum(good for _, good in programs) / max(1, len(programs))},
            "samples": programs[:20]}


def samples(parvis, data, texts):
    """How headings of held-out functions go on, the first of twenty programs each."""
    found = []
    for text in code_of(texts, "heldout"):
        m = re.search(r"(?:^|\n)(def \w+\([^\n]*\):\n(?: +\"\"\"[^\n]*\"\"\"\n)?)", text)
        found += [m[1]] if m else []
    return common.generated(parvis, found[:20], 96, 0.6, "--heal")


FIGURES = {"bits_per_byte": bits_per_byte, "next_word": accuracy("word"), "rest_of_line": accuracy("line"),
           "middle": middle, "parses": parses}
