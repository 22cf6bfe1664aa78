#include "parvis/models/weight_types.h"

#include <algorithm>
#include <cctype>

#include "parvis/formats/gguf.h"

namespace parvis::models {
namespace {

struct Named {
  std::string_view name;
  WeightTypes types;
};

const Named kNames[] = {
    {"f32", DType::kF32},   {"f16", DType::kF16},
    {"bf16", DType::kBf16}, {"q8_0", DType::kQ8_0},
    {"q4_0", DType::kQ4_0}, {"q4_1", DType::kQ4_1},
    {"q5_0", DType::kQ5_0}, {"q5_1", DType::kQ5_1},
    {"q4_K", DType::kQ4K},  {"q4_K_M", {DType::kQ4K, true}},
    {"q5_K", DType::kQ5K},  {"q5_K_M", {DType::kQ5K, true}},
    {"q6_K", DType::kQ6K},
};

bool SameLetters(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

// The first and the last eighth of the blocks, and every third between them.
bool IsImportant(int64_t layer, int64_t num_layers) {
  const int64_t eighth = num_layers / 8;
  return layer < eighth || layer >= 7 * num_layers / 8 || (layer - eighth) % 3 == 2;
}

DType Wanted(const WeightTypes& types, const MatrixPlace& place) {
  const std::string& name = place.parameters[0];
  // Little tables, and the last matrices of heads: a few rows that decide everything.
  const bool small = name == "position.weight" || name == "token_type.weight" ||
                     name.ends_with("_labels.out.weight") || name == "span.out.weight";
  if (small && !IsQuantised(place.stored)) return place.stored;
  if (place.is_output) {
    if (types.dtype == DType::kQ8_0) return DType::kQ8_0;
    return place.row % GroupOf(types.dtype).elements == 0 ? DType::kQ6K : DType::kQ8_0;
  }
  if (!types.more) return types.dtype;
  if (place.parameters.size() > 1) return types.dtype == DType::kQ4K ? DType::kQ5K : DType::kQ6K;
  const bool better = name.find("attention.v.") != std::string::npos ||
                      name.find(".feed_forward.down.") != std::string::npos;
  return better && IsImportant(place.layer, place.num_layers) ? DType::kQ6K : types.dtype;
}

}  // namespace

std::optional<WeightTypes> WeightTypesFromName(std::string_view name) {
  for (const Named& named : kNames) {
    if (SameLetters(named.name, name)) return named.types;
  }
  return std::nullopt;
}

std::string WeightTypesNames() {
  std::string all;
  for (const Named& named : kNames) {
    if (!all.empty()) all += ", ";
    all += named.name;
  }
  return all;
}

uint32_t GgufFileType(const WeightTypes& types) {
  // The mixes with more bits follow on those with fewer: 15 on 14, 17 on 16.
  return formats::GgufFileType(types.dtype) + (types.more ? 1 : 0);
}

MatrixType TypeOf(const WeightTypes& types, const MatrixPlace& place) {
  if (place.parameters[0].ends_with("relative_bias.weight")) return {DType::kF32, {}};
  if (!IsQuantised(types.dtype)) return {types.dtype, {}};
  const DType wanted = Wanted(types, place);
  const auto fits = [&](DType dtype) { return place.row % GroupOf(dtype).elements == 0; };
  if (fits(wanted)) return {wanted, {}};
  DType instead = wanted;
  if (wanted == DType::kQ4K) instead = DType::kQ5_0;
  if (wanted == DType::kQ5K) instead = DType::kQ5_1;
  if (wanted == DType::kQ6K) instead = DType::kQ8_0;
  return {fits(instead) ? instead : DType::kF16, wanted};
}

}  // namespace parvis::models
