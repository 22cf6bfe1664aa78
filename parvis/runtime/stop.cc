#include "parvis/runtime/stop.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"

namespace parvis::runtime {
namespace {

std::vector<size_t> BordersOf(const std::string& pattern) {
  std::vector<size_t> borders(pattern.size() + 1, 0);
  for (size_t i = 1, length = 0; i < pattern.size(); ++i) {
    while (length > 0 && pattern[i] != pattern[length]) length = borders[length];
    if (pattern[i] == pattern[length]) ++length;
    borders[i + 1] = length;
  }
  return borders;
}

}  // namespace

Status StopFilter::Validate(const std::vector<std::string>& stop_strings) {
  if (stop_strings.size() > kMaxStrings) {
    return InvalidArgument(fmt::format("stop: {} strings are given; at most {} are allowed",
                                       stop_strings.size(), kMaxStrings));
  }
  for (const std::string& text : stop_strings) {
    if (text.empty()) return InvalidArgument("stop: an empty string");
    if (text.size() > kMaxBytes) {
      return InvalidArgument(fmt::format("stop: a string of {} bytes; at most {} are allowed",
                                         text.size(), kMaxBytes));
    }
  }
  return {};
}

StopFilter::StopFilter(std::vector<std::string> stop_strings) {
  for (std::string& text : stop_strings) {
    std::vector<size_t> borders = BordersOf(text);
    automata_.push_back({std::move(text), std::move(borders)});
  }
}

std::string StopFilter::Add(std::string_view piece) {
  if (stopped_) return {};
  for (const char byte : piece) {
    held_.push_back(byte);
    const Automaton* complete = nullptr;  // the longest
    for (Automaton& a : automata_) {
      while (a.matched > 0 && a.pattern[a.matched] != byte) a.matched = a.fallback[a.matched];
      if (a.pattern[a.matched] == byte) ++a.matched;
      if (a.matched < a.pattern.size()) continue;
      if (complete == nullptr || a.matched > complete->matched) complete = &a;
    }
    if (complete != nullptr) {
      stopped_ = true;
      stopped_by_ = complete->pattern;
      held_.resize(held_.size() - complete->matched);
      return std::exchange(held_, {});
    }
  }
  size_t keep = 0;
  for (const Automaton& a : automata_) keep = std::max(keep, a.matched);
  std::string out = held_.substr(0, held_.size() - keep);
  held_.erase(0, held_.size() - keep);
  return out;
}

std::string StopFilter::Finish() { return std::exchange(held_, {}); }

}  // namespace parvis::runtime
