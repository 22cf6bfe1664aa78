// WordPiece: pairs are merged by their count, as in BPE, over characters of which all but a word's
// first are written with "##"; that is what Hugging Face's WordPieceTrainer does, too.

#include <algorithm>
#include <unordered_map>

#include "parvis/text/learners.h"
#include "parvis/text/pair_counts.h"
#include "parvis/text/utf8.h"

namespace parvis::text {
namespace {

constexpr std::string_view kContinues = "##";

// Words and single punctuation marks, as BERT's pre-tokeniser cuts them.
void SplitBert(std::string_view text, const PieceCounter::Emit& emit) {
  size_t word = 0;
  for (size_t at = 0; at <= text.size();) {
    const Character c = at < text.size() ? ReadCharacter(text, at) : Character{' ', 1, true};
    const bool space = ClassOf(c.code) == CharacterClass::kSpace;
    if (space || IsPunctuation(c.code)) {
      if (at > word) emit(text.substr(word, at - word));
      if (!space) emit(text.substr(at, c.size));
      word = at + c.size;
    }
    at += c.size;
  }
}

Vocabulary BertVocabulary(const TokenizerTrainerOptions& options) {
  Vocabulary v;
  v.model = "wordpiece";
  v.normalizer.push_back({.kind = NormalizerStep::Kind::kBert,
                          .clean_text = true,
                          .chinese = true,
                          .strip_accents = options.lowercase,
                          .lowercase = options.lowercase});
  v.padding = AddControl("[PAD]", v);
  v.unknown = AddControl("[UNK]", v);
  v.bos = AddControl("[CLS]", v);
  v.eos = v.separator = AddControl("[SEP]", v);
  v.mask = AddControl("[MASK]", v);
  for (const std::string& token : options.special_tokens) AddControl(token, v);
  v.add_bos = v.add_eos = true;
  using Part = TemplatePart::Kind;
  v.pair = {{Part::kToken, *v.bos, 0},
            {Part::kFirst, -1, 0},
            {Part::kToken, *v.eos, 0},
            {Part::kSecond, -1, 1},
            {Part::kToken, *v.eos, 1}};
  return v;
}

// Characters as tokens: of words' beginnings, then of what goes on, by their code.
class Characters {
 public:
  Characters(const CountedPieces& words, int64_t limit, int64_t longest, Vocabulary& v)
      : longest_(longest) {
    for (const auto& [code, count] : AlphabetOf(words, limit)) first_[code] = -1;
    std::vector<uint32_t> firsts, rests;
    for (const auto& [word, count] : words) {
      for (size_t at = 0; at < word.size();) {
        const Character c = ReadCharacter(word, at);
        if (first_.contains(c.code)) (at == 0 ? firsts : rests).push_back(c.code);
        at += c.size;
      }
      if (firsts.size() + rests.size() > (1u << 20)) Unique(firsts), Unique(rests);
    }
    Unique(firsts), Unique(rests);
    const auto add = [&v](uint32_t code, std::string token) {
      AppendUtf8(code, token);
      v.tokens.push_back(token);
      return static_cast<TokenId>(v.tokens.size() - 1);
    };
    for (const auto code : firsts) first_[code] = add(code, "");
    for (const auto code : rests) rest_[code] = add(code, std::string(kContinues));
  }

  // Empty where a character is no token, or the word is longer than BERT looks at.
  std::vector<TokenId> Cut(std::string_view word) const {
    std::vector<TokenId> ids;
    for (size_t at = 0; at < word.size();) {
      const Character c = ReadCharacter(word, at);
      const auto& tokens = at == 0 ? first_ : rest_;
      const auto found = tokens.find(c.code);
      if (found == tokens.end() || static_cast<int64_t>(ids.size()) == longest_) return {};
      ids.push_back(found->second);
      at += c.size;
    }
    return ids;
  }

 private:
  static void Unique(std::vector<uint32_t>& codes) {
    std::sort(codes.begin(), codes.end());
    codes.erase(std::unique(codes.begin(), codes.end()), codes.end());
  }

  int64_t longest_;
  std::unordered_map<uint32_t, TokenId> first_, rest_;
};

}  // namespace

Result<Vocabulary> LearnWordPiece(const TokenizerTrainerOptions& options,
                                  const CountedPieces& pieces, ThreadPool& pool,
                                  const LearnProgress& progress) {
  Vocabulary v = BertVocabulary(options);
  const CountedPieces normal = NormalizedWords(v.normalizer, pieces, SplitBert, pool);
  const Characters characters(normal, options.alphabet, v.max_word_characters, v);
  const auto least = static_cast<int64_t>(v.tokens.size());
  if (options.vocab_size < least) {
    return InvalidArgument("vocab_size " + std::to_string(options.vocab_size) +
                           " is too small: the special tokens and the characters of the text are " +
                           std::to_string(least) + " already (alphabet limits the latter)");
  }
  std::vector<CountedWord> words;
  words.reserve(normal.size());
  for (const auto& [word, count] : normal) {
    if (std::vector<TokenId> ids = characters.Cut(word); ids.size() > 1) {
      words.push_back({std::move(ids), count});
    }
  }
  PairCounts pairs(std::move(words));
  std::unordered_map<std::string, TokenId> known;
  for (size_t id = 0; id < v.tokens.size(); ++id) known[v.tokens[id]] = static_cast<TokenId>(id);
  const int64_t total = options.vocab_size - least;
  for (int64_t done = 0; done < total;) {
    const PairCounts::Candidate best = pairs.Best();
    if (best.count < std::max<int64_t>(1, options.min_count)) break;
    const std::string both =
        v.tokens[best.pair.first] + v.tokens[best.pair.second].substr(kContinues.size());
    const auto [at, is_new] = known.emplace(both, static_cast<TokenId>(v.tokens.size()));
    if (is_new) {
      v.tokens.push_back(both);
      ++done;
    }
    pairs.Merge(best.pair, at->second);
    if (progress && done % 100 == 0) progress(done, total);
  }
  if (progress) progress(total, total);
  return v;
}

}  // namespace parvis::text
