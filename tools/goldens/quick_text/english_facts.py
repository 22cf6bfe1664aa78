"""English dialogues, descriptions and simple explanations."""

from . import lexicon
from .english import article, environment
from .template import capital, render

DIALOGUES = [
    [
        '"Good morning, {f}! How are you?"|"Hello, {f}! What are you doing?"',
        '"I am [well|very well|a little tired], thank you. And you?"|"I am looking for my {o}. And you?"',
        '"I am going to the {place}. Will you come with me?"|"I have a free afternoon. Shall we go to the {place}?"',
        '"Yes, but first I must ask my {g}."|"With pleasure! Wait, I will take my {o}."',
        '"Very well, I will wait here."|"Do not hurry. We have time."',
        "And they went off together.|Ten minutes later they were {at}.",
    ],
    [
        '"Excuse me, where is the {place}?" asked {h}.|"How do I get to the {place}?" asked {h}.',
        '"Go straight ahead, then turn [left|right] after the bridge," said a woman.|"It is not far," answered an old man. "Follow the river."',
        '"Is it far?"\n"Not at all. You will be there before noon."|"How long does it take?"\n"About {n} minutes on foot."',
        '"Thank you very much!"|"Thank you, you are very kind."',
        '"Have a good day!"|"Goodbye, and take care!"',
    ],
    [
        "At the market, {h} stopped before a stall.|{h} went into the shop.",
        '"Good morning. I would like {food}, please," {h.he} said.',
        '"Of course. Anything else?" asked the woman.|"How much do you want?" asked the man.',
        '"Yes, {food2} too, please. How much is it?"',
        '"That makes {n} coins."',
        '{h} paid and put everything in {h.his} bag.|"Here you are," said {h}. "Goodbye!"',
    ],
    [
        '"{g.Name}, why is the sky blue?" asked {h}.|"Why do birds fly away in winter?" asked {h}.|"Where does the sun go at night?" asked {h}.',
        '"That is a good question," said {h.his} {g}. "What do you think?"',
        '{h} thought for a long time. "I do not know," {h.he} said.',
        '"Then let us look in the big book," said {h.his} {g}.',
        "They read together until the evening, and {h} had {n} new questions.|They read a page, and then another. {h} wanted to know everything.",
    ],
    [
        '"What did you do {at} yesterday?" asked {f}.',
        '"I saw {a.a}," said {h}. "It was sitting {hide}."',
        '"Were you afraid?"\n"No, not at all. It looked at me, and then it ran away."|"What did it do?"\n"It ate a little, then it disappeared."',
        '"I would like to see it too."',
        '"Then come with me tomorrow. But we must be very quiet."',
    ],
    [
        '"Whose {o} is this?" asked {h}.',
        '"It is not mine," said {f}. "Mine is {hide}."',
        '"Then perhaps it belongs to your {g}."',
        '"No, {g.he} has a different one."',
        '"Let us ask everybody," said {h}.',
        "In the end, it was the teacher's, who thanked them both.|At last they found the owner, who was very glad.",
    ],
]
PORTRAITS = [
    "{h} is [six|seven|eight|nine|ten] years old. {h.He} has [brown|black|blue|green] eyes and [short|long|curly] hair. {h.He} lives near the {place} with {h.his} {g}.",
    "In the morning, {h} gets up at [six|seven|eight] o'clock. {h.He} washes, eats {food} and goes to school. [{h.He} likes to read|{h.He} is good at counting|{h.He} loves to draw].",
    "{h}'s best friend is {f}. They play {at} when the weather is fine. When it rains, they stay at home and [tell stories|draw|make a hut with blankets].",
    "{h}'s favourite thing is {o.a}. {h.He} keeps it {hide}. Nobody else may touch it, except {f}.",
    "{h} has a {a}. It sleeps {hide2}. In the evening {h} gives it something to eat.",
    "On {day}, {h} helps {h.his} {k}. They go to the market and buy {food2}. {h} carries the basket, although it is heavy.",
    'When {h.he} grows up, {h} wants to be [a doctor|a sailor|a baker|a teacher|a painter|a gardener]. "I will travel a lot," {h.he} says.',
    "{f} is [taller|smaller|older|younger] than {h}. {f.He} runs fast, but {h} swims better. They never fight for long.",
    "The house is [small|old|white] and has {n} windows. Behind it there is a garden with a tree. Under the tree stands a [bench|table].",
    "Before going to bed, {h} looks at the stars. {h.He} counts them, but there are too many. Then {h.he} closes {h.his} eyes.",
]


def plural_number(word, noun):
    return f"{word} {noun}" if word == "one" else f"{word} {noun}s"


def dialogue(rng):
    env = environment(rng)
    return "\n".join(render(pick(line, rng), env, rng) for line in rng.choice(DIALOGUES))


def pick(line, rng):
    """One of the ways, split at bars outside brackets and braces."""
    ways, depth, start = [], 0, 0
    for i, character in enumerate(line):
        depth += (character in "[{") - (character in "]}")
        if character == "|" and depth == 0:
            ways.append(line[start:i])
            start = i + 1
    return rng.choice(ways + [line[start:]])


def portrait(rng):
    env = environment(rng)
    first, rest = PORTRAITS[0], rng.sample(PORTRAITS[1:], rng.randint(3, 5))
    return " ".join(render(p, env, rng) for p in [first] + rest)


