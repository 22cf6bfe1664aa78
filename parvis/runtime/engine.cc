#include "parvis/runtime/engine.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

#include "fmt/format.h"
#include "parvis/core/places.h"
#include "parvis/models/model.h"
#include "parvis/runtime/forward.h"
#include "parvis/runtime/scheduler.h"
#include "parvis/runtime/sequence.h"
#include "parvis/runtime/token_healing.h"

namespace parvis::runtime {
namespace {

constexpr size_t kMaxSaltBytes = 256;

// Positions that a sequence can have: what is asked for, or the least of model and budget. With an
// encoder the prompt and the answer can have so many each.
Result<int64_t> ContextLengthOf(const nn::Blueprint& blueprint, int64_t asked, int64_t num_pages) {
  if (blueprint.encoder_layers > 0) num_pages /= 2;
  const int64_t capacity = num_pages * static_cast<int64_t>(kPageTokens);
  const int64_t own = blueprint.context_length;
  if (asked == 0) return std::min(own, capacity);
  if (std::holds_alternative<nn::LearnedPositions>(blueprint.positions) && asked > own) {
    return InvalidArgument(fmt::format(
        "context_length: {} is more than the {} positions that the model has learned", asked, own));
  }
  if (asked > capacity) {
    return InvalidArgument(
        fmt::format("context_length: {} positions do not fit into kv_budget_bytes, which holds {}",
                    asked, capacity));
  }
  return asked;
}

Status CheckTokens(const char* field, std::span<const int32_t> tokens, int64_t vocab_size) {
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i] < 0 || tokens[i] >= vocab_size) {
      return InvalidArgument(fmt::format("{}[{}]: there is no token {}; the vocabulary has {}",
                                         field, i, tokens[i], vocab_size));
    }
  }
  return {};
}

double SecondsBetween(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

Timings TimingsOf(const Sequence& sequence) {
  const Clock::time_point now = Clock::now();
  const Clock::time_point started = sequence.started_at.value_or(now);
  const Clock::time_point first = sequence.first_token_at.value_or(now);
  return {.waiting = SecondsBetween(sequence.submitted_at, started),
          .prompt = SecondsBetween(started, first),
          .generation = SecondsBetween(first, now)};
}

}  // namespace

std::string_view FinishReasonName(FinishReason reason) {
  switch (reason) {
    case FinishReason::kStop:
      return "stop";
    case FinishReason::kLength:
      return "length";
    case FinishReason::kCancelled:
      return "cancelled";
    case FinishReason::kError:
      break;
  }
  return "error";
}

Result<std::unique_ptr<Engine>> Engine::Create(models::Model& model, const ops::Exec& exec,
                                               const EngineOptions& options) {
  if (options.max_batch_tokens < 1) return InvalidArgument("max_batch_tokens: must be at least 1");
  if (options.max_sequences < 1) return InvalidArgument("max_sequences: must be at least 1");
  if (options.max_waiting < 0) return InvalidArgument("max_waiting: must not be negative");
  if (options.context_length < 0) return InvalidArgument("context_length: must not be negative");
  const nn::Blueprint& blueprint = model.stack.blueprint();
  PARVIS_RETURN_IF_ERROR(models::CheckGenerates(blueprint));
  const ops::PageLayout layout{static_cast<size_t>(blueprint.num_layers),
                               static_cast<size_t>(blueprint.attention.num_kv_heads),
                               static_cast<size_t>(blueprint.attention.head_dim)};
  PARVIS_ASSIGN_OR_RETURN(auto cache, KvCache::Create(layout, options.kv_budget_bytes));
  PARVIS_ASSIGN_OR_RETURN(const int64_t context_length,
                          ContextLengthOf(blueprint, options.context_length, cache->num_pages()));
  if (context_length == 0) {
    return InvalidArgument("kv_budget_bytes: holds no page of the prompt and one of the answer");
  }
  auto scheduler = std::make_unique<Scheduler>(std::move(cache), options.max_batch_tokens,
                                               options.max_sequences, options.share_prefixes);
  return std::unique_ptr<Engine>(
      new Engine(model, exec, options, context_length, std::move(scheduler)));
}

Engine::Engine(models::Model& model, const ops::Exec& exec, const EngineOptions& options,
               int64_t context_length, std::unique_ptr<Scheduler> scheduler)
    : model_(model),
      exec_(exec),
      options_(options),
      context_length_(context_length),
      scheduler_(std::move(scheduler)),
      kv_pages_(scheduler_->cache().num_pages()) {}

Engine::~Engine() = default;

