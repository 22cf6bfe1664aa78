// Pairs of texts, as of a translation: the model reads the first and learns to write the second.

#include <utility>

#include "parvis/train/objectives.h"

namespace parvis::train {
namespace {

class PairObjective : public Objective {
 public:
  PairObjective(const ObjectiveSettings& settings, std::shared_ptr<const text::Tokenizer> tokenizer,
                int32_t start)
      : settings_(settings), tokenizer_(std::move(tokenizer)), start_(start) {}

  // The tokens of both, with their ends; the number of the first's.
  Result<Example> Encode(const Document& document) const override {
    Example example;
    for (const std::string& text : {settings_.prefix + document.text, document.second}) {
      text::EncodeOptions options;
      options.add_special = false;
      const std::vector<text::TokenId> ids = tokenizer_->Encode(text, options).ids;
      example.tokens.insert(example.tokens.end(), ids.begin(), ids.end());
      example.tokens.push_back(*tokenizer_->eos());
      if (example.numbers.empty()) {
        example.numbers.push_back(static_cast<int32_t>(example.tokens.size()));
      }
    }
    return example;
  }

  // A pair is never cut; one of whose texts is longer than a row is left out.
  Division DivisionOf(const Corpus& corpus, int64_t row_length) const override {
    return {.row_length = row_length,
            .piece_length = int64_t{1} << 40,
            .room = [&corpus](const Piece& piece) {
              const int64_t first = corpus.Numbers(piece.document)[0];
              return std::max(first, piece.count - first);
            }};
  }

  void Append(const Corpus& corpus, const Piece& piece, Random&, Batch& batch) const override {
    const auto tokens = corpus.Tokens(piece.document);
    const auto first = static_cast<size_t>(corpus.Numbers(piece.document)[0]);
    AppendPair(tokens.first(first), tokens.subspan(first), start_, piece.document, batch);
  }

  Status Check(const nn::Blueprint& blueprint) const override {
    return CheckEncoderDecoder(blueprint, "pairs");
  }

 private:
  ObjectiveSettings settings_;
  std::shared_ptr<const text::Tokenizer> tokenizer_;
  int32_t start_;
};

}  // namespace

Result<std::shared_ptr<const Objective>> NewPairObjective(
    const ObjectiveSettings& settings, std::shared_ptr<const text::Tokenizer> tokenizer,
    int32_t start) {
  if (!tokenizer->eos()) return InvalidArgument("objective \"pairs\": the tokenizer has no end");
  return std::shared_ptr<const Objective>(
      std::make_shared<PairObjective>(settings, std::move(tokenizer), start));
}

}  // namespace parvis::train
