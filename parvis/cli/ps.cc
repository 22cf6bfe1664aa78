// parvis ps: which models a running server has in memory.

#include <fmt/format.h>

#include <memory>

#include "parvis/cli/command.h"
#include "parvis/cli/progress.h"
#include "parvis/cli/remote.h"

namespace parvis::cli {
namespace {

double NumberOf(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number() ? found->get<double>() : 0;
}

std::string TextOf(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// What stands at the end of a model's line: how far it is, or when it goes.
std::string EndText(const Json& loading, const std::string& until) {
  if (!loading.is_object()) return until;
  return fmt::format("loading: {} {:.0f} %, {}", TextOf(loading, "stage"),
                     100 * NumberOf(loading, "progress"),
                     DurationText(NumberOf(loading, "seconds")));
}

Status Ps(const RemoteFlags& server, Console& console) {
  PARVIS_ASSIGN_OR_RETURN(const Json answer, server.Ask("GET", "/api/ps"));
  OrderedJson document = Console::Document("ps");
  document["models"] = OrderedJson::array();
  std::string table;
  const auto models = answer.find("models");
  if (!answer.is_object() || models == answer.end() || !models->is_array()) {
    return DataLoss(server.url() + ": does not answer as Parvis does");
  }
  for (const Json& model : *models) {
    const Json ours = model.value("parvis", Json::object());
    const std::string name = TextOf(model, "name"), until = TextOf(model, "expires_at");
    const bool for_ever = until.starts_with("0001");
    const Json loading = ours.value("loading", Json());
    document["models"].push_back({{"name", name},
                                  {"memory_bytes", NumberOf(ours, "memory_bytes")},
                                  {"idle_seconds", NumberOf(ours, "idle_seconds")},
                                  {"running", NumberOf(ours, "running")},
                                  {"waiting", NumberOf(ours, "waiting")},
                                  {"until", for_ever ? OrderedJson() : OrderedJson(until)},
                                  {"loading", loading}});
    table += fmt::format("{:<24} {:>10} {:>8} {:>8} {:>8}  {}\n", name,
                         BytesText(NumberOf(ours, "memory_bytes")),
                         DurationText(NumberOf(ours, "idle_seconds")), NumberOf(ours, "running"),
                         NumberOf(ours, "waiting"), EndText(loading, for_ever ? "-" : until));
  }
  if (console.json) {
    console.PrintJson(document);
    return {};
  }
  if (table.empty()) {
    console.Note("No model is loaded.");
    return {};
  }
  if (!console.quiet) {
    console.Print(fmt::format("{:<24} {:>10} {:>8} {:>8} {:>8}  {}\n", "NAME", "MEMORY", "IDLE",
                              "RUNNING", "WAITING", "UNTIL"));
  }
  console.Print(table);
  return {};
}

std::function<Status()> Define(FlagSet& flags, Console& console) {
  auto server = std::make_shared<RemoteFlags>();
  server->AddTo(flags);
  return [server, &console] { return Ps(*server, console); };
}

}  // namespace

const Command kPs = {"ps", "List the models that a running server has loaded", "parvis ps",
                     &Define};

}  // namespace parvis::cli
