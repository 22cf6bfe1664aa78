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
  std::vector<int32_t> tokens, token_types, decoder_tokens;
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

Status CheckTokenTypes(const Options& options, const nn::Blueprint& blueprint) {
  const std::vector<int32_t>& types = options.token_types;
  if (types.empty()) return {};
  if (blueprint.num_token_types == 0) {
    return InvalidArgument("--token-types: this model has none");
  }
  if (types.size() != options.tokens.size()) {
    return InvalidArgument("--token-types: " + std::to_string(types.size()) + " for " +
                           std::to_string(options.tokens.size()) + " tokens");
  }
  for (const int32_t type : types) {
    if (type < 0 || type >= blueprint.num_token_types) {
      return InvalidArgument("--token-types: " + std::to_string(type) + " is not one of " +
                             std::to_string(blueprint.num_token_types));
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

// After each token; with an encoder, which is given the tokens, after each of the decoder's. Of a
// head for the whole sequence, one row.
Result<Tensor> LogitsOf(Options& options, const ops::Exec& exec, nn::Stack& stack) {
  const nn::Blueprint& blueprint = stack.blueprint();
  const ops::Segment segment{.begin = 0, .count = static_cast<int64_t>(options.tokens.size())};
  const nn::Step step{
      .tokens = options.tokens, .segments = {&segment, 1}, .token_types = options.token_types};
  if (blueprint.encoder_layers == 0) {
    if (!options.decoder_tokens.empty()) {
      return InvalidArgument("--decoder-tokens: this model has no encoder");
    }
    if (!options.encoder_hidden.empty()) {
      return InvalidArgument("--encoder-hidden: this model has no encoder");
    }
    const Tensor hidden = stack.Forward(exec, step);
    using Kind = nn::Head::Kind;
    const Kind kind = blueprint.head.kind;
    if (kind != Kind::kPooler && kind != Kind::kSequenceLabels) return stack.Logits(exec, hidden);
    const int64_t row = blueprint.attention.causal ? segment.count - 1 : 0;
    return stack.Logits(exec, hidden.Rows(row, row + 1));
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

// Of each row, the largest: the most likely next token, word at its place, or label.
std::vector<int64_t> Largest(const Tensor& logits) {
  std::vector<int64_t> best;
  for (int64_t row = 0; row < logits.dim(0); ++row) {
    const float* begin = logits.f32() + row * logits.dim(1);
    best.push_back(std::max_element(begin, begin + logits.dim(1)) - begin);
  }
  return best;
}

Status WriteFiles(const Options& options, const Tensor& logits, const Seen& seen) {
  const auto write = [](const std::string& path, const Tensor& array) {
    return path.empty() ? Status() : formats::WriteNpy(path, array);
  };
  const auto stacked = [&write](const std::string& path, const std::vector<Tensor>& parts) {
    return path.empty() ? Status() : write(path, Stacked(parts));
  };
  PARVIS_RETURN_IF_ERROR(write(options.logits, logits));
  PARVIS_RETURN_IF_ERROR(stacked(options.hidden, seen.hidden));
  PARVIS_RETURN_IF_ERROR(stacked(options.encoder_hidden, seen.encoder));
  return stacked(options.attention, seen.attention);
}

// What a row's largest output stands for.
std::string NameOf(const models::Model& model, int64_t output) {
  std::string name = std::to_string(output);
  const auto at = static_cast<size_t>(output);
  std::string text;
  if (model.stack.blueprint().head.kind == nn::Head::Kind::kLanguage) {
    if (model.tokenizer == nullptr) return name;
    const auto id = static_cast<int32_t>(output);
    text = model.tokenizer->Decode({&id, 1});
  } else if (at < model.task.labels.size()) {
    text = model.task.labels[at];
  } else {
    return name;
  }
  return name + " " + OrderedJson(text).dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

void Show(const Options& options, const Compute& compute, const models::Model& model,
          const std::vector<int64_t>& best, Console& console) {
  const nn::Blueprint& blueprint = model.stack.blueprint();
  const bool encoder = blueprint.encoder_layers > 0;
  const bool language = blueprint.head.kind == nn::Head::Kind::kLanguage;
  if (console.json) {
    OrderedJson document = Console::Document("inspect");
    document["model"] = model.name;
    document["kernels"] = compute.kernels_name();
    document["tokens"] = options.tokens;
    if (encoder) document["decoder_tokens"] = options.decoder_tokens;
    document[language ? "most_likely_next" : "largest_output"] = best;
    console.PrintJson(document);
    return;
  }
  const std::vector<int32_t>& shown = encoder ? options.decoder_tokens : options.tokens;
  console.Print(language ? "position  token  most likely next\n"
                         : "position  token  largest output\n");
  for (size_t i = 0; i < best.size(); ++i) {
    console.Print(std::to_string(i) + "  " + std::to_string(shown[i]) + "  " +
                  NameOf(model, best[i]) + "\n");
  }
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
  PARVIS_RETURN_IF_ERROR(CheckTokenTypes(options, blueprint));

  Seen seen;
  ops::Exec exec = compute.exec();
  if (!options.hidden.empty() || !options.attention.empty() || !options.encoder_hidden.empty()) {
    exec.set_observer([&seen, &blueprint](const std::string& name, const Tensor& value) {
      Collect(seen, blueprint, name, value);
    });
  }
  PARVIS_ASSIGN_OR_RETURN(const Tensor logits, LogitsOf(options, exec, model.stack));
  PARVIS_RETURN_IF_ERROR(WriteFiles(options, logits, seen));
  Show(options, compute, model, Largest(logits), console);
  return {};
}

std::function<Status()> Define(FlagSet& flags, Console& console) {
  auto options = std::make_shared<Options>();
  options->model.AddTo(flags);
  options->compute.AddTo(flags);
  flags.Add("--tokens", &options->tokens, "Token ids, separated by commas");
  flags.Add("--text", &options->text, "Text instead of token ids");
  flags.Add("--token-types", &options->token_types,
            "Of BERT: the type of each token, separated by commas (default: all 0)");
  flags.Add("--decoder-tokens", &options->decoder_tokens,
            "Of a model with an encoder: what its decoder is given (default: its start token)");
  flags.Add("--logits", &options->logits,
            "Write (tokens, outputs) f32 to this .npy file; one row of a head for whole texts");
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
