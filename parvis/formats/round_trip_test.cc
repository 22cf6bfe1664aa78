// What is written comes back the same, and the bytes are those that the format's description asks
// for (built by hand in test_support.h).

#include <cmath>
#include <numeric>

#include "gtest/gtest.h"
#include "parvis/formats/gguf.h"
#include "parvis/formats/gguf_tokenizer.h"
#include "parvis/formats/hf_config.h"
#include "parvis/formats/llama2c.h"
#include "parvis/formats/npy.h"
#include "parvis/formats/safetensors.h"
#include "parvis/formats/test_support.h"

namespace parvis::formats {
namespace {

std::string BytesOf(const Tensor& tensor) {
  return {reinterpret_cast<const char*>(tensor.data()), tensor.bytes()};
}

// Tensors of every type that both formats hold, with bytes 0, 1, 2 … in them.
std::vector<Tensor> SomeTensors() {
  std::vector<Tensor> tensors;
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBf16, DType::kI32, DType::kI64}) {
    Tensor tensor = Tensor::Empty({3, 5}, dtype);
    for (size_t i = 0; i < tensor.bytes(); ++i) tensor.data()[i] = static_cast<std::byte>(i);
    tensors.push_back(tensor);
  }
  tensors.push_back(Tensor::Of({7}, std::vector<float>{1, 2, 3, 4, 5, 6, 7}));
  return tensors;
}

std::vector<TensorPlan> PlansFor(const std::vector<Tensor>& tensors) {
  std::vector<TensorPlan> plans;
  for (size_t i = 0; i < tensors.size(); ++i) {
    plans.push_back({"t" + std::to_string(i), tensors[i].shape(), tensors[i].dtype()});
  }
  return plans;
}

void ExpectSame(const TensorSource& source, const std::vector<Tensor>& tensors) {
  ASSERT_EQ(source.names().size(), tensors.size());
  for (size_t i = 0; i < tensors.size(); ++i) {
    const auto read = source.Get("t" + std::to_string(i));
    ASSERT_TRUE(read.ok()) << read.status().message();
    EXPECT_EQ(read->shape(), tensors[i].shape());
    EXPECT_EQ(read->dtype(), tensors[i].dtype());
    EXPECT_EQ(BytesOf(*read), BytesOf(tensors[i]));
  }
}

TEST(Safetensors, WritesWhatItReads) {
  const TempFolder folder;
  std::vector<Tensor> tensors = SomeTensors();
  tensors.push_back(Tensor::Zeros({0, 4}));
  Tensor bytes = Tensor::Zeros({3}, DType::kU8);
  tensors.push_back(bytes);
  const std::map<std::string, std::string> metadata = {{"format", "pt"}, {"général", "é\n"}};
  const Status status = WriteSafetensors(folder.File("a.safetensors"), PlansFor(tensors), metadata,
                                         [&](size_t i) -> Result<Tensor> { return tensors[i]; });
  ASSERT_TRUE(status.ok()) << status.message();
  const auto model = OpenSafetensors(folder.File("a.safetensors"));
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_EQ(model->metadata, metadata);
  ExpectSame(*model->tensors, tensors);
}

TEST(Safetensors, ViewsKeepTheFileAliveAndAreNotCopies) {
  const TempFolder folder;
  const std::string header = R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}  )";
  ASSERT_EQ(header.size() % 8, 0u);
  const std::string path =
      folder.Write("a.safetensors", RawSafetensors(header, Raw(1.5f) + Raw(-2.0f)));
  Tensor tensor;
  {
    const auto model = OpenSafetensors(path);
    ASSERT_TRUE(model.ok()) << model.status().message();
    tensor = *model->tensors->Get("x");
  }
  EXPECT_FALSE(tensor.writable());
  EXPECT_EQ(tensor.f32()[0], 1.5f);
  EXPECT_EQ(tensor.f32()[1], -2.0f);
}

TEST(Safetensors, ATensorAtAnOddAddressIsCopiedToAGoodOne) {
  const TempFolder folder;
  std::string header = R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  while (header.size() % 4 != 3) header += ' ';
  const auto model = OpenSafetensors(
      folder.Write("a.safetensors", RawSafetensors(header, Raw(1.5f) + Raw(-2.0f))));
  ASSERT_TRUE(model.ok()) << model.status().message();
  const Tensor tensor = *model->tensors->Get("x");
  EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor.data()) % alignof(float), 0u);
  EXPECT_EQ(tensor.f32()[1], -2.0f);
}

