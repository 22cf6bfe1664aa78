#ifndef PARVIS_RUNTIME_SCHEDULER_H_
#define PARVIS_RUNTIME_SCHEDULER_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "parvis/runtime/kv_cache.h"
#include "parvis/runtime/sequence.h"

namespace parvis::runtime {

// Decides what the next step computes. First come, first served: sequences start in the order in
// which they were added, and nobody overtakes. Every decoding sequence gets its row in every step;
// what is left of the step goes to prompts, oldest first, at least one row; prompts that an encoder
// reads are not cut, and one of them goes even if it is longer. When a decoding
// sequence needs a page and none is free, the sequence that started last gives all of its pages
// back and is the first to wait; the oldest always goes on, so everything ends. Not synchronised.
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
  void Preempt();
  void Admit();
  void Share(Sequence& sequence) const;
  void Publish(Sequence& sequence) const;

  std::unique_ptr<KvCache> cache_;  // before the sequences, whose pages it owns
  const int64_t max_batch_tokens_;
  const size_t max_sequences_;
  const bool share_prefixes_;
  std::deque<std::unique_ptr<Sequence>> waiting_;
  std::vector<std::unique_ptr<Sequence>> running_;  // in the order in which they started
};

}  // namespace parvis::runtime

#endif  // PARVIS_RUNTIME_SCHEDULER_H_
