// safetensors files, indexes, configurations and llama2.c files that must be refused: by a message
// that names the field and the byte, for little memory.

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "parvis/formats/hf_config.h"
#include "parvis/formats/llama2c.h"
#include "parvis/formats/safetensors.h"
#include "parvis/formats/test_support.h"

namespace parvis::formats {
namespace {

using testing::HasSubstr;

constexpr size_t kAllowedBytes = size_t{64} << 20;

// Calls `parse` on a file's bytes and checks how it refuses them.
template <typename Parse>
void ExpectRefused(const std::string& bytes, const std::string& message, const Parse& parse) {
  ResetPeakBytesAllocated();
  const size_t before = BytesAllocated();
  const auto result = parse(bytes);
  EXPECT_LE(PeakBytesAllocated() - before, bytes.size() + kAllowedBytes) << message;
  ASSERT_FALSE(result.ok()) << message;
  EXPECT_EQ(result.status().code(), StatusCode::kDataLoss) << message;
  EXPECT_THAT(result.status().message(), HasSubstr(message));
}

void RefuseSafetensors(const std::string& bytes, const std::string& message) {
  ExpectRefused(bytes, message, [](const std::string& b) { return ParseSafetensors(AsBytes(b)); });
}

// A header with one tensor "x" of these members.
std::string OneTensor(const std::string& members, size_t data = 8) {
  return RawSafetensors("{\"x\":{" + members + "}}", std::string(data, '\0'));
}

TEST(BadSafetensors, Header) {
  RefuseSafetensors("", "header length at byte 0: needs 8 bytes, 0 are left");
  RefuseSafetensors("1234567", "header length at byte 0: needs 8 bytes, 7 are left");
  RefuseSafetensors(Raw(~uint64_t{0}), "header length at byte 0: 18446744073709551615");
  RefuseSafetensors(Raw(uint64_t{100'000'001}), "header length at byte 0: 100000001, at most");
  RefuseSafetensors(Raw(uint64_t{100}) + "{}", "header at byte 8: needs 100 bytes, 2 are left");
  RefuseSafetensors(Raw(uint64_t{0}), "header at byte 8: does not begin with {");
  RefuseSafetensors(RawSafetensors(" {}"), "header at byte 8: does not begin with {");
  RefuseSafetensors(RawSafetensors("[]"), "header at byte 8: does not begin with {");
  RefuseSafetensors(RawSafetensors("{\"x\":"), "header at byte 8: not valid JSON at byte");
  RefuseSafetensors(RawSafetensors("{}x"), "header at byte 8: not valid JSON at byte");
  RefuseSafetensors(RawSafetensors("{\"\xff\":{}}"), "header at byte 8: not valid JSON at byte");
  RefuseSafetensors(RawSafetensors("{\"x\":{},\"x\":{}}"), "duplicate key \"x\"");
  RefuseSafetensors(RawSafetensors("{\"x\":[[[[[[]]]]]]}"), "JSON nested deeper than 4");
  RefuseSafetensors(RawSafetensors("{}", "1"), "data at byte 10: 1 bytes belong to no tensor");
  RefuseSafetensors(RawSafetensors(R"({"__metadata__":{"a":1}})"),
                    "__metadata__.a at byte 8: not a string");
  RefuseSafetensors(RawSafetensors(R"({"__metadata__":[]})"),
                    "__metadata__ at byte 8: not an object");
}

TEST(BadSafetensors, Tensor) {
  RefuseSafetensors(RawSafetensors(R"({"x":3})"), "tensor \"x\", entry at byte 8: not an object");
  RefuseSafetensors(OneTensor(R"("shape":[2],"data_offsets":[0,8])"),
                    "tensor \"x\", dtype at byte 8");
  RefuseSafetensors(OneTensor(R"("dtype":5,"shape":[2],"data_offsets":[0,8])"),
                    "tensor \"x\", dtype at byte 8: missing, or not a string");
  RefuseSafetensors(OneTensor(R"("dtype":"F32","data_offsets":[0,8])"),
                    "tensor \"x\", shape at byte 8");
  RefuseSafetensors(OneTensor(R"("dtype":"F32","shape":[-2],"data_offsets":[0,8])"),
                    "tensor \"x\", shape at byte 8: a size that is not a whole number");
  RefuseSafetensors(OneTensor(R"("dtype":"F32","shape":[2.0],"data_offsets":[0,8])"),
                    "tensor \"x\", shape at byte 8: a size that is not a whole number");
  RefuseSafetensors(
      OneTensor(R"("dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8])"),
      "tensor \"x\", shape at byte 8: (4294967296, 4294967296) is too large");
  RefuseSafetensors(
      OneTensor(R"("dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,8])"),
      "tensor \"x\", shape at byte 8");
  RefuseSafetensors(OneTensor(R"("dtype":"F32","shape":[3],"data_offsets":[0,8])"),
                    "tensor \"x\", data_offsets at byte 8: 8 bytes for F32 (3), which takes 12");
  RefuseSafetensors(OneTensor(R"("dtype":"F32","shape":[2])"),
                    "tensor \"x\", data_offsets at byte 8");
  RefuseSafetensors(OneTensor(R"("dtype":"F32","shape":[2],"data_offsets":[0,8,9])"),
                    "data_offsets at byte 8: missing, or not two whole numbers");
  RefuseSafetensors(OneTensor(R"("dtype":"F32","shape":[2],"data_offsets":[8,0])"),
                    "data_offsets at byte 8: [8, 0) is not within the 8 bytes of data");
  RefuseSafetensors(OneTensor(R"("dtype":"F32","shape":[2],"data_offsets":[0,8])", 7),
                    "data_offsets at byte 8: [0, 8) is not within the 7 bytes of data");
  RefuseSafetensors(OneTensor(R"("dtype":"F32","shape":[2],"data_offsets":[1,9])", 9),
                    "leaves a hole before it");
  RefuseSafetensors(OneTensor(R"("dtype":"F32","shape":[2],"data_offsets":[0,8])", 9),
                    "1 bytes belong to no tensor");
  const std::string two = R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
                          R"("b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}})";
  RefuseSafetensors(RawSafetensors(two, "123456"),
                    "tensor \"b\", data_offsets at byte 115: overlaps the tensor before it");
}

