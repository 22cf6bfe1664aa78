// What a run does so that several ranks are one: see Run.

#include <algorithm>
#include <set>

#include "fmt/format.h"
#include "parvis/train/checkpoint.h"
#include "parvis/train/collectives.h"
#include "parvis/train/run.h"

namespace parvis::train {
namespace {

// The names of the values in which two flat objects differ.
std::string Differences(const Json& before, const Json& now) {
  std::string names;
  const auto add = [&](const std::string& key) { names += (names.empty() ? "" : ", ") + key; };
  for (const auto& [key, value] : now.items()) {
    if (!before.is_object() || before.value(key, Json()) != value) add(key);
  }
  if (!before.is_object()) return names;
  for (const auto& [key, value] : before.items()) {
    if (!now.contains(key)) add(key);
  }
  return names;
}

}  // namespace

Status Run::ByRoot(const std::function<Status()>& work) {
  if (world_.rank() > 0 || !failure_.ok()) return Status();
  Status status = work();
  if (world_.size() == 1) return status;
  failure_ = status;
  return Status();
}

Result<bool> Run::Meet() {
  PARVIS_RETURN_IF_ERROR(Agree(world_, failure_));
  const bool told = options_.stop != nullptr && options_.stop->load();
  if (world_.size() == 1) return told;
  energy_.Sample();
  const double cpu = CpuSeconds() - cpu_start_;
  const double joules = first_of_machine_ ? energy_.joules().value_or(0.0) : 0.0;
  const bool unknown = first_of_machine_ && !energy_.joules().has_value();
  const std::vector<double> sums =
      SumNumbers(world_, {static_cast<double>(told), cpu, joules, static_cast<double>(unknown)});
  others_ = {
      .cpu_seconds = sums[1] - cpu, .joules = sums[2] - joules, .energy_known = sums[3] == 0.0};
  return sums[0] > 0.0;
}

Status Run::Introduce() {
  if (world_.size() == 1) return Status();
  const int64_t rows = recipe_.batch_tokens / recipe_.context_length;
  if (rows < world_.size()) {
    return InvalidArgument(
        fmt::format("{}: [train] batch_tokens: a step has {} rows of context_length, too few for "
                    "{} ranks",
                    recipe_.path, rows, world_.size()));
  }
  const int64_t bytes = trainer_.optimizer().bytes();
  const auto hosts = GatherTexts(world_, world_.host());
  const auto numbers =
      GatherNumbers(world_, {static_cast<double>(exec_.pool().size()),
                             static_cast<double>(ThisMachine().cores), static_cast<double>(bytes)});
  ranks_ = OrderedJson::array();
  double threads = 0.0, most = 0.0;
  for (int rank = 0; rank < world_.size(); ++rank) {
    const std::vector<double>& theirs = numbers[rank];
    ranks_.push_back({{"rank", rank},
                      {"host", hosts[rank]},
                      {"threads", static_cast<int64_t>(theirs[0])},
                      {"cores", static_cast<int64_t>(theirs[1])},
                      {"optimizer_bytes", static_cast<int64_t>(theirs[2])}});
    threads += theirs[0];
    most = std::max(most, theirs[2]);
    if (rank < world_.rank() && hosts[rank] == world_.host()) first_of_machine_ = false;
  }
  const size_t machines = std::set<std::string>(hosts.begin(), hosts.end()).size();
  Report(Progress::Stage::kTokens,
         fmt::format("{} ranks on {} {}, {} threads together; each keeps {:.1f} MB of the "
                     "optimiser's state at most",
                     world_.size(), machines, machines == 1 ? "machine" : "machines", threads,
                     most / 1e6));
  // Two machines may round the first random numbers differently.
  trainer_.GatherAndRepack();
  return Status();
}

// Rank 0 reads, the others take what is theirs. Only the slices: GatherAndRepack() follows.
Status Run::ReadState(const std::string& path) {
  StateTensors tensors(world_, trainer_.sharding(), model_.stack, trainer_.optimizer());
  if (world_.rank() > 0) {
    tensors.Serve();
    return Agree(world_, Status());
  }
  const Status status = ReadCheckpoint(path, tensors).status();
  tensors.Finish();
  return Agree(world_, status);
}

Status Run::CheckSame(const std::string& path, const Json& state) const {
  const std::string changed = Differences(state.value("recipe", Json()), recipe_.Deciding());
  if (!changed.empty()) {
    return InvalidArgument(fmt::format(
        "{}: the recipe has changed since this checkpoint ({}); a run goes on with the recipe that "
        "it began with, or begins anew in another folder",
        path, changed));
  }
  if (!Differences(state.value("data", Json()), prepared_.Fingerprint()).empty()) {
    return InvalidArgument(path + ": the text or the tokenizer has changed since this checkpoint");
  }
  return Status();
}

Status Run::Resume() {
  std::string path;
  const auto last = [&]() -> Result<std::string> {
    const auto checkpoints = ListCheckpoints(CheckpointFolder());
    if (world_.rank() > 0 || checkpoints.empty()) return std::string();
    path = checkpoints.back().second;
    PARVIS_ASSIGN_OR_RETURN(const Json state, ReadCheckpointState(path));
    PARVIS_RETURN_IF_ERROR(CheckSame(path, state));
    return state.dump();
  };
  PARVIS_ASSIGN_OR_RETURN(const std::string text, FromRoot(world_, last()));
  if (text.empty()) return Status();
  PARVIS_ASSIGN_OR_RETURN(const Json state, ParseJson(text));
  PARVIS_RETURN_IF_ERROR(ReadState(path));
  const auto field = [&state](const char* key) { return state.value(key, Json()); };
  before_ = Totals::FromJson(field("totals"));
  steps_ = before_.steps;
  tokens_ = before_.tokens;
  flop_ = before_.flop;
  trainer_.optimizer().steps = steps_;
  const Json row = field("row"), epoch = field("epoch"), best = field("best_bits_per_byte");
  if (!row.is_number_integer() || !epoch.is_number_unsigned() ||
      !loader_.Restore({epoch.get<uint64_t>(), row.get<int64_t>()})) {
    return DataLoss(path + ": no such place in the text");
  }
  if (best.is_number()) best_score_ = best.get<double>();
  waited_ = state.value("evaluations_since_best", int64_t{0});
  trainer_.GatherAndRepack();
  return Status();
}

}  // namespace parvis::train
