// Unigram: many pieces to begin with, fitted to the words and thinned out until the vocabulary has
// the size that is wanted.

#include <algorithm>
#include <cmath>

#include "parvis/text/learners.h"
#include "parvis/text/unigram_model.h"
#include "parvis/text/unigram_seeds.h"
#include "parvis/text/utf8.h"

namespace parvis::text {
namespace {

constexpr size_t kSeeds = 1'000'000;
constexpr int kFitsPerRound = 2;
constexpr double kKept = 0.75;   // of the pieces, in each round
constexpr double kMargin = 1.1;  // the last choice is by score, among a tenth more
constexpr std::string_view kSpace = "\xE2\x96\x81";  // ▁

// Words with the "▁" that stands for the space before them, as T5's pre-tokeniser cuts them.
void SplitMetaspace(std::string_view text, const PieceCounter::Emit& emit) {
  std::string word;
  const auto flush = [&] {
    if (!word.empty()) emit(word);
    word.clear();
  };
  bool begins = true;
  for (size_t at = 0; at < text.size();) {
    const Character c = ReadCharacter(text, at);
    const std::string_view bytes = text.substr(at, c.size);
    at += c.size;
    if (ClassOf(c.code) == CharacterClass::kSpace) {
      flush();
      begins = true;
      continue;
    }
    if (bytes == kSpace) flush();
    if (begins && bytes != kSpace) word += kSpace;
    begins = false;
    word += bytes;
  }
  flush();
}

Vocabulary T5Vocabulary(const TokenizerTrainerOptions& options) {
  Vocabulary v;
  v.model = "unigram";
  v.pre_tokenizer = "whitespace+metaspace";
  v.add_prefix_space = true;
  v.normalizer.push_back({.kind = NormalizerStep::Kind::kNfkc});
  if (options.lowercase) v.normalizer.push_back({.kind = NormalizerStep::Kind::kLowercase});
  v.padding = AddControl("<pad>", v);
  v.eos = AddControl("</s>", v);
  v.unknown = AddControl("<unk>", v);
  for (const std::string& token : options.special_tokens) AddControl(token, v);
  v.add_eos = true;
  using Part = TemplatePart::Kind;
  v.pair = {{Part::kFirst, -1, 0},
            {Part::kToken, *v.eos, 0},
            {Part::kSecond, -1, 0},
            {Part::kToken, *v.eos, 0}};
  return v;
}

CountedPieces CharactersOf(const CountedPieces& words, int64_t limit) {
  CountedPieces characters;
  for (const auto& [code, count] : AlphabetOf(words, limit)) {
    std::string text;
    AppendUtf8(code, text);
    characters.emplace_back(std::move(text), count);
  }
  return characters;
}

// Seeds may hold only characters that are tokens, and be no special token.
CountedPieces WithinAlphabet(CountedPieces seeds, const CountedPieces& characters,
                             const std::vector<std::string>& specials) {
  std::vector<std::pair<std::string_view, TokenId>> tokens;
  for (const auto& [text, count] : characters) tokens.emplace_back(text, 0);
  const TokenTrie alphabet(std::move(tokens));
  std::erase_if(seeds, [&](const auto& seed) {
    const std::string_view text = seed.first;
    if (text.starts_with("<extra_id_")) return true;
    if (std::find(specials.begin(), specials.end(), text) != specials.end()) return true;
    for (size_t at = 0; at < text.size();) {
      size_t found = 0;
      alphabet.Walk(text.substr(at), [&](size_t size, TokenId) { found = size; });
      if (found == 0) return true;
      at += found;
    }
    return false;
  });
  return seeds;
}

// Fits and prunes until about `wanted` pieces are left; tell(pieces found) now and then.
void ThinOut(int64_t wanted, UnigramModel& model, const std::function<void(int64_t)>& tell) {
  const auto margin = static_cast<size_t>(std::ceil(static_cast<double>(wanted) * kMargin));
  const double first = std::log(static_cast<double>(model.pieces().size()));
  while (true) {
    for (int i = 0; i < kFitsPerRound; ++i) model.Fit();
    const size_t size = model.pieces().size();
    // Each round takes the same share of the logarithm.
    const double way = first - std::log(static_cast<double>(margin));
    const double gone = first - std::log(static_cast<double>(size));
    const double share = way <= 0 ? 1.0 : std::clamp(gone / way, 0.0, 1.0);
    tell(static_cast<int64_t>(share * static_cast<double>(wanted)));
    if (size <= margin) return;
    model.Prune(std::max(margin, static_cast<size_t>(kKept * static_cast<double>(size))));
  }
}

}  // namespace

Result<Vocabulary> LearnUnigram(const TokenizerTrainerOptions& options, const CountedPieces& pieces,
                                ThreadPool& pool, const LearnProgress& progress) {
  Vocabulary v = T5Vocabulary(options);
  const CountedPieces words = NormalizedWords(v.normalizer, pieces, SplitMetaspace, pool);
  const CountedPieces characters = CharactersOf(words, options.alphabet);
  const auto specials = static_cast<int64_t>(v.tokens.size()) + options.extra_ids;
  const int64_t wanted = options.vocab_size - specials;
  if (wanted < static_cast<int64_t>(characters.size())) {
    return InvalidArgument("vocab_size " + std::to_string(options.vocab_size) +
                           " is too small: the special tokens and the characters of the text are " +
                           std::to_string(specials + static_cast<int64_t>(characters.size())) +
                           " already (alphabet limits the latter)");
  }
  // Seeds that are counted in the texts serve large vocabularies better, seeds counted in the
  // distinct words (as the reference does it) small ones: the better one is taken.
  std::vector<UnigramModel::Piece> kept;
  int64_t fewest = 0;
  PARVIS_ASSIGN_OR_RETURN(UnigramSeeds seeds,
                          FindSeeds(words, std::max<int64_t>(2, options.min_count), kSeeds, pool));
  for (const bool weighted : {true, false}) {
    CountedPieces& begin = weighted ? seeds.of_text : seeds.of_words;
    UnigramModel model(characters, WithinAlphabet(std::move(begin), characters, v.tokens), words,
                       pool);
    ThinOut(wanted, model, [&](int64_t done) {
      if (progress) progress((done + (weighted ? 0 : wanted)) / 2, wanted);
    });
    const int64_t tokens = model.CountTokens();
    if (kept.empty() || tokens < fewest) {
      kept = model.pieces();
      fewest = tokens;
    }
  }
  std::sort(kept.begin(), kept.end(), [](const auto& a, const auto& b) {
    if (a.character != b.character) return a.character;
    return a.score != b.score ? a.score > b.score : a.text < b.text;
  });
  kept.resize(std::min(kept.size(), static_cast<size_t>(wanted)));
  std::sort(kept.begin(), kept.end(), [](const auto& a, const auto& b) {
    return a.score != b.score ? a.score > b.score : a.text < b.text;
  });
  v.scores.assign(v.tokens.size(), 0.0f);
  for (UnigramModel::Piece& piece : kept) {
    v.tokens.push_back(std::move(piece.text));
    v.scores.push_back(static_cast<float>(piece.score));
  }
  for (int64_t i = options.extra_ids; i-- > 0;) {
    AddControl("<extra_id_" + std::to_string(i) + ">", v);
    v.scores.push_back(0.0f);
  }
  if (progress) progress(wanted, wanted);
  return v;
}

}  // namespace parvis::text
