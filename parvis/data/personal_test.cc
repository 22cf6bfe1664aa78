#include "parvis/data/personal.h"

#include <gtest/gtest.h>

namespace parvis::data {
namespace {

// What is found, as "kind:text kind:text".
std::string Found(std::string_view text) {
  std::string all;
  for (const PersonalFinding& finding : FindPersonal(text)) {
    if (!all.empty()) all += ' ';
    all += kPersonalNames[static_cast<size_t>(finding.kind)];
    all += ':';
    all += text.substr(finding.begin, finding.end - finding.begin);
  }
  return all;
}

TEST(Personal, FindsWhatHasAForm) {
  EXPECT_EQ(Found("Write to jean.dupont+x@mail.example.fr, or not."),
            "email:jean.dupont+x@mail.example.fr");
  EXPECT_EQ(Found("(a@b.org)"), "email:a@b.org");
  EXPECT_EQ(Found("Tél. 06 12 34 56 78."), "phone:06 12 34 56 78");
  EXPECT_EQ(Found("Tél. 0612345678, 01.23.45.67.89"), "phone:0612345678 phone:01.23.45.67.89");
  EXPECT_EQ(Found("+33 (0)6 12 34 56 78 now"), "phone:+33 (0)6 12 34 56 78");
  EXPECT_EQ(Found("call +1-202-555-0143!"), "phone:+1-202-555-0143");
  // Examples of the standards: ISO 13616's registry, test numbers of the card networks, INSEE's.
  EXPECT_EQ(Found("IBAN FR14 2004 1010 0505 0001 3M02 606 please"),
            "iban:FR14 2004 1010 0505 0001 3M02 606");
  EXPECT_EQ(Found("GB82WEST12345698765432"), "iban:GB82WEST12345698765432");
  EXPECT_EQ(Found("card 4111 1111 1111 1111."), "card:4111 1111 1111 1111");
  EXPECT_EQ(Found("3782-822463-10005"), "card:3782-822463-10005");
  EXPECT_EQ(Found("180016070420458"), "card:180016070420458");
  EXPECT_EQ(Found("NIR 2 69 05 49 588 157 80"), "nir:2 69 05 49 588 157 80");
  EXPECT_EQ(Found("from 192.0.2.17 to 2001:db8::8a2e:370:7334"),
            "ip:192.0.2.17 ip:2001:db8::8a2e:370:7334");
}

TEST(Personal, LeavesOtherNumbersAlone) {
  for (const char* text :
       {"at 5 @ home, user@localhost, a@b, @name",
        "FR14 2004 1010 0505 0001 3M02 607",  // a wrong check digit
        "4111 1111 1111 1112", "0000 0000 0000 0000", "2 69 05 49 588 157 81",
        "version 1.2.3.4.5, 127.0.0.1, 300.1.1.1, 1.2.3", "10:20:30, std::vector, 12:34",
        "In 1914, 10 000 000 men; ISBN 978 2 07 036822 8; 3.14159265358979", "06 12 34 56",
        "2024-11-25", "1 2 3 4 5 6 7 8 9 10"}) {
    EXPECT_EQ(Found(text), "") << text;
  }
}

TEST(Personal, MasksOnlyWhatIsWanted) {
  const std::string text = "a@b.org 192.0.2.17 c@d.org";
  std::array<bool, kPersonalKinds> masked = {};
  EXPECT_EQ(MaskPersonal(text, FindPersonal(text), masked), text);
  masked[static_cast<size_t>(PersonalKind::kEmail)] = true;
  EXPECT_EQ(MaskPersonal(text, FindPersonal(text), masked), "[EMAIL] 192.0.2.17 [EMAIL]");
}

TEST(Personal, TakesLinearTimeAndAnyBytes) {
  std::string text;
  for (int i = 0; i < 200000; ++i) text += "@1+a.:"[i % 6];
  FindPersonal(text);
  FindPersonal(std::string(500000, '1'));
  FindPersonal(std::string(500000, 'a') + "@");
  FindPersonal(std::string(100000, '\xFF'));
  EXPECT_EQ(Found(""), "");
}

}  // namespace
}  // namespace parvis::data
