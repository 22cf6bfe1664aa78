// What our trainers learn compresses text as well as what Hugging Face's learn from the same text
// (tools/goldens/make_trained.py).

#include <gtest/gtest.h>

#include <algorithm>

#include "parvis/core/file.h"
#include "parvis/core/json.h"
#include "parvis/text/input_stream.h"
#include "parvis/text/tokenizer_trainer.h"

namespace parvis::text {
namespace {

// Passages of books in two languages.
std::vector<std::string> Texts(const std::string& name) {
  std::vector<std::string> texts;
  const std::string path = std::string(PARVIS_SOURCE_DIR) + "/recipes/texts/" + name;
  LineReader lines(InputStream::Open(path).value());
  std::string_view line;
  while (lines.Next(line).value()) texts.push_back(ParseJson(line).value()["text"]);
  return texts;
}

const std::vector<std::string>& Learned() {
  static const auto* texts = new std::vector<std::string>(Texts("authors.jsonl.xz"));
  return *texts;
}

// Of other books.
const std::vector<std::string>& HeldOut() {
  static const auto* texts = new std::vector<std::string>(Texts("heldout_authors.jsonl.xz"));
  return *texts;
}

class TrainedCompression : public testing::TestWithParam<const char*> {
 protected:
  std::unique_ptr<Tokenizer> Learn(int threads, int64_t vocab_size) {
    TokenizerTrainerOptions options;
    options.kind = TokenizerKindFromName(GetParam()).value();
    options.vocab_size = vocab_size;
    options.pre_tokenizer = PreTokenizer::kGpt2;
    if (options.kind == TokenizerTrainerOptions::Kind::kByteBpe) {
      options.special_tokens = {"<|endoftext|>"};
    }
    ThreadPool pool(threads);
    TokenizerTrainer trainer(options, pool);
    for (const std::string& text : Learned()) trainer.Add(text);
    auto tokenizer = trainer.Train();
    EXPECT_TRUE(tokenizer.ok()) << tokenizer.status().message();
    return tokenizer.ok() ? std::move(tokenizer).value() : nullptr;
  }
};

TEST_P(TrainedCompression, IsThatOfTheReferenceWithinAHundredth) {
  const Json golden =
      ParseJson(ReadFile(std::string(PARVIS_SOURCE_DIR) + "/tests/golden/trained.json").value())
          .value()[GetParam()];
  const auto tokenizer = Learn(2, golden["vocab_size"]);
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_EQ(tokenizer->vocab_size(), golden["vocab_size"].get<int>());
  int64_t tokens = 0, unknown = 0;
  for (const std::string& text : HeldOut()) {
    const Encoded encoded = tokenizer->Encode(text, {.add_special = false});
    tokens += static_cast<int64_t>(encoded.ids.size());
    for (const TokenId id : encoded.ids) unknown += tokenizer->unknown() == id;
  }
  EXPECT_LE(static_cast<double>(tokens), 1.01 * golden["tokens"].get<double>());
  // A letter that is very rare is in one vocabulary and not in the other.
  EXPECT_NEAR(static_cast<double>(unknown), golden["unknown"].get<double>(), 1);
}

TEST_P(TrainedCompression, LearnsTheSameWithAnyNumberOfThreads) {
  const auto one = Learn(1, 500), three = Learn(3, 500);
  ASSERT_NE(one, nullptr);
  ASSERT_NE(three, nullptr);
  const std::string json = WriteTokenizerJson(*one);
  EXPECT_EQ(json, WriteTokenizerJson(*three));
  // And reads back as the same tokeniser.
  auto again = ReadTokenizerJson(json, WriteTokenizerConfigJson(*one));
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ((*again)->padding(), one->padding());
  EXPECT_EQ((*again)->Encode(HeldOut()[0]).ids, one->Encode(HeldOut()[0]).ids);
  EXPECT_EQ((*again)->Encode(HeldOut().back()).ids, one->Encode(HeldOut().back()).ids);
}

INSTANTIATE_TEST_SUITE_P(Kinds, TrainedCompression, testing::Values("bpe", "unigram", "wordpiece"),
                         [](const auto& info) { return std::string(info.param); });

TEST(PieceCounter, ForgetsTheRarestWhereThereAreTooMany) {
  ThreadPool pool(2);
  const auto words = [](std::string_view text, const PieceCounter::Emit& emit) {
    for (size_t at = 0; at < text.size();) {
      const size_t end = std::min(text.find(' ', at), text.size());
      emit(text.substr(at, end - at));
      at = end + 1;
    }
  };
  PieceCounter counter(pool, words, /*max_distinct=*/100);
  for (int i = 0; i < 5000; ++i) counter.Add("often once" + std::to_string(i) + " twice twice");
  const auto pieces = counter.Take();
  ASSERT_EQ(pieces.size(), 2u);
  EXPECT_EQ(pieces[0], (std::pair<std::string, int64_t>("often", 5000)));
  EXPECT_EQ(pieces[1], (std::pair<std::string, int64_t>("twice", 10000)));
  EXPECT_EQ(counter.forgotten_below(), 2);
}

TEST(PieceCounter, CutsALongTextWhereNoPieceCrosses) {
  const auto pattern = [](std::string_view text, const PieceCounter::Emit& emit) {
    for (size_t at = 0; at < text.size();) {
      const size_t end = PieceEnd(PreTokenizer::kLlama3, text, at);
      emit(text.substr(at, end - at));
      at = end;
    }
  };
  std::string text;
  for (int i = 0; text.size() < 1'000'000; ++i) {
    text += "word" + std::to_string(i % 977) + (i % 3 == 0 ? ".\n" : i % 5 == 0 ? "\n\n  " : " ");
  }
  ThreadPool pool(2);
  PieceCounter counter(pool, pattern);
  counter.Add(text);
  PieceCounts whole;
  pattern(text, [&](std::string_view piece) { whole.Add(piece, 1); });
  const auto pieces = counter.Take();
  EXPECT_EQ(pieces.size(), whole.size());
  std::vector<std::pair<std::string, int64_t>> wanted;
  whole.ForEach([&](std::string_view piece, int64_t count, uint64_t) {
    wanted.emplace_back(std::string(piece), count);
  });
  std::sort(wanted.begin(), wanted.end());
  EXPECT_EQ(pieces, wanted);
}

}  // namespace
}  // namespace parvis::text
