// parvis key …: API keys. A key is on stdout once, when it is made, and never on a command line.

#include <fmt/format.h>

#include <map>
#include <memory>
#include <utility>

#include "parvis/cli/command.h"
#include "parvis/cli/store_folder.h"
#include "parvis/core/clock.h"

namespace parvis::cli {
namespace {

using governance::ApiKey;
using governance::Directory;
using governance::NewKey;
using governance::Organisation;
using governance::Permissions;

struct Options {
  StoreFlags store;
  OrganisationFlags organisation;
  std::string id, user = "operator", name, expires, overlap = "24h";
  std::vector<std::string> scopes, models;
  Flag user_given;
};

void Tell(const std::string& command, const NewKey& made, Console& console) {
  if (console.json) {
    OrderedJson document = Console::Document(command);
    document["key"] = JsonOf(made.key);
    document["secret"] = made.secret;
    return console.PrintJson(document);
  }
  console.Print(made.secret + "\n");
  console.Note("The key " + made.key.id + ", shown this once.");
}

std::function<Status()> DefineCreate(FlagSet& flags, Console& console) {
  auto o = std::make_shared<Options>();
  flags.Add("-u,--user,user", &o->user, "Whose it is, by id or name", {.show_default = true});
  flags.Add("--name", &o->name, "What it is called (default: its owner's name)");
  flags.Add("--scope", &o->scopes,
            "What of its owner's permissions it has; may be given several times (default: all)");
  flags.Add("--model", &o->models,
            "A model that it may name; may be given several times (default: all)");
  flags.Add("--expires", &o->expires, "After how long it ends, such as 30d (default: never)");
  o->organisation.AddTo(flags);
  o->store.AddTo(flags);
  return [o, &console]() -> Status {
    PARVIS_ASSIGN_OR_RETURN(const auto directory, o->store.Open());
    PARVIS_ASSIGN_OR_RETURN(const Organisation of, o->organisation.Find(*directory));
    PARVIS_ASSIGN_OR_RETURN(const auto owner, directory->FindUser(of.id, o->user));
    ApiKey key{.organisation = of.id, .owner = owner.id};
    key.name = o->name.empty() ? owner.name : o->name;
    if (!o->scopes.empty()) {
      PARVIS_ASSIGN_OR_RETURN(key.scopes, Permissions::Named(o->scopes));
    }
    key.models = o->models;
    if (!o->expires.empty()) {
      PARVIS_ASSIGN_OR_RETURN(const int64_t ms, ParseDuration(o->expires, "--expires"));
      key.expires_ms = WallClockMs() + ms;
    }
    PARVIS_ASSIGN_OR_RETURN(const NewKey made, directory->AddKey(std::move(key)));
    Tell("key-create", made, console);
    return {};
  };
}

std::function<Status()> DefineList(FlagSet& flags, Console& console) {
  auto o = std::make_shared<Options>();
  o->user_given = flags.Add("-u,--user", &o->user, "Only of this user, by id or name");
  o->organisation.AddTo(flags);
  o->store.AddTo(flags);
  return [o, &console]() -> Status {
    PARVIS_ASSIGN_OR_RETURN(const auto directory, o->store.Open());
    PARVIS_ASSIGN_OR_RETURN(const Organisation of, o->organisation.Find(*directory));
    PARVIS_ASSIGN_OR_RETURN(auto keys, directory->Keys(of.id));
    PARVIS_ASSIGN_OR_RETURN(const auto users, directory->Users(of.id));
    std::map<std::string, std::string> owners;
    for (const auto& user : users) owners[user.id] = user.name;
    if (o->user_given.given()) {
      PARVIS_ASSIGN_OR_RETURN(const auto owner, directory->FindUser(of.id, o->user));
      std::erase_if(keys, [&](const ApiKey& key) { return key.owner != owner.id; });
    }
    if (console.json) {
      OrderedJson document = Console::Document("key-list");
      document["keys"] = OrderedJson::array();
      for (const ApiKey& key : keys) document["keys"].push_back(JsonOf(key));
      console.PrintJson(document);
      return {};
    }
    const char* const kRow = "{:<28} {:<9} {:<18} {:<18} {:<8} {:<21} {}\n";
    if (!console.quiet) {
      console.Print(fmt::format(fmt::runtime(kRow), "ID", "BEGINS", "NAME", "OWNER", "STATE",
                                "EXPIRES", "LAST USED"));
    }
    for (const ApiKey& key : keys) {
      console.Print(fmt::format(fmt::runtime(kRow), key.id, key.prefix, key.name, owners[key.owner],
                                governance::StateOf(key, WallClockMs()), UtcText(key.expires_ms),
                                UtcText(key.last_used_ms)));
    }
    return {};
  };
}

std::function<Status()> DefineRevoke(FlagSet& flags, Console& console) {
  auto o = std::make_shared<Options>();
  flags.Add("--id,id", &o->id, "The key's id ('parvis key list')", {.required = true});
  o->organisation.AddTo(flags);
  o->store.AddTo(flags);
  return [o, &console]() -> Status {
    PARVIS_ASSIGN_OR_RETURN(const auto directory, o->store.Open());
    PARVIS_ASSIGN_OR_RETURN(const Organisation of, o->organisation.Find(*directory));
    PARVIS_RETURN_IF_ERROR(directory->RevokeKey(of.id, o->id));
    PARVIS_ASSIGN_OR_RETURN(const ApiKey key, directory->FindKey(of.id, o->id));
    if (console.json) {
      OrderedJson document = Console::Document("key-revoke");
      document["key"] = JsonOf(key);
      console.PrintJson(document);
    } else {
      console.Note("The key is worth nothing within a second, wherever it is used.");
    }
    return {};
  };
}

std::function<Status()> DefineRotate(FlagSet& flags, Console& console) {
  auto o = std::make_shared<Options>();
  flags.Add("--id,id", &o->id, "The key's id ('parvis key list')", {.required = true});
  flags.Add("--overlap", &o->overlap, "How long the old one goes on", {.show_default = true});
  o->organisation.AddTo(flags);
  o->store.AddTo(flags);
  return [o, &console]() -> Status {
    PARVIS_ASSIGN_OR_RETURN(const int64_t overlap, ParseDuration(o->overlap, "--overlap"));
    PARVIS_ASSIGN_OR_RETURN(const auto directory, o->store.Open());
    PARVIS_ASSIGN_OR_RETURN(const Organisation of, o->organisation.Find(*directory));
    PARVIS_ASSIGN_OR_RETURN(const NewKey made, directory->RotateKey(of.id, o->id, overlap));
    Tell("key-rotate", made, console);
    return {};
  };
}

}  // namespace

const Command kKeyCreate = {"key create", "Make an API key, shown this once",
                            "parvis key create Ada --org \"Lycée A\" --expires 300d",
                            &DefineCreate};
const Command kKeyList = {"key list", "List an organisation's API keys",
                          "parvis key list --org \"Lycée A\"", &DefineList};
const Command kKeyRevoke = {"key revoke", "End an API key now",
                            "parvis key revoke key_0123456789abcdef01234567", &DefineRevoke};
const Command kKeyRotate = {"key rotate", "Make an API key that takes the place of another",
                            "parvis key rotate key_0123456789abcdef01234567 --overlap 1h",
                            &DefineRotate};

}  // namespace parvis::cli
