#ifndef PARVIS_SERVER_API_H_
#define PARVIS_SERVER_API_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "parvis/governance/directory.h"
#include "parvis/governance/key_ring.h"
#include "parvis/server/router.h"
#include "parvis/server/session_cookie.h"
#include "parvis/service/batch_store.h"
#include "parvis/service/gateway.h"
#include "parvis/service/invoice_book.h"
#include "parvis/service/oidc_sign_in.h"
#include "parvis/service/response_store.h"
#include "parvis/service/sign_in.h"
#include "parvis/service/usage.h"
#include "parvis/telemetry/telemetry.h"

namespace parvis::server {

// What handlers may call. Everything in it outlives the server.
struct Api {
  service::Gateway& gateway;
  service::Catalogue& catalogue;
  std::string version;  // Parvis's
  service::ResponseStore& responses;
  telemetry::Telemetry& telemetry;
  // Nothing if the server takes requests, else why not yet, in a word.
  std::function<std::string()> not_ready = [] { return std::string(); };
  std::function<int64_t()> connections = [] { return int64_t{0}; };
  service::FileStore* files = nullptr;  // never null once there are routes, nor the next one
  service::BatchStore* batches = nullptr;
  std::function<void()> wake_batches = [] {};
  governance::Directory* directory = nullptr;  // null: there are no routes for who may
  governance::KeyRing* keys = nullptr;         // of the directory
  service::UsageBook* usage = nullptr;
  service::SignIn* sign_in = nullptr;   // of the directory
  service::OidcSignIn* oidc = nullptr;  // null: there are no providers
  CookieRules cookies = {};
  bool passwords_are_safe = true;  // neither network nor proxy reads what browsers send
  // What is done with models on the disk, for those who may manage them. Nothing: it is done.
  std::function<std::optional<service::Refusal>(const std::string& name)> remove_model = nullptr;
  std::function<std::optional<service::Refusal>(const std::string& from, const std::string& to)>
      copy_model = nullptr;
};

// The routes of each dialect, one file each.
void AddOpenAiChat(const Api& api, std::vector<Route>& routes);
void AddOpenAiCompletions(const Api& api, std::vector<Route>& routes);
void AddOpenAiBatches(const Api& api, std::vector<Route>& routes);
void AddOpenAiFiles(const Api& api, std::vector<Route>& routes);
void AddOpenAiEmbeddings(const Api& api, std::vector<Route>& routes);
void AddOpenAiModels(const Api& api, std::vector<Route>& routes);
void AddOpenAiResponses(const Api& api, std::vector<Route>& routes);
void AddOpenAiModerations(const Api& api, std::vector<Route>& routes);
void AddOrganisationKeys(const Api& api, std::vector<Route>& routes);
void AddOrganisationLimits(const Api& api, std::vector<Route>& routes);
void AddOrganisationUsers(const Api& api, std::vector<Route>& routes);
void AddOrganisationUsage(const Api& api, std::vector<Route>& routes);
void AddParvisCode(const Api& api, std::vector<Route>& routes);
void AddParvisHeads(const Api& api, std::vector<Route>& routes);
void AddParvisLoad(const Api& api, std::vector<Route>& routes);
void AddParvisTextToText(const Api& api, std::vector<Route>& routes);
void AddAnthropicMessages(const Api& api, std::vector<Route>& routes);
void AddOllamaEmbed(const Api& api, std::vector<Route>& routes);
void AddOllamaGenerate(const Api& api, std::vector<Route>& routes);
void AddOllamaModels(const Api& api, std::vector<Route>& routes);
void AddOrganisationSessions(const Api& api, std::vector<Route>& routes);
void AddSessions(const Api& api, std::vector<Route>& routes);
void AddSessionsOidc(const Api& api, std::vector<Route>& routes);
void AddHealth(const Api& api, std::vector<Route>& routes);
void AddMetrics(const Api& api, std::vector<Route>& routes);

// All of them, and the document that describes them (/openapi.json). `invoices` outlives the
// server.
Result<Router> MakeRouter(const Api& api, service::InvoiceBook& invoices);

// The cookies of somebody who came in.
Headers SessionCookies(const service::SignedIn& in, const CookieRules& rules);

// Sends a task on its way for a request; the exchange ends when the client leaves.
void SendTask(const Api& api, const HttpRequest& request, std::string route,
              std::unique_ptr<service::Task> task, std::shared_ptr<service::Receiver> receiver,
              const std::shared_ptr<Responder>& responder);

}  // namespace parvis::server

#endif  // PARVIS_SERVER_API_H_