TEST(Safetensors, ScalarsAndUnreadTypesAreListed) {
  const TempFolder folder;
  const std::string header = R"({"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},)"
                             R"("b":{"dtype":"F64","shape":[1],"data_offsets":[4,12]}})";
  const auto model =
      OpenSafetensors(folder.Write("a.safetensors", RawSafetensors(header, std::string(12, '\0'))));
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_EQ(model->tensors->Get("a")->shape(), Shape{1});
  const auto refused = model->tensors->Get("b");
  EXPECT_EQ(refused.status().code(), StatusCode::kUnimplemented);
  EXPECT_EQ(refused.status().message(), "tensor b: type F64 is not read yet");
  EXPECT_EQ(model->tensors->Get("c").status().code(), StatusCode::kNotFound);
}

TEST(Gguf, WritesTheBytesThatTheFormatAsksFor) {
  const TempFolder folder;
  const GgufMetadata metadata = {
      {"general.architecture", std::string("llama")},
      {"a.u32", uint32_t{7}},
      {"a.f32", 0.5f},
      {"a.bool", true},
      {"a.texts", std::vector<std::string>{"x", ""}},
      {"a.numbers", std::vector<int32_t>{-1, 2}},
  };
  const Tensor wide = Tensor::Of({2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6});
  const Tensor narrow = Tensor::Of({1}, std::vector<float>{9});
  const std::vector<TensorPlan> plans = {{"wide", wide.shape(), DType::kF32},
                                         {"narrow", narrow.shape(), DType::kF32}};
  const Status status =
      WriteGguf(folder.File("a.gguf"), metadata, plans,
                [&](size_t i) -> Result<Tensor> { return i == 0 ? wide : narrow; });
  ASSERT_TRUE(status.ok()) << status.message();

  RawGguf expected;
  expected.keys.push_back(GgufKey("a.u32", 4, Raw(uint32_t{7})));
  expected.keys.push_back(GgufKey("a.f32", 6, Raw(0.5f)));
  expected.keys.push_back(GgufKey("a.bool", 7, "\1"));
  expected.keys.push_back(GgufArray("a.texts", 8, 2, GgufText("x") + GgufText("")));
  expected.keys.push_back(GgufArray("a.numbers", 5, 2, Raw(int32_t{-1}) + Raw(int32_t{2})));
  expected.tensors = {GgufTensor("wide", {3, 2}, 0, 0), GgufTensor("narrow", {1}, 0, 32)};
  for (int i = 1; i <= 6; ++i) expected.data += Raw(static_cast<float>(i));
  expected.data += std::string(8, '\0') + Raw(9.0f) + std::string(28, '\0');
  EXPECT_EQ(*ReadFile(folder.File("a.gguf")), expected.Bytes());
}

TEST(Gguf, WritesWhatItReads) {
  const TempFolder folder;
  std::vector<Tensor> tensors = SomeTensors();
  Tensor quantised = Tensor::Empty({2, 64}, DType::kQ8_0);
  for (size_t i = 0; i < quantised.bytes(); ++i) quantised.data()[i] = static_cast<std::byte>(i);
  tensors.push_back(quantised);
  GgufMetadata metadata = {{"general.architecture", std::string("llama")},
                           {"general.name", std::string("Petit modèle")},
                           {"parvis.answer", int64_t{-42}}};
  AppendJson("llama.",
             {{"block_count", 2}, {"rope.freq_base", 10000.0f}, {"heads", {1, 2}}, {"on", true}},
             metadata);
  const Status status = WriteGguf(folder.File("a.gguf"), metadata, PlansFor(tensors),
                                  [&](size_t i) -> Result<Tensor> { return tensors[i]; });
  ASSERT_TRUE(status.ok()) << status.message();
  const auto file = OpenModel(folder.File("a.gguf"));
  ASSERT_TRUE(file.ok()) << file.status().message();
  EXPECT_EQ(file->format, "gguf");
  EXPECT_EQ(file->architecture, "llama");
  EXPECT_EQ(file->tokenizer, nullptr);
  const Json config = {
      {"block_count", 2}, {"rope.freq_base", 10000.0f}, {"heads", {1, 2}}, {"on", true}};
  EXPECT_EQ(file->config, config);
  EXPECT_EQ(file->metadata["general.name"], "Petit modèle");
  EXPECT_EQ(file->metadata["parvis.answer"], -42);
  ExpectSame(*file->tensors, tensors);
}

