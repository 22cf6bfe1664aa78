#include "parvis/text/language_guess.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "parvis/core/file.h"
#include "parvis/core/json.h"
#include "parvis/core/xz.h"

namespace parvis::text {
namespace {

TEST(LanguageGuess, TellsShortTexts) {
  EXPECT_EQ(GuessLanguage("The cat sleeps."), "en");
  EXPECT_EQ(GuessLanguage("Le chat dort."), "fr");
  EXPECT_EQ(GuessLanguage("Where's the station?"), "en");
  EXPECT_EQ(GuessLanguage("OÙ EST LA GARE ?"), "fr");
  EXPECT_EQ(GuessLanguage("J\u2019arrive"), "fr");
  EXPECT_EQ(GuessLanguage("I don\u2019t"), "en");
  EXPECT_EQ(GuessLanguage("«\u00a0Élan\u00a0»"), "fr");
}

TEST(LanguageGuess, SaysNothingOfWhatTellsNothing) {
  EXPECT_EQ(GuessLanguage(""), "");
  EXPECT_EQ(GuessLanguage("Paris 1848"), "");
  EXPECT_EQ(GuessLanguage("12 + 30 = 42"), "");
  EXPECT_EQ(GuessLanguage("\xC3"), "");  // a broken character
}

TEST(LanguageGuess, FindsWhatWasNotToldOfATranslation) {
  const std::string english = "The cat is in the house.", french = "Le chat est dans la maison.";
  const auto guess = [](const std::string& text, std::string from, std::string to) {
    return GuessLanguages(text, from, to) ? from + " to " + to : "";
  };
  EXPECT_EQ(guess(english, "", ""), "en to fr");
  EXPECT_EQ(guess(french, "", ""), "fr to en");
  EXPECT_EQ(guess("Tom", "", ""), "");
  EXPECT_EQ(guess("Tom", "", "fr"), "en to fr");
  EXPECT_EQ(guess("Tom", "", "English"), "fr to English");
  EXPECT_EQ(guess("Tom", "French", ""), "French to en");
  EXPECT_EQ(guess(french, "", "de"), "fr to de");
  EXPECT_EQ(guess(french, "", "fr"), "en to fr");  // whoever asks knows better
  EXPECT_EQ(guess(english, "", "English"), "fr to English");
  EXPECT_EQ(guess(english, "de", "ro"), "de to ro");
}

// Of short sentences (Tatoeba's, CC BY 2.0) not one in a hundred is taken for the other language.
TEST(LanguageGuess, IsRightOfHeldOutSentences) {
  const auto packed =
      ReadFile(std::string(PARVIS_SOURCE_DIR) + "/recipes/texts/heldout_pairs.jsonl.xz");
  ASSERT_TRUE(packed.ok()) << packed.status().message();
  const auto text = DecompressXz(*packed, 10'000'000);
  ASSERT_TRUE(text.ok()) << text.status().message();
  int sentences = 0, right = 0, wrong = 0;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    const Json row = ParseJson(line).value();
    for (const auto& [field, language] : {std::pair("source", "en"), std::pair("target", "fr")}) {
      const std::string_view guess = GuessLanguage(row[field].get<std::string>());
      ++sentences;
      right += guess == language ? 1 : 0;
      wrong += !guess.empty() && guess != language ? 1 : 0;
    }
  }
  ASSERT_GT(sentences, 300);
  EXPECT_GE(right, sentences * 97 / 100);
  EXPECT_LE(wrong, sentences / 100);
}

}  // namespace
}  // namespace parvis::text
