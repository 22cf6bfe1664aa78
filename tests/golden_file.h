#ifndef TESTS_GOLDEN_FILE_H_
#define TESTS_GOLDEN_FILE_H_

// Arrays of a golden.safetensors, for tests of modules that stand above no file format. These files
// are ours (tests/golden/, made by tools/goldens), so whatever is wrong with one stops the test.

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "parvis/core/check.h"
#include "parvis/core/file.h"
#include "parvis/core/json.h"

namespace parvis {

class GoldenFile {
 public:
  explicit GoldenFile(const std::string& path) : content_(std::move(ReadFile(path)).value()) {
    uint64_t header_size = 0;
    PARVIS_CHECK(content_.size() > sizeof(header_size));
    std::memcpy(&header_size, content_.data(), sizeof(header_size));
    begin_ = sizeof(header_size) + header_size;
    PARVIS_CHECK(begin_ <= content_.size());
    header_ = std::move(ParseJson(content_.substr(sizeof(header_size), header_size))).value();
  }

  std::vector<int32_t> Ints(const std::string& name) const { return Get<int32_t>(name, "I32"); }
  std::vector<float> Floats(const std::string& name) const { return Get<float>(name, "F32"); }

 private:
  template <typename T>
  std::vector<T> Get(const std::string& name, const std::string& dtype) const {
    PARVIS_CHECK(header_.contains(name) && header_[name]["dtype"] == dtype);
    const size_t from = header_[name]["data_offsets"][0], to = header_[name]["data_offsets"][1];
    PARVIS_CHECK(from <= to && begin_ + to <= content_.size());
    std::vector<T> values((to - from) / sizeof(T));
    std::memcpy(values.data(), content_.data() + begin_ + from, values.size() * sizeof(T));
    return values;
  }

  std::string content_;
  size_t begin_ = 0;
  Json header_;
};

}  // namespace parvis

#endif  // TESTS_GOLDEN_FILE_H_
