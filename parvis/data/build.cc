#include "parvis/data/build.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "parvis/core/file.h"
#include "parvis/core/sha256.h"
#include "parvis/data/clean.h"
#include "parvis/data/corpus_tokens.h"
#include "parvis/data/corpus_writer.h"
#include "parvis/data/near_duplicates.h"
#include "parvis/text/piece_counter.h"

namespace parvis::data {
namespace {

constexpr size_t kBatchBytes = size_t{8} << 20;
constexpr size_t kBatchDocuments = 4096;

constexpr std::pair<const char*, const char*> kSplitFiles[] = {
    {"train", "text/train.jsonl"}, {"heldout", "text/heldout.jsonl"}, {"test", "test/test.jsonl"}};

Status ReadStrikes(const CorpusRecipe& recipe, std::unordered_set<std::string>& ids) {
  for (const std::string& path : recipe.strike_files) {
    ReadOptions lines;
    lines.format = "text";
    lines.split = "lines";
    PARVIS_RETURN_IF_ERROR(ReadDocumentsOf(path, lines, [&](const RawDocument& line) -> Status {
      std::string id = line.text;
      id.erase(0, id.find_first_not_of(" \t"));
      while (!id.empty() && (id.back() == ' ' || id.back() == '\t')) id.pop_back();
      if (!id.empty() && id[0] != '#') ids.insert(std::move(id));
      return Status();
    }));
  }
  return Status();
}

// What a later document may turn out to repeat.
struct Original {
  std::string id;
  uint64_t side;  // decides the split of it and of all that resemble it
};

// What became of a document.
struct Decision {
  std::string reason;               // why it is dropped; empty: it is kept
  int split = -1;                   // index into kSplitFiles, if it is kept
  std::optional<std::string> twin;  // the document that it resembles
  double similarity = 1.0;
  std::string text, row;  // lines of the split's file, of documents.jsonl
};

class Builder {
 public:
  Builder(const CorpusRecipe& recipe, ThreadPool& pool, const BuildOptions& options,
          FolderWriter writer)
      : recipe_(recipe), pool_(pool), options_(options), writer_(std::move(writer)) {}

  Result<CorpusReport> Run() {
    const auto start = std::chrono::steady_clock::now();
    PARVIS_RETURN_IF_ERROR(ReadStrikes(recipe_, strikes_));
    // All exist, so that who reads a data set need not ask.
    PARVIS_RETURN_IF_ERROR(writer_.Append("documents.jsonl", ""));
    for (const auto& [split, file] : kSplitFiles) PARVIS_RETURN_IF_ERROR(writer_.Append(file, ""));
    if (!recipe_.tokenizer.empty()) {
      PARVIS_ASSIGN_OR_RETURN(tokens_, CorpusTokens::Create(recipe_, writer_));
    }
    for (size_t source = 0; source < recipe_.sources.size(); ++source) {
      const CorpusRecipe::Source& from = recipe_.sources[source];
      ReadOptions read = from.read;
      read.rows_later = true;  // on all threads, with the rest
      for (const std::string& file : from.files) {
        PARVIS_RETURN_IF_ERROR(ReadDocumentsOf(
            file, read, [&](RawDocument raw) { return Take(source, std::move(raw)); }));
      }
    }
    PARVIS_RETURN_IF_ERROR(Work());
    for (const std::string& id : strikes_) {
      if (!struck_.contains(id)) report_.unknown_strikes.push_back(id);
    }
    std::sort(report_.unknown_strikes.begin(), report_.unknown_strikes.end());
    if (report_.kept.documents == 0) {
      return InvalidArgument(
          fmt::format("{}: of {} documents none is kept ({}); nothing is written", recipe_.path,
                      report_.read, fmt::join(DropTexts(), ", ")));
    }
    PARVIS_RETURN_IF_ERROR(WriteDescriptions());
    report_.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    PARVIS_RETURN_IF_ERROR(writer_.Commit());
    return std::move(report_);
  }

 private:
  std::vector<std::string> DropTexts() const {
    std::vector<std::string> texts;
    for (const auto& [reason, count] : report_.dropped) {
      texts.push_back(fmt::format("{}: {}", reason, count));
    }
    return texts;
  }

  Status Take(size_t source, RawDocument raw) {
    CleanDocument document;
    document.source = source;
    batch_bytes_ += raw.text.size() + raw.target.size() + raw.row.size();
    document.raw = std::move(raw);
    batch_.push_back(std::move(document));
    const bool full = batch_bytes_ >= kBatchBytes || batch_.size() >= kBatchDocuments;
    return full ? Work() : Status();
  }

