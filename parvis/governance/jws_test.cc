#include "parvis/governance/jws.h"

#include "gtest/gtest.h"
#include "parvis/core/base64.h"
#include "parvis/governance/id_token.h"
#include "parvis/governance/secret.h"

namespace parvis::governance {
namespace {

// RFC 7515, appendices A.2 and A.3: the key, and the same claims signed by it.
constexpr char kRsaKey[] =
    R"({"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"})";
constexpr char kRs256[] =
    "eyJhbGciOiJSUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
    "O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_"
    "nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--"
    "xi12jzDwusC-"
    "eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywl"
    "VmtVrBp0igcN_IoypGlUPQGe77Rw";
constexpr char kEcKey[] =
    R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})";
constexpr char kEs256[] =
    "eyJhbGciOiJFUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
// Made by PyJWT 2.6.
constexpr char kPssKey[] =
    R"({"kty":"RSA","kid":"r","n":"qecCkQ-J09hxvK0fq7KqqSiWja--IBMnPoi8Oxy0Fmx3-iDrtJ45D_OMykcHz-C2FbBiy77mma5qlI638tV0pOCtD93R89qN8LchANQPjdjHBI_NS_MkrMFziEhv7Lp2bq23qkssMMsCIN1a-ujWLq0tFwRNbjk-I53G5lGq66S2X-WJMFS39-FfwZqxWePYVM-rNXB67wfsRETcIZce3dCeTYdLxs-L6PW9JpolHAuEZB3ILlBCbpwBOcN5A944NE8Ouiv0SOpBc4iisS0MgRcXHWZWUQaDEGVFq2YRNsboJF5AN7Yjlflsy87fow3yNGU_QGy45k--AuX1yPwl-Q","e":"AQAB"})";
constexpr char kPs256[] =
    "eyJhbGciOiJQUzI1NiIsImtpZCI6InIiLCJ0eXAiOiJKV1QifQ.eyJzdWIiOiJhIiwibiI6MX0."
    "aR54-jOeMemy-kEtsWyT9kVURyzETCkm9iZBF4dBjkwDJBtbMVYb9CNtU9TTSz7RhZ-"
    "MEXBEIeE2kS2gYE34tipIOQc9Nw_LqqWPo9otk2z_"
    "i6F6ygRhkliVn60bHBfH0MNRGdctDJsh2AeGSrZrGrHEFwr1_cJyGG9bs55_"
    "dsWZvtMpoP7VBFP_yPK9i28n58X1rBZfSlEPmPAeN9gM8z_J9HC0N9Ana2EcZL8vNsC5qQhYpdlsm-e14qCR2P-"
    "Uufa4zpi11sR79ydL7TCsmrfL5xwZ1uhAtlcPYi8fT-5DhO9aIsyWv7_Cwk3B26XZOuCvz_6L2sv2ssqDrusr9w";

PublicKey KeyOf(const std::string& jwk) {
  auto keys = ReadKeySet("{\"keys\":[" + jwk + "]}");
  EXPECT_TRUE(keys.ok() && keys->size() == 1) << jwk;
  return keys.ok() && keys->size() == 1 ? (*keys)[0] : PublicKey();
}

std::string TokenOf(const std::string& header, const std::string& payload,
                    const std::string& signature = "x") {
  return ToBase64Url(header) + "." + ToBase64Url(payload) + "." + ToBase64Url(signature);
}

TEST(Jws, StandardsAndOthersSignaturesAreRight) {
  const std::pair<const char*, const char*> all[] = {
      {kRsaKey, kRs256}, {kEcKey, kEs256}, {kPssKey, kPs256}};
  for (const auto& [jwk, token] : all) {
    const auto jws = ReadJws(token);
    ASSERT_TRUE(jws.ok()) << jws.status().message();
    EXPECT_TRUE(VerifySignature(KeyOf(jwk), *jws).ok()) << token;
    for (const auto& [other, unused] : all) {
      EXPECT_EQ(VerifySignature(KeyOf(other), *jws).ok(), other == jwk) << other;
    }
    // Each byte counts.
    for (Jws changed : {*jws, *jws, *jws, *jws}) {
      static int turn = 0;
      std::string& part = turn % 2 == 0 ? changed.signature : changed.signed_text;
      part[part.size() / (turn % 4 < 2 ? 2 : 3)] ^= 1;
      ++turn;
      EXPECT_FALSE(VerifySignature(KeyOf(jwk), changed).ok());
    }
    Jws longer = *jws;
    longer.signature += '\0';
    EXPECT_FALSE(VerifySignature(KeyOf(jwk), longer).ok());
    longer.signature.resize(longer.signature.size() - 2);
    EXPECT_FALSE(VerifySignature(KeyOf(jwk), longer).ok());
  }
}

