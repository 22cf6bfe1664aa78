#include "parvis/server/openapi.h"

#include <algorithm>
#include <cctype>
#include <memory>

#include "parvis/server/schema.h"

namespace parvis::server {
namespace {

std::string LowerCase(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

OrderedJson ParametersOf(const std::string& pattern) {
  OrderedJson parameters = OrderedJson::array();
  for (size_t begin = pattern.find('{'); begin != std::string::npos;
       begin = pattern.find('{', begin + 1)) {
    std::string name = pattern.substr(begin + 1, pattern.find('}', begin) - begin - 1);
    if (name.ends_with('*')) name.pop_back();
    parameters.push_back(
        {{"name", name}, {"in", "path"}, {"required", true}, {"schema", {{"type", "string"}}}});
  }
  return parameters;
}

// One way to show who asks.
OrderedJson By(const char* scheme) {
  OrderedJson way = OrderedJson::object();
  way[scheme] = OrderedJson::array();
  return way;
}

OrderedJson OperationOf(const Route& route) {
  OrderedJson operation = {{"summary", route.summary}};
  const OrderedJson parameters = ParametersOf(route.pattern);
  if (!parameters.empty()) operation["parameters"] = parameters;
  if (route.body != nullptr) {
    operation["requestBody"] = {
        {"required", true}, {"content", {{route.body_type, {{"schema", SchemaOf(*route.body)}}}}}};
  }
  operation["responses"] = {{"200", {{"description", "The answer."}}},
                            {"default", {{"description", "Why there is none."}}}};
  if (route.policy.kind == Policy::Kind::kPublic) {
    operation["security"] = OrderedJson::array();
  } else if (route.policy.kind == Policy::Kind::kSession) {
    operation["security"] = OrderedJson::array({By("session")});
  } else {
    operation["x-parvis-permission"] = service::PermissionName(route.policy.permission);
  }
  if (route.feature) operation["x-parvis-feature"] = governance::FeatureName(*route.feature);
  return operation;
}

}  // namespace

OrderedJson OpenApiOf(std::span<const Route> routes, const std::string& version) {
  OrderedJson paths = OrderedJson::object();
  for (const Route& route : routes) {
    std::string path = route.pattern;
    std::erase(path, '*');
    paths[path][LowerCase(route.method)] = OperationOf(route);
  }
  return {
      {"openapi", "3.1.0"},
      {"info", {{"title", "Parvis"}, {"version", version}}},
      {"paths", std::move(paths)},
      {"components",
       {{"securitySchemes",
         {{"key", {{"type", "http"}, {"scheme", "bearer"}}},
          {"session",
           {{"type", "apiKey"},
            {"in", "cookie"},
            {"name", "__Host-parvis-session"},
            {"description",
             "Without TLS it is called parvis-session. What is not GET also sends x-csrf-token, "
             "which POST /v1/sessions told, and a page's own Origin."}}}}}}},
      {"security", OrderedJson::array({By("key"), By("session")})}};
}

void AddOpenApi(const std::string& version, std::vector<Route>& routes) {
  auto document = std::make_shared<std::string>();
  routes.push_back(
      {.method = "GET",
       .pattern = "/openapi.json",
       .policy = Policy::Public(),
       .dialect = Dialect::kOpenAi,
       .summary = "This document",
       .body = nullptr,
       .max_body_bytes = 0,
       .handler = [document](const HttpRequest&, const std::shared_ptr<Responder>& to) {
         to->Send({.body = *document});
       }});
  *document = OpenApiOf(routes, version).dump();
}

}  // namespace parvis::server
