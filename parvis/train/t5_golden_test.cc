// Ten AdamW steps of a model with an encoder against PyTorch (tools/goldens/README.md says how the
// numbers were made). There is no recipe for such models yet: this is what one would do.

#include <cmath>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "parvis/models/family.h"
#include "parvis/models/model.h"
#include "parvis/models/tensor_map.h"
#include "parvis/ops/tape.h"
#include "parvis/train/optimizer.h"
#include "tests/golden_file.h"

namespace parvis::train {
namespace {

constexpr int64_t kInput = 19, kAnswer = 13, kPairs = 2;  // lengths of a step's texts

// Loss of one step's pairs; gradients are left in the parameters.
double Learn(const ops::Exec& eager, nn::Stack& stack, const int32_t* input, const int32_t* answer,
             bool recomputing) {
  std::vector<ops::Segment> in, out;
  std::vector<int32_t> shifted;  // each answer begins with the start token
  for (int64_t pair = 0; pair < kPairs; ++pair) {
    in.push_back({pair * kInput, kInput});
    out.push_back({pair * kAnswer, kAnswer});
    shifted.push_back(0);
    shifted.insert(shifted.end(), answer + pair * kAnswer, answer + (pair + 1) * kAnswer - 1);
  }
  for (ops::Parameter& parameter : stack.parameters()) {
    parameter.grad = Tensor::Zeros(parameter.shape);
  }
  ops::Tape tape;
  ops::Exec recording(eager.pool(), eager.kernels(), &tape);
  recording.set_recomputing(recomputing);
  const std::span<const int32_t> inputs(input, kPairs * kInput), answers(answer, kPairs * kAnswer);
  const Tensor encoded = stack.Encode(recording, {inputs, in});
  const Tensor hidden = stack.Forward(recording, {shifted, out, {}, in, encoded});
  constexpr double kCount = kPairs * kAnswer;
  const ops::Loss loss = stack.Loss(recording, hidden, answers, static_cast<float>(1.0 / kCount));
  tape.RunBackward();
  return loss.sum / kCount;
}

TEST(T5TrainingGoldenTest, TenStepsOfAdamW) {
  const std::string folder = std::string(PARVIS_SOURCE_DIR) + "/tests/golden/models/t5_v1_0";
  const GoldenFile golden(folder + "/training.safetensors");
  ThreadPool pool(2);
  const ops::Exec exec(pool, kernels::TableOf(kernels::BestTarget()));
  auto model = models::LoadModel(exec, folder, {.keep_values = true, .pack = false});
  ASSERT_TRUE(model.ok()) << model.status().message();
  nn::Stack& stack = model->stack;
  for (ops::Parameter& parameter : stack.parameters()) parameter.value = parameter.value.Clone();
  Optimizer optimizer(stack, {});

  const std::vector<int32_t> inputs = golden.Ints("steps.input_ids");
  const std::vector<int32_t> answers = golden.Ints("steps.labels");
  const std::vector<float> losses = golden.Floats("steps.losses");
  const std::vector<float> norms = golden.Floats("steps.gradient_norms");
  for (int64_t step = 0; step < 10; ++step) {
    stack.Pack(exec, /*keep_values=*/true, ops::Packing::kF32);
    const double loss =
        Learn(exec, stack, inputs.data() + step * kPairs * kInput,
              answers.data() + step * kPairs * kAnswer, /*recomputing=*/step % 2 == 1);
    EXPECT_NEAR(loss, losses[step], 2e-5 * losses[step]) << step;
    EXPECT_NEAR(optimizer.Step(exec, stack, 1e-3), norms[step], 1e-4 * norms[step]) << step;
  }
  for (const models::FileTensor& tensor :
       models::FileTensors(models::kT5, stack.blueprint(), models::FileKind::kHuggingFace)) {
    const std::vector<float> expected = golden.Floats("steps.parameter/" + tensor.name);
    const Tensor& ours = stack.Find(tensor.parameters[0])->value;
    for (int64_t i = 0; i < ours.size(); ++i) {
      ASSERT_NEAR(ours.f32()[i], expected[i], 2e-4) << tensor.name << " at " << i;
    }
  }
}

}  // namespace
}  // namespace parvis::train
