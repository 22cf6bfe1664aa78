// Direct preference optimisation: what pairs become, and whole runs. Its numbers are held to
// PyTorch's in objective_golden_test.cc.

#include <atomic>
#include <cmath>
#include <filesystem>
#include <numbers>
#include <sstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "parvis/core/file.h"
#include "parvis/core/random.h"
#include "parvis/models/model.h"
#include "parvis/train/objectives.h"
#include "parvis/train/train.h"
#include "parvis/train/trainer.h"
#include "tests/scratch_test.h"
#include "tests/small_model.h"

namespace parvis::train {
namespace {

using testing::HasSubstr;

constexpr const char* kTemplate =
    "{% for m in messages %}{% if m.role == 'assistant' %}={{ m.content }}{{ eos_token }}"
    "{% else %}{{ m.content }}{% endif %}{% endfor %}{% if add_generation_prompt %}={% endif %}";

models::Model Llama(const std::string& chat_template) {
  return SmallModel({{"model_type", "llama"},
                     {"hidden_size", 16},
                     {"num_hidden_layers", 2},
                     {"num_attention_heads", 2},
                     {"intermediate_size", 24},
                     {"max_position_embeddings", 64}},
                    "qwen2_style", "<|im_end|>", chat_template);
}
models::Model T5(const std::string& chat_template) {
  return SmallModel({{"model_type", "t5"},
                     {"d_model", 16},
                     {"d_kv", 8},
                     {"d_ff", 24},
                     {"num_heads", 2},
                     {"num_layers", 1}},
                    "t5", "</s>", chat_template);
}

ObjectivePointer PreferenceOf(const models::Model& model) {
  const auto objective = MakeObjective({.kind = ObjectiveKind::kPreference}, model);
  EXPECT_TRUE(objective.ok()) << objective.status().message();
  return *objective;
}

Document Pair(const Json& prompt, const Json& chosen, const Json& rejected) {
  Document document;
  document.fields = {{"prompt", prompt}, {"chosen", chosen}, {"rejected", rejected}};
  return document;
}
const Json kAsked = {{{"role", "user"}, {"content", "the sea"}}};

class PreferenceTest : public testing::Test {
 protected:
  ThreadPool pool_{2};
  const ops::Exec exec_{pool_, kernels::TableOf(kernels::BestTarget())};
};

TEST_F(PreferenceTest, TargetsAreBothAnswers) {
  for (const bool t5 : {false, true}) {
    const models::Model model = t5 ? T5(kTemplate) : Llama(kTemplate);
    const ObjectivePointer objective = PreferenceOf(model);
    const Json message = {{"role", "assistant"}, {"content", "a garden"}};
    for (const Document& document :
         {Pair("the sea", "a garden", "the cat went"), Pair(kAsked, "a garden", "the cat went"),
          Pair(kAsked, Json::array({message}), "the cat went")}) {
      const auto example = objective->Encode(document);
      ASSERT_TRUE(example.ok()) << example.status().message();
      Corpus corpus;
      corpus.Add("one", 0, 1, example->tokens, example->numbers);
      const EpochPlan plan = PlanInOrder(corpus, objective->DivisionOf(corpus, 32));
      ASSERT_EQ(plan.num_rows(), 1);
      Batch batch;
      AppendRow(corpus, *objective, plan, 0, 1, 0, batch);
      EXPECT_EQ(batch.segments.size(), 2u);
      EXPECT_EQ(objective->CountOf(batch), 1);
      const std::string end = t5 ? "</s>" : "<|im_end|>";
      const std::string targets = model.tokenizer->Decode(batch.targets, /*skip_special=*/false);
      EXPECT_THAT(targets, HasSubstr("a garden" + end));
      EXPECT_THAT(targets, testing::EndsWith("the cat went" + end));
      EXPECT_EQ(targets.find("sea"), std::string::npos);
      if (t5) continue;
      for (size_t i = 0; i + 1 < batch.targets.size(); ++i) {
        if (batch.head_rows[i] + 1 == batch.segments[1].begin) continue;  // the first one's end
        EXPECT_EQ(batch.tokens[batch.head_rows[i] + 1], batch.targets[i]);
      }
    }
  }
}

TEST_F(PreferenceTest, APromptThatIsToldByBothAnswersGivesTheSameTokens) {
  for (const bool t5 : {false, true}) {
    const models::Model model = t5 ? T5(kTemplate) : Llama(kTemplate);
    const ObjectivePointer objective = PreferenceOf(model);
    const auto same = [&](const Document& told, const Json& chosen, const Json& rejected) {
      Document untold;
      untold.fields = {{"chosen", chosen}, {"rejected", rejected}};
      const auto expected = objective->Encode(told), example = objective->Encode(untold);
      ASSERT_TRUE(expected.ok() && example.ok()) << example.status().message();
      EXPECT_EQ(example->tokens, expected->tokens);
      EXPECT_EQ(example->numbers, expected->numbers);
    };
    same(Pair("the sea", " a garden", " the cat"), "the sea a garden", "the sea the cat");
    const Json garden = {{"role", "assistant"}, {"content", "a garden"}};
    const Json cat = {{"role", "assistant"}, {"content", "the cat"}};
    same(Pair(kAsked, garden, cat), {kAsked[0], garden}, {kAsked[0], cat});
  }
}

TEST_F(PreferenceTest, APairIsWorthTheSameWhereverItStands) {
  for (const bool t5 : {false, true}) {
    models::Model model = t5 ? T5(kTemplate) : Llama(kTemplate);
    const ObjectivePointer objective = PreferenceOf(model);
    model.stack.Pack(exec_, /*keep_values=*/true, ops::Packing::kF32);
    Corpus corpus;
    for (const char* chosen : {"a garden", "slowly", "the old cat", "to the sea"}) {
      const auto example = objective->Encode(Pair(kAsked, chosen, "the butterfly went"));
      ASSERT_TRUE(example.ok());
      corpus.Add(chosen, 0, 1, example->tokens, example->numbers);
    }
    const std::vector<int32_t> before(corpus.Numbers(0).begin(), corpus.Numbers(0).end());
    objective->Begin(exec_, model.stack, 64, 1, corpus);  // each by itself
    EXPECT_NE(std::vector<int32_t>(corpus.Numbers(0).begin(), corpus.Numbers(0).end()), before);
    Batch all;
    Random random(1);
    for (int64_t d = 0; d < 4; ++d) {
      objective->Append(corpus, {d, 0, corpus.size(d)}, random, all);
    }
    // The model is the reference: all together, on other threads, nothing is preferred.
    ThreadPool one(1);
    const ops::Exec alone(one, exec_.kernels());
    const auto judged = objective->Judge(alone, model.stack, all);
    EXPECT_EQ(judged.margin, 0.0);
    EXPECT_EQ(judged.correct, 0);
    EXPECT_EQ(judged.loss.count, 4);
    EXPECT_NEAR(judged.loss.sum, 4 * std::numbers::ln2, 1e-12);
  }
}

TEST_F(PreferenceTest, APairThatIsFarAheadTeachesNothing) {
  models::Model model = Llama(kTemplate);
  const ObjectivePointer objective = PreferenceOf(model);
  const auto example = objective->Encode(Pair(kAsked, "a garden", "the cat"));
  ASSERT_TRUE(example.ok());
  Corpus corpus;
  corpus.Add("one", 0, 1, example->tokens, example->numbers);
  Batch batch;
  Random random(1);
  objective->Append(corpus, {0, 0, corpus.size(0)}, random, batch);
  Trainer trainer(exec_, model.stack, *objective, {}, ops::Packing::kF32);
  const auto gradients = [&](float reference_of_chosen) {
    batch.references[0] = reference_of_chosen;
    EXPECT_TRUE(trainer.Accumulate({&batch, 1}, corpus).ok());
    double sum = 0.0;
    for (const ops::Parameter* parameter : model.stack.Learned()) {
      const float* grad = parameter->grad.f32();
      for (int64_t i = 0; i < parameter->grad.size(); ++i) sum += std::abs(grad[i]);
    }
    return sum;
  };
  EXPECT_GT(gradients(0.0f), 0.1);
  EXPECT_EQ(gradients(-1e7f), 0.0);
}

TEST_F(PreferenceTest, RefusesWithTheField) {
  const auto refused = [](const models::Model& model, const Document& document) {
    const auto example = PreferenceOf(model)->Encode(document);
    return example.ok() ? "accepted" : example.status().message();
  };
  const models::Model talks = Llama(kTemplate), writes = Llama("");
  EXPECT_THAT(refused(writes, Pair(kAsked, "a", "b")), HasSubstr("has no chat template"));
  EXPECT_THAT(refused(talks, Pair(7, "a", "b")), HasSubstr("\"prompt\" is no list of messages"));
  EXPECT_THAT(refused(talks, Pair({{{"content", "a"}}}, "a", "b")),
              HasSubstr("prompt[0]: no \"role\""));
  EXPECT_THAT(refused(talks, Pair(kAsked, "a", kAsked)),
              HasSubstr("\"rejected\" is neither a text nor one assistant's message"));
  EXPECT_THAT(refused(talks, Pair("a", 7, "b")), HasSubstr("\"chosen\" is no text"));
  EXPECT_THAT(refused(talks, Pair("", "a", "b")), HasSubstr("\"prompt\" is empty"));
}

class PreferenceRunTest : public ScratchTest {
 protected:
  // A model that has learned words, and pairs of which those with "dog" are chosen.
  void SetUp() override {
    Random random(9);
    static constexpr const char* kWords[] = {"the", "cat", "sea", "ran", "old", "a", "sat", "by"};
    std::string texts, pairs;
    for (int i = 0; i < 60; ++i) {
      const std::string first = kWords[random.Below(8)], second = kWords[random.Below(8)];
      texts += "{\"text\":\"" + first + " dog " + second + "\"}\n";
      pairs +=
          "{\"prompt\":\"" + first + "\",\"chosen\":\" dog\",\"rejected\":\" " + second + "\"}\n";
    }
    Write("texts.jsonl", texts);
    Write("pairs.jsonl", pairs);
    Write("base.toml",
          "[data]\ntrain = [\"texts.jsonl\"]\n[tokenizer]\nvocab_size = 280\n[model]\n"
          "hidden_size = 16\nnum_hidden_layers = 1\nnum_attention_heads = 2\n"
          "intermediate_size = 24\n[train]\nsteps = 4\n" +
              std::string(kTrain));
    ASSERT_TRUE(Train(Options("base")).ok());
  }
  void WriteRecipe(const std::string& name, const std::string& more, const std::string& train) {
    Write(name + ".toml",
          "[data]\ntrain = [\"pairs.jsonl\"]\nheld_out = 0.2\n[model]\n"
          "from = \"base/model.gguf\"\n" +
              more + "[train]\nobjective = \"preference\"\n" + train + kTrain);
  }
  TrainOptions Options(const std::string& name, const std::string& run = "") {
    TrainOptions options;
    options.recipe_path = folder_ + "/" + name + ".toml";
    options.run_dir = folder_ + "/" + (run.empty() ? name : run);
    options.threads = 1;
    return options;
  }
  std::string Bytes(const std::string& path) { return *ReadFile(folder_ + "/" + path); }

