#include "parvis/text/unwrap.h"

#include <gtest/gtest.h>

namespace parvis::text {
namespace {

TEST(Unwrapped, JoinsLinesThatWereFull) {
  EXPECT_EQ(
      Unwrapped("Le chat dort sur le tapis de l'entrée. Là,\nété après été, personne ne le dérange "
                "plus,\n"
                "et il dort.\n\nFin"),
      "Le chat dort sur le tapis de l'entrée. Là, été après été, personne ne le dérange plus, "
      "et il dort.\n\nFin");
  EXPECT_EQ(Unwrapped("On the mat of the hall the old cat sleeps\r\nall\r\nday.\r\n"),
            "On the mat of the hall the old cat sleeps all\nday.\n");
}

TEST(Unwrapped, JoinsOnlyWithinSentencesIfTold) {
  EXPECT_EQ(Unwrapped("The hospital closes its emergency department at\n"
                      "night. The management says that doctors are few.\n"
                      "Patients must go to the next town, that is, to\n"
                      "Montreuil.\n",
                      Unwrap::kWithinSentences),
            "The hospital closes its emergency department at night. The management says that "
            "doctors are few.\nPatients must go to the next town, that is, to\nMontreuil.\n");
}

TEST(Unwrapped, KeepsOtherLines) {
  for (const char* text : {"", "\n", "\n\na\n\n\nb\n",
                           "Annual report\nThe council decided on Tuesday to open a new school.\n",
                           "Roses are red,\nviolets are blue", "one line", "\xff\xfe\n\xff"}) {
    EXPECT_EQ(Unwrapped(text), text);
  }
  EXPECT_EQ(Unwrapped("a  \n \t\nb"), "a\n\nb");
}

}  // namespace
}  // namespace parvis::text
