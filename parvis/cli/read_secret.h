#ifndef PARVIS_CLI_READ_SECRET_H_
#define PARVIS_CLI_READ_SECRET_H_

#include <string>

#include "parvis/core/result.h"

namespace parvis::cli {

// A secret of the configuration: `value`, or the only line of `file`; empty if neither is said.
// Opened if it is sealed (governance/sealing.h) for `name`, by the keys in the file `master_key`
// or, if that is empty, in systemd's credential. Messages never hold it.
Result<std::string> ReadSecret(const std::string& name, const std::string& value,
                               const std::string& file, const std::string& master_key);

}  // namespace parvis::cli

#endif  // PARVIS_CLI_READ_SECRET_H_
