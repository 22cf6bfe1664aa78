// Any bytes as config.json and as an index of shards.

#include <string_view>

#include "parvis/formats/hf_config.h"
#include "parvis/formats/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto config = parvis::formats::ParseHfConfig(text);
  if (config.ok()) PARVIS_CHECK((*config)["model_type"].is_string());
  const auto index = parvis::formats::ParseSafetensorsIndex(text);
  if (index.ok()) PARVIS_CHECK(!index->empty());
  return 0;
}
