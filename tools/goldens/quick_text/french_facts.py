"""French dialogues, descriptions and simple explanations."""

from . import lexicon
from .english_facts import pick
from .french import Person, Phrase, environment
from .template import capital, render

DIALOGUES = [
    [
        "« Bonjour, {f} ! Comment vas-tu ? »|« Salut, {f} ! Que fais-tu ? »",
        "« [Bien|Très bien], merci. Et toi ? »|« Je cherche {o.mon}. Et toi ? »",
        "« Je vais {at}. Viens-tu avec moi ? »|« J'ai du temps aujourd'hui. Si nous allions {at} ? »",
        "« Oui, mais je dois d'abord demander à la maison. »|« Avec plaisir ! Attends, je prends {o.mon}. »",
        "« D'accord, je t'attends ici. »|« Ne te presse pas. Nous avons le temps. »",
        "Et {t.ils} partirent ensemble.|Dix minutes plus tard, {t.ils} étaient {at}.",
    ],
    [
        "« Pardon, où se trouve {place.le} ? » demanda {h}.|« Comment va-t-on {at} ? » demanda {h}.",
        "« Allez tout droit, puis tournez [à gauche|à droite] après le pont », dit une dame.|« Ce n'est pas loin, répondit un vieil homme. Suivez la rivière. »",
        "« Est-ce loin ? »\n« Pas du tout. Vous y serez avant midi. »|« Combien de temps faut-il ? »\n« Environ {n} minutes à pied. »",
        "« Merci beaucoup ! »|« Merci, vous êtes très aimable. »",
        "« Bonne journée ! »|« Au revoir, et bon courage ! »",
    ],
    [
        "Au marché, {h} s'arrêta devant un étal.|{h} entra dans la boutique.",
        "« Bonjour. Je voudrais {food}, s'il vous plaît », dit-{h.il}.",
        "« Bien sûr. Et avec cela ? » demanda la marchande.|« Combien en voulez-vous ? » demanda le marchand.",
        "« Donnez-moi aussi {food2}. Combien cela fait-il ? »",
        "« Cela fait {n} euros. »",
        "{h} paya et mit tout dans son sac.|« Voilà, dit {h}. Au revoir ! »",
    ],
    [
        "« Pourquoi le ciel est-il bleu ? » demanda {h}.|« Pourquoi les oiseaux partent-ils en hiver ? » demanda {h}.|« Où va le soleil pendant la nuit ? » demanda {h}.",
        "« C'est une bonne question, dit {g.son}. Qu'en penses-tu ? »",
        "{h} réfléchit longtemps. « Je ne sais pas », dit-{h.il}.",
        "« Alors, regardons dans le grand livre », dit {g.son}.",
        "On lut jusqu'au soir, et {h} eut {n} nouvelles questions.|On lut une page, puis une autre. {h} voulait tout savoir.",
    ],
    [
        "« Qu'as-tu fait hier ? » demanda {f}.",
        "« J'étais {at}, et j'ai vu {a.un}, dit {h}. {a.Il} était {hide}. »",
        "« As-tu eu peur ? »\n« Pas du tout. {a.Il} m'a {h:regardé|regardée}, puis s'est {a:enfui|enfuie}. »|« Et qu'a-t-{a.il} fait ? »\n« {a.Il} a mangé un peu, puis a disparu. »",
        "« J'aimerais bien voir cela aussi. »",
        "« Alors viens avec moi demain. Mais il ne faudra pas faire de bruit. »",
    ],
    [
        "« À qui est {o.ce} ? » demanda {h}.",
        "« Ce n'est pas à moi, dit {f}. {o.Mon} est {hide}. »",
        "« C'est peut-être à {k.ton}. »",
        "« Non, {k.il} en a {o:un autre|une autre}. »",
        "« Demandons à tout le monde », dit {h}.",
        "À la fin, c'était à la maîtresse, qui les remercia.|Enfin, on trouva à qui {o.il} était, et tout le monde fut content.",
    ],
]
PORTRAITS = [
    "{h} a [six|sept|huit|neuf|dix] ans. {h.Il} a les yeux [bruns|noirs|bleus|verts] et les cheveux [courts|longs|bouclés]. {h.Il} habite près {place.du} avec {g.son}.",
    "Le matin, {h} se lève à [six|sept|huit] heures. {h.Il} se lave, mange {food} et va à l'école. [{h.Il} aime lire|{h.Il} compte bien|{h.Il} adore dessiner].",
    "{f:Le meilleur ami|La meilleure amie} de {h} s'appelle {f}. Quand il fait beau, {h} et {f} jouent {at}. Quand il pleut, on reste à la maison et l'on [raconte des histoires|dessine|fait une cabane avec des couvertures].",
    "Ce que {h} préfère, c'est {o.xson}. {h.Il} garde {o.le} {hide}. Personne d'autre n'a le droit d'y toucher, sauf {f}.",
    "{h} a {a.un}. Le soir, {h.il} lui donne à manger. {a.Il} dort {hide2}.",
    "{day.Cap}, {h} aide {k.son}. On va au marché et l'on achète {food2}. {h} porte le panier, même s'il est lourd.",
    "Quand {h.il} sera {h:grand|grande}, {h} veut être [médecin|marin|peintre|architecte|{h:boulanger|boulangère}|{h:jardinier|jardinière}]. « Je voyagerai beaucoup », dit-{h.il}.",
    "{f} est plus [{f:grand|grande}|{f:petit|petite}|{f:âgé|âgée}|jeune] que {h}. {f.Il} court vite, mais {h} nage mieux. Leurs disputes ne durent jamais longtemps.",
    "La maison est [petite|vieille|blanche] et a {n} fenêtres. Derrière, il y a un jardin avec un arbre. Sous l'arbre se trouve [un banc|une table].",
    "Avant de se coucher, {h} regarde les étoiles. {h.Il} les compte, mais il y en a trop. Puis {h.il} ferme les yeux.",
]