// RFC 8037, appendix A.4, whose payload is no JSON.
TEST(Jws, Ed25519) {
  const PublicKey key =
      KeyOf(R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})");
  Jws jws{.algorithm = SignatureAlgorithm::kEdDsa,
          .signed_text = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
          .signature = *FromBase64Url(
              "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_"
              "MuM0KAg")};
  EXPECT_TRUE(VerifySignature(key, jws).ok());
  jws.signed_text += "x";
  EXPECT_FALSE(VerifySignature(key, jws).ok());
}

// A key that says what it is for is for nothing else; a public key is never taken for a secret.
TEST(Jws, NoKeyIsMistakenForAnother) {
  const auto rs256 = ReadJws(kRs256);
  std::string jwk = kRsaKey;
  jwk.insert(1, R"("alg":"PS256",)");
  EXPECT_FALSE(VerifySignature(KeyOf(jwk), *rs256).ok());
  Jws pss = *rs256;
  pss.algorithm = SignatureAlgorithm::kPs256;
  EXPECT_FALSE(VerifySignature(KeyOf(kRsaKey), pss).ok());
  for (const char* algorithm : {"none", "None", "NONE", "nOnE", "", "HS256", "HS512", "RS1",
                                "RS512", "ES384", "ES256K", "rs256", "dir", "RSA-OAEP"}) {
    const std::string header = std::string(R"({"alg":")") + algorithm + "\"}";
    EXPECT_FALSE(ReadJws(TokenOf(header, "{}")).ok()) << algorithm;
    EXPECT_FALSE(ReadJws(TokenOf(header, "{}", "")).ok()) << algorithm;
  }
}

