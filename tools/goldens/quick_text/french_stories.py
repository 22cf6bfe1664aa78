"""French plots: each is a list of beats, each beat a list of ways to tell it (see template.py)."""

OPEN = [
    "Il était une fois {h:un petit|une petite} {h.garcon} qui s'appelait {h}.",
    "{h} était {h:un garçon|une fille} [{h:joyeux|joyeuse}|{h:curieux|curieuse}|très calme|plein{h:|e} d'idées] qui vivait {at}.",
    "Il y avait autrefois {h:un|une} {h.garcon} {h:nommé|nommée} {h}, qui habitait avec {g.son} dans une [petite|jolie|vieille] maison.",
    "Un [beau|doux|froid] matin, {h} se réveilla très tôt.",
    "C'était un {day}, et {h} n'avait rien à faire.",
    "{h} et {f} étaient [{t:de bons amis|de bonnes amies}|{t:de vieux amis|de vieilles amies}|{t:les meilleurs amis|les meilleures amies} du monde].",
    "Dans une petite maison, près {place.du}, vivait {h:un|une} {h.garcon} {h:nommé|nommée} {h}.",
]
END = [
    "Ce soir-là, {h} s'endormit avec un sourire.",
    "Depuis ce jour, {h} n'a plus jamais eu peur de demander de l'aide.",
    "{h} n'oublia jamais cette journée.",
    "« Quelle [belle|drôle de|longue|merveilleuse] journée ! » dit {h}.",
    "Tout le monde était content, et l'on rentra [ensemble|en chantant|avant la nuit].",
    "Depuis, {h} et {f} jouent ensemble [tous les jours|chaque semaine|chaque après-midi].",
    "Quand les étoiles parurent, la maison était de nouveau calme.",
    "« Demain, nous reviendrons », dit {f}, et {h} fut d'accord.",
    "Et {h} comprit [qu'un mot gentil ne coûte rien|que tout est plus facile avec des amis|qu'il faut être patient|que la vérité vaut toujours mieux].",
]

