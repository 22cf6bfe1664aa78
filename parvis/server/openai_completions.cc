// POST /v1/completions: text that goes on from prompts. The older of OpenAI's two ways, and the one
// that evaluation harnesses speak.

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "parvis/server/api.h"
#include "parvis/server/openai_answer.h"
#include "parvis/server/openai_json.h"
#include "parvis/service/generate_task.h"

namespace parvis::server {
namespace {

using service::Delta;
using service::Invalid;
using service::Refusal;

constexpr size_t kMaxPrompts = 128;
constexpr Shape kPromptText = String(kMaxText);
constexpr Shape kPromptTokens = Array(kTokenId, 1, 1'000'000);
constexpr Shape kPromptShapes[] = {kPromptText, Array(kPromptText, 1, kMaxPrompts), kPromptTokens,
                                   Array(kPromptTokens, 1, kMaxPrompts)};
constexpr Field kFields[] = {
    {"model", kModelName, Presence::kRequired},
    {"prompt", OneOf(kPromptShapes), Presence::kRequired},
    {"suffix", String(kMaxText)},
    {"heal", Boolean()},
    {"max_tokens", Integer(0, 1'000'000)},
    {"temperature", Number(0, 2)},
    {"top_p", Number(0, 1)},
    {"top_k", Integer(0, 1'000'000)},
    {"min_p", Number(0, 1)},
    {"repetition_penalty", Number(0.1, 10)},
    {"presence_penalty", Number(-2, 2)},
    {"frequency_penalty", Number(-2, 2)},
    {"dry_multiplier", Number(0, 100)},
    {"dry_base", Number(1, 100)},
    {"dry_allowed_length", Integer(1, 1'000'000)},
    {"dry_penalty_last_n", Integer(-1, 1'000'000)},
    {"dry_sequence_breakers", kBreakers},
    {"logit_bias", kLogitBias},
    {"n", Integer(1, 128)},
    {"best_of", Integer(1, 20)},
    {"seed", Integer(-kMaxExactInteger, kMaxExactInteger)},
    {"stop", kStop},
    {"stream", Boolean()},
    {"stream_options", kStreamOptions},
    {"logprobs", Integer(0, 5)},
    {"echo", Boolean()},
    {"user", String(512), Presence::kIgnored},
};
constexpr Shape kBody = Object(kFields);

// Bytes as JSON will have them.
std::string Written(const std::string& bytes) {
  return OrderedJson::parse(Dump(OrderedJson(bytes))).get<std::string>();
}

// Code points of a text; of a part of a character those that begin in it.
size_t CountCharacters(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

void ReadPrompts(const Json& prompt, std::vector<service::PromptSource>& prompts) {
  if (prompt.is_string()) {
    prompts.emplace_back(prompt.get<std::string>());
  } else if (prompt[0].is_number()) {
    prompts.emplace_back(prompt.get<std::vector<int32_t>>());
  } else {
    for (const Json& one : prompt) ReadPrompts(one, prompts);
  }
}

struct Asked {
  int logprobs = -1;
  int64_t n = 1, best_of = 1;  // of each prompt: told, and generated
  // Of each prompt its text, if it stands before the answer; none: its tokens are the text.
  std::vector<std::optional<std::string>> echo;
};

// The older form of logprobs, grown token by token.
class TokenLists {
 public:
  void Add(const std::vector<service::TokenInfo>& tokens) {
    for (const service::TokenInfo& token : tokens) {
      Append(token, true, true);
      sum_ += token.logprob;
    }
  }
  // A prompt's: of the first nothing is known. Control tokens are no part of a prompt that was told
  // as a text.
  void AddPrompt(const std::vector<service::TokenInfo>& tokens, bool told_as_text) {
    for (size_t i = 0; i < tokens.size(); ++i) {
      Append(tokens[i], i > 0, !(told_as_text && tokens[i].control));
    }
  }
  // What was added since the last time.
  OrderedJson Take() {
    OrderedJson json = {{"tokens", std::move(tokens_)},
                        {"token_logprobs", std::move(logprobs_)},
                        {"top_logprobs", std::move(top_)},
                        {"text_offset", std::move(offsets_)}};
    tokens_ = logprobs_ = top_ = offsets_ = OrderedJson::array();
    return json;
  }
  // Where the next token begins.
  void set_offset(int64_t offset) { offset_ = offset; }
  double sum() const { return sum_; }

 private:
  void Append(const service::TokenInfo& token, bool scored, bool counted) {
    tokens_.push_back(token.bytes);
    offsets_.push_back(offset_);
    if (counted) offset_ += static_cast<int64_t>(CountCharacters(token.bytes));
    OrderedJson top;
    if (scored) {
      top = OrderedJson::object();
      for (const service::TokenInfo& other : token.top) {
        // No name may stand there twice; the likeliest comes first.
        const std::string name = Written(other.bytes);
        if (!top.contains(name)) top[name] = other.logprob;
      }
    }
    logprobs_.push_back(scored ? OrderedJson(token.logprob) : OrderedJson());
    top_.push_back(std::move(top));
  }

  OrderedJson tokens_ = OrderedJson::array(), logprobs_ = OrderedJson::array(),
              top_ = OrderedJson::array(), offsets_ = OrderedJson::array();
  int64_t offset_ = 0;
  double sum_ = 0;
};

constexpr char kObject[] = "text_completion";  // of answers and of pieces of streams

class CompletionReceiver : public OpenAiReceiver {
 public:
  CompletionReceiver(OpenAiAnswer answer, Asked asked, std::string request_id,
                     std::shared_ptr<Responder> to)
      : OpenAiReceiver(std::move(answer), std::move(request_id), std::move(to)),
        asked_(std::move(asked)) {}

  void OnAdmitted(const service::Admission& admission) override {
    OpenAiReceiver::OnAdmitted(admission);
    lists_.resize(static_cast<size_t>(admission.choices));
  }

 protected:
  // What stands before a choice's answer, from its first delta on; nothing at any other.
  std::string Echo(const Delta& delta) {
    if (delta.prompt.empty()) return "";
    const auto& text = asked_.echo[static_cast<size_t>(delta.choice / asked_.best_of)];
    std::string echo;
    for (const service::TokenInfo& token : delta.prompt) echo += token.bytes;
    if (text) echo = *text;
    TokenLists& lists = lists_[static_cast<size_t>(delta.choice)];
    lists.AddPrompt(delta.prompt, text.has_value());
    lists.set_offset(static_cast<int64_t>(CountCharacters(echo)));
    return echo;
  }
  OrderedJson ChoiceJson(int64_t index, const std::string& text, OrderedJson logprobs,
                         OrderedJson finish) const {
    return {{"text", text},
            {"index", index},
            {"logprobs", std::move(logprobs)},
            {"finish_reason", std::move(finish)}};
  }

  const Asked asked_;
  std::vector<TokenLists> lists_;
};

class WholeCompletion : public CompletionReceiver {
 public:
  using CompletionReceiver::CompletionReceiver;

  bool delivers_whole() const override { return true; }
  void OnAdmitted(const service::Admission& admission) override {
    CompletionReceiver::OnAdmitted(admission);
    choices_.resize(lists_.size());
  }
  void OnDelta(Delta delta) override {
    const auto choice = static_cast<size_t>(delta.choice);
    choices_[choice].text += Echo(delta) + delta.text;
    choices_[choice].tokens += delta.tokens.size();
    lists_[choice].Add(delta.tokens);
    if (delta.finish) choices_[choice].finish = delta.finish;
    cut_ |= Cut(delta);
  }
  void OnReply(const service::Reply& reply) override {
    if (cut_) return OnRefused(CutShort());
    OrderedJson body = Envelope(kObject);
    body["choices"] = OrderedJson::array();
    int64_t index = 0;
    for (const size_t i : Best()) {
      OrderedJson logprobs;
      if (asked_.logprobs >= 0) logprobs = lists_[i].Take();
      body["choices"].push_back(ChoiceJson(index++, choices_[i].text, std::move(logprobs),
                                           FinishReason(choices_[i].finish)));
      Tell(choices_[i].finish, body);
    }
    SendWhole(std::move(body), reply.usage);
  }

 private:
  struct Choice {
    std::string text;
    size_t tokens = 0;
    std::optional<service::Finish> finish;
  };

  // Of each prompt's `best_of` choices the `n` whose tokens are likeliest on average.
  std::vector<size_t> Best() const {
    std::vector<size_t> best;
    const auto of = static_cast<size_t>(asked_.best_of);
    const auto mean = [this](size_t i) {
      return lists_[i].sum() / static_cast<double>(std::max<size_t>(1, choices_[i].tokens));
    };
    for (size_t begin = 0; begin < choices_.size(); begin += of) {
      std::vector<size_t> of_prompt(of);
      for (size_t i = 0; i < of; ++i) of_prompt[i] = begin + i;
      if (asked_.best_of > asked_.n) {
        std::stable_sort(of_prompt.begin(), of_prompt.end(),
                         [&](size_t a, size_t b) { return mean(a) > mean(b); });
      }
      best.insert(best.end(), of_prompt.begin(), of_prompt.begin() + asked_.n);
    }
    return best;
  }

  std::vector<Choice> choices_;
};

class StreamedCompletion : public CompletionReceiver {
 public:
  using CompletionReceiver::CompletionReceiver;

  void OnAdmitted(const service::Admission& admission) override {
    CompletionReceiver::OnAdmitted(admission);
    Begin();
  }
  void OnDelta(Delta delta) override {
    cut_ |= Cut(delta);
    const std::string text = Echo(delta) + delta.text;
    OrderedJson logprobs;
    if (asked_.logprobs >= 0 && (!delta.tokens.empty() || !delta.prompt.empty())) {
      TokenLists& lists = lists_[static_cast<size_t>(delta.choice)];
      lists.Add(delta.tokens);
      logprobs = lists.Take();
    }
    if (!text.empty() || !logprobs.is_null()) Say(delta.choice, text, std::move(logprobs), {});
    if (delta.finish && !Cut(delta)) Say(delta.choice, "", {}, delta.finish);
  }
  void OnReply(const service::Reply& reply) override {
    if (cut_) return OnRefused(CutShort());
    End(kObject, reply.usage);
  }

 private:
  void Say(int64_t choice, const std::string& text, OrderedJson logprobs,
           std::optional<service::Finish> finish) {
    OrderedJson chunk = Envelope(kObject);
    chunk["choices"] = {ChoiceJson(choice, text, std::move(logprobs), FinishReason(finish))};
    Tell(finish, chunk);
    OpenAiReceiver::Say(std::move(chunk));
  }
};

std::optional<Refusal> ReadCounts(const Json& body, bool stream, Asked& asked,
                                  service::GenerateSpec& spec) {
  asked.n = spec.choices_per_prompt;
  const Json& best_of = Get(body, "best_of");
  asked.best_of = best_of.is_null() ? asked.n : best_of.get<int64_t>();
  if (asked.best_of < asked.n) return Invalid("best_of", "'best_of' must be at least 'n'.");
  if (stream && asked.best_of > asked.n) {
    return Invalid("best_of", "What is best is known at the end only: no 'stream' with 'best_of'.");
  }
  spec.choices_per_prompt = asked.best_of;
  // They are chosen by their log-probabilities.
  if (asked.best_of > asked.n) spec.logprobs = std::max(spec.logprobs, 0);
  return std::nullopt;
}

// With an end, a prompt is a beginning, and the model is asked for what stands between. An empty
// one is none.
std::optional<Refusal> ReadSuffix(const Json& body, service::GenerateSpec& spec) {
  const Json& suffix = Get(body, "suffix");
  if (suffix.is_null() || suffix == "") return std::nullopt;
  if (spec.tell_prompt && spec.logprobs >= 0) {
    return Invalid("suffix", "'suffix' and 'echo' with 'logprobs' exclude each other.");
  }
  for (service::PromptSource& prompt : spec.prompts) {
    auto* text = std::get_if<std::string>(&prompt);
    if (text == nullptr) return Invalid("suffix", "'suffix' needs prompts that are texts.");
    prompt = service::InfillText{std::move(*text), suffix.get<std::string>()};
  }
  return std::nullopt;
}

// A word at a prompt's end is ended as one (ours, not OpenAI's). Its log-probabilities would be
// those of tokens that begin within the prompt.
std::optional<Refusal> ReadHeal(const Json& body, service::GenerateSpec& spec) {
  if (Get(body, "heal") != true) return std::nullopt;
  if (!Get(body, "logprobs").is_null()) {
    return Invalid("heal", "'heal' and 'logprobs' exclude each other.");
  }
  for (const service::PromptSource& prompt : spec.prompts) {
    if (std::holds_alternative<std::vector<int32_t>>(prompt)) {
      return Invalid("heal", "'heal' needs prompts that are texts.");
    }
  }
  spec.heal = true;
  return std::nullopt;
}

void Completions(const Api& api, const HttpRequest& request, const std::shared_ptr<Responder>& to) {
  const auto refuse = [&](const Refusal& refusal) {
    to->Send(ErrorResponse(Dialect::kOpenAi, refusal, request.id));
  };
  const auto body = ReadBody(request.body, kBody);
  if (!body.ok()) return refuse(body.refusal());
  service::GenerateSpec spec;
  spec.model = (*body)["model"].get<std::string>();
  ReadPrompts((*body)["prompt"], spec.prompts);
  if (auto refusal = ReadSampling(*body, spec)) return refuse(*refusal);
  const Json& most = Get(*body, "max_tokens");
  spec.max_tokens = most.is_null() ? 16 : most.get<int64_t>();

  OpenAiAnswer answer = NewOpenAiAnswer("cmpl-", request.id);
  Asked asked;
  const Json& logprobs = Get(*body, "logprobs");
  if (!logprobs.is_null()) asked.logprobs = spec.logprobs = logprobs.get<int>();
  const bool stream = Get(*body, "stream") == true;
  const Json& options = Get(*body, "stream_options");
  if (!stream && !options.is_null()) {
    return refuse(Invalid("stream_options", "'stream_options' needs 'stream' to be true."));
  }
  answer.include_usage = options.is_object() && Get(options, "include_usage") == true;
  if (auto refusal = ReadCounts(*body, stream, asked, spec)) return refuse(*refusal);
  if (Get(*body, "echo") == true) {
    spec.tell_prompt = true;
    for (const service::PromptSource& prompt : spec.prompts) {
      const auto* text = std::get_if<std::string>(&prompt);
      asked.echo.push_back(text ? std::optional(*text) : std::nullopt);
    }
  }
  if (auto refusal = ReadSuffix(*body, spec)) return refuse(*refusal);
  if (auto refusal = ReadHeal(*body, spec)) return refuse(*refusal);
  std::shared_ptr<service::Receiver> receiver;
  if (stream) {
    receiver =
        std::make_shared<StreamedCompletion>(std::move(answer), std::move(asked), request.id, to);
  } else {
    receiver =
        std::make_shared<WholeCompletion>(std::move(answer), std::move(asked), request.id, to);
  }
  SendTask(api, request, "POST /v1/completions",
           std::make_unique<service::GenerateTask>(std::move(spec)), std::move(receiver), to);
}

}  // namespace

void AddOpenAiCompletions(const Api& api, std::vector<Route>& routes) {
  routes.push_back(
      {.method = "POST",
       .pattern = "/v1/completions",
       .policy = Policy::Needs(service::Permission::kUseModels),
       .dialect = Dialect::kOpenAi,
       .summary = "Go on with a text",
       .body = &kBody,
       .max_body_bytes = kMaxBodyBytes,
       .handler = [api](const HttpRequest& request, const std::shared_ptr<Responder>& to) {
         Completions(api, request, to);
       }});
}

}  // namespace parvis::server
