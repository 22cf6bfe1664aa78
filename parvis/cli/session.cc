// parvis session …: who is signed in at a browser, and out with them.

#include <fmt/format.h>

#include <map>
#include <memory>

#include "parvis/cli/command.h"
#include "parvis/cli/store_folder.h"
#include "parvis/core/utc.h"

namespace parvis::cli {
namespace {

using governance::Organisation;
using governance::Session;

struct Options {
  StoreFlags store;
  OrganisationFlags organisation;
  std::string id, user;
};

OrderedJson JsonOf(const Session& session) {
  return {{"id", session.id},
          {"organisation", session.organisation},
          {"owner", session.owner},
          {"method", session.method},
          {"created", UtcSeconds(session.created_ms)},
          {"last_used", UtcSeconds(session.used_ms)},
          {"expires", UtcSeconds(session.expires_ms)}};
}

std::function<Status()> DefineList(FlagSet& flags, Console& console) {
  auto o = std::make_shared<Options>();
  flags.Add("-u,--user", &o->user, "Only of this user, by id or name");
  o->organisation.AddTo(flags);
  o->store.AddTo(flags);
  return [o, &console]() -> Status {
    PARVIS_ASSIGN_OR_RETURN(const auto directory, o->store.Open());
    PARVIS_ASSIGN_OR_RETURN(const Organisation of, o->organisation.Find(*directory));
    PARVIS_ASSIGN_OR_RETURN(auto sessions, directory->Sessions(of.id));
    PARVIS_ASSIGN_OR_RETURN(const auto users, directory->Users(of.id));
    std::map<std::string, std::string> owners;
    for (const auto& user : users) owners[user.id] = user.name;
    if (!o->user.empty()) {
      PARVIS_ASSIGN_OR_RETURN(const auto owner, directory->FindUser(of.id, o->user));
      std::erase_if(sessions, [&](const Session& session) { return session.owner != owner.id; });
    }
    if (console.json) {
      OrderedJson document = Console::Document("session-list");
      document["sessions"] = OrderedJson::array();
      for (const Session& session : sessions) document["sessions"].push_back(JsonOf(session));
      console.PrintJson(document);
      return {};
    }
    const char* const kRow = "{:<29} {:<18} {:<14} {:<21} {}\n";
    if (!console.quiet) {
      console.Print(fmt::format(fmt::runtime(kRow), "ID", "USER", "BY", "LAST USED", "EXPIRES"));
    }
    for (const Session& session : sessions) {
      console.Print(fmt::format(fmt::runtime(kRow), session.id, owners[session.owner],
                                session.method, UtcSeconds(session.used_ms),
                                UtcSeconds(session.expires_ms)));
    }
    return {};
  };
}

std::function<Status()> DefineEnd(FlagSet& flags, Console& console) {
  auto o = std::make_shared<Options>();
  flags.Add("--id,id", &o->id, "The session's id ('parvis session list')");
  flags.Add("-u,--user", &o->user, "All of this user, by id or name");
  o->organisation.AddTo(flags);
  o->store.AddTo(flags);
  return [o, &console]() -> Status {
    if (o->id.empty() == o->user.empty()) {
      return InvalidArgument("say which session ends, or all of which --user");
    }
    PARVIS_ASSIGN_OR_RETURN(const auto directory, o->store.Open());
    PARVIS_ASSIGN_OR_RETURN(const Organisation of, o->organisation.Find(*directory));
    if (!o->id.empty()) {
      PARVIS_RETURN_IF_ERROR(directory->EndSession(of.id, o->id));
    } else {
      PARVIS_ASSIGN_OR_RETURN(const auto user, directory->FindUser(of.id, o->user));
      PARVIS_RETURN_IF_ERROR(directory->EndSessionsOf(user));
    }
    if (console.json) {
      console.PrintJson(Console::Document("session-end"));
    } else {
      console.Note("It is worth nothing within a second.");
    }
    return {};
  };
}

}  // namespace

const Command kSessionList = {"session list", "Who is signed in", "parvis session list --user Ada",
                              &DefineList};
const Command kSessionEnd = {"session end", "End a session, or all of a user",
                             "parvis session end --user Ada --org \"Lycée A\"", &DefineEnd};

}  // namespace parvis::cli