# Infinitive, six forms of the present, past participle, future stem: all with "avoir".
VERBS = [
    (
        "manger",
        "mange manges mange mangeons mangez mangent",
        "mangé",
        "manger",
        ["une pomme", "du pain", "la soupe"],
    ),
    (
        "lire",
        "lis lis lit lisons lisez lisent",
        "lu",
        "lir",
        ["un livre", "une lettre", "le journal"],
    ),
    (
        "voir",
        "vois vois voit voyons voyez voient",
        "vu",
        "verr",
        ["la mer", "un oiseau", "les étoiles"],
    ),
    (
        "prendre",
        "prends prends prend prenons prenez prennent",
        "pris",
        "prendr",
        ["le train", "un panier", "la clé"],
    ),
    (
        "faire",
        "fais fais fait faisons faites font",
        "fait",
        "fer",
        ["un gâteau", "du bruit", "un dessin"],
    ),
    (
        "finir",
        "finis finis finit finissons finissez finissent",
        "fini",
        "finir",
        ["le travail", "la leçon", "le jeu"],
    ),
    (
        "boire",
        "bois bois boit buvons buvez boivent",
        "bu",
        "boir",
        ["de l'eau", "du lait", "une tasse de thé"],
    ),
    (
        "écrire",
        "écris écris écrit écrivons écrivez écrivent",
        "écrit",
        "écrir",
        ["une lettre", "un mot", "une histoire"],
    ),
    (
        "chanter",
        "chante chantes chante chantons chantez chantent",
        "chanté",
        "chanter",
        ["une chanson", "un air"],
    ),
    (
        "ouvrir",
        "ouvre ouvres ouvre ouvrons ouvrez ouvrent",
        "ouvert",
        "ouvrir",
        ["la porte", "la fenêtre", "une boîte"],
    ),
    (
        "vendre",
        "vends vends vend vendons vendez vendent",
        "vendu",
        "vendr",
        ["des fruits", "une maison"],
    ),
    ("mettre", "mets mets met mettons mettez mettent", "mis", "mettr", ["la table", "un manteau"]),
]
AVOIR = "ai as a avons avez ont".split()
FUTURE = "ai as a ons ez ont".split()
SUBJECTS = ["je", "tu", "il", "nous", "vous", "ils"]


