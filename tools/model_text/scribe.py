"""parvis-scribe: Python programs that Debian packages installed under licences that allow it, and Python manuals."""

import re
import tokenize

from model_text import debian, docstrings, licences
from model_text.common import pairs, rows

DATA_SET = dict(name="scribe", description="Python programs of Debian packages; paragraphs of Python's manual")
CORPUS = """
[quality]
min_words = 10
max_words = 60000
min_mean_word = 1.0
max_symbols = 0.6
max_digits = 0.4
max_repeated_lines = 0.9
max_repeated_words = 0.9
min_function_words = 0.0
max_capitals = 0.95

[duplicates]
threshold = 0.7

[split]
heldout = 0.015
test = 0.0
"""

# Package, most bytes that are taken of it. The standard library comes first and whole. What is not installed is left out:
# apt-get install --no-install-recommends brings it.
PACKAGES = {
    "libpython3.11-minimal": 10**9, "libpython3.11-stdlib": 10**9, "python3-sympy": 6_000_000,
    "python3-numpy": 5_000_000, "python3-torch": 6_000_000, "python3-setuptools": 10**9,
    "python3-pkg-resources": 10**9, "python3-pygments": 1_000_000, "python3-mpmath": 1_200_000,
    "python3-psutil": 10**9, "python3-werkzeug": 10**9, "python3-cryptography": 10**9,
    "python3-oauthlib": 10**9, "python3-jinja2": 10**9, "python3-babel": 10**9,
    "python3-pyparsing": 10**9, "python3-flask": 10**9, "python3-urllib3": 10**9,
    "python3-click": 10**9, "python3-jsonschema": 10**9, "python3-dateutil": 10**9,
    "python3-yaml": 10**9, "python3-openssl": 10**9, "python3-typing-extensions": 10**9,
    "python3-requests": 10**9, "python3-simplejson": 10**9, "python3-attr": 10**9,
    "python3-dbus": 10**9, "python3-pyrsistent": 10**9, "python3-sortedcontainers": 10**9,
    "python3-httplib2": 10**9, "python3-wheel": 10**9, "python3-argcomplete": 10**9,
    "python3-colorama": 10**9, "python3-jwt": 10**9, "python3-asgiref": 10**9, "python3-tz": 10**9,
    "python3-toml": 10**9, "python3-distro": 10**9, "python3-itsdangerous": 10**9,
    "python3-six": 10**9, "python3-blinker": 10**9, "python3-dotenv": 10**9,
    "python3-markupsafe": 10**9, "python3-future": 10**9, "python3-idna": 10**9,
    "python3-django": 10**9, "python3-pandas": 6_000_000, "python3-twisted": 5_000_000, "python3-networkx": 10**9,
    "python3-sqlalchemy": 10**9, "python3-nltk": 10**9, "python3-mypy": 10**9, "python3-dask": 10**9,
    "python3-ipython": 10**9, "python3-sphinx": 10**9, "python3-passlib": 10**9, "python3-tornado": 10**9,
    "python3-prompt-toolkit": 10**9, "python3-celery": 10**9, "python3-trio": 10**9, "python3-docutils": 10**9,
    "python3-botocore": 10**9, "python3-falcon": 10**9, "python3-openpyxl": 10**9, "python3-rich": 10**9,
    "python3-joblib": 10**9, "python3-jedi": 10**9, "python3-alembic": 10**9, "python3-scrapy": 10**9,
    "python3-aiohttp": 10**9, "python3-kombu": 10**9, "python3-zmq": 10**9, "python3-pydantic": 10**9,
    "python3-fs": 10**9, "python3-bs4": 10**9, "python3-fsspec": 10**9, "python3-jupyter-client": 10**9,
    "python3-traitlets": 10**9, "python3-websockets": 10**9, "python3-lark": 10**9, "python3-anyio": 10**9,
    "python3-httpx": 10**9, "python3-py": 10**9, "python3-parso": 10**9, "python3-nbconvert": 10**9,
    "python3-mako": 10**9, "python3-markdown": 10**9, "python3-webob": 10**9, "python3-peewee": 10**9,
    "python3-starlette": 10**9, "python3-httpcore": 10**9, "python3-markdown-it": 10**9, "python3-h11": 10**9,
    "python3-toolz": 10**9, "python3-amqp": 10**9, "python3-marshmallow": 10**9, "python3-hyperlink": 10**9,
    "python3-pexpect": 10**9, "python3-nbformat": 10**9, "python3-uvicorn": 10**9, "python3-soupsieve": 10**9,
    "python3-sqlparse": 10**9, "python3-packaging": 10**9, "black": 10**9,
}
MAX_FILE = 120_000
TABLES = re.compile(r"idnadata|uts46data|unicodedata_db|/encodings/|_mapping|pydoc_data|/locale-data/|"
                    r"lexers/_|mac_roman|/_vendor/|/_distutils_hack|parsetab|lextab")


def readable(text):
    """Without the notice at its top (the manifest has holders and licence), with short docstrings; no tables of numbers, no
    very long lines, nothing that Python does not read."""
    lines = text.replace("\r\n", "\n").expandtabs(4).split("\n")
    at = 0
    while at < len(lines) and (lines[at].startswith("#") or not lines[at].strip()):
        at += 1
    if re.search(r"copyright|licen[cs]e", "\n".join(lines[:at]), re.I):
        lines = lines[at:]
    text = "\n".join(line.rstrip() for line in lines).strip("\n") + "\n"
    words = re.findall(r"[A-Za-z_]{2,}", text)
    if max(map(len, lines), default=0) > 400 or len(words) * 30 < len(text):
        return None
    return docstrings.shortened(text)


def programs(writer):
    for package, most in PACKAGES.items():
        if package not in debian.packages():
            continue
        taken = 0
        for path in debian.files(package, ".py"):
            if taken > most or TABLES.search(str(path)) or path.stat().st_size > MAX_FILE:
                continue
            inside = re.sub(r"^/usr/lib/python3(?:\.11|/dist-packages)?/", "", str(path))
            licence = debian.licence_of(package, inside)
            if licence is None:
                writer.refused["licence:" + package] += 1
                continue
            try:
                with tokenize.open(path) as file:
                    text = readable(file.read())
            except (SyntaxError, UnicodeDecodeError):
                continue
            if text is None or len(text) < 200:
                continue
            source = ("python" if package.startswith("libpython") else package.removeprefix("python3-"),
                      licence[0], licence[1] or package)
            if writer.add(source, f"{package}_{debian.packages()[package]}/{inside}", text, language="en",
                          note="installed by Debian; licence by its copyright file"):
                taken += len(text)


def explanations(data, writer):
    """Paragraphs of the manual's English side, in order, and the textbook on Python."""
    path = writer.reads(data / "parallel-en-fr/python_docs_train.tsv.xz", data)
    texts = [english for english, _ in pairs(path) if len(english) > 60]
    for start in range(0, len(texts), 12):
        writer.add(licences.PYTHON_DOCS, str(start), "\n\n".join(texts[start:start + 12]) + "\n", language="en")
    path = writer.reads(data / "text-textbooks-en/openstax.jsonl.xz", data)
    for row in rows(path):
        if row["book"] == "introduction-python-programming":
            writer.add(licences.OPENSTAX, row["id"], row["text"] + "\n", language="en")


def gather(data, writer):
    programs(writer)
    explanations(data, writer)
