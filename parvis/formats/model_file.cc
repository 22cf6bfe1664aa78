#include "parvis/formats/model_file.h"

#include <filesystem>

#include "parvis/formats/gguf.h"
#include "parvis/formats/hf_config.h"

namespace parvis::formats {

Result<ModelFile> OpenModel(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return OpenHuggingFaceFolder(path);
  if (path.ends_with(".safetensors")) {
    return InvalidArgument(path + " holds weights only; give the folder that it is in");
  }
  return OpenGguf(path);
}

}  // namespace parvis::formats
