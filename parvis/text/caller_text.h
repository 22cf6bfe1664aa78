#ifndef PARVIS_TEXT_CALLER_TEXT_H_
#define PARVIS_TEXT_CALLER_TEXT_H_

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "parvis/text/vocabulary.h"

namespace parvis::text {

// Which parts of a prompt came from a caller and not from the program or the model's template.
// Control tokens are found only where the program wrote them: the first and the last byte of such a
// token are its own, and what a caller has between them is one word (letters, digits, '_', '-'), so
// that a template may write "<|" + role + "|>". Everything else is encoded as without this.
struct CallerText {
  std::vector<std::pair<size_t, size_t>> ranges;  // bytes [begin, end) of valid UTF-8, in order
  std::vector<TokenId> control;  // control tokens beside the special ones, in order of their ids

  // Whether `token` may be found at text[begin, end).
  bool Allows(const AddedToken& token, std::string_view text, size_t begin, size_t end) const;
};

}  // namespace parvis::text

#endif  // PARVIS_TEXT_CALLER_TEXT_H_
