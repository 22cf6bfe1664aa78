#ifndef PARVIS_RUNTIME_STOP_H_
#define PARVIS_RUNTIME_STOP_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "parvis/core/status.h"

namespace parvis::runtime {

// Watches a text that comes in pieces for stop strings, and holds back what could be the beginning
// of one. The first stop string that is complete ends the text, wherever the pieces were cut; of
// several that end at the same byte the longest counts. It finds them with one automaton for each
// string (Knuth, Morris and Pratt, "Fast Pattern Matching in Strings", 1977): time linear in the
// text. Text in complete UTF-8 stays so if the stop strings are UTF-8. Not synchronised.
class StopFilter {
 public:
  static constexpr size_t kMaxStrings = 16;
  static constexpr size_t kMaxBytes = 1024;  // of one string

  // Refuses empty strings, and more or longer ones than the limits.
  static Status Validate(const std::vector<std::string>& stop_strings);

  // REQUIRES: Validate(stop_strings) is ok.
  explicit StopFilter(std::vector<std::string> stop_strings);

  // Takes the next piece; returns what may be shown now. Nothing once stopped().
  std::string Add(std::string_view piece);

  // The text has ended without a stop string: what was held back.
  std::string Finish();

  bool stopped() const { return stopped_; }
  // The stop string that ended the text; empty unless stopped().
  const std::string& stopped_by() const { return stopped_by_; }

 private:
  struct Automaton {
    std::string pattern;
    std::vector<size_t> fallback;  // length of the longest border of each prefix
    size_t matched = 0;
  };

  std::vector<Automaton> automata_;
  std::string held_;
  bool stopped_ = false;
  std::string stopped_by_;
};

}  // namespace parvis::runtime

#endif  // PARVIS_RUNTIME_STOP_H_
