#include "parvis/data/reader.h"

#include <algorithm>
#include <filesystem>

#include "fmt/format.h"
#include "parvis/core/json.h"
#include "parvis/data/csv.h"
#include "parvis/data/markup.h"
#include "parvis/text/input_stream.h"

namespace parvis::data {
namespace {

namespace fs = std::filesystem;

constexpr size_t kBlockBytes = size_t{1} << 20;
constexpr size_t kBatchBytes = size_t{8} << 20;

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

std::string NameOf(const std::string& path) { return fs::path(path).filename().string(); }

std::string TextOf(const Json& row, std::initializer_list<const char*> keys) {
  for (const char* key : keys) {
    const auto it = row.find(key);
    if (it != row.end() && it->is_string()) return it->get<std::string>();
    if (it != row.end() && it->is_number_integer()) return it->dump();
  }
  return {};
}

class FileReader {
 public:
  FileReader(const std::string& path, const ReadOptions& options, const VisitDocument& visit)
      : path_(path), name_(NameOf(path)), options_(options), visit_(visit) {}

  Status Read() {
    std::string format = options_.format;
    const bool pairs = format == "pairs";
    if (format == "auto" || pairs) format = FormatOf(path_);
    if (format.empty() && path_ == "-") format = "text";
    if (format == "jsonl") return ReadJsonLines();
    if (format == "csv" || format == "tsv") return ReadColumns(format == "csv" ? ',' : '\t', pairs);
    if (pairs) {
      return InvalidArgument(path_ + ": pairs are read from .jsonl, .csv and .tsv files");
    }
    if (format == "markdown" || format == "html") return ReadMarkup(format);
    if (format == "text") return options_.split == "file" ? ReadWhole() : ReadParts();
    return InvalidArgument(path_ +
                           ": not a file that can be read: .txt, .md, .html, .jsonl, .csv, "
                           ".tsv, or one of them with .xz");
  }

 private:
  Status Give(RawDocument document, int64_t number) {
    document.place = number > 0 ? fmt::format("{}:{}", path_, number) : path_;
    if (document.id.empty()) {
      document.id = number > 0 ? fmt::format("{}:{}", name_, number) : name_;
    }
    return visit_(std::move(document));
  }

  // All of a file; more than a line may have is refused.
  Result<std::string> Whole() {
    PARVIS_ASSIGN_OR_RETURN(text::InputStream stream, text::InputStream::Open(path_));
    text::LineReader lines(std::move(stream));
    std::string text;
    std::string_view block;
    while (true) {
      PARVIS_ASSIGN_OR_RETURN(const bool more, lines.NextBlock(kBlockBytes, block));
      if (!more) return text;
      if (text.size() + block.size() > text::LineReader::kMaxLine) {
        return ResourceExhausted(fmt::format(
            "{}: one document of more than {} bytes (at byte {}); split = \"paragraphs\" or "
            "\"lines\" makes several of a text file",
            path_, text::LineReader::kMaxLine, lines.offset()));
      }
      text += block;
    }
  }

  Status ReadWhole() {
    RawDocument document;
    PARVIS_ASSIGN_OR_RETURN(document.text, Whole());
    return Give(std::move(document), 0);
  }

  Status ReadMarkup(const std::string& format) {
    PARVIS_ASSIGN_OR_RETURN(const std::string text, Whole());
    Result<PlainText> plain = format == "html" ? PlainOfHtml(text) : PlainOfMarkdown(text);
    if (!plain.ok()) return plain.status().In(path_);
    RawDocument document;
    document.text = std::move(plain->text);
    document.title = std::move(plain->title);
    document.language = std::move(plain->language);
    document.author = std::move(plain->author);
    return Give(std::move(document), 0);
  }

