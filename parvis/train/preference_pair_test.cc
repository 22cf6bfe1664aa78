// What is taken for the prompt where a row does not name one: what TRL 1.16's extract_prompt gave
// for the same rows (26 November 2026), but for the refusals.

#include "parvis/train/preference_pair.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace parvis::train {
namespace {

using testing::HasSubstr;

Json Said(const char* role, const char* content) { return {{"role", role}, {"content", content}}; }

Json FieldsOf(const Json& chosen, const Json& rejected) {
  return {{"chosen", chosen}, {"rejected", rejected}};
}

std::string Refused(const Json& fields) {
  const auto pair = PairOf(fields);
  return pair.ok() ? "accepted" : pair.status().message();
}

TEST(PreferencePair, TextsPartAtACharacterOrTheSpaceBeforeIt) {
  struct Case {
    const char *chosen, *rejected, *prompt, *chosen_rest, *rejected_rest;
  };
  for (const Case& c :
       {Case{"The sky is blue.", "The sky is green.", "The sky is", " blue.", " green."},
        Case{"The sky is blue", "The skyline", "The sky", " is blue", "line"},
        Case{"Q  A", "Q  B", "Q ", " A", " B"}, Case{"  x", "  y", " ", " x", " y"},
        // Of é and è, of í and ò the first byte is the same.
        Case{"the cat: é", "the cat: è", "the cat:", " é", " è"},
        Case{"Qué? sí", "Qué? sò", "Qué? s", "í", "ò"},
        Case{"日本語", "日本人", "日本", "語", "人"},
        // The shorter one keeps a character.
        Case{"a b", "a b c", "a ", "b", "b c"}, Case{"日本人 ", "日本", "日", "本人 ", "本"}}) {
    const auto pair = PairOf(FieldsOf(c.chosen, c.rejected));
    ASSERT_TRUE(pair.ok()) << c.chosen << ": " << pair.status().message();
    EXPECT_EQ(pair->prompt, c.prompt);
    EXPECT_EQ(pair->chosen, c.chosen_rest);
    EXPECT_EQ(pair->rejected, c.rejected_rest);
  }
}

TEST(PreferencePair, ConversationsPartAtTheirLastMessage) {
  const Json system = Said("system", "Be brief."), asked = Said("user", "Where is the cat?");
  const Json here = Said("assistant", "Here."), there = Said("assistant", "There.");
  auto pair = PairOf(FieldsOf({asked, here}, {asked, there}));
  ASSERT_TRUE(pair.ok()) << pair.status().message();
  EXPECT_EQ(pair->prompt, Json::array({asked}));
  EXPECT_EQ(pair->chosen, here);
  EXPECT_EQ(pair->rejected, there);
  pair = PairOf(FieldsOf({system, asked, here, asked, there}, {system, asked, here, asked, here}));
  ASSERT_TRUE(pair.ok()) << pair.status().message();
  EXPECT_EQ(pair->prompt, Json::array({system, asked, here, asked}));
  EXPECT_EQ(pair->chosen, there);
  EXPECT_EQ(pair->rejected, here);
  // As UltraFeedback has it: the prompt once more as a text, which says nothing new.
  Json fields = FieldsOf({asked, here}, {asked, there});
  for (const Json& prompt : {Json("Where is the cat?"), Json()}) {
    fields["prompt"] = prompt;
    pair = PairOf(fields);
    ASSERT_TRUE(pair.ok()) << pair.status().message();
    EXPECT_EQ(pair->prompt, Json::array({asked}));
    EXPECT_EQ(pair->chosen, here);
  }
}

TEST(PreferencePair, APromptOfItsOwnStands) {
  for (const Json& prompt : {Json("The sky is"), Json::array({Said("user", "a")}), Json(7)}) {
    Json fields = FieldsOf("The sky is blue.", "The sky is green.");
    fields["prompt"] = prompt;
    const auto pair = PairOf(fields);
    ASSERT_TRUE(pair.ok());
    EXPECT_EQ(pair->prompt, prompt);
    EXPECT_EQ(pair->chosen, "The sky is blue.");
    EXPECT_EQ(pair->rejected, "The sky is green.");
  }
}

TEST(PreferencePair, RefusesWhatTellsNoPrompt) {
  const Json asked = Said("user", "Where?"), other = Said("user", "When?");
  const Json here = Said("assistant", "Here."), there = Said("assistant", "There.");
  EXPECT_THAT(Refused(FieldsOf("x", "y")), HasSubstr("begin with nothing alike"));
  EXPECT_THAT(Refused(FieldsOf(" x", " y")), HasSubstr("begin with nothing alike"));
  EXPECT_THAT(Refused(FieldsOf("é", "è")), HasSubstr("begin with nothing alike"));
  EXPECT_THAT(Refused(FieldsOf("", "y")), HasSubstr("begin with nothing alike"));
  EXPECT_THAT(Refused(FieldsOf("a b", "a b")), HasSubstr("\"chosen\" and \"rejected\" are equal"));
  EXPECT_THAT(Refused(FieldsOf({asked, here}, {asked, here})), HasSubstr("are equal"));
  EXPECT_THAT(Refused(FieldsOf({asked, here}, {other, there})),
              HasSubstr("begin with no message alike"));
  EXPECT_THAT(Refused(FieldsOf(Json::array({here}), Json::array())),
              HasSubstr("begin with no message alike"));
  EXPECT_THAT(Refused(FieldsOf({asked, here, asked, here}, {asked, there, asked, here})),
              HasSubstr("differ from message 1 on, of 4 and 4: only the last may differ"));
  EXPECT_THAT(Refused(FieldsOf({asked, here}, {asked, here, asked, here})),
              HasSubstr("differ from message 1 on, of 2 and 4"));
  EXPECT_THAT(Refused(FieldsOf({asked, here}, "There.")), HasSubstr("neither two texts nor two"));
  EXPECT_THAT(Refused(FieldsOf(7, 7)), HasSubstr("neither two texts nor two"));
}

}  // namespace
}  // namespace parvis::train