TEST(Jws, RefusesWhatIsWrittenWrong) {
  const std::string good = R"({"alg":"RS256"})";
  EXPECT_TRUE(ReadJws(TokenOf(good, "{}")).ok());
  for (const char* header :
       {"", "x", "[]", "null", "{}", R"({"alg":1})", R"({"alg":null})", R"({"alg":["RS256"]})",
        R"({"alg":"none","alg":"RS256"})", R"({"alg":"RS256","crit":["exp"]})",
        R"({"alg":"RS256","b64":false,"crit":["b64"]})", R"({"alg":"RS256","kid":7})"}) {
    EXPECT_FALSE(ReadJws(TokenOf(header, "{}")).ok()) << header;
  }
  for (const char* payload : {"", "x", "[]", "1", R"({"a":1,"a":2})", "{} "}) {
    EXPECT_EQ(ReadJws(TokenOf(good, payload)).ok(), payload == std::string("{} ")) << payload;
  }
  const std::string token = TokenOf(good, "{}");
  for (const std::string& wrong :
       {std::string(), std::string("."), std::string(".."), std::string("a.b"), token + ".x",
        token + "=", token + "\n", " " + token, token.substr(0, token.rfind('.')),
        token.substr(0, token.rfind('.') + 1), token + std::string(20'000, 'A')}) {
    EXPECT_FALSE(ReadJws(wrong).ok()) << wrong.substr(0, 60);
  }
}

TEST(KeySet, PassesOverWhatItCannotUse) {
  std::string rsa = kRsaKey;
  const std::string small = R"({"kty":"RSA","n":"AQAB","e":"AQAB"})";
  const std::string oct = R"({"kty":"oct","k":"c2VjcmV0"})";
  const std::string off_curve =
      R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a1"})";
  const std::string p384 = R"({"kty":"EC","crv":"P-384","x":"AA","y":"AA"})";
  std::string encrypts = rsa;
  encrypts.insert(1, R"("use":"enc",)");
  const auto keys = ReadKeySet("{\"keys\":[" + small + "," + oct + "," + off_curve + "," + p384 +
                               "," + encrypts + ",7,{}," + rsa + "]}");
  ASSERT_TRUE(keys.ok());
  EXPECT_EQ(keys->size(), 1u);
  for (const char* wrong : {"", "[]", "{}", R"({"keys":{}})", R"({"keys":[]}x)"}) {
    EXPECT_FALSE(ReadKeySet(wrong).ok()) << wrong;
  }
  rsa.insert(1, R"("kid":"a",)");
  EXPECT_FALSE(ReadKeySet("{\"keys\":[" + rsa + "," + rsa + "]}").ok()) << "two of one name";
  std::string many = "{\"keys\":[{}";
  for (int i = 0; i < 100; ++i) many += ",{}";
  EXPECT_FALSE(ReadKeySet(many + "]}").ok());
}

TEST(IdToken, EachClaimCounts) {
  const IdTokenRules rules{"https://issuer.example", "client", "n-1", 1'700'000'000};
  const Json good = {{"iss", "https://issuer.example"},
                     {"aud", "client"},
                     {"nonce", "n-1"},
                     {"exp", 1'700'000'300},
                     {"iat", 1'699'999'990},
                     {"sub", "1234"}};
  EXPECT_TRUE(CheckIdToken(good, rules).ok());
  EXPECT_EQ(SubjectOf(good), "1234");
  for (const char* claim : {"iss", "aud", "nonce", "exp", "iat", "sub"}) {
    Json without = good;
    without.erase(claim);
    EXPECT_FALSE(CheckIdToken(without, rules).ok()) << claim;
    for (const Json& value : {Json(), Json(true), Json::object(), Json("x "), Json(-1), Json(1e300),
                              Json(""), Json::array()}) {
      Json wrong = good;
      wrong[claim] = value;
      EXPECT_FALSE(CheckIdToken(wrong, rules).ok()) << claim << " " << value;
    }
  }
  const auto with = [&](const Json& change) {
    Json claims = good;
    claims.update(change);
    return CheckIdToken(claims, rules).ok();
  };
  EXPECT_FALSE(with({{"iss", "https://issuer.example/"}}));
  EXPECT_TRUE(with({{"aud", {"client"}}}));
  EXPECT_FALSE(with({{"aud", {"client", "other"}}}));
  EXPECT_TRUE(with({{"aud", {"client", "other"}}, {"azp", "client"}}));
  EXPECT_FALSE(with({{"aud", {"client", "other"}}, {"azp", "other"}}));
  EXPECT_FALSE(with({{"aud", {"client", 7}}, {"azp", "client"}}));
  EXPECT_FALSE(with({{"azp", "other"}}));
  EXPECT_FALSE(with({{"aud", "other"}}));
  EXPECT_TRUE(with({{"exp", 1'699'999'941}})) << "clocks differ";
  EXPECT_FALSE(with({{"exp", 1'699'999'940}}));
  EXPECT_TRUE(with({{"iat", 1'700'000'060}}));
  EXPECT_FALSE(with({{"iat", 1'700'000'061}}));
  EXPECT_FALSE(with({{"iat", 1'699'999'399}}));
  EXPECT_TRUE(with({{"nbf", 1'700'000'000}}));
  EXPECT_FALSE(with({{"nbf", 1'700'000'061}}));
  EXPECT_FALSE(with({{"nbf", "soon"}}));
  EXPECT_FALSE(with({{"sub", std::string(256, 'a')}}));
  EXPECT_FALSE(with({{"sub", "a\nb"}}));
  EXPECT_FALSE(CheckIdToken(good, {"", "client", "n-1", 1'700'000'000}).ok());
  EXPECT_FALSE(CheckIdToken(Json::array(), rules).ok());
}

}  // namespace
}  // namespace parvis::governance
