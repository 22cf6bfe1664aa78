#ifndef PARVIS_CLI_FLAG_SET_H_
#define PARVIS_CLI_FLAG_SET_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11's name
class App;
class Option;
}  // namespace CLI

namespace parvis::cli {

// What a value must be, beside being of its type.
struct FlagRules {
  bool required = false;
  std::optional<double> min, max;
  std::vector<std::string> one_of;
  bool show_default = false;  // in --help
};

// One flag, once the line is parsed. Lives as long as its command.
class Flag {
 public:
  explicit Flag(CLI::Option* option = nullptr) : option_(option) {}
  bool given() const;  // on the line or by the environment

 private:
  CLI::Option* option_;
};

// The flags of one command. CLI11 parses them; only flag_set.cc, main.cc and completion.cc know of
// it, because it takes long to compile.
//
// `names`: "-n,--max-tokens"; with a plain word after ("-m,--model,model") the value may stand on
// the line without a name too. The value is written to its place when the line is parsed, and must
// live until then. Lists are separated by commas, or given several times; lists of text only the
// latter.
class FlagSet {
 public:
  explicit FlagSet(CLI::App& app) : app_(app) {}
  CLI::App& app() { return app_; }

  Flag Add(const std::string& names, bool* value, const std::string& help);
  Flag Add(const std::string& names, std::string* value, const std::string& help,
           const FlagRules& rules = {});
  Flag Add(const std::string& names, int32_t* value, const std::string& help,
           const FlagRules& rules = {});
  Flag Add(const std::string& names, int64_t* value, const std::string& help,
           const FlagRules& rules = {});
  Flag Add(const std::string& names, uint64_t* value, const std::string& help,
           const FlagRules& rules = {});
  Flag Add(const std::string& names, float* value, const std::string& help,
           const FlagRules& rules = {});
  Flag Add(const std::string& names, double* value, const std::string& help,
           const FlagRules& rules = {});
  Flag Add(const std::string& names, std::vector<std::string>* value, const std::string& help,
           const FlagRules& rules = {});
  Flag Add(const std::string& names, std::vector<int32_t>* value, const std::string& help,
           const FlagRules& rules = {});

  // Gives each --some-name the environment variable PARVIS_SOME_NAME.
  void BindEnvironment();

 private:
  CLI::App& app_;
};

}  // namespace parvis::cli

#endif  // PARVIS_CLI_FLAG_SET_H_
