#include "parvis/cli/serve_options.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "parvis/cli/model_path.h"
#include "parvis/cli/model_store.h"
#include "parvis/cli/serve_models.h"
#include "parvis/core/file.h"
#include "parvis/core/toml_reader.h"
#include "parvis/net/http_client.h"
#include "parvis/server/session_cookie.h"

namespace parvis::cli {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxConfigBytes = size_t{1} << 20;
constexpr int64_t kMaxCount = 1'000'000'000;

bool IsLoopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

// Takes a key of the file unless the line has said it.
class Taker {
 public:
  Taker(TomlReader& reader, const std::set<std::string>& given) : reader_(reader), given_(given) {}

  void Take(const char* key, std::string& value) {
    const std::string read = reader_.Text(key, value);
    if (!given_.contains(key)) value = read;
  }
  void Take(const char* key, int64_t& value, int64_t low, int64_t high = kMaxCount) {
    const int64_t read = reader_.Integer(key, value, low, high);
    if (!given_.contains(key)) value = read;
  }
  void Take(const char* key, bool& value) {
    const bool read = reader_.Flag(key, value);
    if (!given_.contains(key)) value = read;
  }
  void Take(const char* key, std::vector<std::string>& value) {
    if (!reader_.Has(key)) return reader_.Know({key});
    std::vector<std::string> read = reader_.Texts(key);
    if (!given_.contains(key)) value = std::move(read);
  }

 private:
  TomlReader& reader_;
  const std::set<std::string>& given_;
};

// An origin, as browsers write it.
Status CheckPublicUrl(const std::string& text) {
  PARVIS_ASSIGN_OR_RETURN(const net::Url url, net::ParseUrl(text));
  const bool default_port = url.port == (url.scheme == "https" ? "443" : "80");
  const std::string origin =
      url.scheme + "://" + url.host + (default_port ? std::string() : ":" + url.port);
  if (text != origin) return InvalidArgument("must be scheme, name and port, as in " + origin);
  if (url.scheme == "https" || IsLoopback(url.host) || url.host == "[::1]") return {};
  return InvalidArgument("must be https, but for this machine");
}

}  // namespace

template <typename T>
void ServeFlags::Add(FlagSet& flags, const std::string& names, T* value, const std::string& help,
                     const FlagRules& rules) {
  std::string name = names.substr(names.find("--") + 2);
  name = name.substr(0, name.find(','));
  std::replace(name.begin(), name.end(), '-', '_');
  if constexpr (std::is_same_v<T, bool>) {
    flags_[name] = flags.Add(names, value, help);
  } else {
    flags_[name] = flags.Add(names, value, help, rules);
  }
}

