#include "parvis/server/batch_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "parvis/server/openai_json.h"

namespace parvis::server {
namespace {

constexpr int64_t kMaxLines = 50'000;
constexpr size_t kMaxErrors = 100;
constexpr size_t kMaxLineBytes = size_t{16} << 20;

}  // namespace

std::vector<BatchLine> ReadBatchLines(service::Batch& batch, const std::string& content) {
  std::vector<BatchLine> lines;
  std::set<std::string> ids;
  OrderedJson errors = OrderedJson::array();
  int64_t number = 0;
  const auto wrong = [&](const char* code, const std::string& message, const char* param) {
    errors.push_back({{"code", code},
                      {"message", message},
                      {"param", *param == 0 ? OrderedJson() : OrderedJson(param)},
                      {"line", number}});
  };
  for (size_t begin = 0; begin < content.size() && errors.size() < kMaxErrors;) {
    const size_t end = std::min(content.find('\n', begin), content.size());
    std::string_view text(content.data() + begin, end - begin);
    begin = end + 1;
    ++number;
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (text.empty()) continue;
    if (static_cast<int64_t>(lines.size()) == kMaxLines) {
      wrong("too_many_requests", fmt::format("A batch may have {} lines.", kMaxLines), "");
      break;
    }
    auto json = ParseJson(text, {.max_bytes = kMaxLineBytes});
    if (!json.ok() || !json->is_object()) {
      wrong("invalid_json_line", "The line is not a JSON object.", "");
      continue;
    }
    const Json& id = Get(*json, "custom_id");
    if (!id.is_string() || id.get_ref<const std::string&>().empty() ||
        id.get_ref<const std::string&>().size() > 512) {
      wrong("missing_required_parameter", "'custom_id' must be a text.", "custom_id");
    } else if (!ids.insert(id.get<std::string>()).second) {
      wrong("duplicate_custom_id", "'custom_id' stands in the file twice.", "custom_id");
    } else if (Get(*json, "method") != "POST") {
      wrong("invalid_method", "'method' must be 'POST'.", "method");
    } else if (Get(*json, "url") != batch.endpoint) {
      wrong("mismatched_url", "'url' must be the endpoint of the batch.", "url");
    } else if (!Get(*json, "body").is_object()) {
      wrong("missing_required_parameter", "'body' must be an object.", "body");
    } else if (Get((*json)["body"], "stream") == true) {
      wrong("unsupported_parameter", "Lines of a batch cannot be streamed.", "body.stream");
    } else {
      lines.push_back(
          {static_cast<int64_t>(lines.size()), id.get<std::string>(), (*json)["body"].dump()});
    }
  }
  if (lines.empty() && errors.empty()) wrong("empty_file", "The file has no lines.", "");
  if (!errors.empty()) batch.errors = errors.dump();
  return lines;
}

}  // namespace parvis::server
