"""What people say of each shipped model: what it is for, and what it cannot do. Its figures come from models/evidence/."""

LARGER = ("For anything that matters, bring a larger model: `parvis run PATH` takes a GGUF file or a Hugging Face folder, and "
          "each command takes its model before the text (`parvis translate PATH TEXT`).")

CARDS = {
    "parvis-fable": dict(
        language=["en", "fr"], pipeline="text-generation", recipes=["recipes/fable.toml"],
        is_a="A small LLaMA that continues stories in English and French, and answers some simple questions about a short text.",
        use=['parvis run parvis-fable "Once upon a time"', 'parvis run parvis-fable "Il était une fois"',
             "parvis run parvis-fable \"$(printf 'Anna lives in Lyon.\\nQuestion: Where does Anna live?\\nAnswer:')\" "
             "--temperature 0 -n 12 --stop Question"],
        cannot=["It knows next to nothing: names, dates and facts that it writes are invented.",
                "It answers nothing but who, what, when, where, how many and why, about a few sentences that stand before the question, in the "
                "form above (French: `Question :` and `Réponse :`). Rules made the questions that it learned from; the figures below say how "
                "often it is right with such. Without a text it invents.",
                "It does not follow instructions, translate, calculate or write code.",
                "Most of its sentences are grammatical, many make little sense, and a few of its words are not words. It loses the "
                "thread after a sentence or two, and without sampling (`--temperature 0`) it soon repeats itself.",
                "Most of its text was written before 1930. It repeats the views of that time, unkind ones about women, peoples and "
                "religions among them. It has had no safety training."]),
    "parvis-scribe": dict(
        language=["code", "en"], pipeline="text-generation", recipes=["recipes/scribe.toml", "recipes/scribe_bare.toml"],
        is_a="A small GPT that goes on with Python programs, and fills in their middle.",
        use=["parvis complete 'if not isinstance(name, '", "parvis complete --file half_written.py"],
        cannot=["It knows what code looks like, not what it should do: read every line that it writes. It invents names.",
                "With the likeliest token at each place, as `parvis complete` chooses, it soon repeats itself; `--temperature 0.4 "
                "--presence-penalty 0.5 --frequency-penalty 0.2` helps, and breaks a bracket or a name now and then.",
                "It writes code at once, without docstring or long comments; that Python reads it does not say that it makes sense.",
                "It looks at 512 tokens, some forty lines, and knows of nothing else of your project.",
                "It learned Python; of other languages it has seen next to nothing. It does not follow instructions.",
                "It may repeat lines of the programs that it learned from; their licences stand in ATTRIBUTION.md."]),
    "parvis-babel": dict(
        language=["fr", "en", "de", "es", "it", "sv", "ru", "uk"], pipeline="text-generation", recipes=["recipes/babel.toml"],
        is_a="A small BLOOM that goes on with texts in several languages.",
        use=['parvis run parvis-babel "Die Datei"', 'parvis run parvis-babel "Le vieux phare"'],
        cannot=["French and English come from books and sentences. Of German, Spanish, Italian, Swedish, Russian and Ukrainian it has "
                "read only messages of programs, for want of other lawful text: it writes like an error message there.",
                "It knows next to nothing, follows no instruction and does not translate.",
                "Most of its books were written before 1930, and it repeats the views of that time. It has had no safety training."]),
    "parvis-pont": dict(
        language=["en", "fr"], pipeline="translation", recipes=["recipes/pont.toml", "recipes/pont_daily.toml"],
        is_a="A small T5 that translates between English and French; it writes summaries of English, too.",
        use=["parvis translate 'The cat sleeps.'", "parvis translate 'Le chat dort.'", "parvis summarize parvis-pont --file report.txt"],
        cannot=["It translates simple sentences and manuals of programs. Long or unusual sentences, names and idioms come out wrong, "
                "sometimes fluently wrong: check what matters.",
                "It knows no third language, and reads each sentence alone: what \"it\" or \"elle\" stands for, it guesses.",
                "Summaries are of English textbooks and abstracts, section by section. They leave out much and may say what the text "
                "does not, and of a text of two or three sentences it may translate half; the figures below say how they compare to the text's first sentences. So `parvis summarize` takes parvis-lens if no "
                "model is named: it chooses sentences of the text. Of French this model can make no summary."]),
    "parvis-lens": dict(
        language=["en", "fr"], pipeline="feature-extraction", recipes=["recipes/lens_short.toml", "recipes/lens.toml", "recipes/lens_pairs.toml"],
        is_a="A small BERT for English and French: vectors of sentences, summaries of chosen sentences, and words for a mask.",
        use=["parvis embed 'It rains.'", "parvis fill 'Paris is the [MASK] of France.'", "parvis summarize --file report.txt"],
        cannot=["It knows words and grammar, hardly facts: what it puts for a mask is likely, not true.",
                "Its vectors bring short sentences and their translations together; of long texts they say little, and "
                "numbers, names and negations often make no difference to them.",
                "Its summaries are sentences of the text, word for word: those whose vectors are nearest to the mean of all. It says nothing "
                "that the text does not, puts nothing together, and a chosen sentence may lean on one that was not chosen. Figures are of "
                "English; no French summaries that may be used were at hand.",
                "It reads 512 tokens. It has had no training against bias: what it finds likely of people is what old novels found."]),
    "parvis-lens-answers": dict(
        language=["en", "fr"], pipeline="question-answering", recipes=["recipes/lens_short.toml", "recipes/lens.toml", "recipes/lens_answers.toml"],
        is_a="A small BERT, of the same beginning as parvis-lens: it points to the part of a text that answers a question, in English and French.",
        use=["parvis answer 'Where does Anna live?' 'Anna lives in Lyon, near the river.'",
             "parvis answer 'Où habite Anna ?' 'Anna habite à Lyon, près de la rivière.'"],
        cannot=["It learned from questions that rules made of sentences, and does best where a question repeats the text's words. "
                "Of people's questions (PIAF, XQuAD) it meets no more than taking the sentence that shares most words would, though it points more exactly: the figures below say how few.",
                "It always points somewhere, also where the text has no answer; the score does not tell.",
                "It does not reason, count, or put two sentences together."]),
}
