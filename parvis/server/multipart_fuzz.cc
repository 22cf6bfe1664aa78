// Any bytes as a form: the first line is its content type.

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "parvis/core/check.h"
#include "parvis/server/multipart.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(all.find('\n'), all.size());
  const std::string_view body = all.substr(std::min(end + 1, all.size()));
  const auto parts = parvis::server::ParseMultipart(all.substr(0, end), body);
  if (!parts.ok()) {
    PARVIS_CHECK(parts.refusal().kind == parvis::service::RefusalKind::kInvalid);
    return 0;
  }
  const char* before = body.data();
  for (const auto& part : *parts) {
    PARVIS_CHECK(!part.name.empty());
    // Within the body, one after the other, and each ends where a boundary begins.
    PARVIS_CHECK(part.content.data() > before);
    before = part.content.data() + part.content.size();
    PARVIS_CHECK(before < body.data() + body.size());
    PARVIS_CHECK(std::string_view(before, 4) == "\r\n--");
  }
  return 0;
}
