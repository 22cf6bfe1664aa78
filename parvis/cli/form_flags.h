#ifndef PARVIS_CLI_FORM_FLAGS_H_
#define PARVIS_CLI_FORM_FLAGS_H_

#include <memory>
#include <string>

#include "parvis/cli/flag_set.h"
#include "parvis/core/result.h"
#include "parvis/models/model.h"
#include "parvis/runtime/constraint.h"

namespace parvis::cli {

// --json-object and --schema: the form that an answer must have.
struct FormFlags {
  bool json_object = false;
  std::string schema_path;

  void AddTo(FlagSet& flags);
  // For GenerateRequest::constraint; null if answers are free.
  Result<std::shared_ptr<const runtime::Constraint>> Open(const models::Model& model) const;
};

}  // namespace parvis::cli

#endif  // PARVIS_CLI_FORM_FLAGS_H_
