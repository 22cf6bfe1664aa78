"""Sentences of public life in English and French, made of word lists by our templates (synthetic, CC0): offices, schools, hospitals,
laboratories; dates, hours, numbers and sums. What people who run Parvis write about is hardly in Tatoeba and manuals."""

import random

from model_text.facts import MONTHS

VOWELS = "aeiouyàâéèêëîïôœh"  # an "h" that is not mute is written "*h"

# English | French gender (plural, if it is not as usual); "+" where there is only a plural.
PLACES = """school|école f;hospital|hôpital m hôpitaux;library|bibliothèque f;town hall|mairie f;station|gare f;pharmacy|pharmacie f
nursery|crèche f;museum|musée m;swimming pool|piscine f;park|parc m;bridge|pont m;road|route f;street|rue f;building|bâtiment m
theatre|théâtre m;market|marché m;car park|parking m;playground|aire de jeux f aires de jeux;cemetery|cimetière m;stadium|stade m
office|bureau m;laboratory|laboratoire m;clinic|clinique f;post office|bureau de poste m bureaux de poste;university|université f
police station|commissariat m;court|tribunal m tribunaux;factory|usine f;cafeteria|cantine f;gymnasium|gymnase m;square|place f
retirement home|maison de retraite f maisons de retraite;cycle path|piste cyclable f pistes cyclables;bus stop|arrêt de bus m arrêts de bus
district|quartier m;centre|centre m;company|entreprise f;service|service m;town|ville f;village|village m
waiting room|salle d'attente f salles d'attente;sports hall|salle de sport f salles de sport;emergency department|service des urgences m services des urgences"""
BODIES = """town council|conseil municipal m conseils municipaux;mayor|maire m;region|région f;government|gouvernement m
municipality|commune f;association|association f;committee|comité m;department|département m;state|État m;company|entreprise f
minister|ministre m;director|directeur m;city|ville f;prefect|préfet m"""
CARERS = """doctor|médecin m;nurse|infirmière f;pharmacist|pharmacien m;surgeon|chirurgien m;dentist|dentiste m;midwife|sage-femme f sages-femmes
social worker|assistante sociale f assistantes sociales;carer|aide-soignante f aides-soignantes"""
PATIENTS = """patient|patient m;child=children|enfant m;family|famille f;mother|mère f;resident|résident m;visitor|visiteur m;woman=women|femme f
old man=old men|vieil homme m vieux hommes;neighbour|voisin m;colleague|collègue m"""
REMEDIES = """medicine|médicament m;treatment|traitement m;dose|dose f;bandage|pansement m;prescription|ordonnance f;result|résultat m
temperature|température f;wound|plaie f;vaccine|vaccin m;blood test|prise de sang f prises de sang;X-ray|radiographie f"""
LEARNERS = """teacher|professeur m;headmistress|directrice f;pupil|élève m;student|étudiant m;parent|parent m;class|classe f
schoolgirl|écolière f;librarian|bibliothécaire m"""
LESSONS = """lesson|leçon f;exercise|exercice m;book|livre m;notebook|cahier m;letter|lettre f;exam|examen m;answer|réponse f;text|texte m
report|rapport m;question|question f;word|mot m;page|page f;newspaper|journal m journaux;story|histoire f;bag|sac m"""
CITIZENS = """resident|habitant m;citizen|citoyen m;tenant|locataire m;owner|propriétaire m;employee|employé m;applicant|demandeur m
taxpayer|contribuable m;driver|conducteur m;shopkeeper|commerçant m;customer|client m"""
PAPERS = """form|formulaire m;letter|lettre f;bill|facture f;contract|contrat m;certificate|certificat m;identity card|carte d'identité f cartes d'identité
passport|passeport m;receipt|reçu m;rent|loyer m;tax|impôt m;fine|amende f;file|dossier m;request|demande f;document|document m
proof of address=proofs of address|justificatif de domicile m justificatifs de domicile;driving licence|permis de conduire m permis de conduire
birth certificate|acte de naissance m actes de naissance;complaint|plainte f;report|rapport m;signature|signature f;copy|copie f"""
SCHOLARS = """researcher|chercheur m;laboratory|laboratoire m;engineer|ingénieur m;team|équipe f;scientist|scientifique m;physicist|physicien m
biologist|biologiste m;university|université f"""
FINDINGS = """sample|échantillon m;result|résultat m;method|méthode f;experiment|expérience f;cell|cellule f;machine|machine f;model|modèle m
value|valeur f;error|erreur f;theory|théorie f;article|article m;substance|substance f;virus|virus m;measurement|mesure f"""
# English base, third person, past, participle | French present (singular, plural), future (the same), participle, infinitive.
BUILD = """open opens opened opened|ouvre ouvrent ouvrira ouvriront ouvert ouvrir;close closes closed closed|ferme ferment fermera fermeront fermé fermer
build builds built built|construit construisent construira construiront construit construire;renovate renovates renovated renovated|rénove rénovent rénovera rénoveront rénové rénover
finance finances financed financed|finance financent financera financeront financé financer;improve improves improved improved|améliore améliorent améliorera amélioreront amélioré améliorer
buy buys bought bought|achète achètent achètera achèteront acheté acheter;sell sells sold sold|vend vendent vendra vendront vendu vendre
protect protects protected protected|protège protègent protégera protégeront protégé protéger;visit visits visited visited|visite visitent visitera visiteront visité visiter
clean cleans cleaned cleaned|nettoie nettoient nettoiera nettoieront nettoyé nettoyer;enlarge enlarges enlarged enlarged|agrandit agrandissent agrandira agrandiront agrandi agrandir"""
CARE = """examine examines examined examined|examine examinent examinera examineront examiné examiner;treat treats treated treated|soigne soignent soignera soigneront soigné soigner
call calls called called|appelle appellent appellera appelleront appelé appeler;receive receives received received|reçoit reçoivent recevra recevront reçu recevoir
help helps helped helped|aide aident aidera aideront aidé aider;inform informs informed informed|informe informent informera informeront informé informer
warn warns warned warned|prévient préviennent préviendra préviendront prévenu prévenir;see sees saw seen|voit voient verra verront vu voir
reassure reassures reassured reassured|rassure rassurent rassurera rassureront rassuré rassurer;listen to=listens to=listened to=listened to|écoute écoutent écoutera écouteront écouté écouter"""
PRESCRIBE = """check checks checked checked|vérifie vérifient vérifiera vérifieront vérifié vérifier;prescribe prescribes prescribed prescribed|prescrit prescrivent prescrira prescriront prescrit prescrire
give gives gave given|donne donnent donnera donneront donné donner;change changes changed changed|change changent changera changeront changé changer
refuse refuses refused refused|refuse refusent refusera refuseront refusé refuser;look at=looks at=looked at=looked at|regarde regardent regardera regarderont regardé regarder"""
LEARN = """read reads read read|lit lisent lira liront lu lire;explain explains explained explained|explique expliquent expliquera expliqueront expliqué expliquer
correct corrects corrected corrected|corrige corrigent corrigera corrigeront corrigé corriger;write writes wrote written|écrit écrivent écrira écriront écrit écrire
finish finishes finished finished|finit finissent finira finiront fini finir;learn learns learnt learnt|apprend apprennent apprendra apprendront appris apprendre
forget forgets forgot forgotten|oublie oublient oubliera oublieront oublié oublier;bring brings brought brought|apporte apportent apportera apporteront apporté apporter
lose loses lost lost|perd perdent perdra perdront perdu perdre;find finds found found|trouve trouvent trouvera trouveront trouvé trouver
understand understands understood understood|comprend comprennent comprendra comprendront compris comprendre"""
HANDLE = """send sends sent sent|envoie envoient enverra enverront envoyé envoyer;sign signs signed signed|signe signent signera signeront signé signer
fill in=fills in=filled in=filled in|remplit remplissent remplira rempliront rempli remplir;receive receives received received|reçoit reçoivent recevra recevront reçu recevoir
pay pays paid paid|paie paient paiera paieront payé payer;request requests requested requested|demande demandent demandera demanderont demandé demander
renew renews renewed renewed|renouvelle renouvellent renouvellera renouvelleront renouvelé renouveler;keep keeps kept kept|garde gardent gardera garderont gardé garder
lose loses lost lost|perd perdent perdra perdront perdu perdre;refuse refuses refused refused|refuse refusent refusera refuseront refusé refuser
return returns returned returned|renvoie renvoient renverra renverront renvoyé renvoyer;print prints printed printed|imprime impriment imprimera imprimeront imprimé imprimer
submit submits submitted submitted|dépose déposent déposera déposeront déposé déposer"""
STUDY = """measure measures measured measured|mesure mesurent mesurera mesureront mesuré mesurer;publish publishes published published|publie publient publiera publieront publié publier
test tests tested tested|teste testent testera testeront testé tester;compare compares compared compared|compare comparent comparera compareront comparé comparer
discover discovers discovered discovered|découvre découvrent découvrira découvriront découvert découvrir;analyse analyses analysed analysed|analyse analysent analysera analyseront analysé analyser
describe describes described described|décrit décrivent décrira décriront décrit décrire;repeat repeats repeated repeated|répète répètent répétera répéteront répété répéter
use uses used used|utilise utilisent utilisera utiliseront utilisé utiliser"""
WELCOME = """welcome welcomes welcomed welcomed|accueille accueillent accueillera accueilleront accueilli accueillir
receive receives received received|reçoit reçoivent recevra recevront reçu recevoir;employ employs employed employed|emploie emploient emploiera emploieront employé employer
inform informs informed informed|informe informent informera informeront informé informer;invite invites invited invited|invite invitent invitera inviteront invité inviter"""
VEHICLES = """lorry|camion m;bus|bus m;train|train m;car|voiture f;ambulance|ambulance f;tram|tramway m;bicycle|vélo m;boat|bateau m;plane|avion m"""
# English | French masculine, feminine; "<" before the noun. The plural is as usual, or the masculine one stands behind.
ADJECTIVES = """new|nouveau/nouvel nouvelle <;old|vieux/vieil vieille <;big|grand grande <;small|petit petite <;good|bon bonne <;other|autre autre <;first|premier première <
public|public publique;municipal|municipal municipale municipaux;free|gratuit gratuite;local|local locale locaux;important|important importante
urgent|urgent urgente;annual|annuel annuelle;digital|numérique numérique;private|privé privée;modern|moderne moderne;clean|propre propre
expensive|cher chère;simple|simple simple;different|différent différente;complete|complet complète;temporary|provisoire provisoire;last|dernier dernière <
young|jeune jeune <"""
OF_PEOPLE = {"new", "old", "good", "other", "first", "last", "young"}
DAYS = dict(zip("Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(), "lundi mardi mercredi jeudi vendredi samedi dimanche".split()))
SEASONS = {"spring": "au printemps", "summer": "en été", "autumn": "en automne", "winter": "en hiver"}
PAST = {"yesterday": "hier", "yesterday evening": "hier soir", "last week": "la semaine dernière", "last month": "le mois dernier", "last year": "l'année dernière",
        "this morning": "ce matin", "two days ago": "il y a deux jours", "three years ago": "il y a trois ans", "a month ago": "il y a un mois"}
FUTURE = {"tomorrow": "demain", "tomorrow morning": "demain matin", "next week": "la semaine prochaine", "next month": "le mois prochain",
          "next year": "l'année prochaine", "in two days": "dans deux jours", "in three months": "dans trois mois", "soon": "bientôt",
          "after the holidays": "après les vacances", "before the end of the year": "avant la fin de l'année", "tonight": "ce soir"}
PRESENT = {"every day": "tous les jours", "today": "aujourd'hui", "every week": "chaque semaine", "every year": "chaque année", "in the morning": "le matin",
           "in the evening": "le soir", "twice a year": "deux fois par an", "once a month": "une fois par mois"}
ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()
UNS = "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit dix-neuf".split()
DIX = "_ _ vingt trente quarante cinquante soixante soixante quatre-vingt quatre-vingt".split()


def listed(words):
    return [w.strip() for line in words.splitlines() for w in line.split(";")]


def in_words(n):
    """A number below a million, in English and in French."""
    if n < 20:
        return ONES[n], UNS[n]
    if n < 100:
        ten, one = divmod(n, 10)
        english = TENS[ten] + (f"-{ONES[one]}" if one else "")
        rest = one + 10 * (ten in (7, 9))
        if ten == 8 and not rest:
            return english, "quatre-vingts"
        link = " et " if rest in (1, 11) and ten not in (8, 9) else "-"
        return english, DIX[ten] + (link + UNS[rest] if rest else "")
    if n < 1000:
        hundreds, rest = divmod(n, 100)
        head = "cent" if hundreds == 1 else f"{UNS[hundreds]} cent" + ("" if rest else "s")
        return (f"{ONES[hundreds]} hundred" + (f" and {in_words(rest)[0]}" if rest else ""),
                head + (f" {in_words(rest)[1]}" if rest else ""))
    thousands, rest = divmod(n, 1000)
    head = "mille" if thousands == 1 else in_words(thousands)[1].removesuffix("s" if thousands in (80, 200, 300, 400, 500, 600, 700, 800, 900) else "_") + " mille"
    return (f"{in_words(thousands)[0]} thousand" + (f" {'and ' if rest < 100 else ''}{in_words(rest)[0]}" if rest else ""),
            head + (f" {in_words(rest)[1]}" if rest else ""))


def plural_en(word):
    if word.endswith(("s", "x", "ch", "sh")):
        return word + "es"
    return word[:-1] + "ies" if word.endswith("y") and word[-2] not in "aeou" else word + "s"


def plural_fr(word):
    if word.endswith(("s", "x", "z")):
        return word
    return word + "x" if word.endswith("eau") else word + "s"


class Noun:
    def __init__(self, line):
        english, french = line.split("|")
        self.one, _, many = english.partition("=")
        self.many = many or plural_en(self.one)
        for gender in (" f", " m"):
            head, found, rest = (french + " ").partition(gender + " ")
            if found:
                self.un, self.female, self.des = head, gender == " f", rest.strip() or plural_fr(head)
                break


class Verb:
    def __init__(self, line):
        english, french = line.split("|")
        self.base, self.third, self.past, self.done = english.split("=") if "=" in english else english.split()
        self.fr, self.frs, self.futur, self.futurs, self.fait, self.infinitive = french.split()

    def agreed(self, noun, several):
        return plural_fr(self.fait + "e" * noun.female) if several else self.fait + "e" * noun.female


def nouns(words):
    return [Noun(line) for line in listed(words)]


# Who does what to whom.
GROUPS = [(nouns(who), [Verb(line) for line in listed(does)], nouns(what)) for who, does, what in (
    (BODIES, BUILD, PLACES), (CARERS, CARE, PATIENTS), (CARERS, PRESCRIBE, REMEDIES), (LEARNERS, LEARN, LESSONS),
    (CITIZENS, HANDLE, PAPERS), (SCHOLARS, STUDY, FINDINGS),
    (PLACES, WELCOME, f"{CITIZENS};{PATIENTS};{LEARNERS}"))]
PLACE_NOUNS, VEHICLE_NOUNS, PEOPLE = nouns(PLACES), nouns(VEHICLES), nouns(CITIZENS) + nouns(PATIENTS) + nouns(LEARNERS)
BODY_NOUNS = nouns(BODIES)
BODY_NAMES = {n.one for n in BODY_NOUNS}
PERSONS = {n.one for n in PEOPLE + nouns(CARERS) + nouns(SCHOLARS)}
ADJECTIVE_FORMS = [(e, *f.split()) for e, f in (line.split("|") for line in listed(ADJECTIVES))]


def elided(word, following):
    return word[:-1] + "'" if following[0].lower() in VOWELS else word + " "


def contracted(preposition, phrase):
    """"de" or "à" before a phrase."""
    for article, forms in (("le ", ("du ", "au ")), ("les ", ("des ", "aux "))):
        if phrase.startswith(article):
            return forms[preposition == "à"] + phrase[len(article):]
    if preposition == "à":
        return "à " + phrase
    if phrase.startswith(("de ", "d'", "des ")):
        return elided("de", phrase.split(" ", 1)[-1].split("'", 1)[-1]) + phrase.split(" ", 1)[-1].split("'", 1)[-1]
    return elided("de", phrase) + phrase


def upper(text):
    return text[0].upper() + text[1:]


class Maker:
    def __init__(self, seed):
        self.r = random.Random(seed)

    def one(self, of):
        return self.r.choice(list(of.items()) if isinstance(of, dict) else of)

    def number(self):
        n = self.one([self.r.randint(2, 20), self.r.randint(2, 99), 100 * self.r.randint(1, 9), 1000 * self.r.randint(1, 90), self.r.randint(101, 999)])
        if self.r.random() < 0.5:
            return in_words(n)
        return f"{n:,}", f"{n:,}".replace(",", " ")

    def noun(self, of, several=None, determiner=None):
        """(English, French, noun, whether it is several) with an article or its like, perhaps an adjective."""
        noun = self.one(of)
        several = self.r.random() < 0.3 if several is None else several
        adjective = self.one(ADJECTIVE_FORMS) if self.r.random() < 0.2 and " " not in noun.one else None
        if adjective and (noun.one in BODY_NAMES or (noun.one in PERSONS) != (adjective[0] in OF_PEOPLE) and adjective[0] not in ("new", "old", "other")):
            adjective = None
        determiner = determiner or self.r.choices(
            *((["the", "a", "this", "our", "several", "your", "their", "my", "count", "all"], [50, 8, 6, 6, 6, 6, 4, 4, 10, 4]) if several else
              (["the", "a", "this", "our", "each", "your", "their", "my"], [60, 14, 6, 6, 2, 6, 3, 4])))[0]
        if noun.one in BODY_NAMES and determiner in ("your", "their", "my", "count", "all"):
            determiner = "the"
        english, french = noun.many if several else noun.one, noun.des if several else noun.un
        if adjective:
            form = adjective[2 if noun.female else 1].split("/")[0]
            if several:
                form = adjective[3] if len(adjective) > 3 and adjective[3] != "<" and not noun.female else plural_fr(form)
            elif "/" in adjective[1] and not noun.female and french[0] in VOWELS:
                form = adjective[1].split("/")[1]
            english = f"{adjective[0]} {english}"
            french = f"{form} {french}" if "<" in adjective else f"{french} {form}"
        vowel = french[0].lower() in VOWELS
        f = noun.female
        if determiner == "count":
            count = self.number()
            return f"{count[0]} {english}", f"{count[1]}{'e' * (f and count[1].endswith('un'))} {french}", noun, True
        many = {"the": ("the", "les"), "a": ("some", "de" if adjective and "<" in adjective else "des"), "this": ("these", "ces"), "our": ("our", "nos"),
                "your": ("your", "vos"), "their": ("their", "leurs"), "my": ("my", "mes"), "several": ("several", "plusieurs"),
                "all": ("all the", "toutes les" if f else "tous les")}
        single = {"the": ("the", "l'" if vowel else "la" if f else "le"), "a": ("an" if english[0] in "aeio" or english.startswith(("X", "urgent")) else "a", "une" if f else "un"),
                  "this": ("this", "cette" if f else "cet" if vowel else "ce"), "our": ("our", "notre"), "your": ("your", "votre"), "their": ("their", "leur"),
                  "my": ("my", "ma" if f and not vowel else "mon"), "each": ("each", "chaque")}
        en, fr = (many if several else single)[determiner]
        if determiner == "a" and not several and english.startswith("other "):
            return f"an{english}", f"{fr} {french}", noun, False
        if fr == "de":
            return f"{en} {english}", elided("de", french) + french, noun, True
        return f"{en} {english}", fr + ("" if fr.endswith("'") else " ") + french, noun, several

    def date(self, year=True):
        day, (month, mois) = self.r.randint(1, 28), self.one(MONTHS)
        jour = "1er" if day == 1 else str(day)
        if self.r.random() < 0.3:
            weekday, semaine = self.one(DAYS)
            return f"on {weekday} {day} {month}", f"le {semaine} {jour} {mois}"
        if year and self.r.random() < 0.4:
            year = self.r.randint(1950, 2030)
            return f"on {day} {month} {year}", f"le {jour} {mois} {year}"
        return f"on {day} {month}", f"le {jour} {mois}"

    def hour(self, first=7, last=20):
        hour, minute = self.r.randint(first, last), self.one(["", "", "", "15", "30", "45"])
        english = (hour - 1) % 12 + 1
        return f"{english}{':' + minute if minute else ''} {'a.m.' if hour < 12 else 'p.m.'}", f"{hour} h{' ' + minute if minute else ''}"

    def time(self, tense):
        kind = self.r.random()
        if kind < 0.45:
            return self.one({"past": PAST, "future": FUTURE, "present": PRESENT}[tense])
        if tense == "present":
            day, jour = self.one(DAYS)
            return self.one([(f"on {day}s", f"le {jour}"), (f"every {day}", f"chaque {jour}")])
        day, jour = self.one(DAYS)
        part = self.one([("", ""), (" morning", " matin"), (" afternoon", " après-midi"), (" evening", " soir")])
        month, mois = self.one(MONTHS)
        season, saison = self.one(SEASONS)
        date = self.date(year=tense == "past")
        options = [(f"on {day}{part[0]}", f"{jour}{part[1]}"), date, (f"in {month}", f"en {mois}"), (f"in {season}", saison)]
        if tense == "past":
            year = self.r.randint(1900, 2026)
            options.append((f"in {year}", f"en {year}"))
        else:
            options += [(f"from {month}", f"à partir {elided('de', mois)}{mois}"), (date[0].replace("on ", "before ", 1), "avant " + date[1])]
        return self.one(options)

    def place(self, several=False):
        en, fr, _, _ = self.noun(PLACE_NOUNS, several=several, determiner="the")
        return self.one([(f"in {en}", f"dans {fr}"), (f"near {en}", f"près {contracted('de', fr)}"), (f"opposite {en}", f"en face {contracted('de', fr)}"),
                         (f"behind {en}", f"derrière {fr}"), (f"at {en}", contracted("à", fr)), (f"in front of {en}", f"devant {fr}")])

    def clause(self, tense=None, timed=True, within=False):
        """Who does what, and perhaps when or where; without a full stop."""
        who, verbs, what = self.one(GROUPS)
        tense = tense or self.one(["past", "past", "future", "present"])
        se, sf, _, several = self.noun(who)
        verb = self.one(verbs)
        oe, of, _, _ = self.noun(what)
        no = self.r.random() < 0.15
        ne, pas = ("ne", " pas") if no else ("", "")
        if tense == "past":
            ve, vf = f"did not {verb.base}" if no else verb.past, f"{'ont' if several else 'a'}{pas} {verb.fait}"
        elif tense == "future":
            ve, vf = f"will {'not ' if no else ''}{verb.base}", f"{verb.futurs if several else verb.futur}{pas}"
        elif self.r.random() < 0.5:
            modal, doit, doivent, never = self.one([("must", "doit", "doivent", "must not"), ("can", "peut", "peuvent", "cannot"), ("should", "devrait", "devraient", "should not"),
                                                    ("wants to" if not several else "want to", "veut", "veulent", "does not want to" if not several else "do not want to")])
            ve, vf = f"{never if no else modal} {verb.base}", f"{doivent if several else doit}{pas} {verb.infinitive}"
        else:
            ve = f"{'do' if several else 'does'} not {verb.base}" if no else verb.base if several else verb.third
            vf = f"{verb.frs if several else verb.fr}{pas}"
        vf = elided(ne, vf) + vf if no else vf
        if no and of.startswith(("un ", "une ", "des ", "de ", "d'")):  # "pas de"
            rest = of.split(" ", 1)[1] if not of.startswith("d'") else of[2:]
            of, oe = elided("de", rest) + rest, "any " + oe.split(" ", 1)[1]
        english, french = f"{se} {ve} {oe}", f"{sf} {vf} {of}"
        chance = self.r.random()
        if timed and chance < 0.5:
            te, tf = self.time(tense)
            if chance < 0.15 and not within:
                return f"{te}, {english}", f"{tf}, {french}"
            return f"{english} {te}", f"{french} {tf}"
        if timed and chance < 0.7:
            pe, pf = self.place()
            return f"{english} {pe}", f"{french} {pf}"
        return english, french

    # Each makes a pair of sentences.
    def said(self):
        se, sf, _, several = self.noun(BODY_NOUNS + PEOPLE)
        verb = self.one([("said", "dit"), ("answered", "répondu"), ("announced", "annoncé"), ("explained", "expliqué"), ("promised", "promis"), ("added", "ajouté")])
        ce, cf = self.clause(self.one(["future", "present"]), within=True)
        return f"{se} {verb[0]} that {ce}.", f"{sf} {'ont' if several else 'a'} {verb[1]} {elided('que', cf)}{cf}."

    def because(self):
        tense = self.one(["past", "future", "present"])
        word, mot = self.one([("because", "parce que"), ("and", "et"), ("but", "mais"), ("while", "pendant que") if tense == "present" else ("so", "donc")])
        (ae, af), (be, bf) = self.clause(tense, timed=False), self.clause(tense, within=True)
        return f"{ae} {word} {be}.", f"{af} {elided(mot, bf) if mot.endswith('que') else mot + ' '}{bf}."

    def statement(self):
        e, f = self.clause()
        return e + ".", f + "."

    def passive(self):
        _, verbs, what = self.one(GROUPS)
        verb = self.one(verbs)
        se, sf, noun, several = self.noun(what)
        te, tf = self.time("past")
        if self.r.random() < 0.5:
            return f"{se} {'were' if several else 'was'} {verb.done} {te}.", f"{sf} {'ont' if several else 'a'} été {verb.agreed(noun, several)} {tf}."
        te, tf = self.time("future")
        return f"{se} will be {verb.done} {te}.", f"{sf} {'seront' if several else 'sera'} {verb.agreed(noun, several)} {tf}."

    def hours(self):
        se, sf, noun, _ = self.noun(PLACE_NOUNS, several=False, determiner="the")
        (ae, af), (be, bf), (day, jour) = self.hour(7, 12), self.hour(13, 20), self.one(DAYS)
        e = "e" * noun.female
        return self.one([(f"{se} is open from {ae} to {be}.", f"{sf} est ouvert{e} de {af} à {bf}."),
                         (f"{se} is closed on {day}s.", f"{sf} est fermé{e} le {jour}."),
                         (f"{se} opens at {ae} and closes at {be}.", f"{sf} ouvre à {af} et ferme à {bf}."),
                         (f"At what time does {se} open?", f"À quelle heure ouvre {sf} ?"),
                         (f"Where is {se}?", f"Où est {sf} ?"),
                         (f"{se} will stay open until {be} on {day}.", f"{sf} restera ouvert{e} jusqu'à {bf} {jour}."),
                         (f"How do I get to {se}?", f"Comment aller {contracted('à', sf)} ?"),
                         (f"Smoking is forbidden in {se}.", f"Il est interdit de fumer dans {sf}.")])

    def appointment(self):
        (de, df), (he, hf) = self.date(year=False), self.hour()
        _, _, carer, _ = self.noun(nouns(CARERS), several=False, determiner="the")
        with_, avec = f"the {carer.one}", ("l'" if carer.un[0] in VOWELS else "la " if carer.female else "le ") + carer.un
        return self.one([(f"You have an appointment {de} at {he}.", f"Vous avez rendez-vous {df} à {hf}."),
                         (f"Your appointment with {with_} is {de} at {he}.", f"Votre rendez-vous avec {avec} est {df} à {hf}."),
                         (f"I would like an appointment with {with_}.", f"Je voudrais un rendez-vous avec {avec}."),
                         (f"The meeting will take place {de} at {he}.", f"La réunion aura lieu {df} à {hf}."),
                         (f"The meeting begins at {he} and will last two hours.", f"La réunion commence à {hf} et durera deux heures."),
                         (f"Can you come {de}?", f"Pouvez-vous venir {df} ?")])

    def paper(self):
        _, verbs, papers = GROUPS[4]
        verb = self.one([v for v in verbs if v.base not in ("lose", "receive", "refuse")])
        oe, of, _, _ = self.noun(papers, determiner=self.one(["the", "your", "this"]))
        te, tf = self.time("future")
        pe, pf = self.place()
        return self.one([(f"Please {verb.base} {oe}.", f"Veuillez {verb.infinitive} {of}."),
                         (f"Please {verb.base} {oe} {te}.", f"Veuillez {verb.infinitive} {of} {tf}."),
                         (f"You must {verb.base} {oe} {te}.", f"Vous devez {verb.infinitive} {of} {tf}."),
                         (f"You can {verb.base} {oe} {pe}.", f"Vous pouvez {verb.infinitive} {of} {pf}."),
                         (f"Do I have to {verb.base} {oe}?", f"Est-ce que je dois {verb.infinitive} {of} ?"),
                         (f"Who must {verb.base} {oe}?", f"Qui doit {verb.infinitive} {of} ?"),
                         (f"How can I {verb.base} {oe}?", f"Comment puis-je {verb.infinitive} {of} ?"),
                         (f"Do not forget to {verb.base} {oe}.", f"N'oubliez pas {elided('de', verb.infinitive)}{verb.infinitive} {of}."),
                         (f"We thank you for your letter and ask you to {verb.base} {oe}.", f"Nous vous remercions de votre lettre et vous demandons {elided('de', verb.infinitive)}{verb.infinitive} {of}.")])

    def money(self):
        (ne, nf), (te, tf), (be, bf) = self.number(), self.time("future"), self.one([(b.one, b) for b in BODY_NOUNS])
        thing = self.one([("The works", "Les travaux", True), ("The project", "Le projet", False), ("The renovation", "La rénovation", False), ("The repairs", "Les réparations", True),
                          ("The study", "L'étude", False)])
        euros = f"{ne} euros", f"{nf} euros"
        if self.one([True, False, True]):
            millions = in_words(self.r.randint(2, 40)) if self.r.random() < 0.5 else 2 * (str(self.r.randint(2, 400)),)
            euros = f"{millions[0]} million euros", f"{millions[1]} millions d'euros"
        percent = self.r.randint(2, 99)
        pe, pf, people, _ = self.noun(PEOPLE, several=True, determiner="the")
        by = ("l'" if bf.un[0].lower() in VOWELS else "la " if bf.female else "le ") + bf.un
        cost = ("coûteront", "ont coûté") if thing[2] else ("coûtera", "a coûté")
        return self.one([(f"{thing[0]} will cost {euros[0]}.", f"{thing[1]} {cost[0]} {euros[1]}."),
                         (f"{thing[0]} cost {euros[0]}.", f"{thing[1]} {cost[1]} {euros[1]}."),
                         (f"{thing[0]} will cost {euros[0]}, half of which will be paid by the {be}.", f"{thing[1]} {cost[0]} {euros[1]}, dont la moitié sera payée par {by}."),
                         (f"{thing[0]} will begin {te}.", f"{thing[1]} {'commenceront' if thing[2] else 'commencera'} {tf}."),
                         (f"{percent}% of {pe} voted.", f"{percent} % {contracted('de', pf)} ont voté."),
                         (f"{percent} percent of {pe} are satisfied.", f"{percent} pour cent {contracted('de', pf)} sont satisfait{'e' * people.female}s."),
                         (f"The price has risen by {percent}% since {2000 + percent % 26}.", f"Le prix a augmenté de {percent} % depuis {2000 + percent % 26}."),
                         (f"You will have to pay {euros[0]}.", f"Vous devrez payer {euros[1]}."),
                         (f"The budget of the {be} is {euros[0]}.", f"Le budget {contracted('de', by)} est de {euros[1]}.")])

    def there_is(self):
        se, sf, _, several = self.noun(self.one([PEOPLE, PLACE_NOUNS, nouns(PAPERS), nouns(LESSONS)]), determiner=self.one(["a", "a", "count"]), several=True)
        pe, pf = self.place()
        return self.one([(f"There are {se} {pe}.", f"Il y a {sf} {pf}."), (f"There were {se} {pe}.", f"Il y avait {sf} {pf}."),
                         (f"Are there {se} {pe}?", f"Y a-t-il {sf} {pf} ?")])

    def feeling(self):
        se, sf, _, several = self.noun(PEOPLE)
        fear = self.one([("the noise", "du bruit"), ("the cold", "du froid"), ("the works", "des travaux"), ("the crowd", "de la foule"), ("the results", "des résultats"),
                         ("an accident", "d'un accident"), ("the exam", "de l'examen"), ("the future", "de l'avenir")])
        have, had, need = ("ont", "avaient", "need") if several else ("a", "avait", "needs")
        be, was = ("are", "were") if several else ("is", "was")
        return self.one([(f"{se} {be} afraid of {fear[0]}.", f"{sf} {have} peur {fear[1]}."), (f"{se} {was} afraid of {fear[0]}.", f"{sf} {had} peur {fear[1]}."),
                         (f"{se} {need} help.", f"{sf} {have} besoin d'aide."), (f"{se} {be} hungry.", f"{sf} {have} faim."),
                         (f"{se} {be} at home.", f"{sf} {'sont' if several else 'est'} à la maison."),
                         (f"{se} {'live' if several else 'lives'} in the city centre.", f"{sf} {'habitent' if several else 'habite'} au centre-ville.")])

    def who(self):
        group = self.one(GROUPS)
        verb, other = self.one(group[1]), self.one(group[1])
        se, sf, _, several = self.noun(group[0], determiner="the")
        oe, of, _, _ = self.noun(group[2])
        pe, pf, _, _ = self.noun(group[2])
        have = "ont" if several else "a"
        day = self.time("past")
        return self.one([(f"{se} {'who' if group[0][0].one in PERSONS else 'that'} {verb.past} {oe} also {other.past} {pe}.", f"{sf} qui {have} {verb.fait} {of} {have} aussi {other.fait} {pf}."),
                         (f"Who {verb.past} {oe}?", f"Qui a {verb.fait} {of} ?"),
                         (f"{'Have' if several else 'Has'} {se} {verb.done} {oe}?", f"Est-ce que {sf} {have} {verb.fait} {of} ?"),
                         (f"Did {se} {verb.base} {oe}?", f"Est-ce que {sf} {have} {verb.fait} {of} ?"),
                         (f"{se} {'were' if several else 'was'} not able to {verb.base} {oe}.", f"{sf} n'{have} pas pu {verb.infinitive} {of}."),
                         (f"It is important to {verb.base} {oe}.", f"Il est important {elided('de', verb.infinitive)}{verb.infinitive} {of}."),
                         (f"{se} {'have' if several else 'has'} decided to {verb.base} {oe}.", f"{sf} {have} décidé {elided('de', verb.infinitive)}{verb.infinitive} {of}."),
                         (f"{se} decided {day[0]} to {verb.base} {oe}.", f"{sf} {have} décidé {day[1]} {elided('de', verb.infinitive)}{verb.infinitive} {of}.")])

    def traffic(self):
        se, sf, _, several = self.noun(VEHICLE_NOUNS, determiner=self.one(["the", "the", "the", "this", "our", "a"]))
        (he, hf), (day, jour), (pe, pf), (te, tf) = self.hour(), self.one(DAYS), self.place(), self.time("future")
        s = "" if several else "s"
        do, have, be = ("do", "have", "were") if several else ("does", "has", "was")
        part = self.one([("in the evening", "le soir"), ("in the morning", "le matin"), ("at night", "la nuit"), (f"on {day}s", f"le {jour}")])
        verb = self.one([("drive", "passe", "passent", "passera", "passeront"), ("run", "circule", "circulent", "circulera", "circuleront"),
                         ("leave", "part", "partent", "partira", "partiront"), ("arrive", "arrive", "arrivent", "arrivera", "arriveront")])
        now, later = verb[1 + several], verb[3 + several]
        return self.one([(f"{se} {do} not {verb[0]} {part[0]}.", f"{sf} {elided('ne', now)}{now} pas {part[1]}."),
                         (f"{se} will not {verb[0]} {part[0]}.", f"{sf} {elided('ne', later)}{later} pas {part[1]}."),
                         (f"{se} leave{s} at {he}.", f"{sf} {'partent' if several else 'part'} à {hf}."),
                         (f"{se} will arrive at {he}.", f"{sf} {'arriveront' if several else 'arrivera'} à {hf}."),
                         (f"{se} stop{s} {pe}.", f"{sf} {'s' + chr(39) + 'arrêtent' if several else 's' + chr(39) + 'arrête'} {pf}."),
                         (f"{se} {be} late.", f"{sf} {'étaient' if several else 'était'} en retard."),
                         (f"{se} will leave {te}.", f"{sf} {'partiront' if several else 'partira'} {tf}."),
                         (f"At what time do{'' if several else 'es'} {se} leave?", f"À quelle heure {'partent' if several else 'part'} {sf} ?")])

    def sentence(self):
        kind = self.r.choices([self.statement, self.said, self.because, self.passive, self.hours, self.appointment, self.paper, self.money, self.there_is,
                               self.feeling, self.who, self.traffic], [24, 12, 10, 12, 6, 6, 8, 10, 6, 5, 14, 6])[0]
        english, french = kind()
        return upper(english.replace("m..", "m.")), upper(french)


def sentences(count, seed=1):
    """`count` different (English, French)."""
    maker, seen = Maker(seed), set()
    while len(seen) < count:
        pair = maker.sentence()
        if pair not in seen:
            seen.add(pair)
            yield pair
