"""Questions in French, by our own rules (see questions.py)."""

import re

from model_text import asking
from model_text.asking import joined

BE = {"est", "sont", "était", "étaient", "fut", "furent"}
HAVE = {"a", "ont", "avait", "avaient", "eut", "eurent"}
OTHER = {"peut", "peuvent", "doit", "doivent", "c'", "y", "en"}
BREAKS = {"dans", "à", "au", "aux", "en", "sur", "pour", "par", "avec", "chez", "vers", "sous", "après", "avant", "pendant", "depuis", "jusqu'",
          "contre", "entre", "sans", "et", "ou", "mais", "car", "parce", "que", "qu'", "qui", "dont", "où", "lorsque", "quand", "comme",
          "si", "tandis", ",", ";", ":", "puis", "alors", "afin", "malgré", "devant", "derrière", "selon", "ne", "n'", "pas"}
SUBJECT_STOPS = {"que", "qu'", "qui", "dont", "où", "mais", "donc", "car", "si", "quand", "lorsque", "comme", "pour", "par", "avec", "à", "dans", "sur",
                 "en", "c'", "ce", "cela", "ceci", "ça", "je", "j'", "tu", "on", "nous", "vous", "et", "ne", "n'", "y", "se", "s'", "me", "m'", "te", "t'",
                 "lui", "voici", "voilà", "là", "tout", "rien", ",", "ou", "ni", "sans", "chez"}
ARTICLES = {"le", "la", "les", "l'", "un", "une", "des", "son", "sa", "ses", "leur", "leurs", "cette", "cet", "ces", "notre", "nos", "mon", "ma", "mes", "du", "deux", "trois"}
PRONOUNS = {"il", "elle", "ils", "elles"}
PERSONS = {"homme", "femme", "roi", "reine", "docteur", "père", "mère", "fille", "fils", "frère", "soeur", "sœur", "enfant", "marquis", "comte", "comtesse",
           "duc", "capitaine", "soldat", "prêtre", "curé", "abbé", "général", "colonel", "vieillard", "jeune", "président", "maître", "baron",
           "baronne", "marquise", "professeur", "médecin", "domestique", "servante", "oncle", "tante", "garçon", "ouvrier", "juge", "notaire"}
NUMBER = re.compile(rf"(?:environ|près de|plus de|presque)?\s*(?:\d[\d ,.]*(?: (?:millions?|milliards?))?|{asking.NUMBERS['fr']})$")
FEMININE = ("la ", "une ", "sa ", "cette ", "ma ", "elle")


