#!/usr/bin/env python3
"""Writes tests/fuzz/<target>/: small good files from which `./dev fuzz` starts, one for each path
through a reader that random bytes would hardly find. `--check`: only says whether they differ.

A tokenizer_json_fuzz seed is a tokenizer.json, a zero byte, then a text to encode; the head of
each other target of parvis/text says what its seeds are."""
import base64
import hashlib
import json
import pathlib
import struct
import sys

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "tests/fuzz"
GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "tests/golden"
TEXT = "ab abc\n un \N{LATIN SMALL LETTER E WITH ACUTE}t\u00e9 <end>  12 '\u2019s\r\n\u4e2d\U0001f600"
SPACE = "\u2581"


# --- tokenizer.json ------------------------------------------------------------------------------

def byte_alphabet():
    """GPT-2's character of each byte."""
    seen = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    rest = [byte for byte in range(256) if byte not in seen]
    return {**{byte: chr(byte) for byte in seen},
            **{byte: chr(0x100 + i) for i, byte in enumerate(rest)}}


def tokenizer(tokens, merges, added=(), **parts):
    """`added`: (content, flags) of tokens at the end of the vocabulary."""
    first = len(tokens)
    root = {
        "added_tokens": [{"id": first + i, "content": content, "special": False,
                          "normalized": False, **flags}
                         for i, (content, flags) in enumerate(added)],
        "normalizer": None, "pre_tokenizer": None, "post_processor": None, "decoder": None,
        "model": {"type": "BPE", **parts.pop("model", {}),
                  "vocab": {token: i for i, token in enumerate(tokens)}, "merges": merges},
        **parts,
    }
    return json.dumps(root, ensure_ascii=False, separators=(",", ":")).encode() + b"\0" + TEXT.encode()


