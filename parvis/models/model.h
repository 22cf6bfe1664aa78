#ifndef PARVIS_MODELS_MODEL_H_
#define PARVIS_MODELS_MODEL_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "parvis/core/json.h"
#include "parvis/core/result.h"
#include "parvis/formats/model_file.h"
#include "parvis/models/task.h"
#include "parvis/models/weight_types.h"
#include "parvis/nn/stack.h"
#include "parvis/text/tokenizer.h"

namespace parvis::models {

// Blueprint, weights, tokeniser and what the file says about itself: something that can be run.
struct Model {
  std::string name;           // "parvis-fable"; from the file, else its file or folder name
  std::string path;           // empty for a model made in memory
  std::string format;         // "gguf", "safetensors", "memory"
  DType dtype = DType::kF32;  // of most matrix bytes
  nn::Stack stack;
  std::shared_ptr<const text::Tokenizer> tokenizer;  // null: none in the file
  Status tokenizer_status;                           // why none is here although the file holds one
  Json metadata = Json::object();                    // general.*, parvis.* and the like
  Task task;                                         // what the head's outputs mean
};

struct LoadOptions {
  // Compute with these numbers whatever the file holds ("--dtype"); by default as stored.
  std::optional<ops::Packing> packing;
  // Keep the values as the file has them beside the packed form (convert, quantize, fine-tune).
  bool keep_values = false;
  // false: tensors are read and checked but nothing is packed (describe, convert).
  bool pack = true;
};

// Loads a Hugging Face folder or a GGUF file, checks that every tensor that the blueprint asks for
// is there with its shape, and packs the matrices. Refusals name file, field and byte offset.
Result<Model> LoadModel(const ops::Exec& exec, const std::string& path,
                        const LoadOptions& options = {});
// The same for a file that is open already (formats::OpenLlama2c).
Result<Model> LoadModel(const ops::Exec& exec, const formats::ModelFile& file,
                        const LoadOptions& options = {});

// A new model: N(0, deviation), residual outputs that no norm follows divided by sqrt(2 * layers)
// (Radford et al., "Language Models are Unsupervised Multitask Learners", 2019), gains 1, biases 0.
// Models whose scores are not divided (T5) are drawn as T5's published code draws them. Not packed.
Model NewModel(nn::Blueprint blueprint, std::shared_ptr<const text::Tokenizer> tokenizer,
               uint64_t seed, double deviation = 0.02);

// Puts sines of wavelengths from 2π to 10000 · 2π (Vaswani et al. 2017, §3.5) in place of a new
// model's drawn position table, as large as they: a head finds "the token before" with one turn of
// each pair, which it would otherwise have to learn of every place. They are learned further.
// REQUIRES: the model has a table of positions.
void BeginPositionsAsSines(Model& model, double deviation);

// The same model (which holds its values) with another head: what both have is kept, what is new is
// drawn as NewModel draws it. `labels`: of a head with labels; their scores are kept only if they
// are the model's own. Refuses a head that the family does not have. Not packed.
Result<Model> WithHead(Model model, nn::Head::Kind kind, std::vector<std::string> labels,
                       uint64_t seed);

// Whether the model can read text; else why not.
Status CheckTokenizer(const Model& model);

// Writes `model` (which must hold its values) as a GGUF file if `path` ends in .gguf, else as a
// Hugging Face folder; matrices in `types`, or as they are if none (a folder holds no quantised
// ones: f32). All or nothing. `metadata`: additional general.* and parvis.* keys of a GGUF file.
// `notes`: null, or gets a line for each type that another one stands in for.
Status SaveModel(const Model& model, const std::string& path, std::optional<WeightTypes> types,
                 const Json& metadata = Json::object(), std::vector<std::string>* notes = nullptr);

// The blueprint that a Hugging Face style configuration describes ("model_type", "hidden_size" …):
// what a recipe's [model] table holds, too.
Result<nn::Blueprint> BlueprintFromConfig(const Json& config);
Json ConfigFromBlueprint(const nn::Blueprint& blueprint);

// The forward pass unrolled, one line an operation, with shapes: what `parvis describe` prints.
std::string Describe(const nn::Blueprint& blueprint);

}  // namespace parvis::models

#endif  // PARVIS_MODELS_MODEL_H_
