#include "parvis/data/corpus_tokens.h"

#include <utility>

#include "fmt/format.h"
#include "parvis/core/file.h"

namespace parvis::data {
namespace {

constexpr size_t kMaxTokenizerBytes = size_t{256} << 20;

}  // namespace

Result<std::unique_ptr<CorpusTokens>> CorpusTokens::Create(const CorpusRecipe& recipe,
                                                           FolderWriter& writer) {
  PARVIS_ASSIGN_OR_RETURN(const std::string json, ReadFile(recipe.tokenizer, kMaxTokenizerBytes));
  Result<std::unique_ptr<text::Tokenizer>> tokenizer = text::ReadTokenizerJson(json);
  if (!tokenizer.ok()) return tokenizer.status().In(recipe.tokenizer);
  PARVIS_RETURN_IF_ERROR(
      writer.Append("tokens/tokenizer.json", text::WriteTokenizerJson(**tokenizer)));
  return std::unique_ptr<CorpusTokens>(
      new CorpusTokens(recipe, writer, std::move(tokenizer).value()));
}

void CorpusTokens::Begin(const std::string& split, Open& open) {
  files_.push_back(fmt::format("tokens/{}-{:05}{}", split, open.files++, text::kTokenShardSuffix));
  open.writer.emplace(*tokenizer_, [this, name = files_.back()](std::string_view bytes) {
    return writer_.Append(name, bytes);
  });
}

Status CorpusTokens::End(const std::string& split, Open& open) {
  Json metadata = {{"corpus", recipe_.name}, {"split", split}, {"licences", Json::object()}};
  for (const auto& [licence, count] : open.licences) metadata["licences"][licence] = count;
  open.licences.clear();
  return open.writer->Finish(metadata);
}

Status CorpusTokens::Add(ThreadPool& pool, std::span<const Kept> documents) {
  text::EncodeOptions plain;
  plain.add_special = false;
  std::vector<std::vector<text::TokenId>> ids(documents.size());
  pool.Dynamic(static_cast<int64_t>(documents.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      ids[i] = tokenizer_->Encode(documents[i].document->text, plain).ids;
    }
  });
  for (size_t i = 0; i < documents.size(); ++i) {
    const auto& [document, split] = documents[i];
    if (split == "test") continue;  // lies apart: no training data
    Open& open = splits_[split];
    const bool full = open.writer && open.writer->num_tokens() >= recipe_.shard_tokens;
    if (full) PARVIS_RETURN_IF_ERROR(End(split, open));
    if (full || !open.writer) Begin(split, open);
    PARVIS_RETURN_IF_ERROR(open.writer->Add(
        document->id, static_cast<int64_t>(document->text.size()), std::exchange(ids[i], {})));
    ++open.licences[document->raw.licence];
  }
  return {};
}

Result<std::vector<std::string>> CorpusTokens::Finish() {
  for (auto& [split, open] : splits_) PARVIS_RETURN_IF_ERROR(End(split, open));
  return files_;
}

}  // namespace parvis::data
