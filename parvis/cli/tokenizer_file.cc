#include "parvis/cli/tokenizer_file.h"

#include <filesystem>

#include "parvis/cli/model_path.h"
#include "parvis/formats/hf_tokenizer.h"
#include "parvis/formats/model_file.h"

namespace parvis::cli {

Result<std::shared_ptr<const text::Tokenizer>> OpenTokenizer(const std::string& name) {
  PARVIS_ASSIGN_OR_RETURN(const std::string found, FindModel(name));
  std::error_code error;
  const bool folder = std::filesystem::is_directory(found, error);
  PARVIS_ASSIGN_OR_RETURN(
      auto tokenizer, folder ? formats::ReadHfTokenizer(found) : formats::ReadTokenizerFile(found));
  if (tokenizer != nullptr) return tokenizer;
  PARVIS_ASSIGN_OR_RETURN(const formats::ModelFile file, formats::OpenModel(found));
  if (file.tokenizer != nullptr) return file.tokenizer;
  PARVIS_RETURN_IF_ERROR(file.tokenizer_status.In(found));
  return InvalidArgument(found + ": has no tokeniser");
}

}  // namespace parvis::cli
