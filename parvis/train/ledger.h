#ifndef PARVIS_TRAIN_LEDGER_H_
#define PARVIS_TRAIN_LEDGER_H_

#include <string>
#include <vector>

#include "parvis/core/json.h"
#include "parvis/core/result.h"
#include "parvis/nn/blueprint.h"
#include "parvis/train/documents.h"
#include "parvis/train/evaluator.h"
#include "parvis/train/machine.h"
#include "parvis/train/recipe.h"

namespace parvis::train {

// What a run adds up over all its sessions; lives in the checkpoint.
struct Totals {
  int64_t steps = 0;
  int64_t tokens = 0;  // that went through the model
  double flop = 0.0;
  double wall_seconds = 0.0;
  double cpu_seconds = 0.0;
  double joules = 0.0;
  bool energy_known = true;  // every session could read the counter
  int sessions = 1;

  Json ToJson() const;
  static Totals FromJson(const Json& json);
};

// run.json, the record that cards and documents are made from. Every figure is an object
//   {"value": …, "provenance": "measured" | "declared" | "estimated" | "missing"}
// with a "method" where it is not obvious. No figure is typed by hand.
struct LedgerFacts {
  const Recipe* recipe = nullptr;
  std::string status;        // "running", "interrupted", "failed", "finished"
  std::string code_version;  // empty: missing
  std::string kernels;       // "avx2"
  int threads = 0;
  OrderedJson ranks;  // of several: who they are; null: one
  const nn::Blueprint* blueprint = nullptr;
  std::string tokenizer_sha256;
  std::string parent, parent_sha256;  // the model that was gone on from; empty: none
  const std::vector<DataFile>* train_files = nullptr;
  const std::vector<DataFile>* eval_files = nullptr;
  Totals totals;
  double final_loss = 0.0;  // of training, averaged over the last logged steps
  std::vector<Evaluation> evaluations;
  std::string output_file, output_sha256;  // empty: none yet
};
OrderedJson LedgerJson(const LedgerFacts& facts);

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_LEDGER_H_
