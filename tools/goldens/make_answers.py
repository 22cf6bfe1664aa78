#!/usr/bin/env python3
"""Which tokens of conversations are the assistant's, by transformers' {% generation %} marks.

Writes tests/golden/chat/answers.jsonl: templates and conversations, then a line for each two, with "answers": of
the conversation up to each of its answers, "ids" and "spans" (the runs of ones in
apply_chat_template's return_assistant_tokens_mask). Tokenisers are those of tests/golden/tokenizers.
Usage: make_answers.py [OUT_FOLDER]
"""

import json
import pathlib
import sys

from transformers import PreTrainedTokenizerFast

ROOT = pathlib.Path(__file__).resolve().parents[2]

# name: (tokeniser, its end, template)
TEMPLATES = {
    "chatml": ("qwen2_style", "<|im_end|>",
               "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' }}"
               "{% if m.role == 'assistant' %}{% generation %}{{ m.content + '<|im_end|>' }}{% endgeneration %}"
               "{% else %}{{ m.content + '<|im_end|>' }}{% endif %}{{ '\\n' }}{% endfor %}"
               "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"),
    # What was thought is left out of all answers but the last.
    "thoughts": ("qwen2_style", "<|im_end|>",
                 "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' }}"
                 "{% if m.role == 'assistant' %}{% generation %}{% if loop.last and m.thinking is defined %}"
                 "{{ '<' + m.thinking + '>' }}{% endif %}{{ m.content + '<|im_end|>' }}{% endgeneration %}"
                 "{% else %}{{ m.content + '<|im_end|>' }}{% endif %}{{ '\\n' }}{% endfor %}"
                 "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"),
    "turns": ("llama2_first", "</s>",
              "{% for m in messages %}{% if m.role == 'assistant' %}{% generation %} {{ m.content }}</s>{% endgeneration %}"
              "{% else %}<s>[INST] {{ m.content }} [/INST]{% endif %}{% endfor %}"),
    "names": ("gpt2_style", "<|endoftext|>",
              "{% for m in messages %}{% if m.role == 'assistant' %}Answer:\n{% generation %}{{ m.content }}"
              "<|endoftext|>{% endgeneration %}{% else %}{{ m.role }}: {{ m.content }}\n{% endif %}{% endfor %}"
              "{% if add_generation_prompt %}Answer:\n{% endif %}"),
    "lines": ("bloom_style", "</s>",
              "{% for m in messages %}{% if m.role == 'assistant' %}={% generation %}{{ m.content | trim }}</s>"
              "{% endgeneration %}{% else %}{{ m.content }}{% endif %}{% endfor %}"
              "{% if add_generation_prompt %}={% endif %}"),
    "t5": ("t5", "</s>",
           "{% for m in messages %}{% if m.role == 'assistant' %}<extra_id_0>{% generation %}{{ m.content }}</s>"
           "{% endgeneration %}{% else %}{{ m.role }}: {{ m.content }} {% endif %}{% endfor %}"
           "{% if add_generation_prompt %}<extra_id_0>{% endif %}"),
}


def user(text):
    return {"role": "user", "content": text}


def assistant(text, **more):
    return {"role": "assistant", "content": text, **more}


CONVERSATIONS = {
    "one": [user("Where is the cat?"), assistant("The cat is on the mat.")],
    "several": [{"role": "system", "content": "Be brief."}, user("Hello"), assistant("Hello! What is it?"),
                user("The sea"), assistant("It is old.")],
    "unicode": [user("Où est l'été ? 日本語"), assistant("Là-bas… 😀 »")],
    "odd_beginnings": [user("a"), assistant("\n\nb"), user("c"), assistant(" d"), user("e"), assistant("")],
    "thinking": [user("2+2?"), assistant("4", thinking="two and two"), user("3+3?"),
                 assistant("6", thinking="three twice")],
}


def spans(mask):
    """[begin, end) of each run of ones."""
    edges = [i for i in range(len(mask) + 1) if (mask + [0])[i] != ([0] + mask)[i]]
    return [list(pair) for pair in zip(edges[::2], edges[1::2])]


def main():
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "tests/golden/chat"
    rows = [{"templates": {name: dict(zip(("tokenizer", "end", "template"), entry))
                           for name, entry in TEMPLATES.items()}, "conversations": CONVERSATIONS}]
    for name, (folder, end, template) in TEMPLATES.items():
        tokenizer = PreTrainedTokenizerFast(
            tokenizer_file=str(ROOT / f"tests/golden/tokenizers/{folder}/tokenizer.json"),
            eos_token=end, clean_up_tokenization_spaces=False)
        for title, messages in CONVERSATIONS.items():
            answers = []
            for i, message in enumerate(messages):
                if message["role"] != "assistant":
                    continue
                made = tokenizer.apply_chat_template(
                    messages[:i + 1], chat_template=template, tokenize=True, return_dict=True,
                    return_assistant_tokens_mask=True)
                answers.append({"ids": made["input_ids"], "spans": spans(made["assistant_masks"])})
            # Where T5 drops the white space that an answer begins with, transformers marks nothing.
            if all(answer["spans"] for answer in answers):
                rows.append({"template": name, "conversation": title, "answers": answers})
    (out / "answers.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    print(len(rows) - 1, "conversations")


if __name__ == "__main__":
    main()