def dialogue(rng):
    env = environment(rng)
    return "\n".join(render(pick(line, rng), env, rng) for line in rng.choice(DIALOGUES))


def portrait(rng):
    env = environment(rng)
    return " ".join(
        render(p, env, rng) for p in [PORTRAITS[0]] + rng.sample(PORTRAITS[1:], rng.randint(3, 5))
    )


def animal(rng):
    row = rng.choice(lexicon.ANIMALS)
    other_row = rng.choice([a for a in lexicon.ANIMALS if a is not row])
    name, other = Phrase(row[1], row[2]), Phrase(other_row[1], other_row[2])
    il, legs = name.form("il"), lexicon.NUMBERS_FR[row[9]]
    le, autre = name.form("le"), other.form("le")
    sentences = [
        rng.choice(
            [
                f"{capital(le)} est un animal qui vit {row[6]}.",
                f"Où vit {le} ? {capital(il)} vit {row[6]}.",
                f"{capital(le)} vit {row[6]}.",
            ]
        ),
        rng.choice(
            [
                f"{capital(il)} mange {row[4]}.",
                f"{capital(il)} aime manger {row[4]}.",
                f"Que mange-t-{il} ? {capital(il)} mange {row[4]}.",
            ]
        ),
        rng.choice(
            [
                f"{capital(il)} a {legs} pattes.",
                f"{capital(il)} marche sur {legs} pattes.",
                f"Combien de pattes a-t-{il} ? {capital(il)} en a {legs}.",
            ]
        ),
        rng.choice(
            [
                f"{capital(il)} peut {row[8]}.",
                f"{capital(le)} sait {row[8]}.",
                f"Tout le monde sait qu'{il} peut {row[8]}.",
            ]
        ),
        rng.choice(
            [
                f"{capital(autre)} ne vit pas ainsi : {other.form('il')} vit {other_row[6]}.",
                f"{capital(autre)}, au contraire, mange {other_row[4]}.",
                f"{capital(autre)} ne peut pas en faire autant, mais {other.form('il')} peut {other_row[8]}.",
            ]
        ),
    ]
    if rng.random() < 0.5:
        sentences[1:4] = rng.sample(sentences[1:4], 3)
    return " ".join(sentences)


def job(rng):
    row = rng.choice(lexicon.JOBS)
    name, gender = rng.choice(
        [(n, "m") for n in lexicon.NAMES_M] + [(n, "f") for n in lexicon.NAMES_F]
    )
    person, noun = Person(name, gender), Phrase(
        row[2] if gender == "f" and row[0] != "doctor" else row[1],
        gender if row[0] != "doctor" else "m",
    )
    un, le = noun.form("un"), noun.form("le")
    return " ".join(
        [
            rng.choice([f"{person.form('name')} est {noun.form('name')}.", f"Que fait {un} ?"]),
            f"{capital(un)} {row[4]}.",
            rng.choice([f"Pour ce travail, il faut {row[6]}.", f"{capital(le)} utilise {row[6]}."]),
            rng.choice(
                [
                    "La journée commence tôt et finit tard.",
                    "C'est un travail difficile, mais il est utile à tous.",
                    "Il faut être patient et attentif.",
                    "Sans ce travail, la vie serait plus difficile.",
                ]
            ),
            rng.choice(
                [
                    f"« J'aime mon travail », dit {person.form('name')}.",
                    f"{person.form('name')} a appris ce métier il y a longtemps et l'aime toujours.",
                    f"Quand {person.form('name')} était enfant, {person.form('il')} en rêvait déjà.",
                ]
            ),
        ]
    )


