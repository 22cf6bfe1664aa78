#ifndef PARVIS_CLI_SERVE_UPSTREAMS_H_
#define PARVIS_CLI_SERVE_UPSTREAMS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "parvis/core/result.h"
#include "parvis/service/upstream.h"

// Models that other services compute, as the configuration's file names them. The only place that
// holds their keys.
namespace parvis {
class TomlReader;
}

namespace parvis::cli {

struct UpstreamOptions {
  std::string name;      // of the model here
  std::string url;       // "https://api.example.org/v1"; http on loopback only
  std::string model;     // what it is called there
  std::string key;       // sealed (governance/sealing.h); empty: in key_file
  std::string key_file;  // the key is its only line, sealed or not; empty: none is sent
  std::string limit_field = "max_completion_tokens";
  int64_t max_tokens = 4096, parallel = 16, stall_seconds = 120, whole_seconds = 3600;
  int64_t idle_connections = 8, idle_seconds = 30;  // of connections that are kept
};

// [upstream.NAME] of the file. A message names file, line and key.
Status ReadUpstreamTables(TomlReader& top, const std::string& file,
                          std::vector<UpstreamOptions>& upstreams);

// Reads the key, opens it if it is sealed, and checks where it may go. Messages never hold it.
// `master_key`: the file of the keys that open; empty: systemd's credential.
Result<std::unique_ptr<service::Upstream>> MakeUpstream(const UpstreamOptions& options,
                                                        const std::string& master_key);

}  // namespace parvis::cli

#endif  // PARVIS_CLI_SERVE_UPSTREAMS_H_
