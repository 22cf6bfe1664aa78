#include "parvis/cli/serve_greeting.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace parvis::cli {

void Announce(const ServeOptions& options, const std::string& address,
              const std::optional<std::string>& new_key, Console& console) {
  if (console.json) {
    OrderedJson document = Console::Document("serve");
    document["address"] = address;
    document["key"] = new_key ? OrderedJson(*new_key) : OrderedJson();
    console.PrintJson(document);
  } else {
    console.Print(fmt::format("Parvis serves at {} (OpenAI's API: {}/v1)\n", address, address));
    if (new_key) console.Print("The operator's key, shown this once: " + *new_key + "\n");
  }
  console.Flush();
  if (options.no_key) {
    console.Note("Whoever reaches this address may use the models (--no-key).");
  } else if (!new_key) {
    console.Note("The operator's key is the one that was shown before; --new-key makes another.");
  }
}

void Suggest(const ServeOptions& options, const std::string& address, service::Catalogue& catalogue,
             const std::optional<Example>& example, Console& console) {
  constexpr size_t kNamed = 12;
  const std::vector<service::ModelState> models = catalogue.List();
  std::string names;
  for (size_t i = 0; i < std::min(models.size(), kNamed); ++i) {
    names += (i > 0 ? ", " : "") + models[i].name;
  }
  if (models.size() > kNamed) names += fmt::format(" and {} more", models.size() - kNamed);
  console.Note(models.empty() ? "There are no models yet; 'parvis serve FILE' serves one."
                              : "Models: " + names + ".");
  const char* const key = options.no_key ? "" : " -H \"Authorization: Bearer $KEY\"";
  console.Note(options.no_key ? "Try:" : "Try, with your key in KEY:");
  if (!example) {
    console.Note(fmt::format("  curl {}/v1/models{}", address, key));
  } else if (example->converses) {
    console.Note(
        fmt::format("  curl {}/v1/chat/completions{} \\\n    -d '{{\"model\": \"{}\", "
                    "\"messages\": [{{\"role\": \"user\", \"content\": \"Hello\"}}]}}'",
                    address, key, example->model));
  } else {
    console.Note(
        fmt::format("  curl {}/v1/completions{} \\\n    -d '{{\"model\": \"{}\", "
                    "\"prompt\": \"Once upon a time\", \"max_tokens\": 60}}'",
                    address, key, example->model));
  }
  console.Note("Clients of OpenAI, Anthropic and Ollama work with this address. Ctrl-C stops.");
}

}  // namespace parvis::cli
