// Any bytes through a tokeniser of tests/golden, which the first byte chooses: ids and ranges stay
// in bounds, and byte-level tokens spell the text (repaired) again.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "parvis/core/file.h"
#include "parvis/text/fuzz_tokenizer.h"
#include "parvis/text/utf8.h"

namespace {

using parvis::text::Tokenizer;

std::vector<std::unique_ptr<Tokenizer>> Open() {
  std::vector<std::string> folders;
  for (const auto& entry : std::filesystem::directory_iterator("tests/golden/tokenizers")) {
    if (entry.is_directory()) folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end());
  std::vector<std::unique_ptr<Tokenizer>> tokenizers;
  for (const std::string& folder : folders) {
    const bool json = std::filesystem::exists(folder + "/tokenizer.json");
    const std::string bytes =
        parvis::ReadFile(folder + (json ? "/tokenizer.json" : "/tokenizer.model")).value();
    auto made =
        json ? parvis::text::ReadTokenizerJson(bytes) : parvis::text::ReadSentencePieceModel(bytes);
    tokenizers.push_back(std::move(made).value());
  }
  return tokenizers;
}

}  // namespace

// Run from the root of the repository, where the goldens are.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto tokenizers = Open();
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Tokenizer& tokenizer = *tokenizers[data[0] % tokenizers.size()];
  parvis::text::CheckEncoding(tokenizer, text);
  if (tokenizer.kind() == "byte_bpe" && tokenizer.vocabulary().normalizer.empty() &&
      !tokenizer.vocabulary().add_prefix_space) {
    const auto ids = tokenizer.Encode(text, {.add_special = false}).ids;
    PARVIS_CHECK(tokenizer.Decode(ids) == parvis::text::Repair(text).text);
  }
  return 0;
}
