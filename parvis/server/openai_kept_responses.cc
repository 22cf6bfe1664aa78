// What becomes of answers of /v1/responses that are kept: they are shown, told again, cancelled
// while they are made in the background, and deleted.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include "parvis/server/api.h"
#include "parvis/server/openai_json.h"
#include "parvis/server/openai_response_events.h"
#include "parvis/server/openai_responses.h"
#include "parvis/server/openai_route.h"
#include "parvis/server/query.h"
#include "parvis/server/response_watch.h"
#include "parvis/server/running_responses.h"

namespace parvis::server {
namespace {

using service::Invalid;
using service::Refusal;
using service::RefusalKind;

// What runs here, and what runs at servers beside this one.
struct Background {
  std::shared_ptr<RunningResponses> running;
  std::shared_ptr<ResponseWatch> watch;
};

// How long another server may take for it.
constexpr std::chrono::milliseconds kCancelLimit{30'000}, kStreamLimit{600'000};

Refusal ElsewhereStill() {
  return {RefusalKind::kUnavailable,
          "Another server of this service still makes this answer.",
          {},
          "response_in_progress",
          1000};
}

Refusal TooManyWait() {
  return {RefusalKind::kOverloaded,
          "Too many wait for the end of this answer already.",
          {},
          "overloaded",
          1000};
}

// An earlier answer of the caller's. Somebody else's is not there.
service::OrRefusal<service::StoredResponse> Kept(const Api& api, const HttpRequest& request) {
  auto found = api.responses.Get(request.caller, request.captures[0]);
  if (!found.ok()) {
    return Refusal{RefusalKind::kUnavailable, "What was kept cannot be read now."};
  }
  if (!*found) {
    return Refusal{RefusalKind::kNotFound,
                   fmt::format("Response with id '{}' not found.", request.captures[0]), "id"};
  }
  return std::move(**found);
}

bool IsOpen(const OrderedJson& response) {
  return response["status"] == "queued" || response["status"] == "in_progress";
}

// The answer as it is now. One in the background that runs neither here nor at a server beside this
// one was cut off by a server's end. Whether it runs is looked at first: it is kept before it runs
// no more.
service::OrRefusal<OrderedJson> AsItIs(const Api& api, RunningResponses& running,
                                       const HttpRequest& request) {
  const auto now = running.StatusOf(request.captures[0]);
  const auto kept = Kept(api, request);
  if (!kept.ok()) return kept.refusal();
  OrderedJson response = OrderedJson::parse(kept->response);
  if (!IsOpen(response)) return response;
  if (now || kept->under_way) {
    response["status"] = now.value_or("in_progress");
  } else {
    (void)api.responses.MarkLost(*kept);  // if not now, then by who asks next
    response["status"] = "failed";
    response["error"] = {{"code", "server_error"},
                         {"message", "The server ended before the answer did."}};
  }
  return response;
}

// Calls `over` once the answer does not run any more, here or elsewhere, or after `limit`. False:
// too many wait for that already.
bool WhenOver(const Api& api, const Background& all, const HttpRequest& request,
              std::chrono::milliseconds limit, const std::function<void()>& over) {
  const auto is_over = [api, running = all.running, request] {
    const auto response = AsItIs(api, *running, request);
    return !response.ok() ? response.refusal().kind == RefusalKind::kNotFound : !IsOpen(*response);
  };
  // Who waits must not keep the watch that they wait for.
  return all.running->WhenOver(request.captures[0],
                               [weak = std::weak_ptr(all.watch), is_over, limit, over] {
                                 const auto watch = weak.lock();
                                 if (watch == nullptr || !watch->When(is_over, limit, over)) over();
                               });
}

// The number after which events are wanted; -1: all.
service::OrRefusal<int64_t> ReadAfter(std::string_view query) {
  const auto said = QueryValue(query, "starting_after");
  int64_t after = -1;
  if (!said) return after;
  const char* const end = said->data() + said->size();
  const auto read = std::from_chars(said->data(), end, after);
  if (read.ec != std::errc() || read.ptr != end || after < 0) {
    return Invalid("starting_after", "'starting_after' must be the number of an event.",
                   "invalid_value");
  }
  return after;
}

// Tells an answer once more, as events. Of one that still runs all are told when it is whole.
void Stream(const Api& api, const Background& all, const HttpRequest& request,
            const std::shared_ptr<Responder>& to) {
  const auto after = ReadAfter(request.query);
  if (!after.ok()) return Refuse(request, to, after.refusal());
  to->Begin(200, "text/event-stream; charset=utf-8", {});
  const auto fail = [request, to](const Refusal& refusal) {
    to->Write(Event(ErrorBody(Dialect::kOpenAi, refusal, request.id)));
    to->Break();
  };
  const bool waits =
      WhenOver(api, all, request, kStreamLimit,
               [api, running = all.running, request, to, after = *after, fail] {
                 const auto response = AsItIs(api, *running, request);
                 if (!response.ok()) return fail(response.refusal());
                 if (IsOpen(*response)) return fail(ElsewhereStill());
                 ResponseEvents events;
                 events.To([to](std::string event) { to->Write(std::move(event)); }, after);
                 events.Replay(*response);
                 to->End();
               });
  if (!waits) fail(TooManyWait());
}

void Retrieve(const Api& api, const Background& all, const HttpRequest& request,
              const std::shared_ptr<Responder>& to) {
  const auto response = AsItIs(api, *all.running, request);
  if (!response.ok()) return Refuse(request, to, response.refusal());
  if (QueryValue(request.query, "stream") == "true") return Stream(api, all, request, to);
  to->Send({.body = Dump(*response)});
}

// Tells whoever makes it that it is not wanted any more. False: the database does not take it.
bool Stop(const Api& api, const Background& all, const HttpRequest& request) {
  const std::string& id = request.captures[0];
  all.running->Cancel(id);
  return !api.responses.is_shared() || api.responses.MarkUnwanted(request.caller, id).ok();
}

Refusal NotNow() {
  return {RefusalKind::kUnavailable, "What was kept cannot be changed now.", {}, {}, 1000};
}

// Once it does not run any more: what came of it.
void Cancel(const Api& api, const Background& all, const HttpRequest& request,
            const std::shared_ptr<Responder>& to) {
  const auto kept = Kept(api, request);
  if (!kept.ok()) return Refuse(request, to, kept.refusal());
  if (OrderedJson::parse(kept->response)["background"] != true) {
    return Refuse(request, to,
                  Invalid("id", "Only answers that are made in the background can be cancelled."));
  }
  if (!Stop(api, all, request)) return Refuse(request, to, NotNow());
  const bool waits =
      WhenOver(api, all, request, kCancelLimit, [api, running = all.running, request, to] {
        const auto response = AsItIs(api, *running, request);
        if (!response.ok()) return Refuse(request, to, response.refusal());
        if (IsOpen(*response)) return Refuse(request, to, ElsewhereStill());
        to->Send({.body = Dump(*response)});
      });
  if (!waits) Refuse(request, to, TooManyWait());
}

void Delete(const Api& api, const Background& all, const HttpRequest& request,
            const std::shared_ptr<Responder>& to) {
  if (const auto kept = Kept(api, request); !kept.ok()) return Refuse(request, to, kept.refusal());
  if (!Stop(api, all, request)) return Refuse(request, to, NotNow());
  const bool waits = WhenOver(api, all, request, kCancelLimit, [api, request, to] {
    const std::string& id = request.captures[0];
    if (!api.responses.Delete(request.caller, id).ok()) return Refuse(request, to, NotNow());
    to->Send({.body = Dump({{"id", id}, {"object", "response"}, {"deleted", true}})});
  });
  if (!waits) Refuse(request, to, TooManyWait());
}

// Which of the items a query asks for.
service::OrRefusal<OrderedJson> PageOf(const OrderedJson& items, std::string_view query) {
  const auto page = ReadPage(query, 20, 100, {"after", "include", "include[]", "limit", "order"});
  if (!page.ok()) return page.refusal();
  std::vector<OrderedJson> all(items.begin(), items.end());
  if (page->newest_first) std::reverse(all.begin(), all.end());
  size_t begin = 0;
  if (!page->after.empty()) {
    while (begin < all.size() && all[begin]["id"] != page->after) ++begin;
    if (begin == all.size()) return Invalid("after", "'after' is the id of no item.");
    ++begin;
  }
  const size_t end = std::min(all.size(), begin + static_cast<size_t>(page->limit));
  OrderedJson data(std::vector<OrderedJson>(all.begin() + static_cast<ptrdiff_t>(begin),
                                            all.begin() + static_cast<ptrdiff_t>(end)));
  return OrderedJson{{"object", "list"},
                     {"data", data},
                     {"first_id", data.empty() ? OrderedJson() : data.front()["id"]},
                     {"last_id", data.empty() ? OrderedJson() : data.back()["id"]},
                     {"has_more", end < all.size()}};
}

void InputItems(const Api& api, const HttpRequest& request, const std::shared_ptr<Responder>& to) {
  const auto kept = Kept(api, request);
  if (!kept.ok()) return Refuse(request, to, kept.refusal());
  const auto page = PageOf(OrderedJson::parse(kept->input), request.query);
  if (!page.ok()) return Refuse(request, to, page.refusal());
  to->Send({.body = Dump(*page)});
}

// A handler that knows what runs.
OpenAiHandler With(Background all,
                   void (*handler)(const Api&, const Background&, const HttpRequest&,
                                   const std::shared_ptr<Responder>&)) {
  return [all = std::move(all), handler](const Api& api, const HttpRequest& request,
                                         const std::shared_ptr<Responder>& to) {
    handler(api, all, request, to);
  };
}

}  // namespace

void AddKeptResponses(const Api& api, const std::shared_ptr<RunningResponses>& running,
                      std::vector<Route>& routes) {
  const Background all{running, std::make_shared<ResponseWatch>(api.responses, running)};
  routes.push_back(OpenAiRoute(api, "GET", "/v1/responses/{id}", "An answer that was kept",
                               With(all, &Retrieve)));
  routes.push_back(
      OpenAiRoute(api, "DELETE", "/v1/responses/{id}", "Delete it", With(all, &Delete)));
  routes.push_back(OpenAiRoute(api, "POST", "/v1/responses/{id}/cancel",
                               "Stop making it in the background", With(all, &Cancel)));
  routes.push_back(OpenAiRoute(api, "GET", "/v1/responses/{id}/input_items",
                               "What its request added to the conversation", &InputItems));
}

}  // namespace parvis::server
