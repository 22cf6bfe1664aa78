"""Words in both languages. Every list row is: English, French, French gender, then what its heading says."""

NAMES_M = ["Tom", "Leo", "Max", "Sam", "Noah", "Paul", "Simon", "Victor", "Martin", "Oscar", "Adam", "Lucas", "Jules", "Felix",
           "Omar", "David", "Antoine", "Karim", "Pierre", "Basile"]
NAMES_F = ["Lily", "Emma", "Mia", "Anna", "Rose", "Clara", "Alice", "Nina", "Julia", "Sophie", "Lea", "Eva", "Zoe", "Marie",
           "Iris", "Lina", "Sara", "Camille", "Louise", "Fatou"]
FRENCH_NAMES = {"Leo": "Léo", "Noah": "Noé", "Felix": "Félix", "Lea": "Léa", "Zoe": "Zoé", "Lily": "Lili"}

ADULTS = [("grandmother", "grand-mère", "f"), ("grandfather", "grand-père", "m"), ("mother", "mère", "f"), ("father", "père", "m"),
          ("aunt", "tante", "f"), ("uncle", "oncle", "m")]

# Things one can lose, find, lend or mend.
THINGS = [
    ("ball", "ballon", "m"), ("kite", "cerf-volant", "m"), ("boat", "bateau", "m"), ("book", "livre", "m"), ("hat", "chapeau", "m"),
    ("key", "clé", "f"), ("bell", "cloche", "f"), ("box", "boîte", "f"), ("doll", "poupée", "f"), ("drum", "tambour", "m"),
    ("flute", "flûte", "f"), ("lamp", "lampe", "f"), ("scarf", "écharpe", "f"), ("umbrella", "parapluie", "m"), ("basket", "panier", "m"),
    ("coin", "pièce", "f"), ("ring", "bague", "f"), ("watch", "montre", "f"), ("map", "carte", "f"), ("pencil", "crayon", "m"),
    ("cup", "tasse", "f"), ("bag", "sac", "m"), ("blanket", "couverture", "f"), ("toy car", "voiture", "f"),
    ("wooden horse", "cheval de bois", "m"), ("shell", "coquillage", "m"), ("letter", "lettre", "f"), ("coat", "manteau", "m"),
    ("whistle", "sifflet", "m"), ("teddy bear", "ours en peluche", "m"), ("notebook", "cahier", "m"), ("spinning top", "toupie", "f"),
]
# English, French masculine, feminine, before the French noun?
ADJECTIVES = [
    ("red", "rouge", "rouge", 0), ("blue", "bleu", "bleue", 0), ("green", "vert", "verte", 0), ("yellow", "jaune", "jaune", 0),
    ("white", "blanc", "blanche", 0), ("black", "noir", "noire", 0), ("little", "petit", "petite", 1), ("big", "grand", "grande", 1),
    ("old", "vieux", "vieille", 1), ("pretty", "joli", "jolie", 1), ("beautiful", "beau", "belle", 1), ("new", "nouveau", "nouvelle", 1),
    ("shiny", "brillant", "brillante", 0), ("golden", "doré", "dorée", 0), ("grey", "gris", "grise", 0), ("strange", "étrange", "étrange", 0),
]
# Where: English with "in/at", French with "dans/à", and the noun alone in both.
PLACES = [
    ("in the garden", "dans le jardin", "garden", "jardin", "m"), ("in the forest", "dans la forêt", "forest", "forêt", "f"),
    ("on the beach", "sur la plage", "beach", "plage", "f"), ("in the park", "dans le parc", "park", "parc", "m"),
    ("at the market", "au marché", "market", "marché", "m"), ("at the farm", "à la ferme", "farm", "ferme", "f"),
    ("by the river", "au bord de la rivière", "river", "rivière", "f"), ("on the hill", "sur la colline", "hill", "colline", "f"),
    ("in the meadow", "dans le pré", "meadow", "pré", "m"), ("by the lake", "au bord du lac", "lake", "lac", "m"),
    ("in the village", "dans le village", "village", "village", "m"), ("near the bridge", "près du pont", "bridge", "pont", "m"),
]
HIDING = [
    ("under the bed", "sous le lit"), ("behind the door", "derrière la porte"), ("in the kitchen", "dans la cuisine"),
    ("under an old tree", "sous un vieil arbre"), ("behind a big stone", "derrière une grosse pierre"), ("in the tall grass", "dans les hautes herbes"),
    ("on top of the cupboard", "sur l'armoire"), ("in a basket of apples", "dans un panier de pommes"), ("under the stairs", "sous l'escalier"),
    ("near the well", "près du puits"), ("beside the wooden bench", "à côté du banc de bois"), ("between two cushions", "entre deux coussins"),
]
OUTDOORS = [
    ("under an old tree", "sous un vieil arbre"), ("behind a big stone", "derrière une grosse pierre"), ("in the tall grass", "dans les hautes herbes"),
    ("near the well", "près du puits"), ("behind the old wall", "derrière le vieux mur"), ("under a thick bush", "sous un buisson épais"),
]
# Food: English with article, French with partitive, French with "le".
FOODS = [
    ("bread", "du pain", "le pain"), ("soup", "de la soupe", "la soupe"), ("an apple pie", "une tarte aux pommes", "la tarte"),
    ("a chocolate cake", "un gâteau au chocolat", "le gâteau"), ("pancakes", "des crêpes", "les crêpes"), ("cheese", "du fromage", "le fromage"),
    ("jam", "de la confiture", "la confiture"), ("honey", "du miel", "le miel"), ("biscuits", "des biscuits", "les biscuits"),
    ("strawberries", "des fraises", "les fraises"), ("a pear", "une poire", "la poire"), ("nuts", "des noix", "les noix"),
]
# Animals: gender, what it eats (en, fr), where it lives (en, fr), what it can do (en, fr), legs.
ANIMALS = [
    ("cat", "chat", "m", "mice and fish", "des souris et du poisson", "in a house", "dans une maison", "see well in the dark", "voir très bien la nuit", 4),
    ("dog", "chien", "m", "meat", "de la viande", "with people", "avec les gens", "guard the house", "garder la maison", 4),
    ("horse", "cheval", "m", "grass and hay", "de l'herbe et du foin", "in a stable", "dans une écurie", "run very fast", "courir très vite", 4),
    ("cow", "vache", "f", "grass", "de l'herbe", "in a field", "dans un champ", "give milk", "donner du lait", 4),
    ("hen", "poule", "f", "grain and worms", "des graines et des vers", "at the farm", "à la ferme", "lay eggs", "pondre des œufs", 2),
    ("duck", "canard", "m", "plants and insects", "des plantes et des insectes", "on a pond", "sur un étang", "swim and fly", "nager et voler", 2),
    ("frog", "grenouille", "f", "flies", "des mouches", "near the water", "près de l'eau", "jump very far", "sauter très loin", 4),
    ("fox", "renard", "m", "mice and fruit", "des souris et des fruits", "in the forest", "dans la forêt", "hide very well", "se cacher très bien", 4),
    ("wolf", "loup", "m", "meat", "de la viande", "in the mountains", "dans les montagnes", "walk all night", "marcher toute la nuit", 4),
    ("bear", "ours", "m", "fish, berries and honey", "du poisson, des baies et du miel", "in the forest", "dans la forêt", "sleep all winter", "dormir tout l'hiver", 4),
    ("squirrel", "écureuil", "m", "nuts", "des noisettes", "in a tree", "dans un arbre", "climb very quickly", "grimper très vite", 4),
    ("rabbit", "lapin", "m", "carrots and grass", "des carottes et de l'herbe", "in a burrow", "dans un terrier", "dig long holes", "creuser de longs trous", 4),
    ("mouse", "souris", "f", "seeds and cheese", "des graines et du fromage", "in a small hole", "dans un petit trou", "pass through tiny holes", "passer par des trous minuscules", 4),
    ("owl", "chouette", "f", "mice", "des souris", "in an old tree", "dans un vieil arbre", "fly without any noise", "voler sans aucun bruit", 2),
    ("bee", "abeille", "f", "the nectar of flowers", "le nectar des fleurs", "in a hive", "dans une ruche", "make honey", "faire du miel", 6),
    ("ant", "fourmi", "f", "seeds and crumbs", "des graines et des miettes", "under the ground", "sous la terre", "carry heavy things", "porter des choses lourdes", 6),
    ("spider", "araignée", "f", "insects", "des insectes", "on its web", "sur sa toile", "make a web", "tisser une toile", 8),
    ("elephant", "éléphant", "m", "leaves and grass", "des feuilles et de l'herbe", "in the savannah", "dans la savane", "take water with its trunk", "prendre de l'eau avec sa trompe", 4),
    ("lion", "lion", "m", "meat", "de la viande", "in the savannah", "dans la savane", "roar very loudly", "rugir très fort", 4),
    ("giraffe", "girafe", "f", "the leaves of tall trees", "les feuilles des grands arbres", "in the savannah", "dans la savane", "reach the highest branches", "atteindre les plus hautes branches", 4),
    ("monkey", "singe", "m", "fruit", "des fruits", "in the jungle", "dans la jungle", "swing from branch to branch", "sauter de branche en branche", 4),
    ("penguin", "manchot", "m", "fish", "du poisson", "on the ice", "sur la glace", "swim under the cold water", "nager sous l'eau froide", 2),
    ("goat", "chèvre", "f", "grass and leaves", "de l'herbe et des feuilles", "on the hills", "sur les collines", "climb on rocks", "grimper sur les rochers", 4),
    ("sheep", "mouton", "m", "grass", "de l'herbe", "in a meadow", "dans un pré", "give wool", "donner de la laine", 4),
    ("pig", "cochon", "m", "almost everything", "presque de tout", "at the farm", "à la ferme", "smell things from far away", "sentir les choses de loin", 4),
    ("donkey", "âne", "m", "hay", "du foin", "in a stable", "dans une étable", "carry heavy bags", "porter de lourds sacs", 4),
    ("swallow", "hirondelle", "f", "insects", "des insectes", "under the roofs", "sous les toits", "fly to warm countries", "voler jusqu'aux pays chauds", 2),
    ("tortoise", "tortue", "f", "salad and fruit", "de la salade et des fruits", "in the garden", "dans le jardin", "hide in its shell", "se cacher dans sa carapace", 4),
    ("hedgehog", "hérisson", "m", "worms and snails", "des vers et des escargots", "under the leaves", "sous les feuilles", "roll into a ball", "se rouler en boule", 4),
    ("crow", "corbeau", "m", "seeds and insects", "des graines et des insectes", "in the fields", "dans les champs", "remember faces", "se souvenir des visages", 2),
]
SMALL_ANIMALS = {"cat", "hen", "duck", "frog", "fox", "squirrel", "rabbit", "mouse", "owl", "swallow", "tortoise", "hedgehog", "crow"}
# Work: English, French masculine, feminine, what they do, with what.
JOBS = [
    ("baker", "boulanger", "boulangère", "makes bread", "fait du pain", "flour and an oven", "de la farine et un four"),
    ("teacher", "maître d'école", "maîtresse d'école", "teaches children to read", "apprend à lire aux enfants", "books and chalk", "des livres et de la craie"),
    ("farmer", "fermier", "fermière", "grows wheat and feeds the animals", "cultive le blé et nourrit les animaux", "a tractor", "un tracteur"),
    ("doctor", "médecin", "médecin", "takes care of sick people", "soigne les malades", "medicine", "des médicaments"),
    ("postman", "facteur", "factrice", "brings letters to every house", "apporte les lettres dans chaque maison", "a bag and a bicycle", "un sac et un vélo"),
    ("gardener", "jardinier", "jardinière", "plants flowers and trees", "plante des fleurs et des arbres", "a spade and a watering can", "une pelle et un arrosoir"),
    ("fisherman", "pêcheur", "pêcheuse", "catches fish in the sea", "attrape des poissons dans la mer", "a boat and a net", "un bateau et un filet"),
    ("carpenter", "menuisier", "menuisière", "makes tables and chairs", "fabrique des tables et des chaises", "a saw and a hammer", "une scie et un marteau"),
    ("cook", "cuisinier", "cuisinière", "prepares the meals", "prépare les repas", "knives and pans", "des couteaux et des casseroles"),
    ("painter", "peintre", "peintre", "paints pictures", "peint des tableaux", "brushes and colours", "des pinceaux et des couleurs"),
    ("musician", "musicien", "musicienne", "plays songs for people", "joue des chansons pour les gens", "an instrument", "un instrument"),
    ("tailor", "couturier", "couturière", "sews clothes", "coud des vêtements", "a needle and thread", "une aiguille et du fil"),
    ("librarian", "bibliothécaire", "bibliothécaire", "lends books", "prête des livres", "a big catalogue", "un grand catalogue"),
    ("firefighter", "pompier", "pompière", "puts out fires", "éteint les incendies", "a ladder and a hose", "une échelle et un tuyau"),
]
# Simple why and how, each language in its own words.
EXPLANATIONS = [
    ("Why does it rain?", "The sun warms the sea, and a little water rises into the air. High in the sky it becomes cold and forms clouds. When the drops are too heavy, they fall. That is rain.",
     "Pourquoi pleut-il ?", "Le soleil chauffe la mer, et un peu d'eau monte dans l'air. Très haut dans le ciel, il fait froid et l'eau forme des nuages. Quand les gouttes sont trop lourdes, elles tombent. C'est la pluie."),
    ("Why is there day and night?", "The Earth turns like a top. When our side looks at the sun, it is day. When our side looks away, it is night.",
     "Pourquoi y a-t-il le jour et la nuit ?", "La Terre tourne comme une toupie. Quand notre côté regarde le soleil, c'est le jour. Quand il lui tourne le dos, c'est la nuit."),
    ("How does a plant grow?", "A seed falls into the earth. With water and warmth it opens. A root goes down, and a stem goes up towards the light. Then the leaves come, and later the flowers.",
     "Comment pousse une plante ?", "Une graine tombe dans la terre. Avec de l'eau et de la chaleur, elle s'ouvre. Une racine descend et une tige monte vers la lumière. Puis viennent les feuilles, et plus tard les fleurs."),
    ("Why do leaves fall in autumn?", "In autumn there is less light and it gets colder. The tree keeps its strength for the winter, so it lets its leaves go. In spring new leaves will grow.",
     "Pourquoi les feuilles tombent-elles en automne ?", "En automne, il y a moins de lumière et il fait plus froid. L'arbre garde ses forces pour l'hiver et laisse partir ses feuilles. Au printemps, de nouvelles feuilles pousseront."),
    ("How is bread made?", "First, one mixes flour, water, salt and yeast. Then one kneads the dough and lets it rest. It rises slowly. At last, it bakes in a hot oven.",
     "Comment fait-on le pain ?", "D'abord, on mélange de la farine, de l'eau, du sel et de la levure. Ensuite, on pétrit la pâte et on la laisse reposer. Elle gonfle lentement. Enfin, elle cuit dans un four chaud."),
    ("Why do we sleep?", "When we sleep, the body rests and grows. The brain puts the day in order. In the morning we are strong again and we remember better.",
     "Pourquoi dormons-nous ?", "Quand nous dormons, le corps se repose et grandit. Le cerveau range la journée. Le matin, nous avons de nouveau des forces et nous nous souvenons mieux."),
    ("Why does ice float?", "When water freezes, it takes more room. So a piece of ice is lighter than the same room full of water, and it floats.",
     "Pourquoi la glace flotte-t-elle ?", "Quand l'eau gèle, elle prend plus de place. Un morceau de glace est donc plus léger que la même place pleine d'eau, et il flotte."),
    ("What is an echo?", "When you shout in front of a mountain, the sound travels to the rock and comes back. You hear your own voice a second time. That is an echo.",
     "Qu'est-ce qu'un écho ?", "Quand on crie devant une montagne, le son va jusqu'au rocher et revient. On entend sa propre voix une deuxième fois. C'est l'écho."),
    ("Why do we have shadows?", "Light goes straight ahead. When your body stops it, there is a dark place behind you. In the evening the sun is low, and your shadow is long.",
     "Pourquoi avons-nous une ombre ?", "La lumière va tout droit. Quand ton corps l'arrête, il reste une place sombre derrière toi. Le soir, le soleil est bas et ton ombre est longue."),
    ("Where does honey come from?", "Bees visit flowers and drink their sweet nectar. They bring it to the hive and keep it in small rooms of wax. There it becomes honey.",
     "D'où vient le miel ?", "Les abeilles visitent les fleurs et boivent leur nectar sucré. Elles le rapportent à la ruche et le gardent dans de petites chambres de cire. Là, il devient du miel."),
    ("Why is the sea salty?", "Rain falls on the mountains and the rivers carry a little salt to the sea. The water rises into the sky again, but the salt stays. After a very long time, the sea is salty.",
     "Pourquoi la mer est-elle salée ?", "La pluie tombe sur les montagnes et les rivières portent un peu de sel jusqu'à la mer. L'eau remonte dans le ciel, mais le sel reste. Après très longtemps, la mer est salée."),
    ("How does a magnet work?", "A magnet pulls iron towards it. It has two ends. Two different ends attract each other, and two equal ends push each other away.",
     "Comment marche un aimant ?", "Un aimant attire le fer. Il a deux bouts. Deux bouts différents s'attirent, et deux bouts semblables se repoussent."),
    ("What is a rainbow?", "When the sun shines through drops of rain, its white light is divided into colours. We see red, orange, yellow, green, blue and violet.",
     "Qu'est-ce qu'un arc-en-ciel ?", "Quand le soleil brille à travers les gouttes de pluie, sa lumière blanche se partage en couleurs. On voit du rouge, de l'orange, du jaune, du vert, du bleu et du violet."),
    ("Why must we wash our hands?", "There are tiny living things on our hands. We cannot see them, but some of them can make us ill. Soap and water take them away.",
     "Pourquoi faut-il se laver les mains ?", "Il y a de tout petits êtres vivants sur nos mains. On ne les voit pas, mais certains peuvent nous rendre malades. L'eau et le savon les emportent."),
]
OPPOSITES = [
    ("big", "small", "grand", "petit"), ("hot", "cold", "chaud", "froid"), ("day", "night", "le jour", "la nuit"), ("full", "empty", "plein", "vide"),
    ("heavy", "light", "lourd", "léger"), ("fast", "slow", "rapide", "lent"), ("open", "closed", "ouvert", "fermé"), ("young", "old", "jeune", "vieux"),
    ("long", "short", "long", "court"), ("clean", "dirty", "propre", "sale"), ("dry", "wet", "sec", "mouillé"), ("easy", "difficult", "facile", "difficile"),
    ("high", "low", "haut", "bas"), ("near", "far", "près", "loin"), ("soft", "hard", "mou", "dur"), ("rich", "poor", "riche", "pauvre"),
]
SEASONS = [
    ("spring", "le printemps", "au printemps", "the flowers open and the birds build their nests", "les fleurs s'ouvrent et les oiseaux font leur nid", "mild", "doux"),
    ("summer", "l'été", "en été", "the days are long and the children swim in the lake", "les jours sont longs et les enfants nagent dans le lac", "hot", "chaud"),
    ("autumn", "l'automne", "en automne", "the leaves turn red and people pick apples", "les feuilles rougissent et on cueille les pommes", "cool", "frais"),
    ("winter", "l'hiver", "en hiver", "the snow covers the roofs and the fire burns in the chimney", "la neige couvre les toits et le feu brûle dans la cheminée", "cold", "froid"),
]
NUMBERS_EN = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty".split()
NUMBERS_FR = "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit dix-neuf vingt".split()


def choose_animals(small):
    """All animals, or those that a child could carry or meet behind a curtain."""
    return [row for row in ANIMALS if not small or row[0] in SMALL_ANIMALS]
