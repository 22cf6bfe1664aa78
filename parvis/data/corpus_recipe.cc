#include "parvis/data/corpus_recipe.h"

#include <algorithm>
#include <filesystem>

#include "fmt/format.h"
#include "parvis/core/file.h"
#include "parvis/core/toml_reader.h"

namespace parvis::data {
namespace {

namespace fs = std::filesystem;

std::string Resolve(const std::string& recipe_path, const std::string& path) {
  const fs::path given(path);
  if (given.is_absolute()) return path;
  return (fs::path(recipe_path).parent_path() / given).lexically_normal().string();
}

bool IsPlainName(const std::string& name) {
  return !name.empty() && name[0] != '.' && name.find_first_of("/\\\n\"") == std::string::npos;
}

Status ReadCorpus(const toml::table* table, CorpusRecipe& recipe) {
  TomlReader reader(table, recipe.path, "corpus");
  recipe.name = reader.Text("name", fs::path(recipe.path).stem().string());
  if (!IsPlainName(recipe.name)) reader.Refuse("name", "must be a plain name");
  recipe.description = reader.Text("description", "");
  recipe.creator = reader.Text("creator", "");
  recipe.url = reader.Text("url", "");
  recipe.version = reader.Text("version", recipe.version);
  recipe.date = reader.Text("date", "");
  recipe.licence = reader.Text("licence", "");
  recipe.out = Resolve(recipe.path, reader.Text("out", "corpora/" + recipe.name));
  for (const std::string& file : reader.Texts("strike")) {
    recipe.strike_files.push_back(Resolve(recipe.path, file));
    if (!fs::exists(recipe.strike_files.back())) reader.Refuse("strike", file + " does not exist");
  }
  recipe.threads = static_cast<int>(reader.Integer("threads", 0, 0, 1024));
  return reader.Finish();
}

Status ReadSource(const toml::table& table, CorpusRecipe& recipe) {
  TomlReader reader(&table, recipe.path, "source");
  CorpusRecipe::Source source;
  const std::string path = reader.Text("path", "");
  source.name = reader.Text("name", fs::path(path).stem().string());
  if (path.empty()) reader.Refuse("path", "names no file or folder");
  if (!IsPlainName(source.name)) reader.Refuse("name", "must be a plain name");
  for (const CorpusRecipe::Source& other : recipe.sources) {
    if (other.name == source.name) reader.Refuse("name", "two sources are called " + source.name);
  }
  source.path = Resolve(recipe.path, path);
  const Result<std::vector<std::string>> files = FilesOf(source.path);
  if (!files.ok()) {
    reader.Refuse("path", files.status().message());
  } else if (files->empty()) {
    reader.Refuse("path", source.path + ": no file that can be read is in this folder");
  } else {
    source.files = *files;
  }
  source.read.format = reader.OneOf(
      "format", "auto", {"auto", "text", "markdown", "html", "jsonl", "csv", "tsv", "pairs"});
  source.read.split = reader.OneOf("split", "file", {"file", "paragraphs", "lines"});
  source.read.text_field = reader.Text("field", source.read.text_field);
  const std::vector<std::string> pair = reader.Texts("pair");
  if (source.read.format == "pairs" && !pair.empty()) {
    if (pair.size() != 2) reader.Refuse("pair", "names two fields or columns");
    source.read.source_field = pair.front();
    source.read.target_field = pair.back();
  } else if (!pair.empty()) {
    reader.Refuse("pair", "is of format = \"pairs\" only");
  }
  source.language = reader.Text("language", "");
  source.licence = reader.Text("licence", "");
  source.author = reader.Text("author", "");
  source.url = reader.Text("url", "");
  source.consent = reader.Text("consent", "");
  recipe.sources.push_back(std::move(source));
  return reader.Finish();
}

PersonalAction ActionOf(const std::string& name) {
  return name == "ignore"   ? PersonalAction::kIgnore
         : name == "report" ? PersonalAction::kReport
         : name == "mask"   ? PersonalAction::kMask
                            : PersonalAction::kDrop;
}

Status ReadRules(const toml::table* table, const std::string& path, QualityRules& rules) {
  TomlReader reader(table, path, "quality");
  rules.min_words = reader.Integer("min_words", rules.min_words, 0);
  rules.max_words = reader.Integer("max_words", rules.max_words, 1);
  rules.min_mean_word = reader.Number("min_mean_word", rules.min_mean_word, 0, 1000);
  rules.max_mean_word = reader.Number("max_mean_word", rules.max_mean_word, 0, 1e6);
  for (const auto& [key, value] :
       {std::pair<const char*, double*>{"max_symbols", &rules.max_symbols},
        {"max_digits", &rules.max_digits},
        {"max_capitals", &rules.max_capitals},
        {"max_repeated_lines", &rules.max_repeated_lines},
        {"max_repeated_words", &rules.max_repeated_words},
        {"max_replacements", &rules.max_replacements},
        {"min_function_words", &rules.min_function_words}}) {
    *value = reader.Number(key, *value, 0, 1);
  }
  return reader.Finish();
}

Status ReadTokens(const toml::table* table, CorpusRecipe& recipe) {
  if (table == nullptr) return {};
  TomlReader reader(table, recipe.path, "tokens");
  const std::string file = reader.Text("tokenizer", "");
  if (file.empty()) reader.Refuse("tokenizer", "names no tokenizer.json");
  recipe.tokenizer = Resolve(recipe.path, file);
  if (!fs::exists(recipe.tokenizer)) reader.Refuse("tokenizer", file + " does not exist");
  recipe.shard_tokens = reader.Integer("shard_tokens", recipe.shard_tokens, 1, int64_t{1} << 36);
  for (const CorpusRecipe::Source& source : recipe.sources) {
    if (source.read.format == "pairs") {
      reader.Refuse("", "pairs (source " + source.name + ") are trained on as text only");
    }
  }
  return reader.Finish();
}

Status ReadTables(const toml::table& root, CorpusRecipe& recipe) {
  TomlReader top(&root, recipe.path, "");
  const toml::table* corpus = top.Table("corpus");
  const toml::array* sources = top.Array("source");
  const toml::table* clean = top.Table("clean");
  const toml::table* quality = top.Table("quality");
  const toml::table* duplicates = top.Table("duplicates");
  const toml::table* personal = top.Table("personal");
  const toml::table* tokens = top.Table("tokens");
  const toml::table* split = top.Table("split");
  PARVIS_RETURN_IF_ERROR(top.Finish());
  PARVIS_RETURN_IF_ERROR(ReadCorpus(corpus, recipe));
  if (sources == nullptr || sources->empty()) {
    return InvalidArgument(recipe.path + ": no [[source]] says where the text is");
  }
  for (const toml::node& node : *sources) {
    if (!node.is_table()) return InvalidArgument(recipe.path + ": [[source]] must be a table");
    PARVIS_RETURN_IF_ERROR(ReadSource(*node.as_table(), recipe));
  }
  TomlReader cleaning(clean, recipe.path, "clean");
  recipe.form = cleaning.OneOf("unicode", recipe.form, {"nfc", "nfkc", "none"});
  recipe.languages = cleaning.Texts("languages");
  PARVIS_RETURN_IF_ERROR(cleaning.Finish());
  PARVIS_RETURN_IF_ERROR(ReadRules(quality, recipe.path, recipe.quality));
  TomlReader twice(duplicates, recipe.path, "duplicates");
  recipe.drop_exact = twice.Flag("exact", true);
  recipe.drop_near = twice.Flag("near", true);
  recipe.near_threshold = twice.Number("threshold", recipe.near_threshold, 0.3, 1.0);
  PARVIS_RETURN_IF_ERROR(twice.Finish());
  TomlReader people(personal, recipe.path, "personal");
  const std::vector<std::string> actions = {"ignore", "report", "mask", "drop"};
  const std::string all = people.OneOf("all", "report", actions);
  for (size_t kind = 0; kind < kPersonalKinds; ++kind) {
    recipe.personal[kind] = ActionOf(people.OneOf(kPersonalNames[kind], all, actions));
  }
  PARVIS_RETURN_IF_ERROR(people.Finish());
  PARVIS_RETURN_IF_ERROR(ReadTokens(tokens, recipe));
  TomlReader sides(split, recipe.path, "split");
  recipe.heldout = sides.Number("heldout", recipe.heldout, 0, 0.5);
  recipe.test = sides.Number("test", recipe.test, 0, 0.5);
  return sides.Finish();
}

}  // namespace

Result<CorpusRecipe> ParseCorpusRecipe(std::string_view text, const std::string& path) {
  CorpusRecipe recipe;
  recipe.path = path;
  recipe.text = std::string(text);
  const toml::parse_result parsed = toml::parse(text, path);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    return InvalidArgument(
        fmt::format("{}:{}: not TOML: {}", path, error.source().begin.line, error.description()));
  }
  PARVIS_RETURN_IF_ERROR(ReadTables(parsed.table(), recipe));
  return recipe;
}

Result<CorpusRecipe> ReadCorpusRecipe(const std::string& path) {
  PARVIS_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, size_t{1} << 20));
  return ParseCorpusRecipe(text, path);
}

}  // namespace parvis::data
