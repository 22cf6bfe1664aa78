// What is asked of a provider and when; that its word is checked is tested by tests/server/oidc.py.

#include "parvis/service/oidc_provider.h"

#include <openssl/evp.h>

#include <map>
#include <memory>

#include "gtest/gtest.h"
#include "parvis/core/base64.h"
#include "parvis/core/clock.h"
#include "parvis/governance/secret.h"

namespace parvis::service {
namespace {

using std::chrono::minutes, std::chrono::seconds;

constexpr char kIssuer[] = "https://issuer.example";
const OidcProvider::Start kStart{"https://us.example/back", "s", "n", "v"};

class Key {
 public:
  explicit Key(std::string id)
      : id_(std::move(id)), key_(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), &EVP_PKEY_free) {}

  std::string Published() const {
    std::string raw(32, '\0');
    size_t size = raw.size();
    EVP_PKEY_get_raw_public_key(key_.get(), reinterpret_cast<unsigned char*>(raw.data()), &size);
    return R"({"kty":"OKP","crv":"Ed25519","kid":")" + id_ + R"(","x":")" + ToBase64Url(raw) +
           "\"}";
  }
  std::string Token() const {
    const int64_t now = WallClockMs() / 1000;
    const Json claims = {{"iss", kIssuer}, {"aud", "us"},      {"nonce", "n"},
                         {"iat", now},     {"exp", now + 300}, {"sub", "1"}};
    const std::string text =
        ToBase64Url(Json{{"alg", "EdDSA"}, {"kid", id_}}.dump()) + "." + ToBase64Url(claims.dump());
    std::string signature(64, '\0');
    size_t size = signature.size();
    EVP_MD_CTX* const context = EVP_MD_CTX_new();
    EVP_DigestSignInit(context, nullptr, nullptr, nullptr, key_.get());
    EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size,
                   reinterpret_cast<const unsigned char*>(text.data()), text.size());
    EVP_MD_CTX_free(context);
    return text + "." + ToBase64Url(signature);
  }

 private:
  std::string id_;
  std::shared_ptr<EVP_PKEY> key_;
};

class OidcProviderTest : public testing::Test {
 protected:
  OidcProviderTest()
      : provider_({.name = "p", .issuer = kIssuer, .client_id = "us"},
                  {.send = [this](const OidcCall& call) { return Send(call); },
                   .check =
                       [](const std::string& url) {
                         return url.starts_with("https://") ? Status()
                                                            : InvalidArgument("not https");
                       },
                   .now = [this] { return now_; }}) {}

  Result<OidcReply> Send(const OidcCall& call) {
    const std::string path = call.url.substr(std::string(kIssuer).size());
    ++asked_[path];
    if (away_) return Status(StatusCode::kUnavailable, "away");
    if (path == "/token") {
      form_ = call.form;
      return OidcReply{200, Json{{"id_token", signer_->Token()}}.dump()};
    }
    if (path == "/keys") return OidcReply{200, "{\"keys\":[" + published_->Published() + "]}"};
    return OidcReply{200, Json{{"issuer", kIssuer},
                               {"authorization_endpoint", std::string(kIssuer) + "/in?x=1"},
                               {"token_endpoint", std::string(kIssuer) + "/token"},
                               {"jwks_uri", std::string(kIssuer) + "/keys"}}
                              .dump()};
  }
  bool Redeems() { return provider_.Redeem("c", kStart).ok(); }

  std::chrono::steady_clock::time_point now_;
  std::map<std::string, int> asked_;
  bool away_ = false;
  std::string form_;
  const Key first_{"1"}, second_{"2"};
  const Key* signer_ = &first_;
  const Key* published_ = &first_;
  OidcProvider provider_;
};

TEST_F(OidcProviderTest, SaysWhatWeAre) {
  const auto url = provider_.AuthorizationUrl({"https://us.example/back?a", "s&t", "n", "v"});
  ASSERT_TRUE(url.ok());
  // RFC 7636: the challenge is SHA-256 of "v", in base64url.
  EXPECT_EQ(*url,
            "https://issuer.example/in?x=1&response_type=code&client_id=us&redirect_uri=https%3A%2F"
            "%2Fus.example%2Fback%3Fa&scope=openid%20profile&state=s%26t&nonce=n&code_challenge="
            "TJRIXgwhrmxBzh3-e2v6zupato5AokdvUCCOUm9QYIA&code_challenge_method=S256");
  ASSERT_TRUE(provider_.Redeem("a&b", kStart).ok());
  EXPECT_EQ(form_,
            "grant_type=authorization_code&code=a%26b&redirect_uri=https%3A%2F%2Fus.example%2Fback"
            "&code_verifier=v&client_id=us");
}

TEST_F(OidcProviderTest, KeysAreKeptAndChange) {
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(Redeems());
  EXPECT_EQ(asked_["/keys"], 1);
  // A token by a key that is not known: once a minute the keys are read again, no sooner.
  signer_ = &second_;
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(Redeems());
  EXPECT_EQ(asked_["/keys"], 1);
  now_ += minutes(1);
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(Redeems());
  EXPECT_EQ(asked_["/keys"], 2);
  published_ = &second_;
  EXPECT_FALSE(Redeems());
  now_ += minutes(1);
  EXPECT_TRUE(Redeems());
  EXPECT_EQ(asked_["/keys"], 3);
  // The old one was taken back.
  signer_ = &first_;
  EXPECT_FALSE(Redeems());
  // After an hour they are read in any case: a key that was taken back is worth nothing.
  signer_ = &second_;
  published_ = &first_;
  now_ += minutes(60);
  EXPECT_FALSE(Redeems());
}

TEST_F(OidcProviderTest, WhoIsAwayIsNotAskedAtOnceAgain) {
  away_ = true;
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(provider_.AuthorizationUrl(kStart).ok());
  EXPECT_EQ(asked_["/.well-known/openid-configuration"], 1);
  away_ = false;
  EXPECT_FALSE(provider_.AuthorizationUrl(kStart).ok());
  now_ += seconds(10);
  EXPECT_TRUE(provider_.AuthorizationUrl(kStart).ok());
  EXPECT_TRUE(Redeems());
  // What it said of itself holds while it is away; its keys do not for ever.
  away_ = true;
  now_ += minutes(61);
  EXPECT_TRUE(provider_.AuthorizationUrl(kStart).ok());
  away_ = false;
  EXPECT_FALSE(Redeems()) << "asked a moment ago";
  now_ += seconds(10);
  EXPECT_TRUE(Redeems());
}

}  // namespace
}  // namespace parvis::service