  // A whole run, and one that is stopped and goes on with two threads.
  TrainReport ResumesToTheSameBits(const std::string& name, const std::string& file) {
    const auto report = Train(Options(name));
    EXPECT_TRUE(report.ok()) << report.status().message();
    TrainOptions options = Options(name, name + "-cut");
    std::atomic<bool> stop{false};
    options.stop = &stop;
    options.progress = [&stop](const Progress& p) { stop = stop || p.step >= 7; };
    EXPECT_EQ(Train(options).status().code(), StatusCode::kCancelled);
    TrainOptions again = Options(name, name + "-cut");
    again.resume = true;
    again.threads = 2;
    EXPECT_TRUE(Train(again).ok());
    EXPECT_TRUE(Bytes(name + "/" + file) == Bytes(name + "-cut/" + file));
    return report.ok() ? *report : TrainReport();
  }

  static constexpr const char* kTrain =
      "context_length = 16\nbatch_tokens = 128\nmicro_batch_tokens = 64\nlearning_rate = 5e-3\n"
      "eval_every = 5\ncheckpoint_every = 4\n";
};

TEST_F(PreferenceRunTest, LearnsWhatIsPreferredAndResumes) {
  WriteRecipe("run", "", "steps = 30\nbeta = 0.5\n");
  const TrainReport report = ResumesToTheSameBits("run", "model.gguf");
  ASSERT_EQ(report.evaluations.size(), 1u);
  EXPECT_EQ(report.evaluations[0].tokens, 12);  // pairs
  EXPECT_GT(*report.evaluations[0].accuracy, 0.7);
  EXPECT_GT(*report.evaluations[0].reward_margin, 0.2);
  // Before the first step nothing is preferred.
  const std::string log = Bytes("run/log.jsonl");
  const Json first = *ParseJson(log.substr(0, log.find('\n')));
  EXPECT_NEAR(first["loss"].get<double>(), std::numbers::ln2, 1e-9);
  EXPECT_THAT(Bytes("run/log.jsonl"), HasSubstr("reward_margin"));
  EXPECT_EQ(Bytes("run/log.jsonl").find("perplexity"), std::string::npos);
}

TEST_F(PreferenceRunTest, LearnsTheSameOfRowsWithoutAPrompt) {
  WriteRecipe("told", "", "steps = 4\n");
  ASSERT_TRUE(Train(Options("told")).ok());
  std::string rows;
  for (std::istringstream in(Bytes("pairs.jsonl")); in.good();) {
    std::string line;
    std::getline(in, line);
    if (line.empty()) continue;
    Json row = *ParseJson(line);
    for (const char* key : {"chosen", "rejected"}) {
      row[key] = row["prompt"].get<std::string>() + row[key].get<std::string>();
    }
    row.erase("prompt");
    rows += row.dump() + "\n";
  }
  Write("pairs.jsonl", rows);
  const auto report = Train(Options("told", "untold"));
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_TRUE(Bytes("told/model.gguf") == Bytes("untold/model.gguf"));
}

TEST_F(PreferenceRunTest, TeachesAnAdapter) {
  WriteRecipe("lora", "[lora]\nrank = 4\n", "steps = 12\nlabel_smoothing = 0.1\n");
  const std::string base = Bytes("base/model.gguf");
  const TrainReport report = ResumesToTheSameBits("lora", "adapter.gguf");
  ASSERT_EQ(report.evaluations.size(), 1u);
  EXPECT_NE(*report.evaluations[0].reward_margin, 0.0);
  EXPECT_EQ(Bytes("base/model.gguf"), base);
}

TEST_F(PreferenceRunTest, RefusesWithDocumentAndField) {
  const auto refused = [this](const std::string& rows, const std::string& train) {
    Write("pairs.jsonl", rows);
    WriteRecipe("x", "", "steps = 2\n" + train);
    return Train(Options("x")).status().message();
  };
  const std::string good = "{\"prompt\":\"a\",\"chosen\":\" b\",\"rejected\":\" c\"}\n";
  EXPECT_THAT(refused(good + "{\"prompt\":\"a\",\"chosen\":\" b\"}\n", ""),
              HasSubstr("pairs.jsonl:2: no \"rejected\" in this row"));
  EXPECT_THAT(refused(good + "{\"prompt\":\"a\",\"chosen\":\" b\",\"rejected\":[]}\n", ""),
              HasSubstr("pairs.jsonl:2: \"rejected\" is no text"));
  EXPECT_THAT(refused(good + "{\"chosen\":\"b\",\"rejected\":\"c\"}\n", ""),
              HasSubstr("pairs.jsonl:2: no \"prompt\" in this row, and"));
  EXPECT_THAT(refused(good, "beta = 0\n"), HasSubstr("[train] beta"));
  EXPECT_THAT(refused(good, "label_smoothing = 0.5\n"), HasSubstr("[train] label_smoothing"));
  Write("y.toml",
        "[data]\ntrain = [\"pairs.jsonl\"]\n[tokenizer]\nvocab_size = 280\n[model]\n"
        "hidden_size = 16\nnum_hidden_layers = 1\nnum_attention_heads = 2\nintermediate_size = 24\n"
        "[train]\nobjective = \"preference\"\nsteps = 2\n" +
            std::string(kTrain));
  EXPECT_THAT(Train(Options("y")).status().message(), HasSubstr("tell [model] from"));
  Write("z.toml",
        "[data]\ntrain = [\"texts.jsonl\"]\n[model]\nfrom = \"base/model.gguf\"\n"
        "[train]\nbeta = 0.2\nsteps = 2\n" +
            std::string(kTrain));
  EXPECT_THAT(Train(Options("z")).status().message(), HasSubstr("\"preference\" only"));
}

}  // namespace
}  // namespace parvis::train
