#include "parvis/formats/llama2c.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

#include "parvis/core/byte_reader.h"

namespace parvis::formats {
namespace {

constexpr size_t kHeaderBytes = 7 * sizeof(int32_t);
constexpr int64_t kMaxSize = int64_t{1} << 24;  // of any one dimension
constexpr int64_t kMaxLayers = 1024;
constexpr int64_t kMaxVocabulary = 524'288;
constexpr uint32_t kMaxTokenBytes = 4096;

constexpr text::TokenId kUnknown = 0, kBos = 1, kEos = 2, kFirstByte = 3;

// One run of weights in the file: `count` tensors (one a layer, or one in all) of this shape.
struct Run {
  std::string prefix, suffix;  // around the layer's number
  int64_t count;
  bool per_layer;
  Shape shape;
  int64_t rotary_heads = 0;  // rows to bring into Hugging Face's order
};

std::vector<Run> Runs(const Llama2cHeader& h) {
  const int64_t head_dim = h.hidden_size / h.num_heads, kv = h.num_kv_heads * head_dim;
  const auto layers = [&](const char* name, Shape shape, int64_t rotary_heads = 0) {
    return Run{"model.layers.",  std::string(".") + name + ".weight",
               h.num_layers,     true,
               std::move(shape), rotary_heads};
  };
  const auto one = [](const char* name, Shape shape) {
    return Run{name, "", 1, false, std::move(shape)};
  };
  std::vector<Run> runs = {
      one("model.embed_tokens.weight", {h.vocab_size, h.hidden_size}),
      layers("input_layernorm", {h.hidden_size}),
      layers("self_attn.q_proj", {h.hidden_size, h.hidden_size}, h.num_heads),
      layers("self_attn.k_proj", {kv, h.hidden_size}, h.num_kv_heads),
      layers("self_attn.v_proj", {kv, h.hidden_size}),
      layers("self_attn.o_proj", {h.hidden_size, h.hidden_size}),
      layers("post_attention_layernorm", {h.hidden_size}),
      layers("mlp.gate_proj", {h.ffn_size, h.hidden_size}),
      layers("mlp.down_proj", {h.hidden_size, h.ffn_size}),
      layers("mlp.up_proj", {h.ffn_size, h.hidden_size}),
      one("model.norm.weight", {h.hidden_size}),
      // Two tables of rotary frequencies that nobody reads any more.
      one("", {h.context_length, head_dim}),
  };
  if (!h.tied_embedding) runs.push_back(one("lm_head.weight", {h.vocab_size, h.hidden_size}));
  return runs;
}

// The last two tables hold cosine and sine for head_dim / 2 frequencies each.
int64_t TotalBytes(const Llama2cHeader& header) {
  int64_t total = kHeaderBytes;
  for (const Run& run : Runs(header)) {
    int64_t bytes = run.count * static_cast<int64_t>(sizeof(float));
    for (const int64_t dim : run.shape) {
      if (__builtin_mul_overflow(bytes, dim, &bytes)) return INT64_MAX;
    }
    if (__builtin_add_overflow(total, bytes, &total)) return INT64_MAX;
  }
  return total;
}

Status CheckSizes(const Llama2cHeader& h) {
  const std::pair<const char*, int64_t> sizes[] = {
      {"dim", h.hidden_size},       {"hidden_dim", h.ffn_size},     {"n_layers", h.num_layers},
      {"n_heads", h.num_heads},     {"n_kv_heads", h.num_kv_heads}, {"vocab_size", h.vocab_size},
      {"seq_len", h.context_length}};
  for (size_t i = 0; i < std::size(sizes); ++i) {
    const int64_t limit = sizes[i].second == h.num_layers && i == 2 ? kMaxLayers : kMaxSize;
    if (sizes[i].second < 1 || sizes[i].second > limit) {
      return ByteReader::Refuse(sizes[i].first, std::to_string(sizes[i].second) + " is impossible",
                                i * sizeof(int32_t));
    }
  }
  const int64_t head_dim = h.hidden_size / h.num_heads;
  if (h.hidden_size % h.num_heads != 0 || head_dim % 2 != 0) {
    return ByteReader::Refuse("n_heads",
                              std::to_string(h.num_heads) + " heads of an even size do not fill " +
                                  std::to_string(h.hidden_size),
                              3 * sizeof(int32_t));
  }
  if (h.num_heads % h.num_kv_heads != 0) {
    return ByteReader::Refuse(
        "n_kv_heads",
        std::to_string(h.num_kv_heads) + " does not divide n_heads, " + std::to_string(h.num_heads),
        4 * sizeof(int32_t));
  }
  return {};
}

// Rows (head, pair, 2) to (head, 2, pair).
Tensor ToRotateHalf(const Tensor& rows, int64_t heads) {
  Tensor out = Tensor::Empty(rows.shape());
  const int64_t head_dim = rows.dim(0) / heads, half = head_dim / 2;
  const size_t row_bytes = rows.row_bytes();
  for (int64_t row = 0; row < rows.dim(0); ++row) {
    const int64_t head = row / head_dim, within = row % head_dim;
    const int64_t to = head * head_dim + within % 2 * half + within / 2;
    std::memcpy(out.data() + to * row_bytes, rows.data() + row * row_bytes, row_bytes);
  }
  return out;
}

Status AddTensors(const Llama2cHeader& header, const std::shared_ptr<const MappedFile>& file,
                  TensorSource& tensors) {
  size_t offset = kHeaderBytes;
  for (const Run& run : Runs(header)) {
    const size_t bytes = *StoredBytes(run.shape, DType::kF32);
    for (int64_t i = 0; i < run.count; ++i, offset += bytes) {
      if (run.prefix.empty()) continue;
      const std::string name =
          run.prefix + (run.per_layer ? std::to_string(i) : std::string()) + run.suffix;
      if (run.rotary_heads == 0) {
        PARVIS_RETURN_IF_ERROR(tensors.Add(file, {{.name = name,
                                                   .shape = run.shape,
                                                   .type = "f32",
                                                   .dtype = DType::kF32,
                                                   .offset = offset,
                                                   .bytes = bytes}}));
        continue;
      }
      const Tensor view(run.shape, DType::kF32,
                        Storage::View(file->bytes().data() + offset, bytes, file));
      PARVIS_RETURN_IF_ERROR(tensors.Add(name, ToRotateHalf(view, run.rotary_heads)));
    }
  }
  return {};
}

// "<0x0A>" stands for one byte.
bool IsByteToken(std::string_view token) {
  return token.size() == 6 && token.starts_with("<0x") && token.back() == '>';
}

// llama2.c's files have a plain space where SentencePiece has "▁".
std::string WithMetaspace(std::string_view token) {
  std::string out;
  for (const char c : token) {
    if (c == ' ') {
      out += "\xE2\x96\x81";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

Result<Llama2cHeader> ParseLlama2cHeader(std::span<const std::byte> bytes) {
  ByteReader reader(bytes);
  std::array<int32_t, 7> raw{};
  constexpr const char* kNames[] = {"dim",        "hidden_dim", "n_layers", "n_heads",
                                    "n_kv_heads", "vocab_size", "seq_len"};
  for (size_t i = 0; i < raw.size(); ++i) {
    PARVIS_ASSIGN_OR_RETURN(raw[i], reader.Read<int32_t>(kNames[i]));
  }
  const Llama2cHeader header{.hidden_size = raw[0],
                             .ffn_size = raw[1],
                             .num_layers = raw[2],
                             .num_heads = raw[3],
                             .num_kv_heads = raw[4],
                             .vocab_size = std::abs(int64_t{raw[5]}),
                             .context_length = raw[6],
                             .tied_embedding = raw[5] > 0};
  PARVIS_RETURN_IF_ERROR(CheckSizes(header));
  const int64_t total = TotalBytes(header);
  if (total != static_cast<int64_t>(bytes.size())) {
    return ByteReader::Refuse("weights",
                              "the sizes ask for " + std::to_string(total) +
                                  " bytes, the file has " + std::to_string(bytes.size()),
                              kHeaderBytes);
  }
  return header;
}

Result<std::unique_ptr<text::Tokenizer>> ParseLlama2cTokenizer(std::span<const std::byte> bytes,
                                                               int64_t vocab_size) {
  ByteReader reader(bytes);
  PARVIS_RETURN_IF_ERROR(reader.Read<int32_t>("max_token_length").status());
  constexpr size_t kMinTokenBytes = sizeof(float) + sizeof(int32_t);
  if (vocab_size < 1 || vocab_size > kMaxVocabulary ||
      static_cast<uint64_t>(vocab_size) > reader.left() / kMinTokenBytes) {
    return reader.Refuse("tokens", std::to_string(vocab_size) + " do not fit into the file");
  }
  text::Vocabulary v;
  v.model = "sentencepiece_bpe";
  for (int64_t id = 0; id < vocab_size; ++id) {
    const std::string field = "token " + std::to_string(id);
    PARVIS_ASSIGN_OR_RETURN(const float score, reader.Read<float>(field + ", score"));
    const size_t offset = reader.offset();
    PARVIS_ASSIGN_OR_RETURN(const auto size, reader.Read<uint32_t>(field + ", length"));
    if (size > kMaxTokenBytes) {
      return ByteReader::Refuse(field + ", length", std::to_string(size) + ", at most 4096",
                                offset);
    }
    PARVIS_ASSIGN_OR_RETURN(const std::string_view token, reader.Text(field, size));
    const bool control = id == kBos || id == kEos;
    v.tokens.push_back(control ? (id == kBos ? "<s>" : "</s>") : WithMetaspace(token));
    v.scores.push_back(score);
    v.kinds.push_back(id == kUnknown                           ? text::TokenKind::kUnknown
                      : control                                ? text::TokenKind::kControl
                      : id >= kFirstByte && IsByteToken(token) ? text::TokenKind::kByte
                                                               : text::TokenKind::kNormal);
    if (control) {
      v.added.push_back(
          {.id = static_cast<text::TokenId>(id), .content = v.tokens.back(), .special = true});
    }
  }
  if (reader.left() != 0) {
    return reader.Refuse("end", std::to_string(reader.left()) + " bytes follow the last token");
  }
  v.unknown = kUnknown;
  v.bos = kBos;
  v.eos = kEos;
  v.add_bos = v.add_prefix_space = true;
  return text::MakeTokenizer(std::move(v));
}

Result<ModelFile> OpenLlama2c(const std::string& weights_path, const std::string& tokenizer_path) {
  PARVIS_ASSIGN_OR_RETURN(const auto weights, MappedFile::Open(weights_path));
  const Result<Llama2cHeader> header = ParseLlama2cHeader(weights->bytes());
  if (!header.ok()) return header.status().In(weights_path);
  ModelFile file;
  file.path = weights_path;
  file.format = "llama2c";
  file.architecture = "llama";
  file.config = {{"model_type", "llama"},
                 {"vocab_size", header->vocab_size},
                 {"hidden_size", header->hidden_size},
                 {"intermediate_size", header->ffn_size},
                 {"num_hidden_layers", header->num_layers},
                 {"num_attention_heads", header->num_heads},
                 {"num_key_value_heads", header->num_kv_heads},
                 {"max_position_embeddings", header->context_length},
                 {"rms_norm_eps", 1e-5},
                 {"rope_theta", 10000.0},
                 {"hidden_act", "silu"},
                 {"tie_word_embeddings", header->tied_embedding},
                 {"bos_token_id", kBos},
                 {"eos_token_id", kEos}};
  file.tensors = std::make_shared<TensorSource>();
  PARVIS_RETURN_IF_ERROR(AddTensors(*header, weights, *file.tensors));
  if (tokenizer_path.empty()) return file;
  PARVIS_ASSIGN_OR_RETURN(const auto mapped, MappedFile::Open(tokenizer_path));
  auto tokenizer = ParseLlama2cTokenizer(mapped->bytes(), header->vocab_size);
  if (!tokenizer.ok()) return tokenizer.status().In(tokenizer_path);
  file.tokenizer = std::move(tokenizer).value();
  return file;
}

}  // namespace parvis::formats