  Status ReadParts() {
    PARVIS_ASSIGN_OR_RETURN(text::InputStream stream, text::InputStream::Open(path_));
    text::LineReader lines(std::move(stream));
    std::string_view line;
    if (options_.split == "blocks") {
      while (true) {
        PARVIS_ASSIGN_OR_RETURN(const bool more, lines.NextBlock(kBlockBytes, line));
        if (!more) return Status();
        RawDocument document;
        document.text = line;
        PARVIS_RETURN_IF_ERROR(Give(std::move(document), 0));
      }
    }
    RawDocument document;
    int64_t first = 0;
    const auto flush = [&]() -> Status {
      if (document.text.empty()) return Status();
      return Give(std::exchange(document, {}), first);
    };
    while (true) {
      PARVIS_ASSIGN_OR_RETURN(const bool more, lines.Next(line));
      if (!more) return flush();
      if (IsBlank(line)) {
        PARVIS_RETURN_IF_ERROR(flush());
        continue;
      }
      if (document.text.empty()) first = lines.number();
      if (document.text.size() + line.size() > text::LineReader::kMaxLine) {
        return ResourceExhausted(fmt::format("{}:{}: a paragraph of more than {} bytes", path_,
                                             first, text::LineReader::kMaxLine));
      }
      if (!document.text.empty()) document.text += '\n';
      document.text += line;
      if (options_.split == "lines") PARVIS_RETURN_IF_ERROR(flush());
    }
  }

  Status ReadJsonLines() {
    PARVIS_ASSIGN_OR_RETURN(text::InputStream stream, text::InputStream::Open(path_));
    text::LineReader lines(std::move(stream));
    std::string_view line;
    while (true) {
      PARVIS_ASSIGN_OR_RETURN(const bool more, lines.Next(line));
      if (!more) return Status();
      if (IsBlank(line)) continue;
      RawDocument document;
      document.row = line;
      document.place = fmt::format("{}:{}", path_, lines.number());
      if (!options_.rows_later) PARVIS_RETURN_IF_ERROR(ReadRow(options_, document));
      PARVIS_RETURN_IF_ERROR(Give(std::move(document), lines.number()));
    }
  }

  // A name of the first record, or a number.
  static Result<size_t> ColumnOf(const std::vector<std::string>& header, const std::string& name) {
    const auto at = std::find(header.begin(), header.end(), name);
    if (at == header.end()) return NotFound(fmt::format("no column \"{}\"", name));
    return static_cast<size_t>(at - header.begin());
  }

  Status ReadColumns(char separator, bool pairs) {
    PARVIS_ASSIGN_OR_RETURN(text::InputStream stream, text::InputStream::Open(path_));
    CsvReader csv(std::move(stream), separator);
    std::vector<std::string> header, fields;
    const std::string& wanted = pairs ? options_.source_field : options_.text_field;
    // Pairs by the numbers of their columns have no header.
    const bool numbered = pairs && wanted.find_first_not_of("0123456789") == std::string::npos;
    size_t text = 0, target = 0;
    if (numbered) {
      text = std::stoul(wanted.substr(0, 6));
      target = std::stoul("0" + options_.target_field.substr(0, 6));
    } else {
      PARVIS_ASSIGN_OR_RETURN(const bool any, csv.Next(header));
      if (!any) return Status();
      const Result<size_t> column = ColumnOf(header, wanted);
      if (!column.ok()) return column.status().In(csv.place());
      text = *column;
      if (pairs) {
        const Result<size_t> other = ColumnOf(header, options_.target_field);
        if (!other.ok()) return other.status().In(csv.place());
        target = *other;
      }
    }
    while (true) {
      PARVIS_ASSIGN_OR_RETURN(const bool more, csv.Next(fields));
      if (!more) return Status();
      if (fields.size() <= std::max(text, target) ||
          (!numbered && fields.size() != header.size())) {
        return DataLoss(fmt::format("{}: {} columns in this row", csv.place(), fields.size()));
      }
      RawDocument document;
      document.text = fields[text];
      if (pairs) document.target = fields[target];
      for (const auto& [name, to] : {std::pair<const char*, std::string*>{"id", &document.id},
                                     {"language", &document.language},
                                     {"lang", &document.language},
                                     {"licence", &document.licence},
                                     {"license", &document.licence},
                                     {"author", &document.author},
                                     {"title", &document.title},
                                     {"url", &document.url},
                                     {"note", &document.note},
                                     {"group", &document.group}}) {
        const auto at = std::find(header.begin(), header.end(), name);
        if (at != header.end()) *to = fields[static_cast<size_t>(at - header.begin())];
      }
      PARVIS_RETURN_IF_ERROR(Give(std::move(document), csv.number()));
    }
  }

