#include "parvis/server/multipart.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

namespace parvis::server {
namespace {

using service::Invalid;

constexpr size_t kMaxParts = 32;
constexpr size_t kMaxHeaderBytes = 8192;
constexpr size_t kMaxBoundary = 70;  // RFC 2046 §5.1.1
constexpr size_t kMaxName = 512;

service::Refusal Wrong(std::string why) {
  return Invalid({}, "The form is not as it should be: " + std::move(why), "invalid_form");
}

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// The value of a header's parameter, quoted or not. Nothing: there is none, or it is told twice or
// not closed.
std::optional<std::string> Parameter(std::string_view header, std::string_view wanted) {
  std::optional<std::string> found;
  size_t at = header.find(';');
  while (at != std::string_view::npos && at < header.size()) {
    ++at;
    const size_t equals = header.find('=', at);
    if (equals == std::string_view::npos) break;
    const std::string name = LowerCase(Trimmed(header.substr(at, equals - at)));
    std::string value;
    at = equals + 1;
    if (at < header.size() && header[at] == '"') {
      ++at;
      while (at < header.size() && header[at] != '"') {
        // Browsers escape a quote as %22; others with a backslash.
        if (header[at] == '\\' && at + 1 < header.size() &&
            (header[at + 1] == '"' || header[at + 1] == '\\')) {
          ++at;
        }
        value += header[at++];
      }
      if (at == header.size()) return std::nullopt;
      at = header.find(';', at + 1);
    } else {
      const size_t end = std::min(header.find(';', at), header.size());
      value = Trimmed(header.substr(at, end - at));
      at = end;
    }
    if (name != wanted) continue;
    if (found) return std::nullopt;
    found = std::move(value);
  }
  return found;
}

std::optional<std::string> BoundaryOf(std::string_view content_type) {
  if (LowerCase(Trimmed(content_type.substr(0, content_type.find(';')))) != "multipart/form-data") {
    return std::nullopt;
  }
  auto boundary = Parameter(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > kMaxBoundary) return std::nullopt;
  const bool plain = std::all_of(boundary->begin(), boundary->end(),
                                 [](unsigned char c) { return c > 0x20 && c < 0x7f; });
  if (!plain) return std::nullopt;
  return boundary;
}

// The headers of a part: what it is called.
service::OrRefusal<FormPart> ReadHeaders(std::string_view headers) {
  FormPart part;
  bool named = false;
  while (!headers.empty()) {
    const size_t end = std::min(headers.find("\r\n"), headers.size());
    const std::string_view line = headers.substr(0, end);
    headers.remove_prefix(std::min(end + 2, headers.size()));
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || line.front() == ' ' || line.front() == '\t') {
      return Wrong("a part's header is none");
    }
    if (LowerCase(line.substr(0, colon)) != "content-disposition") continue;
    const std::string_view value = line.substr(colon + 1);
    if (LowerCase(Trimmed(value.substr(0, value.find(';')))) != "form-data" || named) {
      return Wrong("a part that is no field of a form");
    }
    auto name = Parameter(value, "name");
    if (!name || name->empty() || name->size() > kMaxName) return Wrong("a part without a name");
    part.name = std::move(*name);
    part.file_name = Parameter(value, "filename").value_or("");
    if (part.file_name.size() > kMaxName) return Wrong("a file's name that is too long");
    named = true;
  }
  if (!named) return Wrong("a part without a name");
  return part;
}

}  // namespace

service::OrRefusal<std::vector<FormPart>> ParseMultipart(std::string_view content_type,
                                                         std::string_view body) {
  const auto boundary = BoundaryOf(content_type);
  if (!boundary) {
    return Invalid({}, "The body must be multipart/form-data with a boundary.", "invalid_form");
  }
  const std::string first = "--" + *boundary;
  const std::string next = "\r\n" + first;
  if (!body.starts_with(first)) return Wrong("it does not begin with its boundary");
  body.remove_prefix(first.size());
  std::vector<FormPart> parts;
  while (!body.starts_with("--")) {
    if (!body.starts_with("\r\n")) return Wrong("something follows a boundary");
    if (parts.size() == kMaxParts) return Wrong("it has too many parts");
    body.remove_prefix(2);
    const size_t head = body.substr(0, kMaxHeaderBytes).find("\r\n\r\n");
    if (head == std::string_view::npos) return Wrong("a part's headers do not end");
    auto part = ReadHeaders(body.substr(0, head));
    if (!part.ok()) return part.refusal();
    body.remove_prefix(head + 4);
    const size_t end = body.find(next);
    if (end == std::string_view::npos) return Wrong("a part does not end");
    part->content = body.substr(0, end);
    body.remove_prefix(end + next.size());
    const bool told = std::any_of(parts.begin(), parts.end(), [&part](const FormPart& other) {
      return other.name == part->name;
    });
    if (told) return Wrong("a field is told twice");
    parts.push_back(std::move(*part));
  }
  body.remove_prefix(2);
  if (!body.empty() && body != "\r\n") return Wrong("something follows its end");
  return parts;
}

}  // namespace parvis::server