def count(rng):
    a, b = rng.randint(2, 10), rng.randint(2, 9)
    person, other = [
        Person(n, "m").form("name") for n in rng.sample(lexicon.NAMES_M + lexicon.NAMES_F, 2)
    ]
    nouns = rng.choice(
        [
            "pommes",
            "œufs",
            "livres",
            "pièces",
            "noix",
            "crayons",
            "coquillages",
            "billes",
            "fleurs",
            "boutons",
        ]
    )
    de = "d'" if nouns == "œufs" else "de "
    n = lexicon.NUMBERS_FR
    if rng.random() < 0.5:
        return (
            f"{person} a {n[a]} {nouns}. {other} lui en donne encore {n[b]}. Combien en a {person} maintenant ? "
            f"{capital(n[a])} et {n[b]} font {n[a + b]}. {person} a donc {n[a + b]} {nouns}."
        )
    return (
        f"Il y a {n[a + b]} {nouns} dans le panier. {person} en prend {n[b]}. Combien {de}{nouns} reste-t-il ? "
        f"{capital(n[a + b])} moins {n[b]} font {n[a]}. Il reste {n[a]} {nouns}."
    )


def opposites(rng):
    rows = rng.sample([r for r in lexicon.OPPOSITES if r[0] != "day"], 5)
    ways = [
        "Le contraire de « {0} » est « {1} ».",
        "Quel est le contraire de « {0} » ? C'est « {1} ».",
        "Ce qui n'est pas {0} est peut-être {1}.",
        "« {2} » et « {1} » sont des contraires.",
    ]
    return " ".join(rng.choice(ways).format(r[2], r[3], capital(r[2])) for r in rows)


def season(rng):
    start, text = rng.randrange(4), []
    for i in range(4):
        _, le, en, _, happens, _, weather = lexicon.SEASONS[(start + i) % 4]
        text.append(
            rng.choice(
                [
                    f"{capital(en)}, {happens}.",
                    f"{capital(en)}, il fait {weather} : {happens}.",
                    f"Quand vient {le}, {happens}.",
                ]
            )
        )
    end = rng.choice(
        [
            "Puis tout recommence.",
            "Il y a quatre saisons dans une année.",
            "Quelle saison préfères-tu ?",
        ]
    )
    return " ".join(text + [end])


def explanation(rng):
    row = rng.choice(lexicon.EXPLANATIONS)
    env = environment(rng)
    way = rng.choice(
        [
            "{q}\n\n{a}",
            "« {q} » demanda {h}.\n\n« {a} » répondit {g.son}.",
            "{h} posa une question à {g.son}. « {q} »\n\n{g.Son} réfléchit un instant et dit : « {a} »\n\n« Maintenant, je comprends », dit {h}.",
            "Question : {q}\nRéponse : {a}",
        ]
    )
    answer = row[3]
    if "répondit" in way:
        way, answer = way.replace("{a} »", "{a} »,"), answer[:-1]
    return render(way.replace("{q}", row[2]).replace("{a}", answer), env, rng)


def conjugation(rng):
    """One verb in all persons, in three tenses, within sentences."""
    infinitive, present, participle, stem, objects = rng.choice(VERBS)
    thing = rng.choice(objects)
    tense = rng.choice(["present", "past", "future"])
    openings = {
        "present": ["Aujourd'hui, ", "Chaque jour, ", "Maintenant, "],
        "past": ["Hier, ", "Ce matin, ", "Dimanche dernier, "],
        "future": ["Demain, ", "Bientôt, ", "L'été prochain, "],
    }
    sentences = []
    for i, subject in enumerate(SUBJECTS):
        verb = {
            "present": present.split()[i],
            "past": f"{AVOIR[i]} {participle}",
            "future": stem + FUTURE[i],
        }[tense]
        if i in (2, 5) and rng.random() < 0.6:
            subject = {
                2: rng.choice(["elle", "on", "le boulanger", "ma sœur", "Léa"]),
                5: rng.choice(["elles", "les enfants", "mes amis"]),
            }[i]
        phrase = ("j'" if subject == "je" and verb[0] in "aeéiou" else subject + " ") + verb
        sentences.append(
            f"{rng.choice(openings[tense])}{phrase} {thing}."
            if rng.random() < 0.5
            else f"{capital(phrase)} {thing}."
        )
    return " ".join(sentences)


FACTS = [
    (4, dialogue),
    (4, portrait),
    (3, animal),
    (2, job),
    (1.5, count),
    (0.8, opposites),
    (0.7, season),
    (1, explanation),
    (1, conjugation),
]
