// parvis completion SHELL: a completion script, written from the tree of commands itself.

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "parvis/cli/command.h"

namespace parvis::cli {
namespace {

struct Flag {
  std::vector<std::string> names;  // "-n", "--max-tokens"
  std::string help;
  bool takes_value;
};

std::vector<CLI::App*> ChildrenOf(CLI::App& app) {
  return app.get_subcommands([](CLI::App*) { return true; });
}

// "build inspect" of "data"; empty for a command of one word.
std::string WordsBelow(CLI::App& app) {
  std::string words;
  for (const CLI::App* child : ChildrenOf(app)) {
    words += (words.empty() ? "" : " ") + child->get_name();
  }
  return words;
}

// With those of the commands below it.
std::vector<Flag> FlagsOf(CLI::App& app) {
  std::vector<Flag> flags;
  for (CLI::App* child : ChildrenOf(app)) {
    for (Flag& flag : FlagsOf(*child)) {
      const bool known = std::any_of(flags.begin(), flags.end(),
                                     [&](const Flag& other) { return other.names == flag.names; });
      if (!known) flags.push_back(std::move(flag));
    }
  }
  if (!flags.empty()) return flags;
  for (const CLI::Option* option : app.get_options()) {
    if (!option->nonpositional()) continue;
    Flag flag{{}, option->get_description(), option->get_items_expected_max() > 0};
    for (const std::string& name : option->get_snames()) flag.names.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) flag.names.push_back("--" + name);
    flags.push_back(std::move(flag));
  }
  return flags;
}

// For single quotes, in all three shells.
std::string Escaped(const std::string& text) {
  std::string result;
  for (const char c : text) result += c == '\'' ? "'\\''" : std::string(1, c);
  return result;
}

std::string Bash(const std::vector<CLI::App*>& commands) {
  std::string names, cases;
  for (CLI::App* command : commands) {
    names += command->get_name() + " ";
    cases += "    " + command->get_name() + ") words='";
    for (const Flag& flag : FlagsOf(*command)) {
      for (const std::string& name : flag.names) cases += name + " ";
    }
    cases += "'";
    if (const std::string below = WordsBelow(*command); !below.empty()) {
      cases += " below='" + below + "'";
    }
    cases += " ;;\n";
  }
  return "# bash completion for parvis; put into "
         "~/.local/share/bash-completion/completions/parvis\n"
         "_parvis() {\n"
         "  local current=${COMP_WORDS[COMP_CWORD]} words='' below=''\n"
         "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
         "    COMPREPLY=($(compgen -W '" +
         names +
         "--help --version' -- \"$current\"))\n"
         "    return\n"
         "  fi\n"
         "  case ${COMP_WORDS[1]} in\n" +
         cases +
         "  esac\n"
         "  if [ \"$COMP_CWORD\" -eq 2 ] && [ -n \"$below\" ]; then\n"
         "    COMPREPLY=($(compgen -W \"$below\" -- \"$current\"))\n"
         "    return\n"
         "  fi\n"
         "  case $current in\n"
         "    -*) COMPREPLY=($(compgen -W \"$words\" -- \"$current\")) ;;\n"
         "    *) COMPREPLY=($(compgen -f -W \"$(parvis list --quiet 2>/dev/null | cut -d' ' -f1)\" "
         "-- \"$current\")) ;;\n"
         "  esac\n"
         "}\n"
         "complete -o filenames -F _parvis parvis\n";
}

std::string ZshText(const std::string& text) {
  std::string result;
  for (const char c : Escaped(text)) {
    if (c == '[' || c == ']' || c == ':') result += '\\';
    result += c;
  }
  return result;
}

std::string Zsh(const std::vector<CLI::App*>& commands) {
  std::string names, cases;
  for (CLI::App* command : commands) {
    names += "    '" + command->get_name() + ":" + ZshText(command->get_description()) + "'\n";
    cases += "    " + command->get_name() + ") ";
    if (const std::string below = WordsBelow(*command); !below.empty()) {
      cases +=
          "(( CURRENT == 2 )) && compadd " + below + " && return; shift words; (( CURRENT-- )); ";
    }
    cases += "_arguments";
    for (const Flag& flag : FlagsOf(*command)) {
      for (const std::string& name : flag.names) {
        cases += " \\\n      '" + name + "[" + ZshText(flag.help) + "]" +
                 (flag.takes_value ? ":value:_files'" : "'");
      }
    }
    cases += " \\\n      '*:file:_files' ;;\n";
  }
  return "#compdef parvis\n"
         "_parvis() {\n"
         "  local -a commands=(\n" +
         names +
         "  )\n"
         "  if (( CURRENT == 2 )); then\n"
         "    _describe 'command' commands\n"
         "    return\n"
         "  fi\n"
         "  local command=${words[2]}\n"
         "  shift words; (( CURRENT-- ))\n"
         "  case $command in\n" +
         cases +
         "  esac\n"
         "}\n"
         "compdef _parvis parvis\n";
}

std::string Fish(const std::vector<CLI::App*>& commands) {
  std::string script;
  for (CLI::App* command : commands) {
    const std::string name = command->get_name();
    script += "complete -c parvis -n __fish_use_subcommand -f -a " + name + " -d '" +
              Escaped(command->get_description()) + "'\n";
    if (const std::string below = WordsBelow(*command); !below.empty()) {
      script += "complete -c parvis -n '__fish_seen_subcommand_from " + name +
                "; and not __fish_seen_subcommand_from " + below + "' -f -a '" + below + "'\n";
    }
    for (const Flag& flag : FlagsOf(*command)) {
      script += "complete -c parvis -n '__fish_seen_subcommand_from " + name + "'";
      for (const std::string& option : flag.names) {
        script += option.starts_with("--") ? " -l " + option.substr(2) : " -s " + option.substr(1);
      }
      if (flag.takes_value) script += " -r";
      script += " -d '" + Escaped(flag.help) + "'\n";
    }
  }
  return script;
}

std::function<Status()> Define(FlagSet& flags, Console& console) {
  auto shell = std::make_shared<std::string>();
  flags.Add("shell", shell.get(), "bash, zsh or fish",
            {.required = true, .one_of = {"bash", "zsh", "fish"}});
  return [shell, &app = flags.app(), &console]() -> Status {
    std::vector<CLI::App*> commands;
    for (CLI::App* command : ChildrenOf(*app.get_parent())) commands.push_back(command);
    const std::string script = *shell == "bash"  ? Bash(commands)
                               : *shell == "zsh" ? Zsh(commands)
                                                 : Fish(commands);
    if (console.json) {
      OrderedJson document = Console::Document("completion");
      document["shell"] = *shell;
      document["script"] = script;
      console.PrintJson(document);
    } else {
      console.Print(script);
    }
    return {};
  };
}

}  // namespace

const Command kCompletion = {"completion", "Write a completion script for bash, zsh or fish",
                             "source <(parvis completion bash)", &Define};

}  // namespace parvis::cli
