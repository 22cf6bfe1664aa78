#include "parvis/text/tokenizer_trainer.h"

#include <algorithm>
#include <array>
#include <queue>
#include <utility>

#include "parvis/text/byte_alphabet.h"
#include "parvis/text/utf8.h"

namespace parvis::text {
namespace {

using Pair = std::pair<TokenId, TokenId>;

uint64_t KeyOf(const Pair& pair) {
  return static_cast<uint64_t>(static_cast<uint32_t>(pair.first)) << 32 |
         static_cast<uint32_t>(pair.second);
}

struct Word {
  std::vector<TokenId> ids;
  int64_t count;
};

struct Candidate {
  int64_t count;
  Pair pair;
  bool operator<(const Candidate& other) const {  // the greatest is merged next
    return count != other.count ? count < other.count : pair > other.pair;
  }
};

// Counts of neighbouring pairs over all words, kept up to date while pairs are merged.
class PairCounts {
 public:
  explicit PairCounts(std::vector<Word>& words) : words_(words) {
    for (uint32_t w = 0; w < words_.size(); ++w) {
      const Word& word = words_[w];
      for (size_t i = 0; i + 1 < word.ids.size(); ++i) {
        Change({word.ids[i], word.ids[i + 1]}, word.count, w);
      }
    }
    for (const auto& [key, entry] : entries_) {
      queue_.push({entry.count, {static_cast<TokenId>(key >> 32), static_cast<TokenId>(key)}});
    }
  }

  // The most frequent pair, or one with count 0 when there is none.
  Candidate Best() {
    while (!queue_.empty()) {
      const Candidate top = queue_.top();
      queue_.pop();
      const int64_t now = entries_[KeyOf(top.pair)].count;
      if (now == top.count) return top;
      if (now > 0) queue_.push({now, top.pair});  // it has become rarer since
    }
    return {0, {0, 0}};
  }

  void Merge(const Pair& pair, TokenId merged) {
    std::vector<uint32_t> where = std::move(entries_[KeyOf(pair)].words);
    entries_.erase(KeyOf(pair));
    std::sort(where.begin(), where.end());
    where.erase(std::unique(where.begin(), where.end()), where.end());
    std::vector<Pair> grown;
    for (const uint32_t w : where) MergeInWord(w, pair, merged, grown);
    std::sort(grown.begin(), grown.end());
    grown.erase(std::unique(grown.begin(), grown.end()), grown.end());
    for (const Pair& p : grown) {
      if (const int64_t count = entries_[KeyOf(p)].count; count > 0) queue_.push({count, p});
    }
  }

 private:
  struct Entry {
    int64_t count = 0;
    std::vector<uint32_t> words;  // that held the pair once
  };

  void Change(const Pair& pair, int64_t by, uint32_t word) {
    Entry& entry = entries_[KeyOf(pair)];
    entry.count += by;
    if (by > 0 && (entry.words.empty() || entry.words.back() != word)) entry.words.push_back(word);
  }

  void MergeInWord(uint32_t w, const Pair& pair, TokenId merged, std::vector<Pair>& grown) {
    Word& word = words_[w];
    std::vector<TokenId>& ids = word.ids;
    size_t kept = 0;
    for (size_t i = 0; i < ids.size();) {
      if (i + 1 >= ids.size() || ids[i] != pair.first || ids[i + 1] != pair.second) {
        ids[kept++] = ids[i++];
        continue;
      }
      if (kept > 0) {
        Change({ids[kept - 1], ids[i]}, -word.count, w);
        Change({ids[kept - 1], merged}, word.count, w);
        grown.emplace_back(ids[kept - 1], merged);
      }
      if (i + 2 < ids.size()) {
        Change({ids[i + 1], ids[i + 2]}, -word.count, w);
        Change({merged, ids[i + 2]}, word.count, w);
        grown.emplace_back(merged, ids[i + 2]);
      }
      ids[kept++] = merged;
      i += 2;
    }
    ids.resize(kept);
  }

