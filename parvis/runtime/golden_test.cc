// The engine against Hugging Face transformers: greedy continuations of tiny random checkpoints,
// three requests at a time (tools/goldens/README.md says how they were made).

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "parvis/models/model.h"
#include "parvis/runtime/engine.h"
#include "tests/golden_file.h"
#include "tests/golden_models.h"

namespace parvis::runtime {
namespace {

class GoldenTest : public testing::TestWithParam<const char*> {};

TEST_P(GoldenTest, GreedyContinuationsInABatch) {
  const std::string folder =
      std::string(PARVIS_SOURCE_DIR) + "/tests/golden/models/" + GetParam() + "/";
  const GoldenFile golden(folder + "golden.safetensors");
  ThreadPool pool(2);
  for (const kernels::Target target : {kernels::Target::kScalar, kernels::Target::kAvx2,
                                       kernels::Target::kAvx512, kernels::Target::kAmx}) {
    if (!kernels::TargetSupported(target)) continue;
    const ops::Exec exec(pool, kernels::TableOf(target));
    // Computed in f32 whatever is stored, as the reference does.
    auto model = models::LoadModel(exec, folder, {.packing = ops::Packing::kF32});
    ASSERT_TRUE(model.ok()) << model.status().message();
    const auto engine =
        std::move(Engine::Create(*model, exec, {.max_batch_tokens = 20, .max_sequences = 3}))
            .value();
    std::vector<std::vector<int32_t>> answers(3);
    for (int k = 0; k < 3; ++k) {
      GenerateRequest request;
      request.prompt = golden.Ints("greedy." + std::to_string(k) + ".prompt");
      request.max_tokens = 32;
      request.sampling.temperature = 0.0f;
      request.on_token = [&answers, k](const TokenEvent& e) { answers[k].push_back(e.token); };
      ASSERT_TRUE(engine->Submit(std::move(request)).ok());
    }
    while (engine->Step()) {
    }
    for (int k = 0; k < 3; ++k) {
      EXPECT_EQ(answers[k], golden.Ints("greedy." + std::to_string(k) + ".tokens"))
          << kernels::TargetName(target) << " " << k;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, GoldenTest, testing::ValuesIn(kDecoderGoldens));
INSTANTIATE_TEST_SUITE_P(EncoderDecoders, GoldenTest, testing::ValuesIn(kEncoderDecoderGoldens));

}  // namespace
}  // namespace parvis::runtime