def animal(rng):
    row = rng.choice(lexicon.ANIMALS)
    other = rng.choice([a for a in lexicon.ANIMALS if a is not row])
    name, eats, lives, can, legs = row[0], row[3], row[5], row[7], row[9]
    sentences = [
        rng.choice(
            [
                f"{capital(article(name))} is an animal that lives {lives}.",
                f"Where does {article(name)} live? It lives {lives}.",
                f"The {name} lives {lives}.",
            ]
        ),
        rng.choice(
            [f"It eats {eats}.", f"It likes to eat {eats}.", f"What does it eat? It eats {eats}."]
        ),
        rng.choice(
            [
                f"It has {lexicon.NUMBERS_EN[legs]} legs.",
                f"It walks on {lexicon.NUMBERS_EN[legs]} legs.",
                f"How many legs does it have? It has {lexicon.NUMBERS_EN[legs]}.",
            ]
        ),
        rng.choice(
            [
                f"It can {can}.",
                f"The {name} is able to {can}.",
                f"Everybody knows that it can {can}.",
            ]
        ),
        rng.choice(
            [
                f"The {other[0]} does not live like that: it lives {other[5]}.",
                f"The {other[0]}, on the other hand, eats {other[3]}.",
                f"The {other[0]} cannot do the same, but it can {other[7]}.",
            ]
        ),
    ]
    if rng.random() < 0.5:
        sentences[1:4] = rng.sample(sentences[1:4], 3)
    return " ".join(sentences)


def job(rng):
    row = rng.choice(lexicon.JOBS)
    name, does, tool = row[0], row[3], row[5]
    person, gender = rng.choice(
        [(n, "He") for n in lexicon.NAMES_M] + [(n, "She") for n in lexicon.NAMES_F]
    )
    return " ".join(
        [
            rng.choice([f"{person} is {article(name)}.", f"What does {article(name)} do?"]),
            f"{capital(article(name))} {does}.",
            rng.choice([f"For this work one needs {tool}.", f"The {name} uses {tool}."]),
            rng.choice(
                [
                    "The day begins early and ends late.",
                    "It is hard work, but it is useful to everyone.",
                    "One must be patient and careful.",
                    "Without this work, life would be more difficult.",
                ]
            ),
            rng.choice(
                [
                    f'"I love my work," says {person}.',
                    f"{person} learned it long ago and still likes it.",
                    f"When {person} was a child, {gender.lower()} already dreamed of it.",
                ]
            ),
        ]
    )


def count(rng):
    a, b = rng.randint(2, 10), rng.randint(1, 9)
    person, other = rng.sample(lexicon.NAMES_M + lexicon.NAMES_F, 2)
    noun = rng.choice(
        ["apple", "egg", "book", "coin", "nut", "pencil", "shell", "ball", "flower", "button"]
    )
    n = lexicon.NUMBERS_EN
    if rng.random() < 0.5:
        return (
            f"{person} has {n[a]} {noun}s. {other} gives {plural_number(n[b], noun)} more to {person}. How many {noun}s does {person} have now? "
            f"{capital(n[a])} and {n[b]} make {n[a + b]}. So {person} has {n[a + b]} {noun}s."
        )
    return (
        f"There are {n[a + b]} {noun}s in the basket. {person} takes {plural_number(n[b], noun)} away. How many are left? "
        f"{capital(n[a + b])} minus {n[b]} makes {n[a]}. There are {n[a]} {noun}s left."
    )


def opposites(rng):
    rows = rng.sample(lexicon.OPPOSITES, 5)
    ways = [
        "The opposite of {0} is {1}.",
        "What is the opposite of {0}? It is {1}.",
        "If a thing is not {0}, perhaps it is {1}.",
        "{2} and {1} are opposites.",
    ]
    return " ".join(
        rng.choice(ways if r[0] != "day" else ways[:2]).format(r[0], r[1], capital(r[0]))
        for r in rows
    )


def season(rng):
    rows = lexicon.SEASONS
    start = rng.randrange(4)
    text = []
    for i in range(4):
        name, happens, weather = (
            rows[(start + i) % 4][0],
            rows[(start + i) % 4][3],
            rows[(start + i) % 4][5],
        )
        text.append(
            rng.choice(
                [
                    f"In {name}, {happens}.",
                    f"{capital(name)} is a {weather} season: {happens}.",
                    f"When {name} comes, {happens}.",
                ]
            )
        )
    end = rng.choice(
        [
            "Then everything begins again.",
            "There are four seasons in a year.",
            "Which season do you like best?",
        ]
    )
    return " ".join(text + [end])


def explanation(rng):
    row = rng.choice(lexicon.EXPLANATIONS)
    env = environment(rng)
    ways = [
        "{q}\n\n{a}",
        '"{q}" asked {h}.\n\n"{a}" answered {h.his} {g}.',
        '{h} asked {h.his} {g} a question. "{q}"\n\n{h.His} {g} thought for a moment and said: "{a}"\n\n"Now I understand," said {h}.',
        "Question: {q}\nAnswer: {a}",
    ]
    way = rng.choice(ways)
    answer = row[1][:-1] + "," if "answered" in way else row[1]
    return render(way.replace("{q}", row[0]).replace("{a}", answer), env, rng)


FACTS = [
    (4, dialogue),
    (4, portrait),
    (3, animal),
    (2, job),
    (1.5, count),
    (0.8, opposites),
    (0.7, season),
    (1, explanation),
]
