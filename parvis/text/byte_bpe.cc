#include "parvis/text/byte_bpe.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "parvis/text/byte_alphabet.h"
#include "parvis/text/utf8.h"

namespace parvis::text {
namespace {

constexpr uint64_t kEmpty = UINT64_MAX;

uint64_t PairOf(TokenId left, TokenId right) {
  return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
}

uint64_t HashOf(uint64_t pair) {
  pair *= 0x9E3779B97F4A7C15u;
  return pair ^ (pair >> 29);
}

// Offsets speak of characters: a token that begins or ends within one covers all of it.
uint32_t CharacterBegin(std::string_view text, size_t at) {
  while (at > 0 && at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return static_cast<uint32_t>(at);
}
uint32_t CharacterEnd(std::string_view text, size_t at) {
  while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
  return static_cast<uint32_t>(at);
}

}  // namespace

ByteBpe::ByteBpe(Vocabulary vocabulary)
    : Tokenizer(std::move(vocabulary)), added_(this->vocabulary().added) {}

Result<std::unique_ptr<Tokenizer>> ByteBpe::Make(Vocabulary vocabulary) {
  const auto pre_tokenizer = PreTokenizerFromName(vocabulary.pre_tokenizer);
  if (!pre_tokenizer) {
    return Unimplemented("pre-tokeniser \"" + vocabulary.pre_tokenizer +
                         "\" is not one that Parvis computes (gpt2, llama3, qwen2)");
  }
  std::unique_ptr<ByteBpe> tokenizer(new ByteBpe(std::move(vocabulary)));
  tokenizer->pre_tokenizer_ = *pre_tokenizer;
  PARVIS_RETURN_IF_ERROR(tokenizer->Index());
  return std::unique_ptr<Tokenizer>(std::move(tokenizer));
}

Status ByteBpe::Index() {
  const Vocabulary& v = vocabulary();
  byte_ids_.fill(-1);
  bytes_.resize(v.tokens.size());
  std::vector<bool> is_added(v.tokens.size(), false);
  for (const AddedToken& added : v.added) is_added[added.id] = true;
  for (size_t id = 0; id < v.tokens.size(); ++id) {
    ids_.emplace(v.tokens[id], static_cast<TokenId>(id));
    std::optional<std::string> bytes;
    if (!is_added[id]) bytes = FromByteAlphabet(v.tokens[id]);
    bytes_[id] = bytes ? *std::move(bytes) : v.tokens[id];
    if (!is_added[id] && bytes_[id].size() == 1) {
      byte_ids_[static_cast<unsigned char>(bytes_[id][0])] = static_cast<TokenId>(id);
    }
  }
  for (size_t id = 0; id < v.tokens.size(); ++id) {
    if (!is_added[id]) whole_.emplace(bytes_[id], static_cast<TokenId>(id));
  }
  const size_t capacity = std::bit_ceil(std::max<size_t>(16, v.merges.size() * 2));
  merges_.assign(capacity, {kEmpty, 0, 0});
  merge_mask_ = capacity - 1;
  for (size_t rank = 0; rank < v.merges.size(); ++rank) {
    const auto& [left, right] = v.merges[rank];
    const auto l = ids_.find(left), r = ids_.find(right), both = ids_.find(left + right);
    if (l == ids_.end() || r == ids_.end() || both == ids_.end()) {
      return DataLoss("merges[" + std::to_string(rank) + "]: \"" + left.substr(0, 40) + "\" + \"" +
                      right.substr(0, 40) + "\" names a token that is not in the vocabulary");
    }
    const uint64_t pair = PairOf(l->second, r->second);
    uint64_t slot = HashOf(pair) & merge_mask_;
    while (merges_[slot].pair != kEmpty && merges_[slot].pair != pair) {
      slot = (slot + 1) & merge_mask_;
    }
    // A pair that is listed twice keeps its last rank, as the reference's table does.
    merges_[slot] = {pair, static_cast<uint32_t>(rank), both->second};
  }
  return {};
}

const ByteBpe::Slot* ByteBpe::FindMerge(TokenId left, TokenId right) const {
  const uint64_t pair = PairOf(left, right);
  for (uint64_t slot = HashOf(pair) & merge_mask_; merges_[slot].pair != kEmpty;
       slot = (slot + 1) & merge_mask_) {
    if (merges_[slot].pair == pair) return &merges_[slot];
  }
  return nullptr;
}

std::optional<TokenId> ByteBpe::Find(std::string_view token) const {
  const auto found = ids_.find(token);
  return found == ids_.end() ? std::nullopt : std::optional(found->second);
}

void ByteBpe::EncodePiece(std::string_view piece, std::vector<Symbol>& symbols) const {
  symbols.clear();
  if (vocabulary().ignore_merges) {
    if (const auto found = whole_.find(piece); found != whole_.end()) {
      symbols.push_back({found->second, 0, static_cast<uint32_t>(piece.size())});
      return;
    }
  }
  for (uint32_t i = 0; i < piece.size(); ++i) {
    const TokenId id = byte_ids_[static_cast<unsigned char>(piece[i])];
    if (id >= 0) symbols.push_back({id, i, i + 1});  // the reference, too, drops an unknown byte
  }
  MergeAll(symbols, [this](const Symbol& a, const Symbol& b) -> std::optional<Merge> {
    const Slot* slot = FindMerge(a.id, b.id);
    if (slot == nullptr) return std::nullopt;
    return Merge{static_cast<double>(slot->rank), slot->id};
  });
}

// `text`: valid UTF-8 without added tokens; `origin`: where it begins in the whole.
void ByteBpe::EncodeText(std::string_view text, size_t origin, bool offsets, Encoded& out) const {
  std::string prefixed;
  size_t added = 0;  // bytes that are not of the input
  if (vocabulary().add_prefix_space && !text.starts_with(' ')) {
    prefixed = ' ' + std::string(text);
    text = prefixed;
    added = 1;
  }
  std::vector<Symbol> symbols;
  for (size_t at = 0; at < text.size();) {
    const size_t end = PieceEnd(pre_tokenizer_, text, at);
    EncodePiece(text.substr(at, end - at), symbols);
    for (const Symbol& symbol : symbols) {
      out.ids.push_back(symbol.id);
      if (!offsets) continue;
      const uint32_t first = CharacterBegin(text, at + symbol.begin);
      const uint32_t last = CharacterEnd(text, at + symbol.end);
      const auto back = [&](uint32_t i) {
        return static_cast<uint32_t>(origin + (i > added ? i - added : 0));
      };
      out.offsets.emplace_back(back(first), back(last));
    }
    at = end;
  }
}

Encoded ByteBpe::Encode(std::string_view input, const EncodeOptions& options) const {
  Repaired repaired;
  std::string_view text = input;
  if (!IsValidUtf8(input)) {
    repaired = Repair(input);
    text = repaired.text;
  }
  Encoded out;
  const Vocabulary& v = vocabulary();
  if (options.add_special && v.add_bos && v.bos) out.ids.push_back(*v.bos);
  if (options.offsets) out.offsets.resize(out.ids.size(), {0, 0});
  for (const AddedTokens::Match& match : added_.Split(text, options.parse_special)) {
    if (match.token == nullptr) {
      EncodeText(text.substr(match.begin, match.end - match.begin), match.begin, options.offsets,
                 out);
    } else {
      out.ids.push_back(match.token->id);
      if (options.offsets) out.offsets.emplace_back(match.begin, match.end);
    }
  }
  if (!repaired.origin.empty()) {
    for (auto& [begin, end] : out.offsets) {
      begin = repaired.origin[begin];
      end = repaired.origin[end];
    }
  }
  if (options.add_special && v.add_eos && v.eos) {
    out.ids.push_back(*v.eos);
    if (options.offsets) out.offsets.emplace_back(0, 0);
  }
  return out;
}

std::string ByteBpe::TokenBytes(TokenId id) const {
  return id >= 0 && id < vocab_size() ? bytes_[id] : std::string();
}

std::string ByteBpe::Decode(std::span<const TokenId> ids, bool skip_special) const {
  std::string text;
  for (const TokenId id : ids) {
    if (id < 0 || id >= vocab_size() || (skip_special && IsSpecial(id))) continue;
    text += bytes_[id];
  }
  return text;
}

}  // namespace parvis::text
