#include "parvis/runtime/prompt.h"

#include "parvis/models/model.h"

namespace parvis::runtime {

std::vector<int32_t> PromptTokens(const models::Model& model, std::string_view text) {
  const text::Tokenizer& tokenizer = *model.tokenizer;
  std::vector<int32_t> tokens = tokenizer.Encode(text).ids;
  const bool encoder = model.stack.blueprint().encoder_layers > 0;
  if (!encoder && tokenizer.add_eos() && !tokens.empty()) tokens.pop_back();
  if (tokens.empty() && tokenizer.bos()) tokens.push_back(*tokenizer.bos());
  return tokens;
}

}  // namespace parvis::runtime
