// parvis org …: organisations, who share a server and see nothing of each other.

#include <fmt/format.h>

#include <memory>

#include "parvis/cli/command.h"
#include "parvis/cli/store_folder.h"

namespace parvis::cli {
namespace {

using governance::Directory;
using governance::Organisation;
using governance::Permissions;

void Show(const std::string& command, const Organisation& organisation, Console& console) {
  if (console.json) {
    OrderedJson document = Console::Document(command);
    document["organisation"] = JsonOf(organisation);
    return console.PrintJson(document);
  }
  console.Print(fmt::format("{}\n", organisation.id));
}

struct CreateOptions {
  StoreFlags store;
  std::string name, plan;
};

std::function<Status()> DefineCreate(FlagSet& flags, Console& console) {
  auto options = std::make_shared<CreateOptions>();
  flags.Add("--name,name", &options->name, "What it is called", {.required = true});
  flags.Add("--plan", &options->plan, "What its users get ('parvis plan list')");
  options->store.AddTo(flags);
  return [options, &console]() -> Status {
    PARVIS_ASSIGN_OR_RETURN(const auto directory, options->store.Open());
    PARVIS_ASSIGN_OR_RETURN(const Organisation made,
                            directory->AddOrganisation(options->name, options->plan));
    Show("org-create", made, console);
    return {};
  };
}

std::function<Status()> DefineList(FlagSet& flags, Console& console) {
  auto store = std::make_shared<StoreFlags>();
  store->AddTo(flags);
  return [store, &console]() -> Status {
    PARVIS_ASSIGN_OR_RETURN(const auto directory, store->Open());
    PARVIS_ASSIGN_OR_RETURN(const auto all, directory->Organisations());
    if (console.json) {
      OrderedJson document = Console::Document("org-list");
      document["organisations"] = OrderedJson::array();
      for (const Organisation& one : all) document["organisations"].push_back(JsonOf(one));
      console.PrintJson(document);
      return {};
    }
    if (!console.quiet) {
      console.Print(fmt::format("{:<28} {:<24} {:<12} {}\n", "ID", "NAME", "PLAN", "STATE"));
    }
    for (const Organisation& one : all) {
      console.Print(fmt::format("{:<28} {:<24} {:<12} {}\n", one.id, one.name,
                                one.plan.empty() ? "-" : one.plan,
                                one.disabled ? "disabled" : "active"));
    }
    return {};
  };
}

struct SetOptions {
  StoreFlags store;
  std::string who, plan, name;
  std::vector<std::string> denied;
  Flag plan_given, denied_given;
  bool disable = false, enable = false;
};

std::function<Status()> DefineSet(FlagSet& flags, Console& console) {
  auto o = std::make_shared<SetOptions>();
  flags.Add("--who,who", &o->who, "The organisation, by id or name", {.required = true});
  flags.Add("--name", &o->name, "Another name");
  o->plan_given = flags.Add("--plan", &o->plan, "Another plan (\"\": none)");
  o->denied_given =
      flags.Add("--deny", &o->denied,
                "What nobody in it may, whatever their role; may be given several times (\"\": "
                "nothing is denied)");
  flags.Add("--disable", &o->disable, "None of its keys is worth anything from now on");
  flags.Add("--enable", &o->enable, "They are again");
  o->store.AddTo(flags);
  return [o, &console]() -> Status {
    if (o->disable && o->enable) return InvalidArgument("--disable and --enable: one of them");
    PARVIS_ASSIGN_OR_RETURN(const auto directory, o->store.Open());
    PARVIS_ASSIGN_OR_RETURN(Organisation organisation, directory->FindOrganisation(o->who));
    if (!o->name.empty()) organisation.name = o->name;
    if (o->plan_given.given()) organisation.plan = o->plan;
    if (o->denied_given.given()) {
      std::erase(o->denied, "");
      PARVIS_ASSIGN_OR_RETURN(organisation.denied, Permissions::Named(o->denied));
    }
    if (o->disable || o->enable) organisation.disabled = o->disable;
    PARVIS_RETURN_IF_ERROR(directory->Change(organisation));
    Show("org-set", organisation, console);
    return {};
  };
}

}  // namespace

const Command kOrgCreate = {"org create", "Make an organisation", "parvis org create \"Lycée A\"",
                            &DefineCreate};
const Command kOrgList = {"org list", "List the organisations", "parvis org list", &DefineList};
const Command kOrgSet = {"org set", "Change an organisation, disable it or enable it",
                         "parvis org set \"Lycée A\" --disable", &DefineSet};

}  // namespace parvis::cli
