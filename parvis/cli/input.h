#ifndef PARVIS_CLI_INPUT_H_
#define PARVIS_CLI_INPUT_H_

#include <string>

#include "parvis/core/result.h"

namespace parvis::cli {

// All of stdin, of at most `max_bytes`.
Result<std::string> ReadStdin(size_t max_bytes = size_t{1} << 30);

// The file called `path`; "-" is stdin.
Result<std::string> ReadInput(const std::string& path);

}  // namespace parvis::cli

#endif  // PARVIS_CLI_INPUT_H_
