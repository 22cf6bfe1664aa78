#ifndef PARVIS_MODELS_CONFIG_H_
#define PARVIS_MODELS_CONFIG_H_

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "parvis/core/json.h"
#include "parvis/core/result.h"

namespace parvis::models {

// Checked access to a configuration that somebody else wrote: config.json, GGUF metadata (with keys
// relative to the architecture: "block_count") or a recipe's [model] table. A field is asked for by
// the names it has in each; the first that is there counts. The first mistake is remembered, and
// later questions return harmless values, so that a family reads like a table.
class Config {
 public:
  explicit Config(const Json& json) : json_(json) {}

  using Names = std::initializer_list<std::string_view>;

  bool Has(Names names) const { return Find(names) != nullptr; }
  // Some configurations mean by null something else than by saying nothing.
  bool IsNull(std::string_view name) const;
  // Required, or with a default. Integers are within [min, 2^31).
  int64_t Int(Names names, int64_t min = 1);
  int64_t IntOr(Names names, int64_t otherwise, int64_t min = 1);
  float Float(Names names);  // required, finite and positive
  float FloatOr(Names names, float otherwise);
  bool BoolOr(Names names, bool otherwise);
  std::string TextOr(Names names, std::string otherwise);
  // The first text of a list of them; "" is what an empty list gives.
  std::string FirstTextOr(std::string_view name, std::string otherwise);
  const Json* Object(Names names);  // null if absent or null

  // Records a mistake of the configuration as a whole.
  void Refuse(const std::string& why);
  const Status& status() const { return status_; }

 private:
  const Json* Find(Names names) const;
  void Wrong(Names names, const std::string& why);

  const Json& json_;
  Status status_;
};

}  // namespace parvis::models

#endif  // PARVIS_MODELS_CONFIG_H_
