#ifndef PARVIS_MODELS_ADAPTER_HEAD_H_
#define PARVIS_MODELS_ADAPTER_HEAD_H_

#include <optional>
#include <string>
#include <vector>

#include "parvis/core/json.h"
#include "parvis/formats/tensor_source.h"
#include "parvis/models/model.h"
#include "parvis/models/tensor_map.h"

// A head that was taught whole beside a LoRA: PEFT's `modules_to_save`. The tensors of such a
// folder have their own names behind PEFT's prefix; what labels they are scores of PEFT does not
// keep, so Parvis writes them into labels.json beside.
namespace parvis::models {

struct AdapterHead {
  nn::Head::Kind kind = nn::Head::Kind::kNone;
  std::vector<std::string> labels;
  std::string problem_type;
};

// What adapter_config.json and the tensors say of a head; none: there is none. Refuses other
// modules_to_save than those of heads with labels or spans.
Result<std::optional<AdapterHead>> ReadAdapterHead(const std::string& folder, const Json& config,
                                                   const formats::TensorSource& tensors);

// Gives `model` the head, if it has not the same already, and the values of its tensors, which are
// in `tensors` behind `prefix`. Returns their names there. Not packed.
// Refuses a model that does not hold its values.
Result<std::vector<std::string>> TakeHead(const ops::Exec& exec, const AdapterHead& head,
                                          const formats::TensorSource& tensors,
                                          const std::string& prefix, Model& model);

// Tensors of a Hugging Face file that are the head's, if it has labels or spans; else none.
std::vector<FileTensor> HeadTensors(const Family& family, const nn::Blueprint& blueprint);

// What PEFT calls the head's modules: "classifier", "pooler", "score" …
std::vector<std::string> HeadModules(const Family& family, const nn::Blueprint& blueprint);

// "SEQ_CLS" …; "": not a head with labels or spans.
std::string PeftTask(nn::Head::Kind kind);

}  // namespace parvis::models

#endif  // PARVIS_MODELS_ADAPTER_HEAD_H_