Status Engine::Check(const GenerateRequest& request) const {
  const int64_t vocab_size = model_.stack.blueprint().vocab_size;
  if (request.prompt.empty()) {
    return InvalidArgument("prompt: there is no token to begin with");
  }
  if (static_cast<int64_t>(request.prompt.size()) > context_length_) {
    return InvalidArgument(fmt::format("prompt: {} tokens are more than the context length of {}",
                                       request.prompt.size(), context_length_));
  }
  if (request.max_tokens.value_or(0) < 0) {
    return InvalidArgument("max_tokens: must not be negative");
  }
  if (request.logprobs < Sampler::kNoLogprobs || request.logprobs > Sampler::kMaxTopLogprobs) {
    return InvalidArgument(fmt::format("logprobs: {} is not between 0 and {}", request.logprobs,
                                       Sampler::kMaxTopLogprobs));
  }
  if (request.prompt_logprobs &&
      (request.logprobs < 0 || model_.stack.blueprint().encoder_layers > 0)) {
    return InvalidArgument(
        "prompt_logprobs: needs logprobs, and a model that reads its prompt from left to right");
  }
  if (request.priority < kBatchPriority || request.priority > kMostPriority) {
    return InvalidArgument(
        fmt::format("priority: {} is not between 0 and {}", request.priority, kMostPriority));
  }
  if (request.adapter != nullptr && !model_.stack.Owns(*request.adapter)) {
    return InvalidArgument("adapter: was made for another model");
  }
  if (!request.stop_strings.empty() && model_.tokenizer == nullptr) {
    return InvalidArgument("stop: the model has no tokeniser, so there is no text to stop at");
  }
  if (request.cache_salt.size() > kMaxSaltBytes) {
    return InvalidArgument(fmt::format("cache_salt: more than {} bytes are given", kMaxSaltBytes));
  }
  PARVIS_RETURN_IF_ERROR(CheckTokens("prompt", request.prompt, vocab_size));
  PARVIS_RETURN_IF_ERROR(CheckTokens("stop_tokens", request.stop_tokens, vocab_size));
  PARVIS_RETURN_IF_ERROR(StopFilter::Validate(request.stop_strings));
  if (!request.begins_with.empty() && (model_.tokenizer == nullptr || request.constraint)) {
    return InvalidArgument("begins_with: needs a tokeniser, and no constraint beside it");
  }
  return Sampler::Validate(request.sampling, vocab_size);
}

Result<RequestId> Engine::Submit(GenerateRequest request) {
  PARVIS_RETURN_IF_ERROR(Check(request));
  if (!request.begins_with.empty()) {
    request.constraint = BeginsWith(model_.tokenizer, request.begins_with);
  }
  const nn::Blueprint& blueprint = model_.stack.blueprint();
  std::optional<int32_t> start;
  if (blueprint.encoder_layers > 0) start = static_cast<int32_t>(blueprint.decoder_start_token);
  const auto before = start ? int64_t{1} : static_cast<int64_t>(request.prompt.size());
  const int64_t room = context_length_ - before;
  const int64_t limit = before + std::min(request.max_tokens.value_or(room), room);

  const int64_t places = PlacesFor(request.priority, options_.max_sequences + options_.max_waiting);
  const std::lock_guard lock(mutex_);
  if (unfinished() >= places) {
    return Status(StatusCode::kUnavailable,
                  fmt::format("{} requests wait already; try again later",
                              std::max<int64_t>(0, places - options_.max_sequences)));
  }
  const RequestId id = next_id_++;
  submitted_.push_back(
      std::make_unique<Sequence>(id, std::move(request), limit, model_.tokenizer.get(), start));
  unfinished_.fetch_add(1, std::memory_order_relaxed);
  return id;
}

void Engine::Cancel(RequestId id) {
  const std::lock_guard lock(mutex_);
  cancelled_.push_back(id);
}

// Takes what other threads have left since the last step.
void Engine::TakeInbox() {
  std::vector<std::unique_ptr<Sequence>> submitted;
  std::vector<RequestId> cancelled;
  {
    const std::lock_guard lock(mutex_);
    submitted.swap(submitted_);
    cancelled.swap(cancelled_);
  }
  std::vector<Sequence*> full;  // that have no room for an answer
  for (auto& sequence : submitted) {
    const bool has_room = sequence->size() < sequence->limit;
    if (!has_room && !sequence->to_score()) full.push_back(sequence.get());
    scheduler_->Add(std::move(sequence));
  }
  for (const RequestId id : cancelled) {
    Sequence* sequence = scheduler_->Find(id);
    if (sequence == nullptr) continue;
    std::erase(full, sequence);
    Finish(*sequence, FinishReason::kCancelled, {});
  }
  for (Sequence* sequence : full) Finish(*sequence, FinishReason::kLength, {});
}

bool Engine::Step() {
  TakeInbox();
  std::vector<Scheduler::Part> parts = scheduler_->Plan();
  NoteLoad();
  if (parts.empty()) return false;
  GroupByAdapter(parts);
  EncodePrompts(exec_, model_.stack, parts);
  Outcome outcome = Forward(exec_, model_.stack, parts);

  const size_t count = outcome.sequences.size();
  std::vector<Result<Sample>> samples(count, Result<Sample>(Sample{}));
  exec_.pool().Dynamic(static_cast<int64_t>(count), 1, [&](int64_t begin, int64_t end) {
    const int64_t vocab_size = outcome.logits.dim(1);
    for (int64_t i = begin; i < end; ++i) {
      Sequence& sequence = *outcome.sequences[i];
      samples[i] = sequence.sampler.Next(
          {outcome.logits.f32() + i * vocab_size, static_cast<size_t>(vocab_size)},
          sequence.request.logprobs);
    }
  });
  for (auto& [sequence, status] : outcome.failed) {
    const auto found = std::find(outcome.sequences.begin(), outcome.sequences.end(), sequence);
    if (found != outcome.sequences.end()) *found = nullptr;
    TokenEvent event;
    event.status = std::move(status);
    Finish(*sequence, FinishReason::kError, std::move(event));
  }
  for (size_t i = 0; i < count; ++i) {
    if (outcome.sequences[i] != nullptr) Accept(*outcome.sequences[i], std::move(samples[i]));
  }
  NoteLoad();
  return true;
}

