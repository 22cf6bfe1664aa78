#include "parvis/grammar/scalars.h"

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <utility>

namespace parvis::grammar {
namespace {

constexpr int64_t kMaxKey = 256;  // characters
constexpr std::array<std::pair<char, char>, 7> kShort = {
    {{'"', '"'}, {'\\', '\\'}, {'\b', 'b'}, {'\f', 'f'}, {'\n', 'n'}, {'\r', 'r'}, {'\t', 't'}}};
constexpr char kHexadecimal[] = "0123456789abcdef";

bool MustBeEscaped(uint8_t byte) { return byte < 0x20 || byte == '"' || byte == '\\'; }

// The text's machine as one over what is written between quotes. States keep their numbers; after
// them come those in which an escape is half written.
class Writing {
 public:
  explicit Writing(const Dfa& text) : text_(text), scalar_() {
    Dfa& dfa = scalar_.dfa;
    for (size_t byte = 0; byte < 256; ++byte) dfa.class_of[byte] = static_cast<uint8_t>(byte);
    dfa.num_classes = 256;
  }

  Result<Scalar> Run(Budget& budget) {
    if (text_.empty()) return Scalar();
    const auto begin = Add(), end = Add();
    scalar_.dfa.accepting[end] = 1;
    states_.assign(text_.size(), Dfa::kDead);
    Set(begin, '"', StateOf(0, 0));
    while (!open_.empty()) {
      if (!budget.Bytes(256 * sizeof(int32_t) * 2)) return Budget::Exceeded();
      const int32_t from = open_.front();
      open_.pop_front();
      const int32_t at = states_[from];
      scalar_.counts[at] = left_[at] == 0 ? 1 : 0;
      if (text_.accepting[from]) Set(at, '"', end);
      for (int byte = 0; byte < 256; ++byte) {
        const int32_t to = text_.Next(from, static_cast<uint8_t>(byte));
        if (to == Dfa::kDead) continue;
        if (MustBeEscaped(static_cast<uint8_t>(byte))) {
          Escape(at, static_cast<uint8_t>(byte), StateOf(to, 0));
        } else {
          Set(at, static_cast<uint8_t>(byte), StateOf(to, LeftAfter(at, byte)));
        }
      }
    }
    MergeClasses();
    return std::move(scalar_);
  }

 private:
  // Bytes that no state tells apart become one class.
  void MergeClasses() {
    Dfa& dfa = scalar_.dfa;
    std::map<std::vector<int32_t>, uint8_t> columns;
    for (size_t byte = 0; byte < 256; ++byte) {
      std::vector<int32_t> column(dfa.size());
      for (size_t i = 0; i < column.size(); ++i) column[i] = dfa.next[i * 256 + byte];
      dfa.class_of[byte] =
          columns.try_emplace(std::move(column), static_cast<uint8_t>(columns.size()))
              .first->second;
    }
    std::vector<int32_t> next(dfa.size() * columns.size());
    for (const auto& [column, number] : columns) {
      for (size_t i = 0; i < column.size(); ++i) next[i * columns.size() + number] = column[i];
    }
    dfa.next = std::move(next);
    dfa.num_classes = columns.size();
  }

  int32_t Add() {
    scalar_.dfa.accepting.push_back(0);
    scalar_.counts.push_back(0);
    scalar_.dfa.next.resize(scalar_.dfa.accepting.size() * 256, Dfa::kDead);
    left_.push_back(0);
    return static_cast<int32_t>(scalar_.dfa.accepting.size() - 1);
  }
  void Set(int32_t from, uint8_t byte, int32_t to) {
    scalar_.dfa.next[static_cast<size_t>(from) * 256 + byte] = to;
  }
  int32_t Get(int32_t from, uint8_t byte) { return scalar_.dfa.Next(from, byte); }

  // `left`: bytes of a character that are still to come there.
  int32_t StateOf(int32_t text_state, int left) {
    int32_t& state = states_[text_state];
    if (state == Dfa::kDead) {
      state = Add();
      left_[state] = left;
      open_.push_back(text_state);
    }
    return state;
  }

  int LeftAfter(int32_t at, int byte) const {
    if (left_[at] > 0) return left_[at] - 1;
    return byte < 0x80 ? 0 : byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
  }

  void Escape(int32_t at, uint8_t byte, int32_t to) {
    const auto through = [this](int32_t from, char c) {
      int32_t next = Get(from, static_cast<uint8_t>(c));
      if (next == Dfa::kDead) {
        next = Add();
        Set(from, static_cast<uint8_t>(c), next);
      }
      return next;
    };
    int32_t state = through(at, '\\');
    for (const auto& [raw, letter] : kShort) {
      if (static_cast<uint8_t>(raw) == byte) return Set(state, static_cast<uint8_t>(letter), to);
    }
    for (const char c : {'u', '0', '0', kHexadecimal[byte >> 4]}) state = through(state, c);
    Set(state, static_cast<uint8_t>(kHexadecimal[byte & 15]), to);
  }

