#ifndef PARVIS_CLI_TEXT_FLAGS_H_
#define PARVIS_CLI_TEXT_FLAGS_H_

#include <string>
#include <vector>

#include "parvis/cli/flags.h"
#include "parvis/core/result.h"

namespace parvis::cli {

// Which texts a command works on: one on the line, or those of a file or of stdin.
class TextFlags {
 public:
  // `what`: for --help ("A text, in a file one a line").
  void AddTo(FlagSet& flags, const std::string& what);
  // The same without a place on the line: TaskWords has that.
  void AddNamed(FlagSet& flags, const std::string& what);
  bool given() const { return text_given_.given() || file_given_.given(); }
  void Set(std::string text);  // a word of the line

  // One a line; empty lines are passed over, "\r" at their ends too. At least one.
  Result<std::vector<std::string>> Lines() const;
  // All of it as one text.
  Result<std::string> Whole() const;

 private:
  bool HasText() const { return (set_ || text_given_.given()) && text_ != "-"; }
  std::string text_, file_;
  bool set_ = false;
  Flag text_given_, file_given_;
};

// A model that is loaded, with what computes it.
struct Loaded {
  Compute compute;
  ops::Exec exec;  // of `compute`
  models::Model model;
};
Result<Loaded> LoadForTexts(const ModelFlags& model, const ComputeFlags& compute);

// {"schema": …, "model": …, "kernels": …}
OrderedJson TextsDocument(std::string_view command, const Loaded& loaded);

}  // namespace parvis::cli

#endif  // PARVIS_CLI_TEXT_FLAGS_H_
