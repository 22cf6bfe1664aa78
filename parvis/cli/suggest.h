#ifndef PARVIS_CLI_SUGGEST_H_
#define PARVIS_CLI_SUGGEST_H_

#include <span>
#include <string>
#include <string_view>

namespace parvis::cli {

// The word of `known` that `word` was probably meant to be, or "" if none is near. Near: at most
// one third of its letters inserted, left out, exchanged or swapped with a neighbour.
std::string Nearest(std::string_view word, std::span<const std::string> known);

}  // namespace parvis::cli

#endif  // PARVIS_CLI_SUGGEST_H_
