// parvis plan …: what users get by a plan's name, and what they pay.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>

#include "parvis/cli/command.h"
#include "parvis/cli/limit_text.h"
#include "parvis/cli/store_folder.h"

namespace parvis::cli {
namespace {

using governance::Plan;
using governance::Price;

// "parvis-fable=0.15,0.60" or "*=0.15,0.075,0.60": of a million tokens in, in from the cache, out.
Result<std::pair<std::string, Price>> ParsePrice(const std::string& text) {
  const Status refused =
      InvalidArgument("--price: '" + text.substr(0, 80) +
                      "': MODEL=IN,OUT or MODEL=IN,CACHED,OUT of a million tokens");
  const size_t equals = text.rfind('=');
  if (equals == std::string::npos || equals == 0) return refused;
  std::vector<int64_t> amounts;
  for (size_t begin = equals + 1; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const auto micros = governance::ParseMoney(text.substr(begin, end - begin));
    if (!micros.ok()) return micros.status().In("--price");
    amounts.push_back(*micros);
    begin = end + 1;
  }
  if (amounts.size() != 2 && amounts.size() != 3) return refused;
  return std::pair(
      text.substr(0, equals),
      Price{amounts[0], amounts.size() == 3 ? amounts[1] : amounts[0], amounts.back()});
}

struct Options {
  StoreFlags store;
  std::string name, currency = "EUR";
  std::vector<std::string> models, prices;
  std::vector<std::string> features;
  int64_t context_length = 0, priority = kUsualPriority;
  LimitFlags each_user;
  Flag currency_given, models_given, prices_given, context_given, priority_given, features_given;
};

// "all" and "none" stand alone.
Result<governance::Features> ParseFeatures(const std::vector<std::string>& names) {
  if (names.size() == 1 && names[0] == "all") return governance::Features::All();
  if (names.size() == 1 && names[0] == "none") return governance::Features();
  auto features = governance::Features::Named(names);
  if (!features.ok()) return features.status().In("--feature");
  return features;
}

Status SetLimits(governance::Directory& directory, const Options& o) {
  PARVIS_ASSIGN_OR_RETURN(const auto limits, o.each_user.Read());
  for (const auto& [metric, value] : limits) {
    const governance::Limit limit{"", governance::Scope::kPlanUser, o.name, metric,
                                  value.value_or(0)};
    PARVIS_RETURN_IF_ERROR(value ? directory.SetLimit(limit) : directory.RemoveLimit(limit));
  }
  return {};
}

std::function<Status()> DefineSet(FlagSet& flags, Console& console) {
  auto o = std::make_shared<Options>();
  flags.Add("--name,name", &o->name, "The plan, made if it is not there", {.required = true});
  o->models_given = flags.Add("--model", &o->models,
                              "A model that it has; may be given several times (default: all)");
  o->context_given = flags.Add("--context-length", &o->context_length,
                               "Prompt and answer together (0: the model's)", {.min = 0});
  o->priority_given =
      flags.Add("--priority", &o->priority, "Who goes first where many wait; the higher number",
                {.min = kLeastPriority, .max = kMostPriority, .show_default = true});
  o->features_given =
      flags.Add("--feature", &o->features,
                "What it has, \"all\" or \"none\"; may be given several times (default: all)");
  o->prices_given = flags.Add("--price", &o->prices,
                              "MODEL=IN,OUT or MODEL=IN,CACHED,OUT of a million tokens; * for all "
                              "others; may be given several times");
  o->currency_given =
      flags.Add("--currency", &o->currency, "Of the prices", {.show_default = true});
  o->each_user.AddTo(flags, "of each user");
  o->store.AddTo(flags);
  return [o, &console]() -> Status {
    PARVIS_ASSIGN_OR_RETURN(const auto directory, o->store.Open());
    Plan plan{.name = o->name, .currency = "EUR"};
    if (auto found = directory->FindPlan(o->name); found.ok()) plan = std::move(*found);
    if (o->currency_given.given()) plan.currency = o->currency;
    if (o->context_given.given()) plan.context_length = o->context_length;
    if (o->priority_given.given()) plan.priority = static_cast<int>(o->priority);
    if (o->features_given.given()) {
      PARVIS_ASSIGN_OR_RETURN(plan.features, ParseFeatures(o->features));
    }
    if (o->models_given.given()) plan.models = o->models;
    if (o->prices_given.given()) {
      plan.prices.clear();
      for (const std::string& text : o->prices) {
        PARVIS_ASSIGN_OR_RETURN(auto price, ParsePrice(text));
        plan.prices.push_back(std::move(price));
      }
    }
    PARVIS_RETURN_IF_ERROR(directory->SetPlan(plan));
    PARVIS_RETURN_IF_ERROR(SetLimits(*directory, *o));
    if (console.json) {
      OrderedJson document = Console::Document("plan-set");
      document["plan"] = plan.name;
      console.PrintJson(document);
    }
    return {};
  };
}

std::string NamesText(governance::Features features) {
  const std::vector<std::string> names = features.Names();
  return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ","));
}

OrderedJson JsonOf(const Plan& plan, const OrderedJson& limits) {
  OrderedJson prices = OrderedJson::object();
  for (const auto& [model, price] : plan.prices) {
    prices[model] = {{"input", governance::MoneyText(price.input_micros)},
                     {"cached", governance::MoneyText(price.cached_micros)},
                     {"output", governance::MoneyText(price.output_micros)}};
  }
  return {{"name", plan.name},
          {"models", plan.models},
          {"context_length", plan.context_length},
          {"priority", plan.priority},
          {"features", plan.features.Names()},
          {"currency", plan.currency},
          {"prices", prices},
          {"limits_of_each_user", limits}};
}

std::function<Status()> DefineList(FlagSet& flags, Console& console) {
  auto store = std::make_shared<StoreFlags>();
  store->AddTo(flags);
  return [store, &console]() -> Status {
    PARVIS_ASSIGN_OR_RETURN(const auto directory, store->Open());
    PARVIS_ASSIGN_OR_RETURN(const auto plans, directory->Plans());
    PARVIS_ASSIGN_OR_RETURN(const auto limits, directory->Limits());
    OrderedJson document = Console::Document("plan-list");
    document["plans"] = OrderedJson::array();
    for (const Plan& plan : plans) {
      OrderedJson of_each = OrderedJson::object();
      std::string text = fmt::format("  priority {}", plan.priority);
      if (plan.context_length > 0) text += fmt::format("  context_length {}", plan.context_length);
      if (plan.features != governance::Features::All()) {
        text += fmt::format("  features {}", NamesText(plan.features));
      }
      for (const auto& limit : limits) {
        if (limit.scope != governance::Scope::kPlanUser || limit.subject != plan.name) continue;
        of_each[std::string(governance::MetricName(limit.metric))] = LimitText(limit);
        text += fmt::format("  {} {}", governance::MetricName(limit.metric), LimitText(limit));
      }
      document["plans"].push_back(JsonOf(plan, of_each));
      if (!console.json) console.Print(fmt::format("{:<16}{}\n", plan.name, text));
    }
    if (console.json) console.PrintJson(document);
    return {};
  };
}

}  // namespace

const Command kPlanSet = {"plan set", "Make or change a plan: models, features, limits, prices",
                          "parvis plan set pupil --tokens-per-day 20000 --price '*=0.10,0.40'",
                          &DefineSet};
const Command kPlanList = {"plan list", "List the plans", "parvis plan list", &DefineList};

}  // namespace parvis::cli
