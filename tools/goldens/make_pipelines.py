#!/usr/bin/env python3
"""Gives the encoders of make_encoders.py tokenisers, and writes what reference pipelines answer.

Trains a small WordPiece and a small byte-level BPE on the text of make_quick_text.py, puts them into the
folders of tests/golden/encoders/, and writes there pipeline.json: texts and the results of
transformers' pipelines (README.md beside this script). Question answering left transformers with
version 5: run this a second time with `--answers` under transformers 4.57.
Usage: make_pipelines.py [--answers]
"""

import json
import sys

import torch
import transformers
from make_models import ROOT
from make_quick_text import quick_texts
from tokenizers import (
    AddedToken,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

ENCODERS = ROOT / "tests/golden/encoders"
CONTEXT = 80
TEXTS = [
    "The cat sat on the mat.",
    "Léa et Tom vivent à Paris, près de la rivière.",
    "Anna Smith went to London with her brother John",
    "Un jour, le petit chien (noir et blanc) a vu l'oiseau !",
    "He said: \"it's 12.50 €\" - 日本 😀 naïve",
    "a",
]
MASKED = [
    "The {} sat on the mat.",
    "Un jour, le petit {} a vu l'oiseau.",
    "Tom {} to the {} again.",
    "{}",
]
PASSAGE = (
    "One day Anna went to the river with her dog. The dog saw a duck and ran after it. Anna called "
    'him, but he did not come back. "Where are you?" she said. Then her friend Tom came along the '
    "path with a red ball. Le chien aimait la balle, alors il revint tout de suite. They all went "
    "home together, had some soup, and slept until the next morning."
)
QUESTIONS = ["Who went to the river?", "What did Tom have?", "Qu'aimait le chien ?"]


def wordpiece(size):
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=size, special_tokens=specials, show_progress=False
    )
    tokenizer.train_from_iterator(quick_texts(), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    tokenizer.decoder = decoders.WordPiece(prefix="##")
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), specials))
    return tokenizer, names


def byte_level(size):
    specials = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.train_from_iterator(
        quick_texts(),
        trainers.BpeTrainer(
            vocab_size=size,
            special_tokens=specials[:4] + [AddedToken("<mask>", lstrip=True, special=True)],
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        ),
    )
    tokenizer.post_processor = processors.RobertaProcessing(
        ("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=False
    )
    tokenizer.decoder = decoders.ByteLevel()
    names = dict(
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        cls_token="<s>",
        sep_token="</s>",
        mask_token=dict(
            __type="AddedToken",
            content="<mask>",
            lstrip=True,
            rstrip=False,
            normalized=False,
            single_word=False,
            special=True,
        ),
    )
    return tokenizer, names


def kept(folder, make, size):
    """The tokeniser that is there: training orders equal counts by chance, from run to run."""
    tokenizer, names = make(size)
    path = ENCODERS / folder / "tokenizer.json"
    return (Tokenizer.from_file(str(path)) if path.exists() else tokenizer), names


def folders():
    """Those of the families whose tokenisers are made here."""
    families = ("bert_", "roberta_", "distilbert_")
    return [folder for folder in sorted(ENCODERS.iterdir()) if folder.name.startswith(families)]


def put_tokenizers():
    made = {
        "wordpiece": kept("bert_masked_lm", wordpiece, 240),
        "byte_level": kept("roberta_masked_lm", byte_level, 320),
    }
    for folder in folders():
        family = folder.name.split("_")[0]
        tokenizer, names = made["byte_level" if family == "roberta" else "wordpiece"]
        inputs = ["input_ids", "attention_mask"] + (["token_type_ids"] if family == "bert" else [])
        config = names | dict(
            tokenizer_class="PreTrainedTokenizerFast",
            model_max_length=CONTEXT,
            model_input_names=inputs,
            clean_up_tokenization_spaces=False,
        )
        tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
        (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=1) + "\n")
    # How sentence-transformers makes embeddings of one of them.
    (ENCODERS / "bert_pooled/1_Pooling").mkdir(exist_ok=True)
    (ENCODERS / "bert_pooled/1_Pooling/config.json").write_text(
        json.dumps(
            dict(
                word_embedding_dimension=24,
                pooling_mode_cls_token=True,
                pooling_mode_mean_tokens=False,
                pooling_mode_max_tokens=False,
                pooling_mode_mean_sqrt_len_tokens=False,
            )
        )
        + "\n"
    )
    steps = ["Transformer", "Pooling", "Normalize"]
    paths = ["", "1_Pooling", "2_Normalize"]
    (ENCODERS / "bert_pooled/modules.json").write_text(
        json.dumps(
            [
                dict(idx=i, name=str(i), path=path, type=f"sentence_transformers.models.{step}")
                for i, (step, path) in enumerate(zip(steps, paths))
            ]
        )
        + "\n"
    )


