#include "parvis/cli/store_folder.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "parvis/cli/model_path.h"
#include "parvis/core/clock.h"
#include "parvis/core/utc.h"
#include "parvis/governance/schema.h"
#include "parvis/service/backup.h"
#include "parvis/service/records.h"

namespace parvis::cli {

void StoreFlags::AddTo(FlagSet& flags) {
  flags.Add("--data", &data_, "Folder of parvis.db and parvis.pepper (default: PARVIS_HOME)");
  flags.Add("--database", &database_,
            "Instead of parvis.db: postgresql://…, for several servers (default: PARVIS_DATABASE)");
}

Result<std::string> StoreFlags::DatabasePath() const {
  const std::string folder = data_.empty() ? HomeFolder() : data_;
  struct stat info = {};
  if (stat(folder.c_str(), &info) != 0) return NotFound(folder + ": " + std::strerror(errno));
  if (info.st_uid != geteuid()) {
    return Status(StatusCode::kPermissionDenied,
                  folder + ": belongs to another user; run this as that one (sudo -u …)");
  }
  return DatabaseOf(database_, folder);
}

Result<std::unique_ptr<governance::Directory>> StoreFlags::Open() const {
  const std::string folder = data_.empty() ? HomeFolder() : data_;
  std::error_code error;
  if (!std::filesystem::exists(folder, error)) {
    std::filesystem::create_directories(folder, error);
    if (error) return IoError(folder + ": " + error.message());
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  }
  PARVIS_ASSIGN_OR_RETURN(const std::string path, DatabasePath());
  PARVIS_RETURN_IF_ERROR(service::FinishRestore(folder));
  {
    PARVIS_ASSIGN_OR_RETURN(const auto database, store::Database::Open(path));
    PARVIS_RETURN_IF_ERROR(service::MigrateServiceTables(*database).In(path));
  }
  return OpenDirectory(path, folder);
}

std::string DatabaseOf(const std::string& flag, const std::string& folder) {
  if (!flag.empty()) return flag;
  const char* const environment = std::getenv("PARVIS_DATABASE");
  if (environment != nullptr && *environment != '\0') return environment;
  return folder + "/parvis.db";
}

Result<std::unique_ptr<governance::Directory>> OpenDirectory(const std::string& database,
                                                             const std::string& folder) {
  PARVIS_ASSIGN_OR_RETURN(auto pepper, governance::Pepper::Open(PepperPath(folder)));
  PARVIS_ASSIGN_OR_RETURN(auto directory, governance::Directory::Open(database, std::move(pepper)));
  if (store::Database::IsShared(database)) {
    PARVIS_RETURN_IF_ERROR(directory->CheckPepper().In(PepperPath(folder)));
  }
  return directory;
}

Result<governance::Pepper> StoreFlags::OpenPepper() const {
  return governance::Pepper::Open(PepperPath(data_.empty() ? HomeFolder() : data_));
}

void OrganisationFlags::AddTo(FlagSet& flags) {
  flags.Add("--org", &who_, "The organisation, by id or name", {.show_default = true});
}

Result<governance::Organisation> OrganisationFlags::Find(governance::Directory& directory) const {
  return directory.FindOrganisation(who_);
}

std::string PepperPath(const std::string& data) { return data + "/parvis.pepper"; }

std::string UtcText(const std::optional<int64_t>& ms) { return ms ? UtcSeconds(*ms) : "-"; }

OrderedJson UtcJson(const std::optional<int64_t>& ms) {
  return ms ? OrderedJson(UtcSeconds(*ms)) : OrderedJson();
}

Result<int64_t> ParseDuration(const std::string& text, const std::string& flag) {
  constexpr int64_t kMost = 36'500;  // a hundred years of days
  const Status refused = InvalidArgument(fmt::format(
      "{}: '{}' is no time; a number and s, m, h or d, such as 30d", flag, text.substr(0, 40)));
  if (text.size() < 2) return refused;
  int64_t count = 0;
  const char* const end = text.data() + text.size() - 1;
  const auto read = std::from_chars(text.data(), end, count);
  if (read.ec != std::errc() || read.ptr != end || count < 0) return refused;
  int64_t unit = 0;
  switch (text.back()) {
    case 's':
      unit = 1000;
      break;
    case 'm':
      unit = 60'000;
      break;
    case 'h':
      unit = 3'600'000;
      break;
    case 'd':
      unit = 86'400'000;
      break;
    default:
      return refused;
  }
  if (count > kMost * 86'400'000 / unit) return refused;
  return count * unit;
}

OrderedJson JsonOf(const governance::Organisation& o) {
  return {{"id", o.id},
          {"name", o.name},
          {"plan", o.plan},
          {"denied", o.denied.Names()},
          {"disabled", o.disabled},
          {"created", UtcSeconds(o.created_ms)}};
}

OrderedJson JsonOf(const governance::Group& g) {
  return {
      {"id", g.id},     {"organisation", g.organisation}, {"name", g.name},
      {"plan", g.plan}, {"denied", g.denied.Names()},     {"created", UtcSeconds(g.created_ms)}};
}

OrderedJson JsonOf(const governance::User& u) {
  return {{"id", u.id},
          {"organisation", u.organisation},
          {"group", u.group.empty() ? OrderedJson() : OrderedJson(u.group)},
          {"name", u.name},
          {"kind", u.service ? "service" : "person"},
          {"role", governance::RoleName(u.role)},
          {"plan", u.plan},
          {"denied", u.denied.Names()},
          {"disabled", u.disabled},
          {"created", UtcSeconds(u.created_ms)}};
}

OrderedJson JsonOf(const governance::ApiKey& k) {
  return {{"id", k.id},
          {"organisation", k.organisation},
          {"owner", k.owner},
          {"name", k.name},
          {"prefix", k.prefix},
          {"state", governance::StateOf(k, WallClockMs())},
          {"scopes", k.scopes.Names()},
          {"models", k.models},
          {"created", UtcSeconds(k.created_ms)},
          {"expires", UtcJson(k.expires_ms)},
          {"revoked", UtcJson(k.revoked_ms)},
          {"last_used", UtcJson(k.last_used_ms)},
          {"replaces", k.replaces.empty() ? OrderedJson() : OrderedJson(k.replaces)}};
}

}  // namespace parvis::cli
