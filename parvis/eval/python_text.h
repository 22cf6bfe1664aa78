#ifndef PARVIS_EVAL_PYTHON_TEXT_H_
#define PARVIS_EVAL_PYTHON_TEXT_H_

#include <string>
#include <string_view>
#include <vector>

// What the reference scorers, which are written in Python, do to texts before they count. Bytes
// that are not UTF-8 count as characters that are no space.
namespace parvis::eval {

// str.split(): the words between white space, U+001C to U+001F included.
std::vector<std::string> PythonSplit(std::string_view text);

// str.lower(), but that a capital sigma always becomes the small one of the middle of a word.
std::string PythonLower(std::string_view text);

}  // namespace parvis::eval

#endif  // PARVIS_EVAL_PYTHON_TEXT_H_
