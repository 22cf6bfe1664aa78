"""What the rules of questions.py and questions_fr.py share: which words are verbs, and where a clause's parts end.

There is no tagger here. A word is taken for a finite verb of a language if, in the text itself, it often stands right
behind a pronoun ("elle ouvrit", "they found") and seldom behind an article.
"""

import collections
import re

TOKEN = re.compile(r"\w+(?:['’]\w+)*['’]?|[^\w\s]")
PRONOUNS = {"en": {"he", "she", "it", "they", "we", "who", "i", "you"},
            "fr": {"il", "elle", "on", "ils", "elles", "qui", "je", "nous"}}
ARTICLES = {"en": {"the", "a", "an", "of", "his", "their", "this", "its", "these", "my", "to", "more", "in", "and", "or"},
            "fr": {"le", "la", "les", "un", "une", "des", "du", "de", "d'", "l'", "son", "sa", "ses", "ce", "cette", "au",
                   "aux", "leur", "mon", "en", "très", "ces"}}
NO_VERBS = set("""also now never ever always often still just then only not soon even rather easier harder better already once
certain different don't doesn't can't won't isn't wasn't didn't couldn't wouldn't wish tend sometimes usually
ne y en se me te lui leur le la les nous vous s' n' m' l' t' et ou mais donc pas plus si bien tous tout toute toujours jamais encore alors aussi
seul seule même autres peu trop mieux moins ensuite enfin puis presque déjà autant ainsi là-bas deux trois""".split())
AT_LEAST, BEHIND_PRONOUN, BEHIND_ARTICLE = 4, 0.06, 0.12
SENTENCE_END = re.compile(r"(?<=[.!?]) (?=[A-ZÀÂÇÉÈÊÎÔ«\"—])")
MONTHS = ("January|February|March|April|May|June|July|August|September|October|November|December|janvier|février|mars|"
          "avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre")
NUMBERS = {"en": "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|hundreds|thousands",
           "fr": "deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|quinze|vingt|trente|quarante|cinquante|cent|mille"}


def tokens(text):
    """Words and marks; a French elision ("l'", "qu'") is a word of its own."""
    found = []
    for token in TOKEN.findall(text.replace("’", "'")):
        m = re.match(r"((?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu)')(\w.*)$", token, re.I)
        found += [m[1], m[2]] if m else [token]
    return found


def joined(words):
    text = " ".join(words)
    text = re.sub(r"(?<=\w)' (?=\w)", "'", text)
    return re.sub(r" ([,.;:?!)%])", r"\1", re.sub(r"([($]) ", r"\1", text)).replace(" - ", "-").strip(" ,'")


def verbs(texts, language):
    """(finite verbs, how often a word stands in small letters, words that begin with a capital in mid-sentence)."""
    count, capital, pronoun, article = (collections.Counter() for _ in range(4))
    for text in texts:
        before = "."
        for word in tokens(text):
            if word[0].isupper():
                capital[word] += before[0].isalnum() or before == ","
                word = word.lower()
            else:
                count[word] += 1
            pronoun[word] += before in PRONOUNS[language]
            article[word] += before in ARTICLES[language]
            before = word
    found = {w for w, n in count.items() if w[0].isalpha() and pronoun[w] >= AT_LEAST and w not in NO_VERBS
             and not w.endswith(("ly", "ment")) and pronoun[w] >= BEHIND_PRONOUN * n and article[w] <= BEHIND_ARTICLE * n}
    return found, count, {w for w, n in capital.items() if n >= 2 and n > 2 * count[w.lower()]}


def is_name(words, names):
    """Whether words are a name: capitals that are no others' at the beginning of a sentence."""
    return (words[0] in names and words[-1][0].isupper()
            and all(w[0].isupper() or w in {"of", "the", "de", "du", "des", "la", "von", "van", "d'", "-"} for w in words))


def year_or_date(text, language):
    """(rest, preposition's words, date) of a clause that ends with a date."""
    lead = r"(?:in|on|by|since|from) " if language == "en" else r"(?:en|le|dès|depuis|vers|au) "
    day = r"(?:\d{1,2}(?:er)? )?" if language == "fr" else ""
    m = re.search(rf"^(?P<rest>.+?),? (?P<p>{lead})(?P<a>{day}(?:(?:{MONTHS}) )?(?:\d{{1,2}}, )?\d{{3,4}})$", text)
    return (m["rest"], m["p"].strip(), m["a"]) if m else None


IN_PLACE = {"en": (r"\b(?P<p>[Ii]n|[Bb]y|[Ss]ince) (?P<a>\d{4})\b", "{p} what year", "how many {u}", "which person or place"),
            "fr": (r"\b(?P<p>[Ee]n|[Dd]epuis|[Dd]ès) (?P<a>\d{4})\b", "{p} quelle année", "combien {de}{u}", "quelle personne ou quel lieu")}


def de(word):
    return "d'" if word[0].lower() in "aeéèêiouyh" else "de "


def in_place(sentence, names, language):
    """The sentence with a question's words where the answer was, as people ask now and then: "… founded in what year?"."""
    sentence = re.sub(r" \([^()]*\)", "", sentence).rstrip(".") + "."
    if not re.match(r"[A-ZÉÈÀ][^?!\"“”«»—:;()\[\]*]{30,150}[.]$", sentence):
        return
    year, when, how_many, which = IN_PLACE[language]
    end = " ?" if language == "fr" else "?"
    for pattern, words in ((year, when), (rf"(?<=[a-zé] )(?P<a>\d[\d,.]*\d|{NUMBERS[language]}) (?P<u>[a-zéèà]{{3,}}[sx])\b", how_many)):
        m = re.search(pattern, sentence)
        if m:
            parts = m.groupdict()
            asked = words.format(**parts, de=de(parts["u"]) if "u" in parts else "")
            yield sentence[:m.start()] + asked + sentence[m.end():-1] + end, m["a"]
    m = re.search(r"(?<= (?:by|in|of|to|de|at) )[A-ZÉÈ][\w'-]+(?: (?:of |de |du )?[A-ZÉÈ][\w'-]+)*(?=[,.])", sentence)
    if m and len(sentence) % 3 == 0 and is_name(m[0].split(), names) and not re.match(MONTHS, m[0]):
        yield sentence[:m.start()] + which + sentence[m.end():-1] + end, m[0]


def good(question, answer, context):
    """The answer stands once in the context, is no pronoun, and is not in the question."""
    return (2 <= len(answer) <= 90 and len(answer.split()) <= 12 and 12 <= len(question) <= 170
            and len(re.findall(rf"(?<!\w){re.escape(answer)}(?!\w)", context)) == 1
            and answer.lower() not in question.lower()
            and answer.lower() not in {"him", "her", "it", "them", "that", "this", "me", "us", "you", "himself", "one", "two",
                                       "cela", "lui", "elle", "eux", "moi", "ce", "rien", "all", "so", "what", "not"})
