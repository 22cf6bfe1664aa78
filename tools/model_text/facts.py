"""Short articles about countries in French and English, made of The World Factbook's numbers and names by our templates
(synthetic, CC0), with questions about each sentence."""

import hashlib
import re

# English name: French name with its article (none for cities and islands that have none).
COUNTRIES = dict(line.strip().split("=") for line in """
Algeria=l'Algérie|Angola=l'Angola|Benin=le Bénin|Botswana=le Botswana|Burkina Faso=le Burkina Faso|Burundi=le Burundi|Cameroon=le Cameroun
Chad=le Tchad|Djibouti=Djibouti|Egypt=l'Égypte|Equatorial Guinea=la Guinée équatoriale|Eritrea=l'Érythrée|Ethiopia=l'Éthiopie|Gabon=le Gabon
Ghana=le Ghana|Guinea=la Guinée|Kenya=le Kenya|Lesotho=le Lesotho|Liberia=le Liberia|Libya=la Libye|Madagascar=Madagascar|Malawi=le Malawi
Mali=le Mali|Mauritania=la Mauritanie|Mauritius=Maurice|Morocco=le Maroc|Mozambique=le Mozambique|Namibia=la Namibie|Niger=le Niger
Nigeria=le Nigeria|Rwanda=le Rwanda|Senegal=le Sénégal|Sierra Leone=la Sierra Leone|Somalia=la Somalie|South Africa=l'Afrique du Sud
Sudan=le Soudan|Tanzania=la Tanzanie|Togo=le Togo|Tunisia=la Tunisie|Uganda=l'Ouganda|Zambia=la Zambie|Zimbabwe=le Zimbabwe
Cote d'Ivoire=la Côte d'Ivoire|Australia=l'Australie|New Zealand=la Nouvelle-Zélande|Fiji=les Fidji|Samoa=les Samoa|Tonga=les Tonga
Vanuatu=le Vanuatu|Papua New Guinea=la Papouasie-Nouvelle-Guinée|Barbados=la Barbade|Belize=le Belize|Costa Rica=le Costa Rica|Cuba=Cuba
Dominica=la Dominique|Dominican Republic=la République dominicaine|El Salvador=le Salvador|Grenada=la Grenade|Guatemala=le Guatemala
Haiti=Haïti|Honduras=le Honduras|Jamaica=la Jamaïque|Nicaragua=le Nicaragua|Panama=le Panama|Trinidad and Tobago=Trinité-et-Tobago
Kazakhstan=le Kazakhstan|Kyrgyzstan=le Kirghizistan|Russia=la Russie|Tajikistan=le Tadjikistan|Turkmenistan=le Turkménistan
Uzbekistan=l'Ouzbékistan|Cambodia=le Cambodge|China=la Chine|Indonesia=l'Indonésie|Japan=le Japon|Laos=le Laos|Malaysia=la Malaisie
Mongolia=la Mongolie|Philippines=les Philippines|Singapore=Singapour|Thailand=la Thaïlande|Vietnam=le Viêt Nam|Albania=l'Albanie
Andorra=l'Andorre|Austria=l'Autriche|Belarus=la Biélorussie|Belgium=la Belgique|Bosnia and Herzegovina=la Bosnie-Herzégovine
Bulgaria=la Bulgarie|Croatia=la Croatie|Cyprus=Chypre|Denmark=le Danemark|Estonia=l'Estonie|Finland=la Finlande|France=la France
Germany=l'Allemagne|Greece=la Grèce|Hungary=la Hongrie|Iceland=l'Islande|Ireland=l'Irlande|Italy=l'Italie|Kosovo=le Kosovo|Latvia=la Lettonie
Liechtenstein=le Liechtenstein|Lithuania=la Lituanie|Luxembourg=le Luxembourg|Malta=Malte|Moldova=la Moldavie|Monaco=Monaco
Montenegro=le Monténégro|Netherlands=les Pays-Bas|Norway=la Norvège|Poland=la Pologne|Portugal=le Portugal|Romania=la Roumanie
Serbia=la Serbie|Slovakia=la Slovaquie|Slovenia=la Slovénie|Spain=l'Espagne|Sweden=la Suède|Switzerland=la Suisse|Ukraine=l'Ukraine
United Kingdom=le Royaume-Uni|Armenia=l'Arménie|Azerbaijan=l'Azerbaïdjan|Bahrain=Bahreïn|Georgia=la Géorgie|Iran=l'Iran|Iraq=l'Irak
Israel=Israël|Jordan=la Jordanie|Kuwait=le Koweït|Lebanon=le Liban|Oman=Oman|Qatar=le Qatar|Saudi Arabia=l'Arabie saoudite|Syria=la Syrie
Turkey=la Turquie|Yemen=le Yémen|Canada=le Canada|Mexico=le Mexique|United States=les États-Unis|Argentina=l'Argentine|Bolivia=la Bolivie
Brazil=le Brésil|Chile=le Chili|Colombia=la Colombie|Ecuador=l'Équateur|Guyana=le Guyana|Paraguay=le Paraguay|Peru=le Pérou
Suriname=le Suriname|Uruguay=l'Uruguay|Venezuela=le Venezuela|Afghanistan=l'Afghanistan|Bangladesh=le Bangladesh|Bhutan=le Bhoutan
India=l'Inde|Maldives=les Maldives|Nepal=le Népal|Pakistan=le Pakistan|Sri Lanka=le Sri Lanka
""".replace("\n", "|").strip("|").split("|"))
MONTHS = dict(zip("January February March April May June July August September October November December".split(),
                  "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()))
PLACES = {"capital": "Government:name", "area": "Geography:total ", "coast": "Geography:Coastline", "top": "Geography:highest point",
          "people": "People and Society:total", "growth": "People and Society:Population growth rate",
          "children": "People and Society:Total fertility rate", "free": "Government:Independence",
          "head": "Government:chief of state", "code": "Communications:Internet country code", "gdp": "Economy:GDP (official exchange rate)",
          "prices": "Economy:Inflation rate (consumer prices) 2023", "airports": "Transportation:Airports",
          "workers": "Economy:Labor force", "power": "Energy:installed generating capacity"}
# Of each fact, in English and in French: sentences and questions; {c} the country, {d} "of the country", {v} the value.
FACTS = {
    "capital": (["The capital of {c} is {v}.", "{v} is the seat of the government of {c}."],
                ["What is the capital of {c}?", "Which city is the capital of {c}?", "In which city does the government of {c} sit?"],
                ["La capitale {d} est {v}.", "Le gouvernement {d} siège à {v}."],
                ["Quelle est la capitale {d} ?", "Quelle ville est la capitale {d} ?", "Où siège le gouvernement {d} ?"]),
    "area": (["It covers {v} square kilometres.", "The total area of {c} is {v} square kilometres."],
             ["How large is {c}?", "What is the area of {c}?", "How many square kilometres does {c} cover?"],
             ["Sa superficie est de {v} kilomètres carrés.", "Le pays s'étend sur {v} kilomètres carrés."],
             ["Quelle est la superficie {d} ?", "Sur combien de kilomètres carrés le pays s'étend-il ?", "Combien de kilomètres carrés mesure le pays ?"]),
    "coast": (["Its coast is {v} kilometres long.", "The coastline of {c} measures {v} kilometres."],
              ["How long is the coast of {c}?", "What is the length of the coastline of {c}?"],
              ["Ses côtes mesurent {v} kilomètres.", "Le littoral du pays est long de {v} kilomètres."],
              ["Quelle est la longueur des côtes {d} ?", "Combien de kilomètres mesure le littoral ?"]),
    "top": (["The highest point of the country is {v}.", "Its highest place is {v}."],
            ["What is the highest point of {c}?", "Which place in {c} is the highest?"],
            ["Le point culminant {d} est {v}.", "Le plus haut sommet du pays est {v}."],
            ["Quel est le point culminant {d} ?", "Quel est le plus haut sommet du pays ?", "Comment s'appelle le point le plus haut {d} ?"]),
    "people": (["{v} people live there.", "The population is about {v} inhabitants."],
               ["How many people live in {c}?", "What is the population of {c}?", "How many inhabitants does {c} have?"],
               ["Le pays compte {v} habitants.", "Sa population s'élève à {v} personnes."],
               ["Combien d'habitants le pays compte-t-il ?", "Quelle est la population {d} ?", "Combien de personnes vivent dans ce pays ?"]),
    "growth": (["The population grows by {v} % every year.", "Each year it has {v} % more inhabitants."],
               ["By how much does the population of {c} grow every year?", "What is the population growth rate of {c}?"],
               ["La population augmente de {v} % par an.", "Le taux de croissance de la population est de {v} %."],
               ["De combien la population augmente-t-elle chaque année ?", "Quel est le taux de croissance de la population {d} ?"]),
    "children": (["On average a woman has {v} children.", "The fertility rate is {v} children per woman."],
                 ["How many children does a woman have on average?", "What is the fertility rate of {c}?"],
                 ["Une femme y a en moyenne {v} enfants.", "Le taux de fécondité est de {v} enfants par femme."],
                 ["Combien d'enfants une femme a-t-elle en moyenne ?", "Quel est le taux de fécondité {d} ?"]),
    "free": (["The country became independent on {v}.", "Its independence dates from {v}."],
             ["When did {c} become independent?", "On what date did {c} gain its independence?"],
             ["Le pays devint indépendant le {v}.", "Son indépendance date du {v}."],
             ["Quand le pays devint-il indépendant ?", "De quand date l'indépendance {d} ?", "À quelle date le pays a-t-il obtenu son indépendance ?"]),
    "head": (["The head of state is {v}.", "{v} is at the head of the state."],
             ["Who is the head of state of {c}?", "Who leads the state?"],
             ["Le chef de l'État est {v}.", "À la tête de l'État se trouve {v}."],
             ["Qui est le chef de l'État {d} ?", "Qui se trouve à la tête de l'État ?", "Qui dirige le pays ?"]),
    "code": (["On the internet its names end in {v}.", "The country's internet code is {v}."],
             ["What is the internet code of {c}?", "In what do internet names of {c} end?"],
             ["Sur Internet, ses adresses se terminent par {v}.", "Le code Internet du pays est {v}."],
             ["Quel est le code Internet {d} ?", "Par quoi se terminent les adresses Internet du pays ?"]),
    "gdp": (["Its gross domestic product is {v} dollars.", "The economy produced {v} dollars in 2024."],
            ["What is the gross domestic product of {c}?", "How much did the economy of {c} produce?"],
            ["Son produit intérieur brut est de {v} de dollars.", "L'économie a produit {v} de dollars en 2024."],
            ["Quel est le produit intérieur brut {d} ?", "À combien s'élève le produit intérieur brut ?", "Combien l'économie a-t-elle produit ?"]),
    "prices": (["In 2023 prices rose by {v} %.", "Inflation was {v} % in 2023."],
               ["By how much did prices rise in 2023?", "What was the inflation rate of {c}?"],
               ["En 2023, les prix ont augmenté de {v} %.", "L'inflation était de {v} % en 2023."],
               ["De combien les prix ont-ils augmenté en 2023 ?", "Quel était le taux d'inflation {d} ?"]),
    "airports": (["There are {v} airports.", "It has {v} airports."],
                 ["How many airports are there in {c}?", "How many airports does {c} have?"],
                 ["On y trouve {v} aéroports.", "Le pays possède {v} aéroports."],
                 ["Combien d'aéroports le pays possède-t-il ?", "Combien y a-t-il d'aéroports ?"]),
    "workers": (["{v} people work or look for work.", "The labour force counts {v} people."],
                ["How many people belong to the labour force?", "How large is the labour force of {c}?"],
                ["La population active compte {v}{of} personnes.", "{v}{of} personnes travaillent ou cherchent un emploi."],
                ["Combien de personnes compte la population active ?", "Quelle est la taille de la population active {d} ?"]),
    "power": (["Its power stations have a capacity of {v} kilowatts.", "{v} kilowatts of electric power are installed."],
              ["What is the capacity of the power stations of {c}?", "How many kilowatts are installed?"],
              ["La puissance de ses centrales électriques est de {v} de kilowatts.", "Les centrales ont une puissance de {v} de kilowatts."],
              ["Quelle est la puissance des centrales électriques {d} ?", "Combien de kilowatts les centrales fournissent-elles ?"]),
}


def of_country(name):
    """(French name, "of" it)."""
    m = re.match(r"(le|la|les) (.+)|(l')(.+)", name)
    if not m:
        return name, ("d'" if name[0] in "AEIOUÉÎ" else "de ") + name
    article = m[1] or m[3]
    rest = m[2] or m[4]
    return name, {"le": "du ", "la": "de la ", "les": "des ", "l'": "de l'"}[article] + rest


def number_fr(value):
    m = re.match(r"([\d,]+(?:\.\d+)?)( million| billion| trillion)?$", value)
    if not m:
        return None
    number = m[1].replace(",", " ").replace(".", ",")
    if not m[2]:
        return number
    plural = "" if m[1].startswith(("1.", "1")) and len(m[1].split(".")[0]) == 1 else "s"
    return number + {" million": " million", " billion": " milliard", " trillion": " billion"}[m[2]] + plural


def cleaned(key, value):
    """The value as its sentence has it, in English and in French; None if it is not a plain one."""
    value = re.sub(r"\s*\([^()]*\)", "", value).strip()
    if key == "capital":
        return (value, value) if re.fullmatch(r"[A-Z][\w' -]{2,24}", value) else None
    if key == "code":
        return (value, value) if re.fullmatch(r"\.[a-z]{2}", value) else None
    if key == "head":
        m = re.match(r"(?:President|King|Queen|Prince|Sultan|Amir|Emperor) ((?:[A-Z][\w'-]+ ?){1,4})$", value)
        name = " ".join(w.capitalize() if w.isupper() else w for w in m[1].split()) if m else None
        return (name, name) if name else None
    if key == "top":
        m = re.match(r"([A-Z][\w' -]{2,30}?) [\d,]+ m$", value)
        return (m[1], m[1]) if m else None
    if key == "free":
        m = re.match(r"(\d{1,2}) ([A-Z][a-z]+) (\d{4})$", value)
        return (f"{m[1]} {m[2]} {m[3]}", f"{'1er' if m[1] == '1' else m[1]} {MONTHS[m[2]]} {m[3]}") if m and m[2] in MONTHS else None
    m = re.match(r"\$?([\d,]+(?:\.\d+)?(?: (?:million|billion|trillion))?)(?:%| sq km| km| children born/woman| kW)?$", value)
    if not m or (key in {"gdp", "power"} and "illion" not in m[1]) or m[1] == "0":
        return None
    return m[1], number_fr(m[1])


def values(rows):
    """{country: {fact: (English, French)}}."""
    found = {}
    for row in rows:
        for key, place in PLACES.items():
            section, field = place.split(":")
            if row["section"] == section and row["country"] in COUNTRIES:
                m = re.search(rf"^{re.escape(field)}: (.+)$", row["text"], re.M)
                value = cleaned(key, m[1]) if m else None
                if value and value[1]:
                    found.setdefault(row["country"], {})[key] = value
    return found


def draw(*words):
    return int.from_bytes(hashlib.sha256("/".join(map(str, words)).encode()).digest()[:8], "big")


def articles(rows, versions=6, of_each=9):
    """(language, context, [(question, answer)]) of each country, its facts in another order and other words each time."""
    for country, facts in sorted(values(rows).items()):
        for version in range(versions):
            keys = sorted(facts, key=lambda k: draw(country, version, k))[:of_each]
            for side, language in enumerate(("en", "fr")):
                name, of = (country, "") if side == 0 else of_country(COUNTRIES[country])
                said, asked = [], []
                for number, key in enumerate(keys):
                    sentences, questions = FACTS[key][2 * side], FACTS[key][2 * side + 1]
                    turn = draw(country, version, key, language)
                    value = facts[key][side]
                    if number == 0:
                        said.append(f"{name[0].upper() + name[1:]}: " if side == 0 else f"{name[0].upper() + name[1:]} : ")
                    said.append(sentences[turn % len(sentences)].format(
                        c=name, d=of, v=value, of=" de" if "illi" in value else "") + " ")
                    asked.append((questions[turn // 7 % len(questions)].format(c=name, d=of, v=value), value))
                yield language, country, "".join(said).strip(), asked
