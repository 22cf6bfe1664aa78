#include "parvis/cli/flag_set.h"

#include <cctype>
#include <limits>

#include "CLI/CLI.hpp"

namespace parvis::cli {
namespace {

Flag WithRules(CLI::Option* option, const FlagRules& rules) {
  if (rules.required) option->required();
  if (rules.min || rules.max) {
    constexpr double kHuge = std::numeric_limits<double>::max();
    const double min = rules.min.value_or(-kHuge), max = rules.max.value_or(kHuge);
    option->check([min, max](const std::string& text) -> std::string {
      double number = 0;
      if (CLI::detail::lexical_cast(text, number) && number >= min && number <= max) return {};
      return "must be a number" + (min > -kHuge ? " from " + CLI::detail::to_string(min) : "") +
             (max < kHuge ? " to " + CLI::detail::to_string(max) : "");
    });
  }
  if (!rules.one_of.empty()) option->check(CLI::IsMember(rules.one_of));
  if (rules.show_default) option->capture_default_str();
  return Flag(option);
}

}  // namespace

bool Flag::given() const { return option_ != nullptr && option_->count() > 0; }

Flag FlagSet::Add(const std::string& names, bool* value, const std::string& help) {
  return Flag(app_.add_flag(names, *value, help));
}

Flag FlagSet::Add(const std::string& names, std::string* value, const std::string& help,
                  const FlagRules& rules) {
  return WithRules(app_.add_option(names, *value, help), rules);
}

Flag FlagSet::Add(const std::string& names, int32_t* value, const std::string& help,
                  const FlagRules& rules) {
  return WithRules(app_.add_option(names, *value, help), rules);
}

Flag FlagSet::Add(const std::string& names, int64_t* value, const std::string& help,
                  const FlagRules& rules) {
  return WithRules(app_.add_option(names, *value, help), rules);
}

Flag FlagSet::Add(const std::string& names, uint64_t* value, const std::string& help,
                  const FlagRules& rules) {
  return WithRules(app_.add_option(names, *value, help), rules);
}

Flag FlagSet::Add(const std::string& names, float* value, const std::string& help,
                  const FlagRules& rules) {
  return WithRules(app_.add_option(names, *value, help), rules);
}

Flag FlagSet::Add(const std::string& names, double* value, const std::string& help,
                  const FlagRules& rules) {
  return WithRules(app_.add_option(names, *value, help), rules);
}

Flag FlagSet::Add(const std::string& names, std::vector<std::string>* value,
                  const std::string& help, const FlagRules& rules) {
  return WithRules(app_.add_option(names, *value, help)->allow_extra_args(false), rules);
}

Flag FlagSet::Add(const std::string& names, std::vector<int32_t>* value, const std::string& help,
                  const FlagRules& rules) {
  return WithRules(app_.add_option(names, *value, help)->delimiter(',')->allow_extra_args(false),
                   rules);
}

void FlagSet::BindEnvironment() {
  for (CLI::Option* option : app_.get_options()) {
    if (option->get_lnames().empty() || option == app_.get_help_ptr()) continue;
    std::string name = "PARVIS_" + option->get_lnames()[0];
    for (char& c : name) c = c == '-' ? '_' : static_cast<char>(std::toupper(c));
    option->envname(name);
  }
}

}  // namespace parvis::cli
