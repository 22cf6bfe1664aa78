#include "parvis/data/near_duplicates.h"

#include <algorithm>

#include "parvis/core/random.h"
#include "parvis/data/words.h"
#include "parvis/text/piece_counter.h"

namespace parvis::data {
namespace {

// A text that many others resemble is compared with so many of a band, at most: thousands of equal
// headings must not make the work quadratic.
constexpr int kMostOfBand = 64;

// Multiply-shift families (Dietzfelbinger and others, 1997), drawn once and for all.
struct Family {
  std::array<uint64_t, kHashes> factor, term;
  Family() {
    Random random(0x5EED);
    for (size_t i = 0; i < kHashes; ++i) {
      factor[i] = random.Next() | 1;
      term[i] = random.Next();
    }
  }
};

}  // namespace

std::vector<uint32_t> ShinglesOf(std::string_view lower) {
  std::vector<uint64_t> words;
  ForEachWord(lower, [&words](std::string_view word, int64_t) {
    words.push_back(text::PieceCounts::Hash(word));
  });
  std::vector<uint32_t> shingles;
  if (words.empty()) return shingles;
  const size_t size = std::min(words.size(), kShingleWords);
  for (size_t i = 0; i + size <= words.size(); ++i) {
    uint64_t hash = 0;
    for (size_t k = 0; k < size; ++k) {
      hash = (hash ^ words[i + k]) * 0x9E3779B97F4A7C15u;
      hash ^= hash >> 29;
    }
    shingles.push_back(static_cast<uint32_t>(hash >> 32));
  }
  std::sort(shingles.begin(), shingles.end());
  shingles.erase(std::unique(shingles.begin(), shingles.end()), shingles.end());
  return shingles;
}

MinHash MinHashOf(const std::vector<uint32_t>& shingles) {
  static const Family family;
  MinHash hashes;
  hashes.fill(UINT32_MAX);
  for (const uint32_t shingle : shingles) {
    for (size_t i = 0; i < kHashes; ++i) {
      const auto value = static_cast<uint32_t>((family.factor[i] * shingle + family.term[i]) >> 32);
      hashes[i] = std::min(hashes[i], value);
    }
  }
  return hashes;
}

double EstimatedSimilarity(const MinHash& a, const MinHash& b) {
  size_t same = 0;
  for (size_t i = 0; i < kHashes; ++i) same += a[i] == b[i];
  return static_cast<double>(same) / kHashes;
}

double Jaccard(const std::vector<uint32_t>& a, const std::vector<uint32_t>& b) {
  size_t both = 0;
  for (auto i = a.begin(), j = b.begin(); i != a.end() && j != b.end();) {
    if (*i == *j)
      ++both, ++i, ++j;
    else if (*i < *j)
      ++i;
    else
      ++j;
  }
  const size_t either = a.size() + b.size() - both;
  return either == 0 ? 0.0 : static_cast<double>(both) / static_cast<double>(either);
}

// The key's place, or the free one where it belongs. REQUIRES: there is a free one.
size_t KeyTable::PlaceOf(uint64_t key) const {
  const size_t mask = keys_.size() - 1;
  size_t at = key & mask;
  while (numbers_[at] != 0 && keys_[at] != key) at = (at + 1) & mask;
  return at;
}

uint32_t KeyTable::Find(uint64_t key) const { return keys_.empty() ? 0 : numbers_[PlaceOf(key)]; }

uint32_t& KeyTable::At(uint64_t key) {
  if (keys_.size() * 3 <= used_ * 4) Grow();  // three quarters are taken
  const size_t at = PlaceOf(key);
  if (numbers_[at] == 0) {
    keys_[at] = key;
    ++used_;
  }
  return numbers_[at];
}

void KeyTable::Grow() {
  std::vector<uint64_t> keys(std::max<size_t>(16, keys_.size() * 2));
  std::vector<uint32_t> numbers(keys.size());
  keys.swap(keys_);
  numbers.swap(numbers_);
  for (size_t i = 0; i < keys.size(); ++i) {
    if (numbers[i] == 0) continue;
    const size_t at = PlaceOf(keys[i]);
    keys_[at] = keys[i];
    numbers_[at] = numbers[i];
  }
}

uint64_t NearDuplicates::BandKey(const MinHash& hashes, size_t band) {
  uint64_t key = band;
  for (size_t i = band * kRows; i < (band + 1) * kRows; ++i) {
    key = (key ^ hashes[i]) * 0xD6E8FEB86659FD93u;
    key ^= key >> 32;
  }
  return key;
}

std::optional<NearDuplicates::Match> NearDuplicates::Find(const MinHash& hashes,
                                                          double threshold) const {
  std::vector<uint32_t> candidates;
  for (size_t band = 0; band < kBands; ++band) {
    uint32_t at = heads_[band].Find(BandKey(hashes, band));
    for (int i = 0; at != 0 && i < kMostOfBand; ++i, at = next_[at - 1][band]) {
      candidates.push_back(at - 1);
    }
  }
  std::sort(candidates.begin(), candidates.end());
  candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
  std::optional<Match> best;
  for (const uint32_t candidate : candidates) {
    const auto& [document, other] = texts_[candidate];
    const double similarity = EstimatedSimilarity(hashes, other);
    if (similarity >= threshold && (!best || similarity > best->similarity)) {
      best = Match{document, similarity};
    }
  }
  return best;
}

void NearDuplicates::Add(uint64_t document, const MinHash& hashes) {
  const auto index = static_cast<uint32_t>(texts_.size()) + 1;
  texts_.emplace_back(document, hashes);
  next_.emplace_back();
  for (size_t band = 0; band < kBands; ++band) {
    uint32_t& head = heads_[band].At(BandKey(hashes, band));
    next_.back()[band] = head;
    head = index;
  }
}

}  // namespace parvis::data
