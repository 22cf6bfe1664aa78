#include "parvis/text/token_table.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace parvis::text {
namespace {

uint64_t Mix(uint64_t a) {
  const auto product = static_cast<unsigned __int128>(a) * 0x9E3779B97F4A7C15u;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

uint64_t HashOf(std::string_view bytes) {
  uint64_t hash = bytes.size();
  while (bytes.size() >= 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data(), 8);
    hash = Mix(hash ^ word);
    bytes.remove_prefix(8);
  }
  uint64_t word = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    word |= static_cast<uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return Mix(Mix(hash ^ word) + 0x632BE59BD9B4E019u);
}

}  // namespace

TokenTable::TokenTable(const std::vector<std::string>& tokens, size_t size)
    : tokens_(tokens), slots_(std::bit_ceil(std::max<size_t>(16, 2 * size)), {0, -1}) {
  mask_ = slots_.size() - 1;
}

size_t TokenTable::Probe(std::string_view bytes, uint64_t hash) const {
  const auto tag = static_cast<uint32_t>(hash >> 32);
  size_t at = hash & mask_;
  while (slots_[at].id >= 0 && (slots_[at].tag != tag || tokens_[slots_[at].id] != bytes)) {
    at = (at + 1) & mask_;
  }
  return at;
}

void TokenTable::Add(TokenId id) {
  const uint64_t hash = HashOf(tokens_[id]);
  Slot& slot = slots_[Probe(tokens_[id], hash)];
  if (slot.id < 0) slot = {static_cast<uint32_t>(hash >> 32), id};
}

TokenId TokenTable::Find(std::string_view bytes) const {
  return slots_[Probe(bytes, HashOf(bytes))].id;
}

}  // namespace parvis::text
