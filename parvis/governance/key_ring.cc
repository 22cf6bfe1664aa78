#include "parvis/governance/key_ring.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "parvis/core/clock.h"
#include "parvis/governance/schema.h"

namespace parvis::governance {
namespace {

using std::chrono::steady_clock;

Result<int64_t> ChangesOf(store::Database& database) {
  PARVIS_ASSIGN_OR_RETURN(auto select,
                          database.Prepare("SELECT count FROM changes WHERE what = 'identity'"));
  PARVIS_ASSIGN_OR_RETURN(const bool row, select.Step());
  if (!row) return DataLoss("changes: the count of identity is not there");
  return select.Int(0);
}

#define PARVIS_PRINCIPAL_JOINS(credentials)                             \
  "u.role, u.denied, u.plan, g.id, g.denied, g.plan, o.denied, o.plan " \
  "FROM " credentials                                                   \
  " k JOIN users u ON u.id = k.owner "                                  \
  "JOIN organisations o ON o.id = k.organisation "                      \
  "LEFT JOIN user_groups g ON g.id = u.user_group "                     \
  "WHERE u.disabled = 0 AND o.disabled = 0 AND k.pepper = ?1 AND "

// What is denied to a user, their group and their organisation is taken from what they may.
Result<std::shared_ptr<Principal>> PrincipalOf(const store::Statement& row,
                                               const IdentitySnapshot& snapshot) {
  const auto bits = [&row](int column) {
    return Permissions::FromBits(static_cast<uint32_t>(row.Int(column)));
  };
  auto principal = std::make_shared<Principal>();
  principal->key = row.Text(0);
  principal->organisation = row.Text(1);
  principal->owner = row.Text(2);
  principal->models = SplitLines(row.Text(5));
  principal->expires_ms = row.IntOrNull(6).value_or(0);
  principal->used_ms = row.IntOrNull(7).value_or(0);
  PARVIS_ASSIGN_OR_RETURN(const Role role, RoleNamed(row.Text(8)));
  principal->group = row.Text(11);
  const Permissions denied = bits(9).Or(bits(12)).Or(bits(14));
  principal->permissions = PermissionsOf(role, principal->organisation == kHostOrganisation)
                               .And(bits(4))
                               .Without(denied);
  for (const int column : {10, 13, 15}) {
    if (principal->plan.empty()) principal->plan = row.Text(column);
  }
  const auto plan = snapshot.plans.find(principal->plan);
  if (plan != snapshot.plans.end()) {
    principal->plan_models = plan->second.models;
    principal->priority = plan->second.priority;
    principal->features = plan->second.features;
    principal->context_length = plan->second.context_length;
  }
  return principal;
}

Status ReadPrincipals(store::Statement select, const std::string& pepper, bool sessions,
                      IdentitySnapshot& snapshot) {
  select.Bind(1, pepper);
  while (true) {
    PARVIS_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return {};
    PARVIS_ASSIGN_OR_RETURN(auto principal, PrincipalOf(select, snapshot));
    principal->session = sessions;
    snapshot.by_digest[select.Text(3)] = principal;
    snapshot.by_id[principal->key] = std::move(principal);
  }
}

Status ReadKeys(store::Database& database, const std::string& pepper, IdentitySnapshot& snapshot) {
  PARVIS_ASSIGN_OR_RETURN(
      auto keys, database.Prepare("SELECT k.id, k.organisation, k.owner, k.digest, k.scopes, "
                                  "k.models, k.expires_ms, k.last_used_ms, " PARVIS_PRINCIPAL_JOINS(
                                      "user_keys") "k.revoked_ms IS NULL"));
  return ReadPrincipals(std::move(keys), pepper, false, snapshot);
}

// They have all that their user may.
Status ReadSessions(store::Database& database, const std::string& pepper,
                    IdentitySnapshot& snapshot) {
  PARVIS_ASSIGN_OR_RETURN(
      auto sessions,
      database.Prepare(
          "SELECT k.id, k.organisation, k.owner, k.digest, 4294967295, '', "
          "k.expires_ms, k.used_ms, " PARVIS_PRINCIPAL_JOINS(
              "sessions") "k.ended_ms IS NULL AND k.expires_ms > ?2 AND u.kind = 'person'"));
  sessions.Bind(2, WallClockMs());
  return ReadPrincipals(std::move(sessions), pepper, true, snapshot);
}

Status ReadPlans(store::Database& database, IdentitySnapshot& snapshot) {
  PARVIS_ASSIGN_OR_RETURN(
      auto plans, database.Prepare("SELECT name, currency, models, context_length, priority, "
                                   "features FROM plans"));
  while (true) {
    PARVIS_ASSIGN_OR_RETURN(const bool row, plans.Step());
    if (!row) break;
    PARVIS_ASSIGN_OR_RETURN(const Features features, Features::FromText(plans.Text(5)));
    Plan plan{.name = plans.Text(0),
              .currency = plans.Text(1),
              .models = SplitLines(plans.Text(2)),
              .context_length = plans.Int(3),
              .priority = static_cast<int>(plans.Int(4)),
              .features = features,
              .prices = {}};
    snapshot.plans[plan.name] = std::move(plan);
  }
  PARVIS_ASSIGN_OR_RETURN(auto prices,
                          database.Prepare("SELECT plan, model, input_micros, cached_micros, "
                                           "output_micros FROM prices"));
  while (true) {
    PARVIS_ASSIGN_OR_RETURN(const bool row, prices.Step());
    if (!row) break;
    snapshot.plans[prices.Text(0)].prices.emplace_back(
        prices.Text(1), Price{prices.Int(2), prices.Int(3), prices.Int(4)});
  }
  PARVIS_ASSIGN_OR_RETURN(auto limits,
                          database.Prepare("SELECT scope, subject, metric, value FROM limits"));
  while (true) {
    PARVIS_ASSIGN_OR_RETURN(const bool row, limits.Step());
    if (!row) return {};
    PARVIS_ASSIGN_OR_RETURN(const Scope scope, ScopeNamed(limits.Text(0)));
    PARVIS_ASSIGN_OR_RETURN(const Metric metric, MetricNamed(limits.Text(2)));
    snapshot.limits[{scope, limits.Text(1)}][static_cast<size_t>(metric)] = limits.Int(3);
  }
}

// One transaction, so that all of it is of one moment.
Result<std::shared_ptr<const IdentitySnapshot>> ReadAll(store::Database& database,
                                                        const std::string& pepper) {
  auto snapshot = std::make_shared<IdentitySnapshot>();
  PARVIS_ASSIGN_OR_RETURN(auto transaction,
                          store::Transaction::Begin(database, store::Access::kRead));
  PARVIS_ASSIGN_OR_RETURN(snapshot->changes, ChangesOf(database));
  PARVIS_RETURN_IF_ERROR(ReadPlans(database, *snapshot));
  PARVIS_RETURN_IF_ERROR(ReadKeys(database, pepper, *snapshot));
  PARVIS_RETURN_IF_ERROR(ReadSessions(database, pepper, *snapshot));
  PARVIS_RETURN_IF_ERROR(transaction.Commit());
  return std::shared_ptr<const IdentitySnapshot>(std::move(snapshot));
}

std::string KeyOf(const Sha256Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace

Result<std::unique_ptr<KeyRing>> KeyRing::Open(const std::string& path, Pepper pepper,
                                               Settings settings) {
  PARVIS_ASSIGN_OR_RETURN(auto database, store::Database::Open(path));
  auto ring =
      std::unique_ptr<KeyRing>(new KeyRing(std::move(database), std::move(pepper), settings));
  PARVIS_RETURN_IF_ERROR(ring->Refresh().In(path));
  ring->thread_ = std::thread([&ring = *ring] { ring.Loop(); });
  return ring;
}

KeyRing::KeyRing(std::unique_ptr<store::Database> database, Pepper pepper, Settings settings)
    : pepper_(std::move(pepper)), settings_(settings), database_(std::move(database)) {}

KeyRing::~KeyRing() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
  const std::lock_guard lock(database_mutex_);
  (void)WriteUseLocked();
}

Status KeyRing::LookLocked() {
  const auto begun = steady_clock::now();
  PARVIS_ASSIGN_OR_RETURN(const int64_t changes, ChangesOf(*database_));
  const std::shared_ptr<const IdentitySnapshot> before = snapshot();
  std::shared_ptr<const IdentitySnapshot> after = before;
  if (before == nullptr || before->changes != changes) {
    PARVIS_ASSIGN_OR_RETURN(after, ReadAll(*database_, pepper_.id()));
  }
  const std::lock_guard lock(mutex_);
  if (after != before) {  // sessions that are gone are forgotten, new ones begin
    std::unordered_map<std::string, int64_t> used;
    for (const auto& [id, principal] : after->by_id) {
      if (!principal->session) continue;
      const auto known = session_used_.find(id);
      used[id] = std::max(known == session_used_.end() ? 0 : known->second, principal->used_ms);
    }
    session_used_ = std::move(used);
  }
  snapshot_ = std::move(after);
  looked_at_ = begun;
  return {};
}

Status KeyRing::Refresh() {
  const std::lock_guard lock(database_mutex_);
  return LookLocked();
}

Status KeyRing::WriteUseLocked() {
  std::map<std::string, int64_t> used;
  {
    const std::lock_guard lock(mutex_);
    used.swap(used_);
  }
  if (used.empty()) return {};
  PARVIS_ASSIGN_OR_RETURN(auto transaction, store::Transaction::Begin(*database_));
  for (const auto& [key, when] : used) {
    PARVIS_ASSIGN_OR_RETURN(
        auto update, database_->Prepare("UPDATE user_keys SET last_used_ms = ?2 WHERE id = ?1"));
    PARVIS_RETURN_IF_ERROR(update.Bind(1, key).Bind(2, when).Run());
    PARVIS_ASSIGN_OR_RETURN(auto session, database_->Prepare("UPDATE sessions SET used_ms = ?2 "
                                                             "WHERE id = ?1 AND used_ms < ?2"));
    PARVIS_RETURN_IF_ERROR(session.Bind(1, key).Bind(2, when).Run());
  }
  return transaction.Commit();
}

// Use elsewhere, by another server on this database, keeps a session alive here.
Status KeyRing::ReadSessionUseLocked() {
  PARVIS_ASSIGN_OR_RETURN(auto select,
                          database_->Prepare("SELECT id, used_ms FROM sessions "
                                             "WHERE ended_ms IS NULL AND expires_ms > ?1"));
  select.Bind(1, WallClockMs());
  while (true) {
    PARVIS_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return {};
    const std::lock_guard lock(mutex_);
    const auto known = session_used_.find(select.Text(0));
    if (known != session_used_.end()) known->second = std::max(known->second, select.Int(1));
  }
}

void KeyRing::Loop() {
  auto written_at = steady_clock::now();
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, settings_.poll, [this] { return stop_; })) {
    lock.unlock();
    {
      const std::lock_guard database_lock(database_mutex_);
      (void)LookLocked();  // what cannot be read makes the snapshot stale
      if (steady_clock::now() - written_at >= settings_.note_use) {
        (void)WriteUseLocked();
        (void)ReadSessionUseLocked();
        written_at = steady_clock::now();
      }
    }
    lock.lock();
  }
}

