"""Where text may come from: sources of the data folder and of Debian packages, with their licences.

Each source of the data folder stands in its README with a licence that lets a model be shipped.
"""

OPENSTAX = ("textbooks", "CC-BY-4.0", "OpenStax, Rice University, at the commits named in ATTRIBUTION.md")
SUMMARIES = ("openstax-summaries", "CC-BY-4.0", OPENSTAX[2])
SCITLDR = ("scitldr", "Apache-2.0", "Allen Institute for AI, SciTLDR")
TATOEBA = ("tatoeba", "CC-BY-2.0", "contributors of tatoeba.org")
PYTHON_DOCS = ("python-docs", "PSF-2.0 and CC0-1.0",
               "Python Software Foundation; contributors of python-docs-fr")
PHP_DOCS = ("php-docs", "CC-BY-3.0", "The PHP Documentation Group")
RUST_BOOK = ("rust-book", "MIT OR Apache-2.0",
             "Steve Klabnik, Carol Nichols and contributors; Rust book in French, contributors")
TLDR = ("tldr", "CC-BY-4.0", "contributors of tldr-pages")
FACTBOOK = ("factbook", "CC0-1.0", "The World Factbook, public domain")
STORIES = ("stories", "CC0-1.0", "Standard Ebooks; authors dead for seventy years")
NOVELS_EN = ("novels-en", "public domain (markup CC-BY-4.0)", "ELTeC-eng")
NOVELS_FR = ("novels-fr", "public domain (markup CC-BY-4.0)", "ELTeC-fra")
ESSAYS_FR = ("essays-fr", "CC0-1.0", "hurlus")
PUBLIC_LIFE = ("public-life", "CC0-1.0", "synthetic: templates of this repository")
SYNTHETIC = ("synthetic", "CC0-1.0", "synthetic: templates of this repository")
