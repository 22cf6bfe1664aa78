#include "parvis/cli/text_flags.h"

#include <unistd.h>

#include <sstream>
#include <utility>

#include "parvis/cli/input.h"

namespace parvis::cli {

void TextFlags::AddTo(FlagSet& flags, const std::string& what) {
  text_given_ = flags.Add("--text,text", &text_, what + "; none: stdin");
  file_given_ = flags.Add("-f,--file", &file_, "… in this file; '-': stdin");
}

void TextFlags::AddNamed(FlagSet& flags, const std::string& what) {
  text_given_ = flags.Add("--text", &text_, what + "; none: stdin");
  file_given_ = flags.Add("-f,--file", &file_, "… in this file; '-': stdin");
}

void TextFlags::Set(std::string text) {
  text_ = std::move(text);
  set_ = true;
}

Result<std::string> TextFlags::Whole() const {
  if (text_given_.given() && file_given_.given()) {
    return InvalidArgument("give a text or --file, not both");
  }
  if (HasText()) return text_;
  if (file_given_.given()) return ReadInput(file_);
  if (IsTerminal(STDIN_FILENO)) {
    return InvalidArgument("there is no text: give one, or --file, or one by stdin");
  }
  return ReadStdin();
}

Result<std::vector<std::string>> TextFlags::Lines() const {
  PARVIS_ASSIGN_OR_RETURN(std::string whole, Whole());
  // A text on the line may be of several lines.
  if (HasText()) return std::vector<std::string>{std::move(whole)};
  std::vector<std::string> lines;
  std::istringstream stream(std::move(whole));
  for (std::string line; std::getline(stream, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty()) lines.push_back(std::move(line));
  }
  if (lines.empty())
    return DataLoss((file_.empty() ? "stdin" : file_) + ": there is no text in it");
  return lines;
}

Result<Loaded> LoadForTexts(const ModelFlags& model_flags, const ComputeFlags& compute_flags) {
  PARVIS_ASSIGN_OR_RETURN(Compute compute, Compute::Make(compute_flags));
  PARVIS_ASSIGN_OR_RETURN(models::Model model, model_flags.Load(compute));
  const ops::Exec exec = compute.exec();
  return Loaded{std::move(compute), exec, std::move(model)};
}

OrderedJson TextsDocument(std::string_view command, const Loaded& loaded) {
  OrderedJson document = Console::Document(command);
  document["model"] = loaded.model.name;
  document["kernels"] = loaded.compute.kernels_name();
  return document;
}

}  // namespace parvis::cli