def in_bytes(text, results):
    """Places in characters become places in bytes."""
    for result in results:
        result["start"] = len(text[: result["start"]].encode())
        result["end"] = len(text[: result["end"]].encode())
    return results


def plain(value):
    """Numbers of NumPy as Python's, and no longer than they are exact."""
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    value = value.item() if hasattr(value, "item") else value
    return round(value, 7) if isinstance(value, float) else value


def fill_mask(folder):
    pipeline = transformers.pipeline("fill-mask", model=str(folder))
    results = []
    for text in MASKED:
        text = text.replace("{}", pipeline.tokenizer.mask_token)
        filled = pipeline(text, top_k=4)
        results.append(dict(text=text, masks=filled if isinstance(filled[0], list) else [filled]))
    return results


def classify(folder):
    pipeline = transformers.pipeline("text-classification", model=str(folder))
    results = [dict(text=text, labels=pipeline(text, top_k=None)) for text in TEXTS]
    for text, pair in zip(TEXTS, TEXTS[1:3]):
        labels = pipeline(dict(text=text, text_pair=pair), top_k=None)
        results.append(dict(text=text, pair=pair, labels=labels))
    return results


def label_tokens(folder):
    results = []
    for strategy in ("none", "simple", "first", "max", "average"):
        pipeline = transformers.pipeline(
            "token-classification", model=str(folder), aggregation_strategy=strategy
        )
        for text in TEXTS:
            found = in_bytes(text, pipeline(text))
            for entity in found:
                group = entity.pop("entity_group", None)
                entity["label"] = group or entity.pop("entity")
                entity.pop("index", None)
                del entity["word"]  # ours is the part of the text
            results.append(dict(text=text, aggregation=strategy, tokens=found))
    return results


def embed(folder):
    """As sentence-transformers: the mean over all tokens, the first, the last; also at length 1."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(folder).eval()
    results = []
    for text in TEXTS:
        with torch.no_grad():
            hidden = model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0]
        vectors = dict(mean=hidden.mean(dim=0), cls=hidden[0], last=hidden[-1])
        results.append(dict(text=text, tokens=len(hidden)))
        for pooling, vector in vectors.items():
            results[-1][pooling] = vector.tolist()
            unit = torch.nn.functional.normalize(vector, dim=0)
            results[-1][pooling + "_normalized"] = unit.tolist()
    return results


def no_answer(pipeline, question, text, max_seq_len=384, doc_stride=128, max_answer_len=15, **_):
    """What run_qa.py of transformers' examples writes as null_odds: of all windows' logits."""
    windows = pipeline.tokenizer(
        question, text, truncation="only_second", max_length=min(max_seq_len, CONTEXT),
        stride=min(doc_stride, min(max_seq_len, CONTEXT) // 2), return_overflowing_tokens=True)
    least, best = [], []
    for i, ids in enumerate(windows["input_ids"]):
        inputs = {name: torch.tensor([windows[name][i]])
                  for name in pipeline.tokenizer.model_input_names}
        with torch.no_grad():
            scores = pipeline.model(**inputs)
        begins, ends = scores.start_logits[0].tolist(), scores.end_logits[0].tolist()
        least.append(begins[0] + ends[0])
        told = [place for place, side in enumerate(windows.sequence_ids(i)) if side == 1]
        best += [begins[a] + ends[b] for a in told for b in told if a <= b < a + max_answer_len]
    return min(least) - max(best)


def answer(folder):
    pipeline = transformers.pipeline("question-answering", model=str(folder))
    results = []
    for options in (
        dict(top_k=3),
        dict(top_k=2, max_seq_len=56, doc_stride=16, max_answer_len=6),
    ):
        for question in QUESTIONS:
            for text in (PASSAGE, PASSAGE[:90]):
                found = in_bytes(text, pipeline(question=question, context=text, **options))
                none = no_answer(pipeline, question, text, **options)
                results.append(dict(question=question, text=text, options=options, answers=found,
                                    no_answer=none))
    return results


KINDS = dict(masked_lm=fill_mask, sequence=classify, tokens=label_tokens, pooled=embed, bare=embed)


def main():
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    answers = sys.argv[1:] == ["--answers"]
    if not answers:
        put_tokenizers()
    for folder in folders():
        kind = folder.name.split("_", 1)[1]
        make = KINDS.get(kind) if not answers else answer if kind == "span" else None
        if make is None:
            continue
        text = json.dumps(plain(make(folder)), ensure_ascii=False, indent=0)
        (folder / "pipeline.json").write_text(text + "\n", encoding="utf-8")
        print(folder.name, len(text))


if __name__ == "__main__":
    main()
