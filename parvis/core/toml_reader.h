#ifndef PARVIS_CORE_TOML_READER_H_
#define PARVIS_CORE_TOML_READER_H_

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#define TOML_EXCEPTIONS 0
#include "parvis/core/json.h"
#include "parvis/core/result.h"
#include "toml++/toml.h"

namespace parvis {

// Reads one table of a TOML file strictly. Getters return the value, or `fallback` where the key is
// absent, and remember the first thing that is wrong; Finish() gives it, or refuses a key that no
// getter asked for. A message names file, line and key:
//
//   quick.toml:12: [train] learning_rte: unknown key; did you mean learning_rate? (known: …)
//
// The table must outlive the reader.
class TomlReader {
 public:
  // `table` may be null (absent). `name`: "train"; empty for the top of the file.
  TomlReader(const toml::table* table, std::string file, std::string name);

  bool Has(std::string_view key) const;
  // Makes keys known that somebody else reads.
  void Know(const std::vector<std::string>& keys);
  std::string Text(std::string_view key, std::string fallback);
  std::string OneOf(std::string_view key, std::string fallback,
                    const std::vector<std::string>& choices);
  // A whole number; 4e6 counts as one.
  int64_t Integer(std::string_view key, int64_t fallback, int64_t low,
                  int64_t high = std::numeric_limits<int64_t>::max());
  double Number(std::string_view key, double fallback, double low, double high);
  bool Flag(std::string_view key, bool fallback);
  std::vector<std::string> Texts(std::string_view key);
  // The table under `key`, or null.
  const toml::table* Table(std::string_view key);
  // The array under `key`, or null.
  const toml::array* Array(std::string_view key);

  // Makes `status` the reader's, at the key's line, unless something was wrong before.
  void Refuse(std::string_view key, const std::string& why);
  void RefuseAt(const toml::node& node, std::string_view key, const std::string& why);
  // "quick.toml:12: [train] " of a key, or of the table where the key is absent.
  std::string Place(std::string_view key) const;

  Status Finish();

 private:
  const toml::node* Ask(std::string_view key);
  std::string PlaceOf(const toml::node* node, std::string_view key) const;

  const toml::table* table_;
  std::string file_, name_;
  std::vector<std::string> known_;
  Status status_;
};

// Any TOML value as JSON (dates are refused).
Result<Json> JsonOfToml(const toml::node& node);

}  // namespace parvis

#endif  // PARVIS_CORE_TOML_READER_H_
