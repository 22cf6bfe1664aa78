#include "parvis/cli/serve_telemetry.h"

#include <cstdlib>
#include <sstream>
#include <utility>
#include <vector>

#include "parvis/cli/version.h"

namespace parvis::cli {
namespace {

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// "name=value,name=value", as OpenTelemetry's variables have it. Values may be secrets: they are
// never told.
std::vector<std::pair<std::string, std::string>> HeadersOf(const std::string& text) {
  std::vector<std::pair<std::string, std::string>> headers;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    const size_t equals = part.find('=');
    if (equals != std::string::npos && part.find_first_of("\r\n") == std::string::npos) {
      headers.emplace_back(part.substr(0, equals), part.substr(equals + 1));
    }
  }
  return headers;
}

}  // namespace

Result<std::unique_ptr<telemetry::Telemetry>> MakeTelemetry(const std::string& log_path,
                                                            const std::string& collector) {
  std::unique_ptr<telemetry::LineLog> log;
  if (log_path != "none") {
    PARVIS_ASSIGN_OR_RETURN(log, telemetry::LineLog::Open(log_path));
  }
  telemetry::SpanExporterSettings settings{.endpoint = collector, .version = kVersion};
  if (settings.endpoint.empty()) settings.endpoint = Environment("OTEL_EXPORTER_OTLP_ENDPOINT");
  settings.headers = HeadersOf(Environment("OTEL_EXPORTER_OTLP_HEADERS"));
  if (const std::string name = Environment("OTEL_SERVICE_NAME"); !name.empty()) {
    settings.service_name = name;
  }
  std::unique_ptr<telemetry::SpanExporter> spans;
  if (!settings.endpoint.empty()) {
    PARVIS_ASSIGN_OR_RETURN(spans, telemetry::SpanExporter::Start(std::move(settings)));
  }
  return std::make_unique<telemetry::Telemetry>(std::move(log), std::move(spans));
}

}  // namespace parvis::cli
