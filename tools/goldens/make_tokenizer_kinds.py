#!/usr/bin/env python3
"""Trains a small tokeniser of each kind but the byte-level ones of make_tokenizers.py, with Hugging
Face `tokenizers` and `sentencepiece`, and writes what they do with hard strings.

Reads recipes/quick/{en,fr}.jsonl; writes tests/golden/tokenizers/<name>/. README.md beside this
script explains the files. Usage: make_tokenizer_kinds.py [name...]
"""

import base64
import io
import json
import random
import sys

import sentencepiece
from make_tokenizers import ROOT, byte_offsets, corpus, snippets
from sentencepiece import sentencepiece_model_pb2
from strings import CODE, strings
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

FOLDER = ROOT / "tests/golden/tokenizers"
VOCAB_SIZE = 1200
# Control tokens of all of them, so that all share one list of strings.
NAMES = ["<s>", "</s>", "<unk>", "<pad>", "<mask>", "[CLS]", "[SEP]", "[MASK]", "<extra_id_7>",
         "<|endoftext|>", "<|im_start|>"]
BLOOM_PATTERN = r" ?[^(\s|[.,!?…。，、।۔،])]+"
QWEN_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


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


def hash_of(text):
    """FNV-1a, 64 bits."""
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return format(value, "016x")


def spell_nothing(tokenizer):
    """The same tokeniser with control tokens that no text can spell (in Unigram a text could)."""
    state = json.loads(tokenizer.to_str())
    names = [t["content"] for t in state["added_tokens"] if t["special"]]
    state["added_tokens"] = [t for t in state["added_tokens"] if not t["special"]]
    state["post_processor"] = None
    if state["model"]["type"] == "Unigram":
        for entry in state["model"]["vocab"]:
            if entry[0] in names:
                entry[0] = "\U0010fffe" + entry[0]
    return Tokenizer.from_str(json.dumps(state))


def short_hash(text):
    return hash_of(text)[:8]


def ids_of(ids):
    """Long runs as their hash alone."""
    return ids if len(ids) <= 24 else [len(ids), short_hash(" ".join(map(str, ids)))]


def text_of(item):
    return item if isinstance(item, str) else item.decode("utf-8", errors="replace")


def encode_vector(tokenizer, plain, item):
    text = text_of(item)
    encoding = tokenizer.encode(text)
    offsets = byte_offsets(text, encoding.offsets)
    vector = [
        ids_of(encoding.ids),
        short_hash(" ".join(map(str, offsets))),
        short_hash(tokenizer.decode(encoding.ids, skip_special_tokens=False)),
        short_hash(tokenizer.decode(encoding.ids, skip_special_tokens=True)),
    ]
    if any(t in text for t in specials_of(tokenizer)):
        vector.append(ids_of(plain.encode(text, add_special_tokens=False).ids))
    return vector


def specials_of(tokenizer):
    return [t.content for t in tokenizer.get_added_tokens_decoder().values() if t.special]


def native_vector(name, processor, item):
    proto = processor.encode(text_of(item), return_type="proto")
    ids = [p.id for p in proto.pieces]
    # Two conventions of ours: all bytes of a character have its range, where SentencePiece gives it
    # to the last one only; and in LLaMA's tokenisers a lone space that was put in front has the
    # first character's, as in `tokenizers`.
    ranges = [[p.begin, p.end] for p in proto.pieces]
    for i in range(len(ranges) - 1, -1, -1):
        if processor.is_byte(ids[i]) and ranges[i][0] == ranges[i][1]:
            ranges[i] = list(ranges[i + 1])
    if name == "llama2_model" and ranges and ranges[0] == [0, 0]:
        ranges[0][1] = len(text_of(item)[0].encode())
    offsets = " ".join(f"{begin} {end}" for begin, end in ranges)
    plain = "" if processor.unk_id() in ids else short_hash(processor.decode(ids))
    return [ids_of(ids), short_hash(offsets), "", plain]


def write_lines(path, vectors):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for vector in vectors:
            line = json.dumps(vector, ensure_ascii=False, separators=(",", ":"))
            for code in ("\u2028", "\u2029", "\u0085"):
                line = line.replace(code, f"\\u{ord(code):04x}")
            file.write(line + "\n")


def write(name, vectors):
    write_lines(FOLDER / name / "vectors.jsonl", vectors)
    print(name, len(vectors), flush=True)


def write_tokenizer(name, tokenizer, inputs):
    plain = spell_nothing(tokenizer)
    vectors = [encode_vector(tokenizer, plain, s) for s in inputs]
    rng = random.Random(8)
    places = [i for i, s in enumerate(inputs) if isinstance(s, str) and len(s) < 60]
    for _ in range(150):
        first, second = rng.choice(places), rng.choice(places)
        encoding = tokenizer.encode(inputs[first], inputs[second])
        vectors.append({"pair": [first, second], "ids": ids_of(encoding.ids),
                        "types": ids_of(encoding.type_ids)})
    size = tokenizer.get_vocab_size()
    for _ in range(200):
        ids = [rng.randrange(size) for _ in range(rng.randint(1, 10))]
        vectors.append({"decode": ids,
                        "decoded": tokenizer.decode(ids, skip_special_tokens=False)})
    write(name, vectors)
    state = json.loads(tokenizer.to_str())
    path = FOLDER / name / "tokenizer.json"
    path.write_text(json.dumps(state, ensure_ascii=False, separators=(",", ":")) + "\n")


def write_native(name, model, inputs):
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    write(name, [native_vector(name, processor, s) for s in inputs])
    (FOLDER / name / "tokenizer.model").write_bytes(model)


def main():
    texts = corpus() + [t.replace("{{", "{").replace("}}", "}") for t in CODE] * 50
    wanted = set(sys.argv[1:])
    inputs = strings(NAMES, snippets(texts, random.Random(7)))
    write_lines(FOLDER / "strings.jsonl", [
        s if isinstance(s, str) else [base64.b64encode(s).decode()] for s in inputs])
    t5 = sentencepiece_model(texts, normalization_rule_name="nmt_nfkc", **T5)
    mt5 = sentencepiece_model(
        texts, normalization_rule_name="identity", byte_fallback=True, **T5)
    llama = sentencepiece_model(texts, **LLAMA)
    makers = {
        "bert_uncased": lambda: bert(texts, True),
        "bert_cased": lambda: bert(texts, False),
        "t5": lambda: unigram(t5, extra=100),
        "mt5": lambda: unigram(mt5, byte_fallback=True, newer=True),
        "llama2_legacy": lambda: llama2(llama, "legacy"),
        "llama2_first": lambda: llama2(llama, "first"),
        "bloom_style": lambda: bloom(texts),
        "qwen2_style": lambda: qwen2(texts),
        "neox_style": lambda: neox(texts),
        "roberta_style": lambda: roberta(texts),
    }
    for name, model in (("t5_model", t5), ("mt5_model", mt5), ("llama2_model", llama)):
        if not wanted or name in wanted:
            write_native(name, model, inputs)
    for name, make in makers.items():
        if not wanted or name in wanted:
            write_tokenizer(name, make(), inputs)


if __name__ == "__main__":
    main()
