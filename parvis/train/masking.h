#ifndef PARVIS_TRAIN_MASKING_H_
#define PARVIS_TRAIN_MASKING_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "parvis/core/random.h"
#include "parvis/text/tokenizer.h"
#include "parvis/train/batch.h"

namespace parvis::train {

// Hides some of a text's tokens from a model, which is to say what they were, as BERT's code has
// it: of the tokens that are chosen 80 % become the mask, 10 % another token that is no control
// token, and 10 % stay, so that the model cannot trust what it sees. Immutable.
class Masking {
 public:
  // `share`: of a text's tokens. `whole_word`: all tokens of a word or none.
  // REQUIRES: the tokenizer has a mask.
  Masking(double share, bool whole_word, std::shared_ptr<const text::Tokenizer> tokenizer);

  bool whole_word() const { return whole_word_; }

  // What Hide wants to know of a text besides its tokens: with whole_word 1 for each token that
  // goes on with the word before it, else nothing. `encoded` has offsets if whole_word.
  std::vector<int32_t> Continues(const text::Encoded& encoded, std::string_view text) const;

  // Hides some of the batch's tokens [begin, end), and adds them to its head rows and targets, in
  // order: whole words, drawn at random, until there are enough, but at least one token. At begin a
  // word begins. `continues`: of these tokens, or empty: each is a word. Nothing to hide: nothing.
  void Hide(int64_t begin, int64_t end, std::span<const int32_t> continues, Random& random,
            Batch& batch) const;

 private:
  std::vector<int64_t> Choose(int64_t count, std::span<const int32_t> continues,
                              Random& random) const;

  double share_;
  bool whole_word_;
  std::shared_ptr<const text::Tokenizer> tokenizer_;
  int32_t mask_;
  std::vector<int32_t> words_;  // all that are no control tokens
};

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_MASKING_H_
