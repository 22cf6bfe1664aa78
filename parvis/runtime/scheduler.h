#ifndef PARVIS_RUNTIME_SCHEDULER_H_
#define PARVIS_RUNTIME_SCHEDULER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "parvis/runtime/kv_cache.h"
#include "parvis/runtime/sequence.h"

namespace parvis::runtime {

// Decides what the next step computes. Who waits starts in the order of ranks, and of one rank in
// the order in which they were added; nobody goes before the first of that order. A sequence's rank
// is its priority, and one more each time that eight who came later have gone before it; 64 if it
// is a batch's. So nobody starves: one of priority p is passed (kMostPriority - p) * 8 times at
// most, a batch's 576 times, and then goes before all who come.
//
// Every decoding sequence gets its row in every step; what is left of the step goes to prompts, at
// least one row, higher ranks first and of one rank the oldest; prompts that an encoder reads are
// not cut, and one of them goes even if it is longer. When a decoding sequence needs a page and
// none is free, the sequence that stands last gives all of its pages back and is the first to wait;
// the first always goes on, so everything ends. A batch's sequence gives its place up, in the same
// way, as soon as a higher rank finds none: nobody waits for a batch longer than the step under
// way. Not synchronised.
class Scheduler {
 public:
  // The next `count` tokens of a sequence.
  struct Part {
    Sequence* sequence;
    int64_t count;
  };

  // With `share_prefixes`, sequences use the pages of others whose tokens begin alike, and pages of
  // finished ones are kept for the next (kv_cache.h).
  // REQUIRES: max_batch_tokens, max_sequences > 0; no sequence needs more pages than the cache has.
  Scheduler(std::unique_ptr<KvCache> cache, int64_t max_batch_tokens, int64_t max_sequences,
            bool share_prefixes = false);

  void Add(std::unique_ptr<Sequence> sequence);
  Sequence* Find(RequestId id);  // null: none
  // Takes a sequence out; its pages are free at once.
  std::unique_ptr<Sequence> Remove(const Sequence& sequence);

  // Starts sequences and takes pages; pages of each part hold its positions. Empty: nothing to do.
  std::vector<Part> Plan();

  const KvCache& cache() const { return *cache_; }
  int64_t num_running() const { return static_cast<int64_t>(running_.size()); }

 private:
  bool GrowOrPreempt(size_t index);
  void Preempt(size_t index);
  void Admit(std::vector<Part>& parts);
  bool TakePages(Sequence& next);
  bool MakeWay(const Sequence& next, std::vector<Part>& parts);
  void Start(std::unique_ptr<Sequence> next);
  void Share(Sequence& sequence) const;
  void Publish(Sequence& sequence) const;

  std::unique_ptr<KvCache> cache_;  // before the sequences, whose pages it owns
  const int64_t max_batch_tokens_;
  const size_t max_sequences_;
  const bool share_prefixes_;
  uint64_t arrivals_ = 0;
  std::vector<std::unique_ptr<Sequence>> waiting_;  // in no order
  std::vector<std::unique_ptr<Sequence>> running_;  // the last gives way first
};

}  // namespace parvis::runtime

#endif  // PARVIS_RUNTIME_SCHEDULER_H_