bool KeyRing::Fresh() const { return steady_clock::now() - looked_at_ < settings_.stale; }

std::shared_ptr<const IdentitySnapshot> KeyRing::snapshot() const {
  const std::lock_guard lock(mutex_);
  return snapshot_;
}

bool KeyRing::Over(const Principal& principal, int64_t now_ms) const {
  if (principal.expires_ms != 0 && principal.expires_ms <= now_ms) return true;
  if (!principal.session) return false;
  const auto used = session_used_.find(principal.key);
  const int64_t last = used == session_used_.end() ? principal.used_ms : used->second;
  return last + settings_.session_idle.count() <= now_ms;
}

Result<std::shared_ptr<const Principal>> KeyRing::Find(std::string_view credential) {
  const std::string digest = KeyOf(pepper_.DigestOf(credential));
  const int64_t now = WallClockMs();
  const std::lock_guard lock(mutex_);
  if (!Fresh()) return Status(StatusCode::kUnavailable, "identity cannot be read");
  const auto found = snapshot_->by_digest.find(digest);
  if (found == snapshot_->by_digest.end()) return NotFound("the credential is not known here");
  const std::shared_ptr<const Principal>& principal = found->second;
  if (Over(*principal, now)) return NotFound("the credential is over");
  used_[principal->key] = now;
  if (principal->session) session_used_[principal->key] = now;
  return principal;
}

Result<std::shared_ptr<const Principal>> KeyRing::FindById(const std::string& id) {
  const int64_t now = WallClockMs();
  const std::lock_guard lock(mutex_);
  if (!Fresh()) return Status(StatusCode::kUnavailable, "identity cannot be read");
  const auto found = snapshot_->by_id.find(id);
  if (found == snapshot_->by_id.end() || Over(*found->second, now)) {
    return NotFound("the credential is over");
  }
  return found->second;
}

}  // namespace parvis::governance
