#include "parvis/runtime/text_tasks.h"

#include <algorithm>

#include "fmt/format.h"
#include "parvis/models/model.h"
#include "parvis/runtime/probabilities.h"
#include "parvis/text/utf8.h"
#include "parvis/text/words.h"

namespace parvis::runtime {
namespace {

using Kind = nn::Head::Kind;

// What a model without the head does not do.
std::string_view WhatIsMissing(Kind head) {
  switch (head) {
    case Kind::kLanguage:
      return "fills no masks";
    case Kind::kSequenceLabels:
      return "has no labels for texts";
    case Kind::kTokenLabels:
      return "has no labels for tokens";
    default:
      return "finds no answers in texts";
  }
}

EncoderInput InputOf(const text::Encoded& encoded) {
  return {encoded.ids, {encoded.types.begin(), encoded.types.end()}};
}

std::vector<int64_t> Counted(size_t count) {
  std::vector<int64_t> rows(count);
  for (size_t i = 0; i < count; ++i) rows[i] = static_cast<int64_t>(i);
  return rows;
}

std::span<const float> Row(const Tensor& scores, int64_t row) {
  return {scores.f32() + row * scores.dim(1), static_cast<size_t>(scores.dim(1))};
}

// A token may be a part of a character.
std::string Readable(const std::string& bytes) {
  return text::IsValidUtf8(bytes) ? bytes : text::Repair(bytes).text;
}

std::vector<Filling> Fillings(const text::Tokenizer& tokenizer, const EncoderInput& input,
                              int64_t place, bool only_mask, std::span<const float> scores,
                              size_t count) {
  const std::vector<double> probabilities = Softmax(scores);
  std::vector<Filling> fillings;
  for (const size_t best : Largest(probabilities, count)) {
    std::vector<int32_t> tokens = input.tokens;
    const auto token = static_cast<int32_t>(best);
    tokens[static_cast<size_t>(place)] = token;
    fillings.push_back(
        {.token = token,
         .token_text = Readable(tokenizer.Decode({&token, 1}, /*skip_special=*/false)),
         .score = probabilities[best],
         .text = Readable(tokenizer.Decode(tokens, only_mask))});
  }
  return fillings;
}

}  // namespace

Status CheckHead(const models::Model& model, nn::Head::Kind wanted) {
  PARVIS_RETURN_IF_ERROR(models::CheckTokenizer(model));
  const nn::Blueprint& blueprint = model.stack.blueprint();
  const bool both = wanted == Kind::kSequenceLabels;  // decoders classify too
  if (blueprint.head.kind == wanted && (both || !blueprint.attention.causal)) return {};
  return InvalidArgument(fmt::format("this model ({}) {}; '{}' is what it is for", blueprint.family,
                                     WhatIsMissing(wanted), models::CommandOf(blueprint)));
}

Result<std::vector<EncoderInput>> InputsOf(const models::Model& model,
                                           std::span<const std::string> texts, bool parse_special) {
  PARVIS_RETURN_IF_ERROR(models::CheckTokenizer(model));
  std::vector<EncoderInput> inputs;
  for (const std::string& text : texts) {
    if (text.size() > text::kMaxTextBytes) return InvalidArgument("a text of more than 1 GiB");
    inputs.push_back(InputOf(model.tokenizer->Encode(text, {.parse_special = parse_special})));
  }
  return inputs;
}

Result<std::vector<EncoderInput>> PairInputsOf(const models::Model& model,
                                               std::span<const std::string> texts,
                                               std::span<const std::string> pairs) {
  PARVIS_CHECK(texts.size() == pairs.size());
  PARVIS_RETURN_IF_ERROR(models::CheckTokenizer(model));
  std::vector<EncoderInput> inputs;
  for (size_t i = 0; i < texts.size(); ++i) {
    if (std::max(texts[i].size(), pairs[i].size()) > text::kMaxTextBytes) {
      return InvalidArgument("a text of more than 1 GiB");
    }
    inputs.push_back(InputOf(model.tokenizer->EncodePair(texts[i], pairs[i])));
  }
  return inputs;
}

Result<std::vector<std::vector<std::vector<Filling>>>> FillMasks(const Encoder& encoder,
                                                                 std::span<const std::string> texts,
                                                                 size_t count) {
  const models::Model& model = encoder.model();
  PARVIS_RETURN_IF_ERROR(CheckHead(model, Kind::kLanguage));
  const text::Tokenizer& tokenizer = *model.tokenizer;
  const auto mask = tokenizer.vocabulary().mask;
  if (!mask) return InvalidArgument("this model's tokeniser has no mask token");
  PARVIS_ASSIGN_OR_RETURN(const auto inputs, InputsOf(model, texts, /*parse_special=*/true));
  std::vector<std::vector<int64_t>> places(texts.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    for (size_t t = 0; t < inputs[i].tokens.size(); ++t) {
      if (inputs[i].tokens[t] == *mask) places[i].push_back(static_cast<int64_t>(t));
    }
    if (!places[i].empty()) continue;
    const Status status = InvalidArgument(fmt::format(
        "there is no {} in it", tokenizer.vocabulary().tokens[static_cast<size_t>(*mask)]));
    return texts.size() == 1 ? status : status.In(fmt::format("text {}", i + 1));
  }
  std::vector<std::vector<std::vector<Filling>>> all(texts.size());
  PARVIS_RETURN_IF_ERROR(encoder.Scores(
      inputs, [&](size_t i) { return places[i]; },
      [&](size_t i, const Tensor& scores) {
        for (size_t m = 0; m < places[i].size(); ++m) {
          all[i].push_back(Fillings(tokenizer, inputs[i], places[i][m], places[i].size() == 1,
                                    Row(scores, static_cast<int64_t>(m)), count));
        }
      }));
  return all;
}

Result<std::vector<std::vector<LabelScore>>> Classify(const Encoder& encoder,
                                                      std::span<const std::string> texts,
                                                      size_t count,
                                                      std::span<const std::string> pairs) {
  const models::Model& model = encoder.model();
  PARVIS_RETURN_IF_ERROR(CheckHead(model, Kind::kSequenceLabels));
  PARVIS_ASSIGN_OR_RETURN(const auto inputs, pairs.empty() ? InputsOf(model, texts)
                                                           : PairInputsOf(model, texts, pairs));
  const std::vector<std::string>& labels = model.task.labels;
  const LabelFunction function = LabelFunctionOf(model.task.problem_type, labels.size());
  std::vector<std::vector<LabelScore>> all(texts.size());
  PARVIS_RETURN_IF_ERROR(encoder.Scores(
      inputs,
      [&](size_t i) {
        const auto last = static_cast<int64_t>(inputs[i].tokens.size()) - 1;
        return std::vector<int64_t>{model.stack.blueprint().attention.causal ? last : 0};
      },
      [&](size_t i, const Tensor& scores) {
        const std::vector<double> values = Apply(function, Row(scores, 0));
        for (const size_t best : Largest(values, count)) {
          all[i].push_back({labels[best], values[best]});
        }
      }));
  return all;
}

Result<std::vector<std::vector<LabelledRange>>> LabelTokens(const Encoder& encoder,
                                                            std::span<const std::string> texts,
                                                            Aggregation aggregation) {
  const models::Model& model = encoder.model();
  PARVIS_RETURN_IF_ERROR(CheckHead(model, Kind::kTokenLabels));
  std::vector<text::Encoded> encoded;
  std::vector<EncoderInput> inputs;
  for (const std::string& text : texts) {
    if (text.size() > text::kMaxTextBytes) return InvalidArgument("a text of more than 1 GiB");
    encoded.push_back(model.tokenizer->Encode(text, {.offsets = true}));
    inputs.push_back(InputOf(encoded.back()));
  }
  std::vector<std::vector<LabelledRange>> all(texts.size());
  PARVIS_RETURN_IF_ERROR(encoder.Scores(
      inputs, [&](size_t i) { return Counted(inputs[i].tokens.size()); },
      [&](size_t i, const Tensor& scores) {
        const std::vector<bool> continues =
            text::ContinuesWord(*model.tokenizer, encoded[i], texts[i]);
        std::vector<LabelledToken> tokens;
        for (size_t t = 0; t < encoded[i].ids.size(); ++t) {
          if (encoded[i].texts[t] == text::Encoded::kNobody) continue;
          tokens.push_back({.begin = encoded[i].offsets[t].first,
                            .end = encoded[i].offsets[t].second,
                            .continues = continues[t],
                            .probabilities = Softmax(Row(scores, static_cast<int64_t>(t)))});
        }
        all[i] = Aggregate(tokens, model.task.labels, aggregation);
      }));
  return all;
}

}  // namespace parvis::runtime
