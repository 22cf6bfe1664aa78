#ifndef PARVIS_CLI_SERVE_TELEMETRY_H_
#define PARVIS_CLI_SERVE_TELEMETRY_H_

#include <memory>
#include <string>

#include "parvis/core/result.h"
#include "parvis/telemetry/telemetry.h"

namespace parvis::cli {

// What `parvis serve` tells of itself. `log`: a file, "-" for stderr, "none". `collector`: where
// spans go; empty: what OTEL_EXPORTER_OTLP_ENDPOINT says. OTEL_EXPORTER_OTLP_HEADERS and
// OTEL_SERVICE_NAME count, too.
Result<std::unique_ptr<telemetry::Telemetry>> MakeTelemetry(const std::string& log,
                                                            const std::string& collector);

}  // namespace parvis::cli

#endif  // PARVIS_CLI_SERVE_TELEMETRY_H_
