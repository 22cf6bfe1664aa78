#include "parvis/service/access.h"

#include <algorithm>

namespace parvis::service {
namespace {

bool Has(const std::vector<std::string>& models, const std::string& own_name,
         Catalogue& catalogue) {
  return models.empty() || std::any_of(models.begin(), models.end(), [&](const std::string& model) {
           return catalogue.OwnName(model) == own_name;
         });
}

}  // namespace

bool MayName(const Caller& caller, const std::string& model, Catalogue& catalogue) {
  if (caller.models.empty() && caller.plan_models.empty()) return true;
  const std::string own_name = catalogue.OwnName(model);
  return Has(caller.models, own_name, catalogue) && Has(caller.plan_models, own_name, catalogue);
}

}  // namespace parvis::service
