#include "parvis/text/piece_counter.h"

#include <algorithm>
#include <atomic>
#include <cstring>

namespace parvis::text {
namespace {

constexpr size_t kBatchBytes = size_t{16} << 20;
constexpr size_t kPartBytes = size_t{256} << 10;  // what one thread takes at a time

bool IsBlank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Where a text of more than `least` bytes may be cut: behind a single line break between characters
// that are no white space. There a piece ends whatever splits the text. Without such a place: its
// end.
size_t CutOf(std::string_view text, size_t least) {
  for (size_t at = least; at + 1 < text.size(); ++at) {
    at = std::min(text.find('\n', at), text.size());
    if (at + 1 >= text.size()) break;
    // A byte over 127 may begin a white space of Unicode.
    const unsigned char before = text[at - 1], after = text[at + 1];
    if (before < 128 && after < 128 && !IsBlank(before) && !IsBlank(after)) return at + 1;
  }
  return text.size();
}

}  // namespace

uint64_t PieceCounts::Hash(std::string_view piece) {
  uint64_t hash = 0x9E3779B97F4A7C15u ^ piece.size();
  const auto mix = [&hash](uint64_t word) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(hash ^ word) * 0xD6E8FEB86659FD93u;
    hash = static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  };
  const char* at = piece.data();
  size_t left = piece.size();
  for (; left >= 8; left -= 8, at += 8) {
    uint64_t word;
    std::memcpy(&word, at, 8);
    mix(word);
  }
  uint64_t word = 0;
  std::memcpy(&word, at, left);
  mix(word);
  mix(0xA0761D6478BD642Fu);
  return hash;
}

void PieceCounts::Add(std::string_view piece, int64_t count, uint64_t hash) {
  if (2 * (size_ + 1) > slots_.size()) Grow();
  const size_t mask = slots_.size() - 1;
  for (size_t i = hash & mask;; i = (i + 1) & mask) {
    Slot& slot = slots_[i];
    if (slot.count == 0) {
      slot = {hash, bytes_.size(), count, static_cast<uint32_t>(piece.size())};
      bytes_.append(piece);
      ++size_;
      return;
    }
    if (slot.hash == hash && PieceOf(slot) == piece) {
      slot.count += count;
      return;
    }
  }
}

void PieceCounts::Grow() {
  std::vector<Slot> old = std::move(slots_);
  slots_.assign(std::max<size_t>(64, 2 * old.size()), Slot());
  const size_t mask = slots_.size() - 1;
  for (const Slot& slot : old) {
    if (slot.count == 0) continue;
    size_t i = slot.hash & mask;
    while (slots_[i].count > 0) i = (i + 1) & mask;
    slots_[i] = slot;
  }
}

void PieceCounts::Clear() {
  std::fill(slots_.begin(), slots_.end(), Slot());
  bytes_.clear();
  size_ = 0;
}

void PieceCounts::DropBelow(int64_t count) {
  PieceCounts kept;
  ForEach([&](std::string_view piece, int64_t times, uint64_t hash) {
    if (times >= count) kept.Add(piece, times, hash);
  });
  *this = std::move(kept);
}

PieceCounter::PieceCounter(ThreadPool& pool, Split split, size_t max_distinct)
    : pool_(pool),
      split_(std::move(split)),
      max_distinct_(max_distinct),
      shards_(kShards),
      locals_(kShards * static_cast<size_t>(pool.size())) {}

void PieceCounter::Add(std::string_view text) {
  bytes_added_ += static_cast<int64_t>(text.size());
  while (!text.empty()) {
    const size_t size = text.size() > kPartBytes ? CutOf(text, kPartBytes) : text.size();
    batch_.append(text.substr(0, size));
    ends_.push_back(batch_.size());
    text.remove_prefix(size);
    if (batch_.size() >= kBatchBytes) CountBatch();
  }
}

void PieceCounter::CountBatch() {
  const auto parts = static_cast<int64_t>(ends_.size());
  const int64_t members = pool_.size();
  // Documents may be short: each member takes about kPartBytes at a time.
  const int64_t grain = std::max<int64_t>(
      1, parts * static_cast<int64_t>(kPartBytes) / static_cast<int64_t>(batch_.size() + 1));
  std::atomic<int64_t> next{0};
  pool_.For(members, 1, [&](int64_t first, int64_t last) {
    for (int64_t member = first; member < last; ++member) {
      PieceCounts* local = &locals_[static_cast<size_t>(member) * kShards];
      const Emit emit = [local](std::string_view piece) {
        if (piece.size() > kMaxPieceBytes) return;
        const uint64_t hash = PieceCounts::Hash(piece);
        local[hash >> 58].Add(piece, 1, hash);
      };
      for (int64_t begin; (begin = next.fetch_add(grain)) < parts;) {
        for (int64_t i = begin; i < std::min(begin + grain, parts); ++i) {
          const size_t from = i == 0 ? 0 : ends_[i - 1];
          split_(std::string_view(batch_).substr(from, ends_[i] - from), emit);
        }
      }
    }
  });
  pool_.Dynamic(kShards, 1, [&](int64_t begin, int64_t end) {
    for (int64_t shard = begin; shard < end; ++shard) {
      for (int64_t member = 0; member < members; ++member) {
        PieceCounts& local = locals_[static_cast<size_t>(member) * kShards + shard];
        local.ForEach([&](std::string_view piece, int64_t count, uint64_t hash) {
          shards_[shard].Add(piece, count, hash);
        });
        local.Clear();
      }
    }
  });
  batch_.clear();
  ends_.clear();
  const auto distinct = [this] {
    size_t sum = 0;
    for (const PieceCounts& shard : shards_) sum += shard.size();
    return sum;
  };
  for (int64_t least = 2; distinct() > max_distinct_; ++least) {
    pool_.Dynamic(kShards, 1, [&](int64_t begin, int64_t end) {
      for (int64_t shard = begin; shard < end; ++shard) shards_[shard].DropBelow(least);
    });
    forgotten_below_ = std::max(forgotten_below_, least);
  }
}

std::vector<std::pair<std::string, int64_t>> PieceCounter::Take() {
  if (!ends_.empty()) CountBatch();
  std::vector<std::pair<std::string, int64_t>> pieces;
  for (PieceCounts& shard : shards_) {
    shard.ForEach([&](std::string_view piece, int64_t count, uint64_t) {
      pieces.emplace_back(std::string(piece), count);
    });
    shard = {};
  }
  std::sort(pieces.begin(), pieces.end());
  bytes_added_ = 0;
  return pieces;
}

}  // namespace parvis::text
