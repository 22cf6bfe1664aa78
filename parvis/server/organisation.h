#ifndef PARVIS_SERVER_ORGANISATION_H_
#define PARVIS_SERVER_ORGANISATION_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parvis/core/json.h"
#include "parvis/server/api.h"
#include "parvis/server/query.h"
#include "parvis/server/router.h"

// What the routes of /v1/organization share: whose organisation is meant, and that nobody hands out
// what they do not have.
namespace parvis::server {

// The organisation that a request is about: the caller's own, or, for who may manage all of them,
// the one that the header OpenAI-Organization names. For everybody else another one does not exist.
service::OrRefusal<governance::Organisation> OrganisationOf(const Api& api,
                                                            const HttpRequest& request);

// Refuses to change a user who may more than the caller, or to make one.
std::optional<service::Refusal> CheckRank(const service::Caller& caller,
                                          const governance::User& user);

// A route of these, in OpenAI's dialect. Without a body; who has one sets it and its size.
using OrganisationHandler = void (*)(const Api&, const HttpRequest&,
                                     const governance::Organisation&,
                                     const std::shared_ptr<Responder>&);
Route OrganisationRoute(const Api& api, std::string method, std::string pattern,
                        service::Permission permission, std::string summary,
                        OrganisationHandler handler);

// What the tables could not do, for a caller: what is not there, is there already, or is wrong.
service::Refusal DirectoryRefusal(const Status& status);

// A page of a list that is in memory, by `after` and `limit` of the query: {object, data, first_id,
// last_id, has_more}. `items`: their JSON, each with an "id".
service::OrRefusal<OrderedJson> PageOf(const HttpRequest& request,
                                       const std::vector<OrderedJson>& items,
                                       const std::vector<std::string_view>& known);

}  // namespace parvis::server

#endif  // PARVIS_SERVER_ORGANISATION_H_
