#include "parvis/server/ollama_json.h"

#include <fmt/format.h>

#include <cctype>
#include <charconv>
#include <cmath>

namespace parvis::server {
namespace {

constexpr std::string_view kLatest = ":latest";
constexpr double kForEverSeconds = 1e9;

// Seconds in one of Go's units; 0: no unit.
double UnitSeconds(std::string_view unit) {
  if (unit == "ns") return 1e-9;
  if (unit == "us") return 1e-6;
  if (unit == "ms") return 1e-3;
  if (unit == "s") return 1;
  if (unit == "m") return 60;
  return unit == "h" ? 3600 : 0;
}

// Go's way to write a duration: numbers with units, one after the other. Nothing: it is none.
std::optional<double> SecondsOf(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  double seconds = 0;
  while (!text.empty()) {
    double number = 0;
    const auto read =
        std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (read.ec != std::errc() || number < 0 || !std::isfinite(number)) return std::nullopt;
    text.remove_prefix(static_cast<size_t>(read.ptr - text.data()));
    size_t letters = 0;
    while (letters < text.size() && std::islower(static_cast<unsigned char>(text[letters])) != 0) {
      ++letters;
    }
    const double unit = UnitSeconds(text.substr(0, letters));
    if (unit == 0) return std::nullopt;
    seconds += number * unit;
    text.remove_prefix(letters);
  }
  return negative ? -seconds : seconds;
}

}  // namespace

std::string ModelOf(const Json& body) {
  std::string name = body["model"].get<std::string>();
  if (name.size() > kLatest.size() && name.ends_with(kLatest)) {
    name.resize(name.size() - kLatest.size());
  }
  return name;
}

std::string Tagged(const std::string& name) {
  return name.find(':') == std::string::npos ? name + std::string(kLatest) : name;
}

service::OrRefusal<KeepAlive> ReadKeepAlive(const Json& body) {
  const Json& said = Get(body, "keep_alive");
  if (said.is_null() || said == "") return KeepAlive{};
  std::optional<double> seconds;
  if (said.is_number()) {
    seconds = said.get<double>();
  } else {
    seconds = SecondsOf(said.get<std::string>());
    const auto& text = said.get_ref<const std::string&>();
    if (text == "0" || text == "-1") seconds = text == "0" ? 0 : -1;  // without a unit
  }
  if (!seconds) {
    return service::Invalid("keep_alive", "'keep_alive' must be a duration, such as \"5m\".");
  }
  if (*seconds < 0 || *seconds > kForEverSeconds) return KeepAlive{.said = true, .time = {}};
  return KeepAlive{.said = true,
                   .time = std::chrono::seconds(static_cast<int64_t>(std::ceil(*seconds)))};
}

void Keep(const Api& api, const service::Caller& caller, const std::string& model,
          const KeepAlive& keep) {
  if (!keep.said || !caller.permissions.Has(service::Permission::kManage)) return;
  api.catalogue.KeepAlive(model, keep.time);
}

int64_t Nanoseconds(double seconds) { return static_cast<int64_t>(seconds * 1e9); }

OrderedJson DetailsJson(const std::string& path, const std::optional<service::ModelFacts>& facts) {
  OrderedJson details = {
      {"parent_model", ""},   {"format", path.ends_with(".gguf") ? "gguf" : "safetensors"},
      {"family", ""},         {"families", OrderedJson::array()},
      {"parameter_size", ""}, {"quantization_level", ""}};
  if (!facts) return details;
  details["format"] = facts->format;
  details["family"] = facts->family;
  details["families"].push_back(facts->family);
  const auto count = static_cast<double>(facts->parameters);
  details["parameter_size"] =
      count >= 1e9 ? fmt::format("{:.1f}B", count / 1e9) : fmt::format("{:.2f}M", count / 1e6);
  details["quantization_level"] = facts->dtype;
  for (char& c : details["quantization_level"].get_ref<std::string&>()) {
    c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return details;
}

Route OllamaPost(std::string pattern, std::string summary, const Shape* body, Handler handler) {
  return {.method = "POST",
          .pattern = std::move(pattern),
          .policy = Policy::Needs(service::Permission::kUseModels),
          .dialect = Dialect::kOllama,
          .summary = std::move(summary),
          .body = body,
          .max_body_bytes = kMaxBodyBytes,
          .handler = std::move(handler)};
}

}  // namespace parvis::server
