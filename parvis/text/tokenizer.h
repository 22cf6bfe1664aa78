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

#include "parvis/core/json.h"
#include "parvis/core/result.h"
#include "parvis/text/caller_text.h"
#include "parvis/text/vocabulary.h"

namespace parvis::text {

class AddedTokens;
class TokenTable;

// The longest text that is encoded at once: a third of what 32-bit offsets reach, since a byte that
// is not UTF-8 becomes three.
constexpr size_t kMaxTextBytes = size_t{1} << 30;

struct Encoded {
  std::vector<TokenId> ids;
  std::vector<std::pair<uint32_t, uint32_t>> offsets;  // bytes [begin, end) of the token's text
  std::vector<uint8_t> types;  // what a model is told: BERT has 1 for the second text and its end
  std::vector<int8_t> texts;  // whose each token is: 0 the first text's, 1 the second's, or kNobody

  static constexpr int8_t kNobody = -1;  // the tokens of begin and end
};

struct EncodeOptions {
  bool add_special = true;  // bos and eos, as the vocabulary says
  // The text of a special token becomes that token; never for users' text.
  bool parse_special = false;
  bool offsets = false;                // Encoded::offsets are wanted, too
  const CallerText* caller = nullptr;  // null: all of the text is the program's own
};

// Turns text into tokens and back. Immutable; safe to use from several threads.
class Tokenizer {
 public:
  virtual ~Tokenizer();

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
  std::optional<TokenId> Find(std::string_view token) const;

  // Any bytes; parts that are not UTF-8 are read as U+FFFD, one for each maximal part of a
  // character (as Python's errors="replace" has it), and give the ids of that text. Offsets always
  // point into `text`; a token that holds a part of a character has the whole character as its
  // range, bos and eos have (0, 0), and a space belongs to the token that begins with it unless
  // trim_offsets is set. Time: O(n log n) for any text. REQUIRES: text.size() <= kMaxTextBytes.
  Encoded Encode(std::string_view text, const EncodeOptions& options = {}) const;

  // Two texts as one sequence, put together as the vocabulary says (BERT's question and text). The
  // offsets of each point into its own text.
  Encoded EncodePair(std::string_view first, std::string_view second,
                     const EncodeOptions& options = {}) const;

  // Bytes that these tokens stand for. Ids outside the vocabulary stand for nothing.
  virtual std::string Decode(std::span<const TokenId> ids, bool skip_special = true) const = 0;

  // Bytes of one token in the middle of a text.
  virtual std::string TokenBytes(TokenId id) const = 0;

 protected:
  // Normalised text without added tokens, and where it stands in the input.
  struct Section {
    std::string_view text;
    size_t origin = 0;                     // of the input, if it is not aligned
    const AlignedText* aligned = nullptr;  // `text` is [at, …) of this; null: it is the input's own
    size_t at = 0;
    bool offsets = false;

    // The input bytes of text[from, to), widened to whole characters. REQUIRES: offsets, from < to.
    std::pair<uint32_t, uint32_t> RangeOf(size_t from, size_t to) const;
    bool is_first() const;  // nothing stands before it in the input
  };

  explicit Tokenizer(Vocabulary vocabulary, Normalizer normalizer = {});

  // Appends the tokens of a section (and their ranges, if section.offsets).
  virtual void EncodeSection(const Section& section, Encoded& out) const = 0;
  // The last token of `out` is an added one that stands in the text as `written`: the kind may
  // change its range.
  virtual void TrimAdded(std::string_view written, Encoded& out) const;

 private:
  Encoded Join(std::string_view first, std::string_view second, const EncodeOptions& options,
               std::span<const TemplatePart> parts) const;
  void EncodeText(std::string_view text, const EncodeOptions& options, Encoded& out) const;
  void EncodeBetween(std::string_view whole, size_t origin, size_t end,
                     const EncodeOptions& options, Encoded& out) const;

  Vocabulary vocabulary_;
  Normalizer normalizer_;
  std::unique_ptr<const AddedTokens> added_;
  std::unique_ptr<const TokenTable> ids_;
};

// Checks a vocabulary (dense and unique tokens, merges of known tokens, ids in range) and makes its
// tokeniser.
Result<std::unique_ptr<Tokenizer>> MakeTokenizer(Vocabulary vocabulary);

// Reads Hugging Face's tokenizer.json: byte-level BPE, SentencePiece's BPE as LLaMA 1 and 2 have
// it, Unigram as T5 has it, WordPiece as BERT has it. `config` is the text of tokenizer_config.json
// (names of bos, eos and padding, chat template), or empty. A part that would not be computed
// exactly is refused by its field.
Result<std::unique_ptr<Tokenizer>> ReadTokenizerJson(std::string_view json,
                                                     std::string_view config = {});

// Files that read back as the same tokeniser, here and in Hugging Face's `tokenizers`.
std::string WriteTokenizerJson(const Tokenizer& tokenizer);
std::string WriteTokenizerConfigJson(const Tokenizer& tokenizer);
// What tokenizer_config.json calls chat_template: a text, or a list of texts with names; null if
// there is none.
Json ChatTemplatesJson(const Vocabulary& vocabulary);

// GPT-2's older pair of files, which RoBERTa and Qwen 2 have, too; `config` as above (which of them
// it is: tokenizer_class; added tokens). Without config: RoBERTa by its tokens, else GPT-2.
Result<std::unique_ptr<Tokenizer>> ReadVocabAndMerges(std::string_view vocab_json,
                                                      std::string_view merges_txt,
                                                      std::string_view config = {});

// BERT's list of tokens, one a line. `config` as above (do_lower_case, strip_accents,
// tokenize_chinese_chars are read).
Result<std::unique_ptr<Tokenizer>> ReadVocabTxt(std::string_view vocab_txt,
                                                std::string_view config = {});

// A SentencePiece model (spiece.model of T5, tokenizer.model of LLaMA 1 and 2 and Mistral):
// Unigram or BPE, computed as SentencePiece itself does. `config` as above (which of bos and eos
// are added; T5's <extra_id_N>, which are no part of the model).
Result<std::unique_ptr<Tokenizer>> ReadSentencePieceModel(std::string_view bytes,
                                                          std::string_view config = {});

}  // namespace parvis::text

#endif  // PARVIS_TEXT_TOKENIZER_H_