TEST(BadSafetensors, CostsLittleMemory) {
  std::string nested = "{\"x\":[";
  for (int i = 0; i < 3'000'000; ++i) nested += "{},";
  RefuseSafetensors(RawSafetensors(nested + "{}]}"), "more than");
  std::string members = "{";
  for (int i = 0; i < 190'000; ++i) members += "\"" + std::to_string(i) + "\":1,";
  RefuseSafetensors(RawSafetensors(members + "\"y\":1}"), "entry at byte 8: not an object");
  std::string name;
  name.resize(90'000'000, 'a');
  RefuseSafetensors(RawSafetensors("{\"x\":\"" + name + "\"}"),
                    "JSON string of more than 16777216 bytes at byte 5");
  std::string strings = "{\"__metadata__\":{";
  for (int i = 0; i < 90; ++i) {
    strings += "\"" + std::to_string(i) + "\":\"" + std::string(1'000'000, 'a') + "\",";
  }
  RefuseSafetensors(RawSafetensors(strings + "\"x\":1}}"),
                    "__metadata__.x at byte 8: not a string");
  RefuseSafetensors(RawSafetensors("{\"" + std::string(2000, 'a') + "\":{}}"),
                    "name at byte 8: longer than 1024 bytes");
}

TEST(BadSafetensors, TruncatedOrChangedAnywhere) {
  const std::string bytes = RawSafetensors(
      R"({"__metadata__":{"a":"b"},"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})",
      std::string(8, '\0'));
  ASSERT_TRUE(ParseSafetensors(AsBytes(bytes)).ok());
  for (size_t size = 0; size < bytes.size(); ++size) {
    const std::string cut = bytes.substr(0, size);
    const auto parsed = ParseSafetensors(AsBytes(cut));
    ASSERT_FALSE(parsed.ok()) << size;
    EXPECT_EQ(parsed.status().code(), StatusCode::kDataLoss);
    EXPECT_THAT(parsed.status().message(), HasSubstr(" at byte "));
  }
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (const char value : {'\0', '9', '"', '{', '\xff'}) {
      std::string changed = bytes;
      changed[i] = value;
      (void)ParseSafetensors(AsBytes(changed)).ok();
    }
  }
}

TEST(BadIndex, IsRefused) {
  const auto refuse = [](const std::string& json, const std::string& message) {
    ExpectRefused(json, message, [](const std::string& j) { return ParseSafetensorsIndex(j); });
  };
  refuse("", "not valid JSON at byte");
  refuse("[]", "weight_map: missing, or not an object");
  refuse(R"({"weight_map":{}})", "weight_map: names no tensor");
  refuse(R"({"weight_map":{"a":1}})", "weight_map.\"a\": not a string");
  for (const char* name : {"", "../a", "/etc/passwd", "a/b", "..", "a\\\\b"}) {
    refuse(std::string(R"({"weight_map":{"a":")") + name + "\"}}",
           "is not the name of a file in the folder");
  }
}

TEST(BadIndex, ShardsMustHoldWhatItSays) {
  const TempFolder folder;
  folder.Write("config.json", R"({"model_type":"llama"})");
  folder.Write("s.safetensors", OneTensor(R"("dtype":"F32","shape":[2],"data_offsets":[0,8])"));
  const auto open = [&](const std::string& map) {
    folder.Write("model.safetensors.index.json", R"({"weight_map":)" + map + "}");
    return OpenModel(folder.File(""));
  };
  EXPECT_TRUE(open(R"({"x":"s.safetensors"})").ok());
  EXPECT_EQ(open(R"({"x":"t.safetensors"})").status().code(), StatusCode::kNotFound);
  const auto missing = open(R"({"x":"s.safetensors","y":"s.safetensors"})");
  EXPECT_EQ(missing.status().code(), StatusCode::kDataLoss);
  EXPECT_THAT(missing.status().message(), HasSubstr("s.safetensors holds y, which it does not"));
  folder.Write("t.safetensors", OneTensor(R"("dtype":"F32","shape":[2],"data_offsets":[0,8])"));
  folder.Write("u.safetensors", RawSafetensors("{}"));
  const auto twice = open(R"({"x":"s.safetensors","z":"u.safetensors"})");
  EXPECT_THAT(twice.status().message(), HasSubstr("u.safetensors holds z"));
}

