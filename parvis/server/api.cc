#include "parvis/server/api.h"

#include <utility>

#include "parvis/server/billing.h"
#include "parvis/server/openapi.h"

namespace parvis::server {

void SendTask(const Api& api, const HttpRequest& request, std::string route,
              std::unique_ptr<service::Task> task, std::shared_ptr<service::Receiver> receiver,
              const std::shared_ptr<Responder>& responder) {
  const std::shared_ptr<service::Exchange> exchange =
      api.gateway.Send({request.id, request.caller, std::move(route), request.trace},
                       std::move(task), std::move(receiver));
  responder->OnGone([weak = std::weak_ptr<service::Exchange>(exchange)] {
    if (const auto running = weak.lock()) running->Cancel();
  });
}

Result<Router> MakeRouter(const Api& api, service::InvoiceBook& invoices) {
  std::vector<Route> routes;
  AddHealth(api, routes);
  AddMetrics(api, routes);
  AddOpenAiModels(api, routes);
  AddParvisLoad(api, routes);
  AddOpenAiChat(api, routes);
  AddOpenAiCompletions(api, routes);
  AddOpenAiEmbeddings(api, routes);
  AddOpenAiResponses(api, routes);
  AddOpenAiModerations(api, routes);
  AddOpenAiFiles(api, routes);
  AddOpenAiBatches(api, routes);
  if (api.directory != nullptr) {
    AddOrganisations(api, routes);
    AddPlans(api, routes);
    AddOrganisationUsers(api, routes);
    AddOrganisationKeys(api, routes);
    AddOrganisationUsage(api, routes);
    AddOrganisationLimits(api, routes);
    AddOrganisationBilling(api, invoices, routes);
    AddOrganisationInvoices(api, invoices, routes);
    if (api.sign_in != nullptr) {
      AddOrganisationSessions(api, routes);
      AddSessions(api, routes);
      if (api.oidc != nullptr) AddSessionsOidc(api, routes);
    }
  }
  AddParvisHeads(api, routes);
  AddParvisTextToText(api, routes);
  AddParvisCode(api, routes);
  AddAnthropicMessages(api, routes);
  AddOllamaModels(api, routes);
  AddOllamaGenerate(api, routes);
  AddOllamaEmbed(api, routes);
  AddOpenApi(api.version, routes);
  return Router::Make(std::move(routes));
}

}  // namespace parvis::server
