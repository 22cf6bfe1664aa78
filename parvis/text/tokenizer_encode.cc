// What all tokenisers do alike: text is repaired, added tokens are found in it, what lies between
// is normalised and handed to the kind's own code, and the tokens of begin and end are put around.

#include <algorithm>
#include <iterator>

#include "parvis/text/added_tokens.h"
#include "parvis/text/token_table.h"
#include "parvis/text/tokenizer.h"
#include "parvis/text/utf8.h"

namespace parvis::text {
namespace {

bool IsInside(std::string_view text, size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
}

}  // namespace

Tokenizer::Tokenizer(Vocabulary vocabulary, Normalizer normalizer)
    : vocabulary_(std::move(vocabulary)), normalizer_(std::move(normalizer)) {
  added_ = std::make_unique<const AddedTokens>(vocabulary_.added, &normalizer_);
  auto ids = std::make_unique<TokenTable>(vocabulary_.tokens, vocabulary_.tokens.size());
  for (TokenId id = 0; id < vocab_size(); ++id) ids->Add(id);
  ids_ = std::move(ids);
}

Tokenizer::~Tokenizer() = default;

bool Tokenizer::IsSpecial(TokenId id) const {
  return id >= 0 && id < vocab_size() &&
         (vocabulary_.kinds[id] == TokenKind::kControl ||
          vocabulary_.kinds[id] == TokenKind::kUnknown);
}

std::optional<TokenId> Tokenizer::Find(std::string_view token) const {
  const TokenId id = ids_->Find(token);
  return id < 0 ? std::nullopt : std::optional(id);
}

std::pair<uint32_t, uint32_t> Tokenizer::Section::RangeOf(size_t from, size_t to) const {
  if (aligned != nullptr) return {aligned->begin[at + from], aligned->end[at + to - 1]};
  while (from > 0 && IsInside(text, from)) --from;
  while (IsInside(text, to)) ++to;
  return {static_cast<uint32_t>(origin + from), static_cast<uint32_t>(origin + to)};
}

bool Tokenizer::Section::is_first() const { return origin == 0 && at == 0; }

// whole[origin, end): between tokens that are not normalised.
void Tokenizer::EncodeBetween(std::string_view whole, size_t origin, size_t end,
                              const EncodeOptions& options, Encoded& out) const {
  const std::string_view text = whole.substr(origin, end - origin);
  AlignedText aligned;
  std::string_view normal = text;
  if (!normalizer_.empty()) {
    aligned = AlignedText::Of(text, origin, options.offsets || options.caller != nullptr);
    normalizer_.Apply(aligned);
    normal = aligned.text;
  }
  AddedTokens::Allowed allowed;
  if (options.caller != nullptr) {
    allowed = [&](const AddedToken& token, size_t begin, size_t end) {
      const bool moved = !normalizer_.empty();
      const size_t from = moved ? aligned.begin[begin] : origin + begin;
      const size_t to = moved ? aligned.end[end - 1] : origin + end;
      return options.caller->Allows(token, whole, from, to);
    };
  }
  for (const AddedTokens::Match& match :
       added_->SplitNormalized(normal, options.parse_special, allowed)) {
    Section section = {.text = normal.substr(match.begin, match.end - match.begin),
                       .offsets = options.offsets};
    if (normalizer_.empty()) {
      section.origin = origin + match.begin;
    } else {
      section.origin = origin;
      section.aligned = options.offsets ? &aligned : nullptr;
      section.at = match.begin;
    }
    if (match.token == nullptr) {
      EncodeSection(section, out);
      continue;
    }
    out.ids.push_back(match.token->id);
    if (!options.offsets) continue;
    out.offsets.push_back(section.RangeOf(0, section.text.size()));
    TrimAdded(section.text, out);
  }
}

// Without bos and eos.
void Tokenizer::EncodeText(std::string_view input, const EncodeOptions& options,
                           Encoded& out) const {
  PARVIS_CHECK(input.size() <= kMaxTextBytes);
  const ReadableText readable(input);
  const std::string_view text = readable.text();
  Encoded own;  // ranges of `text`
  AddedTokens::Allowed allowed;
  if (options.caller != nullptr) {
    PARVIS_CHECK(text.data() == input.data());  // ranges are of a text that needed no repair
    allowed = [&](const AddedToken& token, size_t begin, size_t end) {
      return options.caller->Allows(token, text, begin, end);
    };
  }
  for (const AddedTokens::Match& match : added_->SplitRaw(text, options.parse_special, allowed)) {
    if (match.token == nullptr) {
      EncodeBetween(text, match.begin, match.end, options, own);
    } else {
      own.ids.push_back(match.token->id);
      if (!options.offsets) continue;
      own.offsets.emplace_back(match.begin, match.end);
      TrimAdded(text.substr(match.begin, match.end - match.begin), own);
    }
  }
  readable.PointIntoInput(own.offsets);
  out.ids.insert(out.ids.end(), own.ids.begin(), own.ids.end());
  out.offsets.insert(out.offsets.end(), own.offsets.begin(), own.offsets.end());
}

void Tokenizer::TrimAdded(std::string_view, Encoded&) const {}

Encoded Tokenizer::Join(std::string_view first, std::string_view second,
                        const EncodeOptions& options, std::span<const TemplatePart> parts) const {
  using Kind = TemplatePart::Kind;
  Encoded out;
  for (const TemplatePart& part : parts) {
    int8_t text = Encoded::kNobody;
    if (part.kind == Kind::kToken) {
      if (!options.add_special) continue;
      out.ids.push_back(part.token);
      if (options.offsets) out.offsets.emplace_back(0, 0);
    } else {
      text = part.kind == Kind::kFirst ? 0 : 1;
      EncodeText(text == 0 ? first : second, options, out);
    }
    out.types.resize(out.ids.size(), part.type);
    out.texts.resize(out.ids.size(), text);
  }
  return out;
}

Encoded Tokenizer::Encode(std::string_view text, const EncodeOptions& options) const {
  using Kind = TemplatePart::Kind;
  const Vocabulary& v = vocabulary_;
  std::vector<TemplatePart> parts;
  if (v.add_bos) parts.push_back({Kind::kToken, *v.bos, 0});
  parts.push_back({Kind::kFirst, -1, 0});
  if (v.add_eos) parts.push_back({Kind::kToken, *v.eos, 0});
  return Join(text, {}, options, parts);
}

Encoded Tokenizer::EncodePair(std::string_view first, std::string_view second,
                              const EncodeOptions& options) const {
  using Kind = TemplatePart::Kind;
  const Vocabulary& v = vocabulary_;
  if (!v.pair.empty()) return Join(first, second, options, v.pair);
  std::vector<TemplatePart> parts;
  for (const uint8_t type : {uint8_t{0}, uint8_t{1}}) {
    if (v.add_bos) parts.push_back({Kind::kToken, *v.bos, type});
    parts.push_back({type == 0 ? Kind::kFirst : Kind::kSecond, -1, type});
    if (v.add_eos) parts.push_back({Kind::kToken, *v.eos, type});
  }
  return Join(first, second, options, parts);
}

}  // namespace parvis::text
