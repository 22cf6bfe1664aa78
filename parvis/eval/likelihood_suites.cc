#include "parvis/eval/likelihood_suites.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <map>

#include "fmt/format.h"
#include "parvis/text/utf8.h"

namespace parvis::eval {
namespace {

double MeanOf(std::span<const uint32_t> sample, const std::vector<double>& values) {
  double sum = 0;
  for (const uint32_t i : sample) sum += values[i];
  return sum / static_cast<double>(std::max<size_t>(sample.size(), 1));
}

// A mean and its interval.
Measure MeanMeasure(const std::string& name, const std::vector<double>& values,
                    const BootstrapOptions& bootstrap) {
  const Strata strata = OneStratum(values.size());
  const auto mean = [&](std::span<const uint32_t> sample) { return MeanOf(sample, values); };
  return {name, mean(strata[0]), Bootstrap(strata, bootstrap, mean), ""};
}

int64_t CutOf(const std::vector<PassageScore>& scores) {
  return std::count_if(scores.begin(), scores.end(), [](const auto& score) { return score.cut; });
}

constexpr const char* kSpaces = " \t\r\n";

Result<int64_t> LabelOf(const Row& row) {
  const Json* field = FindField(row, {"gold", "label", "_label"});
  if (field == nullptr) return BadRow(row, "no \"label\"");
  if (field->is_number_integer()) return field->get<int64_t>();
  if (field->is_string()) {  // HellaSwag's are written "3"
    const auto text = field->get<std::string>();
    int64_t label = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), label);
    if (error == std::errc() && end == text.data() + text.size()) return label;
  }
  return BadRow(row, "\"label\" is no whole number (the first choice is 0)");
}

size_t CharactersOf(std::string_view text) {
  size_t count = 0;
  for (size_t at = 0; at < text.size(); at += text::ReadCharacter(text, at).size) ++count;
  return count;
}

}  // namespace

Result<std::vector<MinimalPair>> ReadMinimalPairs(const Rows& rows) {
  std::vector<MinimalPair> pairs;
  for (const Row& row : rows.rows) {
    MinimalPair pair;
    PARVIS_ASSIGN_OR_RETURN(pair.good, TextField(row, {"sentence_good"}));
    PARVIS_ASSIGN_OR_RETURN(pair.bad, TextField(row, {"sentence_bad"}));
    if (pair.good.empty() || pair.bad.empty()) return BadRow(row, "an empty sentence");
    pair.paradigm = row.file;
    pair.where = row.where();
    if (FindField(row, {"UID"}) != nullptr) {
      PARVIS_ASSIGN_OR_RETURN(pair.paradigm, TextField(row, {"UID"}));
    }
    pairs.push_back(std::move(pair));
  }
  return pairs;
}

Result<Outcome> MeasureMinimalPairs(Scorer& scorer, const std::vector<MinimalPair>& pairs,
                                    const BootstrapOptions& bootstrap,
                                    const Scorer::Progress& progress) {
  std::vector<Passage> passages;
  for (const MinimalPair& pair : pairs) {
    passages.push_back({"", pair.good, pair.where});
    passages.push_back({"", pair.bad, pair.where});
  }
  PARVIS_ASSIGN_OR_RETURN(const auto scores,
                          scorer.Score(passages, /*likeliest=*/false, [&](size_t done) {
                            return !progress || progress(done / 2);
                          }));
  std::map<std::string, std::vector<uint32_t>> paradigms;
  std::vector<double> right(pairs.size());
  for (size_t i = 0; i < pairs.size(); ++i) {
    right[i] = scores[2 * i].log_likelihood > scores[2 * i + 1].log_likelihood ? 1 : 0;
    paradigms[pairs[i].paradigm].push_back(static_cast<uint32_t>(i));
  }
  Outcome outcome;
  outcome.count = static_cast<int64_t>(pairs.size());
  Strata strata;
  // Each pair's weight in the mean over paradigms.
  std::vector<double> weighted(pairs.size());
  for (const auto& [name, members] : paradigms) {
    outcome.groups.emplace_back(name, MeanOf(members, right));
    strata.push_back(members);
    for (const uint32_t i : members) {
      weighted[i] = right[i] / static_cast<double>(members.size() * paradigms.size());
    }
  }
  double mean = 0;
  for (const auto& [name, accuracy] : outcome.groups) {
    mean += accuracy / static_cast<double>(paradigms.size());
  }
  const auto sum = [&](std::span<const uint32_t> sample) {
    return MeanOf(sample, weighted) * static_cast<double>(sample.size());
  };
  outcome.measures = {{"accuracy", mean, Bootstrap(strata, bootstrap, sum), ""}};
  return outcome;
}

