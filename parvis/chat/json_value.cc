#include "parvis/chat/json_value.h"

#include <string>
#include <utility>
#include <vector>

namespace parvis::chat {
namespace {

// Builds values while nlohmann's parser reads.
class Builder : public nlohmann::json_sax<Json> {
 public:
  explicit Builder(Heap& heap) : heap_(heap) {}

  bool null() override { return Add(Value::None()); }
  bool boolean(bool value) override { return Add(Value::Bool(value)); }
  bool number_integer(number_integer_t value) override { return Add(Value::Int(value)); }
  bool number_unsigned(number_unsigned_t value) override {
    if (value <= static_cast<uint64_t>(INT64_MAX)) {
      return Add(Value::Int(static_cast<int64_t>(value)));
    }
    return Refuse("a whole number that is too large");
  }
  bool number_float(number_float_t value, const string_t& text) override {
    if (text.find_first_of(".eE") == string_t::npos) {
      return Refuse("a whole number that is too large");
    }
    return Add(Value::Float(value));
  }
  bool string(string_t& text) override {
    return Add(heap_.Text(MarkedText::OfCaller(std::move(text))));
  }
  bool binary(binary_t&) override { return false; }
  bool start_object(size_t) override {
    open_.push_back({.is_object = true});
    return true;
  }
  bool key(string_t& text) override {
    open_.back().key = heap_.Text(MarkedText::OfCaller(std::move(text)));
    return true;
  }
  bool end_object() override {
    Open closed = std::move(open_.back());
    open_.pop_back();
    return Add(heap_.Dict(std::move(closed.dict)));
  }
  bool start_array(size_t) override {
    open_.push_back({.is_object = false});
    return true;
  }
  bool end_array() override {
    Open closed = std::move(open_.back());
    open_.pop_back();
    return Add(heap_.List(Kind::kList, std::move(closed.items)));
  }
  bool parse_error(size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    return Refuse("not valid JSON at byte " + std::to_string(position));
  }

  Result<Value> Take() const {
    return error_.empty() ? Result<Value>(root_) : Result<Value>(DataLoss(error_));
  }

 private:
  struct Open {
    bool is_object = false;
    DictObject dict = {};
    Value key = {};
    std::vector<Value> items = {};
  };

  bool Add(Value value) {
    if (heap_.full()) return Refuse("JSON that takes too much memory");
    if (open_.empty()) {
      root_ = value;
    } else if (open_.back().is_object) {
      Set(open_.back().dict, open_.back().key, value);
    } else {
      open_.back().items.push_back(value);
    }
    return true;
  }
  bool Refuse(std::string why) {
    if (error_.empty()) error_ = std::move(why);
    return false;
  }

  Heap& heap_;
  std::vector<Open> open_;
  Value root_;
  std::string error_;
};

}  // namespace

Result<Value> ReadJsonValue(std::string_view json, Heap& heap, const JsonLimits& limits) {
  // ParseJson checks depth, sizes, duplicate keys and UTF-8; its tree is not kept.
  PARVIS_RETURN_IF_ERROR(ParseJson(json, limits).status());
  Builder builder(heap);
  Json::sax_parse(json, &builder);
  return builder.Take();
}

}  // namespace parvis::chat
