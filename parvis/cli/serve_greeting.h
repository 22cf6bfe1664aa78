#ifndef PARVIS_CLI_SERVE_GREETING_H_
#define PARVIS_CLI_SERVE_GREETING_H_

#include <optional>
#include <string>

#include "parvis/cli/console.h"
#include "parvis/cli/serve_options.h"
#include "parvis/service/catalogue.h"

namespace parvis::cli {

// A model that can be asked, for those who start.
struct Example {
  std::string model;
  bool converses = false;
};

// Where the server is, and the key if it is new: the one thing that nobody can ask for again, so it
// is said even with --quiet.
void Announce(const ServeOptions& options, const std::string& address,
              const std::optional<std::string>& new_key, Console& console);

// What somebody who starts can do next.
void Suggest(const ServeOptions& options, const std::string& address, service::Catalogue& catalogue,
             const std::optional<Example>& example, Console& console);

}  // namespace parvis::cli

#endif  // PARVIS_CLI_SERVE_GREETING_H_
