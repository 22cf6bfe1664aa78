"""A small template language.

[a|b|c]     one of the alternatives, drawn at random (an alternative may be empty and may hold braces)
{x}         the entity x of the environment, in its plain form
{x.form}    another form of it; a form that begins with a capital letter gives a capital letter
{x:m|f}     the first word if x is masculine, the second if feminine
"""

import re


def capital(text):
    return text[:1].upper() + text[1:]


def render(template, env, rng):
    def agree(match):
        return match.group(3 if env[match.group(1)].gender == "f" else 2)

    template = re.sub(r"\{(\w+):([^{}|]*)\|([^{}|]*)\}", agree, template)
    while (match := re.search(r"\[([^\[\]]*)\]", template)) is not None:
        choice = rng.choice(match.group(1).split("|"))
        template = template[: match.start()] + choice + template[match.end() :]

    def value(match):
        name, _, form = match.group(1).partition(".")
        entity = env[name]
        if isinstance(entity, str):
            return capital(entity) if form == "Cap" else entity
        text = entity.form(form.lower()) if form else entity.form("name")
        return capital(text) if form[:1].isupper() else text

    text = re.sub(r"\{([^{}]+)\}", value, template)
    return re.sub(r" +([,.])", r"\1", re.sub(r" {2,}", " ", text)).strip()


def story(beats, env, rng):
    """One variant of each beat; a beat is (chance to occur, variants) or just variants."""
    parts = []
    for beat in beats:
        chance, variants = beat if isinstance(beat, tuple) else (1.0, beat)
        if rng.random() < chance:
            parts.append(render(rng.choice(variants), env, rng))
    text = parts[0]
    for part in parts[1:]:
        text += (" " if rng.random() < 0.6 else "\n\n") + part
    return text
