#include "parvis/runtime/text_to_text.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "parvis/models/model.h"
#include "parvis/runtime/prompt.h"
#include "parvis/text/unwrap.h"

namespace parvis::runtime {
namespace {

std::vector<std::string> TextsOf(std::span<const text::TextPiece> pieces) {
  std::vector<std::string> texts;
  for (const text::TextPiece& piece : pieces) texts.push_back(piece.text);
  return texts;
}

}  // namespace

std::string Trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(kSpace) - begin + 1));
}

TextPrompts::TextPrompts(const models::Model& model, TextTask task, int64_t context_length)
    : model_(&model), task_(std::move(task)) {
  // Where prompt and answer share the context, an answer is about as long as its text.
  const bool encoder = model.stack.blueprint().encoder_layers > 0;
  room_ = encoder ? context_length : context_length / 2;
  const int64_t most = encoder ? context_length - 1 : context_length - room_;
  int64_t& max_tokens = task_.beams.max_tokens;
  if (max_tokens == 0 || max_tokens > most) max_tokens = most;
  if (model.tokenizer->eos()) task_.beams.end_tokens = {*model.tokenizer->eos()};
}

Result<TextPrompts> TextPrompts::Create(const models::Model& model, TextTask task,
                                        int64_t context_length) {
  PARVIS_RETURN_IF_ERROR(models::CheckTokenizer(model));
  if (task.beams.num_beams > 1 && model.stack.blueprint().encoder_layers == 0) {
    return InvalidArgument("num_beams: only models with an encoder are searched with beams");
  }
  TextPrompts prompts(model, std::move(task), context_length);
  PARVIS_RETURN_IF_ERROR(prompts.PromptOf("").status());
  if (!prompts.Fits("")) {
    return InvalidArgument(
        fmt::format("the task's own words are more than the {} tokens that there are for a prompt",
                    prompts.room_));
  }
  return prompts;
}

Result<std::vector<int32_t>> TextPrompts::PromptOf(std::string_view text) const {
  const std::string words = task_.before + std::string(text) + task_.after;
  if (task_.prompt) return task_.prompt(words);
  return PromptTokens(*model_, words);
}

bool TextPrompts::Fits(std::string_view text) const {
  const auto prompt = PromptOf(text);
  return !prompt.ok() || static_cast<int64_t>(prompt->size()) <= room_;
}

std::vector<text::TextPiece> TextPrompts::Cut(std::string_view text) const {
  const auto fits = [this](std::string_view piece) { return Fits(piece); };
  if (task_.together != text::Together::kNone) {
    return text::PackSentences(text, task_.together, fits);
  }
  return text::PackSentences(text::Unwrapped(text, text::Unwrap::kWithinSentences), task_.together,
                             fits);
}

GenerateRequest TextPrompts::RequestOf(std::vector<int32_t> prompt) const {
  GenerateRequest request;
  request.prompt = std::move(prompt);
  request.max_tokens = task_.beams.max_tokens;
  request.sampling.temperature = 0.0f;
  request.stop_strings = task_.stop_strings;
  return request;
}

TextAnswer BestAnswer(const models::Model& model, int64_t prompt_tokens,
                      const std::vector<Hypothesis>& found, const std::vector<int32_t>& ends) {
  TextAnswer answer;
  if (found.empty()) return answer;
  const std::vector<int32_t>& tokens = found[0].tokens;
  const bool ended =
      !tokens.empty() && std::find(ends.begin(), ends.end(), tokens.back()) != ends.end();
  answer.text = Trimmed(model.tokenizer->Decode(tokens));
  answer.finish = ended ? FinishReason::kStop : FinishReason::kLength;
  answer.usage.prompt_tokens = prompt_tokens;
  answer.usage.completion_tokens = static_cast<int64_t>(tokens.size());
  answer.score = found[0].score;
  return answer;
}

Result<TextAnswer> SearchAnswer(models::Model& model, const ops::Exec& exec,
                                const std::vector<int32_t>& prompt,
                                const BeamSearchParams& params) {
  PARVIS_ASSIGN_OR_RETURN(const auto found, BeamSearch(model, exec, prompt, params));
  return BestAnswer(model, static_cast<int64_t>(prompt.size()), found, params.end_tokens);
}

