#include "parvis/train/objectives.h"

namespace parvis::train {

RowFormat RowFormatOf(ObjectiveKind kind) {
  switch (kind) {
    case ObjectiveKind::kPairs:
      return {.text = "source", .built_text = "text", .second = "target", .second_needed = true};
    case ObjectiveKind::kContrastive:  // as data sets have pairs
      return {.second = "target", .second_needed = true};
    case ObjectiveKind::kChat:
      return {.fields = {"tools", "documents", "chat_template_kwargs"}, .said = {"messages"}};
    case ObjectiveKind::kPreference:
      return {.fields = {"tools", "documents", "chat_template_kwargs"},
              .said = {"chosen", "rejected"},
              .perhaps_said = {"prompt"}};
    case ObjectiveKind::kLabels:
      return {.second = "second", .fields = {"label"}};
    case ObjectiveKind::kTokenLabels:
      return {.text = "words", .fields = {"words", "labels"}};
    case ObjectiveKind::kAnswers:
      return {.text = "context",
              .second = "question",
              .second_needed = true,
              .fields = {"answer", "answers"}};
    case ObjectiveKind::kCausal:
    case ObjectiveKind::kMasked:
    case ObjectiveKind::kSpans:
      return {};
  }
  return {};
}

Result<ObjectivePointer> MakeObjective(const ObjectiveSettings& settings,
                                       const models::Model& model) {
  const std::shared_ptr<const text::Tokenizer>& tokenizer = model.tokenizer;
  const nn::Blueprint& blueprint = model.stack.blueprint();
  const auto start = static_cast<int32_t>(blueprint.decoder_start_token);
  Result<ObjectivePointer> objective = [&]() -> Result<ObjectivePointer> {
    switch (settings.kind) {
      case ObjectiveKind::kMasked:
        return NewMaskedObjective(settings, tokenizer);
      case ObjectiveKind::kSpans:
        return NewSpanObjective(settings, tokenizer, start);
      case ObjectiveKind::kPairs:
        return NewPairObjective(settings, tokenizer, start);
      case ObjectiveKind::kChat:
        return NewChatObjective(model);
      case ObjectiveKind::kContrastive:
        return NewContrastiveObjective(settings, tokenizer);
      case ObjectiveKind::kPreference:
        return NewPreferenceObjective(settings, model);
      case ObjectiveKind::kLabels:
        return NewLabelObjective(model);
      case ObjectiveKind::kTokenLabels:
        return NewTokenLabelObjective(model);
      case ObjectiveKind::kAnswers:
        return NewAnswerObjective(model);
      case ObjectiveKind::kCausal:
        if (settings.fim_share > 0.0) return NewInfillObjective(settings, tokenizer);
        break;
    }
    return ObjectivePointer(NewCausalObjective(tokenizer));
  }();
  if (objective.ok()) PARVIS_RETURN_IF_ERROR((*objective)->Check(blueprint));
  return objective;
}

}  // namespace parvis::train
