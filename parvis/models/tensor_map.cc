#include "parvis/models/tensor_map.h"

#include <cstring>
#include <map>

namespace parvis::models {
namespace {

std::string Replaced(std::string_view pattern, std::string_view part, const std::string& with) {
  std::string text(pattern);
  const size_t at = text.find(part);
  if (at != std::string::npos) text.replace(at, part.size(), with);
  return text;
}

bool IsQkv(Layout layout) {
  return layout == Layout::kQkv || layout == Layout::kQkvTransposedInHf ||
         layout == Layout::kQkvPerHeadInHf;
}

bool IsTransposed(Layout layout, FileKind kind) {
  return kind == FileKind::kHuggingFace &&
         (layout == Layout::kTransposedInHf || layout == Layout::kQkvTransposedInHf);
}

// The parts of a fused tensor, and what our name of it says instead of theirs; empty: not fused.
struct Parts {
  std::string_view together;
  std::vector<const char*> names;
};
Parts PartsOf(Layout layout) {
  if (IsQkv(layout)) return {"qkv", {"q", "k", "v"}};
  if (layout == Layout::kGateUp) return {"gate_up", {"gate", "up"}};
  return {};
}

bool IsLessOne(Layout layout, FileKind kind) {
  return layout == Layout::kGainLessOneInHf && kind == FileKind::kHuggingFace;
}

// A vector of f32 with `number` added to each.
Tensor Plus(const Tensor& vector, float number) {
  PARVIS_CHECK(vector.dtype() == DType::kF32);
  Tensor sum = vector.Clone();
  for (int64_t i = 0; i < sum.size(); ++i) sum.f32()[i] += number;
  return sum;
}

std::map<std::string, Shape> ShapesOf(const nn::Blueprint& blueprint) {
  std::map<std::string, Shape> shapes;
  for (nn::ParameterSpec& spec : nn::ParametersOf(blueprint)) shapes[spec.name] = spec.shape;
  return shapes;
}

// All names that one row of a family's table stands for.
void Expand(const TensorName& row, int64_t num_layers, FileKind kind,
            const std::map<std::string, Shape>& shapes, std::vector<FileTensor>& all) {
  const std::string_view file_pattern = kind == FileKind::kGguf ? row.gguf : row.hf;
  const bool per_layer = row.parvis.find('#') != std::string_view::npos;
  const bool both = row.parvis.find('*') != std::string_view::npos;
  for (int64_t layer = 0; layer < (per_layer ? num_layers : 1); ++layer) {
    for (const char* suffix : {".weight", ".bias"}) {
      if (!both && suffix != std::string_view(".weight")) continue;
      const auto name_of = [&](std::string_view pattern) {
        return Replaced(Replaced(pattern, "#", std::to_string(layer)), "*", suffix);
      };
      FileTensor tensor{name_of(file_pattern), {}, row.layout};
      const std::string parameter = name_of(row.parvis);
      const Parts parts = PartsOf(row.layout);
      for (const char* part : parts.names) {
        tensor.parameters.push_back(Replaced(parameter, parts.together, part));
      }
      if (parts.names.empty()) tensor.parameters.push_back(parameter);
      if (shapes.contains(tensor.parameters[0])) all.push_back(std::move(tensor));
    }
  }
}

// Rows that stand before those that GGUF keeps.
int64_t UnusedRows(Layout layout, const nn::Blueprint& blueprint, FileKind kind) {
  if (layout != Layout::kUnusedRowsInHf || kind != FileKind::kGguf) return 0;
  return std::get<nn::LearnedPositions>(blueprint.positions).unused_rows;
}

Tensor Transposed(const Tensor& matrix) {
  const int64_t rows = matrix.dim(0), columns = matrix.dim(1);
  const DTypeGroup group = GroupOf(matrix.dtype());
  PARVIS_CHECK(group.elements == 1);
  const auto bytes = static_cast<size_t>(group.bytes);
  Tensor result = Tensor::Empty({columns, rows}, matrix.dtype());
  for (int64_t c = 0; c < columns; ++c) {
    for (int64_t r = 0; r < rows; ++r) {
      std::memcpy(result.data() + (c * rows + r) * bytes, matrix.data() + (r * columns + c) * bytes,
                  bytes);
    }
  }
  return result;
}

// How many of a head's rows have their rotated pairs as neighbours in the file; 0: as ours.
int64_t InterleavedRows(Layout layout, const nn::Blueprint& blueprint, FileKind kind) {
  if (layout == Layout::kRotaryInGguf && kind == FileKind::kGguf) {
    return blueprint.attention.head_dim;
  }
  if (layout != Layout::kRotaryInterleaved) return 0;
  return std::get<nn::RotaryPositions>(blueprint.positions).rotary_dim;
}

// Of the first `rotated` rows of every head, moves j * half + i to 2 * i + j (to_file), or back.
Tensor RotaryRows(const Tensor& value, int64_t head_dim, int64_t rotated, bool to_file) {
  const int64_t rows = value.dim(0), half = rotated / 2;
  const size_t row_bytes = value.bytes() / static_cast<size_t>(rows);
  Tensor result = value.Clone();
  for (int64_t head = 0; head < rows; head += head_dim) {
    for (int64_t i = 0; i < half; ++i) {
      for (int64_t j = 0; j < 2; ++j) {
        const int64_t ours = head + j * half + i, file = head + 2 * i + j;
        std::memcpy(result.data() + (to_file ? file : ours) * row_bytes,
                    value.data() + (to_file ? ours : file) * row_bytes, row_bytes);
      }
    }
  }
  return result;
}

// Row h of part p of `value`, (3 * heads) blocks of head_dim rows: from (p, h) to (h, p), or back.
Tensor PerHead(const Tensor& value, int64_t heads, bool to_file) {
  const size_t block = value.bytes() / static_cast<size_t>(3 * heads);
  Tensor result = Tensor::Empty(value.shape(), value.dtype());
  for (int64_t head = 0; head < heads; ++head) {
    for (int64_t part = 0; part < 3; ++part) {
      const auto ours = static_cast<size_t>(part * heads + head);
      const auto file = static_cast<size_t>(head * 3 + part);
      std::memcpy(result.data() + (to_file ? file : ours) * block,
                  value.data() + (to_file ? ours : file) * block, block);
    }
  }
  return result;
}

bool IsPerHead(Layout layout, FileKind kind) {
  return layout == Layout::kQkvPerHeadInHf && kind == FileKind::kHuggingFace;
}

}  // namespace

namespace {

// A decoder's head for labels has the same names in all families but T5's, whose model without a
// head is a part of the model with one.
constexpr TensorName kDecoderLabels[] = {{"sequence_labels.out*", "score*", "cls.output*"}};
constexpr TensorName kT5Labels[] = {
    {"sequence_labels.dense*", "classification_head.dense*", "cls*"},
    {"sequence_labels.out*", "classification_head.out_proj*", "cls.output*"}};
constexpr std::string_view kT5Prefix = "transformer.";

void AddDecoderLabels(const nn::Blueprint& blueprint, FileKind kind,
                      const std::map<std::string, Shape>& shapes, std::vector<FileTensor>& all) {
  if (!blueprint.attention.causal || blueprint.head.kind != nn::Head::Kind::kSequenceLabels) return;
  if (blueprint.encoder_layers == 0) {
    for (const TensorName& row : kDecoderLabels) Expand(row, 0, kind, shapes, all);
    return;
  }
  if (kind == FileKind::kHuggingFace) {
    for (FileTensor& tensor : all) tensor.name = std::string(kT5Prefix) + tensor.name;
  }
  for (const TensorName& row : kT5Labels) Expand(row, 0, kind, shapes, all);
}

}  // namespace

std::vector<FileTensor> FileTensors(const Family& family, const nn::Blueprint& blueprint,
                                    FileKind kind) {
  const std::map<std::string, Shape> shapes = ShapesOf(blueprint);
  std::vector<FileTensor> all;
  for (const TensorName& row : family.tensors) {
    if (row.when != When::kAlways && (row.when == When::kGated) != blueprint.feed_forward.gated) {
      continue;
    }
    const bool encoder = row.parvis.starts_with("encoder.");
    Expand(row, encoder ? blueprint.encoder_layers : blueprint.num_layers, kind, shapes, all);
  }
  AddDecoderLabels(blueprint, kind, shapes, all);
  return all;
}

Shape FileShape(const FileTensor& tensor, const nn::Blueprint& blueprint, FileKind kind) {
  Shape shape;
  for (const nn::ParameterSpec& spec : nn::ParametersOf(blueprint)) {
    for (const std::string& name : tensor.parameters) {
      if (spec.name != name) continue;
      if (shape.empty()) {
        shape = spec.shape;
      } else {
        shape[0] += spec.shape[0];
      }
    }
  }
  if (shape.size() == 2 && IsTransposed(tensor.layout, kind)) std::swap(shape[0], shape[1]);
  if (!shape.empty()) shape[0] -= UnusedRows(tensor.layout, blueprint, kind);
  return shape;
}

std::vector<Tensor> Split(const FileTensor& tensor, const nn::Blueprint& blueprint, FileKind kind,
                          const Tensor& value) {
  const nn::Attention& attention = blueprint.attention;
  Tensor ours = value;
  if (value.rank() == 2 && IsTransposed(tensor.layout, kind)) ours = Transposed(value);
  if (const int64_t rotated = InterleavedRows(tensor.layout, blueprint, kind); rotated > 0) {
    ours = RotaryRows(value, attention.head_dim, rotated, /*to_file=*/false);
  }
  if (const int64_t unused = UnusedRows(tensor.layout, blueprint, kind); unused > 0) {
    ours = Tensor::Zeros({value.dim(0) + unused, value.dim(1)}, value.dtype());
    std::memcpy(ours.data() + ours.bytes() - value.bytes(), value.data(), value.bytes());
  }
  if (IsPerHead(tensor.layout, kind)) {
    ours = PerHead(value, attention.num_heads, /*to_file=*/false);
  }
  if (IsLessOne(tensor.layout, kind)) return {Plus(value, 1.0f)};
  if (tensor.layout == Layout::kGateUp) {
    const int64_t size = blueprint.feed_forward.size;
    return {ours.Rows(0, size), ours.Rows(size, 2 * size)};
  }
  if (!IsQkv(tensor.layout)) return {ours};
  const int64_t q = attention.num_heads * attention.head_dim;
  const int64_t kv = attention.num_kv_heads * attention.head_dim;
  if (ours.rank() == 1) {  // a bias; rows of one element
    const Tensor column = ours.Reshape({ours.size(), 1});
    return {column.Rows(0, q).Reshape({q}), column.Rows(q, q + kv).Reshape({kv}),
            column.Rows(q + kv, q + 2 * kv).Reshape({kv})};
  }
  return {ours.Rows(0, q), ours.Rows(q, q + kv), ours.Rows(q + kv, q + 2 * kv)};
}

Tensor Join(const FileTensor& tensor, const nn::Blueprint& blueprint, FileKind kind,
            const std::vector<Tensor>& values) {
  Tensor joined = values[0];
  if (values.size() > 1) {
    Shape shape = values[0].shape();
    for (size_t i = 1; i < values.size(); ++i) shape[0] += values[i].shape()[0];
    joined = Tensor::Empty(shape, values[0].dtype());
    size_t offset = 0;
    for (const Tensor& value : values) {
      PARVIS_CHECK(value.dtype() == joined.dtype());
      std::memcpy(joined.data() + offset, value.data(), value.bytes());
      offset += value.bytes();
    }
  }
  if (const int64_t rotated = InterleavedRows(tensor.layout, blueprint, kind); rotated > 0) {
    return RotaryRows(joined, blueprint.attention.head_dim, rotated, /*to_file=*/true);
  }
  if (const int64_t unused = UnusedRows(tensor.layout, blueprint, kind); unused > 0) {
    return joined.Rows(unused, joined.dim(0));
  }
  if (IsLessOne(tensor.layout, kind)) return Plus(joined, -1.0f);
  if (IsPerHead(tensor.layout, kind)) {
    return PerHead(joined, blueprint.attention.num_heads, /*to_file=*/true);
  }
  if (joined.rank() == 2 && IsTransposed(tensor.layout, kind)) return Transposed(joined);
  return joined;
}

}  // namespace parvis::models
