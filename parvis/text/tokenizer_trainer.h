#ifndef PARVIS_TEXT_TOKENIZER_TRAINER_H_
#define PARVIS_TEXT_TOKENIZER_TRAINER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parvis/core/thread_pool.h"
#include "parvis/text/piece_counter.h"
#include "parvis/text/pretokenizer.h"
#include "parvis/text/tokenizer.h"

namespace parvis::text {

struct TokenizerTrainerOptions {
  // byte_bpe: GPT's, BLOOM's and LLaMA 3's; unigram: T5's; wordpiece: BERT's.
  enum class Kind : uint8_t { kByteBpe, kUnigram, kWordPiece };
  Kind kind = Kind::kByteBpe;
  int64_t vocab_size = 8192;  // with the special tokens and the 256 bytes or the characters
  int64_t min_count = 2;      // what is rarer is not made a token
  PreTokenizer pre_tokenizer = PreTokenizer::kLlama3;  // of byte_bpe
  // Of unigram and wordpiece; wordpiece drops accents then, too, as BERT does.
  bool lowercase = false;
  // Of unigram and wordpiece: at most this many characters become tokens, the most frequent ones.
  int64_t alphabet = 1000;
  // Take the first ids, in this order. Before them unigram has T5's <pad>, </s> and <unk>, and
  // wordpiece BERT's [PAD], [UNK], [CLS], [SEP] and [MASK].
  std::vector<std::string> special_tokens;
  int64_t extra_ids = 0;  // of unigram: T5's <extra_id_0>, …, which take the last ids, backwards
  std::string bos, eos;   // of byte_bpe: names among special_tokens, or empty
  bool add_bos = false;
};

// "bpe", "unigram" or "wordpiece", and "byte_bpe" as a Vocabulary says it.
std::optional<TokenizerTrainerOptions::Kind> TokenizerKindFromName(std::string_view name);

// Learns a tokeniser from texts: counts their pieces on all threads, then learns tokens from the
// distinct ones (docs/design/tokenisers.md has the rules). What is learned depends on the texts and
// the options only. Memory grows with distinct pieces, up to PieceCounter's limit.
class TokenizerTrainer {
 public:
  TokenizerTrainer(TokenizerTrainerOptions options, ThreadPool& pool);

  // Counts one document. Invalid UTF-8 counts as U+FFFD.
  void Add(std::string_view text);
  int64_t bytes() const { return counter_.bytes_added(); }
  const PieceCounter& counter() const { return counter_; }

  // `progress(done, total)` is called now and then with tokens learned; may be empty. Once only.
  Result<std::unique_ptr<Tokenizer>> Train(
      const std::function<void(int64_t, int64_t)>& progress = {});

 private:
  TokenizerTrainerOptions options_;
  ThreadPool& pool_;
  PieceCounter counter_;
};

}  // namespace parvis::text

#endif  // PARVIS_TEXT_TOKENIZER_TRAINER_H_
