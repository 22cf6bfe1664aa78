#ifndef PARVIS_RUNTIME_SEQUENCE_H_
#define PARVIS_RUNTIME_SEQUENCE_H_

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "parvis/core/priority.h"
#include "parvis/nn/adapter.h"
#include "parvis/runtime/engine.h"
#include "parvis/runtime/kv_cache.h"
#include "parvis/runtime/sampler.h"
#include "parvis/runtime/stop.h"
#include "parvis/text/stream_decoder.h"

namespace parvis::runtime {

using Clock = std::chrono::steady_clock;

enum class SequenceState {
  kWaiting,     // has no pages
  kPrefilling,  // has pages; more than one token is not computed
  kDecoding,    // only its last token is not computed
};

// A request that is being answered. `tokens` holds the prompt and what was generated; the keys and
// values of the first `computed` of them are in `pages`. Every step computes some of the rest, and
// when none is left the next token is chosen. Giving the pages back and starting from 0 again
// therefore changes nothing in the answer.
//
// With an encoder, `tokens` holds only the answer, which begins with a token of its own; what the
// decoder sees of the prompt is computed once and lies in `memory`, until the pages are given back.
struct Sequence {
  // `start`: what the answer begins with, if there is an encoder.
  Sequence(RequestId request_id, GenerateRequest submitted, int64_t most_tokens,
           const text::Tokenizer* tokenizer, std::optional<int32_t> start = std::nullopt)
      : id(request_id),
        request(std::move(submitted)),
        tokens(start ? std::vector<int32_t>{*start} : request.prompt),
        salt(SaltOf(request)),
        limit(most_tokens),
        memory_size(start ? static_cast<int64_t>(request.prompt.size()) : 0),
        sampler(request.sampling, tokens,
                request.constraint ? request.constraint->Begin() : nullptr, tokenizer),
        stop(request.stop_strings),
        hidden(request.begins_with.size()),
        submitted_at(Clock::now()) {
    if (tokenizer != nullptr) decoder.emplace(*tokenizer);
    usage.prompt_tokens = static_cast<int64_t>(request.prompt.size());
  }

  // What its priority has become by waiting: it rises with each who came later and went before it.
  int rank() const {
    const int64_t of_a_rank = request.priority == kBatchPriority ? 64 : 8;
    return std::min(kMostPriority, request.priority + static_cast<int>(passed / of_a_rank));
  }
  // Whether it gives its place up for a higher rank.
  bool yields() const { return request.priority == kBatchPriority && rank() < kMostPriority; }

  int64_t size() const { return static_cast<int64_t>(tokens.size()); }
  int64_t to_compute() const { return size() - computed; }
  // Whether the prompt's tokens are yet to be told with their log-probabilities.
  bool to_score() const { return request.prompt_logprobs && usage.completion_tokens == 0; }
  // What may be told of a piece of the answer: not the bytes that it was asked to begin with.
  std::string Shown(std::string text) {
    const size_t left_out = std::min(hidden, text.size());
    hidden -= left_out;
    return text.substr(left_out);
  }
  // Of the prompt, until there is a first token.
  int64_t read() const { return memory_size > 0 ? memory_size - to_encode() : computed; }
  int64_t to_encode() const { return encoded ? 0 : memory_size; }
  // Keys and values of an adapter are its own.
  static std::string SaltOf(const GenerateRequest& request) {
    const uint64_t number = request.adapter == nullptr ? 0 : request.adapter->number();
    return std::to_string(number) + ":" + request.cache_salt;
  }
  // Back to the beginning of what is computed.
  void Release() {
    pages.reset();
    memory.reset();
    computed = 0;
    encoded = false;
    state = SequenceState::kWaiting;
  }

  const RequestId id;
  const GenerateRequest request;
  std::vector<int32_t> tokens;
  const std::string salt;     // who may share what is computed
  const int64_t limit;        // that `tokens` may hold
  const int64_t memory_size;  // positions of the encoded prompt; 0 without an encoder
  SequenceState state = SequenceState::kWaiting;
  uint64_t arrival = 0;     // the scheduler's: in the order in which they were added
  int64_t passed = 0;       // by those who came later
  bool goes_first = false;  // has given its pages back, and goes on before all who wait
  int64_t computed = 0;
  bool encoded = false;
  std::optional<PageTable> pages;   // from admission on
  std::optional<PageTable> memory;  // likewise, if there is an encoder

  Sampler sampler;
  StopFilter stop;
  size_t hidden;                               // bytes of the answer's beginning yet to be left out
  std::optional<text::StreamDecoder> decoder;  // none without a tokeniser

  std::vector<Sample> scores;  // of the prompt's tokens but its first, if asked for

  Usage usage;
  Clock::time_point submitted_at;
  std::optional<Clock::time_point> started_at, first_token_at;
};

}  // namespace parvis::runtime

#endif  // PARVIS_RUNTIME_SEQUENCE_H_
