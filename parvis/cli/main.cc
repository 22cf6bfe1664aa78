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
    &kRun,       &kGenerate, &kEmbed, &kFill, &kClassify, &kAnswer,     &kTranslate,
    &kSummarize, &kTokenize, &kTrain, &kEval, &kConvert,  &kQuantize,   &kDescribe,
    &kInspect,   &kBench,    &kList,  &kShow, &kDoctor,   &kCompletion,
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

// A first word that is no command: said with the nearest one.
int UnknownCommand(const std::string& word) {
  std::vector<std::string> names;
  for (const Command* command : kCommands) names.emplace_back(command->name);
  const std::string nearest = Nearest(word, names);
  return UsageError("", "there is no command '" + word + "'" +
                            (nearest.empty() ? "" : "; did you mean '" + nearest + "'?"));
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
    CLI::App* sub = app.add_subcommand(command->name, command->help);
    bound.push_back({command, sub, FlagSet(*sub), {}});
    bound.back().run = command->define(bound.back().flags, console);
    AddOutputFlags(bound.back().flags, console);
    sub->footer(std::string("Example:\n  ") + command->example);
  }
  if (argc > 1 && argv[1][0] != '-') {
    // The environment speaks to the chosen command only: others may mean something else by a name.
    const auto chosen = std::find_if(bound.begin(), bound.end(), [&](const Bound& candidate) {
      return candidate.app->get_name() == argv[1];
    });
    if (chosen == bound.end()) return UnknownCommand(argv[1]);
    chosen->flags.BindEnvironment();
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {  // --help, --version
    return app.exit(success, std::cout, std::cerr);
  } catch (const CLI::ParseError& error) {
    const auto chosen = app.get_subcommands();
    return UsageError(chosen.empty() ? "" : " " + chosen[0]->get_name(), error.what());
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
