#ifndef PARVIS_DATA_NEAR_DUPLICATES_H_
#define PARVIS_DATA_NEAR_DUPLICATES_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace parvis::data {

// Texts that share most of their runs of words. The measure is Jaccard's: of all runs of
// kShingleWords words that occur in either text (in small letters, without punctuation), the share
// that occurs in both. MinHash (Broder, 1997) estimates it from kHashes numbers a text; bands of
// kRows of them are looked up in tables (locality-sensitive hashing), so that only texts which
// agree in a whole band are compared. A pair of similarity s is compared with probability 1 − (1 −
// s^kRows)^kBands: 0.99995 at 0.8, 0.99 at 0.7, 0.06 at 0.3.
constexpr size_t kShingleWords = 5;
constexpr size_t kBands = 25, kRows = 5;
constexpr size_t kHashes = kBands * kRows;

using MinHash = std::array<uint32_t, kHashes>;

// The hashes of the runs of words of a text in small letters, sorted, each once; of a text of fewer
// words, one for all of it. Empty if there is no word.
std::vector<uint32_t> ShinglesOf(std::string_view lower);
MinHash MinHashOf(const std::vector<uint32_t>& shingles);
// The share of the numbers that agree.
double EstimatedSimilarity(const MinHash& a, const MinHash& b);
double Jaccard(const std::vector<uint32_t>& a, const std::vector<uint32_t>& b);

// Numbers by 64-bit keys that are random already: one array, looked at from the key's place on.
class KeyTable {
 public:
  // 0 where there is none.
  uint32_t Find(uint64_t key) const;
  // The number of a key, 0 at first: it must be given another at once. Good until the next call.
  uint32_t& At(uint64_t key);

 private:
  size_t PlaceOf(uint64_t key) const;
  void Grow();

  std::vector<uint64_t> keys_;
  std::vector<uint32_t> numbers_;  // 0: the place is free
  size_t used_ = 0;
};

// Finds for each text the most similar one of those that were added before. Memory: 1,000 to 1,400
// bytes a text.
class NearDuplicates {
 public:
  struct Match {
    uint64_t document;
    double similarity;  // estimated
  };

  // The best match of at least `threshold`; of equal ones the first that was added.
  std::optional<Match> Find(const MinHash& hashes, double threshold) const;
  void Add(uint64_t document, const MinHash& hashes);

 private:
  static uint64_t BandKey(const MinHash& hashes, size_t band);

  std::vector<std::pair<uint64_t, MinHash>> texts_;
  // The first text of each band's key, and the next one with the same; 0 ends, else index + 1.
  std::array<KeyTable, kBands> heads_;
  std::vector<std::array<uint32_t, kBands>> next_;
};

}  // namespace parvis::data

#endif  // PARVIS_DATA_NEAR_DUPLICATES_H_
