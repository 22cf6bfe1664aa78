#ifndef PARVIS_CLI_REMOTE_H_
#define PARVIS_CLI_REMOTE_H_

#include <string>

#include "parvis/cli/flag_set.h"
#include "parvis/core/json.h"
#include "parvis/core/result.h"

namespace parvis::cli {

// A server that runs, for commands that ask it: --url (PARVIS_URL). The key comes from the
// environment (PARVIS_API_KEY, else OPENAI_API_KEY): lines of commands can be seen by others.
class RemoteFlags {
 public:
  void AddTo(FlagSet& flags);
  // Asks; an answer other than 2xx is a status with what the server says.
  Result<Json> Ask(const std::string& method, const std::string& path,
                   const OrderedJson& body = {}) const;
  const std::string& url() const { return url_; }

 private:
  std::string url_ = "http://127.0.0.1:8080";
};

}  // namespace parvis::cli

#endif  // PARVIS_CLI_REMOTE_H_
