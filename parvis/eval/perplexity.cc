#include "parvis/eval/perplexity.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <variant>

#include "fmt/format.h"
#include "parvis/models/task.h"

namespace parvis::eval {

Document DocumentOf(const text::Tokenizer& tokenizer, std::string_view text) {
  Document document{.tokens = tokenizer.Encode(text).ids,
                    .bytes = static_cast<int64_t>(text.size()),
                    .has_begin = tokenizer.add_bos()};
  if (tokenizer.eos() && !tokenizer.add_eos()) document.tokens.push_back(*tokenizer.eos());
  return document;
}

double Prediction::loss() const { return nats / static_cast<double>(std::max<int64_t>(tokens, 1)); }

double Prediction::perplexity() const { return std::exp(loss()); }

double Prediction::bits_per_byte() const {
  const double all = nats + static_cast<double>(unpredicted) * uniform;
  return all / std::numbers::ln2 / static_cast<double>(std::max<int64_t>(bytes, 1));
}

Result<Perplexity> Perplexity::Create(nn::Stack& stack, const nn::Exec& exec,
                                      const PerplexityOptions& options) {
  const nn::Blueprint& blueprint = stack.blueprint();
  PARVIS_RETURN_IF_ERROR(models::CheckGenerates(blueprint));
  if (blueprint.encoder_layers > 0) {
    return InvalidArgument("this model (" + blueprint.family +
                           ") answers a text; it does not go on with one");
  }
  const int64_t own = blueprint.context_length;
  const int64_t length = options.context_length == 0 ? own : options.context_length;
  if (length < 2) {
    return InvalidArgument(fmt::format("context_length: {} is too short to predict from", length));
  }
  if (std::holds_alternative<nn::LearnedPositions>(blueprint.positions) && length > own) {
    return InvalidArgument(
        fmt::format("context_length: {} is more than the {} positions that the model has learned",
                    length, own));
  }
  return Perplexity(stack, exec, length, options.batch_rows);
}

Perplexity::Perplexity(nn::Stack& stack, const nn::Exec& exec, int64_t context_length,
                       int64_t batch_rows)
    : stack_(&stack), exec_(&exec), context_length_(context_length), batch_rows_(batch_rows) {
  total_.uniform = std::log(static_cast<double>(stack.blueprint().vocab_size));
}

Status Perplexity::Add(const Document& document) {
  const std::vector<text::TokenId>& tokens = document.tokens;
  const int64_t vocab_size = stack_->blueprint().vocab_size;
  for (const text::TokenId token : tokens) {
    if (token < 0 || token >= vocab_size) {
      return InvalidArgument(
          fmt::format("there is no token {}; the vocabulary has {}", token, vocab_size));
    }
  }
  ++total_.documents;
  total_.bytes += document.bytes;
  if (tokens.empty()) return {};
  if (!document.has_begin) ++total_.unpredicted;
  const auto inputs = static_cast<int64_t>(tokens.size()) - 1;
  const int64_t stride = context_length_ / 2;
  int64_t predicted = 0;
  for (int64_t begin = 0; predicted < inputs; begin += stride) {
    const int64_t end = std::min(begin + context_length_, inputs);
    AddWindow(tokens, begin, end, predicted);
    predicted = end;
  }
  return {};
}

// Inputs [begin, end), whose targets are one further; those from input `first_predicted` on count.
void Perplexity::AddWindow(std::span<const text::TokenId> tokens, int64_t begin, int64_t end,
                           int64_t first_predicted) {
  segments_.push_back({static_cast<int64_t>(tokens_.size()), end - begin});
  for (int64_t i = begin; i < end; ++i) {
    tokens_.push_back(tokens[i]);
    targets_.push_back(i < first_predicted ? -1 : tokens[i + 1]);
  }
  if (static_cast<int64_t>(tokens_.size()) >= batch_rows_) Flush();
}

void Perplexity::Flush() {
  if (tokens_.empty()) return;
  const Tensor hidden = stack_->Forward(*exec_, {tokens_, segments_});
  std::vector<float> each(tokens_.size());
  stack_->Loss(*exec_, hidden, targets_, 0.0f, each);
  // One by one, so that the sum is the same however windows were batched.
  for (size_t i = 0; i < each.size(); ++i) {
    if (targets_[i] < 0) continue;
    total_.nats += each[i];
    ++total_.tokens;
  }
  tokens_.clear();
  targets_.clear();
  segments_.clear();
}

Prediction Perplexity::Total() {
  Flush();
  return total_;
}

}  // namespace parvis::eval
