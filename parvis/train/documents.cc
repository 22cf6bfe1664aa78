#include "parvis/train/documents.h"

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "fmt/format.h"
#include "parvis/core/file.h"
#include "parvis/core/json.h"
#include "parvis/core/sha256.h"
#include "parvis/text/input_stream.h"

namespace parvis::train {
namespace {

namespace fs = std::filesystem;

// The largest file of text that is read, unpacked, and the largest document: a long word of it may
// take thirty times its size while it is tokenised.
constexpr size_t kMaxTextFileBytes = size_t{4} << 30;
constexpr size_t kMaxDocumentBytes = size_t{128} << 20;
constexpr size_t kBlockBytes = size_t{1} << 20;

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
  // `first_mixed`: the index of the first of `mix`.
  Reader(bool paragraphs, const RowFormat& format, const std::vector<DataSource>& mix,
         size_t first_mixed, Documents& result)
      : paragraphs_(paragraphs), format_(format), result_(result) {
    for (size_t i = 0; i < mix.size(); ++i) mixed_[mix[i].path] = {first_mixed + i};
  }

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

  // Whether each name of the mix was met.
  Status CheckMixed() const {
    for (const auto& [name, mixed] : mixed_) {
      if (!mixed.met) {
        return InvalidArgument("[data] mix: no document has the \"source\" \"" + name + "\"");
      }
    }
    return {};
  }

 private:
  Status ReadFileOf(const std::string& path) {
    bool compressed = false;
    const Kind kind = KindOf(path, format_, compressed);
    if (kind == Kind::kOther) {
      return InvalidArgument(path + ": not a " + KindsOf(format_) + " file (or one with .xz)");
    }
    PARVIS_ASSIGN_OR_RETURN(text::InputStream stream, text::InputStream::Open(path));
    file_ = DataFile{.path = path};
    text::LineReader lines(std::move(stream));
    PARVIS_RETURN_IF_ERROR(kind == Kind::kText ? ReadText(lines) : ReadLines(kind, lines));
    PARVIS_ASSIGN_OR_RETURN(file_.sha256, Sha256HexOfFile(path));
    std::error_code error;
    file_.bytes = static_cast<int64_t>(fs::file_size(path, error));
    if (error) return IoError(path + ": " + error.message());
    result_.files.push_back(std::move(file_));
    return Status();
  }

  Status ReadText(text::LineReader& lines) {
    const std::string name = fs::path(file_.path).filename().string();
    const size_t most = paragraphs_ ? kMaxTextFileBytes : kMaxDocumentBytes;
    std::string text;
    std::string_view block;
    while (true) {
      PARVIS_ASSIGN_OR_RETURN(const bool more, lines.NextBlock(kBlockBytes, block));
      if (!more) break;
      if (text.size() + block.size() > most) return TooLong(file_.path, most);
      text += block;
    }
    if (!paragraphs_) {
      Add({.id = name, .text = std::move(text), .source = source_}, "");
      return Status();
    }
    int number = 0;
    for (std::string_view left = text; !left.empty();) {
      const size_t end = left.find("\n\n");
      Document document{.id = fmt::format("{}:{}", name, ++number), .source = source_};
      document.text = left.substr(0, end);
      if (document.text.size() > kMaxDocumentBytes) {
        return TooLong(fmt::format("{}: paragraph {} at byte {}", file_.path, number,
                                   left.data() - text.data()),
                       kMaxDocumentBytes);
      }
      Add(std::move(document), "");
      left = end == std::string_view::npos ? "" : left.substr(end + 2);
    }
    return Status();
  }

  Status TooLong(const std::string& what, size_t most) const {
    return ResourceExhausted(
        fmt::format("{}: more than {} bytes of text{}{}", what, most,
                    most == kMaxDocumentBytes ? " in one document" : "",
                    paragraphs_ ? "" : "; split = \"paragraphs\" makes several of a file"));
  }

  // A line that is too long is refused before it is read.
  Status ReadLines(Kind kind, text::LineReader& lines) {
    const std::string name = fs::path(file_.path).filename().string();
    std::string_view line;
    while (true) {
      PARVIS_ASSIGN_OR_RETURN(const bool more, lines.Next(line));
      if (!more) return Status();
      if (lines.offset() > static_cast<int64_t>(kMaxTextFileBytes)) {
        return ResourceExhausted(fmt::format(
            "{}:{}: more than {} bytes of text in one file; tokens that are made beforehand "
            "([tokens] of parvis data build) have no such limit",
            file_.path, lines.number(), kMaxTextFileBytes));
      }
      if (IsBlank(line)) continue;
      Document document{.id = fmt::format("{}:{}", name, lines.number())};
      const Status read = kind == Kind::kPairs ? ReadPair(line, std::move(document))
                                               : ReadRow(line, std::move(document));
      if (!read.ok()) return read.In(fmt::format("{}:{}", file_.path, lines.number()));
    }
  }

