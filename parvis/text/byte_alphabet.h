#ifndef PARVIS_TEXT_BYTE_ALPHABET_H_
#define PARVIS_TEXT_BYTE_ALPHABET_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace parvis::text {

// GPT-2's printable stand-in for every byte, so that tokens are text: visible Latin-1 characters
// for themselves, the other bytes as U+0100, U+0101 … in order.
uint32_t CharacterOfByte(uint8_t byte);
std::optional<uint8_t> ByteOfCharacter(uint32_t code);

std::string ToByteAlphabet(std::string_view bytes);
// Nothing, if a character is not one of the alphabet.
std::optional<std::string> FromByteAlphabet(std::string_view token);

// SentencePiece's token for a single byte, <0x00> … <0xFF>, and back.
std::string ByteToken(uint8_t byte);
std::optional<uint8_t> ByteOfToken(std::string_view token);

}  // namespace parvis::text

#endif  // PARVIS_TEXT_BYTE_ALPHABET_H_
