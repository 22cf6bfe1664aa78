// Requests with adapters: what PEFT computes (tests/golden/adapters, made by its authors' library),
// the same bits alone, in a batch of different ones and as the model's own adapter.

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "parvis/models/adapter.h"
#include "parvis/runtime/beam_search.h"
#include "parvis/runtime/encoder.h"
#include "parvis/runtime/test_support.h"
#include "tests/golden_file.h"

namespace parvis::runtime {
namespace {

const std::string kGolden = std::string(PARVIS_SOURCE_DIR) + "/tests/golden/";

struct Case {
  const char* name;
  const char* base;
};

using AdapterPointer = std::shared_ptr<const nn::Adapter>;

class EngineAdapterTest : public testing::TestWithParam<Case> {
 protected:
  EngineAdapterTest()
      : folder_(kGolden + "adapters/" + GetParam().name),
        golden_(folder_ + "/golden.safetensors"),
        model_(Base()) {
    auto adapter = models::ReadAdapter(exec_, folder_, model_);
    EXPECT_TRUE(adapter.ok()) << adapter.status().message();
    adapter_ = std::make_shared<nn::Adapter>(*std::move(adapter));
    other_ = Doubled();
  }

  models::Model Base() {
    return std::move(models::LoadModel(exec_, kGolden + GetParam().base, {.keep_values = true}))
        .value();
  }
  bool encoder() const { return model_.stack.blueprint().encoder_layers > 0; }

  // Another one for the same matrices.
  AdapterPointer Doubled() {
    auto layers = adapter_->layers();
    for (nn::AdapterLayer& layer : layers) layer.scale *= 2.0f;
    nn::Adapter other = model_.stack.NewAdapter(std::move(layers));
    nn::Adapter same = *models::ReadAdapter(exec_, folder_, model_);
    for (size_t i = 0; i < other.parameters().size(); ++i) {
      other.parameters()[i].panels = same.parameters()[i].panels;
      other.parameters()[i].packing = same.parameters()[i].packing;
    }
    return std::make_shared<nn::Adapter>(std::move(other));
  }

  std::vector<int32_t> Ids() const { return golden_.Ints("input_ids"); }

  // Prompts of several lengths, so that steps hold prompts and answers of all.
  GenerateRequest Request(int which, const AdapterPointer& adapter) {
    GenerateRequest request{.prompt = Ids(), .max_tokens = 9, .ignore_end = true, .logprobs = 3};
    request.prompt.resize(4 + static_cast<size_t>(which) % 5, request.prompt[0]);
    request.sampling.seed = static_cast<uint64_t>(which);
    request.adapter = adapter;
    return request;
  }

  std::unique_ptr<Engine> Make(models::Model& model, bool share = true) {
    return std::move(Engine::Create(model, exec_,
                                    {.kv_budget_bytes = size_t{8} << 20,
                                     .max_batch_tokens = 11,
                                     .share_prefixes = share}))
        .value();
  }

  static void Same(const Completion& a, const Completion& b) {
    EXPECT_EQ(a.tokens, b.tokens);
    EXPECT_EQ(a.logprobs, b.logprobs);  // bits
  }

