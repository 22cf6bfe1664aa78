// Encoders against Hugging Face transformers: hidden states, the scores of every head, losses and
// gradients; that every tensor matters; and that files keep all of it (tools/goldens/README.md).

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "parvis/models/family.h"
#include "parvis/models/model.h"
#include "parvis/models/tensor_map.h"
#include "parvis/ops/embedding.h"
#include "tests/golden_case.h"
#include "tests/golden_encoders.h"
#include "tests/golden_file.h"

namespace parvis::models {
namespace {

using Kind = nn::Head::Kind;

const std::string kFolder = std::string(PARVIS_SOURCE_DIR) + "/tests/golden/encoders/";

// What a golden file gives to the model.
struct Inputs {
  explicit Inputs(const GoldenFile& golden)
      : tokens(golden.Ints("input_ids")), types(golden.Ints("token_types")) {
    int64_t begin = 0;
    for (const int32_t length : golden.Ints("lengths")) {
      segments.push_back({begin, length});
      begin += length;
    }
  }
  nn::Step step() const { return {tokens, segments, types}; }

  // The rows that the head is given: the first of each sequence, or all.
  std::vector<int64_t> HeadRows(Kind kind) const {
    std::vector<int64_t> rows;
    if (kind == Kind::kPooler || kind == Kind::kSequenceLabels) {
      for (const ops::Segment& segment : segments) rows.push_back(segment.begin);
    } else {
      for (size_t i = 0; i < tokens.size(); ++i) rows.push_back(static_cast<int64_t>(i));
    }
    return rows;
  }

  std::vector<int32_t> tokens, types;
  std::vector<ops::Segment> segments;
};

Model Load(const ops::Exec& exec, const std::string& path, const LoadOptions& options) {
  auto model = LoadModel(exec, path, options);
  EXPECT_TRUE(model.ok()) << model.status().message();
  return *std::move(model);
}

Tensor Scores(const ops::Exec& exec, Model& model, const Inputs& inputs) {
  const Tensor hidden = model.stack.Forward(exec, inputs.step());
  const std::vector<int64_t> rows = inputs.HeadRows(model.stack.blueprint().head.kind);
  return model.stack.Logits(exec, ops::SelectRows(exec, hidden, rows));
}

class EncoderTest : public GoldenCase {
 protected:
  void SetUp() override {
    GoldenCase::SetUp();
    if (IsSkipped()) return;
    model_.emplace(Load(ops::Exec(pool_, *kernels_), folder_, {.packing = ops::Packing::kF32}));
  }

  // The largest difference of a hidden state or score from the reference's.
  double Difference() {
    double largest = 0;
    ops::Exec exec(pool_, *kernels_);
    exec.set_observer([&](const std::string& name, const Tensor& value) {
      if (!name.starts_with("hidden.") || name == "hidden.final") return;
      largest = std::max(largest, RelativeDifference(value, golden_.Floats(name)));
    });
    const Tensor scores = Scores(exec, *model_, inputs_);
    if (model_->stack.blueprint().head.kind == Kind::kNone) return largest;
    std::vector<int64_t> rows;
    for (const int32_t row : golden_.Ints("rows")) rows.push_back(row);
    const Tensor some = ops::SelectRows(ops::Exec(pool_, *kernels_), scores, rows);
    return std::max(largest, RelativeDifference(some, golden_.Floats("logits")));
  }