TEST(BadConfig, IsRefused) {
  const auto refuse = [](const std::string& json, const std::string& message) {
    ExpectRefused(json, message, [](const std::string& j) { return ParseHfConfig(j); });
  };
  refuse("", "not valid JSON at byte");
  refuse("{\"model_type\":\"llama\"", "not valid JSON at byte");
  refuse("[1]", "not a JSON object");
  refuse("{}", "model_type: missing, or not a string");
  refuse(R"({"model_type":3})", "model_type: missing, or not a string");
  refuse(R"({"model_type":"a","model_type":"b"})", "duplicate key \"model_type\"");
  refuse(std::string(200, '['), "JSON nested deeper than 32");
  refuse("{\"a\":\"" + std::string(2 << 20, 'x') + "\"}", "limit 1048576");
  std::string many = "[0";
  for (int i = 0; i < 200'000; ++i) many += ",0";
  refuse(many + "]", "more than 100000 JSON values");
}

TEST(BadConfig, AMissingPartOfAFolderIsNamed) {
  const TempFolder folder;
  EXPECT_EQ(OpenModel(folder.File("")).status().code(), StatusCode::kNotFound);
  folder.Write("config.json", R"({"model_type":"llama"})");
  const auto no_weights = OpenModel(folder.File(""));
  EXPECT_EQ(no_weights.status().code(), StatusCode::kNotFound);
  EXPECT_THAT(no_weights.status().message(), HasSubstr("model.safetensors"));
  folder.Write("model.safetensors", RawSafetensors("{}"));
  EXPECT_TRUE(OpenModel(folder.File("")).ok());
  folder.Write("tokenizer.json", "{");
  const auto bad_tokenizer = OpenModel(folder.File(""));
  EXPECT_EQ(bad_tokenizer.status().code(), StatusCode::kDataLoss);
  EXPECT_THAT(bad_tokenizer.status().message(), HasSubstr("tokenizer.json"));
}

TEST(BadLlama2c, IsRefused) {
  const auto refuse = [](const std::vector<int32_t>& header, const std::string& message) {
    std::string bytes;
    for (const int32_t number : header) bytes += Raw(number);
    ExpectRefused(bytes, message,
                  [](const std::string& b) { return ParseLlama2cHeader(AsBytes(b)); });
  };
  refuse({}, "dim at byte 0: needs 4 bytes, 0 are left");
  refuse({4, 2, 1, 1, 1, 3}, "seq_len at byte 24: needs 4 bytes");
  refuse({0, 2, 1, 1, 1, 3, 2}, "dim at byte 0: 0 is impossible");
  refuse({4, -2, 1, 1, 1, 3, 2}, "hidden_dim at byte 4: -2 is impossible");
  refuse({4, 2, INT32_MAX, 1, 1, 3, 2}, "n_layers at byte 8: 2147483647 is impossible");
  refuse({4, 2, 1, 3, 1, 3, 2}, "n_heads at byte 12: 3 heads of an even size do not fill 4");
  refuse({4, 2, 1, 4, 1, 3, 2}, "n_heads at byte 12: 4 heads of an even size");
  refuse({8, 2, 1, 4, 3, 3, 2}, "n_kv_heads at byte 16: 3 does not divide n_heads, 4");
  refuse({4, 2, 1, 1, 1, INT32_MIN, 2}, "vocab_size at byte 20: 2147483648 is impossible");
  refuse({4, 2, 1, 1, 1, 3, 0}, "seq_len at byte 24: 0 is impossible");
  refuse({1 << 24, 1 << 24, 1024, 1, 1, 1 << 24, 1 << 24}, "weights at byte 28: the sizes ask for");
  refuse({4, 2, 1, 1, 1, 3, 2}, "weights at byte 28: the sizes ask for 508 bytes, the file has 28");
}

TEST(BadLlama2c, TokenizerIsRefused) {
  const auto refuse = [](const std::string& bytes, int64_t vocab_size, const std::string& message) {
    ExpectRefused(bytes, message, [&](const std::string& b) {
      return ParseLlama2cTokenizer(AsBytes(b), vocab_size);
    });
  };
  const std::string one = Raw(4) + Raw(0.0f) + Raw(3) + "abc";
  refuse("", 1, "max_token_length at byte 0");
  refuse(one, 3, "tokens at byte 4: 3 do not fit into the file");
  refuse(one, int64_t{1} << 40, "tokens at byte 4");
  refuse(Raw(4) + Raw(0.0f) + Raw(-1) + "abc", 1, "token 0, length at byte 8: 4294967295");
  refuse(Raw(4) + Raw(0.0f) + Raw(9) + "abc", 1, "token 0 at byte 12: needs 9 bytes, 3 are left");
  refuse(one + "x", 1, "end at byte 15: 1 bytes follow the last token");
}

}  // namespace
}  // namespace parvis::formats
