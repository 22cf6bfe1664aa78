"""Questions whose answers stand in a text, by our own rules: English, and what is common to both languages.

A rule looks at a clause – subject, verb, rest – and gives question and answer; the paragraph around it is the context. So
questions and answers are synthetic, contexts are the sources'.
"""

import re

from model_text import asking
from model_text.asking import joined

BE = {"was", "were", "is", "are"}
OTHER_AUXILIARIES = {"can", "could", "will", "would", "may", "might", "must", "should", "shall", "had", "has", "have", "do", "does",
                     "did", "am", "be", "been", "being", "cannot", "let"}
PREPOSITIONS = {"in", "at", "on", "from", "with", "by", "to", "for", "during", "after", "before", "because", "into", "through",
                "over", "under", "between", "among", "against", "as", "until", "when", "while", "where", "which", "that", "who",
                "whom", "whose", "and", "but", "or", "so", "if", "than", "about", "toward", "towards", "upon", "near", "since",
                "without", "within", "around", "across", "like", "though", "although", "not", "how", "what", "why", ",", ";", ":"}
SUBJECT_STOPS = (PREPOSITIONS - {"in", "for", "between", "and", "against"}) | {"it", "there", "this", "these", "those", "that", "what", "you", "i",
                                                              "one", "here", "then", "both", "each", "many", "some", "most", "such"}
PRONOUNS = {"he", "she", "they", "we"}
DETERMINERS = {"the", "a", "an", "his", "her", "their", "its", "this", "these", "our", "no", "some", "many", "several", "all"}
IRREGULAR = dict(pair.split("/") for pair in (
    "became/become wrote/write led/lead won/win built/build began/begin lost/lose said/say saw/see took/take found/find made/make "
    "gave/give brought/bring came/come went/go got/get knew/know thought/think told/tell felt/feel left/leave kept/keep held/hold "
    "stood/stand heard/hear met/meet ran/run paid/pay sat/sit spoke/speak rose/rise grew/grow fell/fall sent/send spent/spend "
    "chose/choose broke/break drove/drive bought/buy caught/catch taught/teach fought/fight sought/seek sold/sell drew/draw "
    "threw/throw wore/wear sang/sing swam/swim flew/fly forgot/forget hid/hide rode/ride shook/shake struck/strike bore/bear "
    "slept/sleep laid/lay lay/lie meant/mean understood/understand put/put cut/cut set/set shut/shut read/read").split())
PRESENT = {"has": "have", "goes": "go", "does": "do"}
NUMBER = re.compile(rf"(?:about|nearly|over|some|only|approximately|more than|almost)?\s*(?:\d[\d,.]*(?: (?:million|billion|thousand))?|{asking.NUMBERS['en']})$")


def base(verb, count):
    """(auxiliary, infinitive) of a finite verb; None if not known."""
    if verb in IRREGULAR:
        return "did", IRREGULAR[verb]
    if verb.endswith("ed") and len(verb) > 4:
        options = [verb[:-1], verb[:-2]] + ([verb[:-3]] if verb[-3] == verb[-4] else []) + ([verb[:-3] + "y"] if verb[-3] == "i" else [])
        best = max(options, key=lambda w: count[w])
        return ("did", best) if count[best] >= 3 else None
    if verb in PRESENT:
        return "does", PRESENT[verb]
    if verb.endswith("s") and not verb.endswith("ss") and len(verb) > 3:
        options = [verb[:-1]] + ([verb[:-2]] if verb.endswith(("ches", "shes", "sses", "xes", "oes")) else []) + ([verb[:-3] + "y"] if verb.endswith("ies") else [])
        best = max(options, key=lambda w: count[w])
        return ("does", best) if count[best] >= 3 else None
    return "do", verb


