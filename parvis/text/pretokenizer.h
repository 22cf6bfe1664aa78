#ifndef PARVIS_TEXT_PRETOKENIZER_H_
#define PARVIS_TEXT_PRETOKENIZER_H_

#include <cstddef>
#include <optional>
#include <string_view>

namespace parvis::text {

// How byte-level BPE splits text into pieces before merging; no merge crosses a piece's end. Each
// is a published regular expression, here a hand-written scanner that finds the same matches: one
// pass, no backtracking beyond a run of white space.
enum class PreTokenizer { kGpt2, kLlama3, kQwen2, kBloom, kStarCoder };

std::string_view PreTokenizerName(PreTokenizer kind);  // "gpt2", "llama3", …
std::optional<PreTokenizer> PreTokenizerFromName(std::string_view name);

// The regular expression as tokenizer.json files hold it, and back (exact text only). StarCoder has
// none of its own: each digit stands alone, and GPT-2's pattern splits the rest.
std::string_view PatternOf(PreTokenizer kind);
std::optional<PreTokenizer> PreTokenizerFromPattern(std::string_view pattern);

// The end of the piece that begins at `at`. REQUIRES: valid UTF-8, at < text.size().
size_t PieceEnd(PreTokenizer kind, std::string_view text, size_t at);

}  // namespace parvis::text

#endif  // PARVIS_TEXT_PRETOKENIZER_H_
