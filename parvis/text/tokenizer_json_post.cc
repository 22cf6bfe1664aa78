// The "post_processor" of tokenizer.json: which tokens stand before, between and after texts.

#include <algorithm>

#include "parvis/text/tokenizer_json_parts.h"

namespace parvis::text {
namespace {

using Kind = TemplatePart::Kind;

// A template of special tokens around one sequence or two.
Status ReadParts(const Json& list, const std::string& field, const TokensById& tokens,
                 std::vector<TemplatePart>& parts) {
  if (!list.is_array()) return RefuseField(field, "is not an array");
  if (list.size() > 16) return RefuseField(field, "has more than 16 parts");
  for (const Json& piece : list) {
    const bool sequence = piece.is_object() && piece.contains("Sequence");
    const bool special = piece.is_object() && piece.contains("SpecialToken");
    if (!sequence && !special) return RefuseField(field, "holds something unknown");
    const Json& what = piece[sequence ? "Sequence" : "SpecialToken"];
    if (!what.is_object() || !what.value("id", Json()).is_string()) {
      return RefuseField(field, "holds something unknown");
    }
    const auto name = what["id"].get<std::string>();
    TemplatePart part;
    part.type = what.value("type_id", Json()) == 1 ? 1 : 0;
    if (sequence) {
      if (name != "A" && name != "B") return RefuseField(field, "holds a sequence but A and B");
      part.kind = name == "A" ? Kind::kFirst : Kind::kSecond;
    } else {
      const auto found = std::find_if(tokens.begin(), tokens.end(),
                                      [&](const auto& token) { return token.second == name; });
      if (found == tokens.end()) {
        return RefuseField(field, "\"" + name.substr(0, 40) + "\" is not a token");
      }
      part.kind = Kind::kToken;
      part.token = static_cast<TokenId>(found->first);
    }
    parts.push_back(part);
  }
  return {};
}

Status ReadTemplate(const Json& post, const TokensById& tokens, Vocabulary& v) {
  std::vector<TemplatePart> single;
  PARVIS_RETURN_IF_ERROR(
      ReadParts(post.value("single", Json()), "post_processor.single", tokens, single));
  bool before = true;
  for (const TemplatePart& part : single) {
    if (part.kind != Kind::kToken) {
      before = false;
      continue;
    }
    bool& add = before ? v.add_bos : v.add_eos;
    if (add) return RefuseField("post_processor.single", "adds two tokens on one side");
    add = true;
    (before ? v.bos : v.eos) = part.token;
  }
  if (IsNull(post, "pair")) return {};
  return ReadParts(post["pair"], "post_processor.pair", tokens, v.pair);
}

// BertProcessing and RobertaProcessing: "cls" and "sep" as ["name", id].
Status ReadClassic(const Json& post, bool roberta, const TokensById& tokens, Vocabulary& v) {
  const auto read = [&](const char* key, std::optional<TokenId>& id) -> Status {
    const Json token = post.value(key, Json());
    if (!token.is_array() || token.size() != 2 || !token[1].is_number_integer() ||
        !tokens.contains(token[1].get<int64_t>())) {
      return RefuseField("post_processor." + std::string(key),
                         "is not a token of the vocabulary and its id");
    }
    id = token[1].get<TokenId>();
    return {};
  };
  PARVIS_RETURN_IF_ERROR(read("cls", v.bos));
  PARVIS_RETURN_IF_ERROR(read("sep", v.eos));
  v.separator = v.eos;
  v.add_bos = v.add_eos = true;
  const auto token = [](TokenId id, uint8_t type) { return TemplatePart{Kind::kToken, id, type}; };
  const uint8_t second = roberta ? 0 : 1;
  v.pair = {token(*v.bos, 0), {Kind::kFirst, -1, 0}, token(*v.eos, 0)};
  if (roberta) v.pair.push_back(token(*v.eos, 0));
  v.pair.push_back({Kind::kSecond, -1, second});
  v.pair.push_back(token(*v.eos, second));
  if (!roberta) return {};
  v.trim_offsets = Flag(post, "trim_offsets", true);
  v.trim_keeps_prefix = Flag(post, "add_prefix_space", true);
  return {};
}

}  // namespace

Status ReadPostProcessor(const Json& post, const TokensById& tokens, Vocabulary& v) {
  if (IsType(post, "ByteLevel")) {
    v.trim_offsets = Flag(post, "trim_offsets", true);
    v.trim_keeps_prefix = Flag(post, "add_prefix_space", true);
    return {};
  }
  if (IsType(post, "TemplateProcessing")) return ReadTemplate(post, tokens, v);
  if (IsType(post, "RobertaProcessing")) return ReadClassic(post, true, tokens, v);
  if (IsType(post, "BertProcessing")) return ReadClassic(post, false, tokens, v);
  if (IsType(post, "Sequence") && post.contains("processors") && post["processors"].is_array()) {
    for (const Json& part : post["processors"]) {
      if (IsType(part, "Sequence")) return RefuseField("post_processor", "nests sequences");
      PARVIS_RETURN_IF_ERROR(ReadPostProcessor(part, tokens, v));
    }
    return {};
  }
  return RefuseField("post_processor", "is of a type that Parvis does not compute");
}

OrderedJson WritePostProcessor(const Vocabulary& v) {
  const OrderedJson trim = {{"type", "ByteLevel"},
                            {"add_prefix_space", v.trim_keeps_prefix},
                            {"trim_offsets", true},
                            {"use_regex", true}};
  if (!v.add_bos && !v.add_eos && v.pair.empty()) {
    return v.trim_offsets ? trim : OrderedJson(nullptr);
  }
  OrderedJson specials = OrderedJson::object();
  OrderedJson single = OrderedJson::array(), pair = OrderedJson::array();
  const auto add = [&](const TemplatePart& part, OrderedJson& pieces) {
    if (part.kind != Kind::kToken) {
      const char* name = part.kind == Kind::kFirst ? "A" : "B";
      pieces.push_back({{"Sequence", {{"id", name}, {"type_id", part.type}}}});
      return;
    }
    const std::string& name = v.tokens[part.token];
    pieces.push_back({{"SpecialToken", {{"id", name}, {"type_id", part.type}}}});
    specials[name] = {{"id", name},
                      {"ids", OrderedJson::array({part.token})},
                      {"tokens", OrderedJson::array({name})}};
  };
  const auto add_sequence = [&](Kind kind, uint8_t type, OrderedJson& pieces) {
    if (v.add_bos) add({Kind::kToken, *v.bos, type}, pieces);
    add({kind, -1, type}, pieces);
    if (v.add_eos) add({Kind::kToken, *v.eos, type}, pieces);
  };
  add_sequence(Kind::kFirst, 0, single);
  if (v.pair.empty()) {
    add_sequence(Kind::kFirst, 0, pair);
    add_sequence(Kind::kSecond, 1, pair);
  }
  for (const TemplatePart& part : v.pair) add(part, pair);
  OrderedJson processor = {{"type", "TemplateProcessing"},
                           {"single", single},
                           {"pair", pair},
                           {"special_tokens", specials}};
  if (!v.trim_offsets) return processor;
  return {{"type", "Sequence"}, {"processors", OrderedJson::array({trim, processor})}};
}

}  // namespace parvis::text