class English:
    def __init__(self, texts):
        self.verbs, self.count, self.names = asking.verbs(texts, "en")
        self.verbs -= OTHER_AUXILIARIES

    def clause(self, sentence):
        """(lead, subject, verb, rest) of a plain sentence, or None."""
        sentence = re.split(r"(?<=\w)[;:—]", re.sub(r" \([^()]*\)", "", sentence))[0].rstrip(" .") + "."
        if not re.match(r"[A-Z][^?!\"“”—:;()\[\]*]{20,260}[.]$", sentence):
            return None
        lead = None
        sentence = re.sub(r"^(?:However|Thus|Therefore|Moreover|Indeed|Instead|Meanwhile|Today|Still|For example|For instance|As a result|"
                          r"In addition|In fact|In general|(?:During|After|Before|Under|By|At|In the) [^,\d]{3,45}), (\w)",
                          lambda m: m[1].upper(), sentence)
        m = re.match(rf"(?:In|On|By) ((?:(?:{asking.MONTHS}) )?(?:\d{{1,2}}, )?\d{{3,4}}),? (.+)$", sentence)
        if m:
            lead, sentence = m[1], m[2][0].upper() + m[2][1:] if m[2][0].islower() else m[2]
        words = asking.tokens(sentence[:-1])
        for i, word in enumerate(words[:11]):
            low = word.lower()
            if low in BE or (low in self.verbs and i > 0 and word.islower()):
                break
            if low in OTHER_AUXILIARIES or (i == 0 and low in SUBJECT_STOPS) or (i and low in SUBJECT_STOPS - {"one", "that"}) or low.endswith("ing"):
                return None
        else:
            return None
        if words[0].startswith("I'"):
            return None
        rest = words[i + 1:]
        if i == 0 or not 1 <= len(rest) <= 26 or (words[0][0].islower()):
            return None
        first = words[0].lower()
        if first in PRONOUNS and i > 1 or not (self.is_name(words[:i]) or first in DETERMINERS | PRONOUNS or words[i - 1].endswith("s")):
            return None
        return lead, words[:i], low, rest

    def is_name(self, words):
        return asking.is_name(words, self.names)

    def subject_in_question(self, subject):
        first = subject[0]
        keeps = first in self.names and first.lower() not in DETERMINERS | PRONOUNS
        return joined(subject if keeps else [first.lower(), *subject[1:]])

    def of(self, sentence):
        """(question, answer) of one sentence."""
        clause = self.clause(sentence)
        if not clause:
            yield from self.called(sentence)
            yield from asking.in_place(sentence, self.names, "en")
            return
        lead, subject, verb, rest = clause
        s, pronoun = self.subject_in_question(subject), subject[0].lower() in PRONOUNS
        person = self.is_name(subject) and subject[0].lower() not in DETERMINERS
        tail = joined(rest)
        if verb in BE:
            yield from self.of_be(s, subject, verb, rest, lead, person, pronoun)
        elif form := base(verb, self.count):
            yield from self.of_action(s, subject, verb, form, rest, lead, person, pronoun)
        if person and not pronoun and (verb not in BE or verb == "was"):
            short = re.split(r",| because | when | while | which ", tail)[0]
            when = f" in {lead}" if lead else ""
            yield f"Who {verb} {short}{when}?", s
        elif not pronoun and verb not in BE and len(subject) <= 5:
            yield f"What {verb} {re.split(r',| because | which ', tail)[0]}?", joined(subject[1:] if subject[0] in {"The", "A", "An"} else subject)

    def of_be(self, s, subject, verb, rest, lead, person, pronoun):
        tail = joined(rest)
        wh = "Who" if person and verb == "was" else "What"
        if rest[0] in {"a", "an", "the"} and not pronoun:
            noun = joined(self.until_clause(rest))
            yield f"{wh} {verb} {s}?", noun
            if rest[0] == "the" and len(rest) > 2:
                yield f"{wh} {verb} {tail.split(', ')[0]}?", joined(subject)
        if rest[0] in {"called", "known", "named"} and len(rest) > 2:
            name = joined(self.until_clause(rest[2 if rest[1] == "as" else 1:]))
            yield f"What {verb} {s} {joined(rest[:2] if rest[1] == 'as' else rest[:1])}?", name
        dated = asking.year_or_date(tail, "en")
        if lead:
            yield f"When {verb} {s} {tail.split(', ')[0]}?", lead
            yield f"In what year {verb} {s} {tail.split(', ')[0]}?", lead
        elif dated:
            yield f"When {verb} {s} {dated[0]}?", dated[2]
        m = re.match(r"(?P<v>\w+(?:ed|en|ne|ght|de|ld|und|lt|wn))(?P<mid> [^,]*?)? (?P<p>by|in|at|from) (?P<a>(?:the )?[A-Z][^,]{2,50}?)(?:,| in | on | and | to | for |$)", tail)
        if m and m["p"] == "by":
            yield f"Who {m['v']} {s}{m['mid'] or ''}?", m["a"]
            yield f"By whom {verb} {s} {m['v']}{m['mid'] or ''}?", m["a"]
        elif m and not re.match(asking.MONTHS, m["a"]):
            yield f"Where {verb} {s} {m['v']}{m['mid'] or ''}?", m["a"]
        because = re.match(r"(?P<b>[^,]+?),? because (?P<a>(?:of )?[^,]{8,80})", tail)
        if because:
            yield f"Why {verb} {s} {because['b']}?", because["a"]

    @staticmethod
    def until_clause(words):
        end = next((i for i, w in enumerate(words) if i and w in {",", "that", "which", "who", "when", "where", "because", "and", "but", "whose", "in", "from"}), len(words))
        return words[:end]

    def of_action(self, s, subject, verb, form, rest, lead, person, pronoun):
        auxiliary, infinitive = form
        if auxiliary == "do" and not (pronoun or subject[-1].endswith("s")):
            return
        tail = joined(rest)
        short = tail.split(", ")[0]
        dated = asking.year_or_date(short, "en")
        if lead:
            yield f"When {auxiliary} {s} {infinitive} {short}?", lead
            yield f"In what year {auxiliary} {s} {infinitive} {short}?", lead
        elif dated:
            yield f"When {auxiliary} {s} {infinitive} {dated[0]}?", dated[2]
        because = re.match(r"(?P<b>[^,]+?),? because (?P<a>(?:of )?[^,]{8,80})", tail)
        if because:
            yield f"Why {auxiliary} {s} {infinitive} {because['b']}?", because["a"]
        place = re.match(r"(?P<b>.*?)\b(?:in|at|to|from|near) (?P<a>(?:the )?[A-Z][\w'-]+(?: (?:of )?[A-Z][\w'-]+)*)$", short)
        if place and not re.match(asking.MONTHS, place["a"]):
            yield f"Where {auxiliary} {s} {infinitive} {place['b']}".strip() + "?", place["a"]
        end = next((i for i, w in enumerate(rest) if w in PREPOSITIONS), len(rest))
        thing, after = rest[:end], joined(rest[end:])
        after = " " + after.split(", ")[0] if after and not after.startswith((",", "and", "but")) else ""
        after = "" if len(after) > 60 else after
        if thing and (thing[0] in DETERMINERS or self.is_name(thing)):
            word = "Whom" if self.is_name(thing) and thing[0] not in DETERMINERS and verb in {"met", "married", "killed", "defeated"} else "What"
            yield f"{word} {auxiliary} {s} {infinitive}{after}?", joined(thing[1:] if thing[0] in {"the", "a", "an"} else thing)
        for n in (3, 2, 1):
            if len(thing) > n and NUMBER.match(joined(thing[:n])) and thing[n].endswith("s"):
                yield f"How many {joined(thing[n:])} {auxiliary} {s} {infinitive}{after}?", joined(thing[:n])
                break

    def called(self, sentence):
        """Terms, shares and parts between commas of sentences of any form."""
        m = re.search(r"(?:^|, )(?P<n>[A-Z][\w'-]+(?: [A-Z][\w'.-]+)*), (?P<a>(?:the|a|an) [^,.;()]{6,70}), (?P<v>\w+)", sentence)
        if m and m["v"].lower() in self.verbs | BE:
            yield f"Who or what was {m['a']}?", m["n"]
            yield f"What is said of {m['n']}?", m["a"]
        m = re.search(r"(?P<a>\d[\d.,]* (?:percent|per cent)) of (?P<w>[^,.;()]{4,50}?) (?P<v>\w+) (?P<r>[^,.;()]{2,60})", sentence)
        if m and m["v"] in self.verbs | BE:
            yield f"What percentage of {m['w']} {m['v']} {m['r']}?", m["a"]
        m = re.search(r"(?P<d>[^,.;()]{12,80}?),? (?:is|are|was|were) (?P<k>called|known as|referred to as) (?P<a>(?:the |an? )?[^,.;()]{3,40})[,.;]", sentence)
        if m and not re.match(r".*\b(?:which|that|who)$", m["d"]):
            d = m["d"].strip()
            yield f"What is the name for {d[0].lower() + d[1:]}?", m["a"]


