#include "parvis/core/json.h"

#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace parvis {
namespace {

// Checks limits and duplicate keys before the document tree is built.
class LimitChecker : public nlohmann::json_sax<Json> {
 public:
  explicit LimitChecker(const JsonLimits& limits) : limits_(limits) {}

  bool null() override { return Value(); }
  bool boolean(bool) override { return Value(); }
  bool number_integer(number_integer_t) override { return Value(); }
  bool number_unsigned(number_unsigned_t) override { return Value(); }
  bool number_float(number_float_t, const string_t&) override { return Value(); }
  bool string(string_t&) override { return Value(); }
  bool binary(binary_t&) override { return Value(); }
  bool start_object(size_t) override {
    keys_.emplace_back();
    return Deeper();
  }
  bool key(string_t& key) override {
    if (!keys_.back().insert(key).second) {
      error_ = "duplicate key \"" + key.substr(0, 80) + "\"";
      return false;
    }
    return true;
  }
  bool end_object() override {
    keys_.pop_back();
    --depth_;
    return true;
  }
  bool start_array(size_t) override { return Deeper(); }
  bool end_array() override {
    --depth_;
    return true;
  }
  bool parse_error(size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    error_ = "not valid JSON at byte " + std::to_string(position);
    return false;
  }

  const std::string& error() const { return error_; }

 private:
  bool Value() {
    if (++values_ <= limits_.max_values) return true;
    error_ = "more than " + std::to_string(limits_.max_values) + " JSON values";
    return false;
  }
  bool Deeper() {
    if (++depth_ > limits_.max_depth) {
      error_ = "JSON nested deeper than " + std::to_string(limits_.max_depth);
      return false;
    }
    return Value();
  }

  const JsonLimits& limits_;
  size_t values_ = 0;
  size_t depth_ = 0;
  std::vector<std::unordered_set<std::string>> keys_;
  std::string error_;
};

// The parser doubles a buffer while it reads a string; a long one would cost several times its
// size.
constexpr size_t kMaxStringBytes = size_t{16} << 20;

Status CheckStrings(std::string_view text) {
  for (size_t begin = text.find('"'); begin != std::string_view::npos;
       begin = text.find('"', begin)) {
    size_t end = begin + 1;
    while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
    if (end - begin > kMaxStringBytes) {
      return DataLoss("JSON string of more than " + std::to_string(kMaxStringBytes) +
                      " bytes at byte " + std::to_string(begin));
    }
    if (end >= text.size()) break;  // cut short: the parser says so
    begin = end + 1;
  }
  return {};
}

}  // namespace

Result<Json> ParseJson(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.max_bytes) {
    return DataLoss("JSON of " + std::to_string(text.size()) + " bytes, limit " +
                    std::to_string(limits.max_bytes));
  }
  PARVIS_RETURN_IF_ERROR(CheckStrings(text));
  LimitChecker checker(limits);
  if (!Json::sax_parse(text, &checker)) return DataLoss(checker.error());
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return DataLoss("not valid JSON");
  return json;
}

}  // namespace parvis
