#include "parvis/server/session_cookie.h"

#include "gtest/gtest.h"

namespace parvis::server {
namespace {

const CookieRules kPlain;
const CookieRules kTls{.secure = true};
const CookieRules kBehindProxy{.secure = true, .public_url = "https://parvis.example"};

HttpRequest With(std::map<std::string, std::string> headers) {
  HttpRequest request;
  request.method = "POST";
  request.headers = std::move(headers);
  return request;
}

TEST(CookieOf, TakesOneOfOurName) {
  EXPECT_EQ(CookieOf(With({{"cookie", "a=1; parvis-session=x; b"}}), "session", kPlain), "x");
  EXPECT_EQ(CookieOf(With({{"cookie", "__Host-parvis-session=x=y"}}), "session", kTls), "x=y");
  for (const char* other : {"", "parvis-session", "xparvis-session=x", "PARVIS-SESSION=x",
                            "parvis-session=x; parvis-session=y", "__Host-parvis-session=x"}) {
    EXPECT_EQ(CookieOf(With({{"cookie", other}}), "session", kPlain), "") << other;
  }
  EXPECT_EQ(CookieOf(With({{"cookie", "parvis-session=x"}}), "session", kTls), "")
      << "what came without TLS";
}

TEST(SetCookie, SaysWhatBrowsersMustKeepTo) {
  EXPECT_EQ(SetCookie("session", "x", std::chrono::seconds(60), kTls).second,
            "__Host-parvis-session=x; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure");
  EXPECT_EQ(SetCookie("session", "", std::chrono::seconds(0), kPlain).second,
            "parvis-session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
}

TEST(FromOwnPage, IsOurHostAndScheme) {
  EXPECT_TRUE(FromOwnPage(With({{"origin", "http://h:1"}, {"host", "h:1"}}), kPlain));
  EXPECT_TRUE(FromOwnPage(With({{"origin", "https://h:1"}, {"host", "H:1"}}), kPlain));
  EXPECT_FALSE(FromOwnPage(With({{"origin", "http://h:1"}, {"host", "h:1"}}), kTls));
  EXPECT_TRUE(FromOwnPage(With({{"origin", "https://h:1"}, {"host", "h:1"}}), kTls));
  EXPECT_TRUE(FromOwnPage(With({{"origin", "https://parvis.example"}, {"host", "10.0.0.1:8080"}}),
                          kBehindProxy));
  for (const char* origin : {"", "null", "http://h:2", "http://h", "ftp://h:1", "http://h:1.evil",
                             "http://evil/h:1", "h:1"}) {
    EXPECT_FALSE(FromOwnPage(With({{"origin", origin}, {"host", "h:1"}}), kPlain)) << origin;
  }
  EXPECT_FALSE(FromOwnPage(With({{"host", "h:1"}}), kPlain));
}

TEST(CheckCsrf, TokenAndOrigin) {
  const std::string token = CsrfTokenOf("pvs-1");
  EXPECT_NE(token, CsrfTokenOf("pvs-2"));
  EXPECT_EQ(token.size(), 43u);
  std::map<std::string, std::string> good = {
      {"origin", "http://h"}, {"host", "h"}, {"x-csrf-token", token}};
  EXPECT_FALSE(CheckCsrf(With(good), "pvs-1", kPlain));
  EXPECT_TRUE(CheckCsrf(With(good), "pvs-2", kPlain)) << "another session's token";
  for (const char* name : {"origin", "x-csrf-token"}) {
    auto headers = good;
    headers.erase(name);
    EXPECT_TRUE(CheckCsrf(With(headers), "pvs-1", kPlain)) << name;
    headers[name] = name == std::string("origin") ? "http://evil" : token.substr(1) + "A";
    EXPECT_TRUE(CheckCsrf(With(headers), "pvs-1", kPlain)) << name;
  }
  HttpRequest reads = With({});
  reads.method = "GET";
  EXPECT_FALSE(CheckCsrf(reads, "pvs-1", kPlain));
}

}  // namespace
}  // namespace parvis::server
