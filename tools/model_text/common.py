"""What all models' texts have in common: rows with their origin, and what must not be among them."""

import collections
import gzip
import hashlib
import json
import lzma
import pathlib
import re
import zipfile
import zlib

SHINGLE = 8  # words
KNOWN_SHARE = 0.3  # a text with more shingles of an evaluation set than this is left out

CHARACTERS = str.maketrans({
    "’": "'", "‘": "'", "ʼ": "'", "“": '"', "”": '"', "„": '"', "\u00a0": " ", "\u202f": " ",
    "\u2009": " ", "\u2003": " ", "\u00ad": "", "\u200b": "", "\ufeff": "", "\u2060": "",
    "‑": "-", "‐": "-", "−": "-", "\r": "",
})


def opened(path):
    opener = {".xz": lzma.open, ".gz": gzip.open}.get(path.suffix, open)
    return opener(path, "rt", encoding="utf-8")


def contents(path):
    """(name, text) of a file, or of the files in a zip."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            for name in sorted(archive.namelist()):
                if name.endswith(".jsonl") and not name.startswith("__"):
                    yield name, archive.read(name).decode()
    else:
        with opened(path) as file:
            yield path.name.removesuffix(".xz").removesuffix(".gz"), file.read()


def rows(path):
    with opened(path) as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


def pairs(path):
    with opened(path) as file:
        for line in file:
            columns = line.rstrip("\n").split("\t")
            if len(columns) >= 2 and columns[0] and columns[1]:
                yield columns[0], columns[1]


def plain(text):
    """Quotes, spaces and dashes in one form."""
    return re.sub(r"[ \t]+", " ", text.translate(CHARACTERS)).strip()


def folded(text):
    return " ".join(re.findall(r"\w+", text.translate(CHARACTERS).lower()))


def shingles(text):
    words = folded(text).split()
    return {zlib.crc32(" ".join(words[i:i + SHINGLE]).encode())
            for i in range(len(words) - SHINGLE + 1)}


def texts_in(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for v in value:
            yield from texts_in(v)
    elif isinstance(value, dict):
        for v in value.values():
            yield from texts_in(v)


# Sets that are only for measuring: (file, fields of a row that count; None: all texts).
EVALUATIONS = [
    ("eval-blimp/BLiMP.zip", "", ["sentence_good", "sentence_bad"]),
    ("eval-lm", "", None),
    ("qa-fr-piaf", "", ["context", "question"]),
    ("qa-en", "", ["context", "question"]),
    ("code-eval", "", None),
    ("text-wikitext2", "", None),
    ("sum-openstax-en/test.jsonl.xz", "", ["summary"]),
    ("sum-scitldr/dev.jsonl", "", ["source", "target"]),
    ("sum-scitldr/test.jsonl", "", ["source", "target"]),
    ("parallel-en-fr/tatoeba_dev.tsv", "", None),
    ("parallel-en-fr/python_docs_test.tsv", "", None),
    ("parallel-en-fr/php_docs_test.tsv", "", None),
    ("parallel-en-fr/ntrex_dev.tsv", "", None),
]


class Guard:
    """Knows the texts of the evaluation sets: each exactly, and runs of eight words of the longer ones."""

    def __init__(self, data):
        self.exact, self.runs, self.files = set(), set(), {}
        for name, under, fields in EVALUATIONS:
            place = data / name / under
            if not place.exists():
                raise SystemExit(f"{place}: this evaluation set is missing, so nothing can be kept from it")
            for path in sorted(place.rglob("*") if place.is_dir() else [place]):
                if path.is_file() and not path.name.startswith("README"):
                    self._read(path, fields)
                    self.files[str(path.relative_to(data))] = sha256(path)

    def _read(self, path, fields):
        for name, content in contents(path):
            if name.endswith((".jsonl", ".json")):
                try:
                    documents = [json.loads(content)]
                except json.JSONDecodeError:
                    documents = [json.loads(line) for line in content.splitlines() if line.strip()]
                texts = (t for d in documents for part in (d if isinstance(d, list) else [d])
                         for t in texts_in([part[f] for f in fields if f in part] if fields else part))
            elif name.endswith((".tsv", ".txt")):
                texts = (t for line in content.splitlines() for t in line.split("\t"))
            else:
                continue
            for text in texts:
                self.add(text)

    def add(self, text):
        words = folded(text)
        if len(words) >= 6:  # "Yes." is in all texts
            self.exact.add(hash(words))
        self.runs |= shingles(text)

    def has(self, *texts):
        """Whether one of the texts is in an evaluation set, or shares much with it."""
        for text in texts:
            if hash(folded(text)) in self.exact:
                return True
            mine = shingles(text)
            if mine and len(mine & self.runs) > KNOWN_SHARE * len(mine):
                return True
        return False


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Writer:
    """Files of rows, one for each source."""

    def __init__(self, out, guard):
        self.out, self.guard = out, guard
        (out / "raw").mkdir(parents=True, exist_ok=True)
        for old in (out / "raw").glob("*.jsonl"):
            old.unlink()
        self.files, self.inputs, self.sources = {}, {}, {}
        self.rows, self.refused, self.bytes = (collections.Counter() for _ in range(3))

    def reads(self, path, data):
        """Notes an input's hash; returns it."""
        self.inputs[str(path.relative_to(data))] = sha256(path)
        return path

    def add(self, source, name, text, target=None, guarded=None, **more):
        """A row of a source (name, licence, author). `guarded`: what the guard is asked about."""
        stem, licence, author = source
        stem = more.pop("stem", stem)
        if self.guard.has(*(guarded if guarded is not None else [text])):
            self.refused[stem] += 1
            return False
        row = {"id": name, "text": text, "licence": licence, "author": author, **more}
        if target is not None:
            row["target"] = target
        if stem not in self.files:
            self.files[stem] = open(self.out / "raw" / f"{stem}.jsonl", "w", encoding="utf-8")
            self.sources[stem] = (licence, author, target is not None)
        self.files[stem].write(json.dumps(row, ensure_ascii=False) + "\n")
        self.rows[stem] += 1
        self.bytes[stem] += len(text.encode()) + len((target or "").encode())
        return True

    def finish(self, model, corpus, data_set):
        """Closes all files; writes corpus.toml (`corpus`: its other tables) and gathered.json."""
        for file in self.files.values():
            file.close()
        lines = ["[corpus]", f'name = "{data_set["name"]}"', 'out = "corpus"',
                 f'description = {json.dumps(data_set["description"])}', 'creator = "Parvis"', ""]
        for stem, (licence, author, is_pair) in self.sources.items():
            lines += ["[[source]]", f'name = "{stem}"', f'path = "raw/{stem}.jsonl"',
                      f'licence = {json.dumps(licence)}',
                      f'author = {json.dumps(author, ensure_ascii=False)}']
            lines += ['format = "pairs"', 'pair = ["text", "target"]'] if is_pair else []
            lines.append("")
        (self.out / "corpus.toml").write_text("\n".join(lines) + corpus.strip() + "\n")
        (self.out / "gathered.json").write_text(
            json.dumps({"model": model, "inputs": self.inputs, "kept_from": self.guard.files,
                        **self.summary()}, indent=1, ensure_ascii=False) + "\n")

    def summary(self):
        return {"rows": dict(self.rows), "bytes": dict(self.bytes),
                "left_out_for_evaluation": dict(self.refused)}


def sentences(text):
    return [s.strip() for s in re.split(r"(?<=[.!?…»])\s+(?=[A-ZÀÂÇÉÈÊÎÔ«\"—])", text) if s.strip()]
