// parvis inspect MODEL: what a model computes for given tokens, as NumPy arrays. This is how others
// compare Parvis with a reference.

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "parvis/cli/command.h"
#include "parvis/cli/flags.h"
#include "parvis/formats/npy.h"

namespace parvis::cli {
namespace {

struct Options {
  ModelFlags model;
  ComputeFlags compute;
  std::vector<int32_t> tokens, decoder_tokens;
  std::string text;
  std::string logits, hidden, attention, encoder_hidden;  // files to write
};

// What the observer of an Exec collected; of a model with an encoder, in its decoder.
struct Seen {
  std::vector<Tensor> hidden;     // num_layers + 1 of (tokens, hidden_size)
  std::vector<Tensor> encoder;    // encoder_layers + 1 of (tokens, hidden_size)
  std::vector<Tensor> attention;  // num_layers of (heads, tokens, tokens)
};

Status CheckTokens(const std::vector<int32_t>& tokens, const nn::Blueprint& blueprint) {
  if (tokens.empty()) return InvalidArgument("there are no tokens; give --tokens or --text");
  if (static_cast<int64_t>(tokens.size()) > blueprint.context_length) {
    return InvalidArgument(std::to_string(tokens.size()) + " tokens are more than the model's " +
                           std::to_string(blueprint.context_length));
  }
  for (const int32_t token : tokens) {
    if (token < 0 || token >= blueprint.vocab_size) {
      return InvalidArgument("token " + std::to_string(token) + " is not in the vocabulary of " +
                             std::to_string(blueprint.vocab_size));
    }
  }
  return {};
}

// As Hugging Face counts hidden states: the embedding, each block's output, but the last block's
// after the final norm.
void Collect(Seen& seen, const nn::Blueprint& blueprint, const std::string& name,
             const Tensor& value) {
  const std::string last = "hidden." + std::to_string(blueprint.num_layers);
  const std::string last_of_encoder = "encoder.hidden." + std::to_string(blueprint.encoder_layers);
  if (name.starts_with("hidden.") && name != last) seen.hidden.push_back(value.Clone());
  if (name.starts_with("encoder.hidden.") && name != last_of_encoder) {
    seen.encoder.push_back(value.Clone());
  }
  if (name.starts_with("attention.")) seen.attention.push_back(value.Clone());
}

// Arrays of one shape as one array with one dimension more, in front.
Tensor Stacked(const std::vector<Tensor>& parts) {
  Shape shape = parts[0].shape();
  shape.insert(shape.begin(), static_cast<int64_t>(parts.size()));
  Tensor all = Tensor::Empty(shape);
  for (size_t i = 0; i < parts.size(); ++i) {
    std::memcpy(all.data() + i * parts[0].bytes(), parts[i].data(), parts[0].bytes());
  }
  return all;
}

// After each token; with an encoder, which is given the tokens, after each of the decoder's.
Result<Tensor> LogitsOf(Options& options, const ops::Exec& exec, nn::Stack& stack) {
  const nn::Blueprint& blueprint = stack.blueprint();
  const ops::Segment segment{.begin = 0, .count = static_cast<int64_t>(options.tokens.size())};
  nn::Step step{.tokens = options.tokens, .segments = {&segment, 1}};
  if (blueprint.encoder_layers == 0) {
    if (!options.decoder_tokens.empty()) {
      return InvalidArgument("--decoder-tokens: this model has no encoder");
    }
    if (!options.encoder_hidden.empty()) {
      return InvalidArgument("--encoder-hidden: this model has no encoder");
    }
    return stack.Logits(exec, stack.Forward(exec, step));
  }
  if (options.decoder_tokens.empty()) {
    options.decoder_tokens = {static_cast<int32_t>(blueprint.decoder_start_token)};
  }
  PARVIS_RETURN_IF_ERROR(CheckTokens(options.decoder_tokens, blueprint));
  const ops::Segment answer{.begin = 0,
                            .count = static_cast<int64_t>(options.decoder_tokens.size())};
  const Tensor encoded = stack.Encode(exec, step);
  const Tensor hidden = stack.Forward(exec, {.tokens = options.decoder_tokens,
                                             .segments = {&answer, 1},
                                             .memories = {&segment, 1},
                                             .encoded = encoded});
  return stack.Logits(exec, hidden);
}

Status Inspect(Options& options, Console& console) {
  PARVIS_ASSIGN_OR_RETURN(const Compute compute, Compute::Make(options.compute));
  PARVIS_ASSIGN_OR_RETURN(models::Model model, options.model.Load(compute));
  const nn::Blueprint& blueprint = model.stack.blueprint();
  if (!options.text.empty()) {
    if (!options.tokens.empty()) return InvalidArgument("give --tokens or --text, not both");
    PARVIS_RETURN_IF_ERROR(models::CheckTokenizer(model).In("--text"));
    options.tokens = model.tokenizer->Encode(options.text).ids;
  }
  PARVIS_RETURN_IF_ERROR(CheckTokens(options.tokens, blueprint));

  Seen seen;
  ops::Exec exec = compute.exec();
  if (!options.hidden.empty() || !options.attention.empty() || !options.encoder_hidden.empty()) {
    exec.set_observer([&seen, &blueprint](const std::string& name, const Tensor& value) {
      Collect(seen, blueprint, name, value);
    });
  }
  PARVIS_ASSIGN_OR_RETURN(const Tensor logits, LogitsOf(options, exec, model.stack));

  if (!options.logits.empty()) PARVIS_RETURN_IF_ERROR(formats::WriteNpy(options.logits, logits));
  if (!options.hidden.empty()) {
    PARVIS_RETURN_IF_ERROR(formats::WriteNpy(options.hidden, Stacked(seen.hidden)));
  }
  if (!options.encoder_hidden.empty()) {
    PARVIS_RETURN_IF_ERROR(formats::WriteNpy(options.encoder_hidden, Stacked(seen.encoder)));
  }
  if (!options.attention.empty()) {
    PARVIS_RETURN_IF_ERROR(formats::WriteNpy(options.attention, Stacked(seen.attention)));
  }

  // The most likely next token after each position.
  std::vector<int64_t> best;
  for (int64_t row = 0; row < logits.dim(0); ++row) {
    const float* begin = logits.f32() + row * logits.dim(1);
    best.push_back(std::max_element(begin, begin + logits.dim(1)) - begin);
  }
  OrderedJson document = Console::Document("inspect");
  document["model"] = model.name;
  document["kernels"] = compute.kernels_name();
  document["tokens"] = options.tokens;
  const bool encoder = blueprint.encoder_layers > 0;
  if (encoder) document["decoder_tokens"] = options.decoder_tokens;
  const std::vector<int32_t>& shown = encoder ? options.decoder_tokens : options.tokens;
  document["most_likely_next"] = best;
  if (console.json) {
    console.PrintJson(document);
    return {};
  }
  console.Print("position  token  most likely next\n");
  for (size_t i = 0; i < best.size(); ++i) {
    std::string next = std::to_string(best[i]);
    if (model.tokenizer != nullptr) {
      const int32_t id = static_cast<int32_t>(best[i]);
      next += " " + OrderedJson(model.tokenizer->Decode({&id, 1}))
                        .dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
    }
    console.Print(std::to_string(i) + "  " + std::to_string(shown[i]) + "  " + next + "\n");
  }
  return {};
}

std::function<Status()> Define(FlagSet& flags, Console& console) {
  auto options = std::make_shared<Options>();
  options->model.AddTo(flags);
  options->compute.AddTo(flags);
  flags.Add("--tokens", &options->tokens, "Token ids, separated by commas");
  flags.Add("--text", &options->text, "Text instead of token ids");
  flags.Add("--decoder-tokens", &options->decoder_tokens,
            "Of a model with an encoder: what its decoder is given (default: its start token)");
  flags.Add("--logits", &options->logits, "Write (tokens, vocab_size) f32 to this .npy file");
  flags.Add("--hidden", &options->hidden,
            "Write (num_layers + 1, tokens, hidden_size): the embedding, then each block's "
            "output, the last after the final norm");
  flags.Add("--encoder-hidden", &options->encoder_hidden,
            "The same of the encoder; --hidden and --attention are the decoder's then");
  flags.Add("--attention", &options->attention,
            "Write (num_layers, num_heads, tokens, tokens): the attention weights");
  return [options, &console] { return Inspect(*options, console); };
}

}  // namespace

const Command kInspect = {"inspect", "Write logits, hidden states and attention as NumPy arrays",
                          "parvis inspect parvis-fable --text 'Il était' --logits logits.npy",
                          &Define};

}  // namespace parvis::cli
