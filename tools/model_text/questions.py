"""Questions whose answers stand in a text, by our own rules, from factbook, textbooks, manuals and books.

A rule looks at a sentence and gives question and answer; the paragraph around it is the context. So
questions and answers are synthetic, contexts are the sources'.
"""

import re

NAME = r"[A-ZÉÈÀÂÎÔ][\w'’-]+(?: (?:of|the|de|du|des|la|von|van)? ?[A-ZÉÈÀÂÎÔ][\w'’-]+){0,3}"
NOT_NAMES = {"The", "This", "That", "These", "Those", "There", "He", "She", "It", "They", "We", "You", "In", "On",
             "At", "As", "If", "When", "While", "For", "But", "And", "Or", "Some", "Many", "Most", "Such", "One",
             "What", "Who", "Why", "How", "Both", "Each", "All", "His", "Her", "Its", "Their", "Our", "By", "To",
             "From", "With", "After", "Before", "Since", "I", "Figure", "Le", "La", "Les", "Un", "Une", "Il", "Elle",
             "Ils", "Elles", "Ce", "Cet", "Cette", "Ces", "On", "Nous", "Vous", "Je", "Tu", "En", "Et", "Mais", "Si",
             "Pour", "Dans", "Par", "Sur", "Qui", "Que", "Quand", "Comme", "Son", "Sa", "Ses", "Another", "Other",
             "Cela", "Leur", "Tout", "Aucun", "Chaque", "Notez", "Note", "Chapter"}
MONTHS = ("January|February|March|April|May|June|July|August|September|October|November|December|janvier|février|mars|"
          "avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre")
VERBS_EN = ("became|wrote|discovered|invented|founded|led|argued|developed|published|proposed|won|signed|created|"
            "defeated|introduced|established|built|ruled|conquered|described|launched|opened|ended|began|gained|lost|"
            "declared|adopted|joined|said|saw|took|found|made|gave|married|killed|asked|called|opened|brought")
VERBS_FR = ("est devenu|a écrit|découvrit|fonda|écrivit|prit|donna|dit|demanda|entra|ouvrit|regarda|trouva|appela|"
            "quitta|vit|tua|épousa|répondit|s'écria|sortit|arriva|reprit|alla|reçut|fit|commença|tomba")


def is_name(text):
    return text.split()[0] not in NOT_NAMES


def questions_en(sentence):
    m = re.match(rf"(?P<n>{NAME}) (?P<v>{VERBS_EN}) (?P<rest>[^.;:()]{{8,90}})[.;]", sentence)
    if m and is_name(m["n"]):
        yield f"Who {m['v']} {m['rest']}?", m["n"]
        yield f"Which person or group {m['v']} {m['rest']}?", m["n"]
    m = re.match(rf"In (?P<y>(?:(?:{MONTHS}) )?\d{{4}}),? (?P<rest>(?:[A-Z]|the |a )[^.;:()]{{12,90}})[.;]", sentence)
    if m:
        rest = m["rest"]
        yield f"In what year was it that {rest}?", m["y"]
        yield f"When was it that {rest}?", m["y"]
    m = re.match(r"(?P<s>[A-Z][^,.;:()]{6,60}?) (?P<be>was|were|is|are) (?P<v>\w+ed|born|built|made|held|won|founded) "
                 r"(?P<mid>[^.;:()]{0,50}?)(?P<prep>in|by|from|at|on|near) (?P<a>[A-Z\d][\w' -]{2,40})[.,;]", sentence)
    if m:
        word = {"in": "When" if re.search(r"\d{3,4}", m["a"]) else "Where", "on": "When", "from": "Where",
                "at": "Where", "near": "Where", "by": "By whom"}[m["prep"]]
        subject = m["s"][0].lower() + m["s"][1:] if m["s"].split()[0] in NOT_NAMES else m["s"]
        yield f"{word} {m['be']} {subject} {m['v']} {m['mid'].strip()}".strip() + "?", m["a"].strip()
    m = re.match(r"(?P<s>(?:An? |The )?[A-Za-z][\w' -]{2,40}) (?P<be>is|are) (?P<a>(?:the|a|an) [^.;:()]{8,100})[.;]", sentence)
    if m and m["s"].split()[0] not in NOT_NAMES - {"The"}:
        subject = m["s"][0].lower() + m["s"][1:] if m["s"].split()[0] in {"The", "A", "An"} else m["s"]
        yield f"What {m['be']} {subject}?", m["a"]
    m = re.match(r"(?P<s>[A-Z][^,.;:()]{3,50}?) (?P<v>has|have|had|contains?|includes?|consists? of|covers?|produces?|uses?) "
                 r"(?P<a>(?:about |nearly |over )?(?:\d[\d,.]*|two|three|four|five|six|seven|eight|nine|ten|hundreds|thousands)) (?P<u>[a-z]+)", sentence)
    if m:
        subject = m["s"][0].lower() + m["s"][1:] if m["s"].split()[0] in NOT_NAMES else m["s"]
        yield f"How many {m['u']} are there in {subject}?", m["a"]
    m = re.search(r"\b(?P<s>[A-Za-z][\w' -]{3,50}?),? because (?P<a>(?:of )?[^.;:()]{10,90})[.;]", sentence)
    if m:
        yield f"Why {m['s'].strip().lower()}?", m["a"]
    m = re.match(rf"(?P<pre>[A-Z][^.;:()]{{10,80}}?) (?P<prep>in|at|near|to|from) (?P<a>{NAME})[.,;]", sentence)
    if m and is_name(m["a"]):
        yield f"Where: {m['pre']}?", m["a"]
        yield f"{m['pre']} {m['prep']} which place?", m["a"]