  std::vector<Word>& words_;
  std::unordered_map<uint64_t, Entry> entries_;
  std::priority_queue<Candidate> queue_;
};

// The 256 bytes as tokens, ordered by their printable character.
std::array<TokenId, 256> AddBytes(Vocabulary& v) {
  std::vector<std::pair<uint32_t, int>> order;
  for (int byte = 0; byte < 256; ++byte) {
    order.emplace_back(CharacterOfByte(static_cast<uint8_t>(byte)), byte);
  }
  std::sort(order.begin(), order.end());
  std::array<TokenId, 256> ids;
  for (const auto& [code, byte] : order) {
    ids[byte] = static_cast<TokenId>(v.tokens.size());
    v.tokens.push_back(ToByteAlphabet(std::string(1, static_cast<char>(byte))));
  }
  return ids;
}

}  // namespace

ByteBpeTrainer::ByteBpeTrainer(ByteBpeTrainerOptions options) : options_(std::move(options)) {}

void ByteBpeTrainer::Add(std::string_view text) {
  std::string repaired;
  if (!IsValidUtf8(text)) {
    repaired = Repair(text).text;
    text = repaired;
  }
  for (size_t at = 0; at < text.size();) {
    const size_t end = PieceEnd(options_.pre_tokenizer, text, at);
    ++pieces_[std::string(text.substr(at, end - at))];
    at = end;
  }
}

Result<std::unique_ptr<Tokenizer>> ByteBpeTrainer::Train(
    const std::function<void(int64_t, int64_t)>& progress) {
  const auto specials = static_cast<int64_t>(options_.special_tokens.size());
  if (options_.vocab_size < specials + 256) {
    return InvalidArgument("vocab_size " + std::to_string(options_.vocab_size) +
                           " leaves no room for 256 bytes and " + std::to_string(specials) +
                           " special tokens");
  }
  if (pieces_.empty()) return InvalidArgument("there is no text to learn a tokeniser from");

  Vocabulary v;
  v.model = "byte_bpe";
  v.pre_tokenizer = PreTokenizerName(options_.pre_tokenizer);
  v.add_bos = options_.add_bos;
  for (const std::string& token : options_.special_tokens) {
    const auto id = static_cast<TokenId>(v.tokens.size());
    v.added.push_back({.id = id, .content = token, .special = true});
    v.tokens.push_back(token);
    if (token == options_.bos) v.bos = id;
    if (token == options_.eos) v.eos = id;
  }
  const std::array<TokenId, 256> byte_ids = AddBytes(v);

  std::vector<Word> words;
  words.reserve(pieces_.size());
  for (const auto& [piece, count] : pieces_) {
    Word word{{}, count};
    for (const char c : piece) word.ids.push_back(byte_ids[static_cast<unsigned char>(c)]);
    words.push_back(std::move(word));
  }

  PairCounts pairs(words);
  std::unordered_map<std::string, TokenId> learned;
  const int64_t total = options_.vocab_size - static_cast<int64_t>(v.tokens.size());
  for (int64_t done = 0; done < total; ++done) {
    const Candidate best = pairs.Best();
    if (best.count < std::max<int64_t>(1, options_.min_count)) break;
    const std::string &left = v.tokens[best.pair.first], &right = v.tokens[best.pair.second];
    v.merges.emplace_back(left, right);
    // Two pairs may make the same token; the second merge then leads to the first one's id.
    const std::string both = left + right;
    const auto [known, is_new] = learned.emplace(both, static_cast<TokenId>(v.tokens.size()));
    const TokenId merged = known->second;
    if (is_new) {
      v.tokens.push_back(both);
    } else {
      --done;
    }
    pairs.Merge(best.pair, merged);
    if (progress && done % 100 == 0) progress(done, total);
  }
  if (progress) progress(total, total);
  v.kinds.assign(v.tokens.size(), TokenKind::kNormal);
  for (const AddedToken& added : v.added) v.kinds[added.id] = TokenKind::kControl;
  return MakeTokenizer(std::move(v));
}

}  // namespace parvis::text
