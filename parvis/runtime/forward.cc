#include "parvis/runtime/forward.h"

#include <algorithm>
#include <cstdint>

#include "parvis/ops/embedding.h"
#include "parvis/runtime/prompt_scores.h"
#include "parvis/runtime/sequence.h"

namespace parvis::runtime {
namespace {

// Notes that the sequence's adapter changes the next `count` rows.
void AddRows(const Sequence& sequence, int64_t begin, int64_t count,
             std::vector<nn::AdaptedRows>& adapters) {
  const nn::Adapter* adapter = sequence.request.adapter.get();
  if (adapter == nullptr) return;
  if (!adapters.empty() && adapters.back().adapter == adapter && adapters.back().end == begin) {
    adapters.back().end += count;
  } else {
    adapters.push_back({adapter, begin, begin + count});
  }
}

}  // namespace

void GroupByAdapter(std::vector<Scheduler::Part>& parts) {
  const auto number = [](const Scheduler::Part& part) {
    const auto& adapter = part.sequence->request.adapter;
    return adapter == nullptr ? 0 : adapter->number();
  };
  std::stable_sort(parts.begin(), parts.end(),
                   [&](const auto& a, const auto& b) { return number(a) < number(b); });
}

void EncodePrompts(const ops::Exec& exec, nn::Stack& stack,
                   std::span<const Scheduler::Part> parts) {
  std::vector<int32_t> tokens;
  std::vector<nn::AdaptedRows> adapters;
  std::vector<ops::KvView> views;
  std::vector<nn::Segment> segments, kept;
  views.reserve(parts.size());
  for (const auto& [sequence, count] : parts) {
    if (sequence->to_encode() == 0) continue;
    const std::vector<int32_t>& prompt = sequence->request.prompt;
    const auto begin = static_cast<int64_t>(tokens.size());
    tokens.insert(tokens.end(), prompt.begin(), prompt.end());
    views.push_back(sequence->memory->view());
    segments.push_back({begin, sequence->memory_size});
    kept.push_back({begin, sequence->memory_size, 0, &views.back()});
    AddRows(*sequence, begin, sequence->memory_size, adapters);
    sequence->encoded = true;
    if (!sequence->started_at) sequence->started_at = Clock::now();
  }
  if (tokens.empty()) return;
  const Tensor encoded =
      stack.Encode(exec, {.tokens = tokens, .segments = segments, .adapters = adapters});
  stack.Remember(exec, encoded, kept, adapters);
}

Outcome Forward(const ops::Exec& exec, nn::Stack& stack, std::span<const Scheduler::Part> parts) {
  std::vector<int32_t> tokens;
  std::vector<ops::KvView> views;
  std::vector<nn::Segment> segments, memories;
  std::vector<nn::AdaptedRows> adapters;
  std::vector<int64_t> last_rows;
  Outcome outcome;
  views.reserve(2 * parts.size());
  for (const auto& [sequence, count] : parts) {
    const auto begin = static_cast<int64_t>(tokens.size());
    const auto from = sequence->tokens.begin() + sequence->computed;
    tokens.insert(tokens.end(), from, from + count);
    views.push_back(sequence->pages->view());
    segments.push_back({begin, count, sequence->computed, &views.back()});
    views.push_back(sequence->memory->view());
    memories.push_back({0, 0, sequence->memory_size, &views.back()});
    AddRows(*sequence, begin, count, adapters);
    sequence->computed += count;
    if (!sequence->started_at) sequence->started_at = Clock::now();
    if (sequence->to_compute() > 0) continue;
    last_rows.push_back(begin + count - 1);
    outcome.sequences.push_back(sequence);
  }
  const Tensor hidden = stack.Forward(
      exec, {.tokens = tokens, .segments = segments, .memories = memories, .adapters = adapters});
  for (size_t i = 0; i < parts.size(); ++i) {
    Sequence& sequence = *parts[i].sequence;
    if (!sequence.to_score()) continue;
    Status status = ScorePrompt(exec, stack, hidden, segments[i].begin, parts[i].count, sequence);
    if (!status.ok()) outcome.failed.emplace_back(&sequence, std::move(status));
  }
  if (!last_rows.empty()) {
    outcome.logits = stack.Logits(exec, ops::SelectRows(exec, hidden, last_rows));
  }
  return outcome;
}

}  // namespace parvis::runtime
