#ifndef PARVIS_CLI_STORE_FOLDER_H_
#define PARVIS_CLI_STORE_FOLDER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "parvis/cli/flag_set.h"
#include "parvis/core/json.h"
#include "parvis/core/result.h"
#include "parvis/governance/directory.h"

namespace parvis::cli {

// Where Parvis keeps what it knows, for commands that read and change it whether a server runs on
// it or not: --data, --database.
class StoreFlags {
 public:
  void AddTo(FlagSet& flags);
  // Makes the folder and what is in it where they are missing. Refuses a folder of somebody else's:
  // what we would leave in it, its server could not read.
  Result<std::unique_ptr<governance::Directory>> Open() const;
  Result<governance::Pepper> OpenPepper() const;  // after Open
  // Where the database is (store/database.h); the folder is there and ours.
  Result<std::string> DatabasePath() const;

 private:
  std::string data_, database_;
};

// The database that --database says, else PARVIS_DATABASE, else parvis.db in the folder.
std::string DatabaseOf(const std::string& flag, const std::string& folder);
// Who there is. On a shared database the folder's pepper must be the one that its keys were made
// with.
Result<std::unique_ptr<governance::Directory>> OpenDirectory(const std::string& database,
                                                             const std::string& folder);

// --org: whose users, groups and keys. An id or a name; the host's own if it is not said.
class OrganisationFlags {
 public:
  void AddTo(FlagSet& flags);
  Result<governance::Organisation> Find(governance::Directory& directory) const;

 private:
  std::string who_ = "local";
};

// The pepper of a folder (governance/secret.h).
std::string PepperPath(const std::string& data);

// "2026-11-26T07:30:00Z"; "-" for none.
std::string UtcText(const std::optional<int64_t>& ms);
OrderedJson UtcJson(const std::optional<int64_t>& ms);  // null for none
// "90s", "15m", "12h", "30d" in milliseconds. `flag` is for the message.
Result<int64_t> ParseDuration(const std::string& text, const std::string& flag);

// What commands show of these.
OrderedJson JsonOf(const governance::Organisation& organisation);
OrderedJson JsonOf(const governance::Group& group);
OrderedJson JsonOf(const governance::User& user);
OrderedJson JsonOf(const governance::ApiKey& key);

}  // namespace parvis::cli

#endif  // PARVIS_CLI_STORE_FOLDER_H_
