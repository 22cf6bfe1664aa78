// The "normalizer" of tokenizer.json, to and from steps.

#include "parvis/core/base64.h"
#include "parvis/text/tokenizer_json_parts.h"

namespace parvis::text {
namespace {

using Kind = NormalizerStep::Kind;

struct Name {
  const char* type;
  Kind kind;
};
// Those that have no settings.
constexpr Name kNames[] = {
    {"NFC", Kind::kNfc},
    {"NFD", Kind::kNfd},
    {"NFKC", Kind::kNfkc},
    {"NFKD", Kind::kNfkd},
    {"Lowercase", Kind::kLowercase},
    {"StripAccents", Kind::kStripAccents},
};

Status ReadReplace(const Json& json, const std::string& field, NormalizerStep& step) {
  const Json pattern = json.value("pattern", Json());
  const Json content = json.value("content", Json());
  if (!pattern.is_object() || !content.is_string()) {
    return RefuseField(field, "is a Replace without pattern or content");
  }
  step.to = content.get<std::string>();
  if (pattern.value("Regex", Json()) == " {2,}") {
    step.kind = Kind::kSquashSpaces;
    return {};
  }
  if (!pattern.value("String", Json()).is_string()) {
    return RefuseField(field + ".pattern", "is neither a String nor the Regex \" {2,}\"");
  }
  step.kind = Kind::kReplace;
  step.from = pattern["String"].get<std::string>();
  return {};
}

Status ReadStep(const Json& json, const std::string& field, Vocabulary& v) {
  NormalizerStep step;
  for (const Name& name : kNames) {
    if (!IsType(json, name.type)) continue;
    step.kind = name.kind;
    v.normalizer.push_back(step);
    return {};
  }
  if (IsType(json, "BertNormalizer")) {
    step.kind = Kind::kBert;
    step.clean_text = Flag(json, "clean_text", true);
    step.chinese = Flag(json, "handle_chinese_chars", true);
    step.lowercase = Flag(json, "lowercase", true);
    step.strip_accents = Flag(json, "strip_accents", step.lowercase);
  } else if (IsType(json, "Strip")) {
    step.kind = Kind::kStrip;
    step.left = Flag(json, "strip_left", true);
    step.right = Flag(json, "strip_right", true);
  } else if (IsType(json, "Prepend")) {
    step.kind = Kind::kPrepend;
    if (!json.value("prepend", Json()).is_string()) {
      return RefuseField(field + ".prepend", "is not a string");
    }
    step.to = json["prepend"].get<std::string>();
  } else if (IsType(json, "Replace")) {
    PARVIS_RETURN_IF_ERROR(ReadReplace(json, field, step));
  } else if (IsType(json, "Precompiled")) {
    step.kind = Kind::kPrecompiled;
    const Json bytes = json.value("precompiled_charsmap", Json());
    const auto map = bytes.is_string() ? FromBase64(bytes.get_ref<const std::string&>())
                                       : std::optional<std::string>();
    if (!map) return RefuseField(field + ".precompiled_charsmap", "is not base64");
    step.charsmap = *map;
  } else {
    return RefuseField(field, "is of a type that Parvis does not compute");
  }
  v.normalizer.push_back(std::move(step));
  return {};
}

OrderedJson WriteStep(const NormalizerStep& step) {
  for (const Name& name : kNames) {
    if (name.kind == step.kind) return {{"type", name.type}};
  }
  switch (step.kind) {
    case Kind::kBert:
      return {{"type", "BertNormalizer"},
              {"clean_text", step.clean_text},
              {"handle_chinese_chars", step.chinese},
              {"strip_accents", step.strip_accents},
              {"lowercase", step.lowercase}};
    case Kind::kStrip:
      return {{"type", "Strip"}, {"strip_left", step.left}, {"strip_right", step.right}};
    case Kind::kReplace:
      return {{"type", "Replace"}, {"pattern", {{"String", step.from}}}, {"content", step.to}};
    case Kind::kSquashSpaces:
      return {{"type", "Replace"}, {"pattern", {{"Regex", " {2,}"}}}, {"content", step.to}};
    case Kind::kPrepend:
      return {{"type", "Prepend"}, {"prepend", step.to}};
    default:
      return {{"type", "Precompiled"}, {"precompiled_charsmap", ToBase64(step.charsmap)}};
  }
}

}  // namespace

Status ReadNormalizer(const Json& json, Vocabulary& v) {
  if (json.is_null()) return {};
  if (!IsType(json, "Sequence")) return ReadStep(json, "normalizer", v);
  if (!json.contains("normalizers") || !json["normalizers"].is_array()) {
    return RefuseField("normalizer.normalizers", "is not an array");
  }
  size_t number = 0;
  for (const Json& step : json["normalizers"]) {
    PARVIS_RETURN_IF_ERROR(
        ReadStep(step, "normalizer.normalizers[" + std::to_string(number++) + "]", v));
  }
  return {};
}

OrderedJson WriteNormalizer(const std::vector<NormalizerStep>& steps) {
  OrderedJson list = OrderedJson::array();
  for (const NormalizerStep& step : steps) {
    if (step.kind != Kind::kSentencePiece) {
      list.push_back(WriteStep(step));
      continue;
    }
    // The nearest that the reference knows, as its own converter writes it.
    if (!step.charsmap.empty()) {
      list.push_back(WriteStep({.kind = Kind::kPrecompiled, .charsmap = step.charsmap}));
    }
    if (!step.strip) continue;
    list.push_back(WriteStep({.kind = Kind::kStrip, .left = true, .right = true}));
    list.push_back(WriteStep({.kind = Kind::kSquashSpaces, .to = " "}));
  }
  if (list.empty()) return nullptr;
  if (list.size() == 1) return list[0];
  return {{"type", "Sequence"}, {"normalizers", std::move(list)}};
}

}  // namespace parvis::text
