// The program `parvis`: a table of commands. Each stands in a file of its name beside this one.

#include <algorithm>
#include <cstdio>
#include <functional>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "parvis/cli/command.h"
#include "parvis/cli/console.h"
#include "parvis/cli/flags.h"
#include "parvis/cli/suggest.h"
#include "parvis/cli/version.h"

namespace parvis::cli {
namespace {

const Command* const kCommands[] = {
    &kServe,          &kRun,          &kGenerate,      &kEmbed,
    &kFill,           &kClassify,     &kAnswer,        &kTranslate,
    &kSummarize,      &kComplete,     &kTokenize,      &kTokenizerTrain,
    &kDataBuild,      &kDataInspect,  &kTrain,         &kEval,
    &kConvert,        &kQuantize,     &kDescribe,      &kInspect,
    &kBench,          &kList,         &kPull,          &kPs,
    &kStop,           &kCopy,         &kRemove,        &kShow,
    &kOrgCreate,      &kOrgList,      &kOrgSet,        &kGroupCreate,
    &kGroupList,      &kGroupRemove,  &kUserCreate,    &kUserList,
    &kUserSet,        &kUserPassword, &kUserLink,      &kSessionList,
    &kSessionEnd,     &kKeyCreate,    &kKeyList,       &kKeyRevoke,
    &kKeyRotate,      &kPlanSet,      &kPlanList,      &kLimitSet,
    &kLimitList,      &kUsage,        &kInvoiceSeller, &kInvoiceBuyer,
    &kInvoicePreview, &kInvoiceIssue, &kInvoiceCredit, &kInvoiceList,
    &kInvoiceShow,    &kBackup,       &kRestore,       &kSecretMake,
    &kSecretSeal,     &kSecretRotate, &kDoctor,        &kCompletion,
};

struct Bound {
  const Command* command;
  CLI::App* app;
  FlagSet flags;
  std::function<Status()> run;
};

int UsageError(const std::string& command, const std::string& message) {
  std::fprintf(stderr, "parvis%s: %s\nTry 'parvis%s --help'.\n", command.c_str(), message.c_str(),
               command.c_str());
  return 2;
}

// What commands of two words do, said of the first.
const char* GroupHelp(const std::string& first) {
  struct Row {
    const char *first, *help;
  };
  constexpr Row kGroups[] = {{"data", "Make data sets, and look into them"},
                             {"group", "Users who belong together"},
                             {"invoice", "What organisations have to pay"},
                             {"key", "API keys: make, end, replace"},
                             {"limit", "How much somebody may use"},
                             {"org", "Organisations that share a server"},
                             {"plan", "What users get, and what they pay"},
                             {"session", "Who is signed in at a browser"},
                             {"tokenizer", "Learn tokenisers"},
                             {"user", "People who sign in, and services; they hold keys"}};
  for (const Row& row : kGroups) {
    if (first == row.first) return row.help;
  }
  return "";
}

// A first word that is no command: said with the nearest one.
int UnknownCommand(const std::string& word) {
  std::vector<std::string> names;
  for (const Command* command : kCommands) names.emplace_back(command->name);
  const std::string nearest = Nearest(word, names);
  return UsageError("", "there is no command '" + word + "'" +
                            (nearest.empty() ? "" : "; did you mean '" + nearest + "'?"));
}

// The command of this name right below `app`, or null.
CLI::App* Child(CLI::App& app, const std::string& name) {
  const auto found = app.get_subcommands([&](CLI::App* sub) { return sub->get_name() == name; });
  return found.empty() ? nullptr : found[0];
}

// Makes the place of a command in the tree: "data build" is "build" of "data".
CLI::App* AddCommand(CLI::App& app, const Command& command) {
  const std::string name = command.name;
  const size_t space = name.find(' ');
  if (space == std::string::npos) return app.add_subcommand(name, command.help);
  const std::string first = name.substr(0, space);
  CLI::App* group = Child(app, first);
  if (group == nullptr) {
    group = app.add_subcommand(first, GroupHelp(first));
    group->require_subcommand(1);
    group->footer("'parvis " + first + " COMMAND --help' has the options of a command.");
  }
  return group->add_subcommand(name.substr(space + 1), command.help);
}

int Main(int argc, char** argv) {
  CLI::App app("Parvis trains and runs language models on this machine's processor.", "parvis");
  app.set_version_flag("-V,--version", std::string("parvis ") + kVersion);
  app.require_subcommand(0, 1);
  app.footer(
      "'parvis COMMAND --help' has the options of a command. Each option --some-name can be "
      "set\nby the environment variable PARVIS_SOME_NAME too; what is on the line wins.");

  Console console;
  std::vector<Bound> bound;
  bound.reserve(std::size(kCommands));
  for (const Command* command : kCommands) {
    CLI::App* sub = AddCommand(app, *command);
    bound.push_back({command, sub, FlagSet(*sub), {}});
    bound.back().run = command->define(bound.back().flags, console);
    AddOutputFlags(bound.back().flags, console);
    sub->footer(std::string("Example:\n  ") + command->example);
  }
  if (argc > 1 && argv[1][0] != '-') {
    // The environment speaks to the chosen command only: others may mean something else by a name.
    const auto chosen = std::find_if(bound.begin(), bound.end(), [&](const Bound& candidate) {
      const std::string name = candidate.command->name;
      return name == argv[1] || (argc > 2 && name == std::string(argv[1]) + " " + argv[2]);
    });
    if (chosen != bound.end()) {
      chosen->flags.BindEnvironment();
    } else if (Child(app, argv[1]) == nullptr) {
      return UnknownCommand(argv[1]);
    }
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {  // --help, --version
    return app.exit(success, std::cout, std::cerr);
  } catch (const CLI::ParseError& error) {
    std::string name;
    for (auto chosen = app.get_subcommands(); !chosen.empty();
         chosen = chosen[0]->get_subcommands()) {
      name += " " + chosen[0]->get_name();
    }
    return UsageError(name, error.what());
  }

  for (const Bound& command : bound) {
    if (!command.app->parsed()) continue;
    Status status = command.run();
    const Status written = console.Finish();
    if (status.ok()) status = written;
    // After Ctrl-C there is nothing to explain.
    if (!status.ok() && status.code() != StatusCode::kCancelled) {
      console.Fail(command.command->name, status);
    }
    return ExitCode(status);
  }
  std::cout << app.help();
  return 0;
}

}  // namespace
}  // namespace parvis::cli

int main(int argc, char** argv) { return parvis::cli::Main(argc, argv); }
