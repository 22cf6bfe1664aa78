#ifndef PARVIS_TEXT_GOLDEN_SUPPORT_H_
#define PARVIS_TEXT_GOLDEN_SUPPORT_H_

// For tests only: the vectors of tests/golden/tokenizers (tools/goldens/README.md tells what they
// hold).

#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "parvis/core/base64.h"
#include "parvis/core/json.h"
#include "parvis/text/tokenizer.h"
#include "parvis/text/utf8.h"

namespace parvis::text {

inline std::string ReadGolden(const std::string& name) {
  std::ifstream file(std::string(PARVIS_SOURCE_DIR) + "/tests/golden/tokenizers/" + name,
                     std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

inline std::vector<std::string> ReadGoldenStrings() {
  std::vector<std::string> strings;
  std::istringstream lines(ReadGolden("strings.jsonl"));
  for (std::string line; std::getline(lines, line);) {
    const Json json = std::move(ParseJson(line)).value();
    strings.push_back(json.is_string() ? json.get<std::string>()
                                       : FromBase64(json[0].get<std::string>()).value());
  }
  return strings;
}

// The first 16 bits of FNV-1a's 64: the goldens hold what was computed as such hashes.
inline std::string HashOf(const std::string& text) {
  uint64_t hash = 0xCBF29CE484222325u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  std::string hex;
  for (int shift = 60; shift >= 48; shift -= 4) hex += "0123456789abcdef"[hash >> shift & 15];
  return hex;
}

template <typename T>
std::string Joined(const std::vector<T>& values, char between = ' ') {
  std::string text;
  for (const T value : values) {
    if (!text.empty()) text += between;
    text += std::to_string(value);
  }
  return text;
}

// Ids as the goldens show them: a list, or their number if there are more than eight.
inline std::string Shown(const std::vector<TokenId>& ids) {
  if (ids.empty()) return "-";
  return ids.size() <= 8 ? Joined(ids, ',') : "#" + std::to_string(ids.size());
}

inline std::vector<TokenId> IdsOf(const std::string& shown) {
  std::vector<TokenId> ids;
  std::istringstream numbers(shown == "-" ? "" : shown);
  for (std::string id; std::getline(numbers, id, ',');) ids.push_back(std::stoi(id));
  return ids;
}

// Our offsets point into the inputs, the golden's into the repaired texts. `texts` by number, as
// Encoded::texts has it.
inline std::string OffsetsInRepaired(const Encoded& encoded,
                                     const std::vector<std::string>& texts) {
  std::vector<std::vector<uint32_t>> places;
  for (const std::string& text : texts) {
    const Repaired repaired = Repair(text);
    std::vector<uint32_t>& place = places.emplace_back(text.size() + 1, 0);
    for (size_t i = repaired.origin.size(); i-- > 0;) {
      place[repaired.origin[i]] = static_cast<uint32_t>(i);
    }
  }
  std::vector<uint32_t> flat;
  for (size_t i = 0; i < encoded.offsets.size(); ++i) {
    const auto& place = places[encoded.texts[i] == Encoded::kNobody ? 0 : encoded.texts[i]];
    flat.push_back(place.at(encoded.offsets[i].first));
    flat.push_back(place.at(encoded.offsets[i].second));
  }
  return Joined(flat);
}

// What a tokeniser makes of a string, as a line of vectors.txt, and for whoever looks for the
// reason of a difference, what was hashed. `native`: as SentencePiece does, which knows less.
struct GoldenLine {
  std::string line, details;
};
inline GoldenLine LineOf(const Tokenizer& tokenizer, const std::string& input, bool native) {
  const Encoded got =
      tokenizer.Encode(input, {.add_special = !native, .parse_special = !native, .offsets = true});
  bool unknown = false;
  for (const TokenId id : got.ids) unknown |= id == tokenizer.unknown();
  const std::pair<const char*, std::string> parts[] = {
      {"ids", Joined(got.ids)},
      {"offsets", OffsetsInRepaired(got, {input})},
      {"decoded", Repair(tokenizer.Decode(got.ids, /*skip_special=*/false)).text},
      {"decoded without special tokens", Repair(tokenizer.Decode(got.ids)).text},
      {"special tokens as text", Joined(tokenizer.Encode(input, {.add_special = false}).ids)},
  };
  GoldenLine golden{Shown(got.ids) + ' ', ""};
  for (size_t i = 0; i < 5; ++i) {
    const bool compared = !native || i < 2 || (i == 3 && !unknown);
    golden.line += compared ? HashOf(parts[i].second) : "----";
    golden.details += std::string(parts[i].first) + ": " + parts[i].second + '\n';
  }
  return golden;
}

// The line of a published vocabulary in published.txt: a hash of every eight lines.
inline std::string PublishedLineOf(const std::string& name, const Tokenizer& tokenizer,
                                   bool native = false) {
  std::string line = name, eight;
  const std::vector<std::string> strings = ReadGoldenStrings();
  for (size_t i = 0; i < strings.size(); ++i) {
    eight += (i % 8 > 0 ? "\n" : "") + LineOf(tokenizer, strings[i], native).line;
    if (i % 8 < 7 && i + 1 < strings.size()) continue;
    line += ' ' + HashOf(eight);
    eight.clear();
  }
  return line;
}

// The same as the reference had it; empty: there is none of that name.
inline std::string PublishedGolden(const std::string& name) {
  std::istringstream lines(ReadGolden("published.txt"));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(name + ' ')) return line;
  }
  return {};
}

}  // namespace parvis::text

#endif  // PARVIS_TEXT_GOLDEN_SUPPORT_H_
