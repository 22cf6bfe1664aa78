#include "parvis/train/documents.h"

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "fmt/format.h"
#include "parvis/core/file.h"
#include "parvis/core/json.h"
#include "parvis/core/sha256.h"
#include "parvis/core/xz.h"

namespace parvis::train {
namespace {

namespace fs = std::filesystem;

// The largest file of text that is read, as it lies on the disk and unpacked.
constexpr size_t kMaxTextFileBytes = size_t{4} << 30;

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

enum class Kind { kText, kJsonLines, kPairs, kOther };

Kind KindOf(std::string_view path, const RowFormat& format, bool& compressed) {
  compressed = EndsWith(path, ".xz");
  if (compressed) path.remove_suffix(3);
  if (EndsWith(path, ".jsonl")) return Kind::kJsonLines;
  if (EndsWith(path, ".txt") && format.plain()) return Kind::kText;
  if (EndsWith(path, ".tsv") && format.second_needed && format.fields.empty()) return Kind::kPairs;
  return Kind::kOther;
}

std::string KindsOf(const RowFormat& format) {
  if (format.plain()) return ".txt or .jsonl";
  return format.second_needed && format.fields.empty() ? ".jsonl or .tsv" : ".jsonl";
}

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

class Reader {
 public:
  Reader(bool paragraphs, const RowFormat& format, Documents& result)
      : paragraphs_(paragraphs), format_(format), result_(result) {}

  Status ReadSource(const DataSource& source, size_t index) {
    source_ = index;
    std::error_code error;
    if (!fs::exists(source.path, error)) return NotFound(source.path + ": no such file or folder");
    if (!fs::is_directory(source.path, error)) return ReadFileOf(source.path);
    std::vector<std::string> paths;
    for (fs::recursive_directory_iterator it(source.path, error), end; !error && it != end;
         it.increment(error)) {
      bool compressed = false;
      const std::string path = it->path().string();
      if (!it->is_directory(error) && KindOf(path, format_, compressed) != Kind::kOther &&
          !IsHeldOut(path)) {
        paths.push_back(path);
      }
    }
    if (error) return IoError(source.path + ": " + error.message());
    std::sort(paths.begin(), paths.end());
    for (const std::string& path : paths) PARVIS_RETURN_IF_ERROR(ReadFileOf(path));
    return Status();
  }

 private:
  Status ReadFileOf(const std::string& path) {
    bool compressed = false;
    const Kind kind = KindOf(path, format_, compressed);
    if (kind == Kind::kOther) {
      return InvalidArgument(path + ": not a " + KindsOf(format_) + " file (or one with .xz)");
    }
    PARVIS_ASSIGN_OR_RETURN(std::string text, ReadFile(path, kMaxTextFileBytes));
    file_ = DataFile{path, Sha256Hex(text), static_cast<int64_t>(text.size())};
    if (compressed) {
      Result<std::string> plain = DecompressXz(text, kMaxTextFileBytes);
      if (!plain.ok()) return plain.status().In(path);
      text = std::move(plain).value();
    }
    PARVIS_RETURN_IF_ERROR(kind == Kind::kText ? ReadText(text) : ReadLines(kind, text));
    result_.files.push_back(std::move(file_));
    return Status();
  }

  Status ReadText(std::string_view text) {
    const std::string name = fs::path(file_.path).filename().string();
    if (!paragraphs_) {
      Add({.id = name, .text = std::string(text)}, "");
      return Status();
    }
    int number = 0;
    while (!text.empty()) {
      const size_t end = text.find("\n\n");
      Add({.id = fmt::format("{}:{}", name, ++number), .text = std::string(text.substr(0, end))},
          "");
      text = end == std::string_view::npos ? "" : text.substr(end + 2);
    }
    return Status();
  }

  Status ReadLines(Kind kind, std::string_view text) {
    const std::string name = fs::path(file_.path).filename().string();
    for (int number = 1; !text.empty(); ++number) {
      const size_t end = text.find('\n');
      const std::string_view line = text.substr(0, end);
      text = end == std::string_view::npos ? "" : text.substr(end + 1);
      if (IsBlank(line)) continue;
      Document document{.id = fmt::format("{}:{}", name, number)};
      const Status read = kind == Kind::kPairs ? ReadPair(line, std::move(document))
                                               : ReadRow(line, std::move(document));
      if (!read.ok()) return read.In(fmt::format("{}:{}", file_.path, number));
    }
    return Status();
  }

