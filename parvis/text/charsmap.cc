#include "parvis/text/charsmap.h"

#include <algorithm>
#include <span>

#include "parvis/core/byte_reader.h"
#include "parvis/text/utf8.h"

namespace parvis::text {
namespace {

constexpr uint32_t kIsValue = uint32_t{1} << 31;

bool HasValue(uint32_t unit) { return (unit >> 8 & 1) != 0; }
size_t OffsetOf(uint32_t unit) { return size_t{unit >> 10} << ((unit & 1u << 9) >> 6); }
uint32_t LabelOf(uint32_t unit) { return unit & (kIsValue | 0xFF); }

}  // namespace

Result<Charsmap> Charsmap::Parse(std::string_view bytes) {
  ByteReader reader(std::as_bytes(std::span(bytes)));
  PARVIS_ASSIGN_OR_RETURN(const uint32_t trie_size, reader.Read<uint32_t>("precompiled_charsmap"));
  if (trie_size == 0 || trie_size % 4 != 0 || trie_size > reader.left()) {
    return ByteReader::Refuse(
        "precompiled_charsmap",
        "a trie of " + std::to_string(trie_size) + " bytes in " + std::to_string(bytes.size()), 0);
  }
  Charsmap map;
  map.units_.resize(trie_size / 4);
  PARVIS_ASSIGN_OR_RETURN(const auto units, reader.Bytes("precompiled_charsmap", trie_size));
  std::memcpy(map.units_.data(), units.data(), trie_size);
  map.strings_ = bytes.substr(reader.offset());
  if (map.strings_.empty() || map.strings_.back() != '\0' || !IsValidUtf8(map.strings_)) {
    return reader.Refuse("precompiled_charsmap", "its strings are not zero-ended UTF-8");
  }
  for (size_t i = 0; i < map.units_.size(); ++i) {
    const uint32_t unit = map.units_[i];
    if ((unit & kIsValue) != 0) continue;
    const auto refuse = [&](const std::string& why) {
      return ByteReader::Refuse("precompiled_charsmap", why, 4 + 4 * i);
    };
    const size_t children = i ^ OffsetOf(unit);
    if (children >= map.units_.size()) return refuse("a unit points outside the trie");
    if (!HasValue(unit)) continue;
    const uint32_t value = map.units_[children] & ~kIsValue;
    if (value >= map.strings_.size()) return refuse("a value points outside the strings");
    if ((static_cast<unsigned char>(map.strings_[value]) & 0xC0) == 0x80) {
      return refuse("a value points into a character");
    }
    const size_t size = map.strings_.find('\0', value) - value;
    if (size > kMaxReplacement) return refuse("a replacement is longer than 256 bytes");
    map.longest_ = std::max(map.longest_, size);
  }
  return map;
}

Charsmap::Match Charsmap::Find(std::string_view text, size_t at, bool shortest) const {
  Match match;
  size_t node = OffsetOf(units_[0]);
  const size_t end = std::min(text.size(), at + kMaxKey);
  for (size_t i = at; i < end; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    node ^= byte;
    if (byte == 0 || node >= units_.size() || LabelOf(units_[node]) != byte) break;
    const uint32_t unit = units_[node];
    node ^= OffsetOf(unit);  // inside, as Parse has seen
    if (!HasValue(unit)) continue;
    match = {i + 1 - at, strings_.data() + (units_[node] & ~kIsValue)};
    if (shortest) break;
  }
  return match;
}

}  // namespace parvis::text
