"""Strings that are hard on a byte-level tokeniser, drawn with a fixed seed from our own templates."""

import random
import unicodedata

FRENCH = [
    "L'été dernier, j'ai vu {n} bateaux près du port.", "Où va-t-il ? Qu'est-ce que c'est ?",
    "Aujourd’hui, l’œuf de la poule n’est pas encore éclos…", "« Ça y est ! » s'écria-t-elle.",
    "Le garçon naïf mangea {n} pâtés à Noël.", "C'était hier : nous n'avions plus d'encre.",
    "Prix : {n} 000 € (TTC), soit {n},50 % de plus.", "ÇA COÛTE TRÈS CHER, À MON ÂGE !",
]
ENGLISH = [
    "The quick kettle sang while {n} mice danced.", "I can't believe they're gone; she'd've known!",
    "It's {n} o'clock -- isn't it?", "WE'LL SEE WHAT HE'S DONE, SHE'D SAID.",
    "“Don’t,” she whispered, “you’ll wake them.”", "A well-known, state-of-the-art re-run (v{n}.0).",
    "E-mail me at someone@example.org or visit http://example.org/a?b={n}&c=d#e.",
]
CODE = [
    "for (int i = 0; i < {n}; ++i) {{\n\tsum += x[i] * y[i];\n}}\n",
    "def f(x, *, y={n}):\n    \"\"\"Doc.\"\"\"\n    return x ** y if x else None\n",
    "SELECT a, COUNT(*) FROM t WHERE b >= {n} GROUP BY a;\r\n", "#include <vector>\nstd::vector<int> v({n});",
    "<div class=\"a b\" id='c{n}'>&nbsp;&amp;</div>", "{{\"k\": [1, {n}, null], \"s\": \"\\u00e9\\n\"}}",
    "let r = |x: &str| -> Result<_, E> {{ x.parse::<u{n}>()? }};", "if __name__=='__main__':sys.exit(main())",
    "$ ls -la ~/x/*.txt | awk '{{print $1}}' >> out_{n}.log 2>&1", "\\frac{{a_{n}}}{{b^2}} \\neq \\alpha",
    "x = 0x{n}ff; y = 1e-{n}; z = 0b1010_0101;", "\t\t\treturn !!(a && b) || c?.d ?? e;\n\n\n\t}}",
]
EMOJI = ["😀", "👍🏽", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🇫🇷", "🇬🇧🇩🇪", "❤️", "☎︎", "1️⃣", "🧑🏿‍🚀", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "🤷‍♀️", "🐈‍⬛", "™️", "🀄"]
COMBINING = ["é", "e\u0301", "A\u030a", "Å", "n\u0303o", "Z\u0351\u036b\u0343a\u0308\u0323l", "ﬁn", "ﷺ", "q\u0307\u0323",
             "\u0301seul", "क्षि", "ன்", "ก็", "ạ\u0306", "İi̇ıI", "ǅ", "ß ẞ", "ſ", "K", "Ω Ω", "ˈfəʊn", "ʰ", "ª º"]
CJK = ["今天天气很好。", "我有{n}个苹果，你呢？", "猫がソファーで寝ています。", "カタカナとひらがな、漢字！", "ﾊﾝｶｸ全角ＡＢＣ１２３",
       "안녕하세요 {n}번째 손님", "한국어 조사가 붙어요.", "각", "𠮷野家", "〇一二三", "《书名》「引用」", "ㄅㄆㄇ", "ー～・"]
RTL = ["مرحبا بالعالم", "السَّلامُ عَلَيْكُم", "العدد ١٢٣ و{n}", "שלום עולם", "שָׁלוֹם", "‏English داخل עברית‎", "می‌خواهم", "ـــ",
       "۱۲۳۴", "أ + ب = ج؟", "ד״ר צה״ל"]
OTHER = ["Привет, мир! {n}", "Γειά σου Κόσμε", "Xin chào {n} bạn", "สวัสดีชาวโลก", "नमस्ते दुनिया", "გამარჯობა", "Բարեւ", "ሰላም", "ᚠᛇᚻ",
         "½ ⅔ Ⅷ ② ³ ₄ ㊿ ௧ ৩ 𝟘𝟙", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢", "→ ⇒ ∀x∈ℝ ∃y ≠ ∅", "€ £ ¥ ₿ ¢", "— – ‐ ‑ ― … ‥ ⁇ ‽", "№ ℃ ☃ ♞ ♫"]
SPACES = [" ", "  ", "   ", "\t", "\n", "\r\n", "\r", "\u00a0", "\u2028", "\u2029", "\u0085", "\u3000", "\u200b", "\ufeff",
          "\u2003", "\u202f", "\u1680", "\u180e", "\u000b", "\u000c", "\u205f", "\u2060", "\n\n", " \n", "\n "]
CONTRACTIONS = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'T", "'RE", "'Ve", "'M", "'lL", "'D", "’s", "’T", "'", "''",
                "'sx", "'tis", "'remember", "'verily", "'llama", "'dx", "'x", "'ſ", "`s", "'s's", " 's", "'re've"]
PIECES = ["a", "Z", "é", "7", "42", "1234567", ".", "...", "!?", "_", "-", "\u4e2d", "\U0001f600", "ж", "+", "\"", "(", "{", "\\"]
INVALID = [b"\xff", b"\xfe\xff", b"\x80", b"\xbf\xbf", b"\xc0\xaf", b"\xc3", b"\xc3(", b"\xe2\x82", b"\xe2\x28\xa1", b"\xed\xa0\x80",
           b"\xed\xbf\xbf", b"\xf0\x9f\x98", b"\xf0\x9f", b"\xf0\x28\x8c\xbc", b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80",
           b"\xe0\x80\x80", b"\xf0\x80\x80\x80", b"\xe1\x80\xe2\xf0\x91\x92\xf1\xbf", b"\xc1\xbf", b"\xf5", b"\xef\xbf"]


def assigned(code_point):
    """Assigned in Unicode 3.2 already, so that every table of the last twenty years agrees."""
    return unicodedata.ucd_3_2_0.category(chr(code_point)) not in ("Cn", "Cs", "Co")


def fill(rng, templates):
    return rng.choice(templates).replace("{{", "{").replace("}}", "}").replace(
        "{n}", str(rng.choice([0, 7, 12, 345, 2024, 98765, 1234567890])))


def random_unicode(rng):
    text = []
    while len(text) < rng.randint(1, 14):
        high = rng.choice([0x7f, 0xff, 0x2ff, 0x7ff, 0x2fff, 0xffff, 0x1d7ff])
        code_point = rng.randint(0, high)
        if assigned(code_point):
            text.append(chr(code_point))
    return "".join(text)


def long_runs(rng):
    units = ["a", "A", " ", "\n", "0", "9", "é", "-", "=", "!", "ab", "ha", "😀", "中", "\t", "\r\n", "\u00a0", "'s", "x ", " x", "\0",
             "e\u0301", "١", "."]
    return [unit * rng.choice([17, 64, 129, 300]) for unit in units] + [
        "a" * 1500, " " * 1000, "1" * 700, "\n" * 500 + "x", " " * 257 + "x", "ab" * 400, "x" * 99 + " " * 99 + "y" * 99]


def strings(special_tokens, corpus, seed=20261123):
    """Yields text (str) and invalid input (bytes), each once."""
    rng = random.Random(seed)
    fixed = ["", " ", "  ", "\n", "a", "é", "\0", "\ufeff", "\ufffd", "\U0010ffff", "'", "<|", "<||>"]
    out = fixed + FRENCH + ENGLISH + EMOJI + COMBINING + CONTRACTIONS + SPACES + PIECES + long_runs(rng)
    for count, templates in ((60, FRENCH), (60, ENGLISH), (130, CODE), (50, CJK), (45, RTL), (50, OTHER)):
        out += [fill(rng, templates) for _ in range(count)]
    out += list(corpus)
    everything = [EMOJI, COMBINING, CJK, RTL, OTHER, SPACES, PIECES, CONTRACTIONS]
    for count, parts in ((130, [EMOJI, PIECES, [" ", ""]]), (100, [COMBINING, PIECES, [" ", ""]]),
                         (330, [SPACES, SPACES, PIECES]), (170, [CONTRACTIONS, PIECES, [" ", "I", "you", "DON"]]),
                         (220, everything)):
        out += ["".join(fill(rng, rng.choice(parts)) for _ in range(rng.randint(2, 9))) for _ in range(count)]
    for _ in range(150):  # numbers
        number = rng.choice([rng.randint(0, 10**rng.randint(1, 18)), round(rng.uniform(-1e4, 1e4), rng.randint(0, 5))])
        out.append(rng.choice(["{}", " {}", "{:,}", "n°{}", "{}th", "${}", "-{}", "{:+}", "v{}.{}", "{0}/{0}"]).format(number, number))
    for _ in range(110):  # control characters
        out.append("".join(rng.choice([chr(rng.randint(0, 31)), chr(rng.randint(127, 159)), "x", " ", "word"])
                           for _ in range(rng.randint(1, 10))))
    for _ in range(100):  # special tokens inside text, whole and cut
        words = list(special_tokens) + [t[:-1] for t in special_tokens] + [" ", "a", "\n", "<|", "|>", "texte ", "😀"]
        out.append("".join(rng.choice(words) for _ in range(rng.randint(1, 6))))
    out += [random_unicode(rng) for _ in range(240)]
    out += INVALID
    for _ in range(160):
        part = [rng.choice(INVALID), rng.choice(["a", " ", "é", "中", "😀", "\n", "1", ""]).encode(), rng.choice(INVALID + [b" ok"])]
        rng.shuffle(part)
        out.append(b"".join(part))
    out += [bytes(rng.randint(0, 255) for _ in range(rng.randint(1, 16))) for _ in range(60)]
    return list(dict.fromkeys(out))
