#ifndef PARVIS_SERVER_QUERY_H_
#define PARVIS_SERVER_QUERY_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parvis/service/file_store.h"
#include "parvis/service/refusal.h"

namespace parvis::server {

// The value of a query's parameter ("a=1&b=2"), decoded; nothing: it is not there. Of several the
// first.
std::optional<std::string> QueryValue(std::string_view query, std::string_view name);

// after, limit and order of a list, as OpenAI's routes have them. Refuses others than those in
// `known`.
service::OrRefusal<service::Page> ReadPage(std::string_view query, int64_t default_limit,
                                           int64_t max_limit,
                                           const std::vector<std::string_view>& known);

}  // namespace parvis::server

#endif  // PARVIS_SERVER_QUERY_H_
