#include "parvis/text/sentences.h"

#include <gtest/gtest.h>

namespace parvis::text {
namespace {

using Views = std::vector<std::string_view>;

TEST(Sentences, EndWhereSpaceAndNoSmallLetterFollow) {
  EXPECT_EQ(Sentences("One. Two?! \"Three.\" Four"),
            (Views{"One. ", "Two?! ", "\"Three.\" ", "Four"}));
  EXPECT_EQ(Sentences("It costs 3.50 euros, e.g. here. « Oui ! » dit-il."),
            (Views{"It costs 3.50 euros, e.g. here. ", "« Oui ! » dit-il."}));
  EXPECT_EQ(Sentences("a line\n\n  another\nlast"), (Views{"a line\n\n  ", "another\n", "last"}));
  EXPECT_EQ(Sentences("これはペンです。あれは？はい。"),
            (Views{"これはペンです。", "あれは？", "はい。"}));
  EXPECT_EQ(Sentences("Wait… What?"), (Views{"Wait… ", "What?"}));
  EXPECT_EQ(Sentences("a...... b.。C.。d!!! 5"), (Views{"a...... b.。", "C.。d!!! ", "5"}));
  EXPECT_EQ(Sentences("M. Dupont est là. Mme. Roux aussi."),
            (Views{"M. Dupont est là. ", "Mme. Roux aussi."}));
  EXPECT_EQ(Sentences("See fig. 3 and p. 12. Dr. J. R. Smith said so (cf. Mr. Hyde)."),
            (Views{"See fig. 3 and p. 12. ", "Dr. J. R. Smith said so (cf. Mr. Hyde)."}));
  EXPECT_EQ(Sentences("I like art. He does not, says No. 5. É. Zola"),
            (Views{"I like art. ", "He does not, says No. 5. ", "É. Zola"}));
  EXPECT_EQ(Sentences("In the U.S. They left at 5 p.m. Then we had an art. Aim high"),
            (Views{"In the U.S. ", "They left at 5 p.m. ", "Then we had an art. ", "Aim high"}));
  EXPECT_EQ(Sentences("Who? M! M? A. "), (Views{"Who? ", "M! ", "M? ", "A. "}));
  EXPECT_EQ(Sentences("«\u00a0M. Proust\u00a0», J.-P. Sartre"),
            (Views{"«\u00a0M. Proust\u00a0», J.-P. Sartre"}));
  EXPECT_EQ(Sentences(""), Views{});
  EXPECT_EQ(Sentences("   "), Views{"   "});
}

TEST(EndsAsSentence, IsTrueOfSignsAndWhatClosesBehindThem) {
  for (const char* text : {"One.", "Two?! ", "(Three.)", "« Oui ! »", "これはペンです。"}) {
    EXPECT_TRUE(EndsAsSentence(text)) << text;
  }
  for (const char* text : {"", " ", "# A title", "| 3.5 | 4. |", "3.5", "\")"}) {
    EXPECT_FALSE(EndsAsSentence(text)) << text;
  }
}

// What fits: so many bytes.
std::vector<TextPiece> Pack(std::string_view text, size_t room,
                            Together together = Together::kAll) {
  return PackSentences(text, together,
                       [room](std::string_view piece) { return piece.size() <= room; });
}

std::string Joined(const std::vector<TextPiece>& pieces) {
  std::string all;
  for (const TextPiece& piece : pieces) all += piece.text + piece.space;
  return all;
}

TEST(PackSentences, TakesAsManyWholeOnesAsFit) {
  const auto pieces = Pack("  One. Two. Three. Four.\n", 10);
  ASSERT_EQ(pieces.size(), 3u);
  EXPECT_EQ(pieces[0].text, "One. Two.");
  EXPECT_EQ(pieces[0].space, " ");
  EXPECT_EQ(pieces[1].text, "Three.");
  EXPECT_EQ(pieces[2].text, "Four.");
  EXPECT_EQ(pieces[2].space, "\n");
  for (const TextPiece& piece : pieces) EXPECT_FALSE(piece.within_sentence);
}

TEST(PackSentences, KeepsApartWhatIsNotToBeTogether) {
  EXPECT_EQ(Pack("One. Two.\nThree.", 100, Together::kNone).size(), 3u);
  EXPECT_EQ(Pack("One. Two.\nThree.", 100, Together::kOfALine).size(), 2u);
  EXPECT_EQ(Pack("One. Two.\nThree.", 100, Together::kAll).size(), 1u);
}

TEST(PackSentences, CutsWhatDoesNotFitAndLosesNothing) {
  const std::string text =
      "A short one. A sentence with far too many words to fit at once! "
      "Hippopotamushippopotamus. Été.\nàéîõüàéîõü\n\xff\xfe end";
  for (size_t room = 1; room < 80; ++room) {
    for (const Together together : {Together::kNone, Together::kOfALine, Together::kAll}) {
      const auto pieces = Pack(text, room, together);
      EXPECT_EQ(Joined(pieces), text) << room;
      for (const TextPiece& piece : pieces) {
        // A character goes alone even if it does not fit.
        EXPECT_LE(piece.text.size(), std::max<size_t>(room, 2)) << room;
        EXPECT_FALSE(piece.text.empty());
      }
    }
  }
  const auto pieces = Pack("too long for it. Ok.", 8);
  ASSERT_EQ(pieces.size(), 3u);
  EXPECT_EQ(pieces[0].text, "too long");
  EXPECT_TRUE(pieces[0].within_sentence);
  EXPECT_EQ(pieces[1].text, "for it.");
  EXPECT_FALSE(pieces[1].within_sentence);
}

// A word may have fewer tokens than its beginning: "abcdef" is one here, and any other letter.
TEST(PackSentences, TakesAWordThatIsShorterThanItsBeginning) {
  const auto fits = [](std::string_view piece) {
    size_t tokens = 0;
    for (size_t at = 0; at < piece.size(); ++tokens) {
      at += piece.substr(at).starts_with("abcdef") ? 6 : 1;
    }
    return tokens <= 4;
  };
  const auto pieces = PackSentences("x abcdef y abcdef abcdef", Together::kAll, fits);
  ASSERT_EQ(pieces.size(), 3u);
  EXPECT_EQ(pieces[0].text, "x abcdef");
  EXPECT_EQ(pieces[1].text, "y abcdef");
  EXPECT_EQ(pieces[2].text, "abcdef");
}

}  // namespace
}  // namespace parvis::text
