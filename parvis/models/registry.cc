#include "parvis/models/family.h"

namespace parvis::models {
namespace {

constexpr const Family* kFamilies[] = {&kBert,  &kBloom,   &kDistilBert, &kGemma,     &kGpt2,
                                       &kGptJ,  &kGptNeoX, &kPhi3,       &kLlama,     &kMistral,
                                       &kQwen2, &kQwen3,   &kRoberta,    &kCamembert, &kXlmRoberta,
                                       &kT5,    &kMt5};

}  // namespace

std::span<const Family* const> AllFamilies() { return kFamilies; }

const Family* FindFamily(std::string_view name) {
  for (const Family* family : kFamilies) {
    if (family->name == name) return family;
  }
  for (const Family* family : kFamilies) {
    if (family->gguf == name) return family;
  }
  return nullptr;
}

}  // namespace parvis::models
