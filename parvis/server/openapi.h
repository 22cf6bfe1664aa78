#ifndef PARVIS_SERVER_OPENAPI_H_
#define PARVIS_SERVER_OPENAPI_H_

#include <span>
#include <string>
#include <vector>

#include "parvis/core/json.h"
#include "parvis/server/router.h"

namespace parvis::server {

// The OpenAPI 3.1 document of these routes: what is in it is what there is.
OrderedJson OpenApiOf(std::span<const Route> routes, const std::string& version);

// GET /openapi.json, which describes all routes that are there already, and itself.
void AddOpenApi(const std::string& version, std::vector<Route>& routes);

}  // namespace parvis::server

#endif  // PARVIS_SERVER_OPENAPI_H_
