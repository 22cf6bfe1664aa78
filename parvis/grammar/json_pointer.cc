#include "parvis/grammar/json_pointer.h"

#include <charconv>
#include <cstdint>

namespace parvis::grammar {

std::string EscapedPointer(std::string_view key) {
  std::string escaped;
  for (const char c : key) {
    if (c == '~') {
      escaped += "~0";
    } else if (c == '/') {
      escaped += "~1";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string NormalPointer(std::string_view pointer) {
  std::string normal;
  for (size_t i = 0; i < pointer.size(); ++i) {
    uint8_t byte = 0;
    const char* const digits = pointer.data() + i + 1;
    if (pointer[i] == '%' && i + 2 < pointer.size() &&
        std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
      normal += static_cast<char>(byte);
      i += 2;
    } else {
      normal += pointer[i];
    }
  }
  return normal;
}

const OrderedJson* FindPointer(const OrderedJson& document, std::string_view pointer) {
  if (pointer == "#") return &document;
  if (!pointer.starts_with("#/")) return nullptr;
  const OrderedJson* at = &document;
  for (size_t begin = 2; begin <= pointer.size();) {
    const size_t end = std::min(pointer.find('/', begin), pointer.size());
    std::string key;
    for (size_t i = begin; i < end; ++i) {
      const bool escaped = pointer[i] == '~' && i + 1 < end;
      if (escaped && (pointer[i + 1] == '0' || pointer[i + 1] == '1')) {
        key += pointer[++i] == '0' ? '~' : '/';
      } else {
        key += pointer[i];
      }
    }
    if (at->is_object()) {
      const auto found = at->find(key);
      if (found == at->end()) return nullptr;
      at = &*found;
    } else if (at->is_array()) {
      size_t index = 0;
      const char* const last = key.data() + key.size();
      const auto number = std::from_chars(key.data(), last, index);
      if (number.ec != std::errc() || number.ptr != last || index >= at->size()) return nullptr;
      at = &(*at)[index];
    } else {
      return nullptr;
    }
    begin = end + 1;
  }
  return at;
}

}  // namespace parvis::grammar
