#include "parvis/eval/generation_suites.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "fmt/format.h"
#include "parvis/eval/no_answer.h"
#include "parvis/eval/rouge.h"
#include "parvis/eval/translation_scores.h"
#include "parvis/runtime/sentence_choice.h"
#include "parvis/runtime/text_tasks.h"
#include "parvis/text/utf8.h"

namespace parvis::eval {
namespace {

constexpr size_t kTogether = 32;  // texts between two looks at progress

// A mean of values that are 0 to 1, times 100.
Measure PercentMeasure(const std::string& name, const std::vector<double>& values,
                       const BootstrapOptions& bootstrap) {
  const Strata strata = OneStratum(values.size());
  const auto mean = [&](std::span<const uint32_t> sample) {
    double sum = 0;
    for (const uint32_t i : sample) sum += values[i];
    return 100 * sum / static_cast<double>(std::max<size_t>(sample.size(), 1));
  };
  return {name, mean(strata[0]), Bootstrap(strata, bootstrap, mean), ""};
}

// With the threshold that is best for the questions, and best for each sample of them.
Measure BestMeasure(const std::string& name, std::vector<AnswerMark> marks,
                    const BootstrapOptions& bootstrap) {
  const Strata strata = OneStratum(marks.size());
  const ThresholdSearch search(std::move(marks));
  const BestThreshold best = search.Of(strata[0]);
  const auto score = [&](std::span<const uint32_t> sample) { return search.Of(sample).score; };
  return {name, best.score, Bootstrap(strata, bootstrap, score), "", best.threshold};
}

// A score of summed counts.
template <typename Counts, typename Score>
Measure CorpusMeasure(const std::string& name, const std::vector<Counts>& counts, Score score,
                      std::string signature, const BootstrapOptions& bootstrap) {
  const Strata strata = OneStratum(counts.size());
  const auto whole = [&](std::span<const uint32_t> sample) {
    Counts sum;
    for (const uint32_t i : sample) sum += counts[i];
    return score(sum);
  };
  return {name, whole(strata[0]), Bootstrap(strata, bootstrap, whole), std::move(signature)};
}

bool GoesOn(const OutputProgress& progress, size_t done) { return !progress || progress(done); }

Result<std::string> InPieces(runtime::TextToText& writer, Writing writing,
                             const std::string& source, const std::function<bool()>& cancelled) {
  if (writing == Writing::kTranslation) {
    PARVIS_ASSIGN_OR_RETURN(runtime::Translation result,
                            runtime::Translate(writer, source, cancelled));
    return std::move(result.text);
  }
  PARVIS_ASSIGN_OR_RETURN(runtime::Summary result, runtime::Summarize(writer, source, cancelled));
  return std::move(result.text);
}

// The longest beginning of the question's context that fits.
std::string PromptOf(const runtime::TextToText& writer, const SpanQuestion& question, bool& cut) {
  const std::string before = "question: " + question.question + "  context: ";
  if (writer.Fits(before + question.context)) return before + question.context;
  cut = true;
  size_t fits = 0, too_long = question.context.size();
  while (fits + 1 < too_long) {
    const size_t middle = (fits + too_long) / 2;
    (writer.Fits(before + question.context.substr(0, middle)) ? fits : too_long) = middle;
  }
  // Not within a character.
  while (fits > 0 && (static_cast<unsigned char>(question.context[fits]) & 0xC0) == 0x80) --fits;
  return before + question.context.substr(0, fits);
}

Result<std::vector<AnswerOutput>> WriteAnswers(models::Model& model, const ops::Exec& exec,
                                               const std::vector<SpanQuestion>& questions,
                                               const OutputProgress& progress, int64_t& cut) {
  PARVIS_ASSIGN_OR_RETURN(const auto writer, runtime::TextToText::Create(model, exec, {}, {}));
  std::vector<AnswerOutput> outputs;
  const auto cancelled = [&] { return !GoesOn(progress, outputs.size()); };
  for (size_t from = 0; from < questions.size(); from += kTogether) {
    std::vector<std::string> prompts;
    for (size_t i = from; i < std::min(from + kTogether, questions.size()); ++i) {
      bool was_cut = false;
      prompts.push_back(PromptOf(*writer, questions[i], was_cut));
      cut += was_cut ? 1 : 0;
      if (!writer->Fits(prompts.back())) {
        return InvalidArgument(questions[i].where + ": the question leaves no room for its text");
      }
    }
    PARVIS_ASSIGN_OR_RETURN(const auto answers, writer->Answer(prompts, cancelled));
    for (const runtime::TextAnswer& answer : answers) outputs.push_back({answer.text, {}});
    if (!GoesOn(progress, outputs.size())) return Cancelled("interrupted");
  }
  return outputs;
}

}  // namespace

Result<std::vector<std::string>> WriteOutputs(runtime::TextToText& writer, Writing writing,
                                              const std::vector<TextPair>& pairs,
                                              const OutputProgress& progress) {
  std::vector<std::string> outputs(pairs.size());
  size_t from = 0;
  const auto cancelled = [&] { return !GoesOn(progress, from); };
  while (from < pairs.size()) {
    const size_t to = std::min(from + kTogether, pairs.size());
    std::vector<std::string> whole;
    std::vector<size_t> places;
    for (size_t i = from; i < to; ++i) {
      const std::string& source = pairs[i].source;
      if (const auto pieces = writer.Cut(source); pieces.size() == 1) {
        whole.push_back(pieces[0].text);
        places.push_back(i);
        continue;
      }
      Result<std::string> output = InPieces(writer, writing, source, cancelled);
      if (!output.ok()) return output.status().In(pairs[i].where);
      outputs[i] = std::move(output).value();
    }
    PARVIS_ASSIGN_OR_RETURN(const auto answers, writer.Answer(whole, cancelled));
    for (size_t i = 0; i < places.size(); ++i) outputs[places[i]] = answers[i].text;
    from = to;
    if (!GoesOn(progress, to)) return Cancelled("interrupted");
  }
  return outputs;
}

Result<std::vector<std::string>> ChooseSummaries(models::Model& model, const ops::Exec& exec,
                                                 const std::vector<TextPair>& pairs,
                                                 const OutputProgress& progress) {
  PARVIS_RETURN_IF_ERROR(models::CheckTokenizer(model));
  const runtime::Encoder encoder(model, exec);
  std::vector<std::string> outputs;
  const auto cancelled = [&] { return !GoesOn(progress, outputs.size()); };
  for (const TextPair& pair : pairs) {
    auto choice = runtime::SummarizeByChoice(encoder, runtime::SentencesOf(model, pair.source),
                                             /*count=*/0, cancelled);
    if (!choice.ok()) return choice.status().In(pair.where);
    outputs.push_back(std::move(choice->text));
    if (!GoesOn(progress, outputs.size())) return Cancelled("interrupted");
  }
  return outputs;
}

Result<std::vector<AnswerOutput>> AnswerQuestions(models::Model& model, const ops::Exec& exec,
                                                  const std::vector<SpanQuestion>& questions,
                                                  const OutputProgress& progress, int64_t& cut) {
  const nn::Blueprint& blueprint = model.stack.blueprint();
  if (blueprint.encoder_layers > 0) return WriteAnswers(model, exec, questions, progress, cut);
  if (blueprint.head.kind != nn::Head::Kind::kSpan) {
    return InvalidArgument(fmt::format(
        "this model ({}) finds no answers in a text: that needs a span head, or an encoder and a "
        "decoder; use '{}'",
        blueprint.family, models::CommandOf(blueprint)));
  }
  const runtime::Encoder encoder(model, exec);
  std::vector<AnswerOutput> outputs;
  for (const SpanQuestion& question : questions) {
    const auto answers = runtime::FindAnswers(encoder, question.question, question.context);
    if (!answers.ok()) return answers.status().In(question.where);
    outputs.push_back(
        {answers->best.empty() ? "" : answers->best.front().text, answers->no_answer});
    if (!GoesOn(progress, outputs.size())) return Cancelled("interrupted");
  }
  return outputs;
}

Outcome MeasureTranslations(const std::vector<TextPair>& pairs,
                            const std::vector<std::string>& outputs, std::string_view version,
                            const BootstrapOptions& bootstrap) {
  std::vector<BleuCounts> bleu;
  std::vector<ChrfCounts> chrf;
  size_t references = pairs.front().references.size();
  for (size_t i = 0; i < pairs.size(); ++i) {
    bleu.push_back(CountBleu(outputs[i], pairs[i].references));
    chrf.push_back(CountChrf(outputs[i], pairs[i].references));
    if (pairs[i].references.size() != references) references = 0;
  }
  Outcome outcome;
  outcome.count = static_cast<int64_t>(pairs.size());
  outcome.measures = {
      CorpusMeasure("bleu", bleu, &Bleu, BleuSignature(references, version), bootstrap),
      CorpusMeasure("chrf", chrf, &Chrf, ChrfSignature(references, version), bootstrap)};
  return outcome;
}

Outcome MeasureSummaries(const std::vector<TextPair>& pairs,
                         const std::vector<std::string>& outputs, bool stem,
                         const BootstrapOptions& bootstrap) {
  std::vector<double> one, two, longest;
  for (size_t i = 0; i < pairs.size(); ++i) {
    const Rouge rouge = ScoreRouge(outputs[i], pairs[i].references, stem);
    one.push_back(rouge.one.f1);
    two.push_back(rouge.two.f1);
    longest.push_back(rouge.longest.f1);
  }
  Outcome outcome;
  outcome.count = static_cast<int64_t>(pairs.size());
  outcome.measures = {PercentMeasure("rouge1", one, bootstrap),
                      PercentMeasure("rouge2", two, bootstrap),
                      PercentMeasure("rougeL", longest, bootstrap)};
  for (Measure& measure : outcome.measures) {
    measure.signature = stem ? "f1, stemmed" : "f1, not stemmed";
  }
  return outcome;
}

Outcome MeasureAnswers(const std::vector<SpanQuestion>& questions,
                       const std::vector<AnswerOutput>& outputs, AnswerLanguage language,
                       std::optional<double> threshold, const BootstrapOptions& bootstrap) {
  std::vector<AnswerMark> exact, f1;
  bool known = true, all_answerable = true;
  for (size_t i = 0; i < questions.size(); ++i) {
    const SpanScore score = ScoreSpan(outputs[i].text, questions[i].answers, language);
    AnswerMark mark;
    mark.no_answer = outputs[i].no_answer.value_or(0.0);
    mark.answerable = !questions[i].answers.empty();
    mark.said = !outputs[i].text.empty();
    known = known && outputs[i].no_answer.has_value();
    all_answerable = all_answerable && mark.answerable;
    for (const auto& [marks, value] : {std::pair(&exact, score.exact), std::pair(&f1, score.f1)}) {
      mark.score = value;
      marks->push_back(mark);
    }
  }
  const double above = known && threshold ? *threshold : std::numeric_limits<double>::infinity();
  Outcome outcome;
  outcome.count = static_cast<int64_t>(questions.size());
  const auto add = [&](const std::string& ending, auto&& counts) {
    for (const auto& [name, marks] : {std::pair("exact", &exact), std::pair("f1", &f1)}) {
      std::vector<double> values;
      for (const AnswerMark& mark : *marks) {
        if (counts(mark)) values.push_back(ScoreWithThreshold(mark, above));
      }
      if (values.empty()) continue;
      outcome.measures.push_back(PercentMeasure(name + ending, values, bootstrap));
    }
  };
  add("", [](const AnswerMark&) { return true; });
  if (all_answerable) return outcome;
  add("_answerable", [](const AnswerMark& mark) { return mark.answerable; });
  add("_unanswerable", [](const AnswerMark& mark) { return !mark.answerable; });
  if (!known) return outcome;
  outcome.measures.push_back(BestMeasure("best_exact", std::move(exact), bootstrap));
  outcome.measures.push_back(BestMeasure("best_f1", std::move(f1), bootstrap));
  return outcome;
}

}  // namespace parvis::eval