void Engine::NoteLoad() {
  running_.store(scheduler_->num_running(), std::memory_order_relaxed);
  kv_in_use_.store(scheduler_->cache().num_pages() - scheduler_->cache().num_free(),
                   std::memory_order_relaxed);
}

EngineLoad Engine::load() const {
  const int64_t running = running_.load(std::memory_order_relaxed);
  return {running, std::max<int64_t>(0, unfinished() - running), kv_pages_,
          kv_in_use_.load(std::memory_order_relaxed)};
}

bool Engine::IsEnd(const Sequence& sequence, int32_t token) const {
  const GenerateRequest& request = sequence.request;
  const auto& stops = request.stop_tokens;
  if (std::find(stops.begin(), stops.end(), token) != stops.end()) return true;
  if (request.ignore_end || model_.tokenizer == nullptr) return false;
  const auto& ends = model_.tokenizer->vocabulary().end_tokens;
  return model_.tokenizer->eos() == token ||
         std::find(ends.begin(), ends.end(), token) != ends.end();
}

void Engine::Accept(Sequence& sequence, Result<Sample> sample) {
  TokenEvent event;
  event.prompt = std::move(sequence.scores);
  if (sequence.size() >= sequence.limit) {  // only the prompt was asked for
    Finish(sequence, FinishReason::kLength, std::move(event));
    return;
  }
  if (!sample.ok()) {
    event.status = sample.status();
    Finish(sequence, FinishReason::kError, std::move(event));
    return;
  }
  if (!sequence.first_token_at) sequence.first_token_at = Clock::now();
  event.token = sample->token;
  event.logprob = sample->logprob;
  event.top = std::move(sample->top);
  sequence.tokens.push_back(event.token);
  sequence.state = SequenceState::kDecoding;
  ++sequence.usage.completion_tokens;

  const bool end = IsEnd(sequence, event.token);
  if (!end && sequence.decoder) {
    event.text = sequence.stop.Add(sequence.Shown(sequence.decoder->Push(event.token)));
  }
  if (end || sequence.stop.stopped() || sequence.sampler.finished()) {
    Finish(sequence, FinishReason::kStop, std::move(event));
  } else if (sequence.size() >= sequence.limit) {
    Finish(sequence, FinishReason::kLength, std::move(event));
  } else if (sequence.request.on_token) {
    event.id = sequence.id;
    event.usage = sequence.usage;
    sequence.request.on_token(event);
  }
}

// The last event, with all text that was held back. The sequence is gone afterwards.
void Engine::Finish(Sequence& sequence, FinishReason reason, TokenEvent event) {
  if (reason == FinishReason::kCancelled && sequence.usage.completion_tokens == 0) {
    sequence.usage.prompt_tokens = sequence.read();
  }
  const std::unique_ptr<Sequence> finished = scheduler_->Remove(sequence);
  unfinished_.fetch_sub(1, std::memory_order_relaxed);
  if (finished->decoder) {
    event.text += finished->stop.Add(finished->Shown(finished->decoder->Finish()));
  }
  event.text += finished->stop.Finish();
  event.stop_string = finished->stop.stopped_by();
  event.id = finished->id;
  event.finish = reason;
  event.usage = finished->usage;
  event.timings = TimingsOf(*finished);
  if (finished->request.on_token) finished->request.on_token(event);
}

Result<Completion> Generate(Engine& engine, GenerateRequest request) {
  Completion completion;
  Status status;
  bool finished = false;
  const bool logprobs = request.logprobs != Sampler::kNoLogprobs;
  request.on_token = [&, told = std::move(request.on_token)](const TokenEvent& event) {
    if (told) told(event);
    if (event.token >= 0) {
      completion.tokens.push_back(event.token);
      if (logprobs) completion.logprobs.push_back(event.logprob);
      if (logprobs) completion.top.push_back(event.top);
    }
    completion.text += event.text;
    if (!event.finish) return;
    finished = true;
    completion.finish = *event.finish;
    completion.usage = event.usage;
    completion.timings = event.timings;
    status = event.status;
  };
  const Result<RequestId> id = engine.Submit(std::move(request));
  PARVIS_RETURN_IF_ERROR(id.status());
  while (!finished) engine.Step();
  PARVIS_RETURN_IF_ERROR(status);
  return completion;
}

}  // namespace parvis::runtime