ServeFlags::ServeFlags(FlagSet& flags, ServeOptions& o) {
  Add(flags, "-m,--model,model", &o.models,
      "Load these at once: files, folders, names of 'parvis list'");
  Add(flags, "--adapter", &o.adapter_words,
      "A LoRA adapter as a model of its own: NAME=PATH, or NAME@MODEL=PATH; may be given several "
      "times");
  Add(flags, "--config", &o.config,
      "TOML file of what the flags do not say; read anew at SIGHUP "
      "(default: config.toml in ~/.config/parvis)");
  Add(flags, "--host", &o.http.host, "Address to listen on", {.show_default = true});
  Add(flags, "--port", &o.port, "Port (0: any that is free)",
      {.min = 0, .max = 65535, .show_default = true});
  Add(flags, "--data", &o.data, "Folder of parvis.db and parvis.pepper (default: PARVIS_HOME)");
  Add(flags, "--database", &o.database,
      "Instead of parvis.db: postgresql://…, for several servers (default: PARVIS_DATABASE)");
  Add(flags, "--log", &o.log, "File of a line for each request (-: stderr, none: no log)",
      {.show_default = true});
  Add(flags, "--otlp", &o.otlp,
      "Collector of spans, OTLP over HTTP (default: OTEL_EXPORTER_OTLP_ENDPOINT)");
  Add(flags, "--master-key", &o.master_key,
      "File of the key that opens sealed secrets (default: parvis.master of systemd's "
      "credentials)");
  Add(flags, "--tls-cert", &o.http.certificate, "Certificates, PEM");
  Add(flags, "--tls-key", &o.http.private_key, "… and their private key");
  Add(flags, "--allow-host", &o.http.allowed_hosts,
      "A name by which clients may call the server; may be given several times");
  Add(flags, "--allow-origin", &o.http.allowed_origins,
      "An origin whose pages may call it; may be given several times");
  Add(flags, "--public-url", &o.http.public_url,
      "Where browsers find the server, if not as it listens: https://parvis.example");
  Add(flags, "--session-idle", &o.session_idle_minutes,
      "Minutes after which an unused session is over", {.min = 1, .show_default = true});
  Add(flags, "--session-time", &o.session_hours, "Hours after which a session is over in any case",
      {.min = 1, .max = 24 * 365, .show_default = true});
  Add(flags, "--no-key", &o.no_key, "Ask for no key (loopback only)");
  Add(flags, "--new-key", &o.new_key, "Make a new operator's key; the old one is void");
  Add(flags, "--requests-per-minute", &o.limits.requests_per_minute, "Of each key (0: no limit)",
      {.min = 0});
  Add(flags, "--tokens-per-minute", &o.limits.tokens_per_minute, "Of each key (0: no limit)",
      {.min = 0});
  Add(flags, "--parallel-requests", &o.limits.parallel_requests, "Of each key (0: no limit)",
      {.min = 0});
  Add(flags, "--wrong-keys-per-minute", &o.wrong_keys_per_minute,
      "Wrong keys from one address before it is told to wait, right ones always pass; and wrong "
      "passwords (0: no limit)",
      {.min = 0, .show_default = true});
  Add(flags, "--max-requests", &o.max_requests, "Of all together; others are sent away",
      {.min = 1, .max = 100'000, .show_default = true});
  Add(flags, "-b,--batch", &o.parallel, "Answers that a model generates at a time",
      {.min = 1, .max = 256, .show_default = true});
  Add(flags, "--context-length", &o.context_length,
      "Prompt and answer together (default: the model's)", {.min = 0});
  Add(flags, "--kv-memory", &o.kv_mib, "MiB for keys and values of each model",
      {.min = 1, .show_default = true});
  Add(flags, "--memory", &o.memory_mib, "MiB for all models (0: no limit)", {.min = 0});
  Add(flags, "--keep-alive", &o.keep_alive_seconds,
      "Seconds until an unused model is unloaded (0: never)", {.min = 0, .show_default = true});
  Add(flags, "--stop-time", &o.stop_seconds, "Seconds that answers have to end when stopped",
      {.min = 0, .show_default = true});
  Add(flags, "--file-quota", &o.file_quota_mib, "MiB that the files of one owner may have",
      {.min = 1, .show_default = true});
  Add(flags, "--file-days", &o.file_days, "Days after which files are deleted (0: never)",
      {.min = 0, .max = 36'500, .show_default = true});
  Add(flags, "--response-quota", &o.response_quota,
      "Answers that are kept of one owner; the oldest go first",
      {.min = 1, .max = 100'000'000, .show_default = true});
  Add(flags, "--response-days", &o.response_days,
      "Days after which kept answers are deleted (0: never)",
      {.min = 0, .max = 36'500, .show_default = true});
  Add(flags, "--batch-lines", &o.batch_lines, "Lines of a batch at a time while nobody else asks",
      {.min = 1, .max = 256, .show_default = true});
}

std::set<std::string> ServeFlags::Given() const {
  std::set<std::string> given;
  for (const auto& [name, flag] : flags_) {
    if (flag.given()) given.insert(name);
  }
  return given;
}

std::string ConfigFileOf(const ServeOptions& options) {
  if (!options.config.empty()) return options.config;
  const char* const config = std::getenv("XDG_CONFIG_HOME");
  const char* const home = std::getenv("HOME");
  const fs::path folder = config != nullptr && *config != 0
                              ? fs::path(config)
                              : fs::path(home == nullptr ? "" : home) / ".config";
  std::error_code error;
  const fs::path path = folder / "parvis/config.toml";
  return fs::exists(path, error) ? path.string() : std::string();
}

// [adapters.NAME]: model, path.
static Status ReadAdapterTables(TomlReader& top, const std::string& file, ServeOptions& options) {
  const toml::table* const tables = top.Table("adapters");
  TomlReader reader(tables, file, "adapters");
  if (tables == nullptr) return {};
  for (const auto& [key, value] : *tables) {
    ServedAdapter adapter{std::string(key.str()), {}, {}};
    if (!IsModelName(adapter.name)) {
      reader.Refuse(adapter.name, "is no name: letters, digits, . _ - : make one");
    }
    TomlReader table(reader.Table(adapter.name), file, "adapters." + adapter.name);
    adapter.model = table.Text("model", "");
    adapter.path = table.Text("path", "");
    if (adapter.model.empty()) table.Refuse("model", "which model it changes");
    if (adapter.path.empty()) table.Refuse("path", "where it is: a PEFT folder or a .gguf file");
    PARVIS_RETURN_IF_ERROR(table.Finish());
    options.adapters.push_back(std::move(adapter));
  }
  return reader.Finish();
}

Status ReadServeConfig(const std::string& path, const std::set<std::string>& given,
                       ServeOptions& options) {
  PARVIS_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMaxConfigBytes));
  const toml::parse_result parsed = toml::parse(text, path);
  if (!parsed) {
    return InvalidArgument(path + ":" + std::to_string(parsed.error().source().begin.line) + ": " +
                           std::string(parsed.error().description()));
  }
  TomlReader top(&parsed.table(), path, "");
  TomlReader serve(top.Table("serve"), path, "serve");
  Taker take(serve, given);
  take.Take("model", options.models);
  take.Take("host", options.http.host);
  take.Take("port", options.port, 0, 65535);
  take.Take("data", options.data);
  take.Take("database", options.database);
  take.Take("log", options.log);
  take.Take("otlp", options.otlp);
  take.Take("master_key", options.master_key);
  take.Take("tls_cert", options.http.certificate);
  take.Take("tls_key", options.http.private_key);
  take.Take("allow_host", options.http.allowed_hosts);
  take.Take("allow_origin", options.http.allowed_origins);
  take.Take("public_url", options.http.public_url);
  take.Take("session_idle", options.session_idle_minutes, 1);
  take.Take("session_time", options.session_hours, 1, 24 * 365);
  take.Take("no_key", options.no_key);
  take.Take("requests_per_minute", options.limits.requests_per_minute, 0);
  take.Take("tokens_per_minute", options.limits.tokens_per_minute, 0);
  take.Take("parallel_requests", options.limits.parallel_requests, 0);
  take.Take("wrong_keys_per_minute", options.wrong_keys_per_minute, 0);
  take.Take("max_requests", options.max_requests, 1, 100'000);
  take.Take("batch", options.parallel, 1, 256);
  take.Take("context_length", options.context_length, 0);
  take.Take("kv_memory", options.kv_mib, 1);
  take.Take("memory", options.memory_mib, 0);
  take.Take("keep_alive", options.keep_alive_seconds, 0);
  take.Take("stop_time", options.stop_seconds, 0);
  take.Take("file_quota", options.file_quota_mib, 1);
  take.Take("file_days", options.file_days, 0, 36'500);
  take.Take("response_quota", options.response_quota, 1, 100'000'000);
  take.Take("response_days", options.response_days, 0, 36'500);
  take.Take("batch_lines", options.batch_lines, 1, 256);
  PARVIS_RETURN_IF_ERROR(serve.Finish());
  const toml::table* const aliases = top.Table("aliases");
  TomlReader alias_reader(aliases, path, "aliases");
  if (aliases != nullptr) {
    for (const auto& [key, value] : *aliases) {
      const std::string alias(key.str());
      const std::string name = alias_reader.Text(alias, "");
      if (name.empty() || name == alias || aliases->contains(name)) {
        alias_reader.Refuse(alias, "must be the name of a model, and of no alias");
      }
      options.aliases[alias] = name;
    }
  }
  PARVIS_RETURN_IF_ERROR(alias_reader.Finish());
  PARVIS_RETURN_IF_ERROR(ReadAdapterTables(top, path, options));
  PARVIS_RETURN_IF_ERROR(ReadUpstreamTables(top, path, options.upstreams));
  PARVIS_RETURN_IF_ERROR(ReadOidcTables(top, path, options.oidc));
  return top.Finish();
}

Status ReadAdapterWords(ServeOptions& options) {
  std::vector<ServedAdapter> adapters;
  for (const std::string& word : options.adapter_words) {
    const size_t equals = word.find('='), at = word.substr(0, equals).find('@');
    const std::string name = word.substr(0, std::min(at, equals));
    if (equals == std::string::npos || equals + 1 == word.size() || !IsModelName(name)) {
      return InvalidArgument("--adapter: '" + word +
                             "' is not NAME=PATH; letters, digits, . _ - : make a name");
    }
    std::string model;
    if (at != std::string::npos) {
      model = word.substr(at + 1, equals - at - 1);
    } else if (options.models.size() == 1) {
      model = options.models[0];
    } else {
      return InvalidArgument("--adapter: of which model is '" + name + "'? Say " + name +
                             "@MODEL=" + word.substr(equals + 1));
    }
    adapters.push_back({name, model, word.substr(equals + 1)});
  }
  for (ServedAdapter& adapter : options.adapters) {
    const auto same = [&adapter](const auto& other) { return other.name == adapter.name; };
    if (std::none_of(adapters.begin(), adapters.end(), same)) {
      adapters.push_back(std::move(adapter));
    }
  }
  options.adapters = std::move(adapters);
  return {};
}

static Status CheckNames(const ServeOptions& options) {
  std::set<std::string> names;
  for (const UpstreamOptions& upstream : options.upstreams) {
    if (!names.insert(upstream.name).second || options.aliases.contains(upstream.name)) {
      return InvalidArgument("upstream." + upstream.name + ": there are two of this name");
    }
  }
  for (const ServedAdapter& adapter : options.adapters) {
    std::error_code error;
    if (!fs::exists(adapter.path, error)) {
      return NotFound("adapter " + adapter.name + ": " + adapter.path + ": there is no such file");
    }
    if (!names.insert(adapter.name).second || options.aliases.contains(adapter.name)) {
      return InvalidArgument("adapter " + adapter.name + ": there are two of this name");
    }
    if (ServedName(adapter.model) == adapter.name) {
      return InvalidArgument("adapter " + adapter.name + ": has the name of its model");
    }
  }
  return {};
}

Status CheckServeOptions(const ServeOptions& options) {
  PARVIS_RETURN_IF_ERROR(CheckNames(options));
  if (options.no_key && !IsLoopback(options.http.host)) {
    return InvalidArgument("--no-key: only on loopback; others must show a key");
  }
  if (options.http.certificate.empty() != options.http.private_key.empty()) {
    return InvalidArgument("--tls-cert and --tls-key: one needs the other");
  }
  if (!options.http.public_url.empty()) {
    PARVIS_RETURN_IF_ERROR(CheckPublicUrl(options.http.public_url).In("--public-url"));
  } else if (!options.oidc.empty() && !IsLoopback(options.http.host)) {
    return InvalidArgument("[oidc]: --public-url says where providers send browsers back to");
  }
  return {};
}

bool PasswordsAreSafe(const ServeOptions& options) {
  return server::CookieRulesOf(options.http).secure || IsLoopback(options.http.host);
}

std::vector<std::string> NeedRestart(const ServeOptions& a, const ServeOptions& b) {
  std::vector<std::string> names;
  const auto differ = [&names](const char* name, const auto& before, const auto& after) {
    if (before != after) names.emplace_back(name);
  };
  differ("host", a.http.host, b.http.host);
  differ("port", a.port, b.port);
  differ("data", a.data, b.data);
  differ("database", a.database, b.database);
  differ("log", a.log, b.log);
  differ("otlp", a.otlp, b.otlp);
  differ("public_url", a.http.public_url, b.http.public_url);
  differ("session_idle", a.session_idle_minutes, b.session_idle_minutes);
  differ("session_time", a.session_hours, b.session_hours);
  differ("no_key", a.no_key, b.no_key);
  differ("wrong_keys_per_minute", a.wrong_keys_per_minute, b.wrong_keys_per_minute);
  differ("max_requests", a.max_requests, b.max_requests);
  differ("batch", a.parallel, b.parallel);
  differ("context_length", a.context_length, b.context_length);
  differ("kv_memory", a.kv_mib, b.kv_mib);
  differ("file_quota", a.file_quota_mib, b.file_quota_mib);
  differ("file_days", a.file_days, b.file_days);
  differ("response_quota", a.response_quota, b.response_quota);
  differ("response_days", a.response_days, b.response_days);
  differ("batch_lines", a.batch_lines, b.batch_lines);
  if (!SameOidc(a.oidc, b.oidc)) names.emplace_back("oidc");
  if (a.http.certificate.empty() != b.http.certificate.empty()) names.emplace_back("tls_cert");
  return names;
}

}  // namespace parvis::cli
