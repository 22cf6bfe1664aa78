#ifndef PARVIS_SERVICE_ACCESS_H_
#define PARVIS_SERVICE_ACCESS_H_

#include <optional>
#include <string>

#include "parvis/service/caller.h"
#include "parvis/service/catalogue.h"
#include "parvis/service/refusal.h"
#include "parvis/service/task.h"

namespace parvis::service {

// Whether the caller may know of this model and name it: their key and their plan have it. Aliases
// stand for the models that they name.
bool MayName(const Caller& caller, const std::string& model, Catalogue& catalogue);

// Why the caller may not: their plan lacks the feature. None: it has it.
std::optional<Refusal> Lacks(const Caller& caller, Feature feature);
// … one that the task uses, or that the model is.
std::optional<Refusal> LacksFor(const Caller& caller, const Task& task);
std::optional<Refusal> LacksFor(const Caller& caller, const LoadedModel& model);

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_ACCESS_H_
