#include "parvis/text/unigram_seeds.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace parvis::text {
namespace {

// Where a word may be cut: bytes that begin a character.
bool Begins(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }

// All distinct words, one behind the other.
struct WordText {
  std::string bytes;
  std::vector<uint32_t> ends;  // of each word
};

// The end of a word from `at` on, in words.bytes, but for what is longer than a token.
struct Suffix {
  uint32_t at;
  uint32_t word;
};

class SuffixArray {
 public:
  SuffixArray(const CountedPieces& words, ThreadPool& pool) {
    size_t bytes = 0;
    for (const auto& [word, count] : words) bytes += word.size();
    text_.bytes.reserve(bytes);
    for (const auto& [word, count] : words) {
      text_.bytes += word;
      text_.ends.push_back(static_cast<uint32_t>(text_.bytes.size()));
    }
    Sort(pool);
  }

  size_t size() const { return suffixes_.size(); }
  uint32_t word(size_t i) const { return suffixes_[i].word; }
  std::string_view operator[](size_t i) const { return Of(suffixes_[i]); }

 private:
  std::string_view Of(const Suffix& suffix) const {
    const char* begin = text_.bytes.data() + suffix.at;
    const size_t left = text_.ends[suffix.word] - suffix.at;
    size_t size = 0, characters = 0;
    for (; size < left; ++size) {
      if (Begins(begin[size]) && ++characters > kMaxUnigramCharacters) break;
    }
    return {begin, size};
  }

  // By the first two bytes, then each such group by itself.
  void Sort(ThreadPool& pool) {
    constexpr size_t kGroups = 65536;
    const auto group = [this](uint32_t at, uint32_t end) {
      const auto first = static_cast<unsigned char>(text_.bytes[at]);
      const auto second = at + 1 < end ? static_cast<unsigned char>(text_.bytes[at + 1]) : 0;
      return static_cast<size_t>(first) << 8 | second;
    };
    std::vector<size_t> begins(kGroups + 1, 0);
    const auto each = [&](const auto& visit) {
      uint32_t at = 0;
      for (uint32_t word = 0; word < text_.ends.size(); ++word) {
        for (; at < text_.ends[word]; ++at) {
          if (Begins(text_.bytes[at])) visit(at, word, group(at, text_.ends[word]));
        }
      }
    };
    each([&](uint32_t, uint32_t, size_t g) { ++begins[g + 1]; });
    for (size_t g = 0; g < kGroups; ++g) begins[g + 1] += begins[g];
    suffixes_.resize(begins.back());
    std::vector<size_t> next(begins.begin(), begins.end() - 1);
    each([&](uint32_t at, uint32_t word, size_t g) { suffixes_[next[g]++] = {at, word}; });
    pool.Dynamic(kGroups, 1, [&](int64_t first, int64_t last) {
      for (int64_t g = first; g < last; ++g) {
        std::sort(suffixes_.begin() + static_cast<ptrdiff_t>(begins[g]),
                  suffixes_.begin() + static_cast<ptrdiff_t>(begins[g + 1]),
                  [this](const Suffix& a, const Suffix& b) { return Less(a, b); });
      }
    });
  }

  bool Less(const Suffix& a, const Suffix& b) const {
    // Most differ soon: whole words are compared before anybody counts characters.
    const size_t left_a = text_.ends[a.word] - a.at, left_b = text_.ends[b.word] - b.at;
    const size_t common = std::min({left_a, left_b, size_t{kMaxUnigramCharacters}});
    const int order = std::memcmp(text_.bytes.data() + a.at, text_.bytes.data() + b.at, common);
    return order != 0 ? order < 0 : Of(a) < Of(b);
  }

  WordText text_;
  std::vector<Suffix> suffixes_;
};

size_t Common(std::string_view a, std::string_view b) {
  const auto at = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first;
  auto size = static_cast<size_t>(at - a.begin());
  while (size > 0 && size < a.size() && !Begins(a[size])) --size;
  while (size > 0 && size < b.size() && !Begins(b[size])) --size;
  return size;
}

size_t CharactersOf(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), Begins));
}

// Keeps the best of what it is given.
class Seeds {
 public:
  Seeds(int64_t min_count, size_t limit) : min_count_(min_count), limit_(limit) {}

  void Add(std::string_view part, int64_t count) {
    if (count < min_count_) return;
    const size_t characters = CharactersOf(part);
    if (characters < 2) return;
    found_.push_back({part, count, count * static_cast<int64_t>(characters)});
    if (found_.size() >= 4 * limit_) Cut();
  }

  CountedPieces Take() {
    Cut();
    CountedPieces seeds;
    for (const Seed& seed : found_) seeds.emplace_back(std::string(seed.part), seed.count);
    std::sort(seeds.begin(), seeds.end());
    return seeds;
  }

 private:
  struct Seed {
    std::string_view part;
    int64_t count, score;
    bool operator<(const Seed& other) const {  // the better one comes first
      return score != other.score ? score > other.score : part < other.part;
    }
  };
  void Cut() {
    if (found_.size() <= limit_) return;
    const auto middle = found_.begin() + static_cast<ptrdiff_t>(limit_);
    std::nth_element(found_.begin(), middle, found_.end());
    found_.erase(middle, found_.end());
  }

  int64_t min_count_;
  size_t limit_;
  std::vector<Seed> found_;
};

// The parts that several neighbours begin with.
CountedPieces SeedsOf(const SuffixArray& suffixes, const CountedPieces& words, bool weighted,
                      int64_t min_count, size_t limit) {
  Seeds seeds(min_count, limit);
  // A part that several neighbours begin with is open until a neighbour does not.
  struct Open {
    size_t size;    // of the part
    size_t first;   // neighbour that begins with it
    int64_t count;  // of those, and of what was open within
  };
  std::vector<Open> open;
  for (size_t i = 0; i < suffixes.size(); ++i) {
    const std::string_view here = suffixes[i];
    const size_t next = i + 1 < suffixes.size() ? Common(here, suffixes[i + 1]) : 0;
    int64_t count = weighted ? words[suffixes.word(i)].second : 1;
    size_t first = i;
    // The whole of it, if the next does not begin with it (else it is counted with that).
    const size_t inner = open.empty() ? 0 : open.back().size;
    if (here.size() > next && here.size() > inner) seeds.Add(here, count);
    while (!open.empty() && open.back().size > next) {
      Open top = open.back();
      open.pop_back();
      top.count += count;
      seeds.Add(suffixes[top.first].substr(0, top.size), top.count);
      count = top.count;
      first = top.first;
    }
    if (next == 0) continue;
    if (!open.empty() && open.back().size == next) {
      open.back().count += count;
    } else {
      open.push_back({next, first, count});
    }
  }
  return seeds.Take();
}

}  // namespace

Result<UnigramSeeds> FindSeeds(const CountedPieces& words, int64_t min_count, size_t limit,
                               ThreadPool& pool) {
  size_t bytes = 0;
  for (const auto& [word, count] : words) bytes += word.size();
  if (bytes > std::numeric_limits<uint32_t>::max()) {
    return ResourceExhausted("more than 4 GiB of different words");
  }
  const SuffixArray suffixes(words, pool);
  UnigramSeeds seeds;
  pool.Dynamic(2, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const bool weighted = i == 0;
      (weighted ? seeds.of_text : seeds.of_words) =
          SeedsOf(suffixes, words, weighted, min_count, limit);
    }
  });
  return seeds;
}

}  // namespace parvis::text
