#ifndef PARVIS_FORMATS_GGUF_TOKENIZER_H_
#define PARVIS_FORMATS_GGUF_TOKENIZER_H_

// What the reader and the writer of the "tokenizer.*" keys share.

#include <string>
#include <string_view>

namespace parvis::formats {

// GGUF's names of pre-tokenisers. Where two stand for one of ours the first is written.
struct PreName {
  std::string_view gguf, parvis;
};
constexpr PreName kPreNames[] = {
    {"gpt-2", "gpt2"},       {"default", "gpt2"},        {"roberta-bpe", "gpt2"},
    {"mpt", "gpt2"},         {"olmo", "gpt2"},           {"phi-2", "gpt2"},
    {"llama-bpe", "llama3"}, {"llama3", "llama3"},       {"llama-v3", "llama3"},
    {"qwen2", "qwen2"},      {"bloom", "bloom"},         {"starcoder", "starcoder"},
    {"refact", "starcoder"}, {"command-r", "starcoder"}, {"smollm", "starcoder"},
};

// Our own key: what GGUF has no keys for, as JSON (parvis/text/tokenizer_parts.h).
constexpr std::string_view kTokenizerParts = "parvis.tokenizer.parts";

// Above every published vocabulary; bounds what a small hostile file can make us allocate.
inline constexpr size_t kMaxTokens = 524'288;

// What an unused token with this id is called, as llama.cpp's converter does.
std::string FillerToken(size_t id);
// Our own key: how many tokens are no fillers.
inline constexpr const char* kTokenizerSize = "parvis.tokenizer.size";

// A WordPiece token as llama.cpp's files hold it, and back. Not every token comes back the same:
// those that do not stand in the parts.
std::string ToPhantom(const std::string& token, const std::string& continuing_prefix);
std::string FromPhantom(const std::string& token, const std::string& continuing_prefix);

}  // namespace parvis::formats

#endif  // PARVIS_FORMATS_GGUF_TOKENIZER_H_
