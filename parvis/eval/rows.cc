#include "parvis/eval/rows.h"

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "fmt/format.h"
#include "parvis/core/file.h"
#include "parvis/core/sha256.h"
#include "parvis/core/xz.h"
#include "parvis/text/utf8.h"

namespace parvis::eval {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxBytes = size_t{4} << 30;  // of a file, as it lies on the disk and unpacked

struct Kind {
  bool json = false, table = false, squad = false, packed = false;
  bool known() const { return json || table || squad; }
  std::string stem;
};

Kind KindOf(const std::string& path) {
  Kind kind;
  std::string name = fs::path(path).filename().string();
  kind.packed = name.ends_with(".xz");
  if (kind.packed) name.resize(name.size() - 3);
  kind.json = name.ends_with(".jsonl");
  kind.table = name.ends_with(".tsv");
  kind.squad = name.ends_with(".json");
  kind.stem = name.substr(0, name.rfind('.'));
  return kind;
}

Result<Json> TableRow(std::string_view line) {
  if (!text::IsValidUtf8(line)) return DataLoss("not UTF-8");
  Json fields = Json::array();
  for (size_t at = 0;;) {
    const size_t end = line.find('\t', at);
    fields.push_back(line.substr(at, end == std::string_view::npos ? end : end - at));
    if (end == std::string_view::npos) return fields;
    at = end + 1;
  }
}

// The list called `name`, or null.
const Json* ListIn(const Json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found != object.end() && found->is_array() ? &*found : nullptr;
}

// {"data": [{"paragraphs": [{"context": …, "qas": [{"question": …, "answers": …}]}]}]}
Status AddSquad(const std::string& path, const Kind& kind, const std::string& text, Rows& out) {
  Result<Json> json = ParseJson(text);
  if (!json.ok()) return json.status().In(path);
  Row row{Json(), kind.stem, path, "the top"};
  const Json* articles = ListIn(*json, "data");
  if (articles == nullptr) return BadRow(row, "no list \"data\", as SQuAD has it");
  for (size_t a = 0; a < articles->size(); ++a) {
    row.place = fmt::format("data[{}]", a);
    const Json* paragraphs = ListIn((*articles)[a], "paragraphs");
    if (paragraphs == nullptr) return BadRow(row, "no list \"paragraphs\"");
    for (size_t p = 0; p < paragraphs->size(); ++p) {
      row.place = fmt::format("data[{}].paragraphs[{}]", a, p);
      const Json* questions = ListIn((*paragraphs)[p], "qas");
      if (questions == nullptr) return BadRow(row, "no list \"qas\"");
      for (size_t q = 0; q < questions->size(); ++q) {
        row.place = fmt::format("data[{}].paragraphs[{}].qas[{}]", a, p, q);
        row.value = (*questions)[q];
        if (!row.value.is_object()) return BadRow(row, "not an object");
        row.value["context"] = (*paragraphs)[p].value("context", Json());
        out.rows.push_back(row);
      }
    }
  }
  return {};
}

Status AddFile(const std::string& path, const Kind& kind, Rows& out, std::string& sha256) {
  PARVIS_ASSIGN_OR_RETURN(std::string text, ReadFile(path, kMaxBytes));
  sha256 = Sha256Hex(text);
  if (kind.packed) {
    Result<std::string> plain = DecompressXz(text, kMaxBytes);
    if (!plain.ok()) return plain.status().In(path);
    text = std::move(plain).value();
  }
  if (kind.squad) return AddSquad(path, kind, text, out);
  std::string_view left = text;
  for (int64_t number = 1; !left.empty(); ++number) {
    const size_t end = left.find('\n');
    std::string_view line = left.substr(0, end);
    left = end == std::string_view::npos ? "" : left.substr(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    Result<Json> value = kind.json ? ParseJson(line) : TableRow(line);
    Row row{Json(), kind.stem, path, fmt::format("{}", number)};
    if (!value.ok()) return value.status().In(row.where());
    row.value = std::move(value).value();
    if (kind.json && !row.value.is_object()) return BadRow(row, "not an object");
    out.rows.push_back(std::move(row));
  }
  return {};
}

Result<std::vector<std::string>> FilesOf(const std::string& path) {
  std::error_code error;
  std::vector<std::string> files;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    if (it->is_regular_file(error)) files.push_back(it->path().string());
  }
  if (error) return IoError(path + ": " + error.message());
  std::sort(files.begin(), files.end());
  return files;
}

std::string HashLine(const std::string& sha256, const std::string& path) {
  return sha256 + "  " + fs::path(path).filename().string() + "\n";
}

}  // namespace

std::string Row::where() const { return path + ":" + place; }

Status BadRow(const Row& row, const std::string& what) {
  return DataLoss(row.where() + ": " + what);
}

Result<Rows> ReadRows(const std::string& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return NotFound(path + ": no such file or folder");
  Rows out;
  if (!fs::is_directory(path, error)) {
    const Kind kind = KindOf(path);
    if (!kind.known()) {
      return InvalidArgument(path + ": not a .jsonl, .tsv or .json file (or one of them with .xz)");
    }
    PARVIS_RETURN_IF_ERROR(AddFile(path, kind, out, out.sha256));
  } else {
    PARVIS_ASSIGN_OR_RETURN(const auto files, FilesOf(path));
    std::string hashes, sha256;
    for (const std::string& file : files) {
      const Kind kind = KindOf(file);
      if (!kind.known()) continue;
      PARVIS_RETURN_IF_ERROR(AddFile(file, kind, out, sha256));
      hashes += HashLine(sha256, file);
    }
    out.sha256 = Sha256Hex(hashes);
  }
  if (out.rows.empty()) return InvalidArgument(path + ": there is no row in it");
  return out;
}

Result<std::string> Sha256OfPath(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return Sha256HexOfFile(path);
  PARVIS_ASSIGN_OR_RETURN(const auto files, FilesOf(path));
  std::string hashes;
  for (const std::string& file : files) {
    PARVIS_ASSIGN_OR_RETURN(const std::string sha256, Sha256HexOfFile(file));
    hashes += HashLine(sha256, file);
  }
  return Sha256Hex(hashes);
}

const Json* FindField(const Row& row, std::initializer_list<const char*> names) {
  if (!row.value.is_object()) return nullptr;
  for (const char* name : names) {
    const auto it = row.value.find(name);
    if (it != row.value.end() && !it->is_null()) return &*it;
  }
  return nullptr;
}

Result<std::string> TextField(const Row& row, std::initializer_list<const char*> names) {
  const Json* field = FindField(row, names);
  if (field == nullptr) return BadRow(row, fmt::format("no \"{}\"", *names.begin()));
  if (!field->is_string()) return BadRow(row, fmt::format("\"{}\" is no text", *names.begin()));
  return field->get<std::string>();
}

Result<std::vector<std::string>> TextsField(const Row& row,
                                            std::initializer_list<const char*> names) {
  const Json* field = FindField(row, names);
  if (field == nullptr) return BadRow(row, fmt::format("no \"{}\"", *names.begin()));
  if (field->is_string()) return std::vector<std::string>{field->get<std::string>()};
  std::vector<std::string> texts;
  for (const Json& entry : *field) {
    if (!field->is_array() || !entry.is_string()) {
      return BadRow(row, fmt::format("\"{}\" is no list of texts", *names.begin()));
    }
    texts.push_back(entry.get<std::string>());
  }
  if (texts.empty()) return BadRow(row, fmt::format("\"{}\" is empty", *names.begin()));
  return texts;
}

}  // namespace parvis::eval
