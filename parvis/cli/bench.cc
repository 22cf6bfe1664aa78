// parvis bench MODEL: tokens a second for reading prompts and for generating, beside what this
// machine's memory and processor could do at best.

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <map>
#include <memory>
#include <vector>

#include "parvis/cli/command.h"
#include "parvis/cli/flags.h"
#include "parvis/cli/interrupt.h"
#include "parvis/cli/machine.h"
#include "parvis/cli/progress.h"
#include "parvis/core/random.h"
#include "parvis/runtime/encoder.h"
#include "parvis/runtime/engine.h"

namespace parvis::cli {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  ModelFlags model;
  std::string kernels;
  int64_t prompt_tokens = 512;
  int64_t max_tokens = 128;
  std::vector<int> threads;
  std::vector<int32_t> batches = {1};
  int repetitions = 3;
};

// What one token costs, by counting.
struct Cost {
  double bytes;       // of weights, and of keys and values, read from memory
  double operations;  // multiplications plus additions
};

struct Row {
  std::string test;  // "prompt", "generation" or, of encoders, "texts"
  int64_t tokens;    // of each sequence
  int threads;
  int64_t batch;
  std::vector<double> rates;  // tokens a second, one for each repetition
  Cost cost;
  double bandwidth, peak;  // of the machine with so many threads
  double median() const {
    std::vector<double> sorted = rates;
    std::sort(sorted.begin(), sorted.end());
    const size_t half = sorted.size() / 2;
    return sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  }
};

// Bytes of the matrices as products read them; with an encoder, of those that a token of the prompt
// or of the answer is multiplied with.
double PackedBytes(const nn::Stack& stack, bool prompt) {
  size_t bytes = 0;
  for (const ops::Parameter& parameter : stack.parameters()) {
    if (nn::IsMultipliedByPrompt(parameter.name) != prompt) continue;
    if (parameter.panels.defined()) bytes += parameter.panels.bytes();
  }
  return static_cast<double>(bytes);
}
double PackedBytes(const nn::Stack& stack) {
  return PackedBytes(stack, false) + PackedBytes(stack, true);
}

// `shared`: tokens that one reading of the weights serves. `positions`: keys that a token sees.
// `kv_readers`: tokens that share them. `logits`: share of the tokens that are multiplied with the
// output matrix (of a prompt only the last one is).
Cost CostOf(const nn::Stack& stack, double shared, double positions, double kv_readers,
            double logits) {
  const nn::Blueprint& b = stack.blueprint();
  const double layers = static_cast<double>(b.num_layers);
  const double kv_floats = layers * static_cast<double>(b.attention.num_kv_heads) *
                           static_cast<double>(b.attention.head_dim) * 2;
  const double head_floats = layers * static_cast<double>(b.attention.num_heads) *
                             static_cast<double>(b.attention.head_dim);
  return {.bytes = PackedBytes(stack, false) / shared +
                   kv_floats * sizeof(float) * positions / kv_readers,
          .operations = 2.0 * (static_cast<double>(nn::NumMultiplied(b)) -
                               (1.0 - logits) * static_cast<double>(b.vocab_size * b.hidden_size)) +
                        4.0 * head_floats * positions};
}

// The same for a token that an encoder reads: every one of them sees `positions`, and is turned
// into keys and values for the decoder.
Cost EncodeCostOf(const nn::Stack& stack, double shared, double positions) {
  const nn::Blueprint& b = stack.blueprint();
  const double head_floats =
      static_cast<double>(b.encoder_layers * b.attention.num_heads * b.attention.head_dim);
  return {.bytes = PackedBytes(stack, true) / shared,
          .operations = 2.0 * static_cast<double>(nn::NumMultipliedByPrompt(b)) +
                        4.0 * head_floats * positions};
}

// The same for a token of a text that an encoder reads, without its head.
Cost TextCostOf(const nn::Stack& stack, double shared, double positions) {
  const nn::Blueprint& b = stack.blueprint();
  double bytes = 0.0, weights = 0.0;
  for (const ops::Parameter& parameter : stack.parameters()) {
    const bool of_block = std::isdigit(static_cast<unsigned char>(parameter.name.front())) != 0;
    if (!of_block || !parameter.panels.defined()) continue;
    bytes += static_cast<double>(parameter.panels.bytes());
    weights += static_cast<double>(NumElements(parameter.shape));
  }
  const auto head_floats =
      static_cast<double>(b.num_layers * b.attention.num_heads * b.attention.head_dim);
  return {.bytes = bytes / shared, .operations = 2.0 * weights + 4.0 * head_floats * positions};
}