TEST(Gguf, ListsTypesThatItDoesNotRead) {
  const TempFolder folder;
  RawGguf gguf;
  gguf.tensors = {GgufTensor("q", {256, 2}, 11, 0)};
  gguf.data = std::string(2 * 110, '\0');
  const auto file = OpenModel(folder.Write("a.gguf", gguf.Bytes()));
  ASSERT_TRUE(file.ok()) << file.status().message();
  EXPECT_EQ(*file->tensors->ShapeOf("q"), (Shape{2, 256}));
  const auto refused = file->tensors->Get("q");
  EXPECT_EQ(refused.status().code(), StatusCode::kUnimplemented);
  EXPECT_EQ(refused.status().message(), "tensor q: type q3_K is not read yet");
}

TEST(Gguf, ReadsVersion2AndOtherAlignments) {
  const TempFolder folder;
  RawGguf gguf;
  gguf.version = 2;
  gguf.alignment = 64;
  gguf.keys.push_back(GgufKey("general.alignment", 4, Raw(uint32_t{64})));
  gguf.tensors = {GgufTensor("a", {1}, 0, 0), GgufTensor("b", {2}, 0, 64)};
  gguf.data = Raw(1.0f) + std::string(60, '\0') + Raw(2.0f) + Raw(3.0f);
  const auto file = OpenModel(folder.Write("a.gguf", gguf.Bytes()));
  ASSERT_TRUE(file.ok()) << file.status().message();
  EXPECT_EQ(file->tensors->Get("b")->f32()[1], 3.0f);
}

TEST(Gguf, ReadsAllPartsOfASplitFile) {
  const TempFolder folder;
  const auto part = [](uint16_t number, const std::string& name, float value) {
    RawGguf gguf;
    if (number > 0) gguf.keys.clear();
    gguf.keys.push_back(GgufKey("split.no", 2, Raw(number)));
    gguf.keys.push_back(GgufKey("split.count", 2, Raw(uint16_t{2})));
    gguf.keys.push_back(GgufKey("split.tensors.count", 5, Raw(int32_t{2})));
    gguf.tensors = {GgufTensor(name, {1}, 0, 0)};
    gguf.data = Raw(value);
    return gguf.Bytes();
  };
  const std::string first = folder.Write("m-00001-of-00002.gguf", part(0, "a", 1.0f));
  EXPECT_EQ(OpenModel(first).status().code(), StatusCode::kNotFound);
  const std::string second = folder.Write("m-00002-of-00002.gguf", part(1, "b", 2.0f));
  const auto file = OpenModel(first);
  ASSERT_TRUE(file.ok()) << file.status().message();
  EXPECT_EQ(file->tensors->Get("a")->f32()[0], 1.0f);
  EXPECT_EQ(file->tensors->Get("b")->f32()[0], 2.0f);
  EXPECT_EQ(OpenModel(second).status().code(), StatusCode::kDataLoss);  // no architecture
  folder.Write("m-00002-of-00002.gguf", part(1, "a", 2.0f));
  EXPECT_EQ(OpenModel(first).status().code(), StatusCode::kDataLoss);  // a is there twice
}

constexpr size_t kFillers = 37;  // as of an embedding with more rows than there are tokens

class TokenizerRoundTrip : public testing::TestWithParam<const char*> {};

