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
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "parvis/cli/command.h"
#include "parvis/cli/hangup.h"
#include "parvis/cli/interrupt.h"
#include "parvis/cli/model_path.h"
#include "parvis/cli/model_store.h"
#include "parvis/cli/serve_greeting.h"
#include "parvis/cli/serve_keys.h"
#include "parvis/cli/serve_models.h"
#include "parvis/cli/serve_options.h"
#include "parvis/cli/serve_store.h"
#include "parvis/cli/serve_telemetry.h"
#include "parvis/cli/store_folder.h"
#include "parvis/cli/version.h"
#include "parvis/core/clock.h"
#include "parvis/core/file_lock.h"
#include "parvis/core/wipe.h"
#include "parvis/server/api.h"
#include "parvis/server/batch_runner.h"
#include "parvis/server/http_server.h"
#include "parvis/service/backup.h"
#include "parvis/service/key_identity.h"
#include "parvis/service/quota_budget.h"

namespace parvis::cli {
namespace {

constexpr auto kSweepEvery = std::chrono::minutes(10);
// For batches that nobody here was told of: there are none but of servers beside this one.
constexpr std::chrono::milliseconds kLookAlone{30'000}, kLookBesideOthers{2'000};

// What is loaded before anybody asks: what the line names, and adapters of it.
std::vector<std::string> NamesToLoad(const ServeOptions& options) {
  std::vector<std::string> names;
  for (const std::string& model : options.models) names.push_back(ServedName(model));
  const std::set<std::string> models(names.begin(), names.end());
  for (const ServedAdapter& adapter : options.adapters) {
    if (models.contains(ServedName(adapter.model))) names.push_back(adapter.name);
  }
  return names;
}

// Loads it, so that the first request need not wait, and says early what cannot be. The first that
// writes is the example.
Result<std::optional<Example>> WarmUp(service::Catalogue& catalogue, const ServeOptions& options) {
  std::optional<Example> example;
  for (const std::string& name : NamesToLoad(options)) {
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

std::string AddressOf(const ServeOptions& options, const server::HttpServer& http) {
  const bool ipv6 = options.http.host.find(':') != std::string::npos;
  return fmt::format("{}://{}:{}", options.http.certificate.empty() ? "http" : "https",
                     ipv6 ? "[" + options.http.host + "]" : options.http.host, http.port());
}

// What runs may end, for a while.
void StopServing(const ServeOptions& options, server::HttpServer& http, service::Gateway& gateway,
                 std::optional<server::BatchRunner>& batches, std::atomic<bool>& stopping,
                 Console& console) {
  using std::chrono::steady_clock, std::chrono::milliseconds;
  stopping = true;
  if (batches) batches->Stop();
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

std::optional<service::Refusal> RefusalOfStatus(const Status& status) {
  if (status.ok()) return std::nullopt;
  service::Refusal refusal = service::RefusalOf(status);
  if (status.code() == StatusCode::kPermissionDenied) {
    refusal.kind = service::RefusalKind::kForbidden;
  }
  return refusal;
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

// The flags, and under them the file.
Result<ServeOptions> WithConfig(const ServeOptions& flags, const std::set<std::string>& given) {
  ServeOptions options = flags;
  if (const std::string path = ConfigFileOf(flags); !path.empty()) {
    PARVIS_RETURN_IF_ERROR(ReadServeConfig(path, given, options));
  }
  PARVIS_RETURN_IF_ERROR(ReadAdapterWords(options));
  if (options.data.empty()) options.data = HomeFolder();
  options.database = DatabaseOf(options.database, options.data);
  options.http.port = static_cast<uint16_t>(options.port);
  PARVIS_RETURN_IF_ERROR(CheckServeOptions(options));
  return options;
}

// What can be told anew while the server runs.
struct Running {
  server::HttpServer& http;
  service::Catalogue& catalogue;
  const ops::Exec& exec;
  service::QuotaBudget& budget;
  telemetry::Telemetry& telemetry;
  service::ResponseStore& responses;
};

// SIGHUP: all that the file and the disk say is read anew. What is wrong with it changes nothing,
// and streams go on with the model and the certificate with which they began.
Status Reload(const ServeOptions& flags, const std::set<std::string>& given, ServeOptions& options,
              const Running& running, Console& console) {
  PARVIS_ASSIGN_OR_RETURN(ServeOptions fresh, WithConfig(flags, given));
  PARVIS_ASSIGN_OR_RETURN(const service::CatalogueSettings models,
                          CatalogueSettingsOf(fresh, running.exec));
  PARVIS_RETURN_IF_ERROR(running.http.Reload(fresh.http));
  if (running.telemetry.log() != nullptr) {
    PARVIS_RETURN_IF_ERROR(running.telemetry.log()->Reopen());
  }
  running.budget.SetLimits(fresh.limits);
  running.catalogue.SetRules(models);
  const std::vector<std::string> changed = running.catalogue.DropChanged();
  for (const std::string& name : changed) console.Note("'" + name + "' has changed.");
  for (const std::string& name : NamesToLoad(fresh)) {
    running.catalogue.Acquire(name, [](const auto&) {});
  }
  for (const std::string& name : NeedRestart(options, fresh)) {
    console.Note("'" + name + "' counts from the next start on.");
  }
  options = std::move(fresh);
  console.Note("Settings are read anew.");
  return {};
}

void TendUntilInterrupted(const ServeOptions& flags, const std::set<std::string>& given,
                          ServeOptions& options, const Running& running, Console& console) {
  auto next_sweep = std::chrono::steady_clock::now();
  while (!Interrupted()) {
    if (std::chrono::steady_clock::now() >= next_sweep) {
      (void)running.responses.Expire(WallClockMs());  // is tried again
      next_sweep = std::chrono::steady_clock::now() + kSweepEvery;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    if (!TakeHangup()) continue;
    const Status status = Reload(flags, given, options, running, console);
    if (!status.ok()) console.Note("Nothing is changed: " + status.message());
  }
}

Status Serve(const ServeOptions& flags, const std::set<std::string>& given, Console& console) {
  WipeFreedMemory();  // before anything is taken
  PARVIS_ASSIGN_OR_RETURN(ServeOptions options, WithConfig(flags, given));
  std::error_code error;
  std::filesystem::create_directories(options.data, error);
  if (error) return IoError(options.data + ": " + error.message());
  PARVIS_ASSIGN_OR_RETURN(const FileLock lock, LockFolder(options.data));
  PARVIS_RETURN_IF_ERROR(service::FinishRestore(options.data));
  PARVIS_ASSIGN_OR_RETURN(const auto telemetry, MakeTelemetry(options.log, options.otlp));
  PARVIS_ASSIGN_OR_RETURN(const auto http, server::HttpServer::Listen(options.http));
  PARVIS_ASSIGN_OR_RETURN(const Compute compute, Compute::Make(options.compute));
  const ops::Exec exec = compute.exec();
  PARVIS_ASSIGN_OR_RETURN(service::CatalogueSettings models, CatalogueSettingsOf(options, exec));
  service::Catalogue catalogue(std::move(models), exec);
  PARVIS_ASSIGN_OR_RETURN(const std::optional<Example> example, WarmUp(catalogue, options));

  const std::string address = AddressOf(options, *http);
  PARVIS_ASSIGN_OR_RETURN(const ServeStore store, ServeStore::Open(options));
  PARVIS_ASSIGN_OR_RETURN(const ServeKeys keys,
                          ServeKeys::Open(options, options.database, address));
  service::KeyIdentity identity(*keys.ring, {.wrong_keys_per_minute = options.wrong_keys_per_minute,
                                             .anyone = options.no_key});

  service::QuotaBudget budget(options.limits, *store.book,
                              [&ring = *keys.ring] { return ring.snapshot(); });
  service::NoCheck check;
  auto workers = std::make_unique<service::Workers>(16);
  service::Gateway gateway({budget, check, *store.records, catalogue, *workers},
                           options.max_requests);
  std::atomic<bool> stopping{false};
  std::optional<server::BatchRunner> runner;  // begins once all else stands
  const server::Api api{
      .gateway = gateway,
      .catalogue = catalogue,
      .version = kVersion,
      .responses = *store.responses,
      .telemetry = *telemetry,
      .not_ready = [&] { return std::string(stopping ? "stopping" : ""); },
      .connections = [&http = *http] { return static_cast<int64_t>(http.connections()); },
      .files = store.files.get(),
      .batches = store.batches.get(),
      .wake_batches = [&runner] { runner->Wake(); },
      .directory = keys.directory.get(),
      .keys = keys.ring.get(),
      .usage = store.usage.get(),
      .sign_in = keys.sign_in.get(),
      .oidc = keys.oidc.get(),
      .cookies = server::CookieRulesOf(options.http),
      .passwords_are_safe = PasswordsAreSafe(options),
      .remove_model = [](const std::string& name) { return RefusalOfStatus(RemoveModel(name)); },
      .copy_model = [](const std::string& from,
                       const std::string& to) { return RefusalOfStatus(CopyModel(from, to)); }};
  PARVIS_ASSIGN_OR_RETURN(const server::Router router, server::MakeRouter(api, *store.invoices));
  PARVIS_ASSIGN_OR_RETURN(const auto new_key, keys.NewOperatorKey(options.new_key));
  CatchInterrupts();
  CatchTermination();
  CatchHangups();
  OutliveReaders();
  runner.emplace(*store.batches, *store.files, router, *workers, *telemetry, identity,
                 server::BatchSettings{.parallel = options.batch_lines,
                                       .running = [&gateway] { return gateway.running(); },
                                       .look = store.servers ? kLookBesideOthers : kLookAlone});
  http->Start({router, identity, *workers, *telemetry, options.data});
  Announce(options, address, new_key, console);
  Suggest(options, address, catalogue, example, console);
  TendUntilInterrupted(flags, given, options,
                       {*http, catalogue, exec, budget, *telemetry, *store.responses}, console);
  StopServing(options, *http, gateway, runner, stopping, console);
  workers.reset();  // its last jobs use what goes next
  return {};
}

std::function<Status()> Define(FlagSet& flags, Console& console) {
  auto options = std::make_shared<ServeOptions>();
  auto all = std::make_shared<ServeFlags>(flags, *options);
  options->compute.AddTo(flags);
  return [options, all, &console] { return Serve(*options, all->Given(), console); };
}

}  // namespace

const Command kServe = {"serve", "Serve models over HTTP, as OpenAI's API",
                        "parvis serve runs/quick/model.gguf", &Define};

}  // namespace parvis::cli