  const Dfa& text_;
  Scalar scalar_;
  std::vector<int32_t> states_;  // by the text's state
  std::deque<int32_t> open_;     // states of the text
  std::vector<int> left_;        // bytes of a character that are still to come
};

// All characters, however JSON can write them: \uXXXX and \/ too.
Result<Scalar> FreeString(Budget& budget) {
  Nfa nfa;
  const uint32_t inside = nfa.Add(), escape = nfa.Add();
  nfa.Byte(Nfa::kStart, '"', '"', inside);
  nfa.Byte(inside, '"', '"', Nfa::kAccept);
  nfa.Character(inside, {{0x20, 0x21}, {0x23, 0x5B}, {0x5D, kLastCodePoint}}, inside);
  nfa.Byte(inside, '\\', '\\', escape);
  for (const char c : {'"', '\\', '/', 'b', 'f', 'n', 'r', 't'}) {
    nfa.Byte(escape, static_cast<uint8_t>(c), static_cast<uint8_t>(c), inside);
  }
  const auto hex = [&nfa](uint32_t from, std::string_view ranges, uint32_t to) {
    for (size_t i = 0; i < ranges.size(); i += 2) {
      nfa.Byte(from, static_cast<uint8_t>(ranges[i]), static_cast<uint8_t>(ranges[i + 1]), to);
    }
  };
  constexpr std::string_view kAny = "09afAF";
  const uint32_t u = nfa.Add(), second = nfa.Add(), third = nfa.Add(), fourth = nfa.Add();
  nfa.Byte(escape, 'u', 'u', u);
  hex(u, "09acACeefFEE", second);  // but for D
  hex(second, kAny, third);
  hex(third, kAny, fourth);
  hex(fourth, kAny, inside);
  // D0…D7 are characters; D8…DB begin a pair, which DC…DF ends.
  const uint32_t d = nfa.Add();
  hex(u, "ddDD", d);
  hex(d, "07", third);
  std::array<uint32_t, 8> pair;
  for (uint32_t& node : pair) node = nfa.Add();
  hex(d, "89abAB", pair[0]);
  hex(pair[0], kAny, pair[1]);
  hex(pair[1], kAny, pair[2]);
  nfa.Byte(pair[2], '\\', '\\', pair[3]);
  nfa.Byte(pair[3], 'u', 'u', pair[4]);
  hex(pair[4], "ddDD", pair[5]);
  hex(pair[5], "cfCF", pair[6]);
  hex(pair[6], kAny, pair[7]);
  hex(pair[7], kAny, inside);
  PARVIS_ASSIGN_OR_RETURN(Dfa dfa, MakeDfa(nfa, budget));
  Scalar scalar;
  scalar.counts.assign(dfa.size(), 0);
  scalar.counts[dfa.Next(0, '"')] = 1;
  scalar.dfa = std::move(dfa);
  return scalar;
}

}  // namespace

std::string QuotedJson(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    const auto at = std::find_if(kShort.begin(), kShort.end(),
                                 [c](const auto& pair) { return pair.first == c; });
    if (at != kShort.end()) {
      quoted += {'\\', at->second};
    } else if (byte < 0x20) {
      quoted += {'\\', 'u', '0', '0', kHexadecimal[byte >> 4], kHexadecimal[byte & 15]};
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

Result<Scalar> LiteralScalar(std::span<const std::string> texts, Budget& budget) {
  Nfa nfa;
  for (const std::string& text : texts) nfa.Bytes(Nfa::kStart, text, Nfa::kAccept);
  PARVIS_ASSIGN_OR_RETURN(Dfa dfa, MakeDfa(nfa, budget));
  Scalar scalar;
  scalar.dfa = std::move(dfa);
  return scalar;
}

Result<Scalar> StringScalar(std::span<const std::shared_ptr<const Dfa>> texts, int64_t least,
                            std::optional<int64_t> most, Budget& budget) {
  if (most && *most < least) return Scalar();
  const auto limit = static_cast<uint32_t>(
      std::min<int64_t>(most.value_or(std::max<int64_t>(least, Automaton::kMaxString)), 1 << 30));
  if (least > limit) return Scalar();
  if (texts.empty()) {
    PARVIS_ASSIGN_OR_RETURN(Scalar scalar, FreeString(budget));
    scalar.least = static_cast<uint32_t>(least);
    scalar.most = limit;
    return scalar;
  }
  Dfa text = *texts[0];
  for (const auto& other : texts.subspan(1)) {
    PARVIS_ASSIGN_OR_RETURN(text, Intersection(text, *other, budget));
  }
  if (least > 0) {
    PARVIS_ASSIGN_OR_RETURN(text, AtLeast(text, least, budget));
  }
  PARVIS_ASSIGN_OR_RETURN(Scalar scalar, Writing(text).Run(budget));
  scalar.most = limit;
  return scalar;
}

Result<Scalar> KeyScalar(std::span<const std::string> but, Budget& budget) {
  Nfa nfa;
  for (const std::string& name : but) nfa.Bytes(Nfa::kStart, name, Nfa::kAccept);
  PARVIS_ASSIGN_OR_RETURN(const Dfa names, MakeDfa(nfa, budget));
  PARVIS_ASSIGN_OR_RETURN(Dfa others, AnyTextBut(names, budget));
  const std::shared_ptr<const Dfa> shared = std::make_shared<const Dfa>(std::move(others));
  return StringScalar({&shared, 1}, 0, kMaxKey, budget);
}

}  // namespace parvis::grammar
