"""Small tokenisers of every kind, trained with Hugging Face `tokenizers` and `sentencepiece`."""

import io
import json
import tempfile

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

VOCAB_SIZE = 1200
BLOOM_PATTERN = r" ?[^(\s|[.,!?…。，、।۔،])]+"
QWEN_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
LLAMA3_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
# Whole pieces that no merge makes: only `ignore_merges` finds them.
UNMERGED = [
    "Ġanticonstitutionnellement",
    "Ġxylophonist",
    "Zzyzx",
    "ĠðŁĺĢ",
    "qqq",
    "ä¸Ńæĸĩ",
    "...)",
    "777",
]


def special(*names, **kind):
    return [AddedToken(n, special=True, normalized=False, **kind) for n in names]


def template(tokenizer, single, pair, names):
    tokenizer.post_processor = processors.TemplateProcessing(
        single=single, pair=pair, special_tokens=[(n, tokenizer.token_to_id(n)) for n in names]
    )


def bert(texts, lowercase):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = trainers.WordPieceTrainer(
        vocab_size=VOCAB_SIZE, special_tokens=special(*names), show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.decoder = decoders.WordPiece(cleanup=lowercase)
    template(tokenizer, "[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", ["[CLS]", "[SEP]"])
    return tokenizer


def sentencepiece_model(texts, **settings):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_writer=model,
        vocab_size=VOCAB_SIZE,
        hard_vocab_limit=False,
        num_threads=1,
        minloglevel=2,
        **settings,
    )
    return model.getvalue()


def small_rules(texts):
    """The rules of nmt_nfkc that our strings need, and those of Latin and of compatibility forms:
    the whole table would fill half a megabyte."""
    normalize = sentencepiece.SentencePieceNormalizer(
        rule_name="nmt_nfkc",
        add_dummy_prefix=False,
        escape_whitespaces=False,
        remove_extra_whitespaces=False,
    ).normalize
    wanted = {chr(c) for r in ((1, 0x250), (0x2000, 0x2200), (0xFF00, 0xFFF0)) for c in range(*r)}
    for text in texts:
        wanted.update(text[i : i + n] for n in (1, 2, 3, 4) for i in range(len(text) - n + 1))
    rules = {}
    for source in sorted(wanted, key=lambda w: (len(w), w)):
        target = normalize(source)
        by_parts, at = "", 0
        while at < len(source):  # as the longest rules that are known would have it
            size = next((n for n in (3, 2, 1) if source[at : at + n] in rules), 0)
            by_parts += rules[source[at : at + size]] if size else source[at]
            at += max(size, 1)
        if target != by_parts and "\0" not in source:
            rules[source] = target
    codes = lambda text: " ".join(f"{ord(c):X}" for c in text)
    return "".join(f"{codes(s)}\t{codes(t)}\n" for s, t in rules.items())


def parse(model):
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(model)
    return proto


def unigram(model, byte_fallback=False, newer=False, extra=0):
    """As transformers makes T5's fast tokeniser of a SentencePiece model."""
    proto = parse(model)
    vocab = [(p.piece, p.score) for p in proto.pieces]
    vocab += [(f"<extra_id_{i}>", 0.0) for i in range(extra - 1, -1, -1)]
    unk = proto.trainer_spec.unk_id
    tokenizer = Tokenizer(models.Unigram(vocab, unk_id=unk, byte_fallback=byte_fallback))
    charsmap = proto.normalizer_spec.precompiled_charsmap
    precompiled = [normalizers.Precompiled(charsmap)] if charsmap else []
    metaspace = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=True)
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always", split=True)
    if newer:
        tokenizer.normalizer = normalizers.Sequence(
            precompiled
            + [
                normalizers.Strip(left=False, right=True),
                normalizers.Replace(Regex(" {2,}"), "▁"),
            ]
        )
        tokenizer.pre_tokenizer = metaspace
    else:
        tokenizer.normalizer = precompiled[0]
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.WhitespaceSplit(), metaspace]
        )
    if byte_fallback:
        tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), tokenizer.decoder])
    names = ["<pad>", "</s>", "<unk>"] + [f"<extra_id_{i}>" for i in range(extra)]
    tokenizer.add_special_tokens(special(*names))
    template(tokenizer, "$A </s>", "$A </s> $B </s>", ["</s>"])
    return tokenizer


T5 = {
    "model_type": "unigram",
    "pad_id": 0,
    "eos_id": 1,
    "unk_id": 2,
    "bos_id": -1,
}
LLAMA = {
    "model_type": "bpe",
    "normalization_rule_name": "identity",
    "remove_extra_whitespaces": False,
    "byte_fallback": True,
    "split_digits": True,
    "allow_whitespace_only_pieces": True,
}


