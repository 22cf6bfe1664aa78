// A chat template from anybody: it is refused or renders a conversation within its limits, and what
// it makes is UTF-8 whose marks are in order. The input is the template, then, after a zero byte,
// perhaps the JSON of the conversation.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "parvis/chat/conversation.h"
#include "parvis/core/check.h"
#include "parvis/text/tokenizer.h"
#include "parvis/text/utf8.h"

namespace {

constexpr char kConversation[] =
    R"({"messages": [{"role": "system", "content": "Be \"é\"."}, {"role": "user", "content": " Hi "},
        {"role": "assistant", "content": null, "tool_calls": [{"function": {"name": "f",
         "arguments": {"x": [1, 2.5, true]}}}]}, {"role": "tool", "content": "1"}],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}],
        "documents": [{"title": "t", "text": "x\ny"}]})";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace parvis::chat;  // NOLINT(google-build-using-namespace): a small program
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(input.find('\0'), input.size());
  const auto parsed = Template::Parse(input.substr(0, end));
  if (!parsed.ok()) return 0;
  Heap heap(size_t{8} << 20);
  auto conversation =
      ReadConversation(end < size ? input.substr(end + 1) : std::string_view(kConversation), heap);
  if (!conversation.ok()) return 0;
  parvis::text::Vocabulary vocabulary;
  vocabulary.tokens = {"<s>", "</s>"};
  vocabulary.bos = 0;
  vocabulary.eos = 1;
  const Limits limits{.work = 200'000,
                      .work_per_input_byte = 1,
                      .memory = size_t{8} << 20,
                      .memory_per_input_byte = 4};
  const auto text = RenderConversation(*parsed, vocabulary, *conversation, heap, limits);
  if (!text.ok()) return 0;
  PARVIS_CHECK(parvis::text::IsValidUtf8(text->bytes));
  size_t at = 0;
  for (const ByteRange& range : text->caller) {
    PARVIS_CHECK(range.begin >= at && range.begin < range.end && range.end <= text->bytes.size());
    at = range.end + 1;  // ranges that touch are one
  }
  return 0;
}
