#ifndef PARVIS_CLI_SECRET_INPUT_H_
#define PARVIS_CLI_SECRET_INPUT_H_

#include <string>

#include "parvis/core/result.h"

namespace parvis::cli {

// A secret that somebody types, or the first line of stdin if that is no terminal: never a word of
// the command line, which others can see. On a terminal it is not shown, and asked twice.
Result<std::string> ReadNewSecret(const std::string& what);

}  // namespace parvis::cli

#endif  // PARVIS_CLI_SECRET_INPUT_H_