Result<std::vector<Passage>> ReadCloze(const Rows& rows) {
  std::vector<Passage> passages;
  for (const Row& row : rows.rows) {
    if (FindField(row, {"target"}) != nullptr) {
      Passage passage;
      passage.where = row.where();
      PARVIS_ASSIGN_OR_RETURN(passage.context, TextField(row, {"context", "text"}));
      PARVIS_ASSIGN_OR_RETURN(passage.continuation, TextField(row, {"target"}));
      if (passage.continuation.find_first_not_of(kSpaces) == std::string::npos) {
        return BadRow(row, "\"target\" is empty");
      }
      passages.push_back(std::move(passage));
      continue;
    }
    PARVIS_ASSIGN_OR_RETURN(std::string text, TextField(row, {"text"}));
    text.resize(text.find_last_not_of(kSpaces) + 1);  // npos + 1: nothing
    const size_t space = text.find_last_of(kSpaces);
    if (space == std::string::npos || text.find_last_not_of(kSpaces, space) == std::string::npos) {
      return BadRow(row, "a text of two words at least is needed");
    }
    passages.push_back({text.substr(0, space), text.substr(space), row.where()});
  }
  return passages;
}

Result<Outcome> MeasureCloze(Scorer& scorer, const std::vector<Passage>& passages,
                             const BootstrapOptions& bootstrap, const Scorer::Progress& progress) {
  PARVIS_ASSIGN_OR_RETURN(const auto scores, scorer.Score(passages, /*likeliest=*/true, progress));
  std::vector<double> right, nats;
  for (const PassageScore& score : scores) {
    right.push_back(score.likeliest ? 1 : 0);
    nats.push_back(-score.log_likelihood);
  }
  Outcome outcome;
  outcome.count = static_cast<int64_t>(passages.size());
  outcome.cut = CutOf(scores);
  Measure perplexity = MeanMeasure("perplexity", nats, bootstrap);
  perplexity.score = std::exp(perplexity.score);  // monotonic, so quantiles follow
  perplexity.interval = {std::exp(perplexity.interval.low), std::exp(perplexity.interval.high)};
  outcome.measures = {MeanMeasure("accuracy", right, bootstrap), perplexity};
  return outcome;
}

Result<std::vector<Choice>> ReadChoices(const Rows& rows) {
  std::vector<Choice> questions;
  for (const Row& row : rows.rows) {
    Choice question;
    PARVIS_ASSIGN_OR_RETURN(question.context, TextField(row, {"query", "context", "ctx"}));
    PARVIS_ASSIGN_OR_RETURN(question.choices, TextsField(row, {"choices", "endings"}));
    for (const std::string& choice : question.choices) {
      if (choice.empty()) return BadRow(row, "an empty choice");
    }
    PARVIS_ASSIGN_OR_RETURN(const int64_t label, LabelOf(row));
    if (label < 0 || label >= static_cast<int64_t>(question.choices.size())) {
      return BadRow(row, fmt::format("\"label\" {} is none of {} choices (the first is 0)", label,
                                     question.choices.size()));
    }
    question.label = static_cast<size_t>(label);
    question.where = row.where();
    questions.push_back(std::move(question));
  }
  return questions;
}

Result<Outcome> MeasureChoices(Scorer& scorer, const std::vector<Choice>& questions,
                               const BootstrapOptions& bootstrap,
                               const Scorer::Progress& progress) {
  std::vector<Passage> passages;
  std::vector<size_t> question_of;
  for (size_t i = 0; i < questions.size(); ++i) {
    const std::string& context = questions[i].context;
    for (const std::string& choice : questions[i].choices) {
      const bool space = context.empty() || std::isspace(static_cast<unsigned char>(choice[0])) ||
                         std::isspace(static_cast<unsigned char>(context.back()));
      passages.push_back({context, (space ? "" : " ") + choice, questions[i].where});
      question_of.push_back(i);
    }
  }
  PARVIS_ASSIGN_OR_RETURN(const auto scores,
                          scorer.Score(passages, /*likeliest=*/false, [&](size_t done) {
                            return !progress || progress(question_of[done - 1]);
                          }));
  std::vector<double> plain, by_characters, by_bytes;
  size_t at = 0;
  for (const Choice& question : questions) {
    std::vector<double> sums, characters, bytes;
    for (const std::string& choice : question.choices) {
      sums.push_back(scores[at++].log_likelihood);
      characters.push_back(sums.back() / static_cast<double>(CharactersOf(choice)));
      bytes.push_back(sums.back() / static_cast<double>(choice.size()));
    }
    const auto right = [&](const std::vector<double>& values) {
      const auto best = std::max_element(values.begin(), values.end()) - values.begin();
      return static_cast<size_t>(best) == question.label ? 1.0 : 0.0;
    };
    plain.push_back(right(sums));
    by_characters.push_back(right(characters));
    by_bytes.push_back(right(bytes));
  }
  Outcome outcome;
  outcome.count = static_cast<int64_t>(questions.size());
  outcome.cut = CutOf(scores);
  outcome.measures = {MeanMeasure("accuracy", plain, bootstrap),
                      MeanMeasure("accuracy_norm", by_characters, bootstrap),
                      MeanMeasure("accuracy_bytes", by_bytes, bootstrap)};
  return outcome;
}

}  // namespace parvis::eval
