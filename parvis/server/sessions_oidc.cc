// /v1/oidc: signing in at a provider of the configuration. Browsers come here, not programs: the
// answers are redirections, and cookies are what is kept meanwhile.

#include <utility>

#include "parvis/server/openai_json.h"
#include "parvis/server/openai_route.h"
#include "parvis/server/query.h"

namespace parvis::server {
namespace {

using To = std::shared_ptr<Responder>;

constexpr std::string_view kTicketCookie = "oidc";
constexpr auto kTicketLife = std::chrono::seconds(600);

HttpResponse SendTo(const std::string& url, Headers cookies) {
  HttpResponse response{.status = 303, .content_type = {}, .headers = std::move(cookies)};
  response.headers.emplace_back("location", url);
  response.headers.emplace_back("referrer-policy", "no-referrer");
  return response;
}

void ListProviders(const Api& api, const HttpRequest&, const To& to) {
  OrderedJson list = {{"object", "list"}, {"data", OrderedJson::array()}};
  for (const std::string& name : api.oidc->Providers()) {
    list["data"].push_back(
        {{"object", "oidc_provider"}, {"id", name}, {"start", "/v1/oidc/" + name + "/start"}});
  }
  to->Send({.body = Dump(list)});
}

void Start(const Api& api, const HttpRequest& request, const To& to) {
  api.oidc->Begin(request.captures[0], QueryValue(request.query, "to").value_or("/"), request.peer,
                  [api, id = request.id, to](const auto& begun) {
                    if (!begun.ok()) {
                      return to->Send(ErrorResponse(Dialect::kOpenAi, begun.refusal(), id));
                    }
                    to->Send(SendTo(begun->url, {SetCookie(kTicketCookie, begun->ticket,
                                                           kTicketLife, api.cookies)}));
                  });
}

void Callback(const Api& api, const HttpRequest& request, const To& to) {
  service::OidcAnswer answer{.provider = request.captures[0],
                             .code = QueryValue(request.query, "code"),
                             .state = QueryValue(request.query, "state"),
                             .error = QueryValue(request.query, "error"),
                             .issuer = QueryValue(request.query, "iss"),
                             .ticket = CookieOf(request, kTicketCookie, api.cookies),
                             .peer = request.peer};
  api.oidc->Finish(std::move(answer), [api, id = request.id, to](const auto& done) {
    const auto no_ticket = SetCookie(kTicketCookie, "", std::chrono::seconds(0), api.cookies);
    if (!done.ok()) {
      HttpResponse response = ErrorResponse(Dialect::kOpenAi, done.refusal(), id);
      if (done.refusal().kind != service::RefusalKind::kRateLimited) {
        response.headers.push_back(no_ticket);
      }
      return to->Send(std::move(response));
    }
    Headers cookies = SessionCookies(done->in, api.cookies);
    cookies.push_back(no_ticket);
    to->Send(SendTo(done->target, std::move(cookies)));
  });
}

}  // namespace

void AddSessionsOidc(const Api& api, std::vector<Route>& routes) {
  const auto add = [&](const char* pattern, const char* summary, OpenAiHandler handler) {
    Route route = OpenAiRoute(api, "GET", pattern, summary, handler);
    route.policy = Policy::Public();
    routes.push_back(std::move(route));
  };
  add("/v1/oidc", "Where one can sign in", &ListProviders);
  add("/v1/oidc/{provider}/start", "Go to a provider and sign in there", &Start);
  add("/v1/oidc/{provider}/callback", "Come back from a provider", &Callback);
}

}  // namespace parvis::server
