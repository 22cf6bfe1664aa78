#include "parvis/server/organisation.h"

#include <algorithm>
#include <utility>

#include "parvis/governance/schema.h"
#include "parvis/server/openai_route.h"

namespace parvis::server {

using service::Permission;
using service::Refusal;
using service::RefusalKind;

service::OrRefusal<governance::Organisation> OrganisationOf(const Api& api,
                                                            const HttpRequest& request) {
  const std::string asked(request.Header("openai-organization"));
  const bool any = request.caller.permissions.Has(Permission::kManageOrganisations);
  const bool own = asked.empty() || asked == request.caller.organisation;
  auto found = api.directory->FindOrganisation(own ? request.caller.organisation : asked);
  if (found.ok() && (any || found->id == request.caller.organisation)) {
    return std::move(found).value();
  }
  if (!found.ok() && found.status().code() != StatusCode::kNotFound) {
    return DirectoryRefusal(found.status());
  }
  return Refusal{RefusalKind::kNotFound, "There is no such organisation.", "OpenAI-Organization"};
}

std::optional<Refusal> CheckRank(const service::Caller& caller, const governance::User& user) {
  const bool host = user.organisation == governance::kHostOrganisation;
  if (caller.permissions.HasAll(governance::PermissionsOf(user.role, host))) return std::nullopt;
  return Refusal{RefusalKind::kForbidden,
                 "Nobody gives, takes or changes what they do not have: this user's role may more "
                 "than your key.",
                 "role",
                 "permission_denied",
                 {}};
}

Route OrganisationRoute(const Api& api, std::string method, std::string pattern,
                        Permission permission, std::string summary, OrganisationHandler handler) {
  return {
      .method = std::move(method),
      .pattern = std::move(pattern),
      .policy = Policy::Needs(permission),
      .dialect = Dialect::kOpenAi,
      .summary = std::move(summary),
      .body = nullptr,
      .max_body_bytes = 0,
      .handler = [api, handler](const HttpRequest& request, const std::shared_ptr<Responder>& to) {
        const auto organisation = OrganisationOf(api, request);
        if (!organisation.ok()) return Refuse(request, to, organisation.refusal());
        handler(api, request, *organisation, to);
      }};
}

Refusal DirectoryRefusal(const Status& status) {
  if (status.code() == StatusCode::kNotFound || status.code() == StatusCode::kInvalidArgument) {
    Refusal refusal = service::RefusalOf(status);
    refusal.param.clear();
    return refusal;
  }
  return {RefusalKind::kUnavailable, "Who there is cannot be read or written now.", {}, {}, 1000};
}

service::OrRefusal<OrderedJson> PageOf(const HttpRequest& request,
                                       const std::vector<OrderedJson>& items,
                                       const std::vector<std::string_view>& known) {
  const auto page = ReadPage(request.query, 20, 1000, known);
  if (!page.ok()) return page.refusal();
  size_t begin = 0;
  if (!page->after.empty()) {
    const auto found = std::find_if(items.begin(), items.end(), [&](const OrderedJson& item) {
      return item["id"] == page->after;
    });
    if (found == items.end()) {
      return Refusal{RefusalKind::kNotFound, "There is nothing of this id.", "after"};
    }
    begin = static_cast<size_t>(found - items.begin()) + 1;
  }
  const size_t end = std::min(items.size(), begin + static_cast<size_t>(page->limit));
  OrderedJson list = {{"object", "list"}, {"data", OrderedJson::array()}};
  for (size_t i = begin; i < end; ++i) list["data"].push_back(items[i]);
  list["first_id"] = begin < end ? items[begin]["id"] : OrderedJson();
  list["last_id"] = begin < end ? items[end - 1]["id"] : OrderedJson();
  list["has_more"] = end < items.size();
  return list;
}

}  // namespace parvis::server
