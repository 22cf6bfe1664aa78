#ifndef PARVIS_MODELS_TASK_H_
#define PARVIS_MODELS_TASK_H_

#include <string>
#include <vector>

#include "parvis/core/json.h"
#include "parvis/core/result.h"
#include "parvis/formats/model_file.h"
#include "parvis/nn/blueprint.h"

namespace parvis::models {

// What a model's outputs mean, as its file says: no part of the arithmetic.
struct Task {
  std::vector<std::string> labels;  // one for each output of a head with labels; else empty
  // "single_label_classification", "multi_label_classification", "regression"; "": not said
  std::string problem_type;
  // How sentence embeddings are made of hidden states: "mean", "cls", "last", or what Parvis does
  // not compute; "": not said.
  std::string pooling;
  bool normalize = false;  // to length 1
};

// From "id2label", "problem_type" and the files of sentence-transformers, or the keys of GGUF
// ("{architecture}.classifier.output_labels", ".pooling_type", "parvis.problem_type",
// "parvis.pooling", "parvis.normalize").
Result<Task> TaskOf(const formats::ModelFile& file, const nn::Blueprint& blueprint);

// Back: into a config.json, or into GGUF's keys of the architecture ("") and of our own.
void AddTaskToConfig(const Task& task, Json& config);
void AddTaskToGguf(const Task& task, Json& architecture_keys, Json& own_keys);

// The command for what a model's head gives: "parvis run", "parvis fill", "parvis embed", …
std::string CommandOf(const nn::Blueprint& blueprint);

// Refuses models that cannot go on with a text (encoders), and names the command that uses them.
Status CheckGenerates(const nn::Blueprint& blueprint);

}  // namespace parvis::models

#endif  // PARVIS_MODELS_TASK_H_
