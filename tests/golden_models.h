#ifndef TESTS_GOLDEN_MODELS_H_
#define TESTS_GOLDEN_MODELS_H_

namespace parvis {

// The folders of tests/golden/models/ with models that generate (tools/goldens/README.md).
inline constexpr const char* kDecoderGoldens[] = {"llama_tiny",
                                                  "llama_gqa",
                                                  "llama_rope_llama3",
                                                  "llama_rope_linear",
                                                  "llama_yarn",
                                                  "llama_bias_headdim",
                                                  "gpt2_tiny",
                                                  "gpt2_untied",
                                                  "mistral_window",
                                                  "qwen2",
                                                  "qwen3",
                                                  "bloom_tiny",
                                                  "bloom_six_heads",
                                                  "gpt_neox_parallel",
                                                  "gpt_neox_sequential",
                                                  "gptj_tiny",
                                                  "gemma_tiny",
                                                  "phi3_tiny"};

// Those with an encoder and a decoder.
inline constexpr const char* kEncoderDecoderGoldens[] = {"t5_v1_0", "t5_v1_1", "mt5_tiny"};

// Decoders with training.safetensors.
inline constexpr const char* kTrainingGoldens[] = {
    "llama_gqa",  "llama_bias_headdim", "gpt2_tiny", "mistral_window", "qwen3",
    "bloom_tiny", "gpt_neox_parallel",  "gptj_tiny", "gemma_tiny",     "phi3_tiny"};

}  // namespace parvis

#endif  // TESTS_GOLDEN_MODELS_H_
