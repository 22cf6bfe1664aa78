// parvis tokenize: text to token ids, and back.

#include <filesystem>
#include <memory>
#include <vector>

#include "parvis/cli/chat_flags.h"
#include "parvis/cli/command.h"
#include "parvis/cli/input.h"
#include "parvis/cli/model_path.h"
#include "parvis/cli/tokenizer_file.h"

namespace parvis::cli {
namespace {

struct Options {
  std::string model, text, file, conversation;
  ChatFlags chat;
  bool decode = false, count = false, offsets = false, no_special = false, parse_special = false;
};

// "1 2 3", "1,2,3" or "[1, 2, 3]".
Result<std::vector<text::TokenId>> ParseIds(const std::string& text) {
  std::vector<text::TokenId> ids;
  size_t at = 0;
  while ((at = text.find_first_not_of(" \t\r\n,[]", at)) != std::string::npos) {
    const size_t end = std::min(text.find_first_of(" \t\r\n,[]", at), text.size());
    const std::string word = text.substr(at, end - at);
    const bool digits = word.find_first_not_of("0123456789") == std::string::npos;
    if (!digits || word.size() > 9) {
      return DataLoss("ids at byte " + std::to_string(at) + ": '" + word + "' is no token id");
    }
    ids.push_back(std::stoi(word));
    at = end;
  }
  return ids;
}

Status Decode(const Options& options, const text::Tokenizer& tokenizer, const std::string& input,
              Console& console) {
  PARVIS_ASSIGN_OR_RETURN(const std::vector<text::TokenId> ids, ParseIds(input));
  for (const text::TokenId id : ids) {
    if (id >= tokenizer.vocab_size()) {
      return InvalidArgument("token " + std::to_string(id) + " is not in the vocabulary of " +
                             std::to_string(tokenizer.vocab_size()));
    }
  }
  const std::string text = tokenizer.Decode(ids, /*skip_special=*/!options.parse_special);
  if (!console.json) {
    console.Print(text);
    return {};
  }
  OrderedJson document = Console::Document("tokenize");
  document["ids"] = ids;
  document["text"] = text;
  console.PrintJson(document);
  return {};
}

Status Encode(const Options& options, const text::Tokenizer& tokenizer, const std::string& input,
              Console& console) {
  const text::Encoded encoded = tokenizer.Encode(input, {.add_special = !options.no_special,
                                                         .parse_special = options.parse_special,
                                                         .offsets = options.offsets});
  if (console.json) {
    OrderedJson document = Console::Document("tokenize");
    document["count"] = encoded.ids.size();
    document["bytes"] = input.size();
    if (!options.count) {
      document["ids"] = encoded.ids;
      OrderedJson tokens = OrderedJson::array();
      for (const text::TokenId id : encoded.ids) {
        tokens.push_back(tokenizer.vocabulary().tokens[static_cast<size_t>(id)]);
      }
      document["tokens"] = std::move(tokens);
      if (options.offsets) document["offsets"] = encoded.offsets;
    }
    console.PrintJson(document);
    return {};
  }
  if (options.count) {
    console.Print(std::to_string(encoded.ids.size()) + "\n");
    return {};
  }
  std::string line;
  for (size_t i = 0; i < encoded.ids.size(); ++i) {
    line += std::to_string(encoded.ids[i]);
    if (options.offsets) {
      const auto [begin, end] = encoded.offsets[i];
      line += " " + std::to_string(begin) + " " + std::to_string(end) + " " +
              tokenizer.vocabulary().tokens[static_cast<size_t>(encoded.ids[i])];
    }
    line += options.offsets || i + 1 == encoded.ids.size() ? "\n" : " ";
  }
  console.Print(line);
  return {};
}

// The prompt of a conversation: what the template wrote and what the caller did, and the ids.
Status EncodeConversation(const Options& options, const text::Tokenizer& tokenizer,
                          Console& console) {
  PARVIS_ASSIGN_OR_RETURN(const std::string json, ReadInput(options.conversation));
  const auto parsed = ParseJson(json);
  if (!parsed.ok()) return parsed.status().In(options.conversation);
  const bool tools = parsed->is_object() && !parsed->value("tools", Json()).is_null();
  PARVIS_ASSIGN_OR_RETURN(const chat::Prompter prompter, options.chat.Need(tokenizer, tools));
  PARVIS_ASSIGN_OR_RETURN(const chat::Prompt prompt, prompter.Make(json));
  OrderedJson pieces = OrderedJson::array();
  size_t at = 0;
  const auto add = [&](size_t end, const char* whose) {
    if (end > at)
      pieces.push_back({{"from", whose}, {"text", prompt.text.bytes.substr(at, end - at)}});
    at = end;
  };
  for (const chat::ByteRange& range : prompt.text.caller) {
    add(range.begin, "template");
    add(range.end, "caller");
  }
  add(prompt.text.bytes.size(), "template");
  if (console.json) {
    OrderedJson document = Console::Document("tokenize");
    document["count"] = prompt.ids.size();
    document["pieces"] = std::move(pieces);
    document["ids"] = prompt.ids;
    console.PrintJson(document);
    return {};
  }
  if (options.count) {
    console.Print(std::to_string(prompt.ids.size()) + "\n");
    return {};
  }
  std::string out;
  for (const OrderedJson& piece : pieces) {
    out += piece["from"].get<std::string>() + " " + piece["text"].dump() + "\n";
  }
  for (size_t i = 0; i < prompt.ids.size(); ++i) {
    out += std::to_string(prompt.ids[i]) + (i + 1 == prompt.ids.size() ? "\n" : " ");
  }
  console.Print(out);
  return {};
}

Status Tokenize(const Options& options, Console& console) {
  PARVIS_ASSIGN_OR_RETURN(const auto tokenizer, OpenTokenizer(options.model));
  if (!options.conversation.empty()) return EncodeConversation(options, *tokenizer, console);
  std::string input = options.text;
  if (input.empty()) {
    PARVIS_ASSIGN_OR_RETURN(input, ReadInput(options.file.empty() ? "-" : options.file));
  }
  return options.decode ? Decode(options, *tokenizer, input, console)
                        : Encode(options, *tokenizer, input, console);
}

std::function<Status()> Define(FlagSet& flags, Console& console) {
  auto options = std::make_shared<Options>();
  flags.Add("-m,--model", &options->model, "A model, or a tokenizer.json", {.required = true});
  flags.Add("text", &options->text, "Text, or ids with --decode (default: stdin)");
  flags.Add("-f,--file", &options->file, "Read the text from this file");
  flags.Add("--chat", &options->conversation,
            "JSON of messages: show the prompt that the chat template makes of them, and its ids");
  flags.Add("--chat-template", &options->chat.template_path,
            "Use the template in this file (Jinja)");
  flags.Add("-d,--decode", &options->decode, "From ids to text");
  flags.Add("--count", &options->count, "Only how many tokens there are");
  flags.Add("--offsets", &options->offsets, "A line for each token: id, first byte, end, token");
  flags.Add("--no-special", &options->no_special, "Add no tokens for begin and end of the text");
  flags.Add("--parse-special", &options->parse_special,
            "Special tokens that are written in the text become tokens");
  return [options, &console] { return Tokenize(*options, console); };
}

}  // namespace

const Command kTokenize = {"tokenize", "Turn text into token ids, or ids into text",
                           "parvis tokenize -m parvis-fable 'Il était une fois' --offsets",
                           &Define};

}  // namespace parvis::cli