def contexts_of(paragraphs, least=350, most=1050):
    """Neighbouring paragraphs put together, as long as those that people's questions are asked about."""
    text = ""
    for paragraph in paragraphs:
        if text and len(text) + len(paragraph) + 1 > most:
            yield text
            text = ""
        text = f"{text} {paragraph}".strip() if len(paragraph) <= most else ""
        if len(text) >= least + 7 * (len(paragraph) % 90):
            yield text
            text = ""
    if len(text) > 120:
        yield text


PLENTIFUL = ("What ", "Qu'est-ce qui ", "Qu'est-ce que ", "Que ", "Who or what ")


def of_context(context, rules, most=5):
    """(question, answer) of a context's sentences: of each sentence one, rather of the kinds that rules seldom find."""
    found = []
    for number, sentence in enumerate(asking.SENTENCE_END.split(context)):
        options = [(re.sub(r"\s+", " ", q).replace("..", "."), a) for q, a in rules.of(sentence.strip())]
        options = [o for o in options if asking.good(*o, context)]
        seldom = [o for o in options if not o[0].startswith(PLENTIFUL)]
        if options and (seldom or len(sentence) % 5 < 3):
            options = seldom or options
            found.append(options[(number * 7 + len(sentence)) % len(options)])
    step = max(1, len(found) // most)
    return found[::step][:most]