  Status ReadPair(std::string_view line, Document document) {
    const size_t tab = line.find('\t');
    if (tab == std::string_view::npos || line.find('\t', tab + 1) != std::string_view::npos) {
      return DataLoss("not two texts with a tab between them");
    }
    if (line.back() == '\r') line.remove_suffix(1);
    document.text = line.substr(0, tab);
    document.second = line.substr(std::min(tab + 1, line.size()));
    if (IsBlank(document.second)) return DataLoss("the second text is empty");
    Add(std::move(document), "");
    return Status();
  }

  Status ReadRow(std::string_view line, Document document) {
    PARVIS_ASSIGN_OR_RETURN(const Json row, ParseJson(line));
    if (!row.is_object()) return DataLoss("no \"" + format_.text + "\" in this row");
    if (const auto words = row.find(format_.text); words != row.end() && words->is_array()) {
      PARVIS_ASSIGN_OR_RETURN(document.text, Joined(*words));
    } else {
      PARVIS_ASSIGN_OR_RETURN(document.text, TextIn(row, format_.text));
    }
    if (!format_.second.empty() && (format_.second_needed || row.contains(format_.second))) {
      PARVIS_ASSIGN_OR_RETURN(document.second, TextIn(row, format_.second));
      if (IsBlank(document.second)) return DataLoss("\"" + format_.second + "\" is empty");
    }
    for (const std::string& key : format_.fields) {
      if (const auto field = row.find(key); field != row.end()) document.fields[key] = *field;
    }
    document.id = TextOf(row, "id", document.id);
    Add(std::move(document), TextOf(row, "license", TextOf(row, "licence", "")));
    return Status();
  }

  static Result<std::string> TextIn(const Json& row, const std::string& key) {
    const auto text = row.find(key);
    if (text == row.end() || !text->is_string()) {
      return DataLoss("no \"" + key + "\" in this row");
    }
    return text->get<std::string>();
  }

  Result<std::string> Joined(const Json& words) const {
    std::string text;
    for (const Json& word : words) {
      if (!word.is_string()) return DataLoss("\"" + format_.text + "\": not all are words");
      text += (text.empty() ? "" : " ") + word.get_ref<const std::string&>();
    }
    return text;
  }

  static std::string TextOf(const Json& row, const char* key, const std::string& fallback) {
    const auto it = row.find(key);
    return it != row.end() && it->is_string() ? it->get<std::string>() : fallback;
  }

  void Add(Document document, const std::string& licence) {
    if (IsBlank(document.text)) return;
    file_.text_bytes += document.text_bytes();
    file_.documents += 1;
    file_.licences[licence] += 1;
    document.source = source_;
    result_.documents.push_back(std::move(document));
  }

  bool paragraphs_;
  const RowFormat& format_;
  Documents& result_;
  size_t source_ = 0;
  DataFile file_;
};

}  // namespace

bool IsHeldOut(const std::string& path) {
  return fs::path(path).filename().string().rfind("heldout", 0) == 0;
}

int64_t Documents::text_bytes() const {
  int64_t total = 0;
  for (const DataFile& file : files) total += file.text_bytes;
  return total;
}

Result<Documents> ReadDocuments(const std::vector<DataSource>& sources, bool paragraphs,
                                const RowFormat& format) {
  Documents result;
  Reader reader(paragraphs, format, result);
  std::string names;
  for (size_t i = 0; i < sources.size(); ++i) {
    PARVIS_RETURN_IF_ERROR(reader.ReadSource(sources[i], i));
    names += (i == 0 ? "" : ", ") + sources[i].path;
  }
  if (result.documents.empty()) {
    return InvalidArgument("no text in " + names + " (looked for " + KindsOf(format) + " files)");
  }
  return result;
}

}  // namespace parvis::train
