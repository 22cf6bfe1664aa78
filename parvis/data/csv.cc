#include "parvis/data/csv.h"

#include "fmt/format.h"

namespace parvis::data {

std::string CsvReader::place() const { return fmt::format("{}:{}", lines_.path(), first_line_); }

Result<bool> CsvReader::Next(std::vector<std::string>& fields) {
  fields.clear();
  std::string_view line;
  do {
    PARVIS_ASSIGN_OR_RETURN(const bool more, lines_.Next(line));
    if (!more) return false;
  } while (line.empty());
  first_line_ = lines_.number();
  fields.emplace_back();
  if (separator_ == '\t') {
    for (const char c : line) {
      if (c == '\t') {
        fields.emplace_back();
      } else {
        fields.back() += c;
      }
    }
    return true;
  }
  bool quoted = false, closed = false;  // within quotes; behind the closing one
  size_t bytes = 0;
  while (true) {
    for (size_t i = 0; i < line.size(); ++i) {
      const char c = line[i];
      if (quoted && c == '"' && i + 1 < line.size() && line[i + 1] == '"') {
        fields.back() += '"';
        ++i;
      } else if (quoted && c == '"') {
        quoted = false;
        closed = true;
      } else if (quoted) {
        fields.back() += c;
      } else if (c == separator_) {
        fields.emplace_back();
        closed = false;
      } else if (c == '"' && fields.back().empty() && !closed) {
        quoted = true;
      } else if (closed) {
        return DataLoss(fmt::format("{}:{}: a field goes on behind its closing quote",
                                    lines_.path(), lines_.number()));
      } else {
        fields.back() += c;
      }
    }
    if (!quoted) return true;
    bytes += line.size();
    if (bytes > text::LineReader::kMaxLine) {
      return ResourceExhausted(fmt::format("{}: a record of more than {} bytes; is a quote open?",
                                           place(), text::LineReader::kMaxLine));
    }
    PARVIS_ASSIGN_OR_RETURN(const bool more, lines_.Next(line));
    if (!more) return DataLoss(place() + ": a quote that is not closed");
    fields.back() += '\n';
  }
}

}  // namespace parvis::data
