#include "parvis/data/reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "parvis/data/markup.h"
#include "parvis/text/input_stream.h"
#include "tests/scratch_test.h"

namespace parvis::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ReaderTest : public ScratchTest {
 protected:
  // "id|text|target" of each document, or the message of the refusal last.
  static std::vector<std::string> Read(const std::string& path, const ReadOptions& options = {}) {
    std::vector<std::string> all;
    const Status status = ReadDocumentsOf(path, options, [&](const RawDocument& d) -> Status {
      all.push_back(d.id + "|" + d.text + (d.target.empty() ? "" : "|" + d.target));
      return {};
    });
    if (!status.ok()) all.push_back(status.message());
    return all;
  }
};

TEST_F(ReaderTest, CutsTextFilesAsAsked) {
  const std::string path = Write("a.txt", "\xEF\xBB\xBFone\r\ntwo\n\n\nthree");
  EXPECT_THAT(Read(path), ElementsAre("a.txt|one\r\ntwo\n\n\nthree"));
  EXPECT_THAT(Read(path, {.split = "paragraphs"}),
              ElementsAre("a.txt:1|one\ntwo", "a.txt:5|three"));
  EXPECT_THAT(Read(path, {.split = "lines"}),
              ElementsAre("a.txt:1|one", "a.txt:2|two", "a.txt:5|three"));
  EXPECT_THAT(Read(Write("empty.txt", "")), ElementsAre("empty.txt|"));
}

TEST_F(ReaderTest, ReadsRowsAndColumns) {
  EXPECT_THAT(Read(Write("a.jsonl", "{\"id\": 7, \"text\": \"é\"}\n\n{\"text\": \"b\"}")),
              ElementsAre("7|é", "a.jsonl:3|b"));
  EXPECT_THAT(Read(Write("a.csv", "id,text\nx,\"one, \"\"two\"\"\nthree\"\n,four\n")),
              ElementsAre("x|one, \"two\"\nthree", "a.csv:4|four"));
  EXPECT_THAT(Read(Write("a.tsv", "Hi\tSalut\nYes\tOui\n"),
                   {.format = "pairs", .source_field = "0", .target_field = "1"}),
              ElementsAre("a.tsv:1|Hi|Salut", "a.tsv:2|Yes|Oui"));
  EXPECT_THAT(Read(Write("p.jsonl", "{\"source\": \"a\", \"target\": \"b\"}"), {.format = "pairs"}),
              ElementsAre("p.jsonl:1|a|b"));
}

TEST_F(ReaderTest, NamesThePlaceOfWhatIsWrong) {
  const auto last = [](const std::vector<std::string>& all) { return all.back(); };
  EXPECT_THAT(last(Read(Write("l.txt", "caf\xE9 noir"))),
              HasSubstr("l.txt: byte 3: 0xE9 is not UTF-8; looks like ISO-8859-1"));
  EXPECT_THAT(last(Read(Write("w.txt", "a \x93quoted\x94 b"))), HasSubstr("Windows-1252"));
  EXPECT_THAT(last(Read(Write("u.txt", std::string_view("\xFF\xFEh\0i\0", 6)))),
              HasSubstr("UTF-16"));
  EXPECT_THAT(last(Read(Write("z.txt", std::string_view("ab\0c", 4)))),
              HasSubstr("byte 2: a zero byte"));
  EXPECT_THAT(last(Read(Write("r.jsonl", "{\"text\": \"a\"}\n{\"text\": 5}\n"))),
              HasSubstr("r.jsonl:2: no text \"text\""));
  EXPECT_THAT(last(Read(Write("b.jsonl", "{\"text\": \"a\"\n"))), HasSubstr("b.jsonl:1"));
  EXPECT_THAT(last(Read(Write("q.csv", "text\n\"open\n"))), HasSubstr("q.csv:2: a quote"));
  EXPECT_THAT(last(Read(Write("c.csv", "a,b\n1,2\n"))), HasSubstr("no column \"text\""));
  EXPECT_THAT(last(Read(Write("n.csv", "text,b\n1\n"))), HasSubstr("n.csv:2: 1 columns"));
  EXPECT_THAT(last(Read(Write("x.bin", "a"))), HasSubstr("not a file that can be read"));
  EXPECT_THAT(last(Read(Write("x.txt.xz", "no xz"))), HasSubstr("damaged or cut short"));
  EXPECT_THAT(last(Read(folder_ + "/none.txt")), HasSubstr("none.txt"));
}

