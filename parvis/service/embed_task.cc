#include "parvis/service/embed_task.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <span>
#include <utility>

#include "parvis/runtime/text_tasks.h"
#include "parvis/text/tokenizer.h"

namespace parvis::service {
namespace {

constexpr int64_t kBatchTokens =
    512;  // of one turn of the model's thread, if one text has not more

// The first `size` numbers, at length 1 again ("Matryoshka Representation Learning", Kusupati et
// al., 2022: a shorter vector is the beginning of the longer one).
std::vector<float> Shortened(std::span<const float> vector, size_t size) {
  std::vector<float> out(vector.begin(), vector.begin() + static_cast<std::ptrdiff_t>(size));
  double square = 0;
  for (const float x : out) square += double{x} * double{x};
  if (square == 0) return out;
  for (float& x : out) x = static_cast<float>(double{x} / std::sqrt(square));
  return out;
}

}  // namespace

OrRefusal<Plan> EmbedTask::PrepareUpstream(Upstream& upstream) {
  std::vector<std::string> texts;
  for (auto& input : spec_.inputs) {
    auto* const text = std::get_if<std::string>(&input);
    if (text == nullptr) {
      return Invalid("input", fmt::format("Another service computes '{}': its tokens are not known "
                                          "here, so 'input' must be text.",
                                          spec_.model));
    }
    texts.push_back(std::move(*text));
  }
  if (spec_.dimensions.value_or(1) > UpstreamEmbed::kMaxDimensions) {
    return Invalid("dimensions",
                   fmt::format("Another service computes '{}': {} dimensions are the most.",
                               spec_.model, UpstreamEmbed::kMaxDimensions),
                   "out_of_range");
  }
  upstream_.emplace(upstream, std::move(texts), spec_.dimensions);
  return upstream_->PlanOf();
}

OrRefusal<Plan> EmbedTask::Prepare(const LoadedModel& loaded) {
  if (loaded.upstream() != nullptr) return PrepareUpstream(*loaded.upstream());
  const models::Model& model = loaded.model();
  const auto pooling = runtime::PoolingOf(model);
  if (!pooling.ok()) return Invalid("model", spec_.model + ": " + pooling.status().message());
  pooling_ = *pooling;
  const nn::Blueprint& blueprint = model.stack.blueprint();
  if (spec_.dimensions && *spec_.dimensions > blueprint.hidden_size) {
    return Invalid(
        "dimensions",
        fmt::format("The model '{}' has {} dimensions.", spec_.model, blueprint.hidden_size),
        "out_of_range");
  }
  Plan plan;
  for (size_t i = 0; i < spec_.inputs.size(); ++i) {
    const std::string param = spec_.inputs.size() == 1 ? "input" : fmt::format("input[{}]", i);
    runtime::EncoderInput input;
    if (const auto* tokens = std::get_if<std::vector<int32_t>>(&spec_.inputs[i])) {
      input.tokens = *tokens;
      if (model.tokenizer != nullptr) plan.texts.push_back(model.tokenizer->Decode(*tokens, false));
    } else {
      const std::string& text = std::get<std::string>(spec_.inputs[i]);
      auto made = runtime::InputsOf(model, {&text, 1});
      if (!made.ok()) return Invalid("model", spec_.model + ": " + made.status().message());
      input = std::move((*made)[0]);
      plan.texts.push_back(text);
    }
    const auto size = static_cast<int64_t>(input.tokens.size());
    if (size == 0) return Invalid(param, fmt::format("'{}' is empty.", param));
    if (size > blueprint.context_length) {
      return Invalid(param,
                     fmt::format("'{}' has {} tokens; the model '{}' reads {}.", param, size,
                                 spec_.model, blueprint.context_length),
                     "context_length_exceeded");
    }
    for (const int32_t token : input.tokens) {
      if (token < 0 || token >= blueprint.vocab_size) {
        return Invalid(param, fmt::format("'{}': there is no token {}.", param, token));
      }
    }
    plan.AddInput(size, param);
    inputs_.push_back(std::move(input));
  }
  return plan;
}

std::optional<Refusal> EmbedTask::Start(const std::shared_ptr<LoadedModel>& model, Output& output) {
  if (upstream_) {
    upstream_->Start(output);
    return std::nullopt;
  }
  loaded_ = model.get();
  output_ = &output;
  loaded_->Post([this](models::Model& weights) { ComputeSome(weights); }, priority());
  return std::nullopt;
}

void EmbedTask::Cancel() {
  if (upstream_) return upstream_->Cancel();
  cancelled_ = true;
}

void EmbedTask::ComputeSome(models::Model& model) {
  const size_t done = reply_.embeddings.size();
  if (cancelled_) {
    output_->Tell({.choice = 0, .text = {}, .finish = Finish::kCancelled});
    return output_->End(std::move(reply_), std::nullopt);
  }
  size_t end = done;
  int64_t tokens = 0;
  while (end < inputs_.size() && (end == done || tokens < kBatchTokens)) {
    tokens += static_cast<int64_t>(inputs_[end++].tokens.size());
  }
  const auto begun = std::chrono::steady_clock::now();
  const runtime::Encoder encoder(model, loaded_->exec(), {.adapter = loaded_->adapter()});
  const auto vectors = encoder.Embed(std::span(inputs_).subspan(done, end - done), pooling_,
                                     /*normalize=*/true);
  if (!vectors.ok()) return output_->End(std::move(reply_), RefusalOf(vectors.status()));
  reply_.timings.prompt +=
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  reply_.usage.prompt_tokens += tokens;
  const auto size = static_cast<size_t>(vectors->dim(1));
  const size_t wanted = spec_.dimensions ? static_cast<size_t>(*spec_.dimensions) : size;
  for (size_t i = 0; i < end - done; ++i) {
    const std::span row(vectors->f32() + i * size, size);
    reply_.embeddings.push_back(wanted == size ? std::vector<float>(row.begin(), row.end())
                                               : Shortened(row, wanted));
  }
  if (end == inputs_.size()) return output_->End(std::move(reply_), std::nullopt);
  loaded_->Post([this](models::Model& weights) { ComputeSome(weights); }, priority());
}

}  // namespace parvis::service