def questions_fr(sentence):
    m = re.match(rf"(?P<n>{NAME}) (?P<v>{VERBS_FR}) (?P<rest>[^.;:()]{{6,90}})[.;]", sentence)
    if m and is_name(m["n"]):
        yield f"Qui {m['v']} {m['rest']} ?", m["n"]
        yield f"Quelle personne {m['v']} {m['rest']} ?", m["n"]
    m = re.match(rf"En (?P<y>(?:(?:{MONTHS}) )?\d{{4}}),? (?P<rest>[^.;:()]{{12,90}})[.;]", sentence)
    if m:
        yield f"En quelle année {m['rest']} ?", m["y"]
        yield f"Quand {m['rest']} ?", m["y"]
    m = re.match(r"(?P<s>(?:Une? |Le |La |Les |L')[\w' -]{2,40}) (?P<be>est|sont) (?P<a>(?:une?|le|la|les|des) [^.;:()]{8,100})[.;]", sentence)
    if m:
        subject = m["s"][0].lower() + m["s"][1:]
        yield f"Qu'est-ce que {subject} ?", m["a"]
        yield f"Que{'l' if m['be'] == 'est' else 'ls'} {m['be']} {subject} ?", m["a"]
    m = re.search(r"\b(?P<s>[A-Za-zÉéÈèÀàÇç][\w' -]{3,60}?),? (?:parce que|car) (?P<a>[^.;:()]{10,90})[.;]", sentence)
    if m:
        yield f"Pourquoi {m['s'].strip().lower()} ?", m["a"]
    m = re.match(rf"(?P<pre>[A-ZÉÈÀ][^.;:()]{{10,80}}?) (?P<prep>à|en|dans|vers|de) (?P<a>{NAME})[.,;]", sentence)
    if m and is_name(m["a"]):
        yield f"Où : {m['pre']} ?", m["a"]
        yield f"{m['pre']} {m['prep']} quel endroit ?", m["a"]
    m = re.match(r"(?P<s>[^,.;:()]{4,50}?) (?P<v>renvoie|retourne|lève|contient|définit|indique|permet de|désigne) (?P<a>[^.;:()]{6,90})[.;]", sentence)
    if m:
        yield f"Que {m['v']} {m['s'][0].lower() + m['s'][1:]} ?", m["a"]
        yield f"{m['s']} : que {m['v']}-t-il ?", m["a"]


def of_paragraph(paragraph, language, most=3):
    """(question, answer) of a paragraph's sentences, each sentence one, in turn of their kinds."""
    rule = questions_en if language == "en" else questions_fr
    found = []
    for number, sentence in enumerate(re.split(r"(?<=[.!?]) (?=[A-ZÀÂÇÉÈÊÎÔ«\"—])", paragraph)):
        options = list(rule(sentence.strip()))
        if options:
            question, answer = options[(number * 7 + len(sentence)) % len(options)]
            answer = answer.strip(" ,'\"")
            if paragraph.count(answer) == 1 and 2 <= len(answer) <= 110 and answer not in question:
                found.append((re.sub(r"\s+", " ", question), answer))
    step = max(1, len(found) // most)
    return found[::step][:most]