Result<std::unique_ptr<TextToText>> TextToText::Create(models::Model& model, const ops::Exec& exec,
                                                       TextTask task,
                                                       const EngineOptions& options) {
  PARVIS_RETURN_IF_ERROR(models::CheckTokenizer(model));
  PARVIS_ASSIGN_OR_RETURN(auto engine, Engine::Create(model, exec, options));
  PARVIS_ASSIGN_OR_RETURN(auto prompts,
                          TextPrompts::Create(model, std::move(task), engine->context_length()));
  BeamSearchParams beams = prompts.task().beams;
  beams.kv_budget_bytes = options.kv_budget_bytes;
  return std::unique_ptr<TextToText>(
      new TextToText(model, exec, std::move(prompts), std::move(beams), std::move(engine)));
}

Result<std::vector<TextAnswer>> TextToText::Answer(std::span<const std::string> texts,
                                                   const std::function<bool()>& cancelled) {
  std::vector<TextAnswer> answers(texts.size());
  if (beams_.num_beams > 1) {
    beams_.cancelled = cancelled;
    for (size_t i = 0; i < texts.size(); ++i) {
      PARVIS_ASSIGN_OR_RETURN(const std::vector<int32_t> prompt, prompts_.PromptOf(texts[i]));
      PARVIS_ASSIGN_OR_RETURN(answers[i], SearchAnswer(model_, exec_, prompt, beams_));
    }
    return answers;
  }
  Status failed;
  std::vector<RequestId> ids;
  for (size_t next = 0; next < texts.size() || engine_->unfinished() > 0;) {
    const bool stop = !failed.ok() || (cancelled && cancelled());
    if (stop) {
      for (const RequestId id : ids) engine_->Cancel(id);
      while (engine_->Step()) {
      }
      return failed.ok() ? Cancelled("interrupted") : failed;
    }
    while (next < texts.size() && engine_->unfinished() < 16) {
      TextAnswer& answer = answers[next];
      auto prompt = prompts_.PromptOf(texts[next++]);
      if (!prompt.ok()) {
        failed = prompt.status();
        break;
      }
      GenerateRequest request = prompts_.RequestOf(std::move(prompt).value());
      request.on_token = [&answer, &failed](const TokenEvent& event) {
        answer.text += event.text;
        if (!event.finish) return;
        answer.finish = *event.finish;
        answer.usage = event.usage;
        if (!event.status.ok()) failed = event.status;
      };
      PARVIS_ASSIGN_OR_RETURN(const RequestId id, engine_->Submit(std::move(request)));
      ids.push_back(id);
    }
    engine_->Step();
  }
  PARVIS_RETURN_IF_ERROR(failed);
  for (TextAnswer& answer : answers) answer.text = Trimmed(answer.text);
  return answers;
}

Result<Translation> Translate(TextToText& model, std::string_view text,
                              const std::function<bool()>& cancelled) {
  Translation result;
  result.pieces = model.Cut(text);
  PARVIS_ASSIGN_OR_RETURN(result.answers, model.Answer(TextsOf(result.pieces), cancelled));
  for (size_t i = 0; i < result.pieces.size(); ++i) {
    result.text += result.answers[i].text + result.pieces[i].space;
  }
  return result;
}

Result<Summary> Summarize(TextToText& model, std::string_view text,
                          const std::function<bool()>& cancelled) {
  Summary result;
  std::string left(text);
  for (size_t before = left.size() + 1; !left.empty() && left.size() < before;) {
    before = left.size();
    result.sections.push_back(model.Cut(left));
    PARVIS_ASSIGN_OR_RETURN(auto answers, model.Answer(TextsOf(result.sections.back()), cancelled));
    left.clear();
    for (const TextAnswer& answer : answers) {
      left += (left.empty() ? "" : "\n") + answer.text;
    }
    result.answers.push_back(std::move(answers));
    result.text = left;
    if (result.answers.back().size() <= 1) break;
  }
  return result;
}

}  // namespace parvis::runtime
