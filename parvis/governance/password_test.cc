#include "parvis/governance/password.h"

#include <set>

#include "gtest/gtest.h"

namespace parvis::governance {
namespace {

constexpr HashCost kCheap{64, 1, 1};

std::string Hex(std::string_view bytes) {
  std::string text;
  for (const unsigned char byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

// RFC 9106, section 5.3.
TEST(Argon2id, IsTheStandards) {
  const auto tag = Argon2id(std::string(32, '\1'), std::string(16, '\2'), std::string(8, '\3'),
                            std::string(12, '\4'), {32, 3, 4});
  ASSERT_TRUE(tag.ok());
  EXPECT_EQ(Hex(*tag), "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659");
}

TEST(PasswordHasher, KnowsItsOwnAndNothingElse) {
  const PasswordHasher hasher(Pepper::ForTest("one"), kCheap);
  const std::string kept = std::move(hasher.Hash("the right one", "user_1")).value();
  EXPECT_TRUE(kept.starts_with("$argon2id$v=19$m=64,t=1,p=1$")) << kept;
  EXPECT_NE(kept, hasher.Hash("the right one", "user_1").value()) << "each has its salt";
  EXPECT_TRUE(hasher.Check("the right one", "user_1", kept)->right);
  EXPECT_FALSE(hasher.Check("the right onf", "user_1", kept)->right);
  EXPECT_FALSE(hasher.Check("", "user_1", kept)->right);
  EXPECT_FALSE(hasher.Check("the right one", "user_2", kept)->right) << "a copied row";
  EXPECT_FALSE(hasher.Check("the right one", "user_1", "")->right) << "no password";
  const PasswordHasher other(Pepper::ForTest("another"), kCheap);
  EXPECT_FALSE(other.Check("the right one", "user_1", kept)->right) << "another pepper";
}

TEST(PasswordHasher, SaysWhenTheCostHasRisen) {
  const PasswordHasher before(Pepper::ForTest("one"), kCheap);
  const PasswordHasher after(Pepper::ForTest("one"), {128, 2, 1});
  const std::string kept = std::move(before.Hash("the right one", "u")).value();
  EXPECT_FALSE(before.Check("the right one", "u", kept)->outdated);
  EXPECT_TRUE(after.Check("the right one", "u", kept)->right);
  EXPECT_TRUE(after.Check("the right one", "u", kept)->outdated);
  EXPECT_FALSE(after.Check("a wrong one", "u", kept)->outdated);
}

TEST(PasswordHasher, RefusesRowsThatAreNotItsOwn) {
  const PasswordHasher hasher(Pepper::ForTest("one"), kCheap);
  const std::string kept = std::move(hasher.Hash("p", "u")).value();
  const std::string tail = kept.substr(kept.find("$", 16));
  for (const std::string& wrong :
       {std::string("x"), kept.substr(0, kept.size() - 4), kept + "AAAA",
        std::string("$argon2i$v=19$m=64,t=1,p=1") + tail,
        std::string("$argon2id$v=19$m=4000000000,t=1,p=1") + tail,
        std::string("$argon2id$v=19$m=64,t=1000,p=1") + tail,
        std::string("$argon2id$v=19$m=-1,t=1,p=1") + tail, kept.substr(0, kept.rfind('$'))}) {
    EXPECT_FALSE(hasher.Check("p", "u", wrong).ok()) << wrong;
  }
}

TEST(NewPassword, LengthCounts) {
  EXPECT_TRUE(CheckNewPassword("the quick brown", "Ada").ok());
  EXPECT_FALSE(CheckNewPassword("the quick brow", "Ada").ok());
  EXPECT_TRUE(CheckNewPassword("ééééèèèèààààçç ", "Ada").ok()) << "characters, not bytes";
  EXPECT_FALSE(CheckNewPassword("ééééèèèèààààçç", "Ada").ok());
  for (const char* first : {"aaaaaaaaaaaaaaaaaa", "passwordpassword", "123456789012345",
                            "QWERTYUIOPasdfgh", "AugustaAdaKing1234567", "abcabcabcabcabcabc"}) {
    EXPECT_FALSE(CheckNewPassword(first, "Augusta Ada King").ok() &&
                 CheckNewPassword(first, "AugustaAdaKing").ok())
        << first;
  }
}

TEST(NormalisedPassword, IsOneForAllWaysToWriteIt) {
  EXPECT_EQ(*NormalisedPassword("caf\u00e9"), *NormalisedPassword("cafe\u0301"));
  EXPECT_EQ(*NormalisedPassword("\uff21"), "A");
  EXPECT_EQ(*NormalisedPassword(" a  b "), " a  b ") << "spaces stay";
  EXPECT_FALSE(NormalisedPassword("\xff").ok());
  EXPECT_FALSE(NormalisedPassword(std::string(kMaxPasswordBytes + 1, 'a')).ok());
}

}  // namespace
}  // namespace parvis::governance
