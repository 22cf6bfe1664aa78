#ifndef PARVIS_TRAIN_PREFERENCE_PAIR_H_
#define PARVIS_TRAIN_PREFERENCE_PAIR_H_

#include <array>
#include <utility>

#include "parvis/core/json.h"
#include "parvis/core/result.h"

namespace parvis::train {

// What a row of preferences says: what was asked, and two answers.
struct PreferencePair {
  Json prompt, chosen, rejected;

  // Both with the name of their field.
  std::array<std::pair<const char*, const Json*>, 2> answers() const {
    return {{{"chosen", &chosen}, {"rejected", &rejected}}};
  }
};

// From a row's fields. One without "prompt" tells it by what "chosen" and "rejected" begin with
// alike, two texts or two lists of messages; so does one whose prompt is a text beside lists of
// messages. It ends where TRL's extract_prompt ends it: at the first message that differs; at the
// first character that differs, or the space before it; and one message or character is left to
// the shorter answer. Refuses two that are equal, that begin with nothing alike, or of which more
// than one message of the assistant differs. With a prompt of its own the row is given back as it
// is, its answers not looked at.
Result<PreferencePair> PairOf(const Json& fields);

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_PREFERENCE_PAIR_H_
