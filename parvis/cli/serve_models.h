#ifndef PARVIS_CLI_SERVE_MODELS_H_
#define PARVIS_CLI_SERVE_MODELS_H_

#include <string>

#include "parvis/cli/serve_options.h"
#include "parvis/core/result.h"
#include "parvis/service/catalogue.h"

// Which models a server has, by its options.
namespace parvis::cli {

// A file or folder that was named: "runs/quick/model.gguf" is served as "quick".
service::ModelPlace NamedPlace(const std::string& path);
// Its name, or the word itself if there is no such file.
std::string ServedName(const std::string& model);

// Reads the keys of upstreams.
Result<service::CatalogueSettings> CatalogueSettingsOf(const ServeOptions& options,
                                                       const ops::Exec& exec);

}  // namespace parvis::cli

#endif  // PARVIS_CLI_SERVE_MODELS_H_
