#ifndef PARVIS_TEXT_TOKENIZER_H_
#define PARVIS_TEXT_TOKENIZER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "parvis/core/result.h"

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

// Everything that a file says about a tokeniser: what is read from and written to tokenizer.json
// and GGUF. Tokens stand as they do in the files (byte-level tokens in GPT-2's printable alphabet,
// SentencePiece's with "▁").
struct Vocabulary {
  std::string model;  // "byte_bpe" or "sentencepiece_bpe"
  // Which pre-tokeniser splits text before merging: "gpt2", "llama3" or "qwen2". byte_bpe only.
  std::string pre_tokenizer;
  std::vector<std::string> tokens;                          // by id; dense
  std::vector<TokenKind> kinds;                             // by id
  std::vector<float> scores;                                // by id; sentencepiece_bpe only
  std::vector<std::pair<std::string, std::string>> merges;  // byte_bpe only, best first
  std::vector<AddedToken> added;
  std::optional<TokenId> bos, eos, unknown, padding;
  bool add_bos = false, add_eos = false;  // without effect where there is no bos or eos
  bool add_prefix_space = false;
  bool ignore_merges = false;  // a pre-token that is a token as a whole is not merged
  std::string chat_template;
};

// The longest text that is encoded at once: a third of what 32-bit offsets reach, since a byte that
// is not UTF-8 becomes three.
constexpr size_t kMaxTextBytes = size_t{1} << 30;

struct Encoded {
  std::vector<TokenId> ids;
  std::vector<std::pair<uint32_t, uint32_t>> offsets;  // bytes [begin, end) of the input
};

struct EncodeOptions {
  bool add_special = true;  // bos and eos, as the vocabulary says
  bool parse_special =
      false;  // the text of a special token becomes that token; never for users' text
  bool offsets = false;
};

// Turns text into tokens and back. Immutable; safe to use from several threads.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  const Vocabulary& vocabulary() const { return vocabulary_; }
  int vocab_size() const { return static_cast<int>(vocabulary_.tokens.size()); }
  std::optional<TokenId> bos() const { return vocabulary_.bos; }
  std::optional<TokenId> eos() const { return vocabulary_.eos; }
  std::optional<TokenId> unknown() const { return vocabulary_.unknown; }
  std::optional<TokenId> padding() const { return vocabulary_.padding; }
  bool add_bos() const { return vocabulary_.add_bos; }
  bool add_eos() const { return vocabulary_.add_eos; }
  std::string_view kind() const { return vocabulary_.model; }
  bool IsSpecial(TokenId id) const;  // control and unknown tokens: no text of anybody
  // The token written like this in the vocabulary.
  virtual std::optional<TokenId> Find(std::string_view token) const = 0;

  // Any bytes; parts that are not UTF-8 are read as U+FFFD, one for each maximal part of a
  // character (as Python's errors="replace" has it), and give the ids of that text. Offsets always
  // point into `text`; a token that holds a part of a character has the whole character as its
  // range, bos and eos have (0, 0), and a space belongs to the token that begins with it. Time: O(n
  // log n) for any text. REQUIRES: text.size() <= kMaxTextBytes.
  virtual Encoded Encode(std::string_view text, const EncodeOptions& options = {}) const = 0;

  // Bytes that these tokens stand for. Ids outside the vocabulary stand for nothing.
  virtual std::string Decode(std::span<const TokenId> ids, bool skip_special = true) const = 0;

  // Bytes of one token in the middle of a text.
  virtual std::string TokenBytes(TokenId id) const = 0;

 protected:
  explicit Tokenizer(Vocabulary vocabulary) : vocabulary_(std::move(vocabulary)) {}

 private:
  Vocabulary vocabulary_;
};

// Checks a vocabulary (dense and unique tokens, merges of known tokens, ids in range) and makes its
// tokeniser.
Result<std::unique_ptr<Tokenizer>> MakeTokenizer(Vocabulary vocabulary);

// Reads Hugging Face's tokenizer.json: byte-level BPE, and SentencePiece's BPE as LLaMA 1 and 2
// have it. `config` is the text of tokenizer_config.json (names of bos, eos and padding, chat
// template), or empty. A part that would not be computed exactly is refused by its field.
Result<std::unique_ptr<Tokenizer>> ReadTokenizerJson(std::string_view json,
                                                     std::string_view config = {});

// Files that read back as the same tokeniser, here and in Hugging Face's `tokenizers`.
std::string WriteTokenizerJson(const Tokenizer& tokenizer);
std::string WriteTokenizerConfigJson(const Tokenizer& tokenizer);

// GPT-2's older pair of files.
Result<std::unique_ptr<Tokenizer>> ReadVocabAndMerges(std::string_view vocab_json,
                                                      std::string_view merges_txt);

}  // namespace parvis::text

#endif  // PARVIS_TEXT_TOKENIZER_H_
