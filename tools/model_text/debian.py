"""Files that Debian packages installed, each with the licence that the package's copyright file gives it.

Only files under MIT, BSD, ISC, Apache, PSF, Zlib, PostgreSQL (the MIT licence in other words), 0BSD or in the public
domain are given. A file whose licence names a choice ("MIT or GPL-2") is taken under the permitted one; one that joins
("MIT and LGPL") is not. What a machine-readable copyright file does not speak of is as READ_BY_HAND says.
"""

import fnmatch
import functools
import pathlib
import re
import subprocess

ALLOWED = re.compile(
    r"(?:expat|mit(?:-style|-like|-old|-0)?|x11|bsd(?:-?[234](?:-clause)?)?(?:-[a-z]+)?|[234]-clause-bsd|0bsd|isc|apache(?:-2(?:\.0)?)?|"
    r"asl-2(?:\.0)?|psf(?:-?2(?:\.[0-9])?)?|python(?:-2(?:\.0)?)?|zlib(?:/libpng)?|postgresql|public-domain|pd|unlicense|cc0(?:-1\.0)?|"
    r"bsd-modified|bsd-style|modified-bsd|new-bsd)", re.I)
# Read on 26 November 2026: no machine-readable field for what is taken, but one licence.
READ_BY_HAND = {"libpython3.11-stdlib": "PSF-2.0", "libpython3.11-minimal": "PSF-2.0",
                "python3-setuptools": "Expat", "python3-jinja2": "BSD-3-clause", "python3-yaml": "Expat",
                "python3-pkg-resources": "Expat", "python3-markupsafe": "BSD-3-clause",
                "python3-numpy": "BSD-3-clause"}
HOLDERS = {"libpython3.11-stdlib": "Guido van Rossum and others; Python Software Foundation",
           "libpython3.11-minimal": "Guido van Rossum and others; Python Software Foundation",
           "python3-setuptools": "Phillip J. Eby, Tarek Ziade, Jason R. Coombs and the distutils SIG",
           "python3-pkg-resources": "Phillip J. Eby, Tarek Ziade, Jason R. Coombs and the distutils SIG",
           "python3-jinja2": "2009-2011 the Jinja Team", "python3-yaml": "2017-2019 Ingy döt Net, 2006-2016 Kirill Simonov",
           "python3-markupsafe": "2010 Armin Ronacher and contributors", "python3-numpy": "2005-2022 NumPy Developers"}


def allowed(licence):
    """The part of a licence field under which a file may be taken, or None."""
    for choice in re.split(r"\s+or\s+|\s*\|\s*", licence.strip()):
        parts = [p.strip(" ,;()") for p in re.split(r"\s+and\s+|,", choice) if p.strip(" ,;()")]
        if parts and all(ALLOWED.fullmatch(p) for p in parts):
            return " and ".join(parts)
    return None


@functools.cache
def stanzas(package):
    """(globs, licence, holders) of a DEP-5 copyright file, without Debian's own packaging; empty: none."""
    path = pathlib.Path("/usr/share/doc", package, "copyright")
    if not path.exists():
        return []
    text = path.read_text(errors="replace")
    found = []
    for block in re.split(r"\n[ \t]*\n", text):
        fields = {m[1].lower(): m[2] for m in
                  re.finditer(r"^([A-Za-z-]+):[ \t]*((?:.*)(?:\n[ \t]+.*)*)", block, re.M)}
        if "files" not in fields or "license" not in fields:
            continue
        globs = fields["files"].split()
        if all(g.startswith("debian/") for g in globs):
            continue
        holders = " ".join(fields.get("copyright", "").split())[:300]
        found.append((globs, fields["license"].split("\n")[0], holders))
    return found


def licence_of(package, inside):
    """(licence, holders) under which a file may be taken, or None. `inside`: its path in the source, or its end."""
    chosen = (READ_BY_HAND[package], HOLDERS[package]) if package in READ_BY_HAND else None
    for globs, licence, holders in stanzas(package):
        for glob in globs:
            whole = glob in ("*", "./*")
            if whole or fnmatch.fnmatch(inside, glob) or fnmatch.fnmatch(inside, "*/" + glob) or \
                    fnmatch.fnmatch("src/" + inside, glob) or fnmatch.fnmatch("lib/" + inside, glob):
                chosen = (licence, holders)  # the last that matches counts
    licence = allowed(chosen[0]) if chosen else None
    return (licence, chosen[1]) if licence else None


@functools.cache
def packages():
    lines = subprocess.run(["dpkg-query", "-W", "-f=${Package}\t${Version}\n"], check=True,
                           capture_output=True, text=True).stdout.splitlines()
    return dict(line.split("\t") for line in lines)


def files(package, end):
    """Files that a package installed whose name ends so."""
    listed = subprocess.run(["dpkg-query", "-L", package], check=True, capture_output=True, text=True).stdout
    return sorted(pathlib.Path(f) for f in listed.splitlines()
                  if f.endswith(end) and pathlib.Path(f).is_file() and not pathlib.Path(f).is_symlink())
