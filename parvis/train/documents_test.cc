#include "parvis/train/documents.h"

#include <sys/resource.h>

#include <cstdlib>
#include <filesystem>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "parvis/core/file.h"
#include "parvis/core/sha256.h"
#include "parvis/train/objectives.h"
#include "tests/packed_xz.h"
#include "tests/scratch_test.h"

namespace parvis::train {
namespace {

using testing::HasSubstr;

class DocumentsTest : public ScratchTest {
 protected:
  static int64_t PeakMemory() {  // bytes
    rusage usage;
    ::getrusage(RUSAGE_SELF, &usage);
    return int64_t{1024} * usage.ru_maxrss;
  }
};

TEST_F(DocumentsTest, WalksAFolderByName) {
  Write("b.jsonl",
        "{\"id\":\"x\",\"text\":\"Second\",\"license\":\"CC0\"}\n\n{\"text\":\"Third\"}");
  Write("a/one.txt", "First\n\nstill first");
  Write("c.jsonl.xz", PackedXz("{\"text\":\"Fourth\"}\n"));
  Write("notes.md", "not text to train on");
  Write("heldout.en.txt", "kept for evaluation");
  const Result<Documents> read = ReadDocuments({{folder_}}, false);
  ASSERT_TRUE(read.ok()) << read.status().message();
  ASSERT_EQ(read->documents.size(), 4u);
  EXPECT_EQ(read->documents[0].text, "First\n\nstill first");
  EXPECT_EQ(read->documents[1].id, "x");
  EXPECT_EQ(read->documents[2].id, "b.jsonl:3");
  EXPECT_EQ(read->documents[3].text, "Fourth");
  ASSERT_EQ(read->files.size(), 3u);
  EXPECT_EQ(read->files[1].documents, 2);
  EXPECT_EQ(read->files[1].text_bytes, 11);
  EXPECT_EQ(read->files[1].licences.at("CC0"), 1);
  EXPECT_EQ(read->files[1].licences.at(""), 1);
  EXPECT_EQ(read->files[1].sha256, *Sha256HexOfFile(folder_ + "/b.jsonl"));
}

TEST_F(DocumentsTest, MixesByTheSourceThatRowsName) {
  const std::string path =
      Write("set.jsonl",
            "{\"text\":\"a\",\"source\":\"tales\"}\n{\"text\":\"b\",\"source\":"
            "\"manuals\"}\n{\"text\":\"c\",\"source\":\"else\"}\n{\"text\":\"d\"}\n");
  const auto mixed = ReadDocuments({{path}}, false, {}, {{"manuals", 0.5}, {"tales", 2.0}});
  ASSERT_TRUE(mixed.ok()) << mixed.status().message();
  std::vector<size_t> sources;
  for (const Document& document : mixed->documents) sources.push_back(document.source);
  EXPECT_EQ(sources, (std::vector<size_t>{2, 1, 0, 0}));
  EXPECT_THAT(ReadDocuments({{path}}, false, {}, {{"tails", 2.0}}).status().message(),
              HasSubstr("no document has the \"source\" \"tails\""));
}

// `source` of such a row is the name of where it is from, not what is to be translated.
TEST_F(DocumentsTest, ReadsPairsOfADataSet) {
  const std::string path =
      Write("set.jsonl",
            "{\"source\":\"tatoeba\",\"text\":\"Hello\",\"target\":\"Salut\"}\n"
            "{\"source\":\"Bye\",\"target\":\"Adieu\"}\n");
  const auto read = ReadDocuments({{path}}, false, RowFormatOf(ObjectiveKind::kPairs));
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(read->documents[0].text, "Hello");
  EXPECT_EQ(read->documents[0].second, "Salut");
  EXPECT_EQ(read->documents[1].text, "Bye");
}

TEST_F(DocumentsTest, SplitsParagraphs) {
  const std::string path = Write("p.txt", "One\nline\n\n\nTwo\n\n  \n\nThree");
  const Result<Documents> read = ReadDocuments({{path}}, true);
  ASSERT_TRUE(read.ok());
  ASSERT_EQ(read->documents.size(), 3u);
  EXPECT_EQ(read->documents[0].text, "One\nline");
  EXPECT_EQ(read->documents[2].text, "Three");
}

TEST_F(DocumentsTest, RefusesWhatIsNoText) {
  const auto message = [this](const std::string& name, const std::string& content) {
    const Result<Documents> read = ReadDocuments({{Write(name, content)}}, false);
    return read.ok() ? "accepted" : read.status().message();
  };
  EXPECT_THAT(message("a.jsonl", "{\"text\":\"x\"}\n{\"text\":}"), HasSubstr("a.jsonl:2: "));
  EXPECT_THAT(message("a.jsonl", "{\"txt\":\"x\"}"), HasSubstr("a.jsonl:1: no \"text\""));
  EXPECT_THAT(message("a.jsonl", "[1]"), HasSubstr("a.jsonl:1: no \"text\""));
  EXPECT_THAT(message("a.jsonl", "{\"text\":7}"), HasSubstr("a.jsonl:1: no \"text\""));
  EXPECT_THAT(message("a.txt", " \n "), HasSubstr("no text in "));
  EXPECT_THAT(message("a.pdf", "x"), HasSubstr("not a .txt or .jsonl"));
  EXPECT_THAT(message("a.txt.xz", "x"), HasSubstr("a.txt.xz: xz data at byte"));
  const std::string packed = PackedXz("some text that is long enough to be cut");
  EXPECT_THAT(message("a.txt.xz", packed.substr(0, packed.size() / 2)), HasSubstr("cut short"));
  EXPECT_FALSE(ReadDocuments({{folder_ + "/none.txt"}}, false).ok());
}

TEST_F(DocumentsTest, NamesWhereATextIsNotUtf8) {
  const auto message = [this](const std::string& name, std::string_view content) {
    const Result<Documents> read = ReadDocuments({{Write(name, content)}}, false);
    return read.ok() ? "accepted" : read.status().message();
  };
  EXPECT_THAT(message("l.txt", "caf\xE9 noir"),
              HasSubstr("l.txt: byte 3: 0xE9 is not UTF-8; looks like ISO-8859-1"));
  EXPECT_THAT(message("w.jsonl", "{\"text\":\"a\"}\n{\"text\":\"\x93quoted\x94\"}"),
              HasSubstr("w.jsonl: byte 22: 0x93 is not UTF-8"));
  EXPECT_THAT(message("u.txt", std::string_view("\xFF\xFEh\0i\0", 6)), HasSubstr("UTF-16"));
  EXPECT_THAT(message("z.txt", std::string_view("ab\0c", 4)), HasSubstr("byte 2: a zero byte"));
  const Result<Documents> marked = ReadDocuments({{Write("bom.txt", "\xEF\xBB\xBFone")}}, false);
  ASSERT_TRUE(marked.ok());
  EXPECT_EQ(marked->documents[0].text, "one");
}

TEST_F(DocumentsTest, RefusesALineThatIsTooLongWithoutReadingIt) {
  const std::string path = Write("long.jsonl", "{\"text\":\"a\"}\n");
  std::filesystem::resize_file(path, int64_t{1} << 30);  // a hole: no line ends in it
  const int64_t before = PeakMemory();
  EXPECT_THAT(ReadDocuments({{path}}, false).status().message(),
              HasSubstr("long.jsonl:2: the line at byte 13 has more than 67108864 bytes"));
  EXPECT_LT(PeakMemory() - before, int64_t{700} << 20);
}

TEST_F(DocumentsTest, RefusesADocumentThatIsTooLong) {
  std::string text(size_t{129} << 20, 'a');
  for (size_t at = 50; at < text.size(); at += 51) text[at] = ' ';
  const std::string path = Write("long.txt", text);
  EXPECT_THAT(
      ReadDocuments({{path}}, false).status().message(),
      HasSubstr(
          "long.txt: more than 134217728 bytes of text in one document; split = \"paragraphs\""));
  EXPECT_THAT(ReadDocuments({{path}}, true).status().message(),
              HasSubstr("long.txt: paragraph 1 at byte 0: more than 134217728 bytes"));
  text[1000] = text[1001] = '\n';
  EXPECT_THAT(ReadDocuments({{Write("long.txt", text)}}, true).status().message(),
              HasSubstr("long.txt: paragraph 2 at byte 1002: more than 134217728 bytes"));
}

}  // namespace
}  // namespace parvis::train
