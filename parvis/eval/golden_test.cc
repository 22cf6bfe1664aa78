// Losses against Hugging Face transformers, computed in double from the logits of tiny random
// checkpoints (tools/goldens/README.md says how they were made).

#include <cmath>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "parvis/eval/perplexity.h"
#include "parvis/models/model.h"
#include "tests/golden_file.h"
#include "tests/golden_models.h"

namespace parvis::eval {
namespace {

class GoldenTest : public testing::TestWithParam<const char*> {};

TEST_P(GoldenTest, LossOfADocument) {
  const std::string folder =
      std::string(PARVIS_SOURCE_DIR) + "/tests/golden/models/" + GetParam() + "/";
  const GoldenFile golden(folder + "golden.safetensors");
  const std::vector<int32_t> tokens = golden.Ints("input_ids");
  const std::vector<float> logits = golden.Floats("logits");
  const size_t vocab_size = logits.size() / tokens.size();
  double nats = 0.0;
  for (size_t i = 0; i + 1 < tokens.size(); ++i) {
    const float* row = logits.data() + i * vocab_size;
    double sum = 0.0;
    for (size_t j = 0; j < vocab_size; ++j) sum += std::exp(double{row[j]});
    nats += std::log(sum) - row[tokens[i + 1]];
  }

  ThreadPool pool(1);
  const ops::Exec exec(pool, kernels::TableOf(kernels::BestTarget()));
  auto model = models::LoadModel(exec, folder, {.packing = ops::Packing::kF32});
  ASSERT_TRUE(model.ok()) << model.status().message();
  Perplexity perplexity = std::move(Perplexity::Create(model->stack, exec, {})).value();
  ASSERT_TRUE(perplexity.Add({tokens, /*bytes=*/100, /*has_begin=*/true}).ok());
  const Prediction got = perplexity.Total();
  EXPECT_EQ(got.tokens, static_cast<int64_t>(tokens.size()) - 1);
  EXPECT_NEAR(got.nats, nats, 1e-5 * nats);
}

INSTANTIATE_TEST_SUITE_P(Models, GoldenTest, testing::ValuesIn(kDecoderGoldens));

}  // namespace
}  // namespace parvis::eval