std::vector<int32_t> RandomTokens(int64_t count, int64_t vocab_size, uint64_t seed) {
  Random random(seed);
  std::vector<int32_t> tokens(static_cast<size_t>(count));
  for (int32_t& token : tokens) {
    token = static_cast<int32_t>(random.Below(static_cast<uint64_t>(vocab_size)));
  }
  return tokens;
}

// Seconds that `batch` requests take together, all of the same size; `after_first`: from when all
// have their first token.
Result<double> TimeRequests(runtime::Engine& engine, int64_t vocab_size, int64_t batch,
                            int64_t prompt_tokens, int64_t max_tokens, bool after_first) {
  Status failed;
  int64_t begun = 0;
  for (int64_t i = 0; i < batch; ++i) {
    runtime::GenerateRequest request;
    request.prompt = RandomTokens(prompt_tokens, vocab_size, static_cast<uint64_t>(i));
    request.max_tokens = max_tokens;
    request.sampling.temperature = 0.0f;
    request.ignore_end = true;
    request.on_token = [&failed, &begun](const runtime::TokenEvent& event) {
      if (!event.status.ok()) failed = event.status;
      if (event.usage.completion_tokens == 1) ++begun;
    };
    PARVIS_ASSIGN_OR_RETURN([[maybe_unused]] const auto id, engine.Submit(std::move(request)));
  }
  while (after_first && begun < batch && engine.unfinished() > 0) engine.Step();
  const auto start = Clock::now();
  while (engine.unfinished() > 0) {
    if (Interrupted()) return Cancelled("interrupted");
    engine.Step();
  }
  PARVIS_RETURN_IF_ERROR(failed);
  return std::chrono::duration<double>(Clock::now() - start).count();
}

struct Bench {
  const Options& options;
  models::Model& model;
  const Console& console;
  ops::Packing packing;
  std::vector<Row> rows;

  Result<std::vector<double>> Rates(runtime::Engine& engine, int64_t batch, int64_t prompt_tokens,
                                    int64_t max_tokens, int64_t counted, bool after_first = false) {
    std::vector<double> rates;
    // The first one warms up and is not counted.
    for (int repetition = -1; repetition < options.repetitions; ++repetition) {
      PARVIS_ASSIGN_OR_RETURN(const double seconds,
                              TimeRequests(engine, model.stack.blueprint().vocab_size, batch,
                                           prompt_tokens, max_tokens, after_first));
      if (repetition >= 0) rates.push_back(static_cast<double>(counted) / seconds);
    }
    return rates;
  }

  bool has_encoder() const { return model.stack.blueprint().encoder_layers > 0; }

  // Answers to prompts that are read before the clock starts: each token looks at all of its
  // prompt.
  Status MeasureAnswers(runtime::Engine& engine, int threads, int64_t batch, double bandwidth,
                        double peak) {
    const int64_t prompt = std::max<int64_t>(1, options.prompt_tokens);
    const int64_t tokens = std::max<int64_t>(2, options.max_tokens);  // the first is not timed
    console.Note(fmt::format("answers of {} to prompts of {}, {} threads, batch {}", tokens, prompt,
                             threads, batch));
    PARVIS_ASSIGN_OR_RETURN(auto rates,
                            Rates(engine, batch, prompt, tokens, batch * (tokens - 1), true));
    const double positions = static_cast<double>(tokens) / 2 + static_cast<double>(prompt);
    rows.push_back({"generation", tokens, threads, batch, std::move(rates),
                    CostOf(model.stack, static_cast<double>(batch), positions, 1, 1), bandwidth,
                    peak});
    return {};
  }

