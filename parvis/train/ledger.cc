#include "parvis/train/ledger.h"

#include <filesystem>

#include "parvis/core/sha256.h"

namespace parvis::train {
namespace {

OrderedJson Field(OrderedJson value, const char* provenance) {
  return {{"value", std::move(value)}, {"provenance", provenance}};
}
OrderedJson Measured(OrderedJson value) { return Field(std::move(value), "measured"); }
OrderedJson Declared(OrderedJson value) { return Field(std::move(value), "declared"); }
OrderedJson Missing() { return Field(nullptr, "missing"); }
OrderedJson MeasuredText(const std::string& text) {
  return text.empty() ? Missing() : Measured(text);
}

OrderedJson FilesJson(const std::vector<DataFile>& files) {
  OrderedJson list = OrderedJson::array();
  for (const DataFile& file : files) {
    OrderedJson licences = OrderedJson::object();
    for (const auto& [name, count] : file.licences) {
      licences[name.empty() ? "not told" : name] = count;
    }
    list.push_back({{"file", std::filesystem::path(file.path).filename().string()},
                    {"sha256", Measured(file.sha256)},
                    {"bytes", Measured(file.bytes)},
                    {"text_bytes", Measured(file.text_bytes)},
                    {"documents", Measured(file.documents)},
                    {"licences", Declared(std::move(licences))}});
  }
  return list;
}

OrderedJson ModelJson(const LedgerFacts& facts) {
  const nn::Blueprint& blueprint = *facts.blueprint;
  return {{"family", Measured(blueprint.family)},
          {"parameters", Measured(nn::NumParameters(blueprint))},
          {"multiplied_parameters", Measured(nn::NumMultiplied(blueprint))},
          {"vocab_size", Measured(blueprint.vocab_size)},
          {"hidden_size", Measured(blueprint.hidden_size)},
          {"num_layers", Measured(blueprint.num_layers)},
          {"context_length", Measured(blueprint.context_length)},
          {"tokenizer_sha256", MeasuredText(facts.tokenizer_sha256)}};
}

OrderedJson HardwareJson(const LedgerFacts& facts) {
  const Machine machine = ThisMachine();
  OrderedJson hardware = {{"cpu", MeasuredText(machine.cpu)},
                          {"cores", Measured(machine.cores)},
                          {"memory_bytes", Measured(machine.memory_bytes)},
                          {"threads", Measured(facts.threads)},
                          {"kernels", Measured(facts.kernels)}};
  // What stands above is rank 0's.
  if (!facts.ranks.is_null()) hardware["ranks"] = Measured(facts.ranks);
  return hardware;
}

OrderedJson CostJson(const LedgerFacts& facts) {
  const Totals& totals = facts.totals;
  OrderedJson flop = Field(totals.flop, "estimated");
  flop["method"] =
      "6 x learned and 4 x other parameters x the tokens that each is multiplied with; attention "
      "scores not counted";
  OrderedJson energy = Missing();
  if (totals.energy_known && totals.joules > 0.0) {
    energy = Measured(totals.joules);
    energy["method"] = facts.ranks.is_null()
                           ? "RAPL, first processor package, whole machine"
                           : "RAPL, first processor package, summed over the machines";
  }
  return {{"flop", std::move(flop)},
          {"wall_seconds", Measured(totals.wall_seconds)},
          {"cpu_seconds", Measured(totals.cpu_seconds)},
          {"energy_joules", std::move(energy)},
          {"sessions", Measured(totals.sessions)}};
}

}  // namespace

Json Totals::ToJson() const {
  return {{"steps", steps},
          {"tokens", tokens},
          {"flop", flop},
          {"wall_seconds", wall_seconds},
          {"cpu_seconds", cpu_seconds},
          {"joules", joules},
          {"energy_known", energy_known},
          {"sessions", sessions}};
}

Totals Totals::FromJson(const Json& json) {
  const auto number = [&json](const char* key) {
    const auto it = json.find(key);
    return it != json.end() && it->is_number() ? it->get<double>() : 0.0;
  };
  Totals totals;
  totals.steps = static_cast<int64_t>(number("steps"));
  totals.tokens = static_cast<int64_t>(number("tokens"));
  totals.flop = number("flop");
  totals.wall_seconds = number("wall_seconds");
  totals.cpu_seconds = number("cpu_seconds");
  totals.joules = number("joules");
  totals.energy_known = json.contains("energy_known") && json["energy_known"] == true;
  totals.sessions = static_cast<int>(number("sessions"));
  return totals;
}

OrderedJson LedgerJson(const LedgerFacts& facts) {
  const bool has_code = !facts.code_version.empty();
  OrderedJson ledger = {
      {"format", "parvis.run/1"},
      {"name", facts.recipe->name},
      {"status", facts.status},
      {"code_version", has_code ? Declared(facts.code_version) : Missing()},
      {"recipe_sha256", Measured(Sha256Hex(facts.recipe->text))},
      {"seed", Declared(facts.recipe->seed)},
      {"model", ModelJson(facts)},
      {"data", {{"train", FilesJson(*facts.train_files)}, {"eval", FilesJson(*facts.eval_files)}}},
      {"hardware", HardwareJson(facts)},
      {"cost", CostJson(facts)},
      {"steps", Measured(facts.totals.steps)},
      {"tokens", Measured(facts.totals.tokens)},
      {"final_training_loss", Measured(facts.final_loss)}};
  ledger["evaluations"] = facts.evaluations.empty()
                              ? Missing()
                              : Measured(OrderedJson(EvaluationsJson(facts.evaluations)));
  if (!facts.parent.empty()) {
    ledger["parents"] = OrderedJson::array(
        {{{"name", Declared(facts.parent)}, {"sha256", Measured(facts.parent_sha256)}}});
  }
  if (!facts.output_file.empty()) {
    ledger["output"] = {{"file", facts.output_file}, {"sha256", Measured(facts.output_sha256)}};
  }
  return ledger;
}

}  // namespace parvis::train
