#include "parvis/runtime/prompt.h"

#include <algorithm>

#include "parvis/models/infill.h"
#include "parvis/models/model.h"
#include "parvis/text/utf8.h"

namespace parvis::runtime {
namespace {

// Adds the tokens of a caller's text. `marks` are the model's, in order.
Status AddText(const text::Tokenizer& tokenizer, std::string_view what, std::string_view text,
               const std::vector<int32_t>& marks, std::vector<int32_t>& tokens) {
  if (!text::IsValidUtf8(text)) {
    return InvalidArgument(std::string(what) + " is not UTF-8");
  }
  // Not every file says of these tokens that they are control tokens.
  const text::CallerText caller{.ranges = {{0, text.size()}}, .control = marks};
  text::EncodeOptions options;
  options.add_special = false;
  options.caller = &caller;
  const std::vector<int32_t> ids = tokenizer.Encode(text, options).ids;
  for (const int32_t id : ids) {
    if (std::binary_search(marks.begin(), marks.end(), id)) {
      return InvalidArgument(std::string(what) + " has a token that this model keeps for marks");
    }
  }
  tokens.insert(tokens.end(), ids.begin(), ids.end());
  return {};
}

}  // namespace

std::vector<int32_t> PromptTokens(const models::Model& model, std::string_view text) {
  const text::Tokenizer& tokenizer = *model.tokenizer;
  std::vector<int32_t> tokens = tokenizer.Encode(text).ids;
  const bool encoder = model.stack.blueprint().encoder_layers > 0;
  if (!encoder && tokenizer.add_eos() && !tokens.empty()) tokens.pop_back();
  if (tokens.empty() && tokenizer.bos()) tokens.push_back(*tokenizer.bos());
  return tokens;
}

Result<InfillPrompt> MakeInfillPrompt(const models::Model& model, std::string_view prefix,
                                      std::string_view suffix) {
  const text::Tokenizer& tokenizer = *model.tokenizer;
  const auto marks = models::InfillMarksOf(model);
  if (!marks) {
    return InvalidArgument(
        "this model has no tokens that ask for the middle of a text (fill in the middle)");
  }
  std::vector<int32_t> own = marks->ends;
  own.insert(own.end(), {marks->prefix, marks->suffix, marks->middle});
  std::sort(own.begin(), own.end());
  InfillPrompt prompt{.tokens = {}, .ends = marks->ends};
  if (tokenizer.add_bos() && tokenizer.bos()) prompt.tokens.push_back(*tokenizer.bos());
  const bool end_first = models::WantsSuffixFirst(model);
  prompt.tokens.push_back(marks->prefix);
  if (!end_first) {
    PARVIS_RETURN_IF_ERROR(AddText(tokenizer, "the beginning", prefix, own, prompt.tokens));
  }
  prompt.tokens.push_back(marks->suffix);
  PARVIS_RETURN_IF_ERROR(AddText(tokenizer, "the end", suffix, own, prompt.tokens));
  prompt.tokens.push_back(marks->middle);
  if (end_first) {
    PARVIS_RETURN_IF_ERROR(AddText(tokenizer, "the beginning", prefix, own, prompt.tokens));
  }
  return prompt;
}

}  // namespace parvis::runtime
