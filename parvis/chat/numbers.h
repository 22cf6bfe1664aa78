#ifndef PARVIS_CHAT_NUMBERS_H_
#define PARVIS_CHAT_NUMBERS_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace parvis::chat {

// int(text, base) and float(text) of Python: white space around and underscores between digits are
// allowed. None where Python raises ValueError, or where the number does not fit.
std::optional<int64_t> ParsePythonInt(std::string_view text, int base);
std::optional<double> ParsePythonFloat(std::string_view text);

// round(): of two nearest numbers the even one, to `places` after the point (less than 0: before).
double RoundLikePython(double number, int places);
int64_t RoundToTens(int64_t number, int zeros);

}  // namespace parvis::chat

#endif  // PARVIS_CHAT_NUMBERS_H_