  // Texts of `prompt_tokens` each, side by side through an encoder.
  Status MeasureTexts(const ops::Exec& exec, int threads, double bandwidth, double peak) {
    const int64_t length = options.prompt_tokens;
    if (length == 0) return {};
    for (const int64_t batch : options.batches) {
      console.Note(fmt::format("texts of {}, {} threads, batch {}", length, threads, batch));
      const runtime::EncoderOptions encoder_options;
      const runtime::Encoder encoder(model, exec, encoder_options);
      std::vector<runtime::EncoderInput> inputs(static_cast<size_t>(batch));
      for (size_t i = 0; i < inputs.size(); ++i) {
        inputs[i].tokens = RandomTokens(length, model.stack.blueprint().vocab_size, i);
      }
      std::vector<double> rates;
      for (int repetition = -1; repetition < options.repetitions; ++repetition) {
        if (Interrupted()) return Cancelled("interrupted");
        const auto start = Clock::now();
        PARVIS_RETURN_IF_ERROR(encoder.Hidden(inputs, [](size_t, const Tensor&) {}));
        const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
        if (repetition >= 0) rates.push_back(static_cast<double>(batch * length) / seconds);
      }
      const int64_t together = std::max<int64_t>(1, encoder_options.max_rows / length);
      const auto shared = static_cast<double>(std::min(batch, together) * length);
      rows.push_back({"texts", length, threads, batch, std::move(rates),
                      TextCostOf(model.stack, shared, static_cast<double>(length)), bandwidth,
                      peak});
    }
    return {};
  }

  Status Measure(int threads) {
    PARVIS_ASSIGN_OR_RETURN(const Compute compute, Compute::Make({threads, options.kernels}));
    const ops::Exec exec = compute.exec();
    const double bandwidth = MeasureBandwidth(compute.pool());
    const double peak = MeasurePeak(compute.pool(), compute.kernels().target, packing);
    if (!model.stack.blueprint().attention.causal) {
      return MeasureTexts(exec, threads, bandwidth, peak);
    }
    for (const int64_t batch : options.batches) {
      runtime::EngineOptions engine_options;
      engine_options.share_prefixes = false;  // what is measured is computed
      engine_options.max_sequences = batch;
      engine_options.max_batch_tokens = std::max<int64_t>(512, batch);
      if (has_encoder()) engine_options.max_batch_tokens += batch * options.prompt_tokens;
      PARVIS_ASSIGN_OR_RETURN(const auto engine,
                              runtime::Engine::Create(model, exec, engine_options));
      if (options.prompt_tokens > 0 && batch == options.batches.front()) {
        console.Note(fmt::format("prompt of {}, {} threads", options.prompt_tokens, threads));
        PARVIS_ASSIGN_OR_RETURN(auto rates,
                                Rates(*engine, 1, options.prompt_tokens, 1, options.prompt_tokens));
        const double shared =
            static_cast<double>(std::min(options.prompt_tokens, engine_options.max_batch_tokens));
        // Keys of earlier rows of the same pass stay in the caches.
        const double positions = static_cast<double>(options.prompt_tokens) / 2;
        const Cost cost = has_encoder() ? EncodeCostOf(model.stack, shared, 2 * positions)
                                        : CostOf(model.stack, shared, positions, shared,
                                                 1.0 / static_cast<double>(options.prompt_tokens));
        rows.push_back(
            {"prompt", options.prompt_tokens, threads, 1, std::move(rates), cost, bandwidth, peak});
      }
      if (options.max_tokens > 0 && has_encoder()) {
        PARVIS_RETURN_IF_ERROR(MeasureAnswers(*engine, threads, batch, bandwidth, peak));
      } else if (options.max_tokens > 0) {
        console.Note(fmt::format("generation of {}, {} threads, batch {}", options.max_tokens,
                                 threads, batch));
        PARVIS_ASSIGN_OR_RETURN(
            auto rates, Rates(*engine, batch, 1, options.max_tokens, batch * options.max_tokens));
        const double positions = static_cast<double>(options.max_tokens) / 2;
        rows.push_back({"generation", options.max_tokens, threads, batch, std::move(rates),
                        CostOf(model.stack, static_cast<double>(batch), positions, 1, 1), bandwidth,
                        peak});
      }
    }
    return {};
  }
};

OrderedJson RowJson(const Row& row) {
  const double rate = row.median();
  return {{"test", row.test},
          {"tokens", row.tokens},
          {"threads", row.threads},
          {"batch", row.batch},
          {"tokens_per_second", rate},
          {"samples", row.rates},
          {"bytes_per_token", row.cost.bytes},
          {"operations_per_token", row.cost.operations},
          {"measured_bytes_per_second", row.bandwidth},
          {"measured_operations_per_second", row.peak},
          {"share_of_bandwidth", rate * row.cost.bytes / row.bandwidth},
          {"share_of_peak", rate * row.cost.operations / row.peak}};
}