  const std::string folder_ = kFolder + std::get<0>(GetParam());
  const GoldenFile golden_{folder_ + "/golden.safetensors"};
  const Inputs inputs_{golden_};
  std::optional<Model> model_;
};

TEST_P(EncoderTest, HiddenStatesAndScores) { EXPECT_LT(Difference(), 1e-4); }

TEST_P(EncoderTest, EveryTensorMatters) {
  if (std::get<1>(GetParam()) != kernels::Target::kScalar) GTEST_SKIP() << "once is enough";
  const ops::Exec exec(pool_, *kernels_);
  // With its values: products read a packed copy of a matrix.
  model_.emplace(Load(exec, folder_, {.packing = ops::Packing::kF32, .keep_values = true}));
  for (ops::Parameter& parameter : model_->stack.parameters()) {
    // One vector added to all keys of a sequence changes no softmax.
    if (parameter.name.ends_with(".k.bias")) continue;
    const Tensor original = parameter.value;
    parameter.value = original.Clone();
    std::reverse(parameter.value.f32(), parameter.value.f32() + parameter.value.size());
    model_->stack.Pack(exec, /*keep_values=*/true, ops::Packing::kF32);
    EXPECT_GT(Difference(), 1e-3) << parameter.name;
    parameter.value = original;
  }
}

TEST_P(EncoderTest, NumbersDoNotDependOnTheBatchOrTheThreads) {
  ThreadPool one(1);
  const ops::Exec alone(one, *kernels_), together(pool_, *kernels_);
  const Tensor hidden = model_->stack.Forward(together, inputs_.step());
  for (const ops::Segment& segment : inputs_.segments) {
    const auto part = [&](const std::vector<int32_t>& all) {
      return std::span<const int32_t>(all).subspan(segment.begin, segment.count);
    };
    const ops::Segment first{0, segment.count};
    const Tensor own =
        model_->stack.Forward(alone, {part(inputs_.tokens), {&first, 1}, part(inputs_.types)});
    const Tensor same = hidden.Rows(segment.begin, segment.begin + segment.count);
    EXPECT_EQ(std::memcmp(own.data(), same.data(), own.bytes()), 0) << segment.begin;
  }
}

INSTANTIATE_TEST_SUITE_P(Models, EncoderTest,
                         testing::Combine(testing::ValuesIn(kEncoderGoldens),
                                          GoldenCase::Targets()),
                         GoldenCase::NameOf);

class EncoderGradientsTest : public testing::TestWithParam<const char*> {};

TEST_P(EncoderGradientsTest, EqualPyTorchs) {
  const std::string folder = kFolder + GetParam();
  const GoldenFile golden(folder + "/golden.safetensors");
  const Inputs inputs(golden);
  ThreadPool pool(2);
  ops::Tape tape;
  const ops::Exec exec(pool, kernels::TableOf(kernels::BestTarget()));
  const ops::Exec recording(pool, kernels::TableOf(kernels::BestTarget()), &tape);
  Model model = Load(exec, folder, {.packing = ops::Packing::kF32, .keep_values = true});
  nn::Stack& stack = model.stack;
  for (ops::Parameter& parameter : stack.parameters()) {
    parameter.grad = Tensor::Zeros(parameter.shape);
  }
  const std::vector<int32_t> targets = golden.Ints("targets");
  const auto count =
      std::count_if(targets.begin(), targets.end(), [](int32_t t) { return t >= 0; });
  const Tensor hidden = stack.Forward(recording, inputs.step());
  const Tensor rows =
      ops::SelectRows(recording, hidden, inputs.HeadRows(stack.blueprint().head.kind));
  const ops::Loss loss = stack.Loss(recording, rows, targets, 1.0f / static_cast<float>(count));
  EXPECT_EQ(loss.count, count);
  EXPECT_NEAR(loss.sum / static_cast<double>(count), golden.Floats("loss")[0], 1e-5);
  tape.RunBackward();
  const Family& family = *FindFamily(stack.blueprint().family);
  for (const FileTensor& entry : FileTensors(family, stack.blueprint(), FileKind::kHuggingFace)) {
    const ops::Parameter& parameter = *stack.Find(entry.parameters[0]);
    const std::vector<float> expected = golden.Floats("gradient/" + entry.name);
    if (parameter.name.ends_with(".k.bias")) continue;  // 0 but for rounding, in both
    EXPECT_LT(RelativeDifference(parameter.grad, expected), 2e-4) << parameter.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Models, EncoderGradientsTest, testing::ValuesIn(kEncoderGradients),
                         [](const auto& info) { return std::string(info.param); });

class EncoderFilesTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    scratch_ = std::filesystem::temp_directory_path() /
               ("parvis_encoder_" + std::to_string(::getpid()) + "_" + GetParam());
    std::filesystem::create_directories(scratch_);
  }
  void TearDown() override { std::filesystem::remove_all(scratch_); }

