// parvis serve: models behind the dialects that programs already speak.
//
// From here to the arithmetic: server/http_server.cc → server/openai_chat.cc → service/gateway.cc →
// runtime/engine.cc → nn/stack.cc → nn/block.cc → ops/attention.cc (docs/ARCHITECTURE.md).

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "parvis/cli/command.h"
#include "parvis/cli/flags.h"
#include "parvis/cli/interrupt.h"
#include "parvis/cli/model_path.h"
#include "parvis/cli/serve_telemetry.h"
#include "parvis/cli/version.h"
#include "parvis/core/file_lock.h"
#include "parvis/server/api.h"
#include "parvis/server/http_server.h"
#include "parvis/service/operator_key.h"

namespace parvis::cli {
namespace {

struct Options {
  ComputeFlags compute;
  server::HttpServerSettings http;
  service::RateLimits limits;
  std::vector<std::string> models;
  std::string data, log = "-", otlp;
  int64_t port = 8080, max_requests = 512, parallel = 16, context_length = 0;
  int64_t kv_mib = 512, memory_mib = 0, keep_alive_seconds = 300, stop_seconds = 30;
  bool no_key = false, new_key = false;
};

bool IsLoopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

// A file or folder that was named on the line: "runs/quick/model.gguf" is served as "quick".
service::ModelPlace PlaceOf(const std::string& path) {
  namespace fs = std::filesystem;
  const fs::path whole = fs::absolute(path).lexically_normal();
  const fs::path file = whole.has_filename() ? whole : whole.parent_path();
  const bool by_folder = file.stem() == "model" && file.extension() == ".gguf";
  const fs::path named = by_folder ? file.parent_path().filename()
                                   : (file.extension() == ".gguf" ? file.stem() : file.filename());
  return {named, whole};
}

// What 'parvis list' shows now, and before it what the line names.
std::function<std::vector<service::ModelPlace>()> PlacesOf(const Options& options) {
  std::vector<service::ModelPlace> named;
  for (const std::string& model : options.models) {
    std::error_code error;
    if (std::filesystem::exists(model, error)) named.push_back(PlaceOf(model));
  }
  return [named] {
    std::vector<service::ModelPlace> places = named;
    for (ModelEntry& entry : ListModels()) {
      const auto same = [&entry](const auto& place) { return place.name == entry.name; };
      if (std::none_of(places.begin(), places.end(), same)) {
        places.push_back({std::move(entry.name), std::move(entry.path)});
      }
    }
    return places;
  };
}

service::CatalogueSettings CatalogueSettingsOf(const Options& options) {
  service::CatalogueSettings settings{.list = PlacesOf(options)};
  settings.memory_bytes = static_cast<size_t>(options.memory_mib) << 20;
  settings.keep_alive = std::chrono::seconds(options.keep_alive_seconds);
  settings.load.engine.kv_budget_bytes = static_cast<size_t>(options.kv_mib) << 20;
  settings.load.engine.max_sequences = options.parallel;
  settings.load.engine.context_length = options.context_length;
  return settings;
}

// A model that can be asked, for those who start.
struct Example {
  std::string model;
  bool converses = false;
};

// Loads what the line names, so that the first request need not wait, and says early what cannot
// be. The first that writes is the example.
Result<std::optional<Example>> WarmUp(service::Catalogue& catalogue, const Options& options) {
  std::optional<Example> example;
  for (const std::string& model : options.models) {
    std::error_code error;
    const std::string name = std::filesystem::exists(model, error) ? PlaceOf(model).name : model;
    std::promise<Status> done;
    catalogue.Acquire(name, [&](const auto& acquired) {
      if (acquired.ok() && !example && (*acquired)->generates()) {
        example = Example{name, (*acquired)->prompter() != nullptr};
      }
      done.set_value(acquired.ok() ? Status() : NotFound(acquired.refusal().message));
    });
    PARVIS_RETURN_IF_ERROR(done.get_future().get());
  }
  return example;
}

std::string AddressOf(const Options& options, const server::HttpServer& http) {
  const bool ipv6 = options.http.host.find(':') != std::string::npos;
  return fmt::format("{}://{}:{}", options.http.certificate.empty() ? "http" : "https",
                     ipv6 ? "[" + options.http.host + "]" : options.http.host, http.port());
}

// Where the server is, and the key if it is new: the one thing that nobody can ask for again, so it
// is said even with --quiet.
void Announce(const Options& options, const std::string& address,
              const std::optional<std::string>& new_key, Console& console) {
  if (console.json) {
    OrderedJson document = Console::Document("serve");
    document["address"] = address;
    document["key"] = new_key ? OrderedJson(*new_key) : OrderedJson();
    console.PrintJson(document);
  } else {
    console.Print(fmt::format("Parvis serves at {} (OpenAI's API: {}/v1)\n", address, address));
    if (new_key) console.Print("The operator's key, shown this once: " + *new_key + "\n");
  }
  console.Flush();
  if (options.no_key) {
    console.Note("Whoever reaches this address may use the models (--no-key).");
  } else if (!new_key) {
    console.Note("The operator's key is the one that was shown before; --new-key makes another.");
  }
}

// What somebody who starts can do next.
void Suggest(const Options& options, const std::string& address, service::Catalogue& catalogue,
             const std::optional<Example>& example, Console& console) {
  constexpr size_t kNamed = 12;
  const std::vector<service::ModelState> models = catalogue.List();
  std::string names;
  for (size_t i = 0; i < std::min(models.size(), kNamed); ++i) {
    names += (i > 0 ? ", " : "") + models[i].name;
  }
  if (models.size() > kNamed) names += fmt::format(" and {} more", models.size() - kNamed);
  console.Note(models.empty() ? "There are no models yet; 'parvis serve FILE' serves one."
                              : "Models: " + names + ".");
  const char* const key = options.no_key ? "" : " -H \"Authorization: Bearer $KEY\"";
  console.Note(options.no_key ? "Try:" : "Try, with your key in KEY:");
  if (!example) {
    console.Note(fmt::format("  curl {}/v1/models{}", address, key));
  } else if (example->converses) {
    console.Note(
        fmt::format("  curl {}/v1/chat/completions{} \\\n    -d '{{\"model\": \"{}\", "
                    "\"messages\": [{{\"role\": \"user\", \"content\": \"Hello\"}}]}}'",
                    address, key, example->model));
  } else {
    console.Note(
        fmt::format("  curl {}/v1/completions{} \\\n    -d '{{\"model\": \"{}\", "
                    "\"prompt\": \"Once upon a time\", \"max_tokens\": 60}}'",
                    address, key, example->model));
  }
  console.Note("Clients of OpenAI, Anthropic and Ollama work with this address. Ctrl-C stops.");
}

// Until Ctrl-C or SIGTERM; then what runs may end, for a while.
void WaitAndStop(const Options& options, server::HttpServer& http, service::Gateway& gateway,
                 std::atomic<bool>& stopping, Console& console) {
  using std::chrono::steady_clock, std::chrono::milliseconds;
  while (!Interrupted()) std::this_thread::sleep_for(milliseconds(50));
  stopping = true;
  http.StopAccepting();
  if (gateway.running() > 0) {
    console.Note(fmt::format("Stopping: {} requests may end within {} s.", gateway.running(),
                             options.stop_seconds));
  }
  const auto until = steady_clock::now() + std::chrono::seconds(options.stop_seconds);
  while (gateway.running() > 0 && steady_clock::now() < until) {
    std::this_thread::sleep_for(milliseconds(20));
  }
  gateway.Stop();
  // What was said last still has to go out.
  const auto last = steady_clock::now() + std::chrono::seconds(2);
  while (http.connections() > 0 && steady_clock::now() < last) {
    std::this_thread::sleep_for(milliseconds(10));
  }
  http.Close();
  console.Note("Stopped.");
}

// Keys that nobody saw would be lost: all that can make a start vain comes before they are made.
struct Keys {
  std::unique_ptr<service::OperatorKey> identity;
  std::optional<std::string> new_key;
};
Result<Keys> OpenKeys(const Options& options, store::Database& database) {
  Keys keys;
  if (options.new_key) {
    PARVIS_ASSIGN_OR_RETURN(keys.new_key, service::OperatorKey::Replace(database));
  }
  PARVIS_ASSIGN_OR_RETURN(auto opened, service::OperatorKey::Open(database));
  if (opened.new_key) keys.new_key = std::move(opened.new_key);
  keys.identity = std::move(opened.identity);
  return keys;
}

// Two servers on one database would take each other's running requests for interrupted ones.
Result<FileLock> LockFolder(const std::string& folder) {
  auto lock = FileLock::Take(folder + "/parvis.lock");
  if (lock.ok() || lock.status().code() != StatusCode::kUnavailable) return lock;
  return Status(StatusCode::kUnavailable,
                lock.status().message() +
                    ": Parvis serves from this folder already; --data names "
                    "another");
}

Status Serve(Options& options, Console& console) {
  if (options.no_key && !IsLoopback(options.http.host)) {
    return InvalidArgument("--no-key: only on loopback; others must show a key");
  }
  if (options.http.certificate.empty() != options.http.private_key.empty()) {
    return InvalidArgument("--tls-cert and --tls-key: one needs the other");
  }
  options.http.port = static_cast<uint16_t>(options.port);
  if (options.data.empty()) options.data = HomeFolder();
  std::error_code error;
  std::filesystem::create_directories(options.data, error);
  if (error) return IoError(options.data + ": " + error.message());
  PARVIS_ASSIGN_OR_RETURN(const FileLock lock, LockFolder(options.data));
  PARVIS_ASSIGN_OR_RETURN(const auto telemetry, MakeTelemetry(options.log, options.otlp));
  PARVIS_ASSIGN_OR_RETURN(const auto http, server::HttpServer::Listen(options.http));
  PARVIS_ASSIGN_OR_RETURN(const Compute compute, Compute::Make(options.compute));
  const ops::Exec exec = compute.exec();
  service::Catalogue catalogue(CatalogueSettingsOf(options), exec);
  PARVIS_ASSIGN_OR_RETURN(const std::optional<Example> example, WarmUp(catalogue, options));

  const std::string database_path = options.data + "/parvis.db";
  PARVIS_ASSIGN_OR_RETURN(const auto records, service::Records::Open(database_path));
  PARVIS_ASSIGN_OR_RETURN(const auto database, store::Database::Open(database_path));
  PARVIS_ASSIGN_OR_RETURN(const Keys keys, OpenKeys(options, *database));
  const service::Anyone anyone(*keys.identity);
  const service::Identity& identity =
      options.no_key ? static_cast<const service::Identity&>(anyone) : *keys.identity;

  service::MemoryBudget budget(options.limits);
  service::NoCheck check;
  service::Workers workers(16);
  service::Gateway gateway({budget, check, *records, catalogue, workers}, options.max_requests);
  std::atomic<bool> stopping{false};
  const server::Api api{
      .gateway = gateway,
      .catalogue = catalogue,
      .version = kVersion,
      .telemetry = *telemetry,
      .not_ready = [&] { return std::string(stopping ? "stopping" : ""); },
      .connections = [&http = *http] { return static_cast<int64_t>(http.connections()); }};
  PARVIS_ASSIGN_OR_RETURN(const server::Router router, server::MakeRouter(api));
  CatchInterrupts();
  CatchTermination();
  http->Start({router, identity, workers, *telemetry});
  const std::string address = AddressOf(options, *http);
  Announce(options, address, keys.new_key, console);
  Suggest(options, address, catalogue, example, console);
  WaitAndStop(options, *http, gateway, stopping, console);
  return {};
}

std::function<Status()> Define(FlagSet& flags, Console& console) {
  auto options = std::make_shared<Options>();
  flags.Add("-m,--model,model", &options->models,
            "Load these at once: files, folders, names of 'parvis list'");
  flags.Add("--host", &options->http.host, "Address to listen on", {.show_default = true});
  flags.Add("--port", &options->port, "Port (0: any that is free)",
            {.min = 0, .max = 65535, .show_default = true});
  flags.Add("--data", &options->data, "Folder of parvis.db (default: PARVIS_HOME)");
  flags.Add("--log", &options->log, "File of a line for each request (-: stderr, none: no log)",
            {.show_default = true});
  flags.Add("--otlp", &options->otlp,
            "Collector of spans, OTLP over HTTP (default: OTEL_EXPORTER_OTLP_ENDPOINT)");
  flags.Add("--tls-cert", &options->http.certificate, "Certificates, PEM");
  flags.Add("--tls-key", &options->http.private_key, "… and their private key");
  flags.Add("--allow-host", &options->http.allowed_hosts,
            "A name by which clients may call the server; may be given several times");
  flags.Add("--allow-origin", &options->http.allowed_origins,
            "An origin whose pages may call it; may be given several times");
  flags.Add("--no-key", &options->no_key, "Ask for no key (loopback only)");
  flags.Add("--new-key", &options->new_key, "Make a new operator's key; the old one is void");
  flags.Add("--requests-per-minute", &options->limits.requests_per_minute,
            "Of each key (0: no limit)", {.min = 0});
  flags.Add("--tokens-per-minute", &options->limits.tokens_per_minute, "Of each key (0: no limit)",
            {.min = 0});
  flags.Add("--parallel-requests", &options->limits.parallel_requests, "Of each key (0: no limit)",
            {.min = 0});
  flags.Add("--max-requests", &options->max_requests, "Of all together; others are sent away",
            {.min = 1, .max = 100'000, .show_default = true});
  flags.Add("-b,--batch", &options->parallel, "Answers that a model generates at a time",
            {.min = 1, .max = 256, .show_default = true});
  flags.Add("--context-length", &options->context_length,
            "Prompt and answer together (default: the model's)", {.min = 0});
  flags.Add("--kv-memory", &options->kv_mib, "MiB for keys and values of each model",
            {.min = 1, .show_default = true});
  flags.Add("--memory", &options->memory_mib, "MiB for all models (0: no limit)", {.min = 0});
  flags.Add("--keep-alive", &options->keep_alive_seconds,
            "Seconds until an unused model is unloaded (0: never)",
            {.min = 0, .show_default = true});
  flags.Add("--stop-time", &options->stop_seconds, "Seconds that answers have to end when stopped",
            {.min = 0, .show_default = true});
  options->compute.AddTo(flags);
  return [options, &console] { return Serve(*options, console); };
}

}  // namespace

const Command kServe = {"serve", "Serve models over HTTP, as OpenAI's API",
                        "parvis serve runs/quick/model.gguf", &Define};

}  // namespace parvis::cli
