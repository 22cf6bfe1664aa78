#ifndef PARVIS_SERVER_PARVIS_LOAD_H_
#define PARVIS_SERVER_PARVIS_LOAD_H_

#include "parvis/core/json.h"
#include "parvis/service/catalogue.h"

namespace parvis::server {

// {"stage", "progress", "seconds"}: how far the loading of a model is.
OrderedJson LoadingJson(const service::LoadProgress& progress);

}  // namespace parvis::server

#endif  // PARVIS_SERVER_PARVIS_LOAD_H_