  ThreadPool pool_{2};
  ops::Exec exec_{pool_, kernels::TableOf(kernels::BestTarget())};
  const std::string folder_;
  const GoldenFile golden_;
  models::Model model_;
  AdapterPointer adapter_, other_;
};

// The likelihoods of the prompt's tokens are those of PEFT's logits.
TEST_P(EngineAdapterTest, IsWhatPeftComputes) {
  if (encoder()) GTEST_SKIP() << "prompts of encoders are not scored; the next test compares";
  const auto engine = Make(model_);
  std::vector<Sample> prompt;
  GenerateRequest request{.prompt = Ids(), .max_tokens = 0, .logprobs = 0, .prompt_logprobs = true};
  request.adapter = adapter_;
  request.on_token = [&prompt](const TokenEvent& event) {
    prompt.insert(prompt.end(), event.prompt.begin(), event.prompt.end());
  };
  ASSERT_TRUE(Generate(*engine, std::move(request)).ok());
  const std::vector<float> logits = golden_.Floats("logits");
  const auto vocab = static_cast<size_t>(model_.stack.blueprint().vocab_size);
  ASSERT_EQ(prompt.size() + 1, Ids().size());
  double unlike = 0;
  const auto plain = Make(model_);
  std::vector<Sample> without;
  GenerateRequest bare{.prompt = Ids(), .max_tokens = 0, .logprobs = 0, .prompt_logprobs = true};
  bare.on_token = [&without](const TokenEvent& event) {
    without.insert(without.end(), event.prompt.begin(), event.prompt.end());
  };
  ASSERT_TRUE(Generate(*plain, std::move(bare)).ok());
  for (size_t i = 0; i < prompt.size(); ++i) {
    const float* row = logits.data() + i * vocab;
    double sum = 0;
    for (size_t t = 0; t < vocab; ++t) sum += std::exp(double{row[t]});
    const double expected = double{row[prompt[i].token]} - std::log(sum);
    EXPECT_NEAR(prompt[i].logprob, expected, 1e-4) << i;
    unlike = std::max(unlike, std::abs(double{without[i].logprob} - expected));
  }
  EXPECT_GT(unlike, 0.02);  // an adapter that were left out would be seen
}

TEST_P(EngineAdapterTest, TheSameBitsAloneBesideOthersAndAsTheModelsOwn) {
  const AdapterPointer adapters[] = {nullptr, adapter_, other_};
  std::map<RequestId, Completion> done;
  const auto together = Make(model_);
  std::vector<RequestId> ids;
  for (int i = 0; i < 9; ++i) {
    GenerateRequest request = Request(i, adapters[i % 3]);
    request.on_token = [&done](const TokenEvent& event) {
      if (event.token < 0) return;
      done[event.id].tokens.push_back(event.token);
      done[event.id].logprobs.push_back(event.logprob);
    };
    ids.push_back(*together->Submit(std::move(request)));
  }
  while (together->Step()) {
  }
  for (int i = 0; i < 9; ++i) {
    SCOPED_TRACE(i);
    const auto alone = Make(model_, /*share=*/false);
    Same(*Generate(*alone, Request(i, adapters[i % 3])), done[ids[static_cast<size_t>(i)]]);
  }
  models::Model own = Base();
  ASSERT_TRUE(models::LoadAdapter(exec_, folder_, own).ok());
  const auto engine = Make(own);
  Same(*Generate(*engine, Request(1, nullptr)), done[ids[1]]);
  EXPECT_NE(done[ids[1]].logprobs, Generate(*Make(model_), Request(1, nullptr))->logprobs);
  EXPECT_NE(done[ids[1]].logprobs, Generate(*Make(model_), Request(1, other_))->logprobs);
}

// Keys and values of one adapter are no other's, whatever the salt says.
TEST_P(EngineAdapterTest, BeginningsAreSharedOnlyWithinAnAdapter) {
  if (encoder()) GTEST_SKIP() << "what an encoder reads is never shared";
  const auto engine = Make(model_);
  const auto ask = [&](const AdapterPointer& adapter, const std::string& salt) {
    GenerateRequest request{
        .prompt = std::vector<int32_t>(40, 3), .max_tokens = 2, .ignore_end = true, .logprobs = 0};
    request.adapter = adapter;
    request.cache_salt = salt;
    return *Generate(*engine, std::move(request));
  };
  const Completion first = ask(adapter_, "a");
  EXPECT_EQ(first.usage.cached_tokens, 0);
  const Completion again = ask(adapter_, "a");
  EXPECT_EQ(again.usage.cached_tokens, 32);
  Same(first, again);
  for (const AdapterPointer& other : {AdapterPointer(), other_}) {
    EXPECT_EQ(ask(other, "a").usage.cached_tokens, 0);
    EXPECT_EQ(ask(other, "a").usage.cached_tokens, 32);
  }
  EXPECT_EQ(ask(adapter_, "b").usage.cached_tokens, 0);
}

// Embeddings and beams, too.
TEST_P(EngineAdapterTest, EncodersAndBeamsTakeIt) {
  models::Model own = Base();
  ASSERT_TRUE(models::LoadAdapter(exec_, folder_, own).ok());
  const std::vector<EncoderInput> inputs = {{Ids(), {}}, {{5, 6, 7}, {}}};
  const Encoder with(model_, exec_, {.adapter = adapter_.get()});
  const auto ours = with.Embed(inputs, Pooling::kMean, true);
  const auto theirs = Encoder(own, exec_).Embed(inputs, Pooling::kMean, true);
  ASSERT_TRUE(ours.ok() && theirs.ok());
  EXPECT_TRUE(std::equal(ours->f32(), ours->f32() + ours->size(), theirs->f32()));
  if (!encoder()) return;
  BeamSearchParams params{.num_beams = 3, .max_tokens = 8, .end_tokens = {}, .cancelled = {}};
  const auto expected = BeamSearch(own, exec_, Ids(), params);
  const auto without = BeamSearch(model_, exec_, Ids(), params);
  params.adapter = adapter_.get();
  const auto found = BeamSearch(model_, exec_, Ids(), params);
  ASSERT_TRUE(expected.ok() && found.ok() && without.ok());
  EXPECT_EQ((*found)[0].tokens, (*expected)[0].tokens);
  EXPECT_EQ((*found)[0].score, (*expected)[0].score);
  EXPECT_NE((*found)[0].score, (*without)[0].score);
}

TEST_P(EngineAdapterTest, OfAnotherModelIsRefused) {
  models::Model twin = Base();
  const auto engine = Make(twin);
  const auto refused = engine->Submit(Request(0, adapter_));
  EXPECT_NE(refused.status().message().find("adapter"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(All, EngineAdapterTest,
                         testing::Values(Case{"llama", "models/llama_gqa"},
                                         Case{"gpt2", "models/gpt2_tiny"},
                                         Case{"bloom", "models/bloom_tiny"},
                                         Case{"t5", "models/t5_v1_1"}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(EncoderAdapterTest, AMaskedModelTakesIt) {
  ThreadPool pool(1);
  const ops::Exec exec(pool, kernels::TableOf(kernels::BestTarget()));
  models::Model model = *models::LoadModel(exec, kGolden + "encoders/bert_masked_lm");
  const auto adapter = models::ReadAdapter(exec, kGolden + "adapters/bert", model);
  ASSERT_TRUE(adapter.ok()) << adapter.status().message();
  models::Model own = *models::LoadModel(exec, kGolden + "encoders/bert_masked_lm");
  ASSERT_TRUE(models::LoadAdapter(exec, kGolden + "adapters/bert", own).ok());
  const std::vector<EncoderInput> inputs = {{{1, 2, 3, 4}, {}}};
  std::vector<float> with, expected, without;
  const auto scores = [&inputs](const Encoder& encoder, std::vector<float>& into) {
    ASSERT_TRUE(encoder
                    .Scores(
                        inputs, [](size_t) { return std::vector<int64_t>{2}; },
                        [&into](size_t, const Tensor& row) {
                          into.assign(row.f32(), row.f32() + row.size());
                        })
                    .ok());
  };
  scores(Encoder(model, exec, {.adapter = &*adapter}), with);
  scores(Encoder(own, exec), expected);
  scores(Encoder(model, exec), without);
  EXPECT_EQ(with, expected);
  EXPECT_NE(with, without);
}

TEST(ReadAdapterTest, RefusesHeadsAndOtherModels) {
  ThreadPool pool(1);
  const ops::Exec exec(pool, kernels::TableOf(kernels::BestTarget()));
  const models::Model llama = *models::LoadModel(exec, kGolden + "models/llama_gqa");
  const models::Model gpt2 = *models::LoadModel(exec, kGolden + "models/gpt2_tiny");
  const models::Model tiny = *models::LoadModel(exec, kGolden + "models/llama_tiny");
  const auto why = [&](const char* name, const models::Model& model) {
    return models::ReadAdapter(exec, kGolden + "adapters/" + name, model).status().message();
  };
  EXPECT_NE(why("labels_llama", llama).find("modules_to_save"), std::string::npos);
  EXPECT_NE(why("llama", gpt2).find("lora_A"), std::string::npos);
  EXPECT_NE(why("llama", tiny).find("do not fit"), std::string::npos);
  EXPECT_NE(why("nothing", llama).find("no such adapter"), std::string::npos);
}

}  // namespace
}  // namespace parvis::runtime
