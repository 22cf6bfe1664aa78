// Byte-level BPE in tokenizer.json: GPT-2, LLaMA 3, BLOOM, Qwen, GPT-NeoX, RoBERTa.

#include "parvis/text/byte_alphabet.h"
#include "parvis/text/pretokenizer.h"
#include "parvis/text/tokenizer_json_parts.h"

namespace parvis::text {
namespace {

Status ReadPreTokenizer(const Json& root, Vocabulary& v) {
  const Json& pre = root["pre_tokenizer"];
  if (IsType(pre, "ByteLevel") && Flag(pre, "use_regex", true)) {
    v.pre_tokenizer = "gpt2";
    v.add_prefix_space = Flag(pre, "add_prefix_space", false);
    return {};
  }
  const bool sequence = IsType(pre, "Sequence") && pre.contains("pretokenizers") &&
                        pre["pretokenizers"].is_array() && pre["pretokenizers"].size() == 2;
  if (!sequence) {
    return RefuseField("pre_tokenizer",
                       "is neither null, nor ByteLevel, nor a Sequence of Split and ByteLevel");
  }
  const Json& split = pre["pretokenizers"][0];
  const Json& bytes = pre["pretokenizers"][1];
  if (IsType(split, "Digits") && Flag(split, "individual_digits", false) &&
      IsType(bytes, "ByteLevel") && Flag(bytes, "use_regex", true)) {
    v.pre_tokenizer = "starcoder";
    v.add_prefix_space = Flag(bytes, "add_prefix_space", false);
    // Each stretch between digits would get a space of its own.
    if (!v.add_prefix_space) return {};
    return RefuseField("pre_tokenizer.pretokenizers[1].add_prefix_space", "must be false here");
  }
  if (!IsType(split, "Split") || !split.contains("pattern") || !split["pattern"].is_object() ||
      !split["pattern"].contains("Regex") || !split["pattern"]["Regex"].is_string()) {
    return RefuseField("pre_tokenizer.pretokenizers[0]", "is not a Split by a regular expression");
  }
  if (split.value("behavior", Json()) != "Isolated" || Flag(split, "invert", false)) {
    return RefuseField("pre_tokenizer.pretokenizers[0].behavior",
                       "must be \"Isolated\", not inverted");
  }
  const auto pattern =
      PreTokenizerFromPattern(split["pattern"]["Regex"].get_ref<const std::string&>());
  if (!pattern) {
    return RefuseField(
        "pre_tokenizer.pretokenizers[0].pattern",
        "is not a published pattern that Parvis computes (GPT-2, Llama 3, Qwen 2, BLOOM)");
  }
  if (!IsType(bytes, "ByteLevel") || Flag(bytes, "use_regex", true)) {
    return RefuseField("pre_tokenizer.pretokenizers[1]", "is not a ByteLevel without a pattern");
  }
  v.pre_tokenizer = PreTokenizerName(*pattern);
  v.add_prefix_space = Flag(bytes, "add_prefix_space", false);
  return {};
}

}  // namespace

// What byte-level BPE needs besides the shared parts.
Status ReadByteLevel(const Json& root, const TokensById& tokens, Vocabulary& v) {
  v.model = "byte_bpe";
  PARVIS_RETURN_IF_ERROR(ReadNormalizer(root.value("normalizer", Json()), v));
  if (IsNull(root, "decoder") || !IsType(root["decoder"], "ByteLevel")) {
    return RefuseField("decoder", "must be ByteLevel with a byte-level pre_tokenizer");
  }
  const Json& model = root["model"];
  if (Flag(model, "byte_fallback", false)) {
    return RefuseField("model.byte_fallback", "must be false with a byte-level pre_tokenizer");
  }
  if (!IsNull(model, "unk_token") && model["unk_token"] != "") {
    // Without effect if every byte has its token.
    const auto missing = MissingByte(tokens, [](uint8_t byte) {
      return ToByteAlphabet(std::string(1, static_cast<char>(byte)));
    });
    if (missing) {
      return RefuseField("model.unk_token", "must be null where a byte has no token");
    }
  }
  return ReadPreTokenizer(root, v);
}

// normalizer, pre_tokenizer and decoder of byte-level BPE.
void WriteByteLevel(const Vocabulary& v, OrderedJson& root) {
  const PreTokenizer pre = PreTokenizerFromName(v.pre_tokenizer).value();
  const OrderedJson bytes = {{"type", "ByteLevel"},
                             {"add_prefix_space", v.add_prefix_space},
                             {"trim_offsets", false},
                             {"use_regex", PatternOf(pre).empty() || pre == PreTokenizer::kGpt2}};
  root["normalizer"] = WriteNormalizer(v.normalizer);
  if (pre == PreTokenizer::kGpt2) {
    root["pre_tokenizer"] = bytes;
  } else {
    OrderedJson split = {{"type", "Split"},
                         {"pattern", {{"Regex", PatternOf(pre)}}},
                         {"behavior", "Isolated"},
                         {"invert", false}};
    if (PatternOf(pre).empty()) split = {{"type", "Digits"}, {"individual_digits", true}};
    root["pre_tokenizer"] = {{"type", "Sequence"},
                             {"pretokenizers", OrderedJson::array({split, bytes})}};
  }
  root["decoder"] = {{"type", "ByteLevel"},
                     {"add_prefix_space", true},
                     {"trim_offsets", true},
                     {"use_regex", true}};
}

}  // namespace parvis::text
