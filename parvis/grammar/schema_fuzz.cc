// A schema from anybody: it is refused, or becomes a machine within its budget, and whatever is
// drawn from the machine is JSON that satisfies it (but for oneOf). The input is a seed of eight
// bytes and the schema.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "parvis/core/check.h"
#include "parvis/core/random.h"
#include "parvis/grammar/automaton.h"
#include "parvis/grammar/stacks.h"
#include "parvis/text/utf8.h"

namespace {

using parvis::Json;
using parvis::Random;

constexpr int kMostBytes = 400;

// Bytes at random that the machine takes; likes those that end things. Empty: it did not end.
std::string Drawn(const parvis::grammar::Automaton& machine, uint64_t seed) {
  constexpr std::string_view kEnds = "\"}],:";
  Random random(seed);
  parvis::grammar::Stacks stacks(machine);
  std::vector<parvis::grammar::StackId> live, next;
  stacks.Begin(live);
  std::string text;
  for (int i = 0; i < kMostBytes; ++i) {
    bool ended = false, more = false;
    for (const auto id : live) ended = ended || stacks.MayEnd(id);
    for (const auto id : live) more = more || id != parvis::grammar::Stacks::kDone;
    if (ended && (!more || random.Below(2) == 0)) return text;
    const bool end = random.Below(3) == 0;
    const auto first = static_cast<uint8_t>(random.Below(256));
    bool found = false;
    for (int k = 0; k < 256 + 5 && !found; ++k) {
      const auto byte = end && k < 5 ? static_cast<uint8_t>(kEnds[static_cast<size_t>(k)])
                                     : static_cast<uint8_t>(first + k);
      const size_t size = stacks.size();
      stacks.Step(live, byte, next);
      found = !next.empty();
      if (found) text += static_cast<char>(byte);
      if (!found) stacks.CutBack(size);
    }
    PARVIS_CHECK(found);  // never stuck
    live.swap(next);
    stacks.Compact(live);
  }
  return {};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace parvis::grammar;  // NOLINT(google-build-using-namespace): a small program
  uint64_t seed = 0;
  if (size < sizeof(seed)) return 0;
  std::memcpy(&seed, data, sizeof(seed));
  const std::string_view text(reinterpret_cast<const char*>(data) + sizeof(seed),
                              size - sizeof(seed));
  const auto schema = Schema::Parse(text);
  if (!schema.ok()) return 0;
  const auto machine = MakeAutomaton(**schema);
  if (!machine.ok()) return 0;
  const bool one_of = text.find("oneOf") != std::string_view::npos ||
                      text.find('\\') != std::string_view::npos;  // perhaps written otherwise
  for (uint64_t i = 0; i < 4; ++i) {
    const std::string drawn = Drawn(**machine, seed + i);
    if (drawn.empty()) continue;
    PARVIS_CHECK(parvis::text::IsValidUtf8(drawn));
    const Json json = Json::parse(drawn, nullptr, /*allow_exceptions=*/false);
    PARVIS_CHECK(!json.is_discarded());
    const parvis::Status valid = (*schema)->Validate(json);
    PARVIS_CHECK(one_of || valid.ok() || valid.code() == parvis::StatusCode::kResourceExhausted);
  }
  return 0;
}
