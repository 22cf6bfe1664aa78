// Byte-level BPE: the most frequent pair is merged again and again, of equal counts that with the
// smaller ids, as Hugging Face's trainer does, so both learn the same merges.

#include <algorithm>
#include <array>
#include <unordered_map>

#include "parvis/text/byte_alphabet.h"
#include "parvis/text/learners.h"
#include "parvis/text/pair_counts.h"

namespace parvis::text {
namespace {

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

Result<Vocabulary> LearnByteBpe(const TokenizerTrainerOptions& options, const CountedPieces& pieces,
                                const LearnProgress& progress) {
  const auto specials = static_cast<int64_t>(options.special_tokens.size());
  if (options.vocab_size < specials + 256) {
    return InvalidArgument("vocab_size " + std::to_string(options.vocab_size) +
                           " leaves no room for 256 bytes and " + std::to_string(specials) +
                           " special tokens");
  }
  Vocabulary v;
  v.model = "byte_bpe";
  v.pre_tokenizer = PreTokenizerName(options.pre_tokenizer);
  v.add_bos = options.add_bos;
  for (const std::string& token : options.special_tokens) {
    const TokenId id = AddControl(token, v);
    if (token == options.bos) v.bos = id;
    if (token == options.eos) v.eos = id;
  }
  const std::array<TokenId, 256> byte_ids = AddBytes(v);

  std::vector<CountedWord> words;
  words.reserve(pieces.size());
  for (const auto& [piece, count] : pieces) {
    CountedWord word{{}, count};
    for (const char c : piece) word.ids.push_back(byte_ids[static_cast<unsigned char>(c)]);
    words.push_back(std::move(word));
  }

  PairCounts pairs(std::move(words));
  std::unordered_map<std::string, TokenId> learned;
  const int64_t total = options.vocab_size - static_cast<int64_t>(v.tokens.size());
  for (int64_t done = 0; done < total; ++done) {
    const PairCounts::Candidate best = pairs.Best();
    if (best.count < std::max<int64_t>(1, options.min_count)) break;
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
  return v;
}

}  // namespace parvis::text