std::string RowText(const Row& row) {
  const double rate = row.median();
  const auto [low, high] = std::minmax_element(row.rates.begin(), row.rates.end());
  return fmt::format(
      "{:<11} {:>6} {:>7} {:>5} {:>10.1f} {:>8.1f}-{:<8.1f} {:>9} {:>5.0f}% {:>5.0f}%\n", row.test,
      row.tokens, row.threads, row.batch, rate, *low, *high, BytesText(row.cost.bytes),
      100 * rate * row.cost.bytes / row.bandwidth, 100 * rate * row.cost.operations / row.peak);
}

// The packing of most bytes.
ops::Packing MainPacking(const nn::Stack& stack) {
  std::map<ops::Packing, size_t> bytes;
  for (const ops::Parameter& parameter : stack.parameters()) {
    if (parameter.panels.defined()) bytes[parameter.packing] += parameter.panels.bytes();
  }
  const auto most = std::max_element(
      bytes.begin(), bytes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == bytes.end() ? ops::Packing::kF32 : most->first;
}

Status RunBench(Options& options, Console& console) {
  if (options.threads.empty()) options.threads = {AvailableThreads()};
  const int most = *std::max_element(options.threads.begin(), options.threads.end());
  PARVIS_ASSIGN_OR_RETURN(const Compute compute, Compute::Make({most, options.kernels}));
  PARVIS_ASSIGN_OR_RETURN(models::Model model, options.model.Load(compute));
  CatchInterrupts();
  Bench bench{options, model, console, MainPacking(model.stack), {}};
  for (const int threads : options.threads) PARVIS_RETURN_IF_ERROR(bench.Measure(threads));

  const nn::Blueprint& blueprint = model.stack.blueprint();
  if (!console.json) {
    console.Print(fmt::format("{}  {} parameters  {}  {}\n", model.name,
                              CountText(static_cast<double>(nn::NumParameters(blueprint))),
                              PackingName(bench.packing), compute.kernels_name()));
    console.Print(fmt::format("{:<11} {:>6} {:>7} {:>5} {:>10} {:>8}-{:<8} {:>9} {:>6} {:>6}\n",
                              "test", "tokens", "threads", "batch", "tokens/s", "min", "max",
                              "a token", "memory", "peak"));
    for (const Row& row : bench.rows) console.Print(RowText(row));
    return {};
  }
  OrderedJson document = Console::Document("bench");
  document["model"] = model.name;
  document["kernels"] = compute.kernels_name();
  document["packing"] = PackingName(bench.packing);
  document["parameters"] = nn::NumParameters(blueprint);
  document["multiplied_parameters"] = nn::NumMultiplied(blueprint);
  document["packed_bytes"] = PackedBytes(model.stack);
  document["processor"] = ReadMachine().processor;
  document["results"] = OrderedJson::array();
  for (const Row& row : bench.rows) document["results"].push_back(RowJson(row));
  console.PrintJson(document);
  return {};
}

std::function<Status()> Define(FlagSet& flags, Console& console) {
  auto options = std::make_shared<Options>();
  options->model.AddTo(flags);
  flags.Add("-p,--prompt-tokens", &options->prompt_tokens,
            "Length of the prompt, or of an encoder's texts (0: no test)",
            {.min = 0, .show_default = true});
  flags.Add("-n,--max-tokens", &options->max_tokens, "Tokens to generate (0: no test)",
            {.min = 0, .show_default = true});
  flags.Add("-t,--threads", &options->threads, "Numbers of threads: 1,2 (default: all)",
            {.min = 1, .max = 1024});
  flags.Add("-b,--batch", &options->batches,
            "Sequences that generate, or texts that are read, together: 1,4,8",
            {.min = 1, .max = 256, .show_default = true});
  flags.Add("-r,--repetitions", &options->repetitions, "The median of so many is told",
            {.min = 1, .max = 1000, .show_default = true});
  flags.Add("--kernels", &options->kernels, "Instruction set: scalar, avx2, avx512, amx");
  return [options, &console] { return RunBench(*options, console); };
}

}  // namespace

const Command kBench = {"bench", "Measure tokens a second, and the share of what is possible",
                        "parvis bench parvis-fable -p 512 -n 128 -t 1,2 -b 1,4,8", &Define};

}  // namespace parvis::cli
