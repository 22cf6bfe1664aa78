#ifndef PARVIS_TEXT_VOCABULARY_H_
#define PARVIS_TEXT_VOCABULARY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "parvis/text/normalizer.h"

namespace parvis::text {

using TokenId = int32_t;

enum class TokenKind : uint8_t { kNormal, kUnknown, kControl, kUserDefined, kUnused, kByte };

// How a token that is written into text by name (an "added" token) is found in it.
struct AddedToken {
  TokenId id = 0;
  std::string content;
  bool special = false;      // a control token: never found in a user's text
  bool single_word = false;  // only between characters that are not letters or digits
  bool lstrip = false;       // takes white space before it along
  bool rstrip = false;       // … after it
  bool normalized = false;
};

// A part of the template for two texts.
struct TemplatePart {
  enum class Kind : uint8_t { kFirst, kSecond, kToken };
  Kind kind = Kind::kFirst;
  TokenId token = -1;
  uint8_t type = 0;  // what Encoded::types says

  bool operator==(const TemplatePart&) const = default;
};

// Everything that a file says about a tokeniser: what is read from and written to tokenizer.json
// and GGUF. Tokens stand as they do in the files (byte-level tokens in GPT-2's printable alphabet,
// SentencePiece's with "▁").
struct Vocabulary {
  std::string model;  // "byte_bpe", "sentencepiece_bpe", "unigram" or "wordpiece"
  // What is done to a text before it is split.
  std::vector<NormalizerStep> normalizer;
  // What splits it. byte_bpe: a name of pretokenizer.h; unigram: "metaspace" (a piece begins with
  // each "▁", which stands for a space), "whitespace+metaspace" (white space goes first) or "" (as
  // it is); sentencepiece_bpe: "metaspace" (no space is added before one) or ""; wordpiece: "".
  std::string pre_tokenizer;
  std::vector<std::string> tokens;                          // by id; dense
  std::vector<TokenKind> kinds;                             // by id
  std::vector<float> scores;                                // by id; sentencepiece_bpe, unigram
  std::vector<std::pair<std::string, std::string>> merges;  // of both kinds of BPE, best first
  std::vector<AddedToken> added;
  // BERT's [CLS] is bos, its [SEP] both eos and separator.
  std::optional<TokenId> bos, eos, unknown, padding, separator, mask;
  bool add_bos = false, add_eos = false;  // without effect where there is no bos or eos
  std::vector<TemplatePart> pair;  // how two texts stand together; empty: each as one alone does
  bool add_prefix_space = false;
  bool prefix_only_first = false;  // not after an added token
  bool trim_offsets = false;       // byte_bpe: ranges leave out white space at a token's ends …
  bool trim_keeps_prefix = false;  // … but for the first space of a text
  bool byte_fallback = false;      // unigram: a character that is no token becomes its bytes'
  bool ignore_merges = false;      // a pre-token that is a token as a whole is not merged
  // wordpiece: what a token that continues a word begins with; the characters of the longest word
  // that is looked at; whether decoding takes away spaces before punctuation.
  std::string continuing_prefix = "##";
  int64_t max_word_characters = 100;
  bool decoder_cleanup = true;
  // Templates of conversations (parvis/chat): the usual one, and others by name ("tool_use").
  std::string chat_template;
  std::vector<std::pair<std::string, std::string>> chat_templates;
  std::vector<TokenId> end_tokens;  // that end an answer, beside eos
};

}  // namespace parvis::text

#endif  // PARVIS_TEXT_VOCABULARY_H_