  Status ReadPair(std::string_view line, Document document) {
    const size_t tab = line.find('\t');
    if (tab == std::string_view::npos || line.find('\t', tab + 1) != std::string_view::npos) {
      return DataLoss("not two texts with a tab between them");
    }
    document.text = line.substr(0, tab);
    document.second = line.substr(std::min(tab + 1, line.size()));
    if (IsBlank(document.second)) return DataLoss("the second text is empty");
    document.source = source_;
    Add(std::move(document), "");
    return Status();
  }

  Status ReadRow(std::string_view line, Document document) {
    PARVIS_ASSIGN_OR_RETURN(const Json row, ParseJson(line));
    if (!row.is_object()) {
      return DataLoss("no \"" + (format_.said.empty() ? format_.text : format_.said[0]) +
                      "\" in this row");
    }
    if (!format_.said.empty()) {
      PARVIS_RETURN_IF_ERROR(ReadSaid(row, document));
    } else if (const auto words = row.find(format_.text); words != row.end() && words->is_array()) {
      PARVIS_ASSIGN_OR_RETURN(document.text, Joined(*words));
    } else {
      const bool built = !format_.built_text.empty() && row.contains(format_.built_text);
      PARVIS_ASSIGN_OR_RETURN(document.text,
                              TextIn(row, built ? format_.built_text : format_.text));
    }
    if (!format_.second.empty() && (format_.second_needed || row.contains(format_.second))) {
      PARVIS_ASSIGN_OR_RETURN(document.second, TextIn(row, format_.second));
      if (IsBlank(document.second)) return DataLoss("\"" + format_.second + "\" is empty");
    }
    for (const std::string& key : format_.fields) {
      if (const auto field = row.find(key); field != row.end()) document.fields[key] = *field;
    }
    document.id = TextOf(row, "id", document.id);
    document.source = source_;
    if (const auto mixed = mixed_.find(TextOf(row, "source", "")); mixed != mixed_.end()) {
      document.source = mixed->second.index;
      mixed->second.met = true;
    }
    Add(std::move(document), TextOf(row, "license", TextOf(row, "licence", "")));
    return Status();
  }

  Status ReadSaid(const Json& row, Document& document) const {
    for (const std::string& key : format_.perhaps_said) {
      const auto entry = row.find(key);
      if (entry == row.end()) continue;
      AddWords(*entry, document.text);
      document.fields[key] = *entry;
    }
    for (const std::string& key : format_.said) {
      const auto entry = row.find(key);
      if (entry == row.end()) return DataLoss("no \"" + key + "\" in this row");
      AddWords(*entry, document.text);
      document.fields[key] = *entry;
    }
    return Status();
  }

  // The words of a text, a list of messages, or a list of a message's parts; of anything else none.
  static void AddWords(const Json& said, std::string& text) {
    if (said.is_string()) text += (text.empty() ? "" : "\n") + said.get_ref<const std::string&>();
    for (const Json& part : said.is_array() ? said : Json::array()) {
      if (!part.is_object()) continue;
      for (const char* key : {"content", "text"}) {
        if (const auto inner = part.find(key); inner != part.end()) AddWords(*inner, text);
      }
    }
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
    result_.documents.push_back(std::move(document));
  }

  bool paragraphs_;
  const RowFormat& format_;
  Documents& result_;
  size_t source_ = 0;
  DataFile file_;
  struct Mixed {
    size_t index;
    bool met = false;
  };
  std::map<std::string, Mixed> mixed_;  // by the name that rows give
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
                                const RowFormat& format, const std::vector<DataSource>& mix) {
  Documents result;
  Reader reader(paragraphs, format, mix, sources.size(), result);
  std::string names;
  for (size_t i = 0; i < sources.size(); ++i) {
    PARVIS_RETURN_IF_ERROR(reader.ReadSource(sources[i], i));
    names += (i == 0 ? "" : ", ") + sources[i].path;
  }
  if (result.documents.empty()) {
    return InvalidArgument("no text in " + names + " (looked for " + KindsOf(format) + " files)");
  }
  PARVIS_RETURN_IF_ERROR(reader.CheckMixed());
  return result;
}

}  // namespace parvis::train
