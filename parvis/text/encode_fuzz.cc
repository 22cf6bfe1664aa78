// Any bytes through each kind of tokeniser of tests/golden: ids and ranges stay in bounds, and
// byte-level tokens spell the text (repaired) again.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "parvis/core/file.h"
#include "parvis/text/fuzz_tokenizer.h"
#include "parvis/text/utf8.h"

namespace {

using parvis::text::Tokenizer;

std::vector<std::unique_ptr<Tokenizer>> Open() {
  std::vector<std::unique_ptr<Tokenizer>> tokenizers;
  for (const char* name : {"gpt2_style", "llama3_style", "bloom_style", "bert_uncased", "t5", "mt5",
                           "llama2_legacy"}) {
    const std::string path = std::string("tests/golden/tokenizers/") + name + "/tokenizer.json";
    auto made = parvis::text::ReadTokenizerJson(parvis::ReadFile(path).value());
    tokenizers.push_back(std::move(made).value());
  }
  return tokenizers;
}

}  // namespace

// Run from the root of the repository, where the goldens are.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto tokenizers = Open();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto& tokenizer : tokenizers) {
    parvis::text::CheckEncoding(*tokenizer, text);
    if (tokenizer->kind() != "byte_bpe") continue;
    const auto ids = tokenizer->Encode(text, {.add_special = false}).ids;
    PARVIS_CHECK(tokenizer->Decode(ids) == parvis::text::Repair(text).text);
  }
  return 0;
}
