#include "parvis/eval/scorer.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "parvis/ops/embedding.h"

namespace parvis::eval {
namespace {

// The tokens of a text, with those of begin and end, and which of them are its continuation's.
struct Split {
  std::vector<int32_t> tokens;
  std::vector<bool> scored;
  size_t begin = 0;  // tokens that stand before the text
  size_t end = 0;    // one past its last token
};

Split SplitOf(const text::Tokenizer& tokenizer, const Passage& passage) {
  const text::Encoded encoded =
      tokenizer.Encode(passage.context + passage.continuation, {.offsets = true});
  Split split{encoded.ids, std::vector<bool>(encoded.ids.size()), encoded.ids.size(), 0};
  for (size_t i = 0; i < encoded.ids.size(); ++i) {
    if (encoded.texts[i] == text::Encoded::kNobody) continue;
    split.begin = std::min(split.begin, i);
    split.end = i + 1;
    split.scored[i] = encoded.offsets[i].second > passage.context.size();
  }
  split.begin = std::min(split.begin, split.end);
  return split;
}

// Takes away the context's first tokens until `size` fit; all of the continuation and `keep` of the
// context must stay.
Result<bool> CutTo(int64_t size, size_t keep, Split& split) {
  const auto over = static_cast<int64_t>(split.tokens.size()) - size;
  if (over <= 0) return false;
  const auto first = std::find(split.scored.begin(), split.scored.end(), true);
  const auto spare = (first - split.scored.begin()) - static_cast<int64_t>(split.begin + keep);
  if (over > spare) {
    return InvalidArgument(
        fmt::format("{} tokens are more than the {} that the model can take",
                    split.tokens.size() - static_cast<size_t>(std::max<int64_t>(spare, 0)), size));
  }
  const auto at = static_cast<int64_t>(split.begin);
  split.tokens.erase(split.tokens.begin() + at, split.tokens.begin() + at + over);
  split.scored.erase(split.scored.begin() + at, split.scored.begin() + at + over);
  split.end -= static_cast<size_t>(over);
  return true;
}

// The place of the largest in each row of `logits`; of equal ones the first.
std::vector<int32_t> LargestOf(const Tensor& logits) {
  std::vector<int32_t> largest;
  for (int64_t r = 0; r < logits.dim(0); ++r) {
    const float* row = logits.f32() + r * logits.dim(1);
    largest.push_back(static_cast<int32_t>(std::max_element(row, row + logits.dim(1)) - row));
  }
  return largest;
}

}  // namespace

Result<Scorer> Scorer::Create(models::Model& model, const ops::Exec& exec, int64_t max_rows) {
  PARVIS_RETURN_IF_ERROR(models::CheckTokenizer(model));
  const nn::Blueprint& blueprint = model.stack.blueprint();
  if (blueprint.head.kind != nn::Head::Kind::kLanguage) {
    return InvalidArgument(
        fmt::format("this model ({}) has no language head, so it gives no text a likelihood; use "
                    "'{}'",
                    blueprint.family, models::CommandOf(blueprint)));
  }
  Kind kind = Kind::kDecoder;
  if (blueprint.encoder_layers > 0) {
    kind = Kind::kEncoderDecoder;
  } else if (!blueprint.attention.causal) {
    kind = Kind::kMasked;
    if (!model.tokenizer->vocabulary().mask) {
      return InvalidArgument("this model's tokeniser has no mask token");
    }
  }
  return Scorer(model, exec, kind, max_rows);
}

std::optional<int32_t> Scorer::FirstToken(const Passage& passage) const {
  const text::Tokenizer& tokenizer = *model_->tokenizer;
  if (!passage.context.empty()) return std::nullopt;
  return tokenizer.bos() ? tokenizer.bos() : tokenizer.eos();
}

Result<bool> Scorer::PlanDecoder(const Passage& passage, Item item,
                                 std::vector<Item>& items) const {
  Split split = SplitOf(*model_->tokenizer, passage);
  split.tokens.resize(split.end);  // no end token
  split.scored.resize(split.end);
  if (split.begin == 0) {
    if (const auto first = FirstToken(passage)) {
      split.tokens.insert(split.tokens.begin(), *first);
      split.scored.insert(split.scored.begin(), false);
      split.begin = 1;
    }
  }
  // The last token is only predicted; the first one scored is predicted from one at least.
  PARVIS_ASSIGN_OR_RETURN(const bool cut,
                          CutTo(context_length() + 1, split.begin == 0 ? 1 : 0, split));
  for (size_t i = 1; i < split.tokens.size(); ++i) {
    if (!split.scored[i]) continue;
    item.rows.push_back(static_cast<int64_t>(i) - 1);
    item.targets.push_back(split.tokens[i]);
  }
  split.tokens.pop_back();
  item.tokens = std::move(split.tokens);
  if (!item.rows.empty()) items.push_back(std::move(item));
  return cut;
}

Result<bool> Scorer::PlanMasked(const Passage& passage, Item item, std::vector<Item>& items) const {
  Split split = SplitOf(*model_->tokenizer, passage);
  PARVIS_ASSIGN_OR_RETURN(const bool cut, CutTo(context_length(), 0, split));
  for (size_t i = 0; i < split.tokens.size(); ++i) {
    if (!split.scored[i]) continue;
    item.tokens = split.tokens;
    item.tokens[i] = *model_->tokenizer->vocabulary().mask;
    item.rows = {static_cast<int64_t>(i)};
    item.targets = {split.tokens[i]};
    items.push_back(item);
  }
  return cut;
}

Result<bool> Scorer::PlanEncoderDecoder(const Passage& passage, Item item,
                                        std::vector<Item>& items) const {
  const text::Tokenizer& tokenizer = *model_->tokenizer;
  item.encoder = tokenizer.Encode(passage.context).ids;
  if (item.encoder.empty()) return InvalidArgument("there is nothing that the encoder could read");
  item.targets = tokenizer.Encode(passage.continuation, {.add_special = false}).ids;
  const auto size = static_cast<int64_t>(item.targets.size());
  if (size > context_length()) {
    return InvalidArgument(fmt::format("{} tokens are more than the {} that the model can take",
                                       size, context_length()));
  }
  const int64_t over = static_cast<int64_t>(item.encoder.size()) - context_length();
  if (over > 0) item.encoder.erase(item.encoder.begin(), item.encoder.begin() + over);
  item.tokens = {static_cast<int32_t>(model_->stack.blueprint().decoder_start_token)};
  for (int64_t i = 0; i < size; ++i) {
    item.rows.push_back(i);
    if (i + 1 < size) item.tokens.push_back(item.targets[static_cast<size_t>(i)]);
  }
  if (!item.rows.empty()) items.push_back(std::move(item));
  return over > 0;
}

Result<bool> Scorer::Plan(const Passage& passage, size_t index, std::vector<Item>& items) const {
  if (passage.context.size() + passage.continuation.size() > text::kMaxTextBytes) {
    return InvalidArgument("the text is too long");
  }
  Item item;
  item.passage = index;
  switch (kind_) {
    case Kind::kDecoder:
      return PlanDecoder(passage, std::move(item), items);
    case Kind::kMasked:
      return PlanMasked(passage, std::move(item), items);
    case Kind::kEncoderDecoder:
      break;
  }
  return PlanEncoderDecoder(passage, std::move(item), items);
}

Result<std::vector<PassageScore>> Scorer::Score(std::span<const Passage> passages, bool likeliest,
                                                const Progress& progress) {
  std::vector<PassageScore> scores(passages.size());
  const int64_t vocab_size = model_->stack.blueprint().vocab_size;
  std::vector<Item> items;
  int64_t rows = 0;
  for (size_t i = 0; i < passages.size(); ++i) {
    const size_t before = items.size();
    const Result<bool> cut = Plan(passages[i], i, items);
    if (!cut.ok()) return cut.status().In(passages[i].where);
    if (items.size() == before) {
      return InvalidArgument(passages[i].where + ": there is no token to score");
    }
    scores[i].cut = *cut;
    for (size_t at = before; at < items.size(); ++at) {
      for (const auto* tokens : {&items[at].tokens, &items[at].encoder, &items[at].targets}) {
        for (const int32_t token : *tokens) {
          if (token >= 0 && token < vocab_size) continue;
          return InvalidArgument(fmt::format(
              "the tokeniser gives token {}; the model's vocabulary has {}", token, vocab_size));
        }
      }
      rows += static_cast<int64_t>(items[at].tokens.size() + items[at].encoder.size());
    }
    if (rows < max_rows_ && i + 1 < passages.size()) continue;
    Run(items, likeliest, scores);
    items.clear();
    rows = 0;
    if (progress && !progress(i + 1)) return Cancelled("interrupted");
  }
  return scores;
}

// Passes of max_rows_ rows, about; a single item may have more.
void Scorer::Run(std::span<const Item> items, bool likeliest,
                 std::span<PassageScore> scores) const {
  for (size_t from = 0; from < items.size();) {
    std::vector<int32_t> tokens, read, targets;
    std::vector<ops::Segment> segments, memories;
    std::vector<int64_t> rows;
    size_t to = from;
    do {
      const Item& item = items[to++];
      const auto begin = static_cast<int64_t>(tokens.size());
      segments.push_back({begin, static_cast<int64_t>(item.tokens.size())});
      tokens.insert(tokens.end(), item.tokens.begin(), item.tokens.end());
      for (const int64_t row : item.rows) rows.push_back(begin + row);
      targets.insert(targets.end(), item.targets.begin(), item.targets.end());
      if (item.encoder.empty()) continue;
      memories.push_back(
          {static_cast<int64_t>(read.size()), static_cast<int64_t>(item.encoder.size())});
      read.insert(read.end(), item.encoder.begin(), item.encoder.end());
    } while (to < items.size() &&
             static_cast<int64_t>(tokens.size() + read.size()) +
                     static_cast<int64_t>(items[to].tokens.size() + items[to].encoder.size()) <=
                 max_rows_);
    nn::Stack& stack = model_->stack;
    nn::Step step{tokens, segments};
    if (!memories.empty()) {
      step.memories = memories;
      step.encoded = stack.Encode(*exec_, {read, memories});
    }
    const Tensor hidden = ops::SelectRows(*exec_, stack.Forward(*exec_, step), rows);
    std::vector<float> each(rows.size());
    stack.Loss(*exec_, hidden, targets, 0.0f, each);
    std::vector<int32_t> largest;
    if (likeliest) largest = LargestOf(stack.Logits(*exec_, hidden));
    for (size_t row = 0; from < to; ++from) {
      PassageScore& score = scores[items[from].passage];
      for (const int32_t target : items[from].targets) {
        score.log_likelihood -= double{each[row]};
        ++score.tokens;
        if (likeliest && largest[row] != target) score.likeliest = false;
        ++row;
      }
    }
  }
}

}  // namespace parvis::eval
