// Any text as the recipe of a data set, in a folder with some files.

#include <cstdlib>
#include <filesystem>
#include <string>

#include "parvis/core/check.h"
#include "parvis/core/file.h"
#include "parvis/data/corpus_recipe.h"

namespace {

// A folder that lives as long as the program.
class Folder {
 public:
  Folder() : path_((std::filesystem::temp_directory_path() / "parvis-fuzz-XXXXXX").string()) {
    PARVIS_CHECK(mkdtemp(path_.data()) != nullptr);
    for (const char* name : {"a.txt", "b.jsonl", "t.json"}) {
      PARVIS_CHECK(parvis::WriteFileAtomically(path_ + "/" + name, "text").ok());
    }
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Folder folder;
  const std::string_view toml(reinterpret_cast<const char*>(data), size);
  // No way out of the folder: what lies elsewhere is not to be walked.
  if (toml.find('/') != toml.npos || toml.find('\\') != toml.npos || toml.find("..") != toml.npos) {
    return 0;
  }
  const auto recipe = parvis::data::ParseCorpusRecipe(toml, folder.path() + "/c.toml");
  if (!recipe.ok()) {
    PARVIS_CHECK(recipe.status().message().find("c.toml") != std::string::npos);
    return 0;
  }
  PARVIS_CHECK(!recipe->sources.empty() && !recipe->sources[0].files.empty());
  PARVIS_CHECK(recipe->heldout >= 0 && recipe->heldout <= 0.5);
  PARVIS_CHECK(recipe->near_threshold >= 0.3 && recipe->near_threshold <= 1);
  return 0;
}
