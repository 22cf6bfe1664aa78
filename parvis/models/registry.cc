#include "parvis/models/family.h"

namespace parvis::models {
namespace {

constexpr const Family* kFamilies[] = {&kGpt2, &kLlama};

}  // namespace

std::span<const Family* const> AllFamilies() { return kFamilies; }

const Family* FindFamily(std::string_view name) {
  for (const Family* family : kFamilies) {
    if (family->name == name) return family;
  }
  return nullptr;
}

}  // namespace parvis::models
