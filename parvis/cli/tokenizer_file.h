#ifndef PARVIS_CLI_TOKENIZER_FILE_H_
#define PARVIS_CLI_TOKENIZER_FILE_H_

#include <memory>
#include <string>

#include "parvis/core/result.h"
#include "parvis/text/tokenizer.h"

namespace parvis::cli {

// The tokeniser of a tokenizer.json, of a folder that has one (or GPT-2's vocab.json and
// merges.txt), of a .gguf file, or of a model that 'parvis list' shows.
Result<std::shared_ptr<const text::Tokenizer>> OpenTokenizer(const std::string& name);

}  // namespace parvis::cli

#endif  // PARVIS_CLI_TOKENIZER_FILE_H_
