#include "parvis/train/recipe_tokenizer.h"

#include <utility>

#include "fmt/format.h"
#include "parvis/chat/template.h"
#include "parvis/core/file.h"
#include "parvis/train/recipe_model.h"

namespace parvis::train {
namespace {

// chat_template, or the text of chat_template_file. One that is no template is refused here, before
// anything is computed.
void ReadChatTemplate(TomlReader& reader, Recipe& recipe) {
  std::string& source = recipe.tokenizer.chat_template;
  source = reader.Text("chat_template", "");
  const std::string file = reader.Text("chat_template_file", "");
  const char* const key = file.empty() ? "chat_template" : "chat_template_file";
  if (!file.empty()) {
    if (!source.empty()) reader.Refuse(key, "tell chat_template or chat_template_file, not both");
    auto text = ReadFile(Resolve(recipe.path, file), chat::kMaxTemplateBytes);
    if (!text.ok()) return reader.Refuse(key, text.status().message());
    source = std::move(text).value();
  }
  if (!reader.Has(key)) return;
  if (source.empty()) return reader.Refuse(key, "must not be empty");
  if (const auto parsed = chat::Template::Parse(source); !parsed.ok()) {
    reader.Refuse(key, parsed.status().message());
  }
}

}  // namespace

Status ReadParentsTokenizer(const toml::table* table, Recipe& recipe) {
  if (table == nullptr) return {};
  TomlReader reader(table, recipe.path, "tokenizer");
  ReadChatTemplate(reader, recipe);
  for (const auto& [key, value] : *table) {
    if (key.str() != "chat_template" && key.str() != "chat_template_file") {
      reader.Refuse(key.str(),
                    "has no place beside [model] from, which has its own tokenizer: only "
                    "chat_template and chat_template_file have");
    }
  }
  return reader.Finish();
}

Status ReadTokenizerTable(const toml::table* table, Recipe& recipe) {
  TomlReader reader(table, recipe.path, "tokenizer");
  Recipe::Tokenizer& tokenizer = recipe.tokenizer;
  tokenizer.file = reader.Text("file", "");
  tokenizer.kind = reader.OneOf("kind", tokenizer.kind, {"bpe", "unigram", "wordpiece"});
  const bool bpe = tokenizer.kind == "bpe", unigram = tokenizer.kind == "unigram";
  tokenizer.style = reader.OneOf("style", tokenizer.style, {"gpt2", "llama3"});
  tokenizer.lowercase = reader.Flag("lowercase", false);
  tokenizer.extra_ids = reader.Integer("extra_ids", unigram ? 100 : 0, 0, 1000);
  if (!bpe && reader.Has("style")) reader.Refuse("style", "is of kind = \"bpe\" only");
  if (bpe && reader.Has("lowercase")) reader.Refuse("lowercase", "is not of kind = \"bpe\"");
  if (!unigram && reader.Has("extra_ids")) {
    reader.Refuse("extra_ids", "is of kind = \"unigram\" only");
  }
  tokenizer.vocab_size = reader.Integer("vocab_size", 0, 0, 1'000'000);
  tokenizer.train_bytes = reader.Integer("train_bytes", tokenizer.train_bytes, 1);
  tokenizer.end_of_text = reader.Text("end_of_text", bpe       ? "<|endoftext|>"
                                                     : unigram ? "</s>"
                                                               : "[SEP]");
  tokenizer.begin_document = reader.Flag("begin_document", tokenizer.begin_document);
  tokenizer.special_tokens = reader.Texts("special_tokens");
  const auto smallest = (bpe       ? 257
                         : unigram ? 4 + tokenizer.extra_ids
                                   : 6) +
                        static_cast<int64_t>(tokenizer.special_tokens.size());
  if (!tokenizer.file.empty()) {
    if (reader.Has("vocab_size")) reader.Refuse("vocab_size", "comes from file: tell only one");
    if (reader.Has("kind")) reader.Refuse("kind", "comes from file: tell only one");
    tokenizer.file = Resolve(recipe.path, tokenizer.file);
    if (!Exists(tokenizer.file)) reader.Refuse("file", tokenizer.file + " does not exist");
  } else if (tokenizer.vocab_size < smallest) {
    reader.Refuse("vocab_size",
                  fmt::format("{} is too small: {} and the special tokens are {} already",
                              tokenizer.vocab_size, bpe ? "256 bytes" : "one character", smallest));
  }
  if (tokenizer.end_of_text.empty()) reader.Refuse("end_of_text", "must not be empty");
  ReadChatTemplate(reader, recipe);
  return reader.Finish();
}

}  // namespace parvis::train
