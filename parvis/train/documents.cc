#include "parvis/train/documents.h"

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "fmt/format.h"
#include "parvis/core/file.h"
#include "parvis/core/json.h"
#include "parvis/core/sha256.h"
#include "parvis/train/xz.h"

namespace parvis::train {
namespace {

namespace fs = std::filesystem;

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

enum class Kind { kText, kJsonLines, kOther };

Kind KindOf(std::string_view path, bool& compressed) {
  compressed = EndsWith(path, ".xz");
  if (compressed) path.remove_suffix(3);
  if (EndsWith(path, ".txt")) return Kind::kText;
  if (EndsWith(path, ".jsonl")) return Kind::kJsonLines;
  return Kind::kOther;
}

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

class Reader {
 public:
  Reader(bool paragraphs, Documents& result) : paragraphs_(paragraphs), result_(result) {}

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
      if (!it->is_directory(error) && KindOf(path, compressed) != Kind::kOther &&
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
    const Kind kind = KindOf(path, compressed);
    if (kind == Kind::kOther) {
      return InvalidArgument(path + ": not a .txt or .jsonl file (or one of them with .xz)");
    }
    PARVIS_ASSIGN_OR_RETURN(std::string text, ReadFile(path, kMaxTextFileBytes));
    file_ = DataFile{path, Sha256Hex(text), static_cast<int64_t>(text.size())};
    if (compressed) {
      Result<std::string> plain = DecompressXz(text);
      if (!plain.ok()) return plain.status().In(path);
      text = std::move(plain).value();
    }
    PARVIS_RETURN_IF_ERROR(kind == Kind::kText ? ReadText(text) : ReadJsonLines(text));
    result_.files.push_back(std::move(file_));
    return Status();
  }

  Status ReadText(std::string_view text) {
    const std::string name = fs::path(file_.path).filename().string();
    if (!paragraphs_) {
      Add(name, text, "");
      return Status();
    }
    int number = 0;
    while (!text.empty()) {
      const size_t end = text.find("\n\n");
      Add(fmt::format("{}:{}", name, ++number), text.substr(0, end), "");
      text = end == std::string_view::npos ? "" : text.substr(end + 2);
    }
    return Status();
  }

  Status ReadJsonLines(std::string_view text) {
    const std::string name = fs::path(file_.path).filename().string();
    for (int number = 1; !text.empty(); ++number) {
      const size_t end = text.find('\n');
      const std::string_view line = text.substr(0, end);
      text = end == std::string_view::npos ? "" : text.substr(end + 1);
      if (IsBlank(line)) continue;
      const Result<Json> row = ParseJson(line);
      if (!row.ok()) return row.status().In(fmt::format("{}:{}", file_.path, number));
      const auto body = row->is_object() ? row->find("text") : row->end();
      if (!row->is_object() || body == row->end() || !body->is_string()) {
        return DataLoss(fmt::format("{}:{}: no \"text\" in this row", file_.path, number));
      }
      Add(TextOf(*row, "id", fmt::format("{}:{}", name, number)), body->get<std::string>(),
          TextOf(*row, "license", TextOf(*row, "licence", "")));
    }
    return Status();
  }

  static std::string TextOf(const Json& row, const char* key, const std::string& fallback) {
    const auto it = row.find(key);
    return it != row.end() && it->is_string() ? it->get<std::string>() : fallback;
  }

  void Add(std::string id, std::string_view text, const std::string& licence) {
    if (IsBlank(text)) return;
    file_.text_bytes += static_cast<int64_t>(text.size());
    file_.documents += 1;
    file_.licences[licence] += 1;
    result_.documents.push_back(Document{std::move(id), std::string(text), source_});
  }

  bool paragraphs_;
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

Result<Documents> ReadDocuments(const std::vector<DataSource>& sources, bool paragraphs) {
  Documents result;
  Reader reader(paragraphs, result);
  std::string names;
  for (size_t i = 0; i < sources.size(); ++i) {
    PARVIS_RETURN_IF_ERROR(reader.ReadSource(sources[i], i));
    names += (i == 0 ? "" : ", ") + sources[i].path;
  }
  if (result.documents.empty()) {
    return InvalidArgument("no text in " + names + " (looked for .txt and .jsonl files)");
  }
  return result;
}

}  // namespace parvis::train
