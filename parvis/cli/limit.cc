// parvis limit …: how much a key, a user, a group, an organisation, a model or a plan may use.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>

#include "parvis/cli/command.h"
#include "parvis/cli/limit_text.h"
#include "parvis/cli/store_folder.h"
#include "parvis/governance/money.h"

namespace parvis::cli {

using governance::Limit;
using governance::Metric;
using governance::Scope;

void LimitFlags::AddTo(FlagSet& flags, const std::string& whose) {
  for (int i = 0; i < governance::kNumMetrics; ++i) {
    const auto metric = static_cast<Metric>(i);
    std::string name = "--" + std::string(governance::MetricName(metric));
    std::replace(name.begin(), name.end(), '_', '-');
    const char* const what = metric == Metric::kMoneyPerMonth
                                 ? "An amount in the plan's currency {} (none: no limit)"
                                 : "A number {} (none: no limit)";
    const auto at = static_cast<size_t>(i);
    flags_[at] = flags.Add(name, &texts_[at], fmt::format(fmt::runtime(what), whose));
  }
}

Result<std::vector<std::pair<Metric, std::optional<int64_t>>>> LimitFlags::Read() const {
  std::vector<std::pair<Metric, std::optional<int64_t>>> limits;
  for (size_t i = 0; i < flags_.size(); ++i) {
    if (!flags_[i].given()) continue;
    const auto metric = static_cast<Metric>(i);
    const std::string& text = texts_[i];
    std::optional<int64_t> value;
    if (text != "none" && metric == Metric::kMoneyPerMonth) {
      PARVIS_ASSIGN_OR_RETURN(value, governance::ParseMoney(text));
    } else if (text != "none") {
      int64_t number = 0;
      const char* const end = text.data() + text.size();
      const auto read = std::from_chars(text.data(), end, number);
      if (read.ec != std::errc() || read.ptr != end || number < 0) {
        return InvalidArgument(fmt::format("'{}' is no number", text.substr(0, 40)));
      }
      value = number;
    }
    limits.emplace_back(metric, value);
  }
  return limits;
}

std::string LimitText(const Limit& limit) {
  return limit.metric == Metric::kMoneyPerMonth ? governance::MoneyText(limit.value)
                                                : std::to_string(limit.value);
}

namespace {

struct Options {
  StoreFlags store;
  std::string org, user, group, key, model, plan;
  LimitFlags limits;
};

// Which one is meant: the narrowest that was named.
Result<Limit> Subject(const Options& o, governance::Directory& directory) {
  if (!o.model.empty() || !o.plan.empty()) {
    if (!o.model.empty() && !o.plan.empty()) return InvalidArgument("--model or --plan, not both");
    if (o.plan.empty()) return Limit{"", Scope::kModel, o.model};
    PARVIS_RETURN_IF_ERROR(directory.FindPlan(o.plan).status());
    return Limit{"", Scope::kPlan, o.plan};
  }
  PARVIS_ASSIGN_OR_RETURN(const auto of,
                          directory.FindOrganisation(o.org.empty() ? "local" : o.org));
  if (!o.key.empty()) {
    PARVIS_ASSIGN_OR_RETURN(const auto key, directory.FindKey(of.id, o.key));
    return Limit{of.id, Scope::kKey, key.id};
  }
  if (!o.user.empty()) {
    PARVIS_ASSIGN_OR_RETURN(const auto user, directory.FindUser(of.id, o.user));
    return Limit{of.id, Scope::kUser, user.id};
  }
  if (!o.group.empty()) {
    PARVIS_ASSIGN_OR_RETURN(const auto group, directory.FindGroup(of.id, o.group));
    return Limit{of.id, Scope::kGroup, group.id};
  }
  if (o.org.empty())
    return InvalidArgument("say whose: --org, --user, --group, --key, --model, --plan");
  return Limit{of.id, Scope::kOrganisation, of.id};
}

std::function<Status()> DefineSet(FlagSet& flags, Console& console) {
  auto o = std::make_shared<Options>();
  flags.Add("--org", &o->org, "All of this organisation together, or the one of those below");
  flags.Add("--user", &o->user, "All keys of this user");
  flags.Add("--group", &o->group, "All users of this group together");
  flags.Add("--key", &o->key, "This key, by its id");
  flags.Add("--model", &o->model, "Everybody who asks this model, together");
  flags.Add("--plan", &o->plan, "Everybody who has this plan, together");
  o->limits.AddTo(flags, "of them");
  o->store.AddTo(flags);
  return [o, &console]() -> Status {
    PARVIS_ASSIGN_OR_RETURN(const auto limits, o->limits.Read());
    if (limits.empty()) return InvalidArgument("say how much: --tokens-per-day N …");
    PARVIS_ASSIGN_OR_RETURN(const auto directory, o->store.Open());
    PARVIS_ASSIGN_OR_RETURN(Limit limit, Subject(*o, *directory));
    for (const auto& [metric, value] : limits) {
      limit.metric = metric;
      limit.value = value.value_or(0);
      PARVIS_RETURN_IF_ERROR(value ? directory->SetLimit(limit) : directory->RemoveLimit(limit));
    }
    if (console.json) {
      OrderedJson document = Console::Document("limit-set");
      document["scope"] = governance::ScopeName(limit.scope);
      document["subject"] = limit.subject;
      console.PrintJson(document);
    }
    return {};
  };
}

std::function<Status()> DefineList(FlagSet& flags, Console& console) {
  auto store = std::make_shared<StoreFlags>();
  store->AddTo(flags);
  return [store, &console]() -> Status {
    PARVIS_ASSIGN_OR_RETURN(const auto directory, store->Open());
    PARVIS_ASSIGN_OR_RETURN(const auto limits, directory->Limits());
    OrderedJson document = Console::Document("limit-list");
    document["limits"] = OrderedJson::array();
    for (const Limit& limit : limits) {
      document["limits"].push_back({{"organisation", limit.organisation},
                                    {"scope", governance::ScopeName(limit.scope)},
                                    {"subject", limit.subject},
                                    {"metric", governance::MetricName(limit.metric)},
                                    {"value", LimitText(limit)}});
      if (console.json) continue;
      console.Print(fmt::format("{:<13} {:<32} {:<20} {}\n", governance::ScopeName(limit.scope),
                                limit.subject, governance::MetricName(limit.metric),
                                LimitText(limit)));
    }
    if (console.json) console.PrintJson(document);
    return {};
  };
}

}  // namespace

const Command kLimitSet = {
    "limit set", "Say how much somebody may use",
    "parvis limit set --group 6e-B --org \"Lycée A\" --tokens-per-day 200000", &DefineSet};
const Command kLimitList = {"limit list", "List the limits", "parvis limit list", &DefineList};

}  // namespace parvis::cli
