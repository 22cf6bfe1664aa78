#ifndef PARVIS_GOVERNANCE_MONEY_H_
#define PARVIS_GOVERNANCE_MONEY_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "parvis/core/result.h"

// Money as whole millionths of a currency's unit: sums are exact, and no floating point is near.
namespace parvis::governance {

inline constexpr int64_t kMaxMicros = 1'000'000'000'000'000;  // a thousand million units

// "12", "0.15", "0.000001" to millionths. Refuses signs, exponents, more than six decimals and what
// is beyond kMaxMicros.
Result<int64_t> ParseMoney(std::string_view text);
// At least two decimals: "0.15", "12.00", "0.000001".
std::string MoneyText(int64_t micros);

// Prices of a million tokens.
struct Price {
  int64_t input_micros = 0;
  int64_t cached_micros = 0;  // of input that was computed before; never more than input's
  int64_t output_micros = 0;
};

// What so many tokens cost, rounded up to a millionth. `cached` is part of `input`. Never falls
// when tokens are added, so a price for the worst case is one.
int64_t CostOf(const Price& price, int64_t input, int64_t cached, int64_t output);

// Output tokens that can be had for so much, beside this input; negative: not even the input.
int64_t OutputWithin(const Price& price, int64_t input, int64_t micros);

}  // namespace parvis::governance

#endif  // PARVIS_GOVERNANCE_MONEY_H_
