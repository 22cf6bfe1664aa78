// Any bytes as a file of documents: the first byte says of which format. What is read is cleaned,
// too, as a data set's builder does it.

#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "parvis/core/check.h"
#include "parvis/data/clean.h"
#include "parvis/data/reader.h"
#include "parvis/text/utf8.h"

namespace {

using parvis::data::CorpusRecipe;
using parvis::data::RawDocument;
using parvis::data::ReadOptions;

std::vector<CorpusRecipe> Recipes() {
  std::vector<CorpusRecipe> recipes;
  for (const auto& [format, split] : {std::pair<const char*, const char*>{"jsonl", "file"},
                                      {"csv", "file"},
                                      {"tsv", "file"},
                                      {"text", "file"},
                                      {"text", "paragraphs"},
                                      {"text", "lines"},
                                      {"text", "blocks"}}) {
    CorpusRecipe recipe;
    recipe.personal.fill(parvis::data::PersonalAction::kMask);
    recipe.form = recipes.size() % 2 == 0 ? "nfc" : "nfkc";
    recipe.sources.push_back({.name = "s", .read = {.format = format, .split = split}});
    recipes.push_back(std::move(recipe));
  }
  return recipes;
}

// A file in memory, which readers open by its path.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes) : fd_(::memfd_create("rows", MFD_CLOEXEC)) {
    PARVIS_CHECK(fd_ >= 0);
    while (!bytes.empty()) {
      const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
      PARVIS_CHECK(n > 0);
      bytes.remove_prefix(static_cast<size_t>(n));
    }
  }
  ~MemoryFile() { ::close(fd_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto* recipes = new std::vector<CorpusRecipe>(Recipes());
  if (size == 0) return 0;
  const CorpusRecipe& recipe = (*recipes)[data[0] % recipes->size()];
  const MemoryFile file({reinterpret_cast<const char*>(data) + 1, size - 1});
  ReadOptions options = recipe.sources[0].read;
  std::vector<std::string> texts;
  const parvis::Status read =
      ReadDocumentsOf(file.path(), options, [&](RawDocument document) -> parvis::Status {
        PARVIS_CHECK(parvis::text::IsValidUtf8(document.text));
        texts.push_back(document.text);
        parvis::data::CleanDocument clean;
        clean.raw = std::move(document);
        Clean(recipe, clean);
        PARVIS_CHECK(clean.status.ok() && parvis::text::IsValidUtf8(clean.text));
        return {};
      });
  // Rows that are read later are the same.
  options.rows_later = true;
  size_t next = 0;
  bool refused = false;
  const parvis::Status again =
      ReadDocumentsOf(file.path(), options, [&](RawDocument document) -> parvis::Status {
        refused = refused || !ReadRow(options, document).ok();
        if (!refused) PARVIS_CHECK(next < texts.size() && texts[next] == document.text);
        next += refused ? 0 : 1;
        return {};
      });
  PARVIS_CHECK(next == texts.size() && read.ok() == (again.ok() && !refused));
  return 0;
}
