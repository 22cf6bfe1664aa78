#include "parvis/cli/form_flags.h"

#include "parvis/core/file.h"
#include "parvis/grammar/constrainer.h"

namespace parvis::cli {

void FormFlags::AddTo(FlagSet& flags) {
  flags.Add("--json-object", &json_object, "The answer is a JSON object");
  flags.Add("--schema", &schema_path,
            "The answer is JSON that satisfies the JSON Schema in this file");
}

Result<std::shared_ptr<const runtime::Constraint>> FormFlags::Open(
    const models::Model& model) const {
  if (!json_object && schema_path.empty()) return std::shared_ptr<const runtime::Constraint>();
  if (json_object && !schema_path.empty()) {
    return InvalidArgument("--json-object and --schema: only one of them");
  }
  PARVIS_RETURN_IF_ERROR(models::CheckTokenizer(model));
  PARVIS_ASSIGN_OR_RETURN(const auto constrainer, grammar::Constrainer::Make(*model.tokenizer));
  if (json_object) return constrainer->JsonObject();
  PARVIS_ASSIGN_OR_RETURN(const std::string text, ReadFile(schema_path));
  auto schema = grammar::ParseSchemaJson(text);
  PARVIS_RETURN_IF_ERROR(schema.status().In(schema_path));
  auto made = constrainer->JsonSchema(*schema);
  PARVIS_RETURN_IF_ERROR(made.status().In(schema_path));
  return made;
}

}  // namespace parvis::cli