  ThreadPool pool_{2};
  ops::Exec exec_{pool_, kernels::TableOf(kernels::BestTarget())};
  std::filesystem::path scratch_;
};

void ExpectSameValues(const Tensor& a, const Tensor& b, const std::string& name) {
  ASSERT_EQ(a.shape(), b.shape()) << name;
  ASSERT_EQ(a.dtype(), b.dtype()) << name;
  EXPECT_EQ(std::memcmp(a.data(), b.data(), a.bytes()), 0) << name;
}

TEST_P(EncoderFilesTest, ThroughGgufAndBackKeepsEveryTensor) {
  const std::string folder = kFolder + GetParam();
  const Inputs inputs(GoldenFile(folder + "/golden.safetensors"));
  Model original = Load(exec_, folder, {.keep_values = true});
  original.task.pooling = "cls";
  original.task.normalize = true;
  const Tensor expected = Scores(exec_, original, inputs);
  const std::string gguf = scratch_ / "model.gguf", back_folder = scratch_ / "folder";
  Status saved = SaveModel(original, gguf, std::nullopt);
  ASSERT_TRUE(saved.ok()) << saved.message();
  Model from_gguf = Load(exec_, gguf, {.keep_values = true});
  saved = SaveModel(from_gguf, back_folder, std::nullopt);
  ASSERT_TRUE(saved.ok()) << saved.message();
  Model back = Load(exec_, back_folder, {.keep_values = true});
  const nn::Blueprint& blueprint = original.stack.blueprint();
  for (Model* model : {&from_gguf, &back}) {
    EXPECT_EQ(ConfigFromBlueprint(model->stack.blueprint()), ConfigFromBlueprint(blueprint));
    EXPECT_EQ(model->task.labels, original.task.labels);
    EXPECT_EQ(model->task.problem_type, original.task.problem_type);
    EXPECT_EQ(model->task.pooling, "cls");
    EXPECT_TRUE(model->task.normalize);
    ExpectSameValues(Scores(exec_, *model, inputs), expected, "scores");
    ASSERT_EQ(model->stack.parameters().size(), original.stack.parameters().size());
    for (const ops::Parameter& parameter : original.stack.parameters()) {
      Tensor a = parameter.value, b = model->stack.Find(parameter.name)->value;
      if (const auto* learned = std::get_if<nn::LearnedPositions>(&blueprint.positions);
          parameter.name == "position.weight") {  // GGUF has no place for rows that nobody reads
        a = a.Rows(learned->unused_rows, a.dim(0));
        b = b.Rows(learned->unused_rows, b.dim(0));
      }
      ExpectSameValues(a, b, parameter.name);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, EncoderFilesTest, testing::ValuesIn(kEncoderGoldens),
                         [](const auto& info) { return std::string(info.param); });

Json BertConfig() {
  return {{"model_type", "bert"},
          {"architectures", {"BertForTokenClassification"}},
          {"vocab_size", 100},
          {"hidden_size", 64},
          {"num_hidden_layers", 2},
          {"num_attention_heads", 4},
          {"intermediate_size", 96},
          {"id2label", {{"0", "O"}, {"1", "B-PER"}}},
          {"max_position_embeddings", 64}};
}

TEST(EncoderConfigTest, HeadsOfAClass) {
  const std::map<std::string, Kind> kinds = {
      {"BertModel", Kind::kNone},
      {"BertForMaskedLM", Kind::kLanguage},
      {"BertForPreTraining", Kind::kLanguage},
      {"BertForSequenceClassification", Kind::kSequenceLabels},
      {"BertForTokenClassification", Kind::kTokenLabels},
      {"BertForQuestionAnswering", Kind::kSpan}};
  for (const auto& [name, kind] : kinds) {
    Json config = BertConfig();
    config["architectures"] = {name};
    const auto blueprint = BlueprintFromConfig(config);
    ASSERT_TRUE(blueprint.ok()) << blueprint.status().message();
    EXPECT_EQ(blueprint->head.kind, kind) << name;
    EXPECT_FALSE(blueprint->attention.causal);
  }
}

TEST(EncoderConfigTest, RefusesWhatIsNotComputed) {
  ASSERT_TRUE(BlueprintFromConfig(BertConfig()).ok());
  const struct {
    const char* key;
    Json value;
  } bad[] = {{"position_embedding_type", "relative_key"},
             {"position_embedding_type", 3},
             {"is_decoder", true},
             {"add_cross_attention", true},
             {"hidden_act", "mish"},
             {"architectures", {"BertForMultipleChoice"}},
             {"architectures", {"RobertaForMaskedLM"}},
             {"architectures", "BertModel"},
             {"architectures", {1}},
             {"num_attention_heads", 5},
             {"num_labels", 2147483647},
             {"type_vocab_size", -1},
             {"id2label", {"O"}}};
  for (const auto& [key, value] : bad) {
    Json config = BertConfig();
    if (std::string(key) == "num_labels") config.erase("id2label");
    config[key] = value;
    const auto blueprint = BlueprintFromConfig(config);
    ASSERT_FALSE(blueprint.ok()) << key << " " << value;
    EXPECT_NE(blueprint.status().message().find(key), std::string::npos)
        << blueprint.status().message();
  }
}

TEST(EncoderConfigTest, LabelsHaveEveryNumberOnce) {
  nn::Blueprint blueprint = *BlueprintFromConfig(BertConfig());
  formats::ModelFile file;
  file.format = "safetensors";
  file.config = BertConfig();
  EXPECT_EQ(TaskOf(file, blueprint)->labels, (std::vector<std::string>{"O", "B-PER"}));
  file.config["id2label"] = {{"0", "O"}, {"2", "B-PER"}};
  EXPECT_FALSE(TaskOf(file, blueprint).ok());
  file.config["id2label"] = {{"0", "O"}, {"x", "B-PER"}};
  EXPECT_FALSE(TaskOf(file, blueprint).ok());
  file.config["id2label"] = {{"0", "O"}, {"1", 7}};
  EXPECT_FALSE(TaskOf(file, blueprint).ok());
  file.config.erase("id2label");
  EXPECT_EQ(TaskOf(file, blueprint)->labels, (std::vector<std::string>{"LABEL_0", "LABEL_1"}));
}

}  // namespace
}  // namespace parvis::models
