#ifndef PARVIS_TRAIN_RECIPE_H_
#define PARVIS_TRAIN_RECIPE_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "parvis/core/json.h"
#include "parvis/core/result.h"
#include "parvis/models/adapter.h"
#include "parvis/tensor/dtype.h"
#include "parvis/train/objective_settings.h"
#include "parvis/train/schedule.h"

namespace parvis::train {

// A file or a folder of text, and how often it is read in one epoch (0.5: every other document).
struct DataSource {
  std::string path;
  double epochs = 1.0;
};

// A whole training run as one file says it (docs/guide/en/training.md lists the keys). Everything
// that is not told has the default that stands here; an unknown key, a wrong type, a value out of
// range or a missing file is refused with file, line and key.
struct Recipe {
  std::string path;
  std::string text;  // as read

  // [run]
  std::string name;
  uint64_t seed = 1;
  int threads = 0;  // 0: all cores

  // [data]
  std::vector<DataSource> train, eval;
  // How often documents are read in an epoch whose row names this source (`path`), instead of what
  // their file says.
  std::vector<DataSource> mix;
  double held_out = 0.0;    // without eval: about this share of the documents is kept aside for it
  bool paragraphs = false;  // split = "paragraphs": a .txt file has a document per paragraph

  // [tokenizer]
  struct Tokenizer {
    std::string file;                  // a tokenizer.json; empty: train one on [data] train
    std::string kind = "bpe";          // "bpe", "unigram" (T5's), "wordpiece" (BERT's)
    std::string style = "llama3";      // of bpe: "gpt2", "llama3": how text is split before merging
    bool lowercase = false;            // of unigram and wordpiece
    int64_t extra_ids = 0;             // of unigram: T5's <extra_id_0>, …
    int64_t vocab_size = 0;            // with the special tokens
    int64_t train_bytes = 64'000'000;  // at most this much text is looked at
    std::string end_of_text;           // not told: <|endoftext|>, </s> or [SEP], as the kind has it
    bool begin_document = true;        // a document begins with end_of_text, too
    std::vector<std::string> special_tokens;
    std::string chat_template;  // takes the place of the tokenizer's; empty: it keeps its own
  } tokenizer;

  // [model]: Hugging Face's words, for models::BlueprintFromConfig. vocab_size comes from the
  // tokeniser and max_position_embeddings from context_length where they are not told.
  Json model;
  std::string from;  // or: a model to go on from, a file or a folder

  // [lora]: an adapter is taught instead of the weights. Goes with `from`.
  std::optional<models::AdapterSettings> lora;

  // [train]: exactly one of tokens, epochs, steps is told.
  ObjectiveSettings objective;
  std::optional<int64_t> tokens, steps;
  std::optional<double> epochs;
  int64_t batch_tokens = 16384;
  int64_t micro_batch_tokens = 4096;
  int64_t context_length = 256;
  Schedule schedule;
  float weight_decay = 0.1f;
  float beta1 = 0.9f, beta2 = 0.95f, epsilon = 1e-8f;
  float clip = 1.0f;  // of the norm of all gradients; 0: none
  float average =
      0.0f;  // decay of an average of the weights that is evaluated and written; 0: none
  bool relative_steps = false;  // each tensor's by its own first size (OptimizerSettings::relative)
  DType dtype = DType::kF32;    // numbers of the products: f32 or bf16; weights stay f32
  bool recompute = false;       // activation_checkpointing: less memory, a third more work
  int64_t eval_every = 0;       // steps; 0: at the end only
  int64_t eval_tokens = 65536;  // of every file at most, but for the last evaluation; 0: all
  int64_t patience = 0;  // evaluations without a better one before the run ends; 0: no such end
  int64_t checkpoint_every = 0;  // steps; 0: at the end and when interrupted
  int64_t keep = 2;              // latest checkpoints kept, besides the best

  // [output]
  std::string model_file = "model.gguf";  // within the run's folder
  DType output_dtype = DType::kF32;
  // What the model says of its tasks, in the words of a Hugging Face configuration; null: nothing.
  Json task_params;

  // What decides the numbers of a run, flat: {"train.learning_rate": 0.002, …}. Two runs with the
  // same of it, the same data and the same code end with the same bits.
  Json Deciding() const;
};

// `text` is the content of `path`, which gives its folder to relative paths and its name to
// messages. A `data_dir` takes the place of [data] train; if it has files named
// heldout… they take the place of [data] eval. `overrides`: "train.steps=20" and the like, in place
// of what the file says; Recipe::text is then the recipe that came of it.
Result<Recipe> ParseRecipe(std::string_view text, const std::string& path,
                           const std::string& data_dir = "",
                           std::span<const std::string> overrides = {});
Result<Recipe> ReadRecipe(const std::string& path, const std::string& data_dir = "",
                          std::span<const std::string> overrides = {});

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_RECIPE_H_