LOST = [
    OPEN,
    [
        "{h.Il} avait {o.xun}, et {h.il} l'aimait plus que tout.",
        "{g.Son} lui avait donné {o.xun} pour son anniversaire.",
        "Chaque jour, {h.il} jouait {at} avec {o.xson}.",
        "{h.Il} emportait {o.xson} partout, même dans son lit.",
    ],
    [
        "Mais un jour, {o.le} n'était plus là !",
        "Un [matin|soir], {h} ne trouva plus {o.son}.",
        "Alors il arriva un grand malheur : {o.le} avait disparu.",
        "Quand {h.il} revint de l'école, {o.le} n'était plus à sa place.",
    ],
    [
        "{h} regarda {hide}, mais {o.il} n'y était pas. {h.Il} regarda {hide2}, mais {h.il} ne trouva que {q.xun}.",
        "« Où peut-{o.il} bien être ? » se demanda-t-{h.il}. {h.Il} chercha {hide}, puis {hide2}. Rien !",
        "{h.Il} demanda à {g.son} : « As-tu vu {o.mon} ? — Non, mais as-tu regardé {hide} ? » {h} regarda, mais {h.il} ne trouva que de la poussière.",
        "{h.Il} s'assit et se mit à pleurer. {f} l'entendit et lui demanda : « Pourquoi pleures-tu ? — J'ai perdu {o.mon} », répondit {h}.",
    ],
    [
        "« Réfléchissons, dit {f}. Où as-tu joué hier ? »",
        "« Je vais t'aider, dit {f}. À deux, on voit mieux. »",
        "Alors {f} eut une idée. « Il faut retourner {at} », dit-{f.il}.",
        "{g.Son} lui prit la main. « Les choses ne s'envolent pas, dit-{g.il}. Nous finirons bien par trouver. »",
    ],
    [
        "{t.Ils} marchèrent lentement et regardèrent partout. Enfin, ils virent quelque chose {hide3}. C'était {o.le} !",
        "Et là, {hide3}, il y avait {o.xle}, {o:un peu sale mais entier|un peu sale mais entière}.",
        "Soudain, on entendit un bruit {hide3}. {a.Un} était là, et à côté se trouvait {o.le} !",
        "On regarda {hide3}, et que vit-on ? {o.Le} !",
    ],
    [
        "« Hourra ! cria {h}. Merci, {f} ! »",
        "{h} rit et dansa de joie.",
        "{h} serra {f} dans ses bras et dit trois fois merci.",
        "{h} était si {h:content|contente} qu'{h.il} ne pouvait plus parler.",
    ],
    (
        0.6,
        [
            "« La prochaine fois, je rangerai mes affaires », dit {h}.",
            "Après cela, {h} remit toujours {o.le} à sa place.",
            "« Tu peux jouer avec moi », dit {h} à {f}.",
        ],
    ),
    END,
]
FRIEND = [
    [
        "Un jour, {f:un nouvel|une nouvelle} élève arrive à l'école. {f.Il} s'appelle {f}.",
        "Le {day}, la maîtresse ouvre la porte et dit : « Voici {f}. {f.Il} vient de loin. »",
        "Une famille s'installe dans la maison voisine. Elle a {f:un|une} {f.fils} qui s'appelle {f}.",
    ],
    [
        "{f} est très timide. {f.Il} ne parle pas et regarde ses chaussures.",
        "Personne ne parle à {f}, car personne ne {f.le} connaît.",
        "{f} reste {f:seul|seule} au bout [du banc|de la table|de la cour] et ne dit rien.",
        "{f} ne connaît pas les jeux des autres enfants.",
    ],
    [
        "{h} le voit et cela lui fait de la peine.",
        "« {f.Il} doit se sentir bien {f:seul|seule} », pense {h}.",
        "{h} se souvient de son premier jour. Ce n'était pas facile.",
        "Mais {h} est {h:curieux|curieuse}.",
    ],
    [
        "À midi, {h} s'approche et dit : « Bonjour ! Veux-tu goûter avec moi ? J'ai {food}. »",
        "{h} sort {o.xson} et montre {o.le} à {f}. « Veux-tu jouer avec moi ? » demande-t-{h.il}.",
        "« Aimes-tu les animaux ? demande {h}. J'ai vu {b.un} {at}. Viens avec moi ! »",
        "« Il nous manque quelqu'un pour jouer, dit {h}. Tu viens ? »",
    ],
    [
        "{f} lève la tête et sourit pour la première fois.",
        "D'abord, {f} ne répond pas. Puis {f.il} dit tout bas : « Oui, je veux bien. »",
        "Les yeux de {f} se mettent à briller. « Avec plaisir », dit-{f.il}.",
        "« C'est vrai ? demande {f}. Avec moi ? »",
    ],
    [
        "{t.Ils} jouent {at} jusqu'au soir.",
        "{t.Ils} partagent {thefood} et se racontent beaucoup d'histoires.",
        "{f} montre un nouveau jeu à {h}, et bientôt tous les enfants veulent l'apprendre.",
        "{t.Ils} découvrent qu'{t.ils} aiment {t:tous les deux|toutes les deux} [dessiner|chanter|lire|courir|les vieilles histoires|les étoiles].",
    ],
    [
        "« Je suis {h:content|contente} que tu sois là », dit {h}.",
        "« Tu es {h:mon premier ami|ma première amie} ici », dit {f}.",
        "Quand la cloche sonne, {h} et {f} se donnent la main.",
        "À la fin de la journée, {f} n'est plus {f:seul|seule}.",
    ],
    [
        "Le lendemain, {f} attend {h} devant la porte de l'école.",
        "Depuis ce jour, {h} et {f} ne se quittent plus.",
        "Le soir, {h} raconte tout à {g.son}.",
        "Et demain, {t.ils} joueront encore.",
    ],
]
HURT = [
    OPEN,
    [
        "Un jour, {h.il} se promenait {at} quand {h.il} entendit un [petit|faible|drôle de] cri.",
        "En rentrant à la maison, {h.il} vit quelque chose bouger {out}.",
        "{h} cherchait {q.un} {at} quand {h.il} s'arrêta. Quel était ce bruit ?",
    ],
    [
        "C'était {a:un petit|une petite} {a}. {a.Il} avait mal à la patte et ne pouvait plus avancer.",
        "{a:Un petit|Une petite} {a} était {a:couché|couchée} par terre. {a.Il} avait froid et faim.",
        "{a:Un jeune|Une jeune} {a} était {a:tombé|tombée} dans un trou. {h} se mit à genoux et {a.pron} sortit de là. {a.Il} pouvait à peine se lever.",
    ],
    [
        "« {a:Pauvre petit|Pauvre petite} ! dit {h}. N'aie pas peur. »",
        "{h} s'approcha très lentement pour ne pas l'effrayer.",
        "{a.Le} regarda {h} avec de grands yeux sombres.",
        "« Que faire ? pensa {h}. Je ne peux pas {a.pron} laisser ici. »",
    ],
    [
        "{h.Il} enleva son manteau, y coucha {a.le} et rentra à la maison.",
        "{h.Il} courut à la maison et appela {g.son}.",
        "Avec l'aide de {f}, {h.il} {a.pron} porta jusqu'à la maison.",
        "Tout doucement, {h.il} {a.pron} prit dans ses bras.",
    ],
    [
        "{g.Son} lava la patte et fit un pansement propre. « Maintenant, il faut du repos », dit-{g.il}.",
        "On fit un lit de paille dans une caisse et l'on donna un peu d'eau {a.au}.",
        "Chaque matin et chaque soir, {h} lui apportait à manger et lui parlait.",
        "« Il lui faut du temps et du calme », dit {g.son}.",
    ],
    [
        "Au bout de {n} jours, {a.le} put de nouveau se lever.",
        "Peu à peu, {a.le} reprit des forces.",
        "Un matin, {a.le} eut faim et voulut jouer. {a.Il} était {a:guéri|guérie} !",
        "Une semaine plus tard, la caisse était trop petite pour {a.le}.",
    ],
    [
        "« Il faut maintenant que {a.il} retrouve sa famille », dit {g.son}. {h} était triste, mais {h.il} comprit.",
        "On retourna {at} et l'on ouvrit la caisse. {a.Le} regarda {h} une dernière fois, puis s'en alla.",
        "{h} ouvrit la porte. {a.Le} sortit, tourna la tête et disparut.",
    ],
    [
        "« Au revoir, et bonne route ! » dit {h}.",
        "Parfois, le soir, {h} {a.pron} revoyait {at}.",
        "L'année suivante, {h} revit {a.le}, qui n'était plus {a:seul|seule} : {a.il} avait {n} petits !",
        "{h} agita la main jusqu'à ce que tout fût calme.",
    ],
]
FEAR = "[{h} tira la couverture sur sa tête.|Son cœur battait très fort.|« Qui est là ? » demanda {h} d'une petite voix. Personne ne répondit.|« C'est un monstre », pensa-t-{h.il}, et {h.il} serra {o.son} contre son cœur.]"
ACT = "[Le bruit recommença. {h} appela {g.son}, qui vint avec une lampe.|{h} compta jusqu'à {n}, puis {h.il} alluma la lampe.|« Je dois être {h:courageux|courageuse} », se dit {h}. {h.Il} posa un pied par terre, puis l'autre, et regarda.|{h} prit {o.son} dans ses bras et alla lentement voir.]"
NIGHT = [
    [
        "C'était une nuit noire. {h}, dans son lit, ne pouvait pas dormir.",
        "Une nuit, {h} se réveilla tout à coup.",
        "La lune était cachée derrière les nuages, et toute la maison dormait, sauf {h}.",
        "{h} n'aimait pas l'obscurité.",
    ],
    [
        "[Quelque chose grattait à la fenêtre.|Toc, toc, toc ! Quelque chose frappait à la vitre.] {fear}\n\n{act} [C'était seulement une branche que le vent poussait contre la vitre.|C'était la pluie, qui tombait goutte à goutte sur la pierre.]",
        "[« Hou ! Hou ! » cria une voix dehors.|Un long cri étrange monta du jardin.] {fear}\n\n{act} Sur le toit, il y avait une chouette [qui regardait la lune|qui appelait ses petits].",
        "[Sur le mur, il y avait une grande ombre avec deux longs bras.|Une haute forme noire se tenait près de la porte.] {fear}\n\n{act} [{g.Son} se mit à rire. « C'est ton manteau sur la chaise. »|Ce n'était qu'un manteau sur une chaise !]",
        "[Il y eut un bruit {hide}.|{h} entendit de petits pas {hide}.] {fear}\n\n{act} Il n'y avait là que {a.un} [qui tremblait aussi fort que {h}|qui cherchait à manger] !",
    ],
    [
        "{h} se mit à rire. « Ce n'est que cela ? »",
        "« C'est donc toi, mon monstre ! » dit {h} en riant.",
        "{h} respira profondément. Il n'y avait rien à craindre.",
        "« Quand on regarde la peur, elle devient petite », dit {g.son}.",
    ],
    [
        "{h.Il} se recoucha et dormit jusqu'au matin.",
        "{g.Son} resta un moment et chanta une chanson douce. Bientôt, {h} dormait.",
        "Depuis cette nuit, {h} n'a plus peur du noir.",
        "Dehors, la lune sortit, et le jardin devint tout argenté.",
    ],
]
COOK = [
    [
        "C'était l'anniversaire {g.du}.",
        "{g.Son} était {g:fatigué|fatiguée}, et {h} voulut lui faire une surprise.",
        "« Aujourd'hui, c'est moi qui fais la cuisine », dit {h}.",
        "{day.Cap}, {h} et {f} décidèrent de faire {food}.",
    ],
    [
        "« Faisons {food} », dit {f}.",
        "{h} ouvrit le grand livre et lut : « Prenez {n} œufs, de la farine et un peu de lait. »",
        "On posa tout sur la table : la farine, les œufs, le sucre et le beurre.",
        "D'abord, il fallut se laver les mains.",
    ],
    [
        "Mais il n'y avait plus d'œufs ! Alors {h} alla au marché et en acheta {n}.",
        "{f} laissa tomber un œuf, et {h} se mit à rire. « Nous en avons assez », dit-{h.il}.",
        "{h} mélangea la farine et le lait pendant que {f} battait les œufs.",
        "La farine volait partout. Bientôt, on ne voyait plus que du blanc.",
    ],
    [
        "Puis on mit le plat au four et l'on attendit.",
        "« C'est prêt ? demandait {f} à chaque minute. — Pas encore », répondait {h}.",
        "Bientôt, une bonne odeur remplit la maison.",
        "Pendant la cuisson, on nettoya la table.",
    ],
    (
        0.6,
        [
            "Mais à force de jouer, on oublia l'heure. Quand {h} ouvrit le four, tout était noir !",
            "Tout à coup, {a.un} sauta sur la table et en mangea un morceau.",
            "En goûtant, tout le monde fit la grimace : {h} avait mis du sel à la place du sucre !",
        ],
    ),
    [
        "« Cela ne fait rien, dit {h}. On recommence. »",
        "On essaya encore une fois, et cette fois avec beaucoup d'attention.",
        "À la fin, ce n'était pas très beau, mais cela sentait bon.",
    ],
    [
        "Le soir, {g.son} rentra. « Qu'est-ce qui sent si bon ? » demanda-t-{g.il}.",
        "On appela {g.son}, qui ouvrit de grands yeux.",
        "« Surprise ! » crièrent {h} et {f}.",
    ],
    [
        "{g.Il} goûta et dit : « Je n'ai jamais rien mangé de meilleur ! »",
        "Toute la famille se mit à table et mangea jusqu'à la dernière miette.",
        "« Merci, {h:mon chéri|ma chérie} », dit {g.son} en embrassant {h}.",
        "Il y en eut même un morceau pour les voisins.",
    ],
    END,
]
STORM = [
    [
        "Le ciel était [noir|gris|sombre] et le vent soufflait fort.",
        "{h} et {f} jouaient {at} quand le vent se leva.",
        "L'après-midi, de gros nuages arrivèrent au-dessus {place.du}.",
        "« Regarde le ciel ! dit {f}. Il va y avoir un orage. »",
    ],
    [
        "« Il faut rentrer », dit {h}, mais il était trop tard. La pluie commença à tomber.",
        "Un éclair traversa le ciel, et le tonnerre gronda.",
        "Les premières gouttes tombèrent, lourdes et froides.",
        "Les arbres se penchaient, et les feuilles volaient comme des oiseaux.",
    ],
    [
        "{t.Ils} coururent aussi vite que possible et trouvèrent un abri {out}.",
        "« Donne-moi la main », dit {h}. Ensemble, {t.ils} coururent jusqu'à une vieille grange.",
        "{t.Ils} se cachèrent dans une petite maison de pierre.",
        "{f} avait peur du tonnerre, mais {h} lui tenait la main.",
    ],
    [
        "Là, {t.ils} trouvèrent {a.un} qui tremblait de froid.",
        "{t.Ils} s'assirent l'{t:un|une} contre l'autre et écoutèrent la pluie.",
        "« Comptons entre l'éclair et le tonnerre », dit {h}. {t.Ils} comptèrent jusqu'à {n}.",
        "Pour passer le temps, {f} raconta l'histoire {b.du} qui n'avait peur de rien.",
    ],
    [
        "Au bout d'une heure, la pluie s'arrêta.",
        "Peu à peu, le tonnerre s'éloigna.",
        "Enfin, un rayon de soleil perça les nuages.",
        "Puis tout devint calme. Seules les feuilles gouttaient encore.",
    ],
    [
        "« Regarde ! » s'écria {f}. Un grand arc-en-ciel brillait au-dessus {place.du}.",
        "L'air sentait la terre et l'herbe.",
        "Les flaques brillaient comme des miroirs, et les enfants sautaient dedans.",
        "Un oiseau se mit à chanter, puis un autre.",
    ],
    [
        "{g.Le} de {h} attendait devant la porte avec une couverture chaude.",
        "À la maison, il y avait de la soupe chaude pour tout le monde.",
        "En rentrant, {t.ils} avaient les chaussures pleines d'eau, mais {t.ils} riaient.",
        "« J'étais {g:inquiet|inquiète}, dit {g.le} de {h}, mais vous voilà. »",
    ],
]
FABLE = [
    [
        "{a.Un} et {b.un} vivaient {at}.",
        "Il y a longtemps, {a.un} rencontra {b.un} {at}.",
        "Un jour, {a.un} voulut montrer à {b.un} combien {a.il} était {a:malin|maligne}.",
        "Chaque matin, {a.le} voyait passer {b.le}.",
    ],
    [
        "{a.Le} était [rapide|{a:fort|forte}|{a:beau|belle}] et ne cessait de le dire.",
        "« Personne n'est plus fort que moi », disait {a.le}.",
        "{a.Le} se moquait {b.du}. « Que tu es [{b:lent|lente}|{b:petit|petite}|{b:laid|laide}] ! » disait-{a.il}.",
        "« Personne ne sait faire ce que je fais », disait {a.le}.",
    ],
    [
        "{b.Le} ne se fâcha pas. « Chacun a son talent », répondit-{b.il}.",
        "« Nous verrons bien », dit tranquillement {b.le}.",
        "{b.Le} ne dit rien et continua son travail.",
        "« Peut-être, dit {b.le}, mais il ne faut pas parler trop vite. »",
    ],
    [
        "Le lendemain, {a.le} courut si vite qu'{a.il} ne regarda pas la route et tomba dans un trou. [« Au secours ! Au secours ! » cria-t-{a.il}.|{a.Il} appela tous ses amis, mais personne ne vint.]\n\n{b.Le} l'entendit et vint aussitôt. [{b.Il} apporta une longue branche et tira de toutes ses forces.|« Tiens cette corde, dit-{b.il}, je vais tirer. »]",
        "[Puis l'hiver arriva.|Quand la neige tomba, tout changea.] {a.Le} n'avait rien mis de côté et avait faim. [{a.Il} frappa à toutes les portes, mais personne n'ouvrit.|{a.Il} attendit longtemps, {a:seul|seule} et triste.]\n\nEnfin, {a.il} arriva devant la maison {b.du}. [« Entre, dit {b.le}. Il y en a assez pour deux. »|{b.Le} ouvrit la porte et lui donna une soupe chaude.]",
        "Un jour, un chasseur arriva, et {a.le} fut {a:pris|prise} dans un filet. [{a.Il} tira de toutes ses forces, mais le filet était trop solide.|« Au secours ! cria-t-{a.il}. N'y a-t-il personne ? »]\n\n{b.Le} vint [sans bruit|aussi vite que possible]. [Avec patience, {b.il} défit les nœuds un par un.|{b.Il} travailla toute la nuit, et le filet s'ouvrit enfin.]",
        "« Voyons qui arrivera {at} en premier », dit {b.le}. La course commença. {a.Le} fut bientôt loin devant et se coucha {out} pour dormir.\n\n[Pas à pas, sans se reposer, {b.le} avançait.|{b.Le} marcha longtemps et ne s'arrêta pas.] Quand {a.le} se réveilla, {b.le} était déjà là ! {b.Il} lui apporta un peu d'eau.",
    ],
    [
        "« Pourquoi es-tu si {b:bon|bonne} avec moi ? demanda {a.le}. Je n'ai pas été {a:gentil|gentille} avec toi. »",
        "« Merci, dit {a.le}. J'ai été {a:sot|sotte}. »",
        "{a.Le} baissa la tête. « Pardonne-moi », dit-{a.il}.",
    ],
    [
        "« Un jour, moi aussi, j'aurai besoin de toi », répondit {b.le}.",
        "« Restons ensemble », dit {b.le}.",
        "« Ce n'est rien, dit {b.le}, mais ne l'oublie pas. »",
    ],
    [
        "Qui se moque des autres peut un jour avoir besoin d'eux.",
        "Qui marche lentement arrive quand même.",
        "Depuis, {a.le} et {b.le} vivent côte à côte.",
        "Un ami, même petit, peut être d'un grand secours.",
        "L'orgueil est un mauvais compagnon.",
    ],
]
SEED = [
    OPEN,
    [
        "{g.Son} lui donna une toute petite graine. « Prends-en bien soin », dit-{g.il}.",
        "Un jour, {h.il} trouva une graine brune {out}.",
        "Au marché, une vieille dame lui donna {n} graines.",
        "« Qu'est-ce qui va sortir de là ? » demanda {h} en regardant une petite graine.",
    ],
    [
        "{h} fit un trou dans la terre, y mit la graine et versa un peu d'eau.",
        "{h.Il} planta la graine {at}, dans un endroit ensoleillé.",
        "{h.Il} remplit un pot de terre et le posa près de la fenêtre.",
    ],
    [
        "Chaque matin, {h.il} regardait, mais rien ne se passait.",
        "{h.Il} attendit un jour, deux jours, trois jours. Rien !",
        "« Pourquoi ne pousse-t-elle pas ? demanda-t-{h.il}. — Patience », répondit {g.son}.",
        "{f} riait : « Il n'y a rien dans ton pot ! » Mais {h} ne se découragea pas.",
    ],
    [
        "Puis, un matin, on vit un petit point vert.",
        "Enfin, après la pluie, une petite feuille sortit de terre.",
        "Deux semaines plus tard, {h} aperçut quelque chose de vert.",
        "Un jour, {h} cria : « Venez vite ! Elle pousse ! »",
    ],
    [
        "Chaque jour, la plante était un peu plus haute.",
        "La tige devint plus longue que son doigt, puis plus longue que son bras.",
        "Un escargot voulut manger la plante, mais {h} mit une petite barrière autour.",
        "{h} l'arrosait quand il faisait chaud et la couvrait quand il faisait froid.",
    ],
    [
        "En été, elle porta une grande fleur jaune.",
        "À l'automne, elle portait déjà {n} fruits rouges.",
        "Bientôt, elle donna des haricots pour toute la famille.",
        "Elle devint la plus belle fleur du village.",
    ],
    [
        "« Tu vois, dit {g.son}, les grandes choses commencent petites. »",
        "{h} garda quelques graines et en donna une à {f}.",
        "Les abeilles vinrent, et {h} écouta leur chanson.",
        "« L'année prochaine, nous planterons tout un jardin », dit {h}.",
    ],
]
BROKEN = [
    [
        "{g.Le} de {h} avait {o.xun} de grande valeur.",
        "Sur l'étagère, il y avait {o.xun}. Personne n'avait le droit d'y toucher.",
        "{f} avait {o.xun}, et {h} avait envie de jouer avec.",
    ],
    [
        "Un jour, {h} était {h:seul|seule} à la maison. {h.Il} prit {o.le} dans ses mains.",
        "« Je ferai attention », pensa {h}, et {h.il} prit {o.le}.",
        "{h} monta sur une chaise pour mieux voir.",
    ],
    [
        "Soudain, {o.le} tomba par terre. Crac ! {o.Il} était {o:cassé|cassée}.",
        "Mais son pied glissa, et {o.le} tomba.",
        "{h.Il} courut trop vite, tomba et cassa {o.le}.",
    ],
    [
        "{h} ne savait que faire. {h.Il} cacha {o.le} {hide}.",
        "« Personne ne m'a {h:vu|vue}, pensa {h}. Je peux dire que c'est {a.le}. »",
        "{h} devint tout{h: rouge|e rouge}, puis tout{h: pâle|e pâle}.",
        "De toute la journée, {h} ne put ni manger ni jouer.",
    ],
    [
        "Le soir, {g.son} demanda : « Où est {o.le} ? »",
        "« Qu'y a-t-il ? demanda {g.son}. Tu ne dis rien. »",
        "Cette nuit-là, {h.il} ne put pas dormir. {h.Il} pensait à ce qui s'était passé.",
    ],
    [
        "Enfin, {h.il} dit : « C'est moi. Je suis {h:désolé|désolée}. »",
        "{h} respira profondément et dit la vérité.",
        "« C'est moi qui l'ai {o:cassé|cassée}, dit {h}, les larmes aux yeux, et puis j'ai eu peur. »",
    ],
    [
        "{g.Son} se tut un instant. Puis {g.il} dit : « Merci de m'avoir dit la vérité. »",
        "« Une chose se répare, dit {g.son}, mais un mensonge se répare moins bien. »",
        "« Je suis un peu triste, dit {g.son}, mais je suis {g:fier|fière} de toi. »",
    ],
    [
        "Ensemble, on recolla les morceaux.",
        "On travailla toute la soirée, et {o.le} redevint presque {o:neuf|neuve}.",
        "« Apporte-moi la colle et les petits morceaux, dit-{g.il}. Nous allons essayer. »",
    ],
    [
        "{h} se sentit {h:léger|légère} comme une plume.",
        "Depuis, {o.le} garde une petite marque, et {h} l'aime encore davantage.",
        "Et {h} comprit que la vérité n'est pas si lourde.",
        "{h} mit de côté {n} pièces et acheta des fleurs pour se faire pardonner.",
    ],
]
SEA = [
    [
        "C'était le premier jour des vacances.",
        "Cet été, {h} est {h:parti|partie} à la mer avec {g.son}.",
        "{h} n'avait jamais vu la mer.",
        "« Prépare ton sac, a dit {g.le} de {h}. Nous allons à la mer ! »",
    ],
    [
        "Le voyage en train a été beau. Par la fenêtre, on voyait des champs, des collines et {n} chevaux blancs.",
        "Le voyage a été long. {h} a demandé {n} fois : « Est-ce qu'on arrive bientôt ? »",
        "{f} est {f:venu|venue} aussi, avec {o.xson}.",
    ],
    [
        "Et tout à coup, elle était là : bleue, large et brillante.",
        "Quand {h} a vu la mer, {h.il} n'a pas pu dire un mot.",
        "Les vagues allaient et venaient comme le souffle d'un géant.",
    ],
    [
        "Les enfants ont construit un château de sable avec {n} tours.",
        "{h} a ramassé des coquillages et les a mis dans son sac.",
        "{f} est {f:entré|entrée} dans l'eau en criant : « Elle est froide ! »",
        "On a mangé {food} sur la plage, et un oiseau en a volé un morceau.",
    ],
    [
        "Puis une grosse vague est venue et a emporté le château. « Oh non ! » a dit {f}.",
        "Derrière un rocher, un crabe marchait de côté.",
        "Un pêcheur a montré son bateau aux enfants et leur a parlé des baleines.",
        "Dans un coquillage, {h} a entendu le bruit de la mer.",
    ],
    [
        "« Nous en construirons un autre, a dit {h}, plus loin de l'eau. »",
        "« Laisse-le ici, a dit {g.son}. C'est sa maison. »",
        "« Un jour, je serai marin », a dit {h}.",
    ],
    [
        "Le soir, le soleil est descendu dans l'eau, rouge comme une pomme.",
        "Quand le soleil était bas, tout le monde est rentré, les joues pleines de sel.",
        "Cette nuit-là, {h} entendait encore les vagues dans ses rêves.",
        "{h} a posé un coquillage sur la fenêtre, pour se souvenir de ce jour.",
    ],
]
LEARN = [
    [
        "{h} voulait apprendre à [nager|faire du vélo|jouer de la flûte|lire|patiner].",
        "Tous les autres enfants savaient le faire, mais pas {h}.",
        "« Je n'y arriverai jamais », disait {h}.",
        "Pour son anniversaire, {h} a reçu un vélo, mais {h.il} ne savait pas s'en servir.",
    ],
    [
        "La première fois, {h.il} est {h:tombé|tombée}. La deuxième fois, {h.il} est encore {h:tombé|tombée}.",
        "Cela semblait si facile quand {f} le faisait !",
        "{h} a essayé {n} fois, mais sans succès.",
        "{h} était si {h:fâché|fâchée} qu'{h.il} a jeté son chapeau par terre.",
    ],
    [
        "« J'abandonne », a dit {h}.",
        "« C'est trop difficile pour moi », a dit {h} tristement.",
        "{h} est {h:rentré|rentrée} à la maison et ne voulait plus en entendre parler.",
    ],
    [
        "{g.Son} a dit : « Je suis {g:tombé|tombée} plus souvent que toi quand j'étais jeune. »",
        "« Regarde {a.le}, a dit {f}. Personne ne sait tout en naissant. »",
        "« Essaie un peu chaque jour, a dit {g.son}. C'est tout le secret. »",
        "« Veux-tu que je te tienne ? a demandé {f}. Ne regarde pas tes pieds. Regarde devant toi. »",
    ],
    [
        "Alors {h} a essayé de nouveau, un peu chaque soir.",
        "Le lendemain, {h.il} s'est {h:levé|levée} tôt et est {h:allé|allée} s'exercer {at}.",
        "{h.Il} a recommencé, lentement, et {f} est {f:resté|restée} à côté de {h}.",
    ],
    [
        "Et un jour, cela a marché !",
        "Tout à coup, {h.il} a remarqué que plus personne ne {h.le} tenait.",
        "{day.Cap}, {h} l'a fait sans une seule faute.",
    ],
    [
        "« J'y arrive ! J'y arrive ! » a crié {h}.",
        "{f} a battu des mains. « Je le savais ! »",
        "{g.Son} a souri. « Tu vois ? » a-t-{g.il} dit.",
        "{h} était {h:fier comme un roi|fière comme une reine}.",
    ],
    [
        "La semaine suivante, {h} l'a appris au petit frère de {f}.",
        "Maintenant, {h} sait que l'on apprend en se trompant.",
        "Rien n'est trop difficile quand on commence par un petit pas.",
        "Ce soir-là, {h} était {h:fatigué|fatiguée} et très {h:heureux|heureuse}.",
    ],
]
SHARE = [
    [
        "{h} avait {food}, et {f} n'avait rien.",
        "Sur le chemin de l'école, {h} rencontra {f}, qui avait l'air triste.",
        "Il faisait très froid {at}, et {h} vit que {f} avait faim.",
        "Il ne restait qu'un seul morceau de gâteau sur la table.",
    ],
    [
        "« Qu'est-ce que tu as ? demanda {h}. — J'ai oublié mon repas », répondit {f}.",
        "{f} regardait sans rien dire.",
        "« As-tu faim ? » demanda {h}. {f} fit oui de la tête.",
        "{h} aussi avait faim. Que devait-{h.il} faire ?",
    ],
    [
        "{h} réfléchit un instant. Puis {h.il} fit deux parts égales.",
        "« Si j'en donne la moitié, j'en aurai moins, pensa {h}, mais nous serons deux. »",
        "« Tiens, dit {h}. La moitié pour toi et la moitié pour moi. »",
    ],
    [
        "{f} sourit. « Tu es très {h:gentil|gentille} », dit-{f.il}.",
        "« Merci ! dit {f}. C'est meilleur avec {h:un ami|une amie}. »",
        "{t.Ils} s'assirent {out} et mangèrent ensemble.",
    ],
    [
        "Le lendemain, {h} oublia son manteau, et il se mit à neiger. {f} le vit et lui donna son écharpe.",
        "Quelques jours plus tard, {f} arriva avec un panier. Il y avait dedans {n} oranges pour {h}.",
        "Plus tard, quand {h} perdit {o.son}, ce fut {f} qui l'aida à chercher.",
    ],
    [
        "« Tu as partagé avec moi, dit-{f.il}, et je ne l'ai pas oublié. »",
        "« Maintenant, c'est mon tour », dit {f}.",
        "« Des amis partagent tout, dit {f} : les beaux jours et les jours froids. »",
    ],
    END,
]
NIGHT[1] = [way.replace("{fear}", FEAR).replace("{act}", ACT) for way in NIGHT[1]]
PLOTS = {
    "lost": LOST,
    "friend": FRIEND,
    "hurt": HURT,
    "night": NIGHT,
    "cook": COOK,
    "storm": STORM,
    "fable": FABLE,
    "seed": SEED,
    "broken": BROKEN,
    "sea": SEA,
    "learn": LEARN,
    "share": SHARE,
}
TITLES = {
    "lost": ["{h} et {o.xle}", "Où est {o.le} ?"],
    "friend": ["{f:Un nouvel ami|Une nouvelle amie}", "{h} et {f}"],
    "hurt": ["{a:Le petit|La petite} {a}", "{h} et {a.le}"],
    "night": ["Un bruit dans la nuit", "{h} et le noir"],
    "cook": ["La surprise", "{h} fait la cuisine"],
    "storm": ["L'orage", "Après la pluie"],
    "fable": ["{a.Le} et {b.le}"],
    "seed": ["La graine", "Le jardin de {h}"],
    "broken": ["La vérité", "Le secret de {h}"],
    "sea": ["Une journée à la mer", "{h} voit la mer"],
    "learn": ["{h} apprend", "Essaie encore, {h} !"],
    "share": ["La moitié pour toi", "{h} partage"],
}
