#ifndef PARVIS_FORMATS_MODEL_FILE_H_
#define PARVIS_FORMATS_MODEL_FILE_H_

#include <memory>
#include <string>

#include "parvis/core/json.h"
#include "parvis/core/result.h"
#include "parvis/formats/sentence_transformers.h"
#include "parvis/formats/tensor_source.h"
#include "parvis/text/tokenizer.h"

namespace parvis::formats {

// What a model on disk yields, whichever its format. Names of tensors and keys are the format's
// own; parvis/models knows what they mean.
struct ModelFile {
  std::string path;
  std::string format;        // "safetensors", "gguf" or "llama2c"
  std::string architecture;  // model_type or general.architecture: "llama", "gpt2"
  // safetensors, llama2c: the keys of config.json. gguf: the keys that begin with
  // "{architecture}.", without that. Numbers, booleans, strings and (short) arrays of these.
  Json config = Json::object();
  std::shared_ptr<TensorSource> tensors;
  std::shared_ptr<const text::Tokenizer> tokenizer;  // null: none in the file
  // gguf: "general.name", "parvis.*" and all other keys but the tokeniser's; safetensors: the
  // file's own text map. "general.name", where present, is text.
  Json metadata = Json::object();
  // safetensors: from the files of sentence-transformers.
  SentencePooling pooling;
  // Why there is no tokeniser although the file holds one (a kind that Parvis does not compute).
  Status tokenizer_status;
};

// Opens a Hugging Face folder or a GGUF file (of a split one: the first part). Tensors are mapped,
// not read. Refusals name file, field and byte offset.
Result<ModelFile> OpenModel(const std::string& path);

}  // namespace parvis::formats

#endif  // PARVIS_FORMATS_MODEL_FILE_H_
