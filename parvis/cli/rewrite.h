#ifndef PARVIS_CLI_REWRITE_H_
#define PARVIS_CLI_REWRITE_H_

#include <string>

#include "parvis/cli/console.h"
#include "parvis/core/status.h"

namespace parvis::cli {

// What convert and quantize have in common: a model is read and written.
struct RewriteRequest {
  std::string command;
  std::string in, out;
  std::string dtype;      // of the matrices; empty: as they are
  std::string tokenizer;  // a file or model; empty: the model's own
  std::string adapter;    // that is merged into the weights; empty: none
};

// Writes `out` whole or not at all; it takes the place of a file of this name.
Status Rewrite(const RewriteRequest& request, Console& console);

}  // namespace parvis::cli

#endif  // PARVIS_CLI_REWRITE_H_
