#include "parvis/service/generate_task.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <utility>

#include "parvis/models/infill.h"
#include "parvis/runtime/token_healing.h"
#include "parvis/text/tokenizer.h"

namespace parvis::service {
namespace {

Finish FinishOf(runtime::FinishReason reason) {
  switch (reason) {
    case runtime::FinishReason::kStop:
      return Finish::kStop;
    case runtime::FinishReason::kLength:
      return Finish::kLength;
    default:
      return Finish::kCancelled;
  }
}

// The seed of a choice: the first one's is the request's own, so that one choice alone and the
// first of several are the same.
uint64_t SeedOf(uint64_t seed, size_t choice) { return seed + choice; }

// What goes from a prompt's end if a word there is to be ended.
OrRefusal<std::string> TakeBack(const GenerateSpec& spec, const LoadedModel& model,
                                std::vector<int32_t>& prompt) {
  if (!spec.heal) return std::string();
  if (model.model().stack.blueprint().encoder_layers > 0) {
    return Invalid("heal", fmt::format("The model '{}' does not go on with its prompt: there is no "
                                       "word to end.",
                                       spec.model));
  }
  return runtime::TakeBackEnd(*model.model().tokenizer, prompt);
}

}  // namespace

std::string_view FinishName(Finish finish) {
  switch (finish) {
    case Finish::kStop:
      return "stop";
    case Finish::kLength:
      return "length";
    case Finish::kContentFilter:
      return "content_filter";
    case Finish::kCancelled:
      break;
  }
  return "cancelled";
}

bool GenerateTask::Uses(governance::Feature feature) const {
  using governance::Feature;
  if (feature == Feature::kLogprobs) return spec_.logprobs >= 0;
  if (feature == Feature::kStructuredOutput) {
    return spec_.form.kind == OutputForm::Kind::kJsonObject ||
           spec_.form.kind == OutputForm::Kind::kJsonSchema;
  }
  return feature == Feature::kTools &&
         std::any_of(spec_.prompts.begin(), spec_.prompts.end(), [](const PromptSource& prompt) {
           const auto* const conversation = std::get_if<ConversationText>(&prompt);
           return conversation != nullptr && HasTools(*conversation);
         });
}

OrRefusal<Plan> GenerateTask::Prepare(const LoadedModel& model) {
  if (Upstream* const upstream = model.upstream(); upstream != nullptr) {
    auto request = UpstreamRequestOf(spec_, upstream->settings());
    if (!request.ok()) return request.refusal();
    request->plan.output_asked = spec_.max_tokens.has_value();
    return std::move(request->plan);
  }
  if (!model.generates()) {
    return Invalid("model", fmt::format("The model '{}' does not generate text.", spec_.model));
  }
  Plan plan{.output_asked = spec_.max_tokens.has_value()};
  const int64_t context = model.context_length();
  const bool encoder = model.model().stack.blueprint().encoder_layers > 0;
  for (size_t i = 0; i < spec_.prompts.size(); ++i) {
    const bool messages = std::holds_alternative<ConversationText>(spec_.prompts[i]);
    std::string param = messages ? "messages" : "prompt";
    if (spec_.prompts.size() > 1) param += fmt::format("[{}]", i);
    if (auto refusal = DropWhatMayGo(model, param, spec_.prompts[i], plan))
      return std::move(*refusal);
    auto tokens = TokensOf(spec_.prompts[i], spec_.model, model, param, plan.texts);
    if (!tokens.ok()) return tokens.refusal();
    if (std::holds_alternative<InfillText>(spec_.prompts[i])) {
      if (const auto marks = models::InfillMarksOf(model.model())) ends_ = marks->ends;
    }
    auto taken = TakeBack(spec_, model, *tokens);
    if (!taken.ok()) return taken.refusal();
    taken_back_.push_back(*std::move(taken));
    const auto size = static_cast<int64_t>(tokens->size());
    if (size == 0) return Invalid(param, "The prompt is empty.");
    const int64_t room = encoder ? context : context - size;
    if (size > context || room < spec_.max_tokens.value_or(1)) {
      const int64_t asked = spec_.max_tokens.value_or(1);
      return Invalid(
          param,
          fmt::format("The model '{}' has room for {} tokens; {} in the prompt and {} of "
                      "the answer are more.",
                      spec_.model, context, size, asked),
          "context_length_exceeded");
    }
    plan.AddInput(size, param);
    plan.max_output_tokens += spec_.choices_per_prompt * spec_.max_tokens.value_or(room);
    prompts_.push_back(std::move(*tokens));
    rooms_.push_back(room);
  }
  plan.choices = static_cast<int64_t>(prompts_.size()) * spec_.choices_per_prompt;
  if (auto refusal = MakeConstraint(model)) return std::move(*refusal);
  if (spec_.tell_prompt && model.model().tokenizer == nullptr) {
    return Invalid("echo", fmt::format("The model '{}' has no tokenizer.", spec_.model));
  }
  if (spec_.tell_prompt && encoder && spec_.logprobs >= 0) {
    return Invalid("echo", fmt::format("The model '{}' reads its prompt as a whole: no 'logprobs' "
                                       "of it are known.",
                                       spec_.model));
  }
  // Whatever the engine would refuse is refused here, while the caller can still be told by a
  // status.
  if (!spec_.seed) spec_.seed = std::random_device()() & 0x7fffffffu;
  for (size_t i = 0; i < prompts_.size(); ++i) {
    const auto first = i * static_cast<size_t>(spec_.choices_per_prompt);
    const Status status = model.Check(RequestOf(first));
    if (!status.ok()) return RefusalOf(status);
  }
  return plan;
}

// Nothing is ever cut, but for callers who ask for just that.
std::optional<Refusal> GenerateTask::DropWhatMayGo(const LoadedModel& model,
                                                   const std::string& param, PromptSource& prompt,
                                                   Plan& plan) const {
  auto* const conversation = std::get_if<ConversationText>(&prompt);
  if (conversation == nullptr || !conversation->may_drop) return std::nullopt;
  const bool encoder = model.model().stack.blueprint().encoder_layers > 0;
  int64_t context = model.context_length();
  if (room() > 0) context = std::min(context, room());
  // Who has not said how long the answer may be wants one all the same.
  const int64_t answer = encoder ? 0 : spec_.max_tokens.value_or(std::max<int64_t>(1, context / 4));
  auto fitted = FitConversation(*conversation, spec_.model, model, param, context - answer);
  if (!fitted.ok()) return fitted.refusal();
  plan.dropped += fitted->dropped;
  *conversation = std::move(fitted->conversation);
  return std::nullopt;
}

std::optional<Refusal> GenerateTask::MakeConstraint(const LoadedModel& model) {
  if (spec_.form.kind == OutputForm::Kind::kText) return std::nullopt;
  const auto constrainer = model.constrainer();
  if (!constrainer.ok()) {
    return Invalid(spec_.form.param, fmt::format("The model '{}' cannot be held to a form: {}",
                                                 spec_.model, constrainer.status().message()));
  }
  const auto make = [&]() -> Result<std::shared_ptr<const runtime::Constraint>> {
    switch (spec_.form.kind) {
      case OutputForm::Kind::kJsonSchema:
        return (*constrainer)
            ->JsonSchema(spec_.form.schema, {.strict = spec_.form.strict}, cache_salt());
      case OutputForm::Kind::kCall:
        return (*constrainer)
            ->JsonSchema(grammar::CallSchema(spec_.form.functions), {}, cache_salt());
      default:
        return (*constrainer)->JsonObject(cache_salt());
    }
  };
  auto made = make();
  if (!made.ok()) {
    return Invalid(spec_.form.param,
                   fmt::format("{}: {}", spec_.form.param, made.status().message()),
                   "invalid_json_schema");
  }
  constraint_ = std::move(made).value();
  return std::nullopt;
}

runtime::GenerateRequest GenerateTask::RequestOf(size_t choice) const {
  runtime::GenerateRequest request;
  const size_t prompt = choice / static_cast<size_t>(spec_.choices_per_prompt);
  request.prompt = prompts_[prompt];
  request.max_tokens = spec_.max_tokens;
  if (limit_) {
    request.max_tokens = std::min(spec_.max_tokens.value_or(rooms_[prompt]), *limit_);
  }
  request.sampling = spec_.sampling;
  request.sampling.seed = SeedOf(*spec_.seed, choice);
  request.stop_strings = spec_.stop;
  request.logprobs = spec_.logprobs;
  request.prompt_logprobs = spec_.tell_prompt && spec_.logprobs >= 0;
  request.stop_tokens = ends_;
  request.constraint = constraint_;
  request.begins_with = taken_back_[prompt];
  return request;
}

std::optional<Refusal> GenerateTask::Start(const std::shared_ptr<LoadedModel>& model,
                                           Output& output) {
  model_ = model;
  output_ = &output;
  if (Upstream* const upstream = model->upstream(); upstream != nullptr) {
    if (limit_) spec_.max_tokens = *limit_;  // is told to the other side
    auto request = UpstreamRequestOf(spec_, upstream->settings());
    if (!request.ok()) return request.refusal();
    request->plan.texts.clear();
    upstream_.emplace(*upstream, *std::move(request));
    upstream_->Start(output);
    return std::nullopt;
  }
  const size_t count = prompts_.size() * static_cast<size_t>(spec_.choices_per_prompt);
  unfinished_ = static_cast<int64_t>(count);
  told_.assign(count, false);
  for (size_t choice = 0; choice < count; ++choice) {
    runtime::GenerateRequest request = RequestOf(choice);
    request.cache_salt = cache_salt();
    request.priority = priority();
    request.on_token = [this, choice](const runtime::TokenEvent& event) {
      Take(static_cast<int64_t>(choice), event);
    };
    auto id = model->Submit(std::move(request));
    if (!id.ok()) {
      // What has begun goes to its end, which is soon: it is cancelled.
      if (choice == 0) return RefusalOf(id.status());
      Cancel();
      const auto missing = static_cast<int64_t>(count - choice);
      model->Post(
          [this, missing, status = id.status()](models::Model&) {
            failed_ = status;
            if (unfinished_.fetch_sub(missing) == missing) End();
          },
          priority());
      return std::nullopt;
    }
    const std::lock_guard lock(mutex_);
    requests_.push_back(*id);
    if (cancelled_) model->Cancel(*id);
  }
  return std::nullopt;
}

void GenerateTask::Cancel() {
  if (upstream_) return upstream_->Cancel();
  const std::lock_guard lock(mutex_);
  cancelled_ = true;
  for (const runtime::RequestId id : requests_) model_->Cancel(id);
}

TokenInfo GenerateTask::InfoOf(const runtime::Sample& sample) const {
  const text::Tokenizer& tokenizer = *model_->model().tokenizer;
  TokenInfo info{sample.token, tokenizer.TokenBytes(sample.token), sample.logprob};
  for (const runtime::TokenLogprob& other : sample.top) {
    info.top.push_back({other.token, tokenizer.TokenBytes(other.token), other.logprob});
  }
  return info;
}

// `scores`: of all tokens but the first; or empty.
std::vector<TokenInfo> GenerateTask::PromptInfo(int64_t choice,
                                                const std::vector<runtime::Sample>& scores) const {
  std::vector<TokenInfo> tokens;
  const auto& prompt = prompts_[static_cast<size_t>(choice / spec_.choices_per_prompt)];
  for (size_t i = 0; i < prompt.size(); ++i) {
    const bool scored = i > 0 && i <= scores.size();
    tokens.push_back(InfoOf(scored ? scores[i - 1] : runtime::Sample{.token = prompt[i]}));
    tokens.back().control = model_->model().tokenizer->IsSpecial(prompt[i]);
  }
  return tokens;
}

void GenerateTask::Take(int64_t choice, const runtime::TokenEvent& event) {
  Delta delta{.choice = choice, .text = event.text};
  if (event.token >= 0 && spec_.logprobs >= 0 && model_->model().tokenizer != nullptr) {
    delta.tokens.push_back(InfoOf({event.token, event.logprob, event.top}));
  }
  if (spec_.tell_prompt && !told_[static_cast<size_t>(choice)]) {
    told_[static_cast<size_t>(choice)] = true;
    delta.prompt = PromptInfo(choice, event.prompt);
  }
  if (event.finish) {
    if (!event.status.ok()) failed_ = event.status;
    delta.finish = FinishOf(*event.finish);
    if (delta.finish == Finish::kStop) delta.stop_text = event.stop_string;
    const auto per_prompt = static_cast<size_t>(spec_.choices_per_prompt);
    // A prompt counts once, however many choices it has.
    if (static_cast<size_t>(choice) % per_prompt == 0) {
      reply_.usage.prompt_tokens += event.usage.prompt_tokens;
      reply_.usage.cached_tokens += event.usage.cached_tokens;
    }
    reply_.usage.completion_tokens += event.usage.completion_tokens;
    reply_.timings.waiting = std::max(reply_.timings.waiting, event.timings.waiting);
    reply_.timings.prompt = std::max(reply_.timings.prompt, event.timings.prompt);
    reply_.timings.generation = std::max(reply_.timings.generation, event.timings.generation);
  }
  const bool tells = !delta.text.empty() || !delta.tokens.empty() || !delta.prompt.empty();
  if (tells || delta.finish) output_->Tell(std::move(delta));
  if (event.finish && unfinished_.fetch_sub(1) == 1) End();
}

void GenerateTask::End() {
  std::optional<Refusal> failed;
  if (!failed_.ok()) failed = RefusalOf(failed_);
  output_->End(std::move(reply_), std::move(failed));
}

}  // namespace parvis::service
