#ifndef PARVIS_TEXT_PIECE_COUNTER_H_
#define PARVIS_TEXT_PIECE_COUNTER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "parvis/core/thread_pool.h"

namespace parvis::text {

// How often each string was added. Open addressing; the bytes of all strings lie in one block.
class PieceCounts {
 public:
  void Add(std::string_view piece, int64_t count) { Add(piece, count, Hash(piece)); }
  void Add(std::string_view piece, int64_t count, uint64_t hash);
  void Clear();  // keeps the memory
  // Forgets every string that was counted less than `count` times.
  void DropBelow(int64_t count);

  size_t size() const { return size_; }
  size_t bytes() const { return bytes_.size(); }  // of all strings
  static uint64_t Hash(std::string_view piece);

  // visit(piece, count, hash), in no order that means anything.
  template <typename Visit>
  void ForEach(const Visit& visit) const {
    for (const Slot& slot : slots_) {
      if (slot.count > 0) visit(PieceOf(slot), slot.count, slot.hash);
    }
  }

 private:
  struct Slot {
    uint64_t hash = 0;
    uint64_t at = 0;  // in bytes_
    int64_t count = 0;
    uint32_t size = 0;
  };
  std::string_view PieceOf(const Slot& slot) const {
    return std::string_view(bytes_).substr(slot.at, slot.size);
  }
  void Grow();

  std::vector<Slot> slots_;  // a power of two, at most half of them taken
  std::string bytes_;
  size_t size_ = 0;
};

// Counts the pieces of texts on all threads. What comes out depends neither on the number of
// threads nor on time. One thread may call it at a time.
class PieceCounter {
 public:
  // Calls emit(piece) for each piece of a text; asked from several threads.
  using Emit = std::function<void(std::string_view piece)>;
  using Split = std::function<void(std::string_view text, const Emit& emit)>;

  // At most about `max_distinct` different pieces are kept: where there are more, the rarest are
  // forgotten, first those counted once, then twice … (they may come again and be counted anew).
  PieceCounter(ThreadPool& pool, Split split, size_t max_distinct = kMaxDistinct);

  // The text is copied. A long one is cut where a single line break stands between two characters
  // that are no white space, if it has such places.
  void Add(std::string_view text);

  // All pieces, by their bytes, and their counts. The counter is empty afterwards.
  std::vector<std::pair<std::string, int64_t>> Take();

  bool empty() const { return bytes_added_ == 0; }
  int64_t bytes_added() const { return bytes_added_; }
  int64_t forgotten_below() const { return forgotten_below_; }  // 1: nothing was forgotten

  static constexpr size_t kMaxDistinct = 8'000'000;
  // A longer piece (no word; a line of Base64) is not counted.
  static constexpr size_t kMaxPieceBytes = 4096;

 private:
  static constexpr size_t kShards = 64;  // by the highest bits of the hash
  void CountBatch();

  ThreadPool& pool_;
  Split split_;
  size_t max_distinct_;
  std::string batch_;
  std::vector<size_t> ends_;  // of the parts of batch_
  std::vector<PieceCounts> shards_;
  std::vector<PieceCounts> locals_;  // kShards for each thread
  int64_t bytes_added_ = 0;
  int64_t forgotten_below_ = 1;
};

}  // namespace parvis::text

#endif  // PARVIS_TEXT_PIECE_COUNTER_H_
