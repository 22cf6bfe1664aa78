#ifndef PARVIS_NN_STACK_H_
#define PARVIS_NN_STACK_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "parvis/nn/adapter.h"
#include "parvis/nn/block.h"
#include "parvis/nn/blueprint.h"
#include "parvis/nn/head.h"
#include "parvis/nn/positions.h"
#include "parvis/ops/attention.h"
#include "parvis/ops/loss.h"
#include "parvis/ops/matmul.h"

namespace parvis::nn {

using ops::Exec;
using ops::Parameter;
using ops::Segment;

// What one forward pass computes: tokens of one or several sequences, side by side in rows.
//   tokens: (rows)   segments: cover the rows in order, one per sequence (or document)
//   token_types: (rows), or empty: all 0. Without effect in a model that has no token types.
//
// The spans must outlive the call, and RunBackward where an Exec records and recomputes.
//
// With an encoder, each segment also sees a memory: memories[i] are rows of `encoded` (training,
// scoring), or the pages that Remember has filled: {0, 0, encoded positions, pages}.
struct Step {
  std::span<const int32_t> tokens;
  std::span<const Segment> segments;
  std::span<const int32_t> token_types = {};
  std::span<const Segment> memories = {};
  Tensor encoded = {};  // from Encode; undefined where the memories are pages
  // Rows that adapters of this stack change, beside the stack's own if it has one. What the others
  // are does not depend on them. With `encoded` there, it has as many rows as there are tokens.
  std::span<const AdaptedRows> adapters = {};
};

// A blueprint with its weights: the one definition that training and serving share.
//
// Forward, Logits and Loss only read the weights and may be called from several threads, each with
// its own Exec; recording sums into Parameter::grad and wants the stack for itself.
class Stack {
 public:
  explicit Stack(Blueprint blueprint);  // parameters named and shaped, without values
  Stack(Stack&&) = default;
  Stack& operator=(Stack&&) = default;

  const Blueprint& blueprint() const { return blueprint_; }
  std::vector<Parameter>& parameters() { return parameters_; }
  const std::vector<Parameter>& parameters() const { return parameters_; }
  Parameter* Find(std::string_view name);  // also of an adapter; null: no such parameter

  // An adapter of this stack, without values; only for its forward passes.
  // REQUIRES: matrices of blocks, none of them twice.
  Adapter NewAdapter(std::vector<AdapterLayer> layers) const;
  // Whether the adapter was made for this stack.
  bool Owns(const Adapter& adapter) const;
  // Gives the stack an adapter of its own. REQUIRES: Owns it; no adapter before.
  void Adapt(Adapter adapter);
  const std::vector<AdapterLayer>& adapter() const { return adapter_.layers(); }
  void DropAdapter();
  // What training changes: an adapter and, beside it, a head of labels or spans; else everything.
  std::vector<Parameter*> Learned();

  // The mark of a recording tape (ops::Tape::Mark) from which on backward adds nothing more to a
  // parameter's gradient: that of its block ("3", "encoder.3") or of what follows the blocks
  // ("final", "encoder.final"). Empty: only the tape's end will do, as for a tied embedding.
  static std::string MarkOf(const Parameter& parameter);

  // Packs every matrix: with its own dtype's numbers, or with `packing` if given. See ops::Pack.
  void Pack(const Exec& exec, bool keep_values, std::optional<ops::Packing> packing = {});
  // The same of one parameter of this stack; nothing if it is no matrix.
  void Pack(const Exec& exec, Parameter& parameter, bool keep_values,
            std::optional<ops::Packing> packing = {});
  void PackAdapter(const Exec& exec);  // its parameters only

  // The last hidden states, after the final norm: (rows, hidden_size).
  // REQUIRES: packed; tokens within the vocabulary, types within theirs; positions below the
  // context length where positions are learned.
  Tensor Forward(const Exec& exec, const Step& step);

  // The same of the encoder, for whole sequences that are not kept: (rows, hidden_size).
  // REQUIRES: the blueprint has one.
  Tensor Encode(const Exec& exec, const Step& step);
  // Writes what the decoder's blocks see of `encoded` into pages, once for all steps to come:
  // row r of segment i at segments[i].position + r of segments[i].kv. `adapters`: of the rows.
  void Remember(const Exec& exec, const Tensor& encoded, std::span<const Segment> segments,
                std::span<const AdaptedRows> adapters = {});

  // What the head makes of hidden states, row by row: (rows, NumOutputs). Of kPooler and
  // kSequenceLabels give the row of each sequence that counts.
  Tensor Logits(const Exec& exec, const Tensor& hidden);

  // Cross-entropy of the head's outputs, against next tokens or labels; see
  // ops::LinearCrossEntropy. REQUIRES: a head with one softmax for each row.
  ops::Loss Loss(const Exec& exec, const Tensor& hidden, std::span<const int32_t> targets,
                 float grad_scale, std::span<float> each = {});
  // The same with a scale for each row. REQUIRES: recording.
  ops::Loss Loss(const Exec& exec, const Tensor& hidden, std::span<const int32_t> targets,
                 std::span<const float> grad_scales, std::span<float> each = {});

 private:
  void MakeBlocks();
  ops::LinearSpec LinearOf(const std::string& name);
  NormParameters NormOf(const std::string& name);

  BlockParameters BlockOf(const std::string& name);
  Tensor Run(const Exec& exec, const Step& step, std::vector<BlockParameters>& blocks,
             const std::string& stack);

  Blueprint blueprint_;
  std::vector<Parameter> parameters_;       // never grows after construction: pointers into it hold
  std::vector<ParameterSpec::Role> roles_;  // of each
  Adapter adapter_;
  std::vector<BlockParameters> blocks_, encoder_;
  HeadParameters head_;
  RotaryFrequencies frequencies_;    // empty where positions are not rotary
  std::vector<float> alibi_slopes_;  // empty where positions are not ALiBi
};

}  // namespace parvis::nn

#endif  // PARVIS_NN_STACK_H_