TEST_F(ReaderTest, RefusesALineThatIsTooLongWithoutReadingIt) {
  const std::string path = Write("long.jsonl", "{}\n");
  std::filesystem::resize_file(path, int64_t{1} << 30);  // a hole: no line ends in it
  const std::vector<std::string> all = Read(path, {.format = "text", .split = "lines"});
  EXPECT_THAT(all.back(), HasSubstr("long.jsonl:2: the line at byte 3 has more than"));
  EXPECT_THAT(Read(path, {.format = "text"}).back(), HasSubstr("a zero byte"));
}

TEST_F(ReaderTest, ReadsRowsOnAllThreadsInOrder) {
  std::string rows;
  const std::string words(2000, 'w');
  for (int i = 0; i < 9000; ++i) {
    rows += i == 7000 ? "{\"text\": 5}\n"
                      : "{\"id\": " + std::to_string(i) + ", \"text\": \"" + words + "\"}\n";
  }
  rows += "\xFF\n";
  const std::string path = Write("many.jsonl", rows);
  const std::vector<std::string> one = Read(path);
  ThreadPool pool(3);
  std::vector<std::string> all;
  const Status status = ReadDocumentsOf(path, {}, pool, [&](const RawDocument& d) -> Status {
    all.push_back(d.id + "|" + d.text);
    return {};
  });
  all.push_back(status.message());
  EXPECT_EQ(all.size(), 7001u);
  EXPECT_THAT(all.back(), HasSubstr("many.jsonl:7001: no text"));
  EXPECT_EQ(all, one);
  int visited = 0;  // nobody is visited after a refusal
  EXPECT_EQ(ReadDocumentsOf(
                path, {}, pool,
                [&](const RawDocument&) { return ++visited < 10 ? Status() : Cancelled("enough"); })
                .message(),
            "enough");
  EXPECT_EQ(visited, 10);
}

TEST_F(ReaderTest, BlocksHoldAllText) {
  std::string text;
  for (int i = 0; text.size() < 3'500'000; ++i) text += "line é " + std::to_string(i) + "\n";
  std::string joined;
  int blocks = 0;
  ASSERT_TRUE(ReadDocumentsOf(Write("b.txt", text), {.split = "blocks"},
                              [&](const RawDocument& d) -> Status {
                                joined += d.text;
                                ++blocks;
                                return {};
                              })
                  .ok());
  EXPECT_EQ(joined, text);
  EXPECT_EQ(blocks, 4);
}

TEST(Markup, MarkdownLeavesItsWords) {
  const auto plain = PlainOfMarkdown(
      "---\ntitle: \"My page\"\nlang: fr\n---\n# Head\n\nSome *words* and a [link](http://x.y).\n"
      "Same paragraph.\n\n- one\n- two\n\n| a | b |\n|---|---|\n| c | d |\n\n```c\nint x;\n```\n"
      "<script>no</script>\n");
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(plain->title, "My page");
  EXPECT_EQ(plain->language, "fr");
  EXPECT_EQ(plain->text,
            "Head\n\nSome words and a link. Same paragraph.\n\n- one\n- two\n\na b\nc d\n\nint x;");
}

TEST(Markup, HtmlLeavesItsWords) {
  const auto plain = PlainOfHtml(
      "<!doctype html><html lang=fr><head><title> A  page</title><meta name=author content=Zoé>"
      "<style>p {x: y}</style></head><body><nav>Home</nav><h1>Head</h1><p>Some <b>words</b>\n and "
      "&eacute;t&eacute;.<p>More<br>lines<ul><li>one<li>two</ul><script>if (a < b) no();</script>"
      "<div hidden>no</div><pre>a\n  b</pre><table><tr><td>c<td>d</table>");
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(plain->title, "A  page");
  EXPECT_EQ(plain->language, "fr");
  EXPECT_EQ(plain->author, "Zoé");
  EXPECT_EQ(plain->text,
            "Head\n\nSome words and été.\n\nMore\nlines\n\n- one\n- two\n\na\n  b\n\nc d");
}

TEST(Markup, DeepNestingIsSurvived) {
  std::string html, markdown;
  for (int i = 0; i < 100000; ++i) html += "<div>", markdown += "> ";
  EXPECT_TRUE(PlainOfHtml(html + "text").ok());
  EXPECT_TRUE(PlainOfMarkdown(markdown + "text").ok());
}

}  // namespace
}  // namespace parvis::data
