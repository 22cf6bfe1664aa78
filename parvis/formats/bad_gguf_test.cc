// GGUF files that must be refused: by a message that names the field and the byte, for little
// memory.

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "parvis/formats/gguf.h"
#include "parvis/formats/test_support.h"

namespace parvis::formats {
namespace {

constexpr size_t kAllowedBytes = size_t{64} << 20;

struct BadFile {
  const char* name;
  std::string bytes;
  const char* message;  // a part of it
};

RawGguf With(std::vector<std::string> keys, std::vector<std::string> tensors = {},
             const std::string& data = "") {
  RawGguf gguf;
  for (std::string& key : keys) gguf.keys.push_back(std::move(key));
  gguf.tensors = std::move(tensors);
  gguf.data = data;
  return gguf;
}

// general.architecture takes 24 + 44 - 24 bytes: the next key begins at byte 69.
std::string WithKey(const std::string& key) { return With({key}).Bytes(); }
std::string WithTensor(const std::string& tensor, const std::string& data = std::string(64, 0)) {
  return With({}, {tensor}, data).Bytes();
}

std::vector<BadFile> HeaderFiles() {
  RawGguf magic, old, future, swapped, tensors, keys, many_keys;
  magic.magic = "GGML";
  old.version = 1;
  future.version = 4;
  swapped.version = 0x03000000;
  tensors.tensor_count = uint64_t{1} << 62;
  keys.key_count = ~uint64_t{0};
  many_keys.key_count = 5;
  return {
      {"empty", "", "magic at byte 0: needs 4 bytes, 0 are left"},
      {"magic", magic.Bytes(), "magic at byte 0: not a GGUF file"},
      {"version 1", old.Bytes(), "version at byte 4: 1, 2 and 3 are read"},
      {"version 4", future.Bytes(), "version at byte 4: 4"},
      {"big-endian", swapped.Bytes(), "version at byte 4: the file is big-endian"},
      {"tensor count", tensors.Bytes(),
       "tensor count at byte 8: 4611686018427387904 is impossible"},
      {"key count", keys.Bytes(), "key count at byte 16: 18446744073709551615 is impossible"},
      {"key count beyond the file", many_keys.Bytes(), "key count at byte 16: 5 is impossible"},
  };
}

std::vector<BadFile> KeyFiles() {
  const std::string u64_max = Raw(~uint64_t{0});
  return {
      {"empty key", WithKey(GgufKey("", 4, Raw(1))), "key 1 at byte 69: a key of 0 bytes"},
      {"key length", WithKey(u64_max + "abcdefgh"),
       "key 1 at byte 77: needs 18446744073709551615 bytes"},
      {"value type", WithKey(GgufKey("a", 13, Raw(1))),
       "a, type at byte 78: 13 is not a value type"},
      {"string length", WithKey(GgufKey("a", 8, Raw(uint64_t{1} << 63) + "xyz")),
       "a at byte 90: needs 9223372036854775808 bytes, 3 are left"},
      {"array of arrays", WithKey(GgufArray("a", 9, 1, Raw(uint32_t{0}) + Raw(uint64_t{0}))),
       "a, element type at byte 82: arrays of arrays are not read"},
      {"array count overflow", WithKey(GgufArray("a", 10, (uint64_t{1} << 61) + 1, "12345678")),
       "a at byte 94: 2305843009213693953 elements are impossible"},
      {"array count", WithKey(GgufArray("a", 0, uint64_t{1} << 40, "1234")),
       "a at byte 94: needs 1099511627776 bytes, 4 are left"},
      {"string array count", WithKey(GgufArray("a", 8, uint64_t{1} << 61, GgufText("x"))),
       "a at byte 94: 2305843009213693952 strings do not fit"},
      {"bool", WithKey(GgufKey("a", 7, "\2")), "a at byte 82: a bool above 1"},
      {"key twice", With({GgufKey("a", 4, Raw(1)), GgufKey("a", 4, Raw(1))}).Bytes(),
       "a at byte 86: the key is there twice"},
      {"architecture type", WithKey(GgufKey("general.name", 4, Raw(1))),
       "general.name at byte 93: a value of the wrong type"},
      {"alignment 0", WithKey(GgufKey("general.alignment", 4, Raw(0))),
       "general.alignment at byte 98: 0 is not a power of two"},
      {"alignment 24", WithKey(GgufKey("general.alignment", 4, Raw(24))),
       "general.alignment at byte 98: 24 is not a power of two"},
      {"rope scaling type", WithKey(GgufKey("llama.rope.scaling.type", 6, Raw(1.0f))),
       "llama.rope.scaling.type at byte 104: a value of the wrong type"},
  };
}

std::vector<BadFile> TensorFiles() {
  const uint64_t huge = uint64_t{1} << 62;
  return {
      {"empty name", WithTensor(GgufTensor("", {16}, 0, 0)),
       "tensor 0, name at byte 69: 0 bytes, 1 to 63 are allowed"},
      {"long name", WithTensor(GgufTensor(std::string(64, 'n'), {16}, 0, 0)),
       "tensor 0, name at byte 69: 64 bytes"},
      {"five dimensions", WithTensor(GgufTensor("t", {1, 1, 1, 1, 16}, 0, 0)),
       "tensor \"t\", dimensions at byte 78: 5, at most 4"},
      {"size 0", WithTensor(GgufTensor("t", {0}, 0, 0)), "tensor \"t\", size at byte 82: 0"},
      {"size product", WithTensor(GgufTensor("t", {huge, huge}, 0, 0)),
       "tensor \"t\", size at byte 82: (4611686018427387904, 4611686018427387904) is too large"},
      {"byte count", WithTensor(GgufTensor("t", {huge}, 0, 0)),
       "tensor \"t\", size at byte 82: (4611686018427387904) is too large"},
      {"type", WithTensor(GgufTensor("t", {16}, 4711, 0)), "tensor \"t\", type at byte 90: 4711"},
      {"removed type", WithTensor(GgufTensor("t", {16}, 4, 0)),
       "tensor \"t\", type at byte 90: 4 "},
      {"row of q8_0", WithTensor(GgufTensor("t", {16}, 8, 0)),
       "tensor \"t\", size at byte 82: rows of q8_0 are a multiple of 32"},
      {"row of q4_0", WithTensor(GgufTensor("t", {48}, 2, 0)),
       "tensor \"t\", size at byte 82: rows of q4_0 are a multiple of 32, not (48)"},
      {"row of q4_K", WithTensor(GgufTensor("t", {288}, 12, 0)),
       "tensor \"t\", size at byte 82: rows of q4_K are a multiple of 256, not (288)"},
      {"row of q6_K", WithTensor(GgufTensor("t", {128, 2}, 14, 0)),
       "tensor \"t\", size at byte 82: rows of q6_K are a multiple of 256, not (2, 128)"},
      {"cut data of q4_K", WithTensor(GgufTensor("t", {256}, 12, 0), std::string(143, 0)),
       "tensor \"t\", offset at byte 128: needs 144 bytes there, the file has 271"},
      {"offset", WithTensor(GgufTensor("t", {16}, 0, 32)),
       "tensor \"t\", offset at byte 102: 32, expected 0"},
      {"hole",
       With({}, {GgufTensor("t", {4}, 0, 0), GgufTensor("u", {4}, 0, 64)}, std::string(128, 0))
           .Bytes(),
       "tensor \"u\", offset at byte 135: 64, expected 32"},
      {"overlap",
       With({}, {GgufTensor("t", {16}, 0, 0), GgufTensor("u", {4}, 0, 32)}, std::string(128, 0))
           .Bytes(),
       "tensor \"u\", offset at byte 135: 32, expected 64"},
      {"cut data", WithTensor(GgufTensor("t", {16}, 0, 0), std::string(63, 0)),
       "tensor \"t\", offset at byte 128: needs 64 bytes there, the file has 191"},
      {"no data", With({}, {GgufTensor("t", {16}, 0, 0)}).Bytes().substr(0, 102),
       "data at byte 102: the file ends before it"},
      {"name twice",
       With({}, {GgufTensor("t", {8}, 0, 0), GgufTensor("t", {8}, 0, 32)}, std::string(64, 0))
           .Bytes(),
       "tensor \"t\" at byte 102: the name is there twice"},
  };
}

std::vector<BadFile> TokenizerFiles() {
  const std::string model = GgufKey("tokenizer.ggml.model", 8, GgufText("gpt2"));
  const std::string spm = GgufKey("tokenizer.ggml.model", 8, GgufText("llama"));
  const std::string tokens =
      GgufArray("tokenizer.ggml.tokens", 8, 2, GgufText("a") + GgufText("b"));
  const std::string merges = GgufArray("tokenizer.ggml.merges", 8, 0, "");
  const auto file = [&](std::vector<std::string> keys) { return With(std::move(keys)).Bytes(); };
  return {
      {"no tokens", file({model}), "tokenizer.ggml.tokens at byte 0: the key is missing"},
      {"model type", file({GgufKey("tokenizer.ggml.model", 4, Raw(1))}),
       "tokenizer.ggml.model at byte 101: not a string"},
      {"tokens type", file({model, GgufArray("tokenizer.ggml.tokens", 4, 1, Raw(1))}),
       "tokenizer.ggml.tokens at byte 158: not an array of strings"},
      {"no merges", file({model, tokens}), "tokenizer.ggml.merges at byte 0: the key is missing"},
      {"merge", file({model, tokens, GgufArray("tokenizer.ggml.merges", 8, 1, GgufText("ab"))}),
       "tokenizer.ggml.merges at byte 221: merge 0 is not two tokens"},
      {"merge of unknown tokens",
       file({model, tokens, GgufArray("tokenizer.ggml.merges", 8, 1, GgufText("x y"))}),
       "merges[0]"},
      {"token types",
       file({model, tokens, merges, GgufArray("tokenizer.ggml.token_type", 5, 1, Raw(1))}),
       "tokenizer.ggml.token_type at byte 270: 1 elements for 2 tokens"},
      {"token type",
       file({model, tokens, merges, GgufArray("tokenizer.ggml.token_type", 5, 2, Raw(1) + Raw(9))}),
       "tokenizer.ggml.token_type at byte 270: token 1 is of no known type"},
      {"no scores", file({spm, tokens}), "tokenizer.ggml.scores at byte 0: the key is missing"},
      {"score",
       file({spm, tokens,
             GgufArray("tokenizer.ggml.scores", 6, 2, Raw(1.0f) + Raw(__builtin_nanf("")))}),
       "scores[1]"},
      {"token twice",
       file({model, merges,
             GgufArray("tokenizer.ggml.tokens", 8, 2, GgufText("a") + GgufText("a"))}),
       "token 1 \"a\" is in the vocabulary twice"},
      {"bos", file({model, tokens, merges, GgufKey("tokenizer.ggml.bos_token_id", 4, Raw(2))}),
       "bos token id 2 is outside the vocabulary"},
      {"bos type", file({model, tokens, merges, GgufKey("tokenizer.ggml.bos_token_id", 7, "\1")}),
       "tokenizer.ggml.bos_token_id at byte 260: not a token id"},
      {"no architecture",
       [] {
         RawGguf gguf;
         gguf.keys.clear();
         return gguf.Bytes();
       }(),
       "general.architecture at byte 0: the key is missing"},
      {"split count", file({GgufKey("split.count", 4, Raw(uint32_t{70'000}))}),
       "split.count at byte 92: 70000 is impossible"},
  };
}

// Tokenisers that are not BPE. The tokens of the last would make a large tree of a small file.
std::vector<BadFile> BadTrees() {
  const auto file = [](std::vector<std::string> keys) { return With(std::move(keys)).Bytes(); };
  const auto tokens = [](const std::string& more) {
    return GgufArray("tokenizer.ggml.tokens", 8, 2, GgufText("[UNK]") + GgufText(more));
  };
  const auto model = [](const char* name) {
    return GgufKey("tokenizer.ggml.model", 8, GgufText(name));
  };
  const std::string scores = GgufArray("tokenizer.ggml.scores", 6, 2, Raw(1.0f) + Raw(2.0f));
  const auto charsmap = [&](uint32_t type, uint64_t count, const std::string& bytes) {
    return file({model("t5"), tokens("a"), scores,
                 GgufArray("tokenizer.ggml.precompiled_charsmap", type, count, bytes)});
  };
  const auto parts = [&](const std::string& json) {
    return file({model("bert"), tokens("a"), GgufKey("parvis.tokenizer.parts", 8, GgufText(json))});
  };
  std::string many;
  for (int i = 0; i < 1100; ++i) many += GgufText(std::to_string(i) + std::string(4000, 'x'));
  return {
      {"unigram without scores", file({model("t5"), tokens("a")}), "tokenizer.ggml.scores"},
      {"unigram without unknown", file({model("t5"), tokens("a"), scores}), "unknown"},
      {"charsmap of words", charsmap(5, 1, Raw(1)), "precompiled_charsmap at byte"},
      {"charsmap cut", charsmap(0, 3, "abc"), "precompiled_charsmap"},
      {"wordpiece without unknown", file({model("bert"), tokens("a")}), "unknown"},
      {"parts not JSON", parts("{"), "parvis.tokenizer.parts at byte"},
      {"parts of a list", parts("[]"), "parvis.tokenizer.parts at byte"},
      {"parts with a token outside", parts(R"({"tokens":{"2":"x"}})"), "tokens[\"2\"]"},
      {"parts with a normaliser", parts(R"({"normalizer":{"type":"Nmt"}})"), "normalizer"},
      {"a large tree", file({model("bert"), GgufArray("tokenizer.ggml.tokens", 8, 1100, many)}),
       "longer than 4 MiB together"},
  };
}

void ExpectRefused(const BadFile& bad, const TempFolder& folder) {
  const std::string path = folder.Write("bad.gguf", bad.bytes);
  ResetPeakBytesAllocated();
  const size_t before = BytesAllocated();
  const auto file = OpenModel(path);
  EXPECT_LE(PeakBytesAllocated() - before, bad.bytes.size() + kAllowedBytes) << bad.name;
  ASSERT_FALSE(file.ok()) << bad.name;
  EXPECT_EQ(file.status().code(), StatusCode::kDataLoss) << bad.name;
  EXPECT_THAT(file.status().message(), testing::StartsWith(path + ": ")) << bad.name;
  EXPECT_THAT(file.status().message(), testing::HasSubstr(bad.message)) << bad.name;
}

TEST(BadGguf, IsRefusedByFieldAndByte) {
  const TempFolder folder;
  for (const auto& files :
       {HeaderFiles(), KeyFiles(), TensorFiles(), TokenizerFiles(), BadTrees()}) {
    for (const BadFile& bad : files) ExpectRefused(bad, folder);
  }
}

// What costs the most for its size: many empty strings, many keys, many tensors.
TEST(BadGguf, CostsLittleMemory) {
  const TempFolder folder;
  const std::string model = GgufKey("tokenizer.ggml.model", 8, GgufText("gpt2"));
  std::string empty_strings(size_t{8} << 19, '\0');
  ExpectRefused(
      {"empty tokens",
       With({model, GgufArray("tokenizer.ggml.tokens", 8, 1 << 19, empty_strings)}).Bytes(),
       "tokenizer.ggml"},
      folder);
  empty_strings.resize(size_t{8} << 22);
  ExpectRefused(
      {"too many tokens",
       With({model, GgufArray("tokenizer.ggml.tokens", 8, 1 << 22, empty_strings)}).Bytes(),
       "4194304 tokens, 1 to 524288 are read"},
      folder);
  std::vector<std::string> keys, tensors;
  for (int i = 0; i < 65'000; ++i) keys.push_back(GgufKey(std::to_string(i), 0, "x"));
  for (int i = 0; i < 32'000; ++i) tensors.push_back(GgufTensor(std::to_string(i), {1}, 0, i * 32));
  ExpectRefused({"keys and tensors", With(keys, tensors).Bytes(),
                 "tensor \"0\", offset at byte 2331872: needs 4 bytes there"},
                folder);
}

// Cutting a good file anywhere is refused or leaves a good file; never a crash (run under asan).
TEST(BadGguf, TruncatedAnywhere) {
  RawGguf gguf = With({GgufKey("tokenizer.ggml.model", 8, GgufText("gpt2")),
                       GgufArray("tokenizer.ggml.tokens", 8, 2, GgufText("a") + GgufText("b")),
                       GgufArray("tokenizer.ggml.merges", 8, 0, "")},
                      {GgufTensor("t", {4, 2}, 0, 0)}, std::string(32, 0));
  const std::string bytes = gguf.Bytes();
  ASSERT_TRUE(ParseGguf(AsBytes(bytes)).ok());
  for (size_t size = 0; size < bytes.size(); ++size) {
    const std::string cut = bytes.substr(0, size);
    const auto parsed = ParseGguf(AsBytes(cut));
    ASSERT_FALSE(parsed.ok()) << size;
    EXPECT_EQ(parsed.status().code(), StatusCode::kDataLoss);
    EXPECT_THAT(parsed.status().message(), testing::HasSubstr(" at byte "));
  }
  // Every single byte changed to every of a few values.
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (const char value : {'\0', '\1', '\x7f', '\xff'}) {
      std::string changed = bytes;
      changed[i] = value;
      const auto parsed = ParseGguf(AsBytes(changed));
      if (parsed.ok()) (void)TokenizerFromGguf(*parsed).ok();
    }
  }
}

}  // namespace
}  // namespace parvis::formats
