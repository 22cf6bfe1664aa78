#ifndef PARVIS_RUNTIME_ENGINE_H_
#define PARVIS_RUNTIME_ENGINE_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "parvis/core/priority.h"
#include "parvis/core/result.h"
#include "parvis/ops/exec.h"
#include "parvis/runtime/constraint.h"
#include "parvis/runtime/sampler.h"

namespace parvis::models {
struct Model;
}
namespace parvis::nn {
class Adapter;
}

namespace parvis::runtime {

class Scheduler;
struct Sequence;

struct EngineOptions {
  size_t kv_budget_bytes = size_t{512} << 20;  // keys and values of all sequences together
  int64_t max_batch_tokens = 256;  // rows of a step: one per decoding sequence, prompts in the rest
  int64_t max_sequences = 16;      // that run at a time; others wait
  int64_t max_waiting = 1024;      // that wait (core/places.h); others are refused
  // Prompt and answer together; 0: the model's own, or what the budget holds if that is less. Only
  // models without a table of positions can have more than their own. In models with an encoder the
  // prompt and the answer can have so many tokens each.
  int64_t context_length = 0;
  // Keys and values of equal beginnings are computed once and kept until the memory is wanted
  // (GenerateRequest::cache_salt says between whom).
  bool share_prefixes = true;
};

enum class FinishReason {
  kStop,       // an end token, a stop string, or what the constraint asks for is whole
  kLength,     // max_tokens, or the context length is full
  kCancelled,  // Cancel()
  kError,      // TokenEvent::status says what
};
std::string_view FinishReasonName(FinishReason reason);  // "stop", "length", "cancelled", "error"

struct Usage {
  int64_t prompt_tokens = 0;      // of who left before the first token, those that were read
  int64_t completion_tokens = 0;  // all that were chosen, the end token included
  int64_t cached_tokens = 0;      // of the prompt, that were computed for an earlier request
};

// In seconds. The first is from Submit to the first step with the request in it.
struct Timings {
  double waiting = 0.0;
  double prompt = 0.0;      // from there to the first token
  double generation = 0.0;  // from the first token to the last
};

using RequestId = uint64_t;

// What a request's callback is told: one event for each token, the last one with `finish`. A
// request that ends without a token (cancelled, max_tokens 0) has a last event whose `token` is -1.
struct TokenEvent {
  RequestId id = 0;
  int32_t token = -1;
  // What can be shown now: always complete UTF-8, never a stop string or the beginning of one. May
  // be empty; may hold what earlier tokens held back.
  std::string text;
  float logprob = 0.0f;           // if asked for
  std::vector<TokenLogprob> top;  // if asked for
  // In the request's first event, if asked for: each token of the prompt but its first, as what was
  // chosen behind those before it.
  std::vector<Sample> prompt;
  std::optional<FinishReason> finish;
  std::string stop_string;  // only with `finish`: the one that ended the text, if one did
  Status status;            // not ok only with FinishReason::kError
  Usage usage;              // so far
  Timings timings;          // only with `finish`
};

struct GenerateRequest {
  std::vector<int32_t> prompt;        // at least one token (begin with the model's first token)
  std::optional<int64_t> max_tokens;  // none: until the context length is full
  SamplingParams sampling;
  std::vector<std::string> stop_strings;
  std::vector<int32_t> stop_tokens;     // beside the tokeniser's end tokens
  bool ignore_end = false;              // the tokeniser's end tokens do not stop (benchmarks)
  int logprobs = Sampler::kNoLogprobs;  // alternatives for each token; see Sampler::Next
  // The same of the prompt's tokens (TokenEvent::prompt), which is computed for it as a whole, also
  // with max_tokens 0. REQUIRES: logprobs >= 0; not of models with an encoder.
  bool prompt_logprobs = false;
  std::shared_ptr<const Constraint> constraint;  // what the answer may be; null: anything
  // The answer begins with these bytes, and they are not told: what was taken back from the prompt
  // (token_healing.h). Not together with a constraint.
  std::string begins_with;
  // Changes the model for this request (models::ReadAdapter); null: the model as it is. Requests
  // with different ones run side by side, and share no beginnings.
  std::shared_ptr<const nn::Adapter> adapter;
  // Requests share what was computed for equal beginnings only if their salts are equal: a server
  // gives each tenant its own, so that none can find out what another has asked.
  std::string cache_salt;
  // Who goes first if not all find room (scheduler.h): 0 to kMostPriority. One of kBatchPriority
  // also gives its place up for any other.
  int priority = kUsualPriority;
  // Called by the thread that drives Step(). It may call Submit and Cancel, not Step.
  std::function<void(const TokenEvent&)> on_token;
};

// What an engine does, as of its last step.
struct EngineLoad {
  int64_t running = 0, waiting = 0;     // sequences
  int64_t kv_pages = 0, kv_in_use = 0;  // pages; those only kept for later are not in use
  double kv_usage() const {
    return kv_pages == 0 ? 0.0 : static_cast<double>(kv_in_use) / static_cast<double>(kv_pages);
  }
};

// Runs requests on one model, together: every Step() is one forward pass over one token of each
// sequence that generates and a part of the prompts that wait (continuous batching with chunked
// prefill). What a request generates does not depend on what runs beside it, on the number of
// threads or on how its prompt was cut (docs/design/runtime.md).
//
// Models with an encoder read a prompt in one piece, once; what their decoder sees of it is kept in
// pages of the same budget.
//
// A sequence is waiting → prefilling → decoding → finished. When the pages for keys and values run
// out, the sequence that came last gives its pages back, waits, and is computed again: it loses
// time, never tokens. So does one of a batch when another wants its place.
//
// Submit and Cancel may be called from any thread; Step by one thread at a time.
class Engine {
 public:
  // `model` and `exec` must outlive the engine. Refuses options that make no sense, a context
  // length that the model or the budget cannot hold, and a budget that cannot be had.
  static Result<std::unique_ptr<Engine>> Create(models::Model& model, const ops::Exec& exec,
                                                const EngineOptions& options);
  ~Engine();  // requests that are not finished get no further event
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Takes a request, or says why it could never be answered: an empty prompt, one longer than the
  // context length (nothing is ever cut), tokens outside the vocabulary, parameters that make no
  // sense. kUnavailable: too many wait already.
  Result<RequestId> Submit(GenerateRequest request);
  // Whether Submit would take it if there was room.
  Status Check(const GenerateRequest& request) const;

