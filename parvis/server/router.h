#ifndef PARVIS_SERVER_ROUTER_H_
#define PARVIS_SERVER_ROUTER_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parvis/core/result.h"
#include "parvis/server/errors.h"
#include "parvis/server/http.h"
#include "parvis/service/caller.h"

namespace parvis::server {

// Who may call a route. There is no default: a route without a policy stops the server's start.
struct Policy {
  enum class Kind { kUndeclared, kPublic, kNeeds, kSession };
  Kind kind = Kind::kUndeclared;
  service::Permission permission = service::Permission::kManage;

  static constexpr Policy Public() { return {Kind::kPublic}; }
  // Whoever has signed in, whatever they may.
  static constexpr Policy Session() { return {Kind::kSession}; }
  static constexpr Policy Needs(service::Permission permission) {
    return {Kind::kNeeds, permission};
  }
};

struct Shape;  // schema.h

struct Route {
  std::string method;  // "POST"
  std::string pattern;  // "/v1/models/{model}": {…} stands for one part, {…*} for all that follow
  Policy policy;
  Dialect dialect;        // of its errors
  std::string summary;    // for the OpenAPI document
  const Shape* body;      // what a body must look like; null: there is none
  size_t max_body_bytes;  // 0: there is none
  Handler handler;
  std::string body_type = "application/json";
  bool takes_large_body = false;                 // HttpRequest::large_body
  std::optional<service::Feature> feature = {};  // that a caller's plan must have
};

// All routes. Immutable once made.
class Router {
 public:
  // Refuses a route without policy, one that stands there twice, and one whose limit and body
  // disagree.
  static Result<Router> Make(std::vector<Route> routes);

  struct Match {
    const Route* route = nullptr;  // null: none
    std::vector<std::string> captures;
    std::string allow;  // methods that the path has, if the route is missing for the method
  };
  // HEAD finds GET's route. `path` is percent-decoded part by part.
  Match Find(std::string_view method, std::string_view path) const;

  const std::vector<Route>& routes() const { return routes_; }

 private:
  explicit Router(std::vector<Route> routes) : routes_(std::move(routes)) {}
  std::vector<Route> routes_;
};

}  // namespace parvis::server

#endif  // PARVIS_SERVER_ROUTER_H_
