#include "parvis/text/byte_alphabet.h"

#include <array>

#include "parvis/text/utf8.h"

namespace parvis::text {
namespace {

constexpr bool IsVisible(int byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) ||
         (byte >= 0xAE && byte <= 0xFF);
}

constexpr auto kCharacters = [] {
  std::array<uint16_t, 256> characters{};
  uint16_t next = 0x100;
  for (int byte = 0; byte < 256; ++byte) {
    characters[byte] = IsVisible(byte) ? static_cast<uint16_t>(byte) : next++;
  }
  return characters;
}();

constexpr auto kBytes = [] {
  std::array<int16_t, 0x144> bytes{};
  for (int16_t& byte : bytes) byte = -1;
  for (int byte = 0; byte < 256; ++byte) bytes[kCharacters[byte]] = static_cast<int16_t>(byte);
  return bytes;
}();

}  // namespace

uint32_t CharacterOfByte(uint8_t byte) { return kCharacters[byte]; }

std::optional<uint8_t> ByteOfCharacter(uint32_t code) {
  if (code >= kBytes.size() || kBytes[code] < 0) return std::nullopt;
  return static_cast<uint8_t>(kBytes[code]);
}

std::string ToByteAlphabet(std::string_view bytes) {
  std::string token;
  for (const char c : bytes) AppendUtf8(CharacterOfByte(static_cast<uint8_t>(c)), token);
  return token;
}

std::optional<std::string> FromByteAlphabet(std::string_view token) {
  std::string bytes;
  for (size_t at = 0; at < token.size();) {
    const Character c = ReadCharacter(token, at);
    const auto byte = c.valid ? ByteOfCharacter(c.code) : std::nullopt;
    if (!byte) return std::nullopt;
    bytes += static_cast<char>(*byte);
    at += c.size;
  }
  return bytes;
}

std::string ByteToken(uint8_t byte) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  return std::string("<0x") + kDigits[byte >> 4] + kDigits[byte & 15] + '>';
}

std::optional<uint8_t> ByteOfToken(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return std::nullopt;
  int value = 0;
  for (const char c : token.substr(3, 2)) {
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    if (digit < 0) return std::nullopt;
    value = value * 16 + digit;
  }
  return static_cast<uint8_t>(value);
}

}  // namespace parvis::text
