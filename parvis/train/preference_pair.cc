#include "parvis/train/preference_pair.h"

#include <algorithm>
#include <string>
#include <utility>

#include "fmt/format.h"

namespace parvis::train {
namespace {

// Back to the beginning of the character that the byte at `at` belongs to.
size_t BeginOf(const std::string& text, size_t at) {
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return at;
}

size_t SharedBytes(const std::string& a, const std::string& b) {
  const std::string& shorter = a.size() <= b.size() ? a : b;
  const auto differ = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first;
  const auto at = static_cast<size_t>(differ - a.begin());
  if (shorter.empty()) return 0;
  if (at == shorter.size()) return BeginOf(shorter, at - 1);
  const size_t begin = BeginOf(shorter, at);
  return begin > 0 && shorter[begin - 1] == ' ' ? begin - 1 : begin;
}

size_t SharedMessages(const Json& a, const Json& b) {
  const size_t most = std::min(a.size(), b.size());
  size_t count = 0;
  while (count < most && a[count] == b[count]) ++count;
  return count == most && most > 0 ? most - 1 : count;
}

Result<PreferencePair> PairOfTexts(const std::string& chosen, const std::string& rejected) {
  const size_t shared = SharedBytes(chosen, rejected);
  if (shared == 0) {
    return DataLoss(
        "no \"prompt\" in this row, and \"chosen\" and \"rejected\" begin with nothing alike");
  }
  return PreferencePair{chosen.substr(0, shared), chosen.substr(shared), rejected.substr(shared)};
}

Result<PreferencePair> PairOfMessages(const Json& chosen, const Json& rejected) {
  const size_t shared = SharedMessages(chosen, rejected);
  if (shared == 0) {
    return DataLoss(
        "\"chosen\" and \"rejected\" begin with no message alike: what was asked is told neither "
        "by them nor by a \"prompt\" of messages");
  }
  const auto beginning = static_cast<Json::difference_type>(shared);
  PreferencePair pair{Json(Json::array_t(chosen.begin(), chosen.begin() + beginning)),
                      chosen[shared], rejected[shared]};
  if (chosen.size() == shared + 1 && rejected.size() == shared + 1) return pair;
  return DataLoss(fmt::format(
      "\"chosen\" and \"rejected\" differ from message {} on, of {} and {}: only the last may "
      "differ",
      shared, chosen.size(), rejected.size()));
}

}  // namespace

Result<PreferencePair> PairOf(const Json& fields) {
  PreferencePair pair{fields.value("prompt", Json()), fields.value("chosen", Json()),
                      fields.value("rejected", Json())};
  const bool told = pair.prompt.is_string() ? !pair.chosen.is_array() : !pair.prompt.is_null();
  if (told) return pair;
  if (pair.chosen.type() != pair.rejected.type() ||
      !(pair.chosen.is_string() || pair.chosen.is_array())) {
    return DataLoss(
        "\"chosen\" and \"rejected\" tell no prompt: they are neither two texts nor two lists of "
        "messages");
  }
  if (pair.chosen == pair.rejected) {
    return DataLoss("\"chosen\" and \"rejected\" are equal, so they tell no prompt");
  }
  return pair.chosen.is_string() ? PairOfTexts(pair.chosen.get_ref<const std::string&>(),
                                               pair.rejected.get_ref<const std::string&>())
                                 : PairOfMessages(pair.chosen, pair.rejected);
}

}  // namespace parvis::train
