// Numbers in bounds as a machine over their digits.

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <string>
#include <tuple>

#include "parvis/grammar/scalars.h"

namespace parvis::grammar {
namespace {

constexpr int64_t kMaxDigits = 15;  // that a double holds exactly

// A number from 0, digit by digit, without zeros at its ends.
struct Decimal {
  std::string whole, fraction;
};

Decimal DecimalOf(double value) {
  std::array<char, 1100> digits;
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::fixed);
  const std::string text(digits.data(), end.ptr);
  const size_t point = std::min(text.find('.'), text.size());
  Decimal decimal{text.substr(0, point), text.substr(std::min(point + 1, text.size()))};
  while (decimal.fraction.ends_with('0')) decimal.fraction.pop_back();
  return decimal;
}

// Numbers from 0 between two bounds. Digits are compared with those of a bound as long as all
// before were the same ("tight"); `size` is how many digits the whole part has.
class Range {
 public:
  Range(Nfa& nfa, Decimal low, bool without_low, Decimal high, bool without_high, bool whole)
      : nfa_(nfa),
        low_(std::move(low)),
        high_(std::move(high)),
        without_low_(without_low),
        without_high_(without_high),
        whole_(whole) {}

  void Add(uint32_t from) {
    const auto last = static_cast<int64_t>(high_.whole.size());
    for (auto size = static_cast<int64_t>(low_.whole.size()); size <= last; ++size) {
      size_ = size;
      nodes_.clear();
      const State state{0, size == static_cast<int64_t>(low_.whole.size()), size == last};
      nfa_.Link(from, NodeOf(state));
    }
  }

 private:
  struct State {
    int64_t at;  // digits that are written; the point comes after `size_`
    bool tight_low, tight_high;
    bool operator<(const State& other) const {
      return std::tie(at, tight_low, tight_high) <
             std::tie(other.at, other.tight_low, other.tight_high);
    }
  };

  static char DigitOf(const std::string& digits, int64_t i) {
    return i < static_cast<int64_t>(digits.size()) ? digits[i] : '0';
  }
  static bool AllZeros(const std::string& digits, int64_t from) {
    return from >= static_cast<int64_t>(digits.size()) ||
           digits.find_first_not_of('0', static_cast<size_t>(from)) == std::string::npos;
  }

  bool CanEnd(const State& s) const {
    const int64_t written = s.at - size_;
    if (s.tight_low && (!AllZeros(low_.fraction, written) || without_low_)) return false;
    return !s.tight_high || !AllZeros(high_.fraction, written) || !without_high_;
  }

  uint32_t NodeOf(const State& s) {
    const auto known = nodes_.find(s);
    if (known != nodes_.end()) return known->second;
    const uint32_t node = nfa_.Add();
    nodes_.emplace(s, node);
    if (s.at < size_) {
      AddDigits(node, s, size_ > 1 && s.at == 0 ? '1' : '0', DigitOf(low_.whole, s.at),
                DigitOf(high_.whole, s.at));
      return node;
    }
    const bool more = !whole_ && s.at < kMaxDigits;
    if (CanEnd(s)) nfa_.Link(node, Nfa::kAccept);
    if (!more) return node;
    uint32_t digits = node;
    if (s.at == size_) {
      digits = nfa_.Add();
      nfa_.Byte(node, '.', '.', digits);
    }
    AddDigits(digits, s, '0', DigitOf(low_.fraction, s.at - size_),
              DigitOf(high_.fraction, s.at - size_));
    return node;
  }

  void AddDigits(uint32_t node, const State& s, char least, char low, char high) {
    for (char digit = least; digit <= '9'; ++digit) {
      if ((s.tight_low && digit < low) || (s.tight_high && digit > high)) continue;
      const State next{s.at + 1, s.tight_low && digit == low, s.tight_high && digit == high};
      nfa_.Byte(node, static_cast<uint8_t>(digit), static_cast<uint8_t>(digit), NodeOf(next));
    }
  }

  Nfa& nfa_;
  const Decimal low_, high_;
  const bool without_low_, without_high_, whole_;
  int64_t size_ = 0;
  std::map<State, uint32_t> nodes_;
};

// [low, high] as far as it lies from 0 on.
void AddPositive(Nfa& nfa, uint32_t from, SchemaNode::Bound low, SchemaNode::Bound high,
                 bool whole) {
  if (high.value < 0 || low.value > high.value) return;
  if (low.value < 0) low = {0.0, false};
  Decimal first = DecimalOf(low.value), last = DecimalOf(high.value);
  if (static_cast<int64_t>(first.whole.size()) > kMaxDigits) return;
  if (static_cast<int64_t>(last.whole.size()) > kMaxDigits) {
    last = {std::string(kMaxDigits, '9'), ""};
    high.exclusive = false;
  }
  Range(nfa, std::move(first), low.exclusive, std::move(last), high.exclusive, whole).Add(from);
}

void AddUnbounded(Nfa& nfa, uint32_t from, bool whole) {
  const auto digits = [&nfa](uint32_t at, int64_t least, int64_t most) {
    const uint32_t end = nfa.Add();
    for (int64_t i = 0; i < most; ++i) {
      if (i >= least) nfa.Link(at, end);
      const uint32_t next = nfa.Add();
      nfa.Byte(at, '0', '9', next);
      at = next;
    }
    nfa.Link(at, end);
    return end;
  };
  const uint32_t first = nfa.Add(), integer = nfa.Add();
  nfa.Byte(from, '0', '0', integer);
  nfa.Byte(from, '1', '9', first);
  nfa.Link(digits(first, 0, kMaxDigits - 1), integer);
  nfa.Link(integer, Nfa::kAccept);
  if (whole) return;
  const uint32_t point = nfa.Add(), exponent = nfa.Add(), sign = nfa.Add();
  nfa.Byte(integer, '.', '.', point);
  const uint32_t fraction = digits(point, 1, kMaxDigits);
  nfa.Link(fraction, Nfa::kAccept);
  for (const uint32_t before : {integer, fraction}) {
    nfa.Byte(before, 'e', 'e', exponent);
    nfa.Byte(before, 'E', 'E', exponent);
  }
  nfa.Link(exponent, sign);
  nfa.Byte(exponent, '+', '+', sign);
  nfa.Byte(exponent, '-', '-', sign);
  nfa.Link(digits(sign, 1, 2), Nfa::kAccept);
}

}  // namespace

Result<Scalar> NumberScalar(const std::optional<SchemaNode::Bound>& minimum,
                            const std::optional<SchemaNode::Bound>& maximum, bool whole,
                            Budget& budget) {
  Nfa nfa;
  const uint32_t negative = nfa.Add();
  nfa.Byte(Nfa::kStart, '-', '-', negative);
  if (!minimum && !maximum) {
    AddUnbounded(nfa, Nfa::kStart, whole);
    AddUnbounded(nfa, negative, whole);
  } else {
    const SchemaNode::Bound low = minimum.value_or(SchemaNode::Bound{-1e16, false});
    const SchemaNode::Bound high = maximum.value_or(SchemaNode::Bound{1e16, false});
    AddPositive(nfa, Nfa::kStart, low, high, whole);
    if (low.value < 0) {
      AddPositive(nfa, negative, {-high.value, high.exclusive}, {-low.value, low.exclusive}, whole);
    }
  }
  PARVIS_ASSIGN_OR_RETURN(Dfa dfa, MakeDfa(nfa, budget));
  Scalar scalar;
  scalar.dfa = std::move(dfa);
  return scalar;
}

}  // namespace parvis::grammar
