"""English plots: each is a list of beats, each beat a list of ways to tell it (see template.py)."""

OPEN = [
    "Once upon a time, there was a [little|young|kind] {h.boy} named {h}.",
    "{h} was a [cheerful|curious|quiet|clever] {h.boy} who lived {at}.",
    "There was once a {h.boy} called {h}, who lived with {h.his} {g} in a [small|white|wooden] house.",
    "One [sunny|cloudy|fresh|warm] morning, {h} woke up very early.",
    "It was {day}, and {h} had nothing to do.",
    "In a small house near the {place} lived a {h.boy} named {h}.",
    "{h} and {f} were [good|old|the best of] friends.",
]
END = [
    "That night, {h} fell asleep with a smile.",
    "And from that day on, {h} was never afraid to ask for help.",
    "{h} never forgot that day.",
    '"What a [lovely|strange|long|wonderful] day!" said {h}.',
    "Everyone was happy, and they all went home [together|singing|before dark].",
    "From then on, {h} and {f} played together every [day|week|afternoon].",
    "When the stars came out, the house was quiet again.",
    '"Tomorrow we will come back," said {f}, and {h} agreed.',
    "And so {h} learned that [a kind word costs nothing|friends make everything easier|it is good to be patient|the truth is always best].",
]

LOST = [
    OPEN,
    [
        "{h.He} had {o.a}, and {h.he} loved it more than anything.",
        "{h.His} {g} had given {h.him} {o.a} for {h.his} birthday.",
        "Every day {h.he} played {at} with {h.his} {o.full}.",
        "{h.He} took {h.his} {o.full} everywhere, even to bed.",
    ],
    [
        "But one day, {o.the} was gone!",
        "One [morning|evening|afternoon], {h} could not find {o.the}.",
        "Then something [sad|terrible] happened: {o.the} was lost.",
        "When {h.he} came home from school, {o.the} was not in its place.",
    ],
    [
        "{h} looked {hide}, but it was not there. {h.He} looked {hide2}, but {h.he} only found {q.a}.",
        '"Where can it be?" {h.he} asked. {h.He} searched {hide}, then {hide2}. Nothing!',
        '{h.He} asked {h.his} {g}: "Have you seen my {o}?" "No," said {h.his} {g}, "but did you look {hide}?" {h} looked, but {h.he} found only dust.',
        '{h.He} sat down and began to cry. {f} heard {h.him} and asked, "Why are you crying?" "I have lost my {o}," said {h}.',
    ],
    [
        '"Let us think," said {f}. "Where did you play yesterday?"',
        '"I will help you," said {f}. "Two can see more than one."',
        'Then {f} had an idea. "We must look {at}," {f.he} said.',
        '{h.His} {g} took {h.his} hand. "Things do not run away," {g.he} said. "We will find it."',
    ],
    [
        "They walked slowly and looked everywhere. At last they saw something {hide3}. It was {o.the}!",
        "And there, {hide3}, lay {o.thefull}, a little dirty but whole.",
        "Suddenly they heard a noise {hide3}. {a.A} was sitting there, and beside it was {o.the}!",
        "They looked {hide3}, and what did they see? {o.The}!",
    ],
    [
        '"Hurray!" cried {h}. "Thank you, {f}!"',
        "{h} laughed and danced with joy.",
        "{h} hugged {f} and said thank you three times.",
        "{h} was so happy that {h.he} could not speak.",
    ],
    (
        0.6,
        [
            '"Next time I will put it away," said {h}.',
            "After that, {h} always put {o.the} back in its place.",
            '"You can play with it too," said {h} to {f}.',
        ],
    ),
    END,
]
FRIEND = [
    [
        "One day, a new {f.boy} came to school. {f.His} name was {f}.",
        'On {day}, the teacher opened the door and said, "This is {f}. {f.He} comes from far away."',
        "A new family moved into the house next to {h}'s. They had a {f.son} named {f}.",
    ],
    [
        "{f} was very shy. {f.He} did not speak and looked at {f.his} shoes.",
        "Nobody talked to {f}, because nobody knew {f.him}.",
        "{f} sat alone at the end of the [bench|table|room] and said nothing.",
        "{f} did not know the games of the other children.",
    ],
    [
        "{h} saw it and felt sorry for {f.him}.",
        '"{f.He} must be lonely," thought {h}.',
        "{h} remembered {h.his} own first day. It had not been easy.",
        "But {h} was curious.",
    ],
    [
        'At noon, {h} went to {f} and said, "Hello! Do you want some of my {food}?"',
        '{h} took {h.his} {o.full} and showed it to {f}. "Would you like to play with it?" {h.he} asked.',
        '"Do you like animals?" asked {h}. "I have seen {b.a} {at}. Come with me!"',
        '"We need one more player," said {h}. "Will you come?"',
    ],
    [
        "{f} looked up and smiled for the first time.",
        'At first {f} did not answer. Then {f.he} said softly, "Yes, please."',
        '{f}\'s eyes began to shine. "I would love to," {f.he} said.',
        '"Really?" asked {f}. "With me?"',
    ],
    [
        "They played {at} until the evening.",
        "They shared {food} and told each other many stories.",
        "{f} showed {h} a new game, and soon all the children wanted to learn it.",
        "They discovered that they both loved [drawing|singing|reading|running|old stories|the stars].",
    ],
    [
        '"I am glad that you came," said {h}.',
        '"You are my first friend here," said {f}.',
        "When the bell rang, they were no longer strangers.",
        "At the end of the day, {f} was not alone any more.",
    ],
    END,
]
HURT = [
    OPEN,
    [
        "One day, {h.he} was walking {at} when {h.he} heard a [weak|small|strange] cry.",
        "On the way home, {h.he} saw something move {out}.",
        "{h} was looking for {q.bare} {at} when {h.he} stopped. What was that noise?",
    ],
    [
        "It was a little {a}. It had hurt its leg and could not walk.",
        "A small {a} lay on the ground. It was cold and hungry.",
        "There was a young {a} in a hole. {h} knelt down and lifted it out. It could hardly stand.",
    ],
    [
        '"Poor little {a}!" said {h}. "Do not be afraid."',
        "{h} came closer, very slowly, so as not to frighten it.",
        "The {a} looked at {h} with big dark eyes.",
        '"What shall I do?" thought {h}. "I cannot leave it here."',
    ],
    [
        "{h.He} took off {h.his} coat, put the {a} inside and carried it home.",
        "{h.He} ran home and called {h.his} {g}.",
        "With the help of {f}, {h.he} carried the {a} home.",
        "Very gently, {h.he} took it in {h.his} arms.",
    ],
    [
        '{h.His} {g} washed the leg and put a clean bandage on it. "Now it must rest," {g.he} said.',
        "They made a bed of straw in a box and gave the {a} some water.",
        "Every morning and every evening, {h} brought it food and spoke to it.",
        '"It needs time and quiet," said {h.his} {g}.',
    ],
    [
        "After {n} days, the {a} could stand again.",
        "Little by little, the {a} grew strong.",
        "One morning the {a} was hungry and wanted to play. It was well again!",
        "A week later, the box was too small for the {a}.",
    ],
    [
        '"Now it must go back to its family," said {h.his} {g}. {h} was sad, but {h.he} understood.',
        "They carried the box outside and opened it. The {a} looked at {h} one more time, then it ran away.",
        "{h} opened the door. The {a} went out, turned its head, and disappeared.",
    ],
    [
        '"Goodbye, my friend," said {h}.',
        "Sometimes, in the evening, {h} saw it {at}.",
        "The next year, {h} met the {a} again, and it was not alone: it had {n} little ones!",
        "{h} waved until {h.he} could not see it any more.",
    ],
]
FEAR = '[{h} pulled the blanket over {h.his} head.|{h.His} heart beat very fast.|"Who is there?" asked {h} in a small voice. Nobody answered.|"It is a monster," {h.he} thought, and {h.he} held {h.his} {o} tightly.]'
ACT = '[The noise came again. {h} called {h.his} {g}, who came with a lamp.|{h} counted to {n}, and then {h.he} lit the lamp.|"I must be brave," said {h}. {h.He} put one foot on the floor, and then the other, and looked.|{h} took {h.his} {o} in {h.his} arms and went slowly to see.]'
NIGHT = [
    [
        "It was a dark night. {h} lay in bed and could not sleep.",
        "One night, {h} woke up suddenly.",
        "The moon was hidden behind the clouds, and the whole house was asleep, except {h}.",
        "{h} did not like the dark.",
    ],
    [
        "[Something scratched at the window.|Tap, tap, tap! Something was knocking at the window.] {fear}\n\n{act} [It was only a branch that the wind was pushing against the glass.|It was the rain, falling drop by drop on the stone.]",
        '["Hoo! Hoo!" cried a voice outside.|From the garden came a long, strange cry.] {fear}\n\n{act} On the roof sat an owl, [looking at the moon|which was calling its little ones].',
        '[On the wall there was a big shadow with two long arms.|A tall black shape stood near the door.] {fear}\n\n{act} [{h.His} {g} laughed. "It is your own coat on the chair."|It was nothing but a coat on a chair!]',
        "[There was a noise {hide}.|{h} heard soft steps {hide}.] {fear}\n\n{act} There was only {a.a}, [as afraid as {h} was|which was looking for something to eat]!",
    ],
    [
        '{h} began to laugh. "Is that all?"',
        '"So you are my monster!" said {h}, and {h.he} laughed.',
        "{h} took a deep breath. There was nothing to fear.",
        '"When one looks at fear, it becomes small," said {h.his} {g}.',
    ],
    [
        "{h.He} went back to bed and slept until the morning.",
        "{h.His} {g} stayed a moment and sang a soft song. Soon {h} was asleep.",
        "Since that night, {h} has not been afraid of the dark.",
        "Outside, the moon came out, and the garden was silver.",
    ],
]
COOK = [
    [
        "It was the birthday of {h}'s {g}.",
        "{h.His} {g} was tired, so {h} wanted to give {g.him} a surprise.",
        '"Today I will cook," said {h}.',
        "On {day}, {h} and {f} decided to make {food}.",
    ],
    [
        '"Let us make {food}," said {f}.',
        '{h} opened the big book and read: "Take {n} eggs, some flour and a little milk."',
        "They put everything on the table: flour, eggs, sugar and butter.",
        "First they washed their hands.",
    ],
    [
        "But there were no eggs! So {h} went to the market and bought {n}.",
        '{f} dropped an egg, and {h} laughed. "We have enough," {h.he} said.',
        "{h} mixed the flour and the milk, while {f} beat the eggs.",
        "The flour flew everywhere. Soon they were both as white as snow.",
    ],
    [
        "Then they put it into the oven and waited.",
        '"Is it ready?" asked {f} every minute. "Not yet," said {h}.',
        "Soon a sweet smell filled the house.",
        "While it was cooking, they cleaned the table.",
    ],
    (
        0.6,
        [
            "But they began to play and forgot the time. When {h} opened the oven, everything was black!",
            "Suddenly {a.a} jumped on the table and ate a piece.",
            "When they tasted it, they made a face. They had put in salt instead of sugar!",
        ],
    ),
    [
        '"It does not matter," said {h}. "We can begin again."',
        "They tried once more, and this time they watched carefully.",
        "In the end it was not very beautiful, but it smelled good.",
    ],
    [
        'In the evening {h.his} {g} came home. "What smells so good?" {g.he} asked.',
        "They called {h.his} {g}, who opened {g.his} eyes wide.",
        '"Surprise!" cried {h} and {f}.',
    ],
    [
        '{g.He} tasted it and said, "I have never eaten anything better!"',
        "They all sat down at the table and ate until nothing was left.",
        '"Thank you, my dear," said {h.his} {g}, and kissed {h.him}.',
        "There was even a piece for the neighbour and one for the {b}.",
    ],
    END,
]
STORM = [
    [
        "The sky was [black|grey|dark] and the wind was strong.",
        "{h} and {f} were playing {at} when the wind began to blow.",
        "In the afternoon, big clouds came over the {place}.",
        '"Look at the sky!" said {f}. "There will be a storm."',
    ],
    [
        '"We must go home," said {h}, but it was too late. The rain began to fall.',
        "A flash of lightning crossed the sky, and the thunder rolled.",
        "The first drops fell, heavy and cold.",
        "The trees bent, and the leaves flew like birds.",
    ],
    [
        "They ran as fast as they could and found shelter {out}.",
        '"Give me your hand," said {h}. Together they ran to an old barn.',
        "They hid in a small house made of stone.",
        "{f} was afraid of the thunder, but {h} held {f.his} hand.",
    ],
    [
        "There they found {a.a}, all wet, which was trembling with cold.",
        "They sat close together and listened to the rain.",
        '"Let us count between the flash and the thunder," said {h}. They counted to {n}.',
        "To pass the time, {f} told the story of a brave {b}.",
    ],
    [
        "After an hour, the rain stopped.",
        "Little by little, the thunder moved away.",
        "At last a ray of sun came through the clouds.",
        "Then everything became quiet. Only the leaves were still dripping.",
    ],
    [
        '"Look!" cried {f}. A great rainbow stood over the {place}.',
        "The air smelled of earth and grass.",
        "All the puddles shone like mirrors, and the children jumped into them.",
        "A bird began to sing, then another.",
    ],
    [
        "{h}'s {g} was waiting at the door with a warm blanket.",
        "At home there was hot soup for everyone.",
        "When they came home, their shoes were full of water, but they laughed.",
        '"I was worried," said {h}\'s {g}, "but now you are here."',
    ],
]
FABLE = [
    [
        "A {a} and a {b} lived {at}.",
        "Long ago, a {a} met a {b} {at}.",
        "Once a proud {a} wanted to show the {b} how clever it was.",
        "Every morning, the {a} saw the {b} pass by.",
    ],
    [
        "The {a} was [quick|strong|beautiful], and it never stopped talking about it.",
        '"I am the best of all animals," said the {a}.',
        'The {a} laughed at the {b}. "How [slow|small|plain] you are!" it said.',
        '"Nobody can do what I can do," said the {a}.',
    ],
    [
        'The {b} did not become angry. "Everyone has a gift," it answered.',
        '"We shall see," said the {b} quietly.',
        "The {b} said nothing and went on [working|with its work].",
        '"Perhaps," said the {b}, "but one should not speak too soon."',
    ],
    [
        'The next day, the {a} ran so fast that it did not look at the road, and it fell into a hole. ["Help! Help!" it cried.|It called all its friends, but nobody came.]\n\nThe {b} heard it and came at once. [It brought a long branch and pulled with all its strength.|"Hold this rope," it said, "I will pull."]',
        '[Then the winter came.|When the snow fell, everything changed.] The {a} had put nothing aside, and it was hungry. [It knocked at every door, but nobody opened.|It waited a long time, alone and sad.]\n\nAt last it came to the house of the {b}. ["Come in," said the {b}. "There is enough for two."|The {b} opened the door and gave it a warm soup.]',
        'One day a hunter came, and the {a} was caught in a net. [It pulled and pulled, but the net was too strong.|"Help!" it cried. "Is there nobody?"]\n\nThe {b} came [without a sound|as fast as it could]. [Patiently, it undid the knots one by one.|It worked all night, until the net was open.]',
        '"Let us see who reaches the {place} first," said the {b}. They started together. The {a} was soon far ahead, and it lay down {out} to sleep.\n\n[Step by step, without a rest, the {b} went on.|The {b} walked and walked and did not stop.] When the {a} woke up, the {b} was already there! It brought the {a} a little water.',
    ],
    [
        '"Why are you so kind?" asked the {a}. "I was not kind to you."',
        '"Thank you," said the {a}. "I was foolish."',
        'The {a} lowered its head. "Forgive me," it said.',
    ],
    [
        '"One day I may need you too," answered the {b}.',
        '"Let us be friends," said the {b}.',
        '"It is nothing," said the {b}, "but do not forget it."',
    ],
    [
        "Those who laugh at others may soon need them.",
        "He who walks slowly arrives all the same.",
        "Since then, the {a} and the {b} have lived side by side.",
        "A small friend can be a great help.",
        "Pride is a poor friend.",
    ],
]
SEED = [
    OPEN,
    [
        '{h.His} {g} gave {h.him} a tiny seed. "Take good care of it," {g.he} said.',
        "One day {h.he} found a brown seed {out}.",
        "At the market, an old woman gave {h.him} {n} seeds.",
        '"What will come out of this?" {h} asked, holding a small seed.',
    ],
    [
        "{h} made a hole in the earth, put the seed in it and gave it some water.",
        "{h.He} planted it {at}, in a sunny place.",
        "{h.He} filled a pot with earth and put it near the window.",
    ],
    [
        "Every morning {h.he} looked, but nothing happened.",
        "{h.He} waited one day, two days, three days. Nothing!",
        '"Why does it not grow?" {h.he} asked. "Be patient," answered {h.his} {g}.',
        '{f} laughed: "There is nothing in your pot!" But {h} did not give up.',
    ],
    [
        "Then, one morning, there was a small green point.",
        "At last, after the rain, a little leaf came out of the ground.",
        "Two weeks later, {h} saw something green.",
        'One day {h} cried, "Come quickly! It is growing!"',
    ],
    [
        "Each day the plant was a little taller.",
        "The stem became longer than {h.his} finger, then longer than {h.his} arm.",
        "A snail wanted to eat it, but {h} put a small fence around it.",
        "{h} gave it water when it was hot and covered it when it was cold.",
    ],
    [
        "In summer, it had a big yellow flower.",
        "By autumn, there were {n} red apples on it, or nearly so.",
        "Soon it carried sweet beans for the whole family.",
        "It became the most beautiful flower of the village.",
    ],
    [
        '"You see," said {h.his} {g}, "great things begin small."',
        "{h} kept some seeds and gave one to {f}.",
        "The bees came, and {h} listened to their song.",
        '"Next year we will plant a whole garden," said {h}.',
    ],
]
BROKEN = [
    [
        "{h}'s {g} had {o.a} that was very old.",
        "On the shelf there was {o.a}. Nobody was allowed to touch it.",
        "{f} had {o.a}, and {h} wanted to play with it.",
    ],
    [
        "One day, {h} was alone at home. {h.He} took {o.the} in {h.his} hands.",
        '"I will be careful," thought {h}, and {h.he} took {o.the}.',
        "{h} climbed on a chair to look at it.",
    ],
    [
        "Suddenly it fell to the floor. Crack! It was broken.",
        "But {h.his} foot slipped, and {o.the} fell down.",
        "{h.He} ran too fast, fell, and broke {o.the}.",
    ],
    [
        "{h} did not know what to do. {h.He} hid {o.the} {hide}.",
        '"Nobody has seen me," thought {h}. "I can say that it was the {a}."',
        "{h}'s face became red, and then white.",
        "All day {h} could neither eat nor play.",
    ],
    [
        'In the evening, {h.his} {g} asked, "Where is {o.the}?"',
        '"What is the matter?" asked {h.his} {g}. "You are so quiet."',
        "That night, {h.he} could not sleep. {h.He} thought of {o.the}.",
    ],
    [
        'At last {h.he} said, "It was me. I am very sorry."',
        "{h} took a deep breath and told the truth.",
        '"I broke it," said {h} with tears in {h.his} eyes, "and then I was afraid."',
    ],
    [
        '{h.His} {g} was silent for a moment. Then {g.he} said, "Thank you for telling me the truth."',
        '"A thing can be mended," said {h.his} {g}, "but a lie is harder to mend."',
        '"I am a little sad," said {h.his} {g}, "but I am proud of you."',
    ],
    [
        "Together they mended it with glue.",
        "They worked all evening, and {o.the} was almost as good as new.",
        '"Bring me the glue and the small pieces," {g.he} said. "We will try."',
    ],
    [
        "{h} felt as light as a feather.",
        "Since then, {o.the} has a small scar, and {h} likes it even more.",
        "And {h} understood that the truth is not so heavy.",
        "{h} saved {n} coins and bought some flowers to say sorry.",
    ],
]
SEA = [
    [
        "It was the first day of the holidays.",
        "In summer, {h} went to the sea with {h.his} {g}.",
        "{h} had never seen the sea.",
        '"Pack your bag," said {h}\'s {g}. "We are going to the sea!"',
    ],
    [
        "They took the train and looked out of the window. They saw fields, hills and {n} white horses.",
        'The journey was long. {h} asked {n} times, "Are we there yet?"',
        "{f} came with them and brought {f.his} {o.full}.",
    ],
    [
        "And suddenly, there it was: blue, wide and shining.",
        "When {h} saw the sea, {h.he} could not say a word.",
        "The waves came and went like the breath of a giant.",
    ],
    [
        "They built a castle of sand with {n} towers.",
        "{h} collected shells and put them in {h.his} bag.",
        '{f} ran into the water and cried, "It is cold!"',
        "They ate {food} on the beach, and a bird stole a piece.",
    ],
    [
        'Then a big wave came and carried the castle away. "Oh no!" said {f}.',
        "Behind a rock they found a crab that was walking sideways.",
        "A fisherman showed them his boat and told them about the whales.",
        "In a shell, {h} could hear the sound of the sea.",
    ],
    [
        '"We will build another one," said {h}, "farther from the water."',
        '"Leave it there," said {h.his} {g}. "This is its home."',
        '"One day I will be a sailor," said {h}.',
    ],
    [
        "In the evening the sun went down into the water, red as an apple.",
        "When the sun was low, they went home, tired and salty.",
        "That night, {h} still heard the waves in {h.his} dreams.",
        "{h} put one shell on the window, to remember that day.",
    ],
]
LEARN = [
    [
        "{h} wanted to learn to [swim|ride a bicycle|play the flute|read|skate].",
        "All the other children could do it, but {h} could not.",
        '"I will never learn it," said {h}.',
        "For {h.his} birthday, {h} got a bicycle, but {h.he} could not ride it.",
    ],
    [
        "The first time, {h.he} fell. The second time, {h.he} fell again.",
        "It looked so easy when {f} did it!",
        "{h} tried {n} times, but it did not work.",
        "{h} was so angry that {h.he} threw {h.his} hat on the ground.",
    ],
    [
        '"I give up," said {h}.',
        '"It is too difficult for me," said {h} sadly.',
        "{h} went home and did not want to hear about it any more.",
    ],
    [
        '{h.His} {g} said, "I fell more often than you when I was young."',
        '"Look at the {a}," said {f}. "It was not born knowing everything either."',
        '"Try a little every day," said {h.his} {g}. "That is the whole secret."',
        '"Shall I hold you?" asked {f}. "Do not look at your feet. Look ahead."',
    ],
    [
        "So {h} tried again, a little every evening.",
        "The next morning {h.he} got up early to practise {at}.",
        "{h.He} began again, slowly, and {f} stayed beside {h.him}.",
    ],
    [
        "And one day, it worked!",
        "Suddenly {h.he} noticed that nobody was holding {h.him} any more.",
        "On {day}, {h} did it without a single mistake.",
    ],
    [
        '"I can do it! I can do it!" cried {h}.',
        '{f} clapped {f.his} hands. "I knew it!"',
        '{h.His} {g} smiled. "You see?" {g.he} said.',
        "{h} was as proud as a king.",
    ],
    [
        "The next week, {h} taught it to {f}'s little brother.",
        "Now {h} knows that one learns by making mistakes.",
        "Nothing is too difficult if one begins with a small step.",
        "That evening, {h} was tired and very happy.",
    ],
]
SHARE = [
    [
        "{h} had {food}, and {f} had nothing.",
        "On the way to school, {h} met {f}. {f.He} looked sad.",
        "It was very cold {at}, and {h} saw {a.a} that was hungry.",
        "There was only one piece of {food2} left on the table.",
    ],
    [
        '"What is the matter?" asked {h}. "I forgot my lunch," said {f}.',
        "{f} looked at it but did not say anything.",
        '"Are you hungry?" asked {h}. {f} nodded.',
        "{h} was hungry too. What should {h.he} do?",
    ],
    [
        "{h} thought for a moment. Then {h.he} cut it into two equal parts.",
        '"If I give half, I shall have less," thought {h}, "but we shall be two."',
        '"Here," said {h}. "Half for you and half for me."',
    ],
    [
        '{f} smiled. "You are very kind," {f.he} said.',
        '"Thank you!" said {f}. "It tastes better with a friend."',
        "They sat down {out} and ate together.",
    ],
    [
        "The next day, {h} forgot {h.his} coat, and it began to snow. {f} saw it and gave {h.him} {f.his} scarf.",
        "A few days later, {f} came with a basket. In it there were {n} oranges for {h}.",
        "Later, when {h} lost {h.his} {o}, it was {f} who found it.",
    ],
    [
        '"You shared with me," {f.he} said, "and I have not forgotten."',
        '"Now it is my turn," said {f}.',
        '"Friends share everything," said {f}: "the good days and the cold ones."',
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
    "lost": ["The Lost {o.Name}", "{h} and the {o.Full}", "Where is the {o.Name}?"],
    "friend": ["A New Friend", "{h} and {f}"],
    "hurt": ["The Little {a.Name}", "{h} and the {a.Name}"],
    "night": ["A Noise in the Night", "{h} and the Dark"],
    "cook": ["The Surprise", "{h} Cooks"],
    "storm": ["The Storm", "After the Rain"],
    "fable": ["The {a.Name} and the {b.Name}"],
    "seed": ["The Seed", "{h}'s Garden"],
    "broken": ["The Truth", "The Broken {o.Name}"],
    "sea": ["A Day by the Sea", "{h} Sees the Sea"],
    "learn": ["{h} Learns", "Try Again, {h}!"],
    "share": ["Half for You", "{h} Shares"],
}