// The same ids and bytes from a tokeniser after tokenizer.json → GGUF → folder.
TEST_P(TokenizerRoundTrip, ThroughGgufAndFolder) {
  const std::string golden =
      std::string(PARVIS_SOURCE_DIR "/tests/golden/tokenizers/") + GetParam() + "/tokenizer.json";
  const auto original = text::ReadTokenizerJson(*ReadFile(golden));
  ASSERT_TRUE(original.ok()) << original.status().message();
  const TempFolder folder;
  GgufMetadata metadata = {{"general.architecture", std::string("llama")}};
  const text::Vocabulary& v = (*original)->vocabulary();
  AppendTokenizer(**original, metadata, v.tokens.size() + kFillers);
  const std::vector<TensorPlan> plans = {{"w", {1}, DType::kF32}};
  const auto one = [](size_t) -> Result<Tensor> { return Tensor::Zeros({1}); };
  ASSERT_TRUE(WriteGguf(folder.File("a.gguf"), metadata, plans, one).ok());
  const auto gguf = OpenModel(folder.File("a.gguf"));
  ASSERT_TRUE(gguf.ok()) << gguf.status().message();
  ASSERT_NE(gguf->tokenizer, nullptr);
  const Status status = WriteHuggingFaceFolder(folder.File("hf"), {{"model_type", "llama"}},
                                               gguf->tokenizer.get(), plans, {}, one);
  ASSERT_TRUE(status.ok()) << status.message();
  const auto hf = OpenModel(folder.File("hf"));
  ASSERT_TRUE(hf.ok()) << hf.status().message();
  ASSERT_NE(hf->tokenizer, nullptr);

  for (const auto& tokenizer : {gguf->tokenizer, hf->tokenizer}) {
    EXPECT_EQ(tokenizer->vocabulary().tokens, v.tokens);
    // SentencePiece's merges become scores in GGUF.
    if (v.model == "byte_bpe") {
      EXPECT_EQ(tokenizer->vocabulary().merges, v.merges);
    }
    if (v.model == "unigram") {
      EXPECT_EQ(tokenizer->vocabulary().scores, v.scores);
    }
    EXPECT_EQ(tokenizer->vocabulary().normalizer, v.normalizer);
    EXPECT_EQ(tokenizer->vocabulary().pre_tokenizer, v.pre_tokenizer);
    EXPECT_EQ(tokenizer->vocabulary().unknown, v.unknown);
    EXPECT_EQ(tokenizer->vocabulary().add_eos, v.add_eos);
    EXPECT_EQ(tokenizer->vocabulary().trim_offsets, v.trim_offsets);
    EXPECT_EQ(tokenizer->EncodePair("un", "two").ids, (*original)->EncodePair("un", "two").ids);
    EXPECT_EQ(tokenizer->EncodePair("un", "two").types, (*original)->EncodePair("un", "two").types);
    EXPECT_EQ(tokenizer->vocabulary().kinds, v.kinds);
    EXPECT_EQ(tokenizer->vocabulary().bos, v.bos);
    EXPECT_EQ(tokenizer->vocabulary().eos, v.eos);
    EXPECT_EQ(tokenizer->vocabulary().add_bos, v.add_bos);
    EXPECT_EQ(tokenizer->vocabulary().add_prefix_space, v.add_prefix_space);
    EXPECT_EQ(tokenizer->vocabulary().ignore_merges, v.ignore_merges);
    for (const char* sample : {"Il était une fois, l'été 2024.", "  two  spaces\n\nI'LL 12345 🎈",
                               "e\u0301t\u00e9 ﬁn ½ 中文 <mask> [MASK] <extra_id_7> </s>",
                               "<|endoftext|> <|begin_of_text|>"}) {
      for (const bool special : {false, true}) {
        const text::EncodeOptions options{.parse_special = special};
        EXPECT_EQ(tokenizer->Encode(sample, options).ids, (*original)->Encode(sample, options).ids);
      }
    }
  }
}

// llama.cpp finds a token for each row; we find those that the tokeniser had, by our key or
// without.
TEST_P(TokenizerRoundTrip, FillersComeAndGo) {
  const std::string golden =
      std::string(PARVIS_SOURCE_DIR "/tests/golden/tokenizers/") + GetParam() + "/tokenizer.json";
  const auto original = text::ReadTokenizerJson(*ReadFile(golden));
  ASSERT_TRUE(original.ok()) << original.status().message();
  const std::vector<std::string>& tokens = (*original)->vocabulary().tokens;
  const size_t rows = tokens.size() + kFillers;
  const TempFolder folder;
  const std::vector<TensorPlan> plans = {{"w", {1}, DType::kF32}};
  const auto one = [](size_t) -> Result<Tensor> { return Tensor::Zeros({1}); };
  GgufMetadata all = {{"general.architecture", std::string("llama")}};
  AppendTokenizer(**original, all, rows);
  for (const bool keyed : {true, false}) {
    GgufMetadata metadata = all;
    if (!keyed) {
      EXPECT_EQ(std::erase_if(metadata, [](const auto& m) { return m.first == kTokenizerSize; }),
                1);
    }
    const std::string path = folder.File(keyed ? "keyed.gguf" : "theirs.gguf");
    ASSERT_TRUE(WriteGguf(path, metadata, plans, one).ok());
    const std::string bytes = *ReadFile(path);
    const auto file = ParseGguf(std::as_bytes(std::span(bytes)));
    ASSERT_TRUE(file.ok()) << file.status().message();
    const auto texts = file->Find("tokenizer.ggml.tokens")->Texts();
    const auto types = file->Find("tokenizer.ggml.token_type")->Numbers();
    ASSERT_EQ(texts->size(), rows);
    ASSERT_EQ(types->size(), rows);
    EXPECT_EQ(texts->back(), "[PAD" + std::to_string(rows - 1) + "]");
    EXPECT_EQ(types->back(), 5);
    const auto tokenizer = TokenizerFromGguf(*file);
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
    EXPECT_EQ((*tokenizer)->vocabulary().tokens, tokens);
  }
  for (auto& [key, value] : all) {
    if (key == kTokenizerSize) value = static_cast<uint32_t>(rows + 1);
  }
  ASSERT_TRUE(WriteGguf(folder.File("bad.gguf"), all, plans, one).ok());
  const std::string bytes = *ReadFile(folder.File("bad.gguf"));
  const auto bad = TokenizerFromGguf(*ParseGguf(std::as_bytes(std::span(bytes))));
  EXPECT_EQ(bad.status().code(), StatusCode::kDataLoss);
}
INSTANTIATE_TEST_SUITE_P(Goldens, TokenizerRoundTrip,
                         testing::Values("gpt2_style", "llama3_style", "bert_uncased", "bert_cased",
                                         "t5", "mt5", "llama2_legacy", "llama2_first",
                                         "bloom_style", "qwen2_style", "neox_style",
                                         "roberta_style"));

