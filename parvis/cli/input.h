#ifndef PARVIS_CLI_INPUT_H_
#define PARVIS_CLI_INPUT_H_

#include <string>

#include "parvis/core/result.h"

namespace parvis::cli {

constexpr size_t kMaxInputBytes = size_t{1} << 30;

// All of stdin, of at most `max_bytes`.
Result<std::string> ReadStdin(size_t max_bytes = kMaxInputBytes);

// The file called `path`, which may be a pipe (a shell's <(command)) or a device; "-" is stdin.
Result<std::string> ReadInput(const std::string& path, size_t max_bytes = kMaxInputBytes);

}  // namespace parvis::cli

#endif  // PARVIS_CLI_INPUT_H_
