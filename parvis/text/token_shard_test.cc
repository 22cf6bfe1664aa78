#include "parvis/text/token_shard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "parvis/core/random.h"
#include "parvis/text/token_shard_layout.h"
#include "tests/scratch_test.h"

namespace parvis::text {
namespace {

using testing::HasSubstr;

struct Text {
  std::string name;
  int64_t bytes;
  std::vector<TokenId> ids;
};

std::vector<Text> Texts(int count, int64_t vocab_size, uint64_t most) {
  Random random(7);
  std::vector<Text> texts;
  for (int i = 0; i < count; ++i) {
    Text text{"été/" + std::to_string(i), i * 11, {}};
    text.ids.resize(random.Below(most + 1));
    for (TokenId& id : text.ids) id = static_cast<TokenId>(random.Below(vocab_size));
    texts.push_back(std::move(text));
  }
  return texts;
}

std::string Written(int64_t vocab_size, const std::vector<Text>& texts,
                    const Json& metadata = Json::object()) {
  std::string bytes;
  TokenShardWriter writer(vocab_size, Sha256("tokenizer"), [&](std::string_view part) {
    bytes += part;
    return Status();
  });
  for (const Text& text : texts) {
    EXPECT_TRUE(writer.Add(text.name, text.bytes, text.ids).ok());
  }
  EXPECT_TRUE(writer.Finish(metadata).ok());
  return bytes;
}

Result<std::shared_ptr<const TokenShard>> Parse(const std::string& bytes) {
  return TokenShard::Parse(std::as_bytes(std::span(bytes)));
}

// What is wrong with a file, when it is opened or when all of it is read.
Status Check(const std::string& bytes) {
  PARVIS_ASSIGN_OR_RETURN(const auto shard, Parse(bytes));
  for (int64_t i = 0; i < shard->num_documents(); ++i) {
    std::vector<TokenId> ids(shard->size(i));
    PARVIS_RETURN_IF_ERROR(shard->Read(i, 0, ids));
  }
  return {};
}

// Of a file that was changed: the checksum of its index, as if it had been written so.
std::string Signed(std::string bytes, size_t tail) {
  const size_t end = bytes.size() - shard::kDigestBytes;
  const Sha256Digest digest = Sha256(std::string_view(bytes).substr(tail, end - tail));
  std::memcpy(bytes.data() + end, digest.data(), digest.size());
  return bytes;
}

TEST(TokenShard, GivesBackWhatWasWritten) {
  // Two and four bytes a token; the second and the third have several blocks.
  for (const auto& [vocab_size, count, most] :
       {std::tuple(int64_t{300}, 9, 20), {int64_t{65536}, 40, 30000}, {int64_t{70000}, 9, 30000}}) {
    const std::vector<Text> texts = Texts(count, vocab_size, most);
    const std::string bytes = Written(vocab_size, texts, {{"corpus", "c"}});
    const auto shard = Parse(bytes);
    ASSERT_TRUE(shard.ok()) << shard.status().message();
    const TokenShard& s = **shard;
    EXPECT_EQ(s.num_documents(), count);
    EXPECT_EQ(s.vocab_size(), vocab_size);
    EXPECT_EQ(s.tokenizer_sha256(), Sha256Hex("tokenizer"));
    EXPECT_EQ(s.metadata()["corpus"], "c");
    EXPECT_LT(bytes.size(),
              s.num_tokens() * (vocab_size <= 65536 ? 2 : 4) * 1.001 + 40 * count + 300);
    int64_t tokens = 0, text_bytes = 0;
    for (int i = 0; i < count; ++i) {
      const auto size = static_cast<int64_t>(texts[i].ids.size());
      ASSERT_EQ(s.size(i), size);
      EXPECT_EQ(s.name(i), texts[i].name);
      EXPECT_EQ(s.text_bytes(i), texts[i].bytes);
      for (const auto& [begin, end] : {std::pair(int64_t{0}, size), {size / 3, size - size / 4}}) {
        std::vector<TokenId> ids(std::max<int64_t>(0, end - begin));
        ASSERT_TRUE(s.Read(i, std::min(begin, end), ids).ok());
        EXPECT_TRUE(
            std::equal(ids.begin(), ids.end(), texts[i].ids.begin() + std::min(begin, end)));
      }
      tokens += size;
      text_bytes += texts[i].bytes;
    }
    EXPECT_EQ(s.num_tokens(), tokens);
    EXPECT_EQ(s.text_bytes(), text_bytes);
  }
}

TEST(TokenShard, HoldsNothingOrEmptyTexts) {
  EXPECT_TRUE(Check(Written(300, {})).ok());
  EXPECT_TRUE(Check(Written(300, {{"a", 0, {}}, {"", 3, {}}})).ok());
}

TEST(TokenShard, NoticesEveryBitAndEveryMissingByte) {
  const std::string good = Written(300, Texts(5, 300, 20), {{"corpus", "c"}});
  ASSERT_TRUE(Check(good).ok());
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(Check(good.substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(Check(good + '\0').ok());
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    const Status status = Check(bad);
    EXPECT_FALSE(status.ok()) << "bit " << bit;
    EXPECT_THAT(status.message(), HasSubstr("at byte ")) << "bit " << bit;
  }
}

TEST(TokenShard, NamesWhatIsWrong) {
  const std::string good = Written(300, {{"one", 5, {1, 2, 3}}, {"two", 6, {299}}});
  // head 16, four tokens 8, one checksum 32, index 48, names 6, "{}" 2, trailer 104
  ASSERT_EQ(good.size(), 216u);
  const size_t tail = 24, index = 56, names = 104, metadata = 110, trailer = 112;
  const auto with = [&](size_t at, const std::string& bytes) {
    std::string bad = good;
    bad.replace(at, bytes.size(), bytes);
    return Check(Signed(bad, tail)).message();
  };
  const auto number = [](uint64_t value) {
    return std::string(reinterpret_cast<const char*>(&value), 8);
  };
  EXPECT_EQ(with(0, "P"), "");  // Signed() itself changes nothing
  EXPECT_EQ(Check("").message(), "magic at byte 0: needs 8 bytes, 0 are left");
  EXPECT_THAT(with(0, "GGUF"), HasSubstr("magic at byte 0: not a file of tokens"));
  EXPECT_THAT(with(8, "\x02"), HasSubstr("version at byte 8: 2; known is 1"));
  EXPECT_THAT(with(12, "\x03"), HasSubstr("bytes of a token at byte 12: 3, not 2 or 4"));
  EXPECT_THAT(Check(good.substr(0, 60)).message(),
              HasSubstr("trailer at byte 16: the file is cut"));
  for (const auto& [at, value] : {std::pair(0, ~uint64_t{0}),
                                  {0, uint64_t{109}},
                                  {8, uint64_t{10}},
                                  {16, ~uint64_t{0}},
                                  {24, uint64_t{2} << 20},
                                  {32, ~uint64_t{0}}}) {
    EXPECT_THAT(with(trailer + at, number(value)), HasSubstr("cannot be")) << at;
  }
  EXPECT_THAT(with(trailer, number(5)), HasSubstr("at byte"));      // one token more
  EXPECT_THAT(with(trailer + 8, number(1)), HasSubstr("at byte"));  // one document less
  EXPECT_THAT(with(index, number(5)), HasSubstr("end of a document at byte 56: 5 is not between"));
  EXPECT_THAT(with(index + 24, number(2)), HasSubstr("end of a document at byte 80: 2 is not"));
  EXPECT_THAT(with(index + 24, number(3)), HasSubstr("index at byte 56: ends before"));
  EXPECT_THAT(with(index + 8, number(7)), HasSubstr("end of a name at byte 64: 7 is not between"));
  EXPECT_THAT(with(index + 16, number(~uint64_t{0})), HasSubstr("bytes of a text at byte 72"));
  EXPECT_THAT(with(names, "\xFF"), HasSubstr("name of a document at byte 64: is not UTF-8"));
  EXPECT_THAT(with(metadata, "[]"), HasSubstr("metadata at byte 110: no object"));
  EXPECT_THAT(with(metadata, "{{"), HasSubstr("metadata at byte 110: "));
  EXPECT_THAT(with(trailer + 32, number(299)),
              HasSubstr("tokens at byte 16: one of them is not in the vocabulary"));
  EXPECT_THAT(with(16, "\x09"), HasSubstr("tokens at byte 16: their checksum does not fit"));
}

// Only what is read is checked; what was checked is given out.
TEST(TokenShard, ChecksABlockWhenItIsFirstRead) {
  std::vector<TokenId> first(TokenShard::kBlockBytes / 2, 1), second(100, 2);
  std::string bytes = Written(300, {{"a", 1, first}, {"b", 1, second}});
  bytes[shard::kHeadBytes + TokenShard::kBlockBytes + 7] ^= 1;
  const auto shard = Parse(bytes);
  ASSERT_TRUE(shard.ok());
  std::vector<TokenId> ids(10);
  EXPECT_TRUE((*shard)->Read(0, 5, ids).ok());
  EXPECT_EQ(ids[0], 1);
  EXPECT_THAT((*shard)->Read(1, 0, ids).message(), HasSubstr("tokens at byte 262160: "));
}

using TokenShardFile = ScratchTest;

TEST_F(TokenShardFile, IsNamedWhenItCannotBeRead) {
  EXPECT_THAT(TokenShard::Open(folder_ + "/none.tokens").status().message(),
              HasSubstr("none.tokens"));
  const std::string path = Write("bad.tokens", "PARVTOKS");
  EXPECT_THAT(TokenShard::Open(path).status().message(),
              HasSubstr("bad.tokens: version at byte 8"));
  const auto good = TokenShard::Open(Write("good.tokens", Written(300, Texts(3, 300, 9))));
  ASSERT_TRUE(good.ok()) << good.status().message();
  EXPECT_EQ((*good)->num_documents(), 3);
}

}  // namespace
}  // namespace parvis::text
