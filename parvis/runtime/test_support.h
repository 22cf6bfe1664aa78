#ifndef PARVIS_RUNTIME_TEST_SUPPORT_H_
#define PARVIS_RUNTIME_TEST_SUPPORT_H_

// Small models with random weights and an engine on one, for tests only.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "parvis/core/random.h"
#include "parvis/models/model.h"
#include "parvis/ops/exec.h"
#include "parvis/runtime/engine.h"
#include "parvis/runtime/kv_cache.h"

namespace parvis::runtime {

// One token for each byte, and an end token, 256.
class ByteTokenizer : public text::Tokenizer {
 public:
  static constexpr int32_t kEnd = 256;
  static constexpr int64_t kVocabSize = 257;

  ByteTokenizer() : Tokenizer(Bytes()) {}
  std::string Decode(std::span<const text::TokenId> ids, bool) const override {
    std::string text;
    for (const text::TokenId id : ids) text += TokenBytes(id);
    return text;
  }
  std::string TokenBytes(text::TokenId id) const override {
    return id < kEnd ? std::string(1, static_cast<char>(id)) : std::string();
  }

 private:
  void EncodeSection(const Section& section, text::Encoded& out) const override {
    for (const char c : section.text) out.ids.push_back(static_cast<unsigned char>(c));
  }
  static text::Vocabulary Bytes() {
    text::Vocabulary vocabulary;
    for (int byte = 0; byte < 256; ++byte) {
      vocabulary.tokens.emplace_back(1, static_cast<char>(byte));
    }
    vocabulary.tokens.emplace_back("<end>");
    vocabulary.kinds.assign(256, text::TokenKind::kNormal);
    vocabulary.kinds.push_back(text::TokenKind::kControl);
    vocabulary.eos = kEnd;
    return vocabulary;
  }
};

inline nn::Blueprint SmallBlueprint(bool rotary = true) {
  nn::Blueprint b;
  b.family = rotary ? "llama" : "gpt2";
  b.vocab_size = ByteTokenizer::kVocabSize;
  b.hidden_size = 64;
  b.num_layers = 2;
  b.context_length = 160;
  b.attention = {.num_heads = 4, .num_kv_heads = 2, .head_dim = 16};
  b.feed_forward = {.size = 96, .gated = rotary};
  if (rotary) {
    b.positions = nn::RotaryPositions{.theta = 10000.0f, .rotary_dim = 16};
  } else {
    b.positions = nn::LearnedPositions{};
  }
  return b;
}

// Weights wide enough that the next token is neither fixed nor noise.
inline models::Model SmallModel(const ops::Exec& exec, ops::Packing packing = ops::Packing::kF32,
                                bool rotary = true) {
  models::Model model{.stack = nn::Stack(SmallBlueprint(rotary)),
                      .tokenizer = std::make_shared<ByteTokenizer>()};
  Random random(11);
  for (nn::Parameter& parameter : model.stack.parameters()) {
    parameter.value = Tensor::Empty(parameter.shape);
    const bool gain = parameter.name.ends_with("norm.weight");
    for (int64_t i = 0; i < parameter.value.size(); ++i) {
      parameter.value.f32()[i] = static_cast<float>(gain ? 1.0 : 0.25 * random.Normal());
    }
  }
  model.stack.Pack(exec, /*keep_values=*/true, packing);
  return model;
}

inline std::vector<int32_t> RandomPrompt(uint64_t seed, int64_t size) {
  Random random(seed);
  std::vector<int32_t> prompt;
  for (int64_t i = 0; i < size; ++i) prompt.push_back(static_cast<int32_t>(random.Below(256)));
  return prompt;
}

// Keys and values of SmallBlueprint: 2 layers, 2 heads, 16 numbers, both, f32.
inline constexpr size_t kPageBytes = 2 * 2 * 2 * 16 * kPageTokens * sizeof(float);

class EngineTest : public testing::Test {
 protected:
  EngineTest()
      : pool_(1),
        exec_(pool_, kernels::TableOf(kernels::BestTarget())),
        model_(SmallModel(exec_)) {}

  std::unique_ptr<Engine> Make(const EngineOptions& options = {}) {
    return std::move(Engine::Create(model_, exec_, options)).value();
  }

  ThreadPool pool_;
  ops::Exec exec_;
  models::Model model_;
};

}  // namespace parvis::runtime

#endif  // PARVIS_RUNTIME_TEST_SUPPORT_H_
