// What is said to a model around a text that it should translate or summarise.

#include <algorithm>
#include <cctype>

#include "parvis/models/model.h"
#include "parvis/runtime/text_to_text.h"

namespace parvis::runtime {
namespace {

struct Language {
  std::string_view code, name;
};

constexpr Language kLanguages[] = {
    {"ar", "Arabic"},     {"bg", "Bulgarian"}, {"cs", "Czech"},      {"da", "Danish"},
    {"de", "German"},     {"el", "Greek"},     {"en", "English"},    {"es", "Spanish"},
    {"et", "Estonian"},   {"fi", "Finnish"},   {"fr", "French"},     {"ga", "Irish"},
    {"he", "Hebrew"},     {"hi", "Hindi"},     {"hr", "Croatian"},   {"hu", "Hungarian"},
    {"it", "Italian"},    {"ja", "Japanese"},  {"ko", "Korean"},     {"lb", "Luxembourgish"},
    {"lt", "Lithuanian"}, {"lv", "Latvian"},   {"mt", "Maltese"},    {"nl", "Dutch"},
    {"no", "Norwegian"},  {"pl", "Polish"},    {"pt", "Portuguese"}, {"ro", "Romanian"},
    {"ru", "Russian"},    {"sk", "Slovak"},    {"sl", "Slovenian"},  {"sv", "Swedish"},
    {"tr", "Turkish"},    {"uk", "Ukrainian"}, {"vi", "Vietnamese"}, {"zh", "Chinese"}};

// A known code's name; a longer word is a name already.
Result<std::string> NameOf(const std::string& language) {
  for (const Language& known : kLanguages) {
    if (known.code == language) return std::string(known.name);
  }
  if (language.size() > 3) return language;
  return InvalidArgument("\"" + language +
                         "\" is no language code that Parvis knows; give the language's name in "
                         "English");
}

bool HasEncoder(const models::Model& model) { return model.stack.blueprint().encoder_layers > 0; }

// The configuration's word on a task, or an empty object.
Json ParamsOf(const models::Model& model, const std::string& task) {
  const auto found = model.metadata.find("parvis.task_specific_params");
  if (found == model.metadata.end() || !found->is_string()) return Json::object();
  const auto all = ParseJson(found->get<std::string>());
  if (!all.ok() || !all->is_object() || !all->contains(task) || !(*all)[task].is_object()) {
    return Json::object();
  }
  return (*all)[task];
}

// Values of other kinds than they should be count as not said.
int64_t IntOr(const Json& params, const char* name, int64_t otherwise) {
  const auto found = params.find(name);
  if (found == params.end() || !found->is_number_integer()) return otherwise;
  const auto value = found->get<int64_t>();
  return value >= 0 && value <= 1'000'000 ? value : otherwise;
}

void Take(const Json& params, TextTask& task) {
  if (params.contains("prefix") && params["prefix"].is_string()) {
    task.before = params["prefix"].get<std::string>();
  }
  BeamSearchParams& beams = task.beams;
  beams.num_beams = std::max<int64_t>(1, IntOr(params, "num_beams", beams.num_beams));
  beams.no_repeat_ngram_size = IntOr(params, "no_repeat_ngram_size", 0);
  // transformers counts the token that an answer begins with.
  beams.max_tokens = std::max<int64_t>(0, IntOr(params, "max_length", 1) - 1);
  beams.min_tokens = std::max<int64_t>(0, IntOr(params, "min_length", 1) - 1);
  if (params.contains("length_penalty") && params["length_penalty"].is_number()) {
    beams.length_penalty = params["length_penalty"].get<float>();
  }
  if (params.contains("early_stopping") && params["early_stopping"].is_boolean()) {
    beams.early_stopping = params["early_stopping"].get<bool>();
  }
}

}  // namespace

Result<TextTask> TranslationTask(const models::Model& model, const std::string& from,
                                 const std::string& to, bool converses) {
  PARVIS_ASSIGN_OR_RETURN(const std::string from_name, NameOf(from));
  PARVIS_ASSIGN_OR_RETURN(const std::string to_name, NameOf(to));
  TextTask task;
  if (converses) {
    task.before = "Translate the following text from " + from_name + " to " + to_name +
                  ". Answer with the translation only.\n\n";
    return task;
  }
  if (!HasEncoder(model)) {
    task.before = "Translate from " + from_name + " to " + to_name + ".\n\n" + from_name + ": ";
    task.after = "\n" + to_name + ":";
    task.stop_strings = {"\n"};
    return task;
  }
  task.before = "translate " + from_name + " to " + to_name + ": ";
  task.together = text::Together::kNone;  // it learned pairs of sentences
  Take(ParamsOf(model, "translation_" + from + "_to_" + to), task);
  return task;
}

TextTask SummaryTask(const models::Model& model, bool converses) {
  TextTask task;
  task.together = text::Together::kAll;
  if (converses) {
    task.before = "Summarize the following text in a few sentences.\n\n";
    return task;
  }
  if (!HasEncoder(model)) {
    task.before = "Summarize the following text in a few sentences.\n\nText: ";
    task.after = "\n\nSummary:";
    task.stop_strings = {"\n\n"};
    return task;
  }
  task.before = "summarize: ";
  Take(ParamsOf(model, "summarization"), task);
  return task;
}

}  // namespace parvis::runtime
