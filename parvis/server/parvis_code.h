#ifndef PARVIS_SERVER_PARVIS_CODE_H_
#define PARVIS_SERVER_PARVIS_CODE_H_

#include <vector>

#include "parvis/server/api.h"

namespace parvis::server {

// POST /v1/code/explain and /v1/code/fix.
void AddParvisCode(const Api& api, std::vector<Route>& routes);

}  // namespace parvis::server

#endif  // PARVIS_SERVER_PARVIS_CODE_H_