def byte_level_seeds():
    space = byte_alphabet()[0x20]
    tokens = ["a", "b", "c", space, "ab", "abc", space + "a"]
    byte_level = {"type": "ByteLevel"}
    template = {"type": "TemplateProcessing", "single": [
        {"SpecialToken": {"id": "<end>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
        {"SpecialToken": {"id": "a", "type_id": 0}}]}
    yield "gpt2", tokenizer(
        tokens, ["a b", "ab c", space + " a"], [("<end>", {"special": True})],
        pre_tokenizer={**byte_level, "add_prefix_space": True}, decoder=byte_level,
        post_processor={"type": "Sequence", "processors": [byte_level, template]})
    golden = json.loads((GOLDEN / "tokenizers/llama3_style/tokenizer.json").read_text())
    split = next(part for part in golden["pre_tokenizer"]["pretokenizers"]
                 if part["type"] == "Split")
    yield "llama3", tokenizer(
        tokens, [["a", "b"], ["ab", "c"]],
        [("<end>", {"lstrip": True, "rstrip": True}), ("un", {"single_word": True}),
         ("12", {"normalized": True})],
        pre_tokenizer={"type": "Sequence", "pretokenizers": [
            split, {**byte_level, "use_regex": False}]},
        decoder=byte_level, model={"ignore_merges": True})


def sentencepiece_seeds():
    tokens = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256)), SPACE, "a", "b", "ab", SPACE + "ab"]
    replace = {"type": "Replace", "pattern": {"String": " "}, "content": SPACE}
    back = {"type": "Replace", "pattern": {"String": SPACE}, "content": " "}
    decoders = [back, {"type": "ByteFallback"}, {"type": "Fuse"}]
    yield "llama2", tokenizer(
        tokens, ["a b", SPACE + " ab"], [("<end>", {"special": True})],
        normalizer={"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": SPACE}, replace]},
        decoder={"type": "Sequence", "decoders": [
            *decoders, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
        model={"byte_fallback": True, "unk_token": "<unk>"})
    yield "no_prefix", tokenizer(tokens, [["a", "b"]], normalizer=replace,
                                 decoder={"type": "Sequence", "decoders": decoders},
                                 model={"byte_fallback": True})


def unigram_and_wordpiece_seeds():
    metaspace = {"type": "Metaspace", "replacement": SPACE, "prepend_scheme": "always", "split": True}
    steps = [{"type": "Strip", "strip_left": False, "strip_right": True},
             {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": SPACE}, {"type": "NFKC"},
             {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(charsmap()).decode()}]
    yield "unigram", document(
        normalizer={"type": "Sequence", "normalizers": steps}, pre_tokenizer=metaspace,
        decoder=metaspace, model={"type": "Unigram", "unk_id": 0, "vocab": [
            ["<unk>", 0.0], [SPACE, -2.0], ["a", -1.0], [SPACE + "a", -0.5], ["x", -3.0]]})
    tokens = ["[UNK]", "[CLS]", "[SEP]", "un", "##s", "ab", "##c", ","]
    yield "wordpiece", document(
        added=[{"id": 2, "content": "[SEP]", "special": True}],
        normalizer={"type": "BertNormalizer"}, pre_tokenizer={"type": "BertPreTokenizer"},
        post_processor={"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1]},
        decoder={"type": "WordPiece"},
        model={"type": "WordPiece", "unk_token": "[UNK]", "max_input_chars_per_word": 100,
               "vocab": {token: i for i, token in enumerate(tokens)}})


def document(added=(), **parts):
    root = {"added_tokens": list(added), "normalizer": None, "post_processor": None, **parts}
    return json.dumps(root, ensure_ascii=False, separators=(",", ":")).encode() + b"\0" + TEXT.encode()


def charsmap():
    """"a" becomes "x", "ab" becomes "y\u00e9" (parvis/text/charsmap.h says how)."""
    def unit(label, has_value, offset):
        return label | has_value << 8 | offset << 10
    units = [0] * 768
    units[0] = unit(0, False, 256)
    a = 256 ^ ord("a")
    units[a] = unit(ord("a"), True, a ^ 512)
    ab = 512 ^ ord("b")
    units[ab] = unit(ord("b"), True, ab ^ 700)
    units[512], units[700] = 1 << 31, 1 << 31 | 2
    return struct.pack("<I768I", 3072, *units) + "x\0y\u00e9\0".encode()


# --- SentencePiece models and lists of tokens ----------------------------------------------------

def varint(number):
    out = b""
    while number >= 128:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def message(field, content):
    return varint(field << 3 | 2) + varint(len(content)) + content


def number(field, value):
    return varint(field << 3) + varint(value)


def sentencepiece_model_seeds():
    pieces = b"".join(
        message(1, message(1, piece.encode()) + varint(2 << 3 | 5) + struct.pack("<f", score)
                + number(3, kind))
        for piece, score, kind in [
            ("<unk>", 0, 2), ("<s>", 0, 3), ("</s>", 0, 3), (SPACE, -2, 1), ("a", -1, 1),
            (SPACE + "a", -0.5, 1), ("[user]", 0, 4)])
    text = "un  ab </s>[user] \u00e9".encode()
    before = struct.pack("<H", len(text)) + text + pieces
    yield "unigram", before + message(2, number(3, 1)) + message(3, message(2, charsmap()))
    yield "bpe", before + message(2, number(3, 2)) + message(3, number(4, 0))


def vocab_files_seeds():
    yield "bert", ("Un caf\u00e9, \u4e2d [SEP]\0[PAD]\n[UNK]\n[CLS]\n[SEP]\nun\ncafe\n##s\n,\n\u4e2d\n"
                   "\0\0{\"do_lower_case\":true}").encode()
    space = byte_alphabet()[0x20]
    vocab = {"h": 0, "e": 1, "he": 2, space: 3, space + "he": 4, "<|endoftext|>": 5}
    yield "gpt2", ("he he<|endoftext|>\0" + json.dumps(vocab, ensure_ascii=False)
                   + f"\0#version: 0.2\nh e\n{space} he\n\0").encode()


def encode_seeds():
    """The first byte chooses the tokeniser."""
    folders = sorted(path for path in (GOLDEN / "tokenizers").iterdir() if path.is_dir())
    for i, path in enumerate(folders):
        yield path.name, bytes([i]) + (
            TEXT + " \ufb01n \u00bd e\u0301 </s>[SEP]<extra_id_7>").encode()
    yield "broken", b"\0a\xff\xe2\x82 \xf0\x9f\x98 b\xc0\xaf"


# --- GGUF ----------------------------------------------------------------------------------------

U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 = range(13)
CODES = {U8: "B", I8: "b", U16: "H", I16: "h", U32: "I", I32: "i", F32: "f", BOOL: "B", U64: "Q",
         I64: "q", F64: "d"}


def gguf_value(kind, value):
    if kind == STRING:
        return struct.pack("<Q", len(value.encode())) + value.encode()
    return struct.pack("<" + CODES[kind], value)


def gguf(keys, tensors=(), version=3, alignment=32):
    """keys: (name, type, value or list); tensors: (name, sizes, type number, bytes)."""
    out = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(keys))
    for name, kind, value in keys:
        out += gguf_value(STRING, name)
        if isinstance(value, list):
            out += struct.pack("<IIQ", ARRAY, kind, len(value))
            out += b"".join(gguf_value(kind, element) for element in value)
        else:
            out += struct.pack("<I", kind) + gguf_value(kind, value)
    data = b""
    for name, sizes, number, content in tensors:
        out += gguf_value(STRING, name) + struct.pack("<I", len(sizes))
        out += b"".join(struct.pack("<Q", size) for size in sizes)
        out += struct.pack("<IQ", number, len(data))
        data += content + b"\0" * (-len(content) % alignment)
    return out + (b"\0" * (-len(out) % alignment) if tensors else b"") + data


def gguf_seeds():
    space = byte_alphabet()[0x20]
    yield "byte_bpe", gguf(
        [("general.architecture", STRING, "gpt2"), ("general.alignment", U32, 8),
         ("tokenizer.ggml.model", STRING, "gpt2"), ("tokenizer.ggml.pre", STRING, "llama-bpe"),
         ("tokenizer.ggml.tokens", STRING, ["a", "b", "ab", space, "<end>"]),
         ("tokenizer.ggml.token_type", I32, [1, 1, 1, 1, 3]),
         ("tokenizer.ggml.merges", STRING, ["a b"]), ("tokenizer.ggml.eos_token_id", U32, 4),
         ("tokenizer.ggml.add_eos_token", BOOL, 1)],
        [("a.weight", [2, 3], 0, b"\x11" * 24), ("b.weight", [32, 2], 8, b"\x22" * 68)], alignment=8)
    yield "sentencepiece", gguf(
        [("general.architecture", STRING, "llama"), ("tokenizer.ggml.model", STRING, "llama"),
         ("tokenizer.ggml.tokens", STRING, ["<unk>", "<s>", "<0x0A>", SPACE, "a", SPACE + "a"]),
         ("tokenizer.ggml.scores", F32, [0.0, 0.0, 0.0, -2.0, -3.0, -1.0]),
         ("tokenizer.ggml.token_type", I32, [2, 3, 6, 1, 1, 4]),
         ("tokenizer.ggml.bos_token_id", U32, 1), ("tokenizer.ggml.unknown_token_id", U32, 0),
         ("tokenizer.ggml.padding_token_id", I32, -1),
         ("tokenizer.ggml.add_space_prefix", BOOL, 0)], version=2)
    yield "unigram", gguf(
        [("general.architecture", STRING, "t5"), ("tokenizer.ggml.model", STRING, "t5"),
         ("tokenizer.ggml.tokens", STRING, ["<pad>", "</s>", "<unk>", SPACE, "a", SPACE + "a"]),
         ("tokenizer.ggml.scores", F32, [0.0, 0.0, 0.0, -2.0, -3.0, -1.0]),
         ("tokenizer.ggml.token_type", I32, [3, 3, 2, 1, 1, 1]),
         ("tokenizer.ggml.remove_extra_whitespaces", BOOL, 1),
         ("tokenizer.ggml.precompiled_charsmap", U8, list(charsmap()))])
    yield "wordpiece", gguf(
        [("general.architecture", STRING, "bert"), ("tokenizer.ggml.model", STRING, "bert"),
         ("tokenizer.ggml.tokens", STRING, ["[UNK]", "[CLS]", "[SEP]", SPACE + "un", "s", SPACE + ","]),
         ("tokenizer.ggml.unknown_token_id", U32, 0), ("tokenizer.ggml.bos_token_id", U32, 1),
         ("tokenizer.ggml.seperator_token_id", U32, 2),
         ("parvis.tokenizer.parts", STRING, '{"normalizer":{"type":"NFC"},"tokens":{"4":"##s"}}')])
    numbers = [(f"n.{kind}", kind, 1) for kind in CODES] + [
        (f"a.{kind}", kind, [0, 1]) for kind in CODES]
    yield "every_type", gguf([("general.architecture", STRING, "x"), *numbers, ("none", STRING, [])])


# --- JSON and safetensors ------------------------------------------------------------------------

def safetensors(header, data):
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def safetensors_seeds():
    yield "two", safetensors(
        {"__metadata__": {"format": "pt"},
         "a": {"dtype": "F32", "shape": [2, 1], "data_offsets": [0, 8]},
         "b": {"dtype": "BF16", "shape": [3], "data_offsets": [8, 14]}}, b"\x11" * 14)
    yield "scalar_and_empty", safetensors(
        {"a": {"dtype": "U8", "shape": [], "data_offsets": [0, 1]},
         "b": {"dtype": "I64", "shape": [0, 7], "data_offsets": [1, 1]}}, b"\x11")


def config_json_seeds():
    yield "config", b'{"model_type":"llama","hidden_size":64,"rope_scaling":{"factor":2.5}}'
    yield "index", b'{"metadata":{},"weight_map":{"a":"model-1.safetensors","b":"model-2.safetensors"}}'


def chat_template_seeds():
    templates = sorted((FOLDER.parents[1] / "tools/goldens/chat_templates").glob("*.jinja"))
    for path in templates:
        yield path.stem, path.read_bytes()
    messages = b'[{"role": "user", "content": "x <|y|> {{ z }}"}]'
    yield "with_messages", b"{% for m in messages %}{{ m.content | upper }}{% endfor %}\0" + messages


def schema_seeds():
    def schema(text):
        return b"\1" * 8 + text

    yield "object", schema(b'{"type":"object","properties":{"a":{"type":"string","maxLength":3},"b":'
                           b'{"items":{"minimum":-1.5,"exclusiveMaximum":2,"type":"number"}}},"required":["b"]}')
    yield "tree", schema(b'{"$ref":"#/$defs/t","$defs":{"t":{"type":"object","properties":{"l":{"anyOf":'
                         b'[{"$ref":"#/$defs/t"},{"type":"null"}]}},"additionalProperties":{"enum":[1,"x"]}}}}')
    yield "merged", schema(b'{"allOf":[{"type":["string","integer"]},{"anyOf":[{"format":"date"},{"pattern":'
                           b'"^a+$","minLength":2},{"const":7}]}]}')
    yield "tuple", schema(b'{"type":"array","prefixItems":[true,{"nullable":true,"type":"boolean"}],'
                          b'"items":false,"minItems":1,"maxItems":2,"uniqueItems":false}')
    yield "any", schema(b"{}")


def regex_seeds():
    yield "groups", b"^(a|b+)*(?:c{2,3}|[^d-f])$\0abc"
    yield "classes", "[\\d\\-é-ü]?\\s\\u00e9.\\x41\\W$|^x*?\0 é".encode()


def token_shard(documents, vocab_size, metadata=b"{}", sign=b"\0"):
    """`documents`: (name, bytes of text, tokens). `sign`: whether the target makes checksums fit."""
    width = 2 if vocab_size <= 65536 else 4
    tokens = b"".join(token.to_bytes(width, "little") for _, _, ids in documents for token in ids)
    head = b"PARVTOKS" + struct.pack("<II", 1, width) + tokens
    head += b"\0" * (-len(head) % 8)
    tail = hashlib.sha256(tokens).digest() if tokens else b""
    token_end = name_end = 0
    for name, text_bytes, ids in documents:
        token_end += len(ids)
        name_end += len(name.encode())
        tail += struct.pack("<QQQ", token_end, name_end, text_bytes)
    tail += b"".join(name.encode() for name, _, _ in documents) + metadata
    tail += struct.pack("<QQQQQ", token_end, len(documents), name_end, len(metadata), vocab_size)
    tail += hashlib.sha256(b"tokenizer").digest()
    return sign + head + tail + hashlib.sha256(tail).digest()


def token_shard_seeds():
    documents = [("a/1", 9, [1, 2, 299]), ("\u00e9t\u00e9", 0, []), ("b", 3, [0])]
    yield "narrow", token_shard(documents, 300, b'{"corpus":"c","licences":{"":3}}')
    yield "wide", token_shard(documents, 70000)
    yield "signed", token_shard(documents, 300, sign=b"\1")
    yield "empty", token_shard([], 300)


def html_seeds():
    yield "page", (
        "<!doctype html><html lang=fr><head><title> A  page</title><meta name=author content=Zo\u00e9>"
        "<style>p {x: y}</style></head><body><nav>Home</nav><h1>Head</h1><p>Some <b>words</b>\n and "
        "&eacute;t&#233;.<p>More<br>lines<ul><li>one<li>two</ul><script>if (a < b) no();</script>"
        "<div hidden>no</div><pre>a\n  b</pre><table><tr><td>c<td>d</table><!-- no -->").encode()
    yield "xhtml", (b'<?xml version="1.0" encoding="latin-1"?><html xmlns="http://www.w3.org/1999/xhtml">'
                    b'<body aria-hidden="true"><svg><text>x</text></svg><template>y</template>&bad;&#0;</body>')


def markdown_seeds():
    yield "page", (
        '---\ntitle: "My page"\nlang: fr\nauthor: Zo\u00e9\n---\n# Head\n\nSome *words* and a [link](http://x.y).\n'
        "Same paragraph.  \nBroken.\n\n- one\n- two\n  1. deep\n\n> said\n\n| a | b |\n|---|---|\n| c | d |\n\n"
        "```c\nint x;\n```\n\n    code\n\n<script>no</script>\n\n![p](q) ~~gone~~ <b>in</b> `x`\n\n[r]: /s\n"
    ).encode()
    yield "unfinished", b"---\ntitle: x\n# no end of it\n\n***\n[a][b] ``` ~~~"


def rows_seeds():
    yield "jsonl", ('\0{"id": 7, "text": "\u00c9t\u00e9, a@b.org  +33 1 23 45 67 89", "lang": "fr"}\n\n'
                    '{"text": "FR7630006000011234567890189 10.0.0.1", "license": "CC0", "url": "u"}\r\n'
                    ).encode()
    yield "csv", b'\1id,text,author\nx,"one, ""two""\nthree",me\n,four,\n'
    yield "tsv", b"\2text\tid\nHi\ta\n"
    yield "text", "\3\ufeffOne  \r\n\r\n\r\ntwo e\u0301 \ufb01".encode()
    yield "paragraphs", b"\4One\ntwo\n\n\nthree\n"
    yield "lines", b"\5" + b"the same line again\n" * 12
    yield "blocks", b"\6One\ntwo"
    yield "latin", b"\3caf\xe9 noir"


def corpus_toml_seeds():
    yield "all", b'''[corpus]
name = "c"
out = "o"
description = "d"
creator = "x"
version = "2"
date = "2026-11-25"
licence = "CC0-1.0"
strike = ["a.txt"]
threads = 2
[[source]]
name = "a"
path = "a.txt"
format = "text"
split = "lines"
language = "fr"
consent = "yes"
[[source]]
path = "b.jsonl"
format = "pairs"
pair = ["s", "t"]
[clean]
unicode = "nfkc"
languages = ["fr"]
[quality]
min_words = 2
max_symbols = 0.5
[duplicates]
exact = true
near = false
threshold = 0.9
[personal]
all = "mask"
email = "drop"
[split]
heldout = 0.1
test = 0
'''
    yield "tokens", b'[[source]]\npath = "a.txt"\n[tokens]\ntokenizer = "t.json"\nshard_tokens = 9\n'
    yield "folder", b'[[source]]\npath = "."\n'


def multipart_seeds():
    head = b"multipart/form-data; boundary=\"b-1\"\n"
    purpose = b"--b-1\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n"
    file = (b"--b-1\r\nContent-Disposition: form-data; name=file; filename=\"a \\\"b\\\".jsonl\"\r\n"
            b"Content-Type: text/plain\r\n\r\n{}\r\n--b-\r\n\x00\r\n")
    yield "whole", head + purpose + file + b"--b-1--\r\n"
    yield "empty", head + b"--b-1--"
    yield "cut", head + purpose + file
    yield "twice", head + purpose + purpose + b"--b-1--"


def jws_seeds():
    """A set of keys, a new line, a token: RFC 7515 A.3, RFC 8037's key with claims that fit, and what is none."""
    def b64(text):
        return base64.urlsafe_b64encode(text).rstrip(b"=")
    ec = (b'{"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",'
          b'"y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}\n')
    yield "es256", ec + (b"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9p"
                         b"c19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3"
                         b"-Kg6NU1Q")
    claims = b64(b'{"iss":"https://issuer.example","aud":["client"],"azp":"client","nonce":"nonce","sub":"1",'
                 b'"exp":1700000300,"iat":1700000000,"nbf":1700000000}')
    ed = b'{"keys":[{"kty":"OKP","kid":"e","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},{"kty":"oct"}]}\n'
    yield "claims", ed + b64(b'{"alg":"EdDSA","kid":"e"}') + b"." + claims + b"." + b64(b"x" * 64)
    rsa = b'{"keys":[{"kty":"RSA","alg":"PS256","use":"sig","n":"' + b64(b"\xc1" * 256) + b'","e":"AQAB"}]}\n'
    yield "ps256", rsa + b64(b'{"alg":"PS256"}') + b"." + claims + b"." + b64(b"x" * 256)
    yield "none", rsa + b64(b'{"alg":"none"}') + b"." + claims + b"."


def upstream_seeds():
    def event(choice):
        return b'data: {"choices": [' + choice + b']}\n\n'
    done = b"data: [DONE]\n\n"
    yield "chat", (b": hi\r\nevent: m\r\n" + event(b'{"index": 1, "delta": {"content": "a\xc3\xa9"}}')
                   + event(b'{"index": 1, "finish_reason": "stop"}') + done)
    yield "usage", b'data: {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 7}}\r\r' + done
    yield "calls", (event(b'{"index": 0, "delta": {"tool_calls": [{"index": 0, "function": {"name": "f", '
                          b'"arguments": "{}"}}]}}') + event(b'{"index": 0, "finish_reason": "tool_calls"}'))
    yield "error", b'data: {"error": {"message": "no"}}\n\n'
    yield "logprobs", (event(b'{"index": 0, "delta": {"content": "a"}, "logprobs": {"content": [{"token": "a", "logprob": -1, '
                             b'"bytes": [97], "top_logprobs": [{"token": "b", "logprob": -2}]}]}}')
                       + event(b'{"index": 0, "finish_reason": "stop"}') + done)
    yield "older_logprobs", (event(b'{"index": 0, "delta": {"content": "a"}, "logprobs": {"tokens": ["a"], "token_logprobs": [-1.5], '
                                   b'"top_logprobs": [{"a": -1.5, "b": -2}], "text_offset": [0]}}'))


def vector_seeds():
    def listed(*embeddings):
        data = b", ".join(b'{"object": "embedding", "index": %d, "embedding": %s}' % (i, e) for i, e in enumerate(embeddings))
        return b'{"object": "list", "data": [' + data + b'], "usage": {"prompt_tokens": 5, "total_tokens": 5}}'
    yield "numbers", listed(b"[0.6, 0.8, 0]")
    yield "two", listed(b"[1, 0]", b"[0, -1e-9]")
    yield "base64", listed(b'"AACAPwAAAAAAAAC/"')
    yield "infinite", listed(b"[1e308]")


SEEDS = {
    "jws_fuzz": [jws_seeds],
    "upstream_stream_fuzz": [upstream_seeds],
    "upstream_vectors_fuzz": [vector_seeds],
    "multipart_fuzz": [multipart_seeds],
    "regex_fuzz": [regex_seeds],
    "schema_fuzz": [schema_seeds],
    "corpus_toml_fuzz": [corpus_toml_seeds],
    "html_fuzz": [html_seeds],
    "markdown_fuzz": [markdown_seeds],
    "rows_fuzz": [rows_seeds],
    "chat_template_fuzz": [chat_template_seeds],
    "config_json_fuzz": [config_json_seeds],
    "encode_fuzz": [encode_seeds],
    "gguf_fuzz": [gguf_seeds],
    "safetensors_fuzz": [safetensors_seeds],
    "sentencepiece_model_fuzz": [sentencepiece_model_seeds],
    "token_shard_fuzz": [token_shard_seeds],
    "tokenizer_json_fuzz": [byte_level_seeds, sentencepiece_seeds, unigram_and_wordpiece_seeds],
    "vocab_files_fuzz": [vocab_files_seeds],
}


def main():
    different = []
    for target, makers in SEEDS.items():
        for name, content in (seed for maker in makers for seed in maker()):
            path = FOLDER / target / name
            if path.exists() and path.read_bytes() == content:
                continue
            different.append(f"{target}/{name}")
            if "--check" not in sys.argv[1:]:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
    if different:
        print("different: " + ", ".join(different))
    return 1 if different and "--check" in sys.argv[1:] else 0


if __name__ == "__main__":
    sys.exit(main())
