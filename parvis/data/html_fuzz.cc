// Any UTF-8 as an HTML document.

#include "parvis/core/check.h"
#include "parvis/data/markup.h"
#include "parvis/text/utf8.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view html(reinterpret_cast<const char*>(data), size);
  if (!parvis::text::IsValidUtf8(html)) return 0;  // readers refuse it before
  const auto plain = parvis::data::PlainOfHtml(html);
  if (!plain.ok()) return 0;
  for (const std::string* text : {&plain->text, &plain->title, &plain->language, &plain->author}) {
    PARVIS_CHECK(parvis::text::IsValidUtf8(*text));
  }
  return 0;
}
