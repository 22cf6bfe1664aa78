#include "parvis/runtime/scheduler.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace parvis::runtime {
namespace {

bool StartsBefore(const std::unique_ptr<Sequence>& a, const std::unique_ptr<Sequence>& b) {
  if (a->goes_first != b->goes_first) return a->goes_first;
  if (a->rank() != b->rank()) return a->rank() > b->rank();
  return a->arrival < b->arrival;
}

}  // namespace

Scheduler::Scheduler(std::unique_ptr<KvCache> cache, int64_t max_batch_tokens,
                     int64_t max_sequences, bool share_prefixes)
    : cache_(std::move(cache)),
      max_batch_tokens_(max_batch_tokens),
      max_sequences_(static_cast<size_t>(max_sequences)),
      share_prefixes_(share_prefixes) {
  PARVIS_CHECK(max_batch_tokens > 0 && max_sequences > 0);
}

void Scheduler::Add(std::unique_ptr<Sequence> sequence) {
  sequence->arrival = arrivals_++;
  waiting_.push_back(std::move(sequence));
}

Sequence* Scheduler::Find(RequestId id) {
  for (const auto& sequence : running_) {
    if (sequence->id == id) return sequence.get();
  }
  for (const auto& sequence : waiting_) {
    if (sequence->id == id) return sequence.get();
  }
  return nullptr;
}

std::unique_ptr<Sequence> Scheduler::Remove(const Sequence& sequence) {
  const auto take = [&](auto& sequences) -> std::unique_ptr<Sequence> {
    const auto found = std::find_if(sequences.begin(), sequences.end(),
                                    [&](const auto& s) { return s.get() == &sequence; });
    if (found == sequences.end()) return nullptr;
    std::unique_ptr<Sequence> taken = std::move(*found);
    sequences.erase(found);
    Publish(*taken);
    taken->Release();
    return taken;
  };
  std::unique_ptr<Sequence> taken = take(running_);
  return taken != nullptr ? std::move(taken) : take(waiting_);
}

void Scheduler::Preempt(size_t index) {
  std::unique_ptr<Sequence> taken = std::move(running_[index]);
  running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(index));
  Publish(*taken);
  taken->Release();
  taken->goes_first = !taken->yields();
  if (taken->usage.completion_tokens == 0) taken->usage.cached_tokens = 0;
  waiting_.push_back(std::move(taken));
}

// Room for all tokens of running_[index]. False if it had to give way itself.
bool Scheduler::GrowOrPreempt(size_t index) {
  while (!running_[index]->pages->Grow(running_[index]->size()).ok()) {
    PARVIS_CHECK(running_.size() > 1);  // alone, it would need more than the cache has
    Preempt(running_.size() - 1);
    if (index == running_.size()) return false;
  }
  return true;
}

// Takes over what is computed of the sequence's tokens already. With an encoder they mean something
// else for each prompt; and keys and values do not say how likely a prompt's tokens were.
void Scheduler::Share(Sequence& sequence) const {
  if (!share_prefixes_ || sequence.memory_size > 0 || sequence.to_score()) return;
  const int64_t before = sequence.computed;
  sequence.computed = sequence.pages->Share(sequence.tokens, sequence.salt, before);
  if (sequence.usage.completion_tokens > 0) return;
  sequence.usage.cached_tokens += sequence.computed - before;
}

void Scheduler::Publish(Sequence& sequence) const {
  if (!share_prefixes_ || sequence.memory_size > 0 || !sequence.pages) return;
  sequence.pages->Publish(sequence.tokens, sequence.salt, sequence.computed);
}

// Room for what a sequence has to begin with, or nothing.
bool Scheduler::TakePages(Sequence& next) {
  next.pages.emplace(*cache_);
  next.memory.emplace(*cache_);
  Share(next);
  // Beside its own, a page for each that runs: else the next page wanted would send it back.
  const int64_t wanted = KvCache::PagesFor(next.size()) - next.pages->num_pages() +
                         KvCache::PagesFor(next.memory_size) +
                         static_cast<int64_t>(running_.size());
  if (wanted > cache_->num_free()) {
    next.Release();
    if (next.usage.completion_tokens == 0) next.usage.cached_tokens = 0;
    return false;
  }
  PARVIS_CHECK(next.pages->Grow(next.size()).ok());
  PARVIS_CHECK(next.memory->Grow(next.memory_size).ok());
  return true;
}

// Takes the place of a batch's sequence of a lower rank, if there is one. Batches wait for each
// other: what one loses the other would have to win.
bool Scheduler::MakeWay(const Sequence& next, std::vector<Part>& parts) {
  if (next.request.priority == kBatchPriority) return false;
  for (size_t i = running_.size(); i-- > 0;) {
    const Sequence* const other = running_[i].get();
    if (!other->yields() || other->rank() >= next.rank()) continue;
    std::erase_if(parts, [other](const Part& part) { return part.sequence == other; });
    Preempt(i);
    return true;
  }
  return false;
}

void Scheduler::Start(std::unique_ptr<Sequence> next) {
  const auto pass = [&next](Sequence& other) {
    if (other.arrival < next->arrival) ++other.passed;
  };
  for (const auto& other : waiting_) pass(*other);
  auto place = running_.end();
  while (place != running_.begin() && (*std::prev(place))->rank() < next->rank()) pass(**--place);
  next->state = SequenceState::kPrefilling;
  running_.insert(place, std::move(next));
}

void Scheduler::Admit(std::vector<Part>& parts) {
  while (!waiting_.empty()) {
    const auto first = std::min_element(waiting_.begin(), waiting_.end(), StartsBefore);
    std::unique_ptr<Sequence> next = std::move(*first);
    waiting_.erase(first);
    while (running_.size() == max_sequences_ || !TakePages(*next)) {
      if (MakeWay(*next, parts)) continue;
      waiting_.push_back(std::move(next));
      return;
    }
    Start(std::move(next));
  }
}

std::vector<Scheduler::Part> Scheduler::Plan() {
  for (const auto& sequence : running_) Publish(*sequence);
  std::vector<Part> parts;
  for (size_t i = 0; i < running_.size(); ++i) {
    if (running_[i]->state != SequenceState::kDecoding) continue;
    if (GrowOrPreempt(i)) parts.push_back({running_[i].get(), 1});
  }
  Admit(parts);
  const auto decoding = static_cast<int64_t>(parts.size());
  int64_t left = std::max<int64_t>(1, max_batch_tokens_ - decoding);
  bool encodes = false;
  for (const auto& sequence : running_) {
    if (left == 0) break;
    if (sequence->state != SequenceState::kPrefilling) continue;
    if (const int64_t encode = sequence->to_encode(); encode > 0) {
      if (encode >= left && encodes) break;  // an encoder reads whole prompts; the next step's
      left = std::max<int64_t>(1, left - encode);
      encodes = true;
    }
    Share(*sequence);
    const int64_t count = std::min(left, sequence->to_compute());
    parts.push_back({sequence.get(), count});
    left -= count;
  }
  return parts;
}

}  // namespace parvis::runtime
