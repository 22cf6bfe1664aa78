#ifndef PARVIS_TEXT_LEARNERS_H_
#define PARVIS_TEXT_LEARNERS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "parvis/text/tokenizer_trainer.h"

namespace parvis::text {

// What TokenizerTrainer calls, each in a file of its own: from distinct pieces of text, by their
// bytes, and their counts to a vocabulary.
using CountedPieces = std::vector<std::pair<std::string, int64_t>>;
using LearnProgress = std::function<void(int64_t done, int64_t total)>;

Result<Vocabulary> LearnByteBpe(const TokenizerTrainerOptions& options, const CountedPieces& pieces,
                                const LearnProgress& progress);
// The pieces need not be normalised; one may be several words.
Result<Vocabulary> LearnUnigram(const TokenizerTrainerOptions& options, const CountedPieces& pieces,
                                ThreadPool& pool, const LearnProgress& progress);
Result<Vocabulary> LearnWordPiece(const TokenizerTrainerOptions& options,
                                  const CountedPieces& pieces, ThreadPool& pool,
                                  const LearnProgress& progress);

// Appends a control token.
TokenId AddControl(const std::string& token, Vocabulary& v);

// Each piece through the normaliser on all threads, then `split` into words: (text, emit). Words
// come by their bytes.
CountedPieces NormalizedWords(const std::vector<NormalizerStep>& steps, const CountedPieces& pieces,
                              const PieceCounter::Split& split, ThreadPool& pool);

// The characters of the pieces, the most frequent `limit` of them, by their code; and how often
// each was seen.
std::vector<std::pair<uint32_t, int64_t>> AlphabetOf(const CountedPieces& words, int64_t limit);

}  // namespace parvis::text

#endif  // PARVIS_TEXT_LEARNERS_H_
