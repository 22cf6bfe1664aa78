#include "parvis/governance/key_ring.h"

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

Status ReadPrincipals(store::Database& database, const std::string& pepper,
                      IdentitySnapshot& snapshot) {
  PARVIS_ASSIGN_OR_RETURN(
      auto select,
      database.Prepare(
          "SELECT k.id, k.organisation, k.owner, k.digest, k.scopes, k.models, k.expires_ms, "
          "u.role, u.denied, u.plan, g.id, g.denied, g.plan, o.denied, o.plan "
          "FROM user_keys k JOIN users u ON u.id = k.owner "
          "JOIN organisations o ON o.id = k.organisation "
          "LEFT JOIN user_groups g ON g.id = u.user_group "
          "WHERE k.revoked_ms IS NULL AND u.disabled = 0 AND o.disabled = 0 AND k.pepper = ?1"));
  select.Bind(1, pepper);
  const auto bits = [&select](int column) {
    return Permissions::FromBits(static_cast<uint32_t>(select.Int(column)));
  };
  while (true) {
    PARVIS_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return {};
    auto principal = std::make_shared<Principal>();
    principal->key = select.Text(0);
    principal->organisation = select.Text(1);
    principal->owner = select.Text(2);
    principal->models = SplitLines(select.Text(5));
    principal->expires_ms = select.IntOrNull(6).value_or(0);
    PARVIS_ASSIGN_OR_RETURN(const Role role, RoleNamed(select.Text(7)));
    principal->group = select.Text(10);
    const Permissions denied = bits(8).Or(bits(11)).Or(bits(13));
    principal->permissions = PermissionsOf(role, principal->organisation == kHostOrganisation)
                                 .And(bits(4))
                                 .Without(denied);
    for (const int column : {9, 12, 14}) {
      if (principal->plan.empty()) principal->plan = select.Text(column);
    }
    const auto plan = snapshot.plans.find(principal->plan);
    if (plan != snapshot.plans.end()) principal->plan_models = plan->second.models;
    snapshot.by_digest[select.Text(3)] = principal;
    snapshot.by_id[principal->key] = principal;
  }
}

Status ReadPlans(store::Database& database, IdentitySnapshot& snapshot) {
  PARVIS_ASSIGN_OR_RETURN(
      auto plans, database.Prepare("SELECT name, currency, models, context_length FROM plans"));
  while (true) {
    PARVIS_ASSIGN_OR_RETURN(const bool row, plans.Step());
    if (!row) break;
    Plan plan{.name = plans.Text(0),
              .currency = plans.Text(1),
              .models = SplitLines(plans.Text(2)),
              .context_length = plans.Int(3),
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
  PARVIS_RETURN_IF_ERROR(ReadPrincipals(database, pepper, *snapshot));
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
  }
  return transaction.Commit();
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

Result<std::shared_ptr<const Principal>> KeyRing::Find(std::string_view api_key) {
  const std::string digest = KeyOf(pepper_.DigestOf(api_key));
  const int64_t now = WallClockMs();
  const std::lock_guard lock(mutex_);
  if (!Fresh()) return Status(StatusCode::kUnavailable, "identity cannot be read");
  const auto found = snapshot_->by_digest.find(digest);
  if (found == snapshot_->by_digest.end()) return NotFound("the API key is not known here");
  const std::shared_ptr<const Principal>& principal = found->second;
  if (principal->expires_ms != 0 && principal->expires_ms <= now) {
    return NotFound("the API key is over");
  }
  used_[principal->key] = now;
  return principal;
}

Result<std::shared_ptr<const Principal>> KeyRing::FindById(const std::string& id) {
  const int64_t now = WallClockMs();
  const std::lock_guard lock(mutex_);
  if (!Fresh()) return Status(StatusCode::kUnavailable, "identity cannot be read");
  const auto found = snapshot_->by_id.find(id);
  const bool over = found == snapshot_->by_id.end() ||
                    (found->second->expires_ms != 0 && found->second->expires_ms <= now);
  if (over) return NotFound("the API key is over");
  return found->second;
}

}  // namespace parvis::governance
