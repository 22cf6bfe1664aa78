#include "parvis/models/config.h"

#include <cmath>
#include <utility>

namespace parvis::models {

const Json* Config::Find(Names names) const {
  if (!json_.is_object()) return nullptr;
  for (const std::string_view name : names) {
    const auto found = json_.find(std::string(name));
    if (found != json_.end() && !found->is_null()) return &*found;
  }
  return nullptr;
}

bool Config::IsNull(std::string_view name) const {
  return json_.is_object() && json_.contains(name) && json_[std::string(name)].is_null();
}

void Config::Refuse(const std::string& why) {
  if (status_.ok()) status_ = DataLoss(why);
}

void Config::Wrong(Names names, const std::string& why) {
  std::string all;
  for (const std::string_view name : names) {
    if (!all.empty()) all += " / ";
    all += name;
  }
  Refuse(all + ": " + why);
}

int64_t Config::IntOr(Names names, int64_t otherwise, int64_t min) {
  return Has(names) ? Int(names, min) : otherwise;
}

int64_t Config::Int(Names names, int64_t min) {
  const Json* value = Find(names);
  constexpr int64_t kMax = (int64_t{1} << 31) - 1;
  if (value == nullptr) {
    Wrong(names, "missing");
  } else if (!value->is_number_integer()) {
    Wrong(names, "is not an integer");
  } else if (value->is_number_unsigned() && value->get<uint64_t>() > uint64_t{kMax}) {
    Wrong(names, value->dump() + " is out of range");
  } else if (value->get<int64_t>() < min || value->get<int64_t>() > kMax) {
    Wrong(names, value->dump() + " is out of range (at least " + std::to_string(min) + ")");
  } else {
    return value->get<int64_t>();
  }
  return min;
}

float Config::FloatOr(Names names, float otherwise) {
  return Has(names) ? Float(names) : otherwise;
}

float Config::Float(Names names) {
  const Json* value = Find(names);
  if (value == nullptr) {
    Wrong(names, "missing");
  } else if (!value->is_number()) {
    Wrong(names, "is not a number");
  } else if (const auto number = value->get<float>(); !std::isfinite(number) || number <= 0.0f) {
    Wrong(names, value->dump() + " is not a positive finite number");
  } else {
    return number;
  }
  return 1.0f;
}

bool Config::BoolOr(Names names, bool otherwise) {
  const Json* value = Find(names);
  if (value == nullptr) return otherwise;
  if (!value->is_boolean()) {
    Wrong(names, "is not true or false");
    return otherwise;
  }
  return value->get<bool>();
}

std::string Config::TextOr(Names names, std::string otherwise) {
  const Json* value = Find(names);
  if (value == nullptr) return otherwise;
  if (!value->is_string()) {
    Wrong(names, "is not text");
    return otherwise;
  }
  return value->get<std::string>();
}

std::string Config::FirstTextOr(std::string_view name, std::string otherwise) {
  const Json* value = Find({name});
  if (value == nullptr) return otherwise;
  if (!value->is_array() || (!value->empty() && !(*value)[0].is_string())) {
    Wrong({name}, "is not a list of texts");
    return otherwise;
  }
  return value->empty() ? "" : (*value)[0].get<std::string>();
}

const Json* Config::Object(Names names) {
  const Json* value = Find(names);
  if (value != nullptr && !value->is_object()) Wrong(names, "is not an object");
  return value != nullptr && value->is_object() ? value : nullptr;
}

}  // namespace parvis::models
