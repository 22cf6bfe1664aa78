// Filling in the middle: a part of the pieces of a text is told in another order, beginning and end
// first, so that a model that goes on with texts learns to write what stands between.
// Bavarian et al., "Efficient Training of Language Models to Fill in the Middle", 2022: pieces are
// cut at any two characters, and half of them have the end first ("SPM", there in its second form).

#include <algorithm>
#include <string>
#include <utility>

#include "parvis/text/infill_marks.h"
#include "parvis/text/utf8.h"
#include "parvis/train/objectives.h"

namespace parvis::train {
namespace {

// Room for the three marks, the end, and what three texts have more tokens than one.
constexpr int64_t kExtra = 16;

// A place in the text at which a character begins, or its end.
size_t DrawPlace(std::string_view text, Random& random) {
  size_t place = random.Below(text.size() + 1);
  while (place > 0 && place < text.size() && (static_cast<uint8_t>(text[place]) & 0xC0) == 0x80) {
    --place;
  }
  return place;
}

class InfillObjective : public Objective {
 public:
  InfillObjective(const ObjectiveSettings& settings,
                  std::shared_ptr<const text::Tokenizer> tokenizer, text::InfillMarks marks)
      : plain_(NewCausalObjective(tokenizer)),
        settings_(settings),
        tokenizer_(std::move(tokenizer)),
        marks_(std::move(marks)) {}

  Result<Example> Encode(const Document& document) const override {
    return plain_->Encode(document);
  }
  std::optional<Around> AroundPlainTokens() const override { return plain_->AroundPlainTokens(); }

  Division DivisionOf(const Corpus&, int64_t row_length) const override {
    return {.row_length = row_length,
            .piece_length = std::max<int64_t>(1, row_length - kExtra),
            .unused = 1,
            .room = [row_length](const Piece& piece) {
              return std::min(row_length, piece.count + kExtra);
            }};
  }

  void Append(const Corpus& corpus, const Piece& piece, Random& random,
              Batch& batch) const override {
    if (random.Uniform() < settings_.fim_share) {
      std::vector<int32_t> told = Told(corpus.Read(piece.document, piece.begin, piece.count + 1),
                                       random, static_cast<size_t>(piece.count + kExtra));
      if (!told.empty()) {
        batch.segments.push_back({static_cast<int64_t>(batch.tokens.size()),
                                  static_cast<int64_t>(told.size()) - 1, 0, nullptr});
        batch.documents.push_back(piece.document);
        batch.tokens.insert(batch.tokens.end(), told.begin(), told.end() - 1);
        batch.targets.insert(batch.targets.end(), told.begin() + 1, told.end());
        return;
      }
    }
    plain_->Append(corpus, piece, random, batch);
  }

  // Texts as they are, so that bits per byte stay what they are elsewhere.
  const Objective& ForEvaluation() const override { return *plain_; }

  Status Check(const nn::Blueprint& blueprint) const override { return plain_->Check(blueprint); }

 private:
  // The tokens in their new order; none if they are not whole characters, or would be too many.
  std::vector<int32_t> Told(std::vector<int32_t> tokens, Random& random, size_t most) const {
    std::vector<int32_t> told;
    const bool begins = tokenizer_->add_bos() && tokens.front() == *tokenizer_->bos();
    if (begins) told.push_back(tokens.front());
    if (begins) tokens.erase(tokens.begin());
    if (!tokens.empty() && tokens.back() == *tokenizer_->eos()) tokens.pop_back();
    const std::string text = tokenizer_->Decode(tokens);
    if (text.empty() || !text::IsValidUtf8(text)) return {};
    size_t first = DrawPlace(text, random), second = DrawPlace(text, random);
    if (first > second) std::swap(first, second);
    const bool end_first = random.Uniform() < settings_.fim_suffix_first;
    const std::string_view whole = text;
    const auto add = [&](std::string_view part) {
      text::EncodeOptions options;
      options.add_special = false;
      const auto ids = tokenizer_->Encode(part, options).ids;
      told.insert(told.end(), ids.begin(), ids.end());
    };
    told.push_back(marks_.prefix);
    if (!end_first) add(whole.substr(0, first));
    told.push_back(marks_.suffix);
    add(whole.substr(second));
    told.push_back(marks_.middle);
    // With the end first, beginning and middle are one text.
    add(end_first ? whole.substr(0, second) : whole.substr(first, second - first));
    told.push_back(*tokenizer_->eos());
    if (told.size() > most + 1) return {};
    return told;
  }

  std::unique_ptr<const Objective> plain_;
  ObjectiveSettings settings_;
  std::shared_ptr<const text::Tokenizer> tokenizer_;
  text::InfillMarks marks_;
};

}  // namespace

Result<ObjectivePointer> NewInfillObjective(const ObjectiveSettings& settings,
                                            std::shared_ptr<const text::Tokenizer> tokenizer) {
  if (tokenizer->kind() != "byte_bpe") {
    return InvalidArgument("fim_share needs a byte-level tokenizer: others change parts of a text");
  }
  std::optional<text::InfillMarks> marks = text::InfillMarksOf(*tokenizer);
  if (!marks) {
    return InvalidArgument(
        "fim_share: the tokenizer has no <|fim_prefix|>, <|fim_suffix|>, <|fim_middle|>; a new one "
        "gets them by [tokenizer] special_tokens");
  }
  return ObjectivePointer(
      std::make_shared<InfillObjective>(settings, std::move(tokenizer), *std::move(marks)));
}

}  // namespace parvis::train
