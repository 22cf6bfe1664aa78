#include "parvis/server/http_head.h"

#include "gtest/gtest.h"

namespace parvis::server {
namespace {

TEST(HostAllowed, AddressesAndLocalhostAndWhatIsNamed) {
  const std::vector<std::string> named = {"parvis.example"};
  for (const char* host : {"localhost", "LOCALHOST:80", "127.0.0.1:8080", "[::1]:8080", "10.0.0.7",
                           "parvis.example:443", "Parvis.Example"}) {
    EXPECT_TRUE(HostAllowed(host, named)) << host;
  }
  for (const char* host : {"", "evil.example", "localhost.evil.example", "parvis.example.evil",
                           "[evil]", "127.0.0.1.evil.example", "[::1"}) {
    EXPECT_FALSE(HostAllowed(host, named)) << host;
  }
}

TEST(OriginAllowed, OurOwnAndWhatIsNamed) {
  const std::vector<std::string> named = {"https://school.example"};
  EXPECT_TRUE(OriginAllowed("", "localhost:1", {}));
  EXPECT_TRUE(OriginAllowed("http://localhost:8080", "localhost:8080", {}));
  EXPECT_TRUE(OriginAllowed("https://school.example", "localhost:8080", named));
  EXPECT_FALSE(OriginAllowed("http://localhost:8081", "localhost:8080", named));
  EXPECT_FALSE(OriginAllowed("null", "localhost:8080", named));
  EXPECT_FALSE(OriginAllowed("https://school.example.evil", "localhost:8080", named));
}

TEST(CredentialOf, AllFormsAreOne) {
  HttpRequest request;
  EXPECT_EQ(*CredentialOf(request), "");
  request.headers = {{"authorization", "bearer  k "}};
  EXPECT_EQ(*CredentialOf(request), "k");
  request.headers = {{"x-api-key", "k"}};
  EXPECT_EQ(*CredentialOf(request), "k");
  request.headers = {{"x-api-key", "k"}, {"authorization", "Bearer k"}};
  EXPECT_EQ(*CredentialOf(request), "k");
  request.headers = {{"x-api-key", "k"}, {"authorization", "Bearer other"}};
  EXPECT_FALSE(CredentialOf(request).ok());
  request.headers = {{"authorization", "Basic a2V5"}};
  EXPECT_EQ(*CredentialOf(request), "");
}

TEST(CheckHead, TakesOrdinaryHeadsOnly) {
  const std::string good = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n";
  EXPECT_FALSE(CheckHead(good));
  EXPECT_FALSE(CheckHead("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"));
  for (const char* bad :
       {"GET / HTTP/1.1\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n", "GET / HTTP/1.1\r\nA: b\rc: d\r\n\r\n"}) {
    EXPECT_TRUE(CheckHead(bad)) << bad;
  }
  EXPECT_TRUE(CheckHead(std::string("GET / HTTP/1.1\r\nA: \0\r\n\r\n", 24)));
}

}  // namespace
}  // namespace parvis::server