TEST(HuggingFaceFolder, IsWrittenWholeOrNotAtAll) {
  const TempFolder folder;
  const std::vector<TensorPlan> plans = {{"w", {2}, DType::kF32}};
  const Json config = {{"model_type", "llama"}, {"hidden_size", 2}};
  const Status failed =
      WriteHuggingFaceFolder(folder.File("m"), config, nullptr, plans, {},
                             [](size_t) -> Result<Tensor> { return Cancelled("stop"); });
  EXPECT_EQ(failed.code(), StatusCode::kCancelled);
  EXPECT_TRUE(std::filesystem::is_empty(folder.File("")));
  const auto good = [](size_t) -> Result<Tensor> { return Tensor::Zeros({2}); };
  ASSERT_TRUE(WriteHuggingFaceFolder(folder.File("m"), config, nullptr, plans, {}, good).ok());
  const auto file = OpenModel(folder.File("m"));
  ASSERT_TRUE(file.ok()) << file.status().message();
  EXPECT_EQ(file->config, config);
  EXPECT_EQ(WriteHuggingFaceFolder(folder.File("m"), config, nullptr, plans, {}, good).code(),
            StatusCode::kInvalidArgument);
}

// One head of four rows: llama2.c rotates rows (0,1) and (2,3) together, Hugging Face (0,2), (1,3).
TEST(Llama2c, BringsQueryRowsIntoHuggingFaceOrder) {
  const TempFolder folder;
  std::string bytes;
  for (const int32_t number : {4, 2, 1, 1, 1, -3, 2}) bytes += Raw(number);
  // embedding, norm, q, k, v, o, norm, gate, down, up, norm, two tables, output
  const size_t counts[] = {12, 4, 16, 16, 16, 16, 4, 8, 8, 8, 4, 4, 4, 12};
  float next = 0.0f;
  for (const size_t count : counts) {
    for (size_t i = 0; i < count; ++i) bytes += Raw(next++);
  }
  const auto file = OpenLlama2c(folder.Write("m.bin", bytes), "");
  ASSERT_TRUE(file.ok()) << file.status().message();
  EXPECT_EQ(file->config["tie_word_embeddings"], false);
  EXPECT_EQ(file->tensors->names().size(), 12u);
  const Tensor q = *file->tensors->Get("model.layers.0.self_attn.q_proj.weight");
  const float first_of_row[] = {16, 24, 20, 28};  // rows 0, 2, 1, 3
  for (int row = 0; row < 4; ++row) EXPECT_EQ(q.f32()[row * 4], first_of_row[row]);
  EXPECT_EQ(file->tensors->Get("model.layers.0.self_attn.v_proj.weight")->f32()[0], 48.0f);
  EXPECT_EQ(file->tensors->Get("model.layers.0.mlp.down_proj.weight")->shape(), (Shape{4, 2}));
  EXPECT_EQ(file->tensors->Get("model.norm.weight")->f32()[0], 104 + 4.0f);
  EXPECT_EQ(file->tensors->Get("lm_head.weight")->f32()[0], next - 12);
}

TEST(Npy, WritesTheBytesOfFormatOne) {
  const TempFolder folder;
  ASSERT_TRUE(WriteNpy(folder.File("a.npy"), Tensor::Of({2, 1}, std::vector<float>{1, 2})).ok());
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,1,), }";
  header.resize(128 - 10 - 1, ' ');
  EXPECT_EQ(*ReadFile(folder.File("a.npy")),
            std::string("\x93NUMPY\x01\x00\x76\x00", 10) + header + "\n" + Raw(1.0f) + Raw(2.0f));
}

}  // namespace
}  // namespace parvis::formats
