#include "parvis/server/query.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace parvis::server {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string Decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
    const int low = high >= 0 ? HexDigit(text[i + 2]) : -1;
    if (low >= 0) {
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

// Calls `each(name, value)`, neither decoded.
template <typename Each>
void ForEach(std::string_view query, Each each) {
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view part = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (part.empty()) continue;
    const size_t equals = std::min(part.find('='), part.size());
    each(part.substr(0, equals), part.substr(std::min(equals + 1, part.size())));
  }
}

}  // namespace

std::optional<std::string> QueryValue(std::string_view query, std::string_view name) {
  std::optional<std::string> found;
  ForEach(query, [&](std::string_view key, std::string_view value) {
    if (!found && Decoded(key) == name) found = Decoded(value);
  });
  return found;
}

service::OrRefusal<service::Page> ReadPage(std::string_view query, int64_t default_limit,
                                           int64_t max_limit,
                                           const std::vector<std::string_view>& known) {
  std::optional<service::Refusal> unknown;
  ForEach(query, [&](std::string_view key, std::string_view) {
    const std::string name = Decoded(key);
    if (unknown || std::find(known.begin(), known.end(), name) != known.end()) return;
    unknown = service::Invalid(name.substr(0, 64),
                               fmt::format("There is no parameter '{}' here.", name.substr(0, 64)),
                               "unknown_parameter");
  });
  if (unknown) return std::move(*unknown);
  service::Page page{.after = QueryValue(query, "after").value_or(""), .limit = default_limit};
  if (const auto limit = QueryValue(query, "limit")) {
    const char* const end = limit->data() + limit->size();
    const auto read = std::from_chars(limit->data(), end, page.limit);
    if (read.ec != std::errc() || read.ptr != end || page.limit < 1 || page.limit > max_limit) {
      return service::Invalid("limit",
                              fmt::format("'limit' must be a number from 1 to {}.", max_limit),
                              "out_of_range");
    }
  }
  if (const auto order = QueryValue(query, "order")) {
    if (*order != "asc" && *order != "desc") {
      return service::Invalid("order", "'order' must be 'asc' or 'desc'.", "invalid_value");
    }
    page.newest_first = *order == "desc";
  }
  return page;
}

}  // namespace parvis::server