def llama2(model, scheme):
    """As transformers makes LLaMA's fast tokeniser of a SentencePiece model."""
    proto = parse(model)
    vocab = {p.piece: i for i, p in enumerate(proto.pieces)}
    merges = []
    for piece in proto.pieces:
        if piece.type != 1:
            continue
        for at in range(1, len(piece.piece)):
            left, right = piece.piece[:at], piece.piece[at:]
            if left in vocab and right in vocab:
                merges.append((-piece.score, vocab[left], vocab[right], left, right))
    merges = [(left, right) for *_, left, right in sorted(merges)]
    tokenizer = Tokenizer(
        models.BPE(vocab, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    )
    parts = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    tokenizer.decoder = decoders.Sequence(parts + [decoders.Strip(content=" ", left=1)])
    if scheme == "legacy":
        tokenizer.normalizer = normalizers.Sequence(
            [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
        )
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace("▁", prepend_scheme=scheme, split=False)
    tokenizer.add_special_tokens(special("<unk>", "<s>", "</s>"))
    template(tokenizer, "<s> $A", "<s> $A <s>:1 $B:1", ["<s>"])
    return tokenizer


def byte_level(texts, pre_tokenizer, names, normalizer=None):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizer
    if normalizer:
        tokenizer.normalizer = normalizer
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB_SIZE,
        show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        special_tokens=special(*names),
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def split(pattern):
    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), behavior="isolated", invert=False),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )


def bloom(texts):
    tokenizer = byte_level(texts, split(BLOOM_PATTERN), ["<unk>", "<s>", "</s>", "<pad>"])
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer


def qwen2(texts):
    names = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    tokenizer = byte_level(texts, split(QWEN_PATTERN), names, normalizers.NFC())
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer


def neox(texts):
    pre = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer = byte_level(texts, pre, ["<|endoftext|>", "<|padding|>"], normalizers.NFC())
    tokenizer.add_tokens([AddedToken(" " * n, normalized=True) for n in range(12, 1, -1)])
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=True)
    return tokenizer


def roberta(texts):
    pre = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer = byte_level(texts, pre, ["<s>", "<pad>", "</s>", "<unk>"])
    tokenizer.add_special_tokens(special("<mask>", lstrip=True))
    tokenizer.post_processor = processors.RobertaProcessing(
        ("</s>", tokenizer.token_to_id("</s>")),
        ("<s>", tokenizer.token_to_id("<s>")),
        trim_offsets=True,
        add_prefix_space=False,
    )
    return tokenizer


def train_last(pre_tokenizer, specials, texts, unmerged=()):
    """A byte-level BPE whose special tokens come last, as in GPT-2 and LLaMA 3."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizer
    size = 2000 - len(specials) - len(unmerged)
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    )
    tokenizer.train_from_iterator(texts, trainer)
    if unmerged:
        state = json.loads(tokenizer.to_str())
        state["model"]["ignore_merges"] = True
        for token in unmerged:
            state["model"]["vocab"].setdefault(token, len(state["model"]["vocab"]))
        tokenizer = Tokenizer.from_str(json.dumps(state))
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in specials])
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def gpt2_style(texts):
    tokenizer = train_last(pre_tokenizers.ByteLevel(add_prefix_space=False), ["<|endoftext|>"], texts)
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer


def llama3_style(texts):
    split = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(LLAMA3_PATTERN), behavior="isolated", invert=False),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    bos = "<|begin_of_text|>"
    tokenizer = train_last(split, [bos, "<|end_of_text|>"], texts, UNMERGED)
    tokenizer.post_processor = processors.Sequence(
        [
            processors.ByteLevel(trim_offsets=False),
            processors.TemplateProcessing(
                single=f"{bos} $A",
                pair=f"{bos} $A {bos}:1 $B:1",
                special_tokens=[(bos, tokenizer.token_to_id(bos))],
            ),
        ]
    )
    return tokenizer


def sentencepiece_models(texts, strings):
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as rules:
        rules.write(small_rules(strings))
        rules.flush()
        t5 = sentencepiece_model(texts, normalization_rule_tsv=rules.name, **T5)
    return {
        "t5_model": t5,
        "mt5_model": sentencepiece_model(
            texts, normalization_rule_name="identity", byte_fallback=True, **T5
        ),
        "llama2_model": sentencepiece_model(texts, **LLAMA),
    }


def makers(texts, models):
    """What makes each tokeniser of `tokenizers`, by name."""
    return {
        "gpt2_style": lambda: gpt2_style(texts),
        "llama3_style": lambda: llama3_style(texts),
        "bert_uncased": lambda: bert(texts, True),
        "bert_cased": lambda: bert(texts, False),
        "t5": lambda: unigram(models["t5_model"], extra=100),
        "mt5": lambda: unigram(models["mt5_model"], byte_fallback=True, newer=True),
        "llama2_legacy": lambda: llama2(models["llama2_model"], "legacy"),
        "llama2_first": lambda: llama2(models["llama2_model"], "first"),
        "bloom_style": lambda: bloom(texts),
        "qwen2_style": lambda: qwen2(texts),
        "neox_style": lambda: neox(texts),
        "roberta_style": lambda: roberta(texts),
    }
