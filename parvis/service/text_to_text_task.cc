#include "parvis/service/text_to_text_task.h"

#include <fmt/format.h>

#include <algorithm>

#include "parvis/text/language_guess.h"
#include "parvis/text/tokenizer.h"

namespace parvis::service {
namespace {

constexpr size_t kAtATime = 16;  // pieces that the engine has of one request

}  // namespace

OrRefusal<runtime::TextTask> TextToTextTask::TaskFor(const LoadedModel& loaded) const {
  const models::Model& model = loaded.model();
  // As the commands: a model with an encoder has its own form of a task.
  const bool encoder = model.stack.blueprint().encoder_layers > 0;
  const chat::Prompter* prompter = encoder ? nullptr : loaded.prompter();
  runtime::TextTask task;
  if (spec_.summary) {
    task = runtime::SummaryTask(model, prompter != nullptr);
  } else {
    auto made = runtime::TranslationTask(model, spec_.from, spec_.to, prompter != nullptr);
    if (!made.ok()) {
      const bool from = !runtime::TranslationTask(model, spec_.from, spec_.from).ok();
      return Invalid(from ? "from" : "to", made.status().message());
    }
    task = std::move(*made);
  }
  if (prompter != nullptr) {
    task.prompt = [prompter](const std::string& words) -> Result<std::vector<int32_t>> {
      OrderedJson messages = OrderedJson::array({{{"role", "user"}, {"content", words}}});
      PARVIS_ASSIGN_OR_RETURN(
          chat::Prompt prompt,
          prompter->Make(messages.dump(-1, ' ', false, OrderedJson::error_handler_t::replace)));
      return std::move(prompt.ids);
    };
  }
  if (spec_.num_beams > 0) task.beams.num_beams = spec_.num_beams;
  if (spec_.max_tokens > 0) {
    task.beams.max_tokens = spec_.max_tokens;
    task.beams.min_tokens = std::min(task.beams.min_tokens, spec_.max_tokens - 1);
  }
  return task;
}

OrRefusal<Plan> TextToTextTask::Prepare(const LoadedModel& loaded) {
  if (!loaded.generates()) {
    return Invalid("model", fmt::format("The model '{}' does not generate text.", spec_.model));
  }
  if (const Status status = models::CheckTokenizer(loaded.model()); !status.ok()) {
    return Invalid("model", spec_.model + ": " + status.message());
  }
  if (!spec_.summary && !text::GuessLanguages(spec_.text, spec_.from, spec_.to)) {
    return Invalid("from", "This text does not tell whether it is English or French: say it.");
  }
  auto task = TaskFor(loaded);
  if (!task.ok()) return task.refusal();
  auto prompts =
      runtime::TextPrompts::Create(loaded.model(), std::move(*task), loaded.context_length());
  if (!prompts.ok()) {
    Refusal refusal = RefusalOf(prompts.status());
    if (refusal.param.empty()) refusal.param = "model";
    return refusal;
  }
  prompts_ = std::move(*prompts);
  const int64_t vocab = loaded.model().stack.blueprint().vocab_size;
  if (prompts_->task().beams.num_beams > std::max<int64_t>(1, vocab / 2)) {
    return Invalid("num_beams",
                   fmt::format("The model '{}' has {} tokens; beams may be half of "
                               "them.",
                               spec_.model, vocab),
                   "out_of_range");
  }
  if (const Status status = Cut(spec_.text); !status.ok()) {
    return Invalid("text", status.message());
  }
  for (const std::vector<int32_t>& ids : ids_) {
    const Status status = loaded.Check(prompts_->RequestOf(ids));
    if (!status.ok()) return Invalid("text", status.message(), "context_length_exceeded");
  }
  Plan plan{.texts = {spec_.text}};
  const int64_t rounds = spec_.summary && pieces_.size() > 1 ? 2 : 1;
  plan.input_tokens = InputTokens();
  plan.max_output_tokens = rounds * (plan.input_tokens + MaxOutputTokens()) - plan.input_tokens;
  reserved_ = plan.input_tokens + plan.max_output_tokens;
  return plan;
}

Status TextToTextTask::Cut(const std::string& text) {
  pieces_ = prompts_->Cut(text);
  ids_.clear();
  for (const text::TextPiece& piece : pieces_) {
    PARVIS_ASSIGN_OR_RETURN(auto ids, prompts_->PromptOf(piece.text));
    ids_.push_back(std::move(ids));
  }
  answers_.assign(pieces_.size(), {});
  sent_ = answered_ = 0;
  bytes_ = text.size();
  return {};
}

int64_t TextToTextTask::InputTokens() const {
  int64_t tokens = 0;
  for (const std::vector<int32_t>& ids : ids_) tokens += static_cast<int64_t>(ids.size());
  return tokens;
}

int64_t TextToTextTask::MaxOutputTokens() const {
  return static_cast<int64_t>(pieces_.size()) * prompts_->task().beams.max_tokens;
}

std::optional<Refusal> TextToTextTask::Start(const std::shared_ptr<LoadedModel>& model,
                                             Output& output) {
  model_ = model;
  output_ = &output;
  model_->Post([this](models::Model&) { Next(); }, priority());
  return std::nullopt;
}

void TextToTextTask::Cancel() {
  const std::lock_guard lock(mutex_);
  cancelled_ = true;
  for (const runtime::RequestId id : running_) model_->Cancel(id);
}

bool TextToTextTask::Cancelled() {
  const std::lock_guard lock(mutex_);
  return cancelled_;
}

void TextToTextTask::Next() {
  const bool beams = prompts_->task().beams.num_beams > 1;
  const bool stop = !failed_.ok() || Cancelled();
  if (beams && !stop && answered_ < pieces_.size()) {
    return model_->Post([this](models::Model& model) { Search(model); }, priority());
  }
  while (!beams && !stop && failed_.ok() && sent_ < pieces_.size() &&
         sent_ - answered_ < kAtATime) {
    failed_ = Send(sent_);
  }
  if (answered_ < sent_) return;  // Take comes back
  if (stop || !failed_.ok()) return End();
  if (answered_ == pieces_.size()) EndRound();
}

Status TextToTextTask::Send(size_t piece) {
  runtime::GenerateRequest request = prompts_->RequestOf(ids_[piece]);
  request.cache_salt = cache_salt();
  request.priority = priority();
  request.on_token = [this, piece](const runtime::TokenEvent& event) { Take(piece, event); };
  PARVIS_ASSIGN_OR_RETURN(const runtime::RequestId id, model_->Submit(std::move(request)));
  ++sent_;
  const std::lock_guard lock(mutex_);
  running_.push_back(id);
  if (cancelled_) model_->Cancel(id);
  return {};
}

void TextToTextTask::Take(size_t piece, const runtime::TokenEvent& event) {
  runtime::TextAnswer& answer = answers_[piece];
  answer.text += event.text;
  if (!event.finish) return;
  {
    const std::lock_guard lock(mutex_);
    running_.erase(std::remove(running_.begin(), running_.end(), event.id), running_.end());
  }
  answer.text = runtime::Trimmed(answer.text);
  answer.finish = *event.finish;
  if (!event.status.ok()) failed_ = event.status;
  reply_.usage.prompt_tokens += event.usage.prompt_tokens;
  reply_.usage.cached_tokens += event.usage.cached_tokens;
  reply_.usage.completion_tokens += event.usage.completion_tokens;
  reply_.timings.prompt += event.timings.prompt;
  reply_.timings.generation += event.timings.generation;
  ++answered_;
  Next();
}

void TextToTextTask::Search(models::Model& model) {
  const std::vector<int32_t>& prompt = ids_[answered_];
  runtime::BeamSearchParams params = prompts_->task().beams;
  params.adapter = model_->adapter();
  if (search_ == nullptr) {
    auto search = runtime::BeamSearcher::Create(model, model_->exec(), prompt, params);
    if (!search.ok()) {
      failed_ = search.status();
      return Next();
    }
    search_ = std::move(*search);
    steps_ = 0;
    reply_.usage.prompt_tokens += static_cast<int64_t>(prompt.size());
  }
  // One step a turn: others who use the model get theirs, and a caller who leaves is noticed.
  const Result<bool> more = Cancelled() ? Result<bool>(false) : search_->Step();
  if (more.ok() && *more) {
    ++steps_;
    return model_->Post([this](models::Model& weights) { Search(weights); }, priority());
  }
  if (!more.ok()) failed_ = more.status();
  if (!more.ok() || Cancelled()) {
    reply_.usage.completion_tokens += steps_;
  } else {
    runtime::TextAnswer answer = runtime::BestAnswer(model, static_cast<int64_t>(prompt.size()),
                                                     search_->Take(), params.end_tokens);
    reply_.usage.completion_tokens += answer.usage.completion_tokens;
    answers_[answered_++] = std::move(answer);
    sent_ = answered_;
  }
  search_ = nullptr;
  Next();
}

void TextToTextTask::EndRound() {
  text_.clear();
  for (size_t i = 0; i < answers_.size(); ++i) {
    if (answers_[i].finish == runtime::FinishReason::kLength) cut_short_ = true;
    if (spec_.summary) {
      text_ += (text_.empty() ? "" : "\n") + answers_[i].text;
    } else {
      text_ += answers_[i].text + pieces_[i].space;
    }
  }
  rounds_.push_back(pieces_.size());
  const bool again =
      spec_.summary && answers_.size() > 1 && !text_.empty() && text_.size() < bytes_;
  if (!again) return End();
  failed_ = Cut(text_);
  const int64_t used = reply_.usage.prompt_tokens + reply_.usage.completion_tokens;
  if (failed_.ok() && used + InputTokens() + MaxOutputTokens() > reserved_) {
    cut_short_ = true;
    return End();
  }
  Next();
}

void TextToTextTask::End() {
  if (!failed_.ok()) return output_->End(std::move(reply_), RefusalOf(failed_));
  const Finish ended = cut_short_ ? Finish::kLength : Finish::kStop;
  output_->Tell({.choice = 0, .text = text_, .finish = Cancelled() ? Finish::kCancelled : ended});
  if (spec_.summary) {
    reply_.result = {{"rounds", std::move(rounds_)}};
  } else {
    const size_t pieces = pieces_.size();
    reply_.result = {{"from", spec_.from}, {"to", spec_.to}, {"pieces", pieces}};
  }
  output_->End(std::move(reply_), std::nullopt);
}

}  // namespace parvis::service
