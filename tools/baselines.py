"""Bits per byte of held-out text under n-grams, which anyone can rebuild.

- byte 5-gram: interpolated modified Kneser-Ney over bytes (Chen and Goodman, 1998).
- word 5-gram: the same over words. A word is a run of letters or digits or a single other character,
  with the space before it; words seen fewer than twice are one unknown word, which is then spelled by
  a byte 6-gram trained on the spelling of all training words. So every text has a probability.

Each document starts without context, as for our own models. Numbers are per language, over the bytes
of the text itself.
"""

import collections
import re

import numpy as np

WORD = re.compile(r" ?[^\W\d_]+| ?\d| ?[^\w\s]|\s|_")


class KneserNey:
    """Interpolated modified Kneser-Ney over integer symbols 1 … size-1; 0 pads the start of a document."""

    def __init__(self, sequences, order, size):
        self.order, self.size = order, size
        symbols, valid = self._join(sequences)
        self.keys, contexts, suffixes, counts = [], [], [], []
        previous = np.zeros(len(symbols), np.int64)  # id of the (n-1)-gram that ends at each place
        for n in range(1, order + 1):
            before = np.concatenate(([0], previous[:-1]))
            keys, ids = np.unique((before * size + symbols)[order:], return_inverse=True)
            gram = np.zeros(len(symbols), np.int64)
            gram[order:] = ids
            self.keys.append(keys)
            first = np.zeros(len(keys), np.int64)
            first[ids] = np.arange(order, len(symbols))  # any place where the n-gram occurs
            contexts.append(before[first])
            suffixes.append(previous[first])
            counts.append(np.bincount(ids, weights=valid[order:], minlength=len(keys)))
            previous = gram
        self._estimate(contexts, suffixes, counts)

    def _join(self, sequences):
        """All documents in one array, each after `order` pads, and which places are symbols."""
        pad = np.zeros(self.order, np.int64)
        parts = [p for s in sequences for p in (pad, s)]
        symbols = np.concatenate(parts)
        valid = np.concatenate([np.full(len(p), p is not pad) for p in parts]).astype(np.float64)
        return symbols, valid

    def _estimate(self, contexts, suffixes, counts):
        """Discounted probabilities of the n-grams and the weight left to the shorter context."""
        self.probability, self.left_over = [], []
        for n in range(1, self.order + 1):
            if n < self.order:  # how many different symbols were seen before it
                seen = counts[n] > 0
                c = np.bincount(suffixes[n][seen], minlength=len(counts[n - 1])).astype(np.float64)
                c[counts[n - 1] == 0] = 0
            else:
                c = counts[n - 1]
            n1, n2, n3, n4 = (max(1, int((c == k).sum())) for k in (1, 2, 3, 4))
            y = n1 / (n1 + 2 * n2)
            discount = np.zeros(len(c))
            for k, d in (
                (1, 1 - 2 * y * n2 / n1),
                (2, 2 - 3 * y * n3 / n2),
                (3, 3 - 4 * y * n4 / n3),
            ):
                discount[(c == k) if k < 3 else (c >= 3)] = min(max(d, 0.0), k)
            length = len(self.keys[n - 2]) if n > 1 else 1
            context = contexts[n - 1] if n > 1 else np.zeros(len(c), np.int64)
            total = np.bincount(context, weights=c, minlength=length)
            left = np.bincount(context, weights=np.where(c > 0, discount, 0), minlength=length)
            with np.errstate(invalid="ignore", divide="ignore"):
                self.probability.append(
                    np.where(total[context] > 0, np.maximum(c - discount, 0) / total[context], 0)
                )
                self.left_over.append(np.where(total > 0, left / total, 1.0))

    def bits(self, sequences):
        """-log2 of the probability of each symbol, all sequences in a row."""
        symbols, valid = self._join(sequences)
        p = np.full(len(symbols), 1.0 / (self.size - 1))
        previous = np.zeros(len(symbols), np.int64)
        for n in range(1, self.order + 1):
            before = np.concatenate(([0 if n == 1 else -1], previous[:-1]))
            key = np.where(before >= 0, before * self.size + symbols, -1)
            place = np.minimum(np.searchsorted(self.keys[n - 1], key), len(self.keys[n - 1]) - 1)
            gram = np.where(self.keys[n - 1][place] == key, place, -1)
            known = before >= 0
            context = np.where(known, before, 0)
            here = np.where(gram >= 0, self.probability[n - 1][np.maximum(gram, 0)], 0)
            p = np.where(known, here + self.left_over[n - 1][context] * p, p)
            previous = gram
        return -np.log2(p[valid > 0])


def bytes_of(text):
    return np.frombuffer(text.encode(), np.uint8).astype(np.int64) + 1


def word_bits(train, held_out):
    """The word 5-gram, unknown words spelled."""
    count = collections.Counter(w for text in train for w in WORD.findall(text))
    vocabulary = {w: i + 2 for i, w in enumerate(sorted(w for w, c in count.items() if c >= 2))}

    def numbers(text):
        return np.array([vocabulary.get(w, 1) for w in WORD.findall(text)], np.int64)

    def spelling(word):
        return np.append(bytes_of(word), 257)

    model = KneserNey([numbers(t) for t in train], 5, len(vocabulary) + 2)
    speller = KneserNey([spelling(w) for w in sorted(count)], 6, 258)
    assert all("".join(WORD.findall(t)) == t for t in held_out)
    unknown = [w for t in held_out for w in WORD.findall(t) if w not in vocabulary]
    bits = model.bits([numbers(t) for t in held_out]).sum()
    return bits + (speller.bits([spelling(w) for w in unknown]).sum() if unknown else 0)


def byte_bits(order, train, held_out):
    model = KneserNey([bytes_of(t) for t in train], order, 257)
    return model.bits([bytes_of(t) for t in held_out]).sum()
