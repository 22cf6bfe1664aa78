// How the rows and the outputs of the suites of generation_suites.h are read.

#include "fmt/format.h"
#include "parvis/core/file.h"
#include "parvis/eval/generation_suites.h"
#include "parvis/text/utf8.h"

namespace parvis::eval {
namespace {

Result<std::string> IdOf(const Row& row) {
  if (FindField(row, {"id"}) == nullptr) return std::string();
  return TextField(row, {"id"});
}

Result<TextPair> TableRow(const Row& row, bool reverse) {
  if (row.value.size() < 2) return BadRow(row, "two columns are needed, with a tab between them");
  return TextPair{"",
                  row.value[reverse ? 1 : 0].get<std::string>(),
                  {row.value[reverse ? 0 : 1].get<std::string>()},
                  row.where()};
}

// "answers": a list of texts or of {"text": …}, or {"text": […]} as in Hugging Face's data sets.
Result<std::vector<std::string>> AnswersOf(const Row& row) {
  const Json* field = FindField(row, {"answers"});
  if (field == nullptr) return BadRow(row, "no \"answers\"");
  if (field->is_object()) field = field->contains("text") ? &(*field)["text"] : field;
  if (!field->is_array()) return BadRow(row, "\"answers\" is no list");
  std::vector<std::string> answers;
  for (const Json& entry : *field) {
    const Json& text = entry.is_object() && entry.contains("text") ? entry["text"] : entry;
    if (!text.is_string()) return BadRow(row, "\"answers\" is no list of texts");
    answers.push_back(text.get<std::string>());
  }
  return answers;
}

Result<std::vector<std::string>> OutputsById(const std::string& path, const std::string& text,
                                             const std::vector<std::string>& ids) {
  const Result<Json> json = ParseJson(text);
  if (!json.ok()) return json.status().In(path);
  if (!json->is_object()) return DataLoss(path + ": no object of texts by id");
  std::vector<std::string> outputs;
  for (const std::string& id : ids) {
    const auto found = json->find(id);
    if (found == json->end() || !found->is_string()) {
      return DataLoss(fmt::format("{}: no text for id \"{}\"", path, id));
    }
    outputs.push_back(found->get<std::string>());
  }
  return outputs;
}

// Numbers of a .json by id.
Result<std::vector<double>> NumbersById(const std::string& path,
                                        const std::vector<std::string>& ids) {
  PARVIS_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  const Result<Json> json = ParseJson(text);
  if (!json.ok()) return json.status().In(path);
  if (!json->is_object()) return DataLoss(path + ": no object of numbers by id");
  std::vector<double> numbers;
  for (const std::string& id : ids) {
    const auto found = json->find(id);
    if (found == json->end() || !found->is_number()) {
      return DataLoss(fmt::format("{}: no number for id \"{}\"", path, id));
    }
    numbers.push_back(found->get<double>());
  }
  return numbers;
}

Result<std::vector<std::string>> OutputLines(const std::string& path, const std::string& text) {
  std::vector<std::string> outputs;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    outputs.push_back(text.substr(at, end - at));
    if (outputs.back().ends_with('\r')) outputs.back().pop_back();
    if (!text::IsValidUtf8(outputs.back())) {
      return DataLoss(fmt::format("{}:{}: not UTF-8", path, outputs.size()));
    }
    at = end + 1;
  }
  return outputs;
}

}  // namespace

Result<std::vector<TextPair>> ReadTextPairs(const Rows& rows, bool reverse) {
  std::vector<TextPair> pairs;
  for (const Row& row : rows.rows) {
    if (row.value.is_array()) {
      PARVIS_ASSIGN_OR_RETURN(TextPair pair, TableRow(row, reverse));
      pairs.push_back(std::move(pair));
      continue;
    }
    TextPair pair;
    pair.where = row.where();
    PARVIS_ASSIGN_OR_RETURN(pair.id, IdOf(row));
    PARVIS_ASSIGN_OR_RETURN(pair.source, TextField(row, {"source"}));
    PARVIS_ASSIGN_OR_RETURN(pair.references, TextsField(row, {"target", "summary"}));
    pairs.push_back(std::move(pair));
  }
  return pairs;
}

Result<std::vector<SpanQuestion>> ReadSpanQuestions(const Rows& rows) {
  std::vector<SpanQuestion> questions;
  for (const Row& row : rows.rows) {
    SpanQuestion question;
    question.where = row.where();
    PARVIS_ASSIGN_OR_RETURN(question.id, IdOf(row));
    PARVIS_ASSIGN_OR_RETURN(question.question, TextField(row, {"question"}));
    PARVIS_ASSIGN_OR_RETURN(question.context, TextField(row, {"context"}));
    PARVIS_ASSIGN_OR_RETURN(question.answers, AnswersOf(row));
    questions.push_back(std::move(question));
  }
  return questions;
}

Result<std::vector<std::string>> ReadOutputs(const std::string& path,
                                             const std::vector<std::string>& ids) {
  std::vector<std::string> outputs;
  if (path.ends_with(".jsonl")) {
    PARVIS_ASSIGN_OR_RETURN(const Rows rows, ReadRows(path));
    for (const Row& row : rows.rows) {
      PARVIS_ASSIGN_OR_RETURN(std::string output, TextField(row, {"output"}));
      outputs.push_back(std::move(output));
    }
  } else {
    PARVIS_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
    if (path.ends_with(".json")) return OutputsById(path, text, ids);
    PARVIS_ASSIGN_OR_RETURN(outputs, OutputLines(path, text));
  }
  if (outputs.size() != ids.size()) {
    return DataLoss(
        fmt::format("{}: {} outputs for {} rows of data", path, outputs.size(), ids.size()));
  }
  return outputs;
}

Result<std::vector<AnswerOutput>> ReadAnswerOutputs(const std::string& path,
                                                    const std::string& scores_path,
                                                    const std::vector<std::string>& ids) {
  PARVIS_ASSIGN_OR_RETURN(std::vector<std::string> texts, ReadOutputs(path, ids));
  std::vector<AnswerOutput> outputs;
  for (std::string& text : texts) outputs.push_back({std::move(text), {}});
  if (!scores_path.empty()) {
    PARVIS_ASSIGN_OR_RETURN(const std::vector<double> numbers, NumbersById(scores_path, ids));
    for (size_t i = 0; i < numbers.size(); ++i) outputs[i].no_answer = numbers[i];
  } else if (path.ends_with(".jsonl")) {
    PARVIS_ASSIGN_OR_RETURN(const Rows rows, ReadRows(path));
    for (size_t i = 0; i < rows.rows.size(); ++i) {
      const Json* number = FindField(rows.rows[i], {"no_answer"});
      if (number == nullptr) continue;
      if (!number->is_number()) return BadRow(rows.rows[i], "\"no_answer\" is no number");
      outputs[i].no_answer = number->get<double>();
    }
  }
  return outputs;
}

}  // namespace parvis::eval
