#ifndef PARVIS_CHAT_LIMITS_H_
#define PARVIS_CHAT_LIMITS_H_

#include <cstddef>
#include <cstdint>

namespace parvis::chat {

// What one rendering may cost; input counts the bytes of messages, tools and the rest. Templates
// come with models from anybody, so these are limits for hostile ones; published ones need a
// hundredth.
struct Limits {
  int64_t work = 10'000'000;  // operations (interpreter.h says what counts as one)
  int64_t work_per_input_byte = 16;
  size_t memory = size_t{64} << 20;  // bytes that the rendering may take
  size_t memory_per_input_byte = 32;
};

constexpr size_t kMaxTemplateBytes = size_t{1} << 20;
constexpr int64_t kMaxRange = 100'000;  // items of range(), as in Jinja's sandbox

}  // namespace parvis::chat

#endif  // PARVIS_CHAT_LIMITS_H_
