"""Learns a tokeniser as `parvis tokenizer train` does, with Hugging Face's tokenizers, for measure.py.

usage: learn.py KIND SIZE FILE.jsonl OUT.json   (KIND: bpe, wordpiece, unigram)"""
import json
import sys

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers


def main():
    kind, size, path, out = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
    quiet = {"vocab_size": size, "show_progress": False}
    if kind == "bpe":
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        trainer = trainers.BpeTrainer(min_frequency=2, special_tokens=["<|endoftext|>"],
                                      initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), **quiet)
    elif kind == "wordpiece":
        tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        trainer = trainers.WordPieceTrainer(
            min_frequency=2, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], **quiet)
    else:
        tokenizer = Tokenizer(models.Unigram())
        tokenizer.normalizer = normalizers.NFKC()
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
        trainer = trainers.UnigramTrainer(unk_token="<unk>",
                                          special_tokens=["<pad>", "</s>", "<unk>"], **quiet)
    with open(path, encoding="utf-8") as file:
        tokenizer.train_from_iterator((json.loads(line)["text"] for line in file), trainer)
    tokenizer.save(out)


if __name__ == "__main__":
    main()
