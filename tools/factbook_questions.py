"""Questions about the fields of The World Factbook, answered by the words of the book (public domain).

The passages and the answers are the book's; how a question is put, and the few words around a long answer,
are ours (CC0). A passage is a handful of a country's fields, one a line; every question can be answered from it.
"""

import re

# (section, field, its name in a passage, what it is of, questions with the country's name)
FIELDS = [
    ("Geography", "Location", "Location", "location", ["Where is {}?", "In which part of the world is {}?"]),
    ("Geography", "Climate", "Climate", "climate", ["What is the climate of {}?", "What is the weather like in {}?"]),
    ("Geography", "Terrain", "Terrain", "terrain", ["What does the land of {} look like?", "What is the terrain of {}?"]),
    ("Geography", "Coastline", "Coastline", "coastline", ["How long is the coast of {}?", "What is the coastline of {}?"]),
    ("Geography", "highest point", "Highest point", "highest point",
     ["What is the highest point of {}?", "Which mountain of {} is the highest?"]),
    ("Geography", "lowest point", "Lowest point", "lowest point", ["What is the lowest point of {}?", "Where is {} lowest?"]),
    ("Geography", "Natural resources", "Natural resources", "natural resources",
     ["What are the natural resources of {}?", "What can be taken from the ground of {}?"]),
    ("Geography", "Natural hazards", "Natural hazards", "natural hazards",
     ["What are the natural hazards of {}?", "Which disasters can strike {}?"]),
    ("Geography", "Area - comparative", "Area", "area", ["How large is {}?", "What is the area of {}?"]),
    ("People and Society", "Ethnic groups", "Ethnic groups", "ethnic groups",
     ["Which peoples live in {}?", "What are the ethnic groups of {}?"]),
    ("People and Society", "Languages", "Languages", "languages",
     ["What are the languages of {}?", "What do people speak in {}?"]),
    ("People and Society", "Religions", "Religions", "religions",
     ["What are the religions of {}?", "What do people believe in {}?"]),
    ("People and Society", "Population growth rate", "Population growth", "population growth",
     ["How fast does the population of {} grow?", "What is the population growth of {}?"]),
    ("Government", "Government type", "Government", "government", ["How is {} governed?", "What is the government of {}?"]),
    ("Government", "name", "Capital", "capital", ["What is the capital of {}?", "From which city is {} governed?"]),
    ("Government", "Independence", "Independence", "independence",
     ["When did {} become independent?", "What is the independence of {}?"]),
    ("Government", "National holiday", "National holiday", "national holiday",
     ["What is the national holiday of {}?", "On which day does {} celebrate?"]),
    ("Government", "National symbol(s)", "National symbol", "national symbol",
     ["What is the national symbol of {}?", "Which sign stands for {}?"]),
    ("Government", "Legal system", "Legal system", "legal system",
     ["What is the legal system of {}?", "What kind of law has {}?"]),
    ("Economy", "Agricultural products", "Agricultural products", "agricultural products",
     ["What are the agricultural products of {}?", "What do farmers grow in {}?"]),
    ("Economy", "Industries", "Industries", "industries", ["What are the industries of {}?", "What is made in {}?"]),
    ("Economy", "Exports - partners", "Exports to", "exports", ["To whom does {} sell?", "Where do the exports of {} go?"]),
    ("Economy", "Imports - partners", "Imports from", "imports",
     ["From whom does {} buy?", "Where do the imports of {} come from?"]),
]
MOST_OF_A_FIELD, MOST_OF_AN_ANSWER = 160, 60


def clauses(value, most):
    """The value up to the last clause, or else the last item of a list, that ends within `most`."""
    value = re.sub(r"\s*\([^()]*\b(?:19|20)\d\d(?:[-/]\d\d)?(?: est\.)?\)", "", value)
    value = re.split(r"[;,.]? *\bnote(?: \d)?:", value)[0]
    value = re.sub(r"\s+", " ", value).strip(" ;,.")
    if len(value) > most:
        value = value[: max(0, *(value.rfind(mark, 0, most) for mark in ("; ", ", ")))]
    return "" if value.count("(") != value.count(")") else value


def countries(rows):
    """{country: {field's name: value}} of those with most fields told."""
    told = {}
    for row in rows:
        for section, field, name, _, _ in FIELDS:
            if row["section"] == section:
                found = re.search(rf"^{re.escape(field)}: (.+)$", row["text"], re.M)
                value = clauses(found.group(1), MOST_OF_A_FIELD) if found else ""
                if value and value != "none":
                    told.setdefault(row["country"], {})[name] = value
    return {country: fields for country, fields in told.items() if len(fields) >= 15}


def brief(value):
    return clauses(value.split(";")[0], MOST_OF_AN_ANSWER)


class Asked:
    """A country's passage, a question about it, and what answers it."""

    def __init__(self, country, fields, rng, lines, most):
        topics = {name: (topic, ways) for _, _, name, topic, ways in FIELDS if name in fields}
        usable = [n for n in topics if len(fields[n]) <= most and 0 < len(brief(fields[n]))]
        self.name = rng.choice(usable)
        others = [n for n in fields if n != self.name and len(fields[n]) <= most]
        chosen = {self.name, *rng.sample(others, lines - 1)}
        self.passage = "\n".join(f"{n}: {fields[n]}." for n in fields if n in chosen)
        topic, ways = topics[self.name]
        self.question = rng.choice(ways).format(country)
        self.answer = brief(fields[self.name])
        self.brief = f"{self.name}: {self.answer}."
        self.long = f"As for the {topic} of {country}, the book says: {fields[self.name]}."

    def clear(self):
        """Whether the answer stands in one place only, that of its field."""
        return self.passage.count(self.answer) == 1
