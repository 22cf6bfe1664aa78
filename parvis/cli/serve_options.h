#ifndef PARVIS_CLI_SERVE_OPTIONS_H_
#define PARVIS_CLI_SERVE_OPTIONS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "parvis/cli/flag_set.h"
#include "parvis/cli/flags.h"
#include "parvis/cli/serve_oidc.h"
#include "parvis/cli/serve_upstreams.h"
#include "parvis/core/result.h"
#include "parvis/server/http_server.h"
#include "parvis/service/budget.h"
#include "parvis/service/catalogue.h"
#include "parvis/service/file_store.h"

namespace parvis::cli {

// A LoRA adapter that is served beside the model that it changes.
struct ServedAdapter {
  std::string name, model, path;  // model: as on the line, or a name of 'parvis list'
};

// What `parvis serve` is told, by flags, the environment and a file, in this order of weight.
struct ServeOptions {
  ComputeFlags compute;
  server::HttpServerSettings http;
  service::RateLimits limits;
  std::vector<std::string> models;
  std::map<std::string, std::string> aliases;
  std::vector<std::string> adapter_words;  // NAME=PATH, NAME@MODEL=PATH
  std::vector<ServedAdapter> adapters;     // of the words and of the file; names differ
  std::vector<UpstreamOptions> upstreams;
  std::vector<OidcOptions> oidc;
  std::string data, database, log = "-", otlp, config;
  std::string master_key;  // file of the keys that open sealed secrets; empty: systemd's credential
  int64_t port = 8080, max_requests = 512, parallel = 16, context_length = 0;
  int64_t kv_mib = 512, memory_mib = 0, keep_alive_seconds = 300, stop_seconds = 30;
  int64_t file_quota_mib = 1024, batch_lines = 8, wrong_keys_per_minute = 60;
  int64_t file_days = 0, response_quota = 10'000, response_days = 30;
  int64_t session_idle_minutes = 120, session_hours = 24;
  bool no_key = false, new_key = false;
};

// The flags, and which of them were given once the line is parsed ("keep_alive").
class ServeFlags {
 public:
  ServeFlags(FlagSet& flags, ServeOptions& options);
  std::set<std::string> Given() const;

 private:
  template <typename T>
  void Add(FlagSet& flags, const std::string& names, T* value, const std::string& help,
           const FlagRules& rules = {});
  std::map<std::string, Flag> flags_;
};

// The configuration's file: what --config names, else config.toml in $XDG_CONFIG_HOME/parvis, if it
// is there, else empty.
std::string ConfigFileOf(const ServeOptions& options);

// Reads the tables [serve] (flags by name, with underscores), [aliases], [adapters.NAME],
// [upstream.NAME] and [oidc.NAME] of a TOML file over `options`; what is in `given` stays. A
// message names file, line and key.
Status ReadServeConfig(const std::string& path, const std::set<std::string>& given,
                       ServeOptions& options);

// Adds what the words of --adapter say; they weigh more than the file. Without a model it is the
// only one that is named.
Status ReadAdapterWords(ServeOptions& options);

// Whether all of it makes sense together.
Status CheckServeOptions(const ServeOptions& options);

// Whether nobody on the way can read what browsers send: TLS, or this machine alone.
bool PasswordsAreSafe(const ServeOptions& options);

// Names of what differs and cannot be changed while the server runs.
std::vector<std::string> NeedRestart(const ServeOptions& before, const ServeOptions& after);

}  // namespace parvis::cli

#endif  // PARVIS_CLI_SERVE_OPTIONS_H_