  const std::string& path_;
  std::string name_;
  const ReadOptions& options_;
  const VisitDocument& visit_;
};

}  // namespace

std::string FormatOf(std::string_view path) {
  if (path.ends_with(".xz")) path.remove_suffix(3);
  constexpr std::pair<std::string_view, const char*> kFormats[] = {
      {".txt", "text"}, {".md", "markdown"}, {".markdown", "markdown"}, {".html", "html"},
      {".htm", "html"}, {".jsonl", "jsonl"}, {".csv", "csv"},           {".tsv", "tsv"}};
  for (const auto& [end, format] : kFormats) {
    if (path.ends_with(end)) return format;
  }
  return {};
}

Status ReadRow(const ReadOptions& options, RawDocument& document) {
  if (document.row.empty()) return {};
  const std::string line = std::exchange(document.row, {});
  const Result<Json> row = ParseJson(line);
  if (!row.ok()) return row.status().In(document.place);
  if (!row->is_object()) return DataLoss(document.place + ": this row is no object");
  const bool pairs = options.format == "pairs";
  for (const auto& [key, to] :
       {std::pair<const std::string&, std::string*>{
            pairs ? options.source_field : options.text_field, &document.text},
        {options.target_field, pairs ? &document.target : nullptr}}) {
    if (to == nullptr) continue;
    const auto it = row->find(key);
    if (it == row->end() || !it->is_string()) {
      return DataLoss(fmt::format("{}: no text \"{}\" in this row", document.place, key));
    }
    *to = it->get<std::string>();
  }
  if (std::string id = TextOf(*row, {"id"}); !id.empty()) document.id = std::move(id);
  document.language = TextOf(*row, {"language", "lang"});
  document.licence = TextOf(*row, {"licence", "license"});
  document.author = TextOf(*row, {"author"});
  document.title = TextOf(*row, {"title"});
  document.url = TextOf(*row, {"url"});
  document.note = TextOf(*row, {"consent", "note"});
  document.group = TextOf(*row, {"group"});
  return {};
}

Status ReadDocumentsOf(const std::string& path, const ReadOptions& options,
                       const VisitDocument& visit) {
  return FileReader(path, options, visit).Read();
}

Status ReadDocumentsOf(const std::string& path, const ReadOptions& options, ThreadPool& pool,
                       const VisitDocument& visit) {
  ReadOptions later = options;
  later.rows_later = true;
  std::vector<RawDocument> batch;
  size_t bytes = 0;
  const auto flush = [&]() -> Status {
    std::vector<RawDocument> documents = std::exchange(batch, {});
    bytes = 0;
    std::vector<Status> statuses(documents.size());
    pool.Dynamic(static_cast<int64_t>(documents.size()), 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) statuses[i] = ReadRow(options, documents[i]);
    });
    for (size_t i = 0; i < documents.size(); ++i) {
      PARVIS_RETURN_IF_ERROR(statuses[i]);
      PARVIS_RETURN_IF_ERROR(visit(std::move(documents[i])));
    }
    return {};
  };
  Status read = ReadDocumentsOf(path, later, [&](RawDocument document) -> Status {
    bytes += document.row.size() + document.text.size();
    batch.push_back(std::move(document));
    return bytes < kBatchBytes ? Status() : flush();
  });
  // What stands before the place that cannot be read comes first.
  PARVIS_RETURN_IF_ERROR(flush());
  return read;
}

Result<std::vector<std::string>> FilesOf(const std::string& path) {
  std::error_code error;
  if (path != "-" && !fs::exists(path, error)) {
    return NotFound(path + ": no such file or folder");
  }
  if (!fs::is_directory(path, error)) return std::vector<std::string>{path};
  std::vector<std::string> files;
  for (fs::recursive_directory_iterator it(path, error), end; !error && it != end;
       it.increment(error)) {
    std::string name = it->path().string();
    if (!it->is_directory(error) && !FormatOf(name).empty()) files.push_back(std::move(name));
  }
  if (error) return IoError(path + ": " + error.message());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace parvis::data
