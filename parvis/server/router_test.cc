#include "parvis/server/router.h"

#include "gtest/gtest.h"
#include "parvis/server/schema.h"

namespace parvis::server {
namespace {

Route RouteOf(std::string method, std::string pattern, Policy policy = Policy::Public()) {
  return {.method = std::move(method),
          .pattern = std::move(pattern),
          .policy = policy,
          .dialect = Dialect::kOpenAi,
          .summary = {},
          .body = nullptr,
          .max_body_bytes = 0,
          .handler = [](const HttpRequest&, const std::shared_ptr<Responder>&) {}};
}

TEST(Router, RefusesARouteWithoutAPolicy) {
  EXPECT_TRUE(Router::Make({RouteOf("GET", "/a")}).ok());
  const auto without = Router::Make({RouteOf("GET", "/a"), RouteOf("GET", "/b", Policy{})});
  ASSERT_FALSE(without.ok());
  EXPECT_NE(without.status().message().find("GET /b"), std::string::npos);
  EXPECT_FALSE(Router::Make({RouteOf("GET", "/a"), RouteOf("GET", "/a")}).ok());
  Route body = RouteOf("POST", "/a");
  body.max_body_bytes = 10;
  EXPECT_FALSE(Router::Make({body}).ok()) << "a limit, and no shape";
}

TEST(Router, Finds) {
  const auto router = std::move(Router::Make({RouteOf("GET", "/"), RouteOf("GET", "/v1/models"),
                                              RouteOf("GET", "/v1/models/{model*}"),
                                              RouteOf("DELETE", "/v1/files/{id}"),
                                              RouteOf("GET", "/v1/files/{id}/content")}))
                          .value();
  const auto pattern = [&router](std::string_view method, std::string_view path) {
    const auto match = router.Find(method, path);
    return match.route == nullptr ? "none " + match.allow : match.route->pattern;
  };
  EXPECT_EQ(pattern("GET", "/v1/models"), "/v1/models");
  EXPECT_EQ(pattern("HEAD", "/v1/models"), "/v1/models");
  EXPECT_EQ(pattern("POST", "/v1/models"), "none GET");
  EXPECT_EQ(pattern("GET", "/v1/models/"), "none ");
  EXPECT_EQ(pattern("GET", "/V1/models"), "none ");
  EXPECT_EQ(pattern("GET", "v1/models"), "none ");
  EXPECT_EQ(pattern("GET", ""), "none ");
  EXPECT_EQ(pattern("GET", "/v1/files/7/content"), "/v1/files/{id}/content");
  EXPECT_EQ(pattern("GET", "/v1/files/7"), "none DELETE");
  EXPECT_EQ(router.Find("GET", "/v1/models/hf%3Aa/b%20c").captures,
            std::vector<std::string>{"hf:a/b c"});
  EXPECT_EQ(router.Find("GET", "/v1/models/a%00").route, nullptr);
  EXPECT_EQ(router.Find("GET", "/v1/models/a%2").route, nullptr);
  EXPECT_EQ(router.Find("GET", "/v1/models/a%zz").route, nullptr);
}

}  // namespace
}  // namespace parvis::server
