// parvis user …: people and services of an organisation, who hold keys.

#include <fmt/format.h>

#include <map>
#include <memory>

#include "parvis/cli/command.h"
#include "parvis/cli/store_folder.h"

namespace parvis::cli {
namespace {

using governance::Directory;
using governance::Organisation;
using governance::Permissions;
using governance::User;

struct Options {
  StoreFlags store;
  OrganisationFlags organisation;
  std::string who, name, group, role = "member", plan;
  std::vector<std::string> denied;
  Flag group_given, role_given, plan_given, denied_given;
  bool service = false, disable = false, enable = false;
};

void AddCommon(FlagSet& flags, Options& o) {
  o.group_given = flags.Add("--group", &o.group, "The group, by id or name (\"\": none)");
  o.role_given = flags.Add("--role", &o.role, "What they may",
                           {.one_of = governance::RoleNames(), .show_default = true});
  o.plan_given =
      flags.Add("--plan", &o.plan, "What they get (default: the group's, the organisation's)");
  o.denied_given = flags.Add("--deny", &o.denied,
                             "What they may not, whatever the role; may be given several times "
                             "(\"\": nothing is denied)");
  o.organisation.AddTo(flags);
  o.store.AddTo(flags);
}

// What the flags say, over what the user is.
Status Apply(Options& o, Directory& directory, User& user) {
  if (o.group_given.given()) {
    user.group.clear();
    if (!o.group.empty()) {
      PARVIS_ASSIGN_OR_RETURN(const auto group, directory.FindGroup(user.organisation, o.group));
      user.group = group.id;
    }
  }
  if (o.role_given.given()) {
    PARVIS_ASSIGN_OR_RETURN(user.role, governance::RoleNamed(o.role));
  }
  if (o.plan_given.given()) user.plan = o.plan;
  if (o.denied_given.given()) {
    std::erase(o.denied, "");
    PARVIS_ASSIGN_OR_RETURN(user.denied, Permissions::Named(o.denied));
  }
  return {};
}

void Show(const std::string& command, const User& user, Console& console) {
  if (console.json) {
    OrderedJson document = Console::Document(command);
    document["user"] = JsonOf(user);
    return console.PrintJson(document);
  }
  console.Print(user.id + "\n");
}

std::function<Status()> DefineCreate(FlagSet& flags, Console& console) {
  auto o = std::make_shared<Options>();
  flags.Add("--name,name", &o->name, "What they are called", {.required = true});
  flags.Add("--service", &o->service, "A program, not a person");
  AddCommon(flags, *o);
  return [o, &console]() -> Status {
    PARVIS_ASSIGN_OR_RETURN(const auto directory, o->store.Open());
    PARVIS_ASSIGN_OR_RETURN(const Organisation of, o->organisation.Find(*directory));
    User user{.organisation = of.id, .name = o->name, .service = o->service};
    PARVIS_RETURN_IF_ERROR(Apply(*o, *directory, user));
    PARVIS_ASSIGN_OR_RETURN(user, directory->AddUser(std::move(user)));
    Show("user-create", user, console);
    return {};
  };
}

std::function<Status()> DefineSet(FlagSet& flags, Console& console) {
  auto o = std::make_shared<Options>();
  flags.Add("--who,who", &o->who, "The user, by id or name", {.required = true});
  flags.Add("--name", &o->name, "Another name");
  flags.Add("--disable", &o->disable, "None of their keys is worth anything from now on");
  flags.Add("--enable", &o->enable, "They are again");
  AddCommon(flags, *o);
  return [o, &console]() -> Status {
    if (o->disable && o->enable) return InvalidArgument("--disable and --enable: one of them");
    PARVIS_ASSIGN_OR_RETURN(const auto directory, o->store.Open());
    PARVIS_ASSIGN_OR_RETURN(const Organisation of, o->organisation.Find(*directory));
    PARVIS_ASSIGN_OR_RETURN(User user, directory->FindUser(of.id, o->who));
    PARVIS_RETURN_IF_ERROR(Apply(*o, *directory, user));
    if (!o->name.empty()) user.name = o->name;
    if (o->disable || o->enable) user.disabled = o->disable;
    PARVIS_RETURN_IF_ERROR(directory->Change(user));
    Show("user-set", user, console);
    return {};
  };
}

std::function<Status()> DefineList(FlagSet& flags, Console& console) {
  auto o = std::make_shared<Options>();
  flags.Add("--group", &o->group, "Only of this group, by id or name");
  o->organisation.AddTo(flags);
  o->store.AddTo(flags);
  return [o, &console]() -> Status {
    PARVIS_ASSIGN_OR_RETURN(const auto directory, o->store.Open());
    PARVIS_ASSIGN_OR_RETURN(const Organisation of, o->organisation.Find(*directory));
    PARVIS_ASSIGN_OR_RETURN(auto users, directory->Users(of.id));
    PARVIS_ASSIGN_OR_RETURN(const auto groups, directory->Groups(of.id));
    std::map<std::string, std::string> group_names;
    for (const auto& group : groups) group_names[group.id] = group.name;
    if (!o->group.empty()) {
      PARVIS_ASSIGN_OR_RETURN(const auto group, directory->FindGroup(of.id, o->group));
      std::erase_if(users, [&](const User& user) { return user.group != group.id; });
    }
    if (console.json) {
      OrderedJson document = Console::Document("user-list");
      document["users"] = OrderedJson::array();
      for (const User& user : users) document["users"].push_back(JsonOf(user));
      console.PrintJson(document);
      return {};
    }
    const char* const kRow = "{:<30} {:<24} {:<9} {:<14} {:<12} {}\n";
    if (!console.quiet) {
      console.Print(
          fmt::format(fmt::runtime(kRow), "ID", "NAME", "ROLE", "GROUP", "PLAN", "STATE"));
    }
    for (const User& user : users) {
      console.Print(
          fmt::format(fmt::runtime(kRow), user.id, user.name, governance::RoleName(user.role),
                      user.group.empty() ? "-" : group_names[user.group],
                      user.plan.empty() ? "-" : user.plan, user.disabled ? "disabled" : "active"));
    }
    return {};
  };
}

}  // namespace

const Command kUserCreate = {"user create", "Make a user of an organisation",
                             "parvis user create Ada --org \"Lycée A\" --group 6e-B",
                             &DefineCreate};
const Command kUserList = {"user list", "List an organisation's users",
                           "parvis user list --org \"Lycée A\"", &DefineList};
const Command kUserSet = {"user set", "Change a user, disable them or enable them",
                          "parvis user set Ada --org \"Lycée A\" --disable", &DefineSet};

}  // namespace parvis::cli
