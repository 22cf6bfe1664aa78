#ifndef PARVIS_CLI_STORE_COMMANDS_H_
#define PARVIS_CLI_STORE_COMMANDS_H_

#include "parvis/cli/command.h"

namespace parvis::cli {

// Commands about models at rest, and about those that a running server has loaded.
extern const Command kCopy, kPs, kPull, kRemove, kStop;

}  // namespace parvis::cli

#endif  // PARVIS_CLI_STORE_COMMANDS_H_