class French:
    def __init__(self, texts):
        self.verbs, self.count, self.names = asking.verbs(texts, "fr")
        self.verbs -= OTHER

    def is_name(self, words):
        return asking.is_name(words, self.names)

    def clause(self, sentence):
        """(lead, subject, reflexive or object word before the verb, verb, rest) of a plain sentence, or None."""
        sentence = re.split(r"(?<=\w) ?[;:—]", re.sub(r" \([^()]*\)", "", sentence))[0].rstrip(" .") + "."
        if not re.match(r"[A-ZÉÈÀÂÊÎÔÇ][^?!\"“”«»—:;()\[\]*…]{20,240}[.]$", sentence):
            return None
        lead = None
        m = re.match(rf"(?P<p>En|Le|Dès|Vers) (?P<a>(?:\d{{1,2}}(?:er)? )?(?:(?:{asking.MONTHS}) )?\d{{3,4}}),? (?P<r>.+)$", sentence)
        if m:
            lead, sentence = (m["p"].lower(), m["a"]), m["r"][0].upper() + m["r"][1:]
        sentence = re.sub(r"^(?:Alors|Cependant|Enfin|Ainsi|Puis|Ensuite|Pourtant|Aujourd'hui|Hier|Demain|Par exemple|(?:Dans|Pendant|Après|Avant|Sur|Au|À|Depuis|Malgré) "
                          r"[^,\d]{3,45}), (\w)", lambda m: m[1].upper(), sentence)
        words = asking.tokens(sentence[:-1])
        i = 0
        while i < min(len(words), 10):
            low = words[i].lower()
            reflexive = words[i] in {"se", "s'"} and i + 1 < len(words) and words[i + 1] in self.verbs
            if i and words[i].islower() and (low in BE | HAVE or low in self.verbs or reflexive):
                break
            if low in SUBJECT_STOPS or low in OTHER:
                return None
            i += 1
        else:
            return None
        before = words[i:i + 1] if reflexive else []
        at = i + len(before)
        subject, verb, rest = words[:i], words[at], words[at + 1:]
        first = subject[0].lower()
        if not 1 <= len(rest) <= 26 or "pas" in rest[:2] or "-" in rest[:1]:
            return None
        if first in PRONOUNS and i > 1 or not (self.is_name(subject) or first in ARTICLES | PRONOUNS):
            return None
        return lead, subject, before, verb, rest

    def of(self, sentence):
        """(question, answer) of one sentence."""
        yield from self.because(sentence)
        clause = self.clause(sentence)
        if not clause:
            yield from asking.in_place(sentence, self.names, "fr")
            return
        lead, subject, before, verb, rest = clause
        first, pronoun = subject[0].lower(), subject[0].lower() in PRONOUNS
        name = self.is_name(subject) and first not in ARTICLES
        s = joined(subject if name else [first, *subject[1:]])
        v = joined([*before, verb])
        tail = joined(rest)
        short = tail.split(", ")[0]
        singular = verb not in {"sont", "étaient", "furent", "ont", "avaient"} and not verb.endswith(("ent", "ont"))
        if not pronoun and singular and len(short) < 110:
            if name or (len(subject) > 1 and subject[1].lower() in PERSONS):
                yield f"Qui {v} {short} ?", joined(subject)
            else:
                yield f"Qu'est-ce qui {v} {short} ?", joined(subject)
        yield from self.times_and_places(lead, s, v, verb, before, short, pronoun)
        if verb in BE and rest[0] in {"un", "une", "le", "la", "les", "l'", "des"} and not pronoun:
            noun = joined(self.until(rest))
            yield (f"Qui {verb} {s} ?" if name and verb != "est" else f"Qu'est-ce que {s} ?"), noun
            if rest[0] in {"le", "la", "l'"} and len(rest) > 3:
                yield f"Quel{'le' if rest[0] == 'la' else ''} {verb} {short} ?", joined(subject)
        elif verb not in BE:
            yield from self.objects(s, v, verb, before, rest)

    @staticmethod
    def until(words):
        return words[:next((i for i, w in enumerate(words) if i and w in {",", "qui", "que", "qu'", "dont", "où", "et", "mais", "car", "parce"}), len(words))]

    def asked(self, word, s, v, verb, before, rest, turn):
        """Three ways to ask: "Quand X fit-il …", "Quand est-ce que X fit …", and "X fit … quand" is left to in_place."""
        rest = f" {rest}" if rest else ""
        if turn or before:
            que = "qu'" if s[0].lower() in "aeéèêiouyh" and s.split("'")[0].lower() != "h" else "que "
            return f"{word} est-ce {que}{s} {v}{rest} ?"
        plural = verb.endswith(("ent", "ont")) or verb in {"sont", "étaient", "furent"}
        she = s.lower().startswith(FEMININE)
        pronoun = ("elles" if she else "ils") if plural else ("elle" if she else "il")
        link = "-t-" if not plural and verb[-1] in "aec" else "-"
        if s.lower() in PRONOUNS:
            return f"{word} {v}{link}{s.lower()}{rest} ?"
        return f"{word} {s} {v}{link}{pronoun}{rest} ?"

    def times_and_places(self, lead, s, v, verb, before, short, pronoun):
        turn = len(short) % 2
        dated = asking.year_or_date(short, "fr")
        if lead:
            year = re.fullmatch(r"\d+", lead[1])
            yield self.asked("En quelle année" if year and turn else "Quand", s, v, verb, before, short, len(s) % 2), lead[1]
        elif dated:
            year = re.fullmatch(r"\d+", dated[2])
            yield self.asked("En quelle année" if year and turn else "Quand", s, v, verb, before, dated[0], len(s) % 2), dated[2]
        place = re.match(r"(?P<b>.*?)\b(?:à|en|au|aux|dans|chez|vers) (?P<a>(?:l'|la |le |les )?[A-ZÉÈ][\w'-]+(?: (?:de |du |des )?[A-ZÉÈ][\w'-]+)*)$", short)
        if place:
            yield self.asked("Où", s, v, verb, before, place["b"].strip(), turn), place["a"]
        m = re.match(r"(?P<b>.*?)\b(?P<a>(?:dans|sur|sous|derrière|devant|chez|près de) [^,]{4,40})$", short)
        if m and m["b"].strip():
            yield self.asked("Où", s, v, verb, before, m["b"].strip(), turn), m["a"]

    def objects(self, s, v, verb, before, rest):
        start = 0
        if verb in HAVE:  # "a acheté une voiture": the participle goes with the verb
            if not re.search(r"(?:é|i|is|it|u|ert|ait)$", rest[0]) or len(rest) < 2:
                pass
            else:
                start = 1
        end = next((i for i, w in enumerate(rest) if i > start and w in BREAKS), len(rest))
        thing, after = rest[start:end], joined(rest[end:]).split(", ")[0]
        after = after if after and rest[end] not in {",", "et", "mais", "qui", "que", "qu'", "dont", "ou"} and len(after) < 60 else ""
        behind = " ".join(filter(None, [joined(rest[:start]), after]))
        turn = len(s) % 2
        if not thing or before:
            return
        for n in (2, 1):
            if len(thing) > n and NUMBER.match(joined(thing[:n])) and thing[n].endswith(("s", "x")):
                yield self.asked(f"Combien {asking.de(thing[n])}{joined(thing[n:])}", s, v, verb, before, behind, turn), joined(thing[:n])
                return
        if thing[0] in ARTICLES:
            if turn:
                yield self.asked("Qu'", s, v, verb, before, behind, 1).replace("Qu' est-ce", "Qu'est-ce"), joined(thing)
            elif s.lower() in PRONOUNS:
                yield self.asked("Qu'" if v[0] in "aeéèêio" else "Que", s, v, verb, before, behind, 0).replace("Qu' ", "Qu'"), joined(thing)
            else:
                plural = verb.endswith("ent") or verb == "ont"
                if start == 0 and not plural:
                    yield f"Que {v} {s}{' ' + behind if behind else ''} ?", joined(thing)
                else:
                    yield self.asked("Qu'", s, v, verb, before, behind, 1).replace("Qu' est-ce", "Qu'est-ce"), joined(thing)
        elif self.is_name(thing) and thing[0] not in ARTICLES:
            yield self.asked("Qui", s, v, verb, before, behind, 1), joined(thing)

    def because(self, sentence):
        m = re.match(r"(?P<s>[A-ZÉÈÀ][^,.;:()?!«»\"—]{8,90}?),? (?:parce que |parce qu'|à cause de |afin de |grâce à )(?P<a>[^,.;:()?!«»\"—]{8,90})", sentence)
        if m and m["s"].split()[0].lower() not in {"c'est", "si", "mais", "et", "je", "quand"}:
            words = m["s"].split()
            s = m["s"] if words[0] in self.names else m["s"][0].lower() + m["s"][1:]
            que = "qu'" if s[0] in "aeéèiouyh" else "que "
            yield f"Pourquoi est-ce {que}{s} ?", m["a"]