  // Before the next step the request ends with FinishReason::kCancelled. Unknown or finished:
  // no-op.
  void Cancel(RequestId id);

  // Ends what was cancelled, computes one forward pass and calls back with what came out. False
  // when there was nothing to compute.
  bool Step();

  // Requests that are neither finished nor cancelled, as of the last Submit or Step.
  int64_t unfinished() const { return unfinished_.load(std::memory_order_relaxed); }
  EngineLoad load() const;  // from any thread
  int64_t context_length() const { return context_length_; }

 private:
  Engine(models::Model& model, const ops::Exec& exec, const EngineOptions& options,
         int64_t context_length, std::unique_ptr<Scheduler> scheduler);

  bool IsEnd(const Sequence& sequence, int32_t token) const;
  void TakeInbox();
  void NoteLoad();
  void Accept(Sequence& sequence, Result<Sample> sample);
  void Finish(Sequence& sequence, FinishReason reason, TokenEvent event);

  models::Model& model_;
  const ops::Exec& exec_;
  const EngineOptions options_;
  const int64_t context_length_;
  std::unique_ptr<Scheduler> scheduler_;  // of the thread in Step

  std::mutex mutex_;  // guards the three below
  RequestId next_id_ = 1;
  std::vector<std::unique_ptr<Sequence>> submitted_;
  std::vector<RequestId> cancelled_;
  std::atomic<int64_t> unfinished_{0};
  const int64_t kv_pages_;
  std::atomic<int64_t> running_{0}, kv_in_use_{0};  // of load()
};

// A whole answer at once.
struct Completion {
  std::vector<int32_t> tokens;
  std::string text;
  std::vector<float> logprobs;                 // of `tokens`, if asked for
  std::vector<std::vector<TokenLogprob>> top;  // likewise
  FinishReason finish = FinishReason::kStop;
  Usage usage;
  Timings timings;
};

// Submits and drives the engine until the request is finished. The request's own callback is called
// as well. FinishReason::kError is returned as a Status. REQUIRES: no other thread drives Step().
Result<Completion> Generate(Engine& engine, GenerateRequest request);

}  // namespace parvis::runtime

#endif  // PARVIS_RUNTIME_ENGINE_H_
