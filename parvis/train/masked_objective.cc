// Masked language models: BERT and its relatives. Some tokens of a text are hidden, and the model
// says which they were. Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers",
// 2019; Liu et al., "RoBERTa: A Robustly Optimized BERT Pretraining Approach", 2019 (masks drawn
// anew each time).

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "parvis/text/words.h"
#include "parvis/train/objectives.h"

namespace parvis::train {
namespace {

// Of the tokens that are chosen, so many become the mask, and so many another token; the rest stay,
// so that the model cannot trust what it sees.
constexpr double kMasked = 0.8, kReplaced = 0.1;

// 1 for each token that goes on with the word before it.
std::vector<int32_t> Continues(const text::Tokenizer& tokenizer, const text::Encoded& encoded,
                               std::string_view text) {
  std::vector<int32_t> flags(encoded.ids.size(), 0);
  if (tokenizer.kind() == "byte_bpe") {
    const std::vector<int64_t> words = text::WordsOf(tokenizer, encoded, text);
    for (size_t i = 1; i < flags.size(); ++i) flags[i] = words[i] == words[i - 1] ? 1 : 0;
  } else {
    const std::vector<bool> continues = text::ContinuesWord(tokenizer, encoded, text);
    std::copy(continues.begin(), continues.end(), flags.begin());
  }
  return flags;
}

class MaskedObjective : public Objective {
 public:
  MaskedObjective(const ObjectiveSettings& settings,
                  std::shared_ptr<const text::Tokenizer> tokenizer)
      : settings_(settings),
        tokenizer_(std::move(tokenizer)),
        mask_(*tokenizer_->vocabulary().mask) {
    if (tokenizer_->add_bos() && tokenizer_->bos()) before_ = {*tokenizer_->bos()};
    if (tokenizer_->add_eos() && tokenizer_->eos()) after_ = {*tokenizer_->eos()};
    for (int32_t id = 0; id < tokenizer_->vocab_size(); ++id) {
      if (!tokenizer_->IsSpecial(id)) words_.push_back(id);
    }
  }

  Result<Example> Encode(const Document& document) const override {
    text::EncodeOptions options;
    options.add_special = false;
    options.offsets = settings_.whole_word;
    text::Encoded encoded = tokenizer_->Encode(document.text, options);
    Example example;
    if (settings_.whole_word) example.numbers = Continues(*tokenizer_, encoded, document.text);
    example.tokens = std::move(encoded.ids);
    return example;
  }

  std::optional<Around> AroundPlainTokens() const override {
    if (settings_.whole_word) return std::nullopt;  // needs to know where words begin
    return Around{};
  }

  Division DivisionOf(const Corpus&, int64_t row_length) const override {
    const auto around = static_cast<int64_t>(before_.size() + after_.size());
    return {.row_length = row_length,
            .piece_length = std::max<int64_t>(1, row_length - around),
            .room = [around](const Piece& piece) { return piece.count + around; }};
  }

  void Append(const Corpus& corpus, const Piece& piece, Random& random,
              Batch& batch) const override {
    const auto begin = static_cast<int64_t>(batch.tokens.size());
    const auto tokens = corpus.Read(piece.document, piece.begin, piece.count);
    batch.tokens.insert(batch.tokens.end(), before_.begin(), before_.end());
    const auto first = static_cast<int64_t>(batch.tokens.size());
    batch.tokens.insert(batch.tokens.end(), tokens.begin(), tokens.end());
    batch.tokens.insert(batch.tokens.end(), after_.begin(), after_.end());
    batch.segments.push_back(
        {begin, static_cast<int64_t>(batch.tokens.size()) - begin, 0, nullptr});
    batch.documents.push_back(piece.document);
    for (const int64_t at : Choose(corpus, piece, random)) {
      batch.head_rows.push_back(first + at);
      batch.targets.push_back(tokens[at]);
      const double what = random.Uniform();
      if (what < kMasked) {
        batch.tokens[first + at] = mask_;
      } else if (what < kMasked + kReplaced) {
        batch.tokens[first + at] = words_[random.Below(words_.size())];
      }
    }
  }

  Status Check(const nn::Blueprint& b) const override {
    if (!b.attention.causal && b.head.kind == nn::Head::Kind::kLanguage) return {};
    return InvalidArgument(
        "objective \"masked\" is for encoders with a head for masks (bert, "
        "roberta …); this model (" +
        b.family + ") has none");
  }

 private:
  // Places within a piece whose tokens are predicted, in order: whole words in a random order until
  // there are enough, at least one token.
  std::vector<int64_t> Choose(const Corpus& corpus, const Piece& piece, Random& random) const {
    std::vector<int64_t> words;  // where each begins
    const auto flags = corpus.Numbers(piece.document);
    for (int64_t at = 0; at < piece.count; ++at) {
      if (at == 0 || flags.empty() || flags[piece.begin + at] == 0) words.push_back(at);
    }
    std::vector<size_t> order(words.size());
    std::iota(order.begin(), order.end(), 0);
    const auto wanted = static_cast<size_t>(std::max<int64_t>(
        1, std::llround(settings_.mask_share * static_cast<double>(piece.count))));
    std::vector<int64_t> chosen;
    for (size_t i = 0; i < order.size() && chosen.size() < wanted; ++i) {
      std::swap(order[i], order[i + random.Below(order.size() - i)]);
      const size_t word = order[i];
      const int64_t end = word + 1 < words.size() ? words[word + 1] : piece.count;
      const auto size = static_cast<size_t>(end - words[word]);
      if (!chosen.empty() && chosen.size() + size > wanted) continue;
      for (int64_t at = words[word]; at < end; ++at) chosen.push_back(at);
    }
    std::sort(chosen.begin(), chosen.end());
    return chosen;
  }

  ObjectiveSettings settings_;
  std::shared_ptr<const text::Tokenizer> tokenizer_;
  int32_t mask_;
  std::vector<int32_t> before_, after_, words_;
};

}  // namespace

Result<std::shared_ptr<const Objective>> NewMaskedObjective(
    const ObjectiveSettings& settings, std::shared_ptr<const text::Tokenizer> tokenizer) {
  if (!tokenizer->vocabulary().mask) {
    return InvalidArgument("objective \"masked\": the tokenizer has no mask token");
  }
  return std::shared_ptr<const Objective>(
      std::make_shared<MaskedObjective>(settings, std::move(tokenizer)));
}

}  // namespace parvis::train