  // Cleans the batch on all threads, decides in the order of reading, puts what was decided into
  // words on all threads, and writes in order.
  Status Work() {
    if (options_.stop != nullptr && options_.stop->load()) {
      return Cancelled("stopped; nothing is written");
    }
    pool_.Dynamic(static_cast<int64_t>(batch_.size()), 1, [this](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) Clean(recipe_, batch_[i]);
    });
    std::vector<Decision> decisions;
    std::vector<CorpusTokens::Kept> kept;
    for (const CleanDocument& document : batch_) {
      PARVIS_RETURN_IF_ERROR(document.status);
      decisions.push_back(Decide(document));
      const int split = decisions.back().split;
      if (split >= 0) kept.push_back({&document, kSplitFiles[split].first});
    }
    pool_.Dynamic(static_cast<int64_t>(batch_.size()), 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) Describe(batch_[i], decisions[i]);
    });
    for (const Decision& decision : decisions) {
      if (decision.split >= 0) {
        PARVIS_RETURN_IF_ERROR(writer_.Append(kSplitFiles[decision.split].second, decision.text));
      }
      PARVIS_RETURN_IF_ERROR(writer_.Append("documents.jsonl", decision.row));
    }
    if (tokens_ != nullptr) PARVIS_RETURN_IF_ERROR(tokens_->Add(pool_, kept));
    // To free all of it by one thread took as long as to decide.
    pool_.Dynamic(static_cast<int64_t>(batch_.size()), 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        batch_[i] = {};
        decisions[i] = {};
      }
    });
    batch_.clear();
    batch_bytes_ = 0;
    if (options_.progress) options_.progress(report_.bytes_read, report_.kept.documents);
    return Status();
  }

  // Why a document cannot stay by itself; empty: it can.
  std::string ReasonOf(const CleanDocument& document) {
    if (strikes_.contains(document.id)) {
      struck_.insert(document.id);
      ++report_.struck;
      return "struck";
    }
    if (!ids_.insert(document.id).second) return "same_id";
    const bool pair = recipe_.sources[document.source].read.format == "pairs";
    if (document.text.empty() || (pair && document.target.empty())) return "empty";
    for (size_t kind = 0; kind < kPersonalKinds; ++kind) {
      report_.personal[kind] += document.personal[kind];
    }
    for (size_t kind = 0; kind < kPersonalKinds; ++kind) {
      if (document.personal[kind] > 0 && recipe_.personal[kind] == PersonalAction::kDrop) {
        return "personal:" + std::string(kPersonalNames[kind]);
      }
    }
    for (const std::string& rule : document.broken_rules) ++report_.rules[rule];
    if (!document.broken_rules.empty()) return "quality:" + document.broken_rules[0];
    const std::vector<std::string>& wanted = recipe_.languages;
    if (!wanted.empty() &&
        std::find(wanted.begin(), wanted.end(), document.language.code) == wanted.end()) {
      return "language:" + document.language.code;
    }
    return {};
  }

  // What becomes of a document that is seen after all before it.
  Decision Decide(const CleanDocument& document) {
    ++report_.read;
    report_.bytes_read += document.bytes_read;
    Decision decision{.reason = ReasonOf(document)};
    std::optional<Original> twin;
    bool exact = false;
    if (decision.reason.empty()) {
      if (const auto same = by_content_.find(document.content); same != by_content_.end()) {
        twin = originals_[same->second];
        exact = true;
      } else if (const auto near = near_.Find(document.min_hash, recipe_.near_threshold)) {
        twin = originals_[near->document];
        decision.similarity = near->similarity;
      }
      if (twin && (exact ? recipe_.drop_exact : recipe_.drop_near)) {
        decision.reason = exact ? "exact_duplicate" : "near_duplicate";
      }
    }
    if (twin) decision.twin = twin->id;
    if (!decision.reason.empty()) {
      ++report_.dropped[decision.reason];
      return decision;
    }
    const uint64_t side = SideOf(document, twin);
    if (!exact) {
      by_content_[document.content] = originals_.size();
      near_.Add(originals_.size(), document.min_hash);
      originals_.push_back({document.id, side});
    }
    decision.split = SplitOf(side);
    report_.AddKept(recipe_, document, document.raw.licence, kSplitFiles[decision.split].first);
    return decision;
  }

  static uint64_t SideOf(const CleanDocument& document, const std::optional<Original>& twin) {
    if (!document.raw.group.empty()) return text::PieceCounts::Hash(document.raw.group);
    return twin ? twin->side : document.content;
  }

  // By a number that follows from the text, so that a document stays on its side in each rebuild.
  int SplitOf(uint64_t side) const {
    const double u = static_cast<double>((side * 0x9E3779B97F4A7C15u) >> 11) * 0x1.0p-53;
    return u < recipe_.test ? 2 : u < recipe_.test + recipe_.heldout ? 1 : 0;
  }

  // The lines of the files that a document goes to. Safe from several threads.
  void Describe(const CleanDocument& document, Decision& decision) const {
    OrderedJson row = RowOf(document);
    if (decision.twin) {
      row["resembles"] = *decision.twin;
      row["similarity"] = decision.similarity;
    }
    if (decision.split < 0) {
      row["dropped"] = decision.reason;
    } else {
      OrderedJson text = {{"id", document.id},
                          {"source", recipe_.sources[document.source].name},
                          {"language", document.language.code},
                          {"license", document.raw.licence},
                          {"text", document.text}};
      if (recipe_.sources[document.source].read.format == "pairs") text["target"] = document.target;
      decision.text = Line(text);
      row["split"] = kSplitFiles[decision.split].first;
    }
    decision.row = Line(row);
  }

  OrderedJson RowOf(const CleanDocument& document) const {
    const RawDocument& raw = document.raw;
    OrderedJson row = {{"id", document.id},
                       {"source", recipe_.sources[document.source].name},
                       {"place", raw.place},
                       {"sha256", document.sha256}};
    if (struck_.contains(document.id)) return row;  // who had it struck is not named again
    row["licence"] = raw.licence;
    const auto add = [&row](const char* key, const std::string& value) {
      if (!value.empty()) row[key] = value;
    };
    add("author", raw.author);
    add("title", raw.title);
    add("url", raw.url);
    add("consent", raw.note);
    add("group", raw.group);
    add("declared_language", raw.language);
    row["language"] = document.language.code;
    row["language_share"] = document.language.share;
    row["words"] = document.measures.words;
    row["bytes"] = document.text.size() + document.target.size();
    if (!document.changes.empty()) row["changes"] = document.changes;
    if (!document.broken_rules.empty()) row["broken_rules"] = document.broken_rules;
    OrderedJson people = OrderedJson::object();
    for (size_t kind = 0; kind < kPersonalKinds; ++kind) {
      if (document.personal[kind] > 0) {
        people[std::string(kPersonalNames[kind])] = document.personal[kind];
      }
    }
    if (!people.empty()) row["personal"] = std::move(people);
    return row;
  }

  static std::string Line(const OrderedJson& row) {
    return row.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + '\n';
  }

  Status WriteDescriptions() {
    std::vector<CorpusFile> files;
    std::vector<std::string> names = {"text/train.jsonl", "text/heldout.jsonl", "test/test.jsonl",
                                      "documents.jsonl"};
    if (tokens_ != nullptr) {
      PARVIS_ASSIGN_OR_RETURN(const std::vector<std::string> shards, tokens_->Finish());
      names.insert(names.end(), shards.begin(), shards.end());
      names.emplace_back("tokens/tokenizer.json");
    }
    for (const std::string& name : names) {
      PARVIS_RETURN_IF_ERROR(writer_.Close(name));
      PARVIS_ASSIGN_OR_RETURN(std::string sha256, Sha256HexOfFile(writer_.PathOf(name)));
      files.push_back({name, std::move(sha256), writer_.size(name)});
    }
    const auto text = [](const OrderedJson& json) {
      return json.dump(1, ' ', false, OrderedJson::error_handler_t::replace) + '\n';
    };
    PARVIS_RETURN_IF_ERROR(writer_.Append("report.json", text(report_.ToJson(recipe_))));
    PARVIS_RETURN_IF_ERROR(writer_.Append(
        "croissant.json", text(CroissantOf(recipe_, report_, files, options_.date))));
    return writer_.Append("corpus.toml", recipe_.text);
  }

  const CorpusRecipe& recipe_;
  ThreadPool& pool_;
  const BuildOptions& options_;
  FolderWriter writer_;
  CorpusReport report_;
  std::unordered_set<std::string> strikes_, struck_, ids_;
  std::unique_ptr<CorpusTokens> tokens_;  // null: none are wanted
  std::vector<CleanDocument> batch_;
  size_t batch_bytes_ = 0;
  std::vector<Original> originals_;
  std::unordered_map<uint64_t, size_t> by_content_;
  NearDuplicates near_;
};

}  // namespace

Result<CorpusReport> BuildCorpus(const CorpusRecipe& recipe, ThreadPool& pool,
                                 const BuildOptions& options) {
  PARVIS_ASSIGN_OR_RETURN(FolderWriter writer, FolderWriter::Create(recipe.out));
  return Builder(recipe, pool, options, std::move(writer)).Run();
}

}  // namespace parvis::data
