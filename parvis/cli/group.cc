// parvis group …: users who belong together, such as a class.

#include <fmt/format.h>

#include <memory>

#include "parvis/cli/command.h"
#include "parvis/cli/store_folder.h"

namespace parvis::cli {
namespace {

using governance::Group;
using governance::Organisation;

struct Options {
  StoreFlags store;
  OrganisationFlags organisation;
  std::string name, plan;
};

std::function<Status()> DefineCreate(FlagSet& flags, Console& console) {
  auto o = std::make_shared<Options>();
  flags.Add("--name,name", &o->name, "What it is called", {.required = true});
  flags.Add("--plan", &o->plan, "What its users get (default: the organisation's)");
  o->organisation.AddTo(flags);
  o->store.AddTo(flags);
  return [o, &console]() -> Status {
    PARVIS_ASSIGN_OR_RETURN(const auto directory, o->store.Open());
    PARVIS_ASSIGN_OR_RETURN(const Organisation of, o->organisation.Find(*directory));
    PARVIS_ASSIGN_OR_RETURN(const Group made, directory->AddGroup(of.id, o->name, o->plan));
    if (console.json) {
      OrderedJson document = Console::Document("group-create");
      document["group"] = JsonOf(made);
      console.PrintJson(document);
    } else {
      console.Print(made.id + "\n");
    }
    return {};
  };
}

std::function<Status()> DefineList(FlagSet& flags, Console& console) {
  auto o = std::make_shared<Options>();
  o->organisation.AddTo(flags);
  o->store.AddTo(flags);
  return [o, &console]() -> Status {
    PARVIS_ASSIGN_OR_RETURN(const auto directory, o->store.Open());
    PARVIS_ASSIGN_OR_RETURN(const Organisation of, o->organisation.Find(*directory));
    PARVIS_ASSIGN_OR_RETURN(const auto all, directory->Groups(of.id));
    if (console.json) {
      OrderedJson document = Console::Document("group-list");
      document["groups"] = OrderedJson::array();
      for (const Group& group : all) document["groups"].push_back(JsonOf(group));
      console.PrintJson(document);
      return {};
    }
    if (!console.quiet) console.Print(fmt::format("{:<30} {:<24} {}\n", "ID", "NAME", "PLAN"));
    for (const Group& group : all) {
      console.Print(fmt::format("{:<30} {:<24} {}\n", group.id, group.name,
                                group.plan.empty() ? "-" : group.plan));
    }
    return {};
  };
}

std::function<Status()> DefineRemove(FlagSet& flags, Console& console) {
  auto o = std::make_shared<Options>();
  flags.Add("--who,who", &o->name, "The group, by id or name", {.required = true});
  o->organisation.AddTo(flags);
  o->store.AddTo(flags);
  return [o, &console]() -> Status {
    PARVIS_ASSIGN_OR_RETURN(const auto directory, o->store.Open());
    PARVIS_ASSIGN_OR_RETURN(const Organisation of, o->organisation.Find(*directory));
    PARVIS_ASSIGN_OR_RETURN(const Group group, directory->FindGroup(of.id, o->name));
    PARVIS_RETURN_IF_ERROR(directory->RemoveGroup(of.id, group.id));
    if (console.json) {
      OrderedJson document = Console::Document("group-remove");
      document["group"] = JsonOf(group);
      console.PrintJson(document);
    }
    return {};
  };
}

}  // namespace

const Command kGroupCreate = {"group create", "Make a group of users",
                              "parvis group create 6e-B --org \"Lycée A\"", &DefineCreate};
const Command kGroupList = {"group list", "List an organisation's groups",
                            "parvis group list --org \"Lycée A\"", &DefineList};
const Command kGroupRemove = {"group remove", "Remove a group that has no users",
                              "parvis group remove 6e-B --org \"Lycée A\"", &DefineRemove};

}  // namespace parvis::cli
