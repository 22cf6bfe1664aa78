#ifndef PARVIS_SERVICE_ACCESS_H_
#define PARVIS_SERVICE_ACCESS_H_

#include <string>

#include "parvis/service/caller.h"
#include "parvis/service/catalogue.h"

namespace parvis::service {

// Whether the caller may know of this model and name it: their key and their plan have it. Aliases
// stand for the models that they name.
bool MayName(const Caller& caller, const std::string& model, Catalogue& catalogue);

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_ACCESS_H_
