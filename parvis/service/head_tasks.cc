#include "parvis/service/head_tasks.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "parvis/text/tokenizer.h"

namespace parvis::service {
namespace {

using Kind = nn::Head::Kind;

// What the answer of a fill may hold together: each filling has the whole text in it.
constexpr size_t kMaxFilledBytes = size_t{32} << 20;

}  // namespace

OrderedJson FillingsJson(const std::vector<std::vector<runtime::Filling>>& masks) {
  OrderedJson all = OrderedJson::array();
  for (const std::vector<runtime::Filling>& fillings : masks) {
    OrderedJson mask = OrderedJson::array();
    for (const runtime::Filling& filling : fillings) {
      mask.push_back({{"score", filling.score},
                      {"token", filling.token},
                      {"token_text", filling.token_text},
                      {"text", filling.text}});
    }
    all.push_back(std::move(mask));
  }
  return all;
}

OrRefusal<Plan> TokenizeTask::Prepare(const LoadedModel& loaded) {
  const Status status = models::CheckTokenizer(loaded.model());
  if (!status.ok()) return WrongModel(status);
  const text::Tokenizer& tokenizer = *loaded.model().tokenizer;
  Plan plan;
  if (spec_.ids) {
    for (size_t i = 0; i < spec_.ids->size(); ++i) {
      const int32_t id = (*spec_.ids)[i];
      if (id >= 0 && id < tokenizer.vocab_size()) continue;
      return Invalid(fmt::format("ids[{}]", i),
                     fmt::format("There is no token {}; the vocabulary of '{}' has {}.", id,
                                 spec_.model, tokenizer.vocab_size()),
                     "out_of_range");
    }
    std::string text = tokenizer.Decode(*spec_.ids, /*skip_special=*/!spec_.parse_special);
    result_ = {{"count", spec_.ids->size()}, {"ids", *spec_.ids}, {"text", text}};
    plan.texts.push_back(std::move(text));
    return plan;
  }
  const text::Encoded encoded = tokenizer.Encode(spec_.text, {.add_special = spec_.add_special,
                                                              .parse_special = spec_.parse_special,
                                                              .offsets = spec_.offsets});
  OrderedJson tokens = OrderedJson::array();
  for (const text::TokenId id : encoded.ids) {
    tokens.push_back(tokenizer.vocabulary().tokens[static_cast<size_t>(id)]);
  }
  result_ = {{"count", encoded.ids.size()}, {"ids", encoded.ids}, {"tokens", std::move(tokens)}};
  if (spec_.offsets) result_["offsets"] = encoded.offsets;
  plan.texts.push_back(spec_.text);
  return plan;
}

Result<bool> TokenizeTask::Turn(models::Model&, const ops::Exec&, Reply& reply) {
  reply.result = std::move(result_);
  return true;
}

std::string TextsTask::ParamOf(size_t text, const char* name) const {
  return texts_.size() == 1 ? name : fmt::format("{}[{}]", name, text);
}

OrRefusal<Plan> TextsTask::PlanOf(const models::Model& model, const std::vector<std::string>& pairs,
                                  bool parse_special) {
  Plan plan;
  for (size_t i = 0; i < texts_.size(); ++i) {
    const std::span<const std::string> text(&texts_[i], 1);
    const auto inputs = pairs.empty() ? runtime::InputsOf(model, text, parse_special)
                                      : runtime::PairInputsOf(model, text, std::span(&pairs[i], 1));
    if (!inputs.ok()) return WrongModel(inputs.status());
    if (auto refusal = CheckInput(model, (*inputs)[0], ParamOf(i))) return std::move(*refusal);
    sizes_.push_back(static_cast<int64_t>((*inputs)[0].tokens.size()));
    plan.AddInput(sizes_.back(), ParamOf(i));
  }
  plan.texts = texts_;
  plan.texts.insert(plan.texts.end(), pairs.begin(), pairs.end());
  return plan;
}

Result<bool> TextsTask::Turn(models::Model& model, const ops::Exec& exec, Reply& reply) {
  int64_t tokens = 0;
  const auto size_of = [this](size_t i) { return sizes_[i]; };
  const size_t end = EndOfTurn(done_, texts_.size(), size_of, tokens);
  if (done_ == 0) reply.result = {{"results", OrderedJson::array()}};
  PARVIS_RETURN_IF_ERROR(Some(EncoderOf(model, exec), done_, end, reply));
  reply.usage.prompt_tokens += tokens;
  done_ = end;
  return done_ == texts_.size();
}

OrRefusal<Plan> ClassifyTask::Prepare(const LoadedModel& loaded) {
  const models::Model& model = loaded.model();
  of_tokens_ = model.stack.blueprint().head.kind == Kind::kTokenLabels;
  const Kind kind = of_tokens_ ? Kind::kTokenLabels : Kind::kSequenceLabels;
  if (const Status status = runtime::CheckHead(model, kind); !status.ok()) {
    return WrongModel(status);
  }
  if (of_tokens_ && (spec_.count || !spec_.pairs.empty())) {
    const char* param = spec_.count ? "top_k" : "pair";
    return Invalid(param, fmt::format("The model '{}' labels tokens, each with its likeliest "
                                      "label: no '{}' goes with it.",
                                      spec_.model, param));
  }
  if (!of_tokens_ && spec_.aggregation) {
    return Invalid("aggregation",
                   fmt::format("The model '{}' labels texts; 'aggregation' is for labels of "
                               "tokens.",
                               spec_.model));
  }
  return PlanOf(model, spec_.pairs, /*parse_special=*/false);
}

Status ClassifyTask::Some(const runtime::Encoder& encoder, size_t begin, size_t end, Reply& reply) {
  OrderedJson& results = reply.result["results"];
  const auto texts = std::span<const std::string>(texts_).subspan(begin, end - begin);
  if (of_tokens_) {
    const auto aggregation = spec_.aggregation.value_or(runtime::Aggregation::kSimple);
    PARVIS_ASSIGN_OR_RETURN(const auto all, runtime::LabelTokens(encoder, texts, aggregation));
    for (size_t i = 0; i < texts.size(); ++i) {
      OrderedJson ranges = OrderedJson::array();
      for (const runtime::LabelledRange& range : all[i]) {
        ranges.push_back({{"label", range.label},
                          {"score", range.score},
                          {"text", texts[i].substr(range.begin, range.end - range.begin)},
                          {"start", range.begin},
                          {"end", range.end}});
      }
      results.push_back({{"tokens", std::move(ranges)}});
    }
    return {};
  }
  const auto pairs = spec_.pairs.empty()
                         ? std::span<const std::string>()
                         : std::span<const std::string>(spec_.pairs).subspan(begin, end - begin);
  PARVIS_ASSIGN_OR_RETURN(const auto all,
                          runtime::Classify(encoder, texts, spec_.count.value_or(1), pairs));
  for (const auto& scores : all) {
    OrderedJson labels = OrderedJson::array();
    for (const auto& [label, score] : scores)
      labels.push_back({{"label", label}, {"score", score}});
    results.push_back({{"labels", std::move(labels)}});
  }
  return {};
}

OrRefusal<Plan> FillTask::Prepare(const LoadedModel& loaded) {
  const models::Model& model = loaded.model();
  if (const Status status = runtime::CheckHead(model, Kind::kLanguage); !status.ok()) {
    return WrongModel(status);
  }
  const auto mask = model.tokenizer->vocabulary().mask;
  if (!mask) {
    return Invalid("model", fmt::format("The tokeniser of '{}' has no mask token.", this->model()));
  }
  size_t bytes = 0;
  for (size_t i = 0; i < texts_.size(); ++i) {
    const text::Encoded encoded = model.tokenizer->Encode(texts_[i], {.parse_special = true});
    const auto masks =
        static_cast<size_t>(std::count(encoded.ids.begin(), encoded.ids.end(), *mask));
    if (masks == 0) {
      return Invalid(ParamOf(i),
                     fmt::format("There is no {} in '{}'.",
                                 model.tokenizer->vocabulary().tokens[static_cast<size_t>(*mask)],
                                 ParamOf(i)));
    }
    bytes += masks * count_ * (texts_[i].size() + 64);
  }
  if (bytes > kMaxFilledBytes) {
    return Invalid(
        "top_k", fmt::format("{} for each mask make an answer of {} MiB; {} are the most.", count_,
                             bytes >> 20, kMaxFilledBytes >> 20));
  }
  return PlanOf(model, {}, /*parse_special=*/true);
}

Status FillTask::Some(const runtime::Encoder& encoder, size_t begin, size_t end, Reply& reply) {
  const auto texts = std::span<const std::string>(texts_).subspan(begin, end - begin);
  PARVIS_ASSIGN_OR_RETURN(const auto filled, runtime::FillMasks(encoder, texts, count_));
  for (const auto& masks : filled) {
    for (const auto& fillings : masks) {
      for (const runtime::Filling& filling : fillings) reply.said.push_back(filling.text);
    }
    reply.result["results"].push_back({{"masks", FillingsJson(masks)}});
  }
  return {};
}

OrRefusal<Plan> AnswerTask::Prepare(const LoadedModel& loaded) {
  if (const Status status = runtime::CheckHead(loaded.model(), Kind::kSpan); !status.ok()) {
    return WrongModel(status);
  }
  auto search =
      runtime::AnswerSearch::Create(loaded.model(), spec_.question, spec_.text, spec_.options);
  // What is left to refuse is about the question, or white space for a text.
  if (!search.ok()) {
    const bool no_text = search.status().message().find("no text") != std::string::npos;
    return Invalid(no_text ? "text" : "question", search.status().message());
  }
  search_ = std::move(*search);
  return Plan{
      .input_tokens = search_->tokens(), .param = "text", .texts = {spec_.question, spec_.text}};
}

Result<bool> AnswerTask::Turn(models::Model& model, const ops::Exec& exec, Reply& reply) {
  PARVIS_ASSIGN_OR_RETURN(const int64_t tokens, search_->Look(EncoderOf(model, exec), kTurnTokens));
  reply.usage.prompt_tokens += tokens;
  if (!search_->done()) return false;
  const runtime::Answers answers = search_->Best();
  OrderedJson best = OrderedJson::array();
  for (const runtime::Answer& answer : answers.best) {
    reply.said.push_back(answer.text);
    best.push_back({{"answer", answer.text},
                    {"score", answer.score},
                    {"start", answer.begin},
                    {"end", answer.end}});
  }
  reply.result = {{"answers", std::move(best)}, {"no_answer", answers.no_answer}};
  return true;
}

}  // namespace parvis::service
