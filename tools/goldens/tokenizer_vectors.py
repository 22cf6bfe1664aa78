"""What a reference tokeniser does with a text, in the short form of vectors.txt (README.md)."""

import json

from tokenizers import Tokenizer

SHOWN = 8  # ids of a vector that are written out


def hash_of(text):
    """The first 16 bits of FNV-1a's 64."""
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return format(value, "016x")[:4]


def joined(numbers):
    return " ".join(map(str, numbers))


def shown(ids):
    if not ids:
        return "-"
    return ",".join(map(str, ids)) if len(ids) <= SHOWN else f"#{len(ids)}"


def text_of(item):
    return item if isinstance(item, str) else item.decode("utf-8", errors="replace")


def byte_offsets(text, offsets):
    """Hugging Face counts code points; we count UTF-8 bytes, flat: start 0, end 0, start 1, ..."""
    position = [0]
    for character in text:
        position.append(position[-1] + len(character.encode()))
    return [position[i] for pair in offsets for i in pair]


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


def encode_line(tokenizer, plain, item):
    text = text_of(item)
    encoding = tokenizer.encode(text)
    parts = [
        joined(encoding.ids),
        joined(byte_offsets(text, encoding.offsets)),
        tokenizer.decode(encoding.ids, skip_special_tokens=False),
        tokenizer.decode(encoding.ids, skip_special_tokens=True),
        joined(plain.encode(text, add_special_tokens=False).ids),
    ]
    return shown(encoding.ids) + " " + "".join(map(hash_of, parts))


def native_line(processor, item, lone_space):
    """Of SentencePiece itself, but for two conventions of ours: all bytes of a character have its
    range, where SentencePiece gives it to the last one only; and with `lone_space` (LLaMA) a space
    that was put in front and is a token has the first character's, as in `tokenizers`."""
    text = text_of(item)
    proto = processor.encode(text, return_type="proto")
    ids = [p.id for p in proto.pieces]
    ranges = [[p.begin, p.end] for p in proto.pieces]
    for i in range(len(ranges) - 1, -1, -1):
        if processor.is_byte(ids[i]) and ranges[i][0] == ranges[i][1]:
            ranges[i] = list(ranges[i + 1])
    if lone_space and ranges and ranges[0] == [0, 0]:
        ranges[0][1] = len(text[0].encode())
    offsets = hash_of(joined(i for pair in ranges for i in pair))
    plain = "----" if processor.unk_id() in ids else hash_of(processor.decode(ids))
    return shown(ids) + " " + hash_of(joined(ids)) + offsets + "----" + plain + "----"


def pair_line(tokenizer, inputs, first, second):
    a, b = inputs[first], inputs[second]
    encoding = tokenizer.encode(a, b)
    sources = [-1 if s is None else s for s in encoding.sequence_ids]
    offsets = []
    for source, pair in zip(sources, encoding.offsets):
        offsets += byte_offsets((a, b)[source], [pair]) if source >= 0 else pair
    parts = [encoding.ids, encoding.type_ids, sources, offsets]
    return f"pair {first} {second} {shown(encoding.ids)} " + "".join(hash_of(joined(p)) for p in parts)


def decode_line(tokenizer, ids):
    return f"decode {shown(ids)} " + hash_of(tokenizer.decode(ids, skip_special_tokens=False))


def cut_and_random(tokenizer, inputs, rng):
    """Ids that stop inside a character, and random ones."""
    cut = []
    for item in inputs:
        ids = tokenizer.encode(text_of(item)).ids
        for end in range(1, min(len(ids), SHOWN)):
            if tokenizer.decode(ids[:end], skip_special_tokens=False).endswith("\ufffd"):
                cut.append(ids[:end])
    size = tokenizer.get_vocab_size()
    drawn = [
        [rng.choice([rng.randrange(256), rng.randrange(size)]) for _ in range(rng.randint(1, SHOWN))]
        for _ in range(150)
    ]
    return rng.sample(cut, min(100, len(cut))) + drawn


def lines_of(tokenizer, inputs, rng):
    plain = spell_nothing(tokenizer)
    lines = [encode_line(tokenizer, plain, s) for s in inputs]
    places = [i for i, s in enumerate(inputs) if isinstance(s, str) and len(s) < 60]
    for _ in range(150):
        lines.append(pair_line(tokenizer, inputs, rng.choice(places), rng.choice(places)))
    byte_level = '"ByteFallback"' not in tokenizer.to_str()
    for ids in cut_and_random(tokenizer, inputs, rng):
        # With byte fallback the reference replaces every byte of a broken character, we the
        # character.
        if byte_level or "\ufffd" not in tokenizer.decode(ids, skip_special_tokens=False):
            lines.append(decode_line(tokenizer, ids))
    return lines
