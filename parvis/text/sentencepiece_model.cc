// A SentencePiece model file: a protocol-buffer message with the pieces, what the trainer was told,
// and how text is normalised. The numbers of its fields are those of
// github.com/google/sentencepiece, src/sentencepiece_model.proto.

#include <cmath>
#include <functional>

#include "parvis/text/proto_reader.h"
#include "parvis/text/tokenizer.h"
#include "parvis/text/tokenizer_json_parts.h"

namespace parvis::text {
namespace {

constexpr size_t kMaxPieces = 524'288;
constexpr int64_t kMaxExtraIds = 1000;

using Field = ProtoReader::Field;

// Calls visit(field) for each field of a message.
Status ForEach(std::string_view bytes, std::string_view name, size_t offset,
               const std::function<Status(const Field&)>& visit) {
  ProtoReader reader(bytes, name, offset);
  while (true) {
    PARVIS_ASSIGN_OR_RETURN(const std::optional<Field> field, reader.Next());
    if (!field) return {};
    PARVIS_RETURN_IF_ERROR(visit(*field));
  }
}

// The defaults are the format's own.
struct Model {
  int64_t type = 1;  // 1 Unigram, 2 BPE
  bool byte_fallback = false, space_after = false;
  int64_t unknown = 0, bos = 1, eos = 2, padding = -1;
  bool prefix = true, strip = true, escape = true;
  std::string charsmap;
};

Status ReadPiece(const Field& message, Vocabulary& v) {
  const std::string name = "pieces[" + std::to_string(v.tokens.size()) + "]";
  if (v.tokens.size() == kMaxPieces) {
    return ByteReader::Refuse(name, "more than 524288 pieces", message.offset);
  }
  std::string piece;
  float score = 0;
  int64_t type = 1;
  PARVIS_RETURN_IF_ERROR(ForEach(message.bytes, name, message.offset, [&](const Field& field) {
    if (field.number == 1) piece = field.bytes;
    if (field.number == 2) score = field.Float();
    if (field.number == 3) type = field.Int();
    return Status();
  }));
  constexpr TokenKind kKinds[] = {TokenKind::kNormal,      TokenKind::kUnknown, TokenKind::kControl,
                                  TokenKind::kUserDefined, TokenKind::kUnused,  TokenKind::kByte};
  if (type < 1 || type > 6) return ByteReader::Refuse(name, "is of no known type", message.offset);
  if (piece.empty()) return ByteReader::Refuse(name, "is empty", message.offset);
  const TokenKind kind = kKinds[type - 1];
  if (kind == TokenKind::kControl || kind == TokenKind::kUserDefined) {
    v.added.push_back({.id = static_cast<TokenId>(v.tokens.size()),
                       .content = piece,
                       .special = kind == TokenKind::kControl});
  }
  v.tokens.push_back(std::move(piece));
  v.scores.push_back(score);
  v.kinds.push_back(kind);
  return {};
}

Status ReadTrainerSpec(const Field& message, Model& model) {
  return ForEach(message.bytes, "trainer_spec", message.offset, [&](const Field& field) {
    if (field.type != Field::Type::kNumber) return Status();
    // Negative numbers ("none") fill all 64 bits.
    if (field.number == 3) model.type = field.Int();
    if (field.number == 24) model.space_after = field.value != 0;
    if (field.number == 35) model.byte_fallback = field.value != 0;
    if (field.number == 40) model.unknown = field.Int();
    if (field.number == 41) model.bos = field.Int();
    if (field.number == 42) model.eos = field.Int();
    if (field.number == 43) model.padding = field.Int();
    return Status();
  });
}

Status ReadNormalizerSpec(const Field& message, Model& model) {
  return ForEach(message.bytes, "normalizer_spec", message.offset, [&](const Field& field) {
    if (field.number == 2) model.charsmap = field.bytes;
    if (field.number == 3) model.prefix = field.value != 0;
    if (field.number == 4) model.strip = field.value != 0;
    if (field.number == 5) model.escape = field.value != 0;
    return Status();
  });
}

Status Apply(const Model& model, Vocabulary& v) {
  if (model.type != 1 && model.type != 2) {
    return Unimplemented("trainer_spec.model_type " + std::to_string(model.type) +
                         " is not one that Parvis computes (1 Unigram, 2 BPE)");
  }
  if (model.space_after || !model.escape) {
    return Unimplemented(
        "trainer_spec.treat_whitespace_as_suffix and "
        "normalizer_spec.escape_whitespaces false are not computed");
  }
  const auto size = static_cast<int64_t>(v.tokens.size());
  const auto id = [&](int64_t number, TokenKind kind) -> std::optional<TokenId> {
    if (number < 0 || number >= size || v.kinds[static_cast<size_t>(number)] != kind) return {};
    return static_cast<TokenId>(number);
  };
  v.unknown = id(model.unknown, TokenKind::kUnknown);
  for (int64_t i = 0; !v.unknown && i < size; ++i) v.unknown = id(i, TokenKind::kUnknown);
  if (!v.unknown) return DataLoss("pieces: none is the unknown token");
  v.bos = id(model.bos, TokenKind::kControl);
  v.eos = id(model.eos, TokenKind::kControl);
  v.padding = id(model.padding, TokenKind::kControl);
  v.byte_fallback = model.byte_fallback;
  v.add_prefix_space = model.prefix;
  v.model = model.type == 1 ? "unigram" : "sentencepiece_bpe";
  v.add_bos = model.type == 2 && v.bos;
  v.add_eos = model.type == 1 && v.eos;
  if (model.type == 1 || model.strip || !model.charsmap.empty()) {
    v.normalizer.push_back({.kind = NormalizerStep::Kind::kSentencePiece,
                            .strip = model.strip,
                            .prefix = model.prefix,
                            .charsmap = model.charsmap});
  }
  return {};
}

// XLM-RoBERTa and CamemBERT (by tokenizer_class) have ids of their own: a few tokens come first,
// then the model's pieces without its unknown one (CamemBERT: behind it), then <mask>.
Status RenumberAsFairseq(bool camembert, Vocabulary& v) {
  const bool usual = v.tokens.size() > 3 && v.kinds[0] == TokenKind::kUnknown &&
                     v.tokens[1] == "<s>" && v.tokens[2] == "</s>";
  if (!usual) return DataLoss("pieces: the first three are not <unk>, <s> and </s>");
  Vocabulary old;
  std::swap(old.tokens, v.tokens);
  std::swap(old.kinds, v.kinds);
  std::swap(old.scores, v.scores);
  std::swap(old.added, v.added);
  const auto put = [&](const std::string& token, TokenKind kind, float score) {
    v.tokens.push_back(token);
    v.kinds.push_back(kind);
    v.scores.push_back(score);
    return static_cast<TokenId>(v.tokens.size() - 1);
  };
  const auto put_special = [&](const char* token, bool lstrip = false) {
    const TokenId id = put(token, TokenKind::kControl, 0);
    v.added.push_back({.id = id, .content = token, .special = true, .lstrip = lstrip});
    return id;
  };
  if (camembert) {
    put_special("<s>NOTUSED");
    v.padding = put_special("<pad>");
    put_special("</s>NOTUSED");
    v.unknown = put("<unk>", TokenKind::kUnknown, 0);
    put_special("<unk>NOTUSED");
    v.bos = put_special("<s>");
    v.eos = put_special("</s>");
  } else {
    v.bos = put_special("<s>");
    v.padding = put_special("<pad>");
    v.eos = put_special("</s>");
    v.unknown = put("<unk>", TokenKind::kUnknown, 0);
  }
  for (size_t i = 3; i < old.tokens.size(); ++i) {
    const TokenId id = put(old.tokens[i], old.kinds[i], old.scores[i]);
    for (AddedToken added : old.added) {
      if (added.id != static_cast<TokenId>(i)) continue;
      added.id = id;
      v.added.push_back(std::move(added));
    }
  }
  v.mask = put_special("<mask>", /*lstrip=*/true);
  v.separator = v.eos;
  v.add_bos = v.add_eos = true;
  using Kind = TemplatePart::Kind;
  v.pair = {{Kind::kToken, *v.bos, 0}, {Kind::kFirst, -1, 0},  {Kind::kToken, *v.eos, 0},
            {Kind::kToken, *v.eos, 0}, {Kind::kSecond, -1, 0}, {Kind::kToken, *v.eos, 0}};
  return {};
}

// What stands only in tokenizer_config.json.
Status ReadSettings(std::string_view text, Vocabulary& v) {
  PARVIS_ASSIGN_OR_RETURN(const Json config, ParseTokenizerConfig(text));
  v.add_bos = Flag(config, "add_bos_token", v.add_bos);
  v.add_eos = Flag(config, "add_eos_token", v.add_eos);
  v.prefix_only_first = !Flag(config, "legacy", true);
  const Json named = config.value("tokenizer_class", Json());
  const auto tokenizer_class = named.is_string() ? named.get<std::string>() : std::string();
  const bool camembert = tokenizer_class.starts_with("CamembertTokenizer");
  if (camembert || tokenizer_class.starts_with("XLMRobertaTokenizer")) {
    PARVIS_RETURN_IF_ERROR(RenumberAsFairseq(camembert, v));
  }
  const bool t5 = tokenizer_class == "T5Tokenizer" || tokenizer_class == "T5TokenizerFast";
  const Json number = config.value("extra_ids", Json(t5 ? 100 : 0));
  if (!number.is_number_integer() || number.get<int64_t>() < 0 ||
      number.get<int64_t>() > kMaxExtraIds) {
    return RefuseField("tokenizer_config.json: extra_ids", "is not between 0 and 1000");
  }
  for (int64_t i = number.get<int64_t>() - 1; i >= 0; --i) {
    const std::string token = "<extra_id_" + std::to_string(i) + ">";
    v.added.push_back(
        {.id = static_cast<TokenId>(v.tokens.size()), .content = token, .special = true});
    v.tokens.push_back(token);
    v.scores.push_back(0.0f);
    v.kinds.push_back(TokenKind::kControl);
  }
  PARVIS_RETURN_IF_ERROR(ReadAddedTokensDecoder(config, v));
  AddNamedTokens(config, v);
  v.scores.resize(v.tokens.size(), 0.0f);
  if (v.model == "unigram" && v.eos && v.pair.empty()) {
    using Kind = TemplatePart::Kind;
    v.pair = {{Kind::kFirst, -1, 0},
              {Kind::kToken, *v.eos, 0},
              {Kind::kSecond, -1, 0},
              {Kind::kToken, *v.eos, 0}};
  }
  return ReadTokenizerConfig(text, v);
}

Result<Vocabulary> ReadVocabulary(std::string_view bytes, std::string_view config) {
  Vocabulary v;
  Model model;
  PARVIS_RETURN_IF_ERROR(ForEach(bytes, "model", 0, [&](const Field& field) -> Status {
    if (field.type != Field::Type::kBytes) return {};
    if (field.number == 1) return ReadPiece(field, v);
    if (field.number == 2) return ReadTrainerSpec(field, model);
    if (field.number == 3) return ReadNormalizerSpec(field, model);
    return {};
  }));
  if (v.tokens.empty()) return DataLoss("pieces: there are none; is this a SentencePiece model?");
  PARVIS_RETURN_IF_ERROR(Apply(model, v));
  PARVIS_RETURN_IF_ERROR(ReadSettings(config, v));
  return v;
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> ReadSentencePieceModel(std::string_view bytes,
                                                          std::string_view config) {
  Result<Vocabulary> vocabulary = ReadVocabulary(bytes, config);
  if (!vocabulary.ok()) return vocabulary.status().In("SentencePiece model");
  Result<std::unique_ptr<Tokenizer>> made = MakeTokenizer(std::move(*vocabulary));
  if (!made.ok()) return made.status().In("SentencePiece model");
  return made;
}

}  // namespace parvis::text
