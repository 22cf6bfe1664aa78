#include "parvis/train/shards.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "fmt/format.h"

namespace parvis::train {
namespace {

namespace fs = std::filesystem;

bool IsShard(const std::string& path) { return path.ends_with(text::kTokenShardSuffix); }

bool IsText(std::string path) {
  if (path.ends_with(".xz")) path.resize(path.size() - 3);
  return path.ends_with(".txt") || path.ends_with(".jsonl") || path.ends_with(".tsv");
}

// The files below a folder that `is` accepts, by name.
template <typename Is>
Result<std::vector<std::string>> FilesIn(const std::string& folder, const Is& is) {
  std::vector<std::string> paths;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    std::string path = it->path().string();
    if (!it->is_directory(error) && is(path)) paths.push_back(std::move(path));
  }
  if (error) return IoError(folder + ": " + error.message());
  std::sort(paths.begin(), paths.end());
  return paths;
}

Result<bool> IsOfShards(const std::string& path) {
  if (!fs::is_directory(path)) return IsShard(path);
  PARVIS_ASSIGN_OR_RETURN(const std::vector<std::string> shards, FilesIn(path, IsShard));
  if (shards.empty()) return false;
  PARVIS_ASSIGN_OR_RETURN(const std::vector<std::string> texts, FilesIn(path, IsText));
  if (texts.empty()) return true;
  return InvalidArgument(fmt::format("{} holds both tokens ({}) and text ({}): name one of them",
                                     path, shards[0], texts[0]));
}

// The licences of documents as the writer of a shard noted them, if it did.
std::map<std::string, int64_t> LicencesOf(const text::TokenShard& shard) {
  std::map<std::string, int64_t> licences;
  const auto told = shard.metadata().find("licences");
  if (told == shard.metadata().end() || !told->is_object()) {
    licences[""] = shard.num_documents();
    return licences;
  }
  for (const auto& [licence, count] : told->items()) {
    if (count.is_number_integer()) licences[licence] = count.get<int64_t>();
  }
  return licences;
}

}  // namespace

Result<bool> AreShards(const std::vector<DataSource>& sources) {
  const std::string* with_tokens = nullptr;
  const std::string* with_text = nullptr;
  for (const DataSource& source : sources) {
    PARVIS_ASSIGN_OR_RETURN(const bool shards, IsOfShards(source.path));
    (shards ? with_tokens : with_text) = &source.path;
  }
  if (with_tokens != nullptr && with_text != nullptr) {
    return InvalidArgument(fmt::format("{} holds tokens and {} text: a run reads one or the other",
                                       *with_tokens, *with_text));
  }
  return with_tokens != nullptr;
}

Result<Shards> OpenShards(const std::vector<DataSource>& sources) {
  Shards result;
  for (size_t i = 0; i < sources.size(); ++i) {
    std::vector<std::string> paths = {sources[i].path};
    if (fs::is_directory(sources[i].path)) {
      PARVIS_ASSIGN_OR_RETURN(paths, FilesIn(sources[i].path, [](const std::string& path) {
                                return IsShard(path) && !IsHeldOut(path);
                              }));
    }
    for (const std::string& path : paths) {
      PARVIS_ASSIGN_OR_RETURN(auto shard, text::TokenShard::Open(path));
      result.files.push_back({.path = path,
                              .sha256 = shard->sha256(),
                              .bytes = shard->file_bytes(),
                              .text_bytes = shard->text_bytes(),
                              .documents = shard->num_documents(),
                              .licences = LicencesOf(*shard)});
      result.shards.push_back({std::move(shard), i});
    }
  }
  int64_t documents = 0;
  for (const DataFile& file : result.files) documents += file.documents;
  if (documents == 0) {
    return InvalidArgument("no document in the tokens of " +
                           (sources.empty() ? "no source" : sources[0].path));
  }
  return result;
}

Result<Corpus> CorpusOf(const Shards& shards, const Objective& objective,
                        const text::Tokenizer& tokenizer) {
  const std::optional<Objective::Around> around = objective.AroundPlainTokens();
  if (!around) {
    return InvalidArgument(fmt::format(
        "{}: this objective needs more than tokens: train on the text", shards.files[0].path));
  }
  const std::string wanted = text::PlainTokensSha256(tokenizer);
  for (const Corpus::Shard& shard : shards.shards) {
    if (shard.tokens->tokenizer_sha256() == wanted) continue;
    return InvalidArgument(fmt::format(
        "{}: these are tokens of another tokenizer than the run's; theirs lies in the same folder",
        shard.tokens->path()));
  }
  return Corpus::OfShards(shards.shards, around->before, around->after);
}

}  // namespace parvis::train
