#include "parvis/service/servers.h"

#include <utility>
#include <vector>

#include "parvis/core/clock.h"
#include "parvis/governance/secret.h"
#include "parvis/service/records.h"

namespace parvis::service {

using std::chrono::steady_clock;

Result<std::unique_ptr<Servers>> Servers::Join(const std::string& where, Settings settings) {
  PARVIS_ASSIGN_OR_RETURN(auto database, store::Database::Open(where));
  auto servers = std::unique_ptr<Servers>(new Servers(std::move(database), settings));
  PARVIS_RETURN_IF_ERROR(servers->Enter());
  servers->thread_ = std::thread([&one = *servers] { one.Loop(); });
  return servers;
}

Servers::~Servers() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  if (!thread_.joinable()) return;
  thread_.join();
  (void)Bury(id_);
}

std::string Servers::id() const {
  const std::lock_guard lock(mutex_);
  return id_;
}

void Servers::Settle(governance::SharedQuotaBook& book) {
  const std::lock_guard lock(mutex_);
  book_ = &book;
}

// The lock before the row: whoever sees the row must find the lock taken.
Status Servers::Enter() {
  PARVIS_ASSIGN_OR_RETURN(const std::string random, governance::RandomHex(12));
  const std::string id = "server_" + random;
  const auto number = static_cast<int32_t>(std::stoul(random.substr(0, 7), nullptr, 16));
  PARVIS_ASSIGN_OR_RETURN(const bool locked, database_->TryLock(number));
  if (!locked) return Internal("servers: another one has this number");
  PARVIS_ASSIGN_OR_RETURN(auto insert,
                          database_->Prepare("INSERT INTO servers(id, lock, started_ms) "
                                             "VALUES(?1, ?2, ?3)"));
  PARVIS_RETURN_IF_ERROR(insert.Bind(1, id).Bind(2, number).Bind(3, WallClockMs()).Run());
  lock_ = number;
  const std::lock_guard lock(mutex_);
  id_ = id;
  return {};
}

// Taking a lock that one has is free; after the connection broke it is what tells the others that
// we are there. One of them may be looking at it at this very moment: then the next beat has it.
Status Servers::Beat() {
  PARVIS_RETURN_IF_ERROR(database_->TryLock(lock_).status());
  {
    PARVIS_ASSIGN_OR_RETURN(auto select, database_->Prepare("SELECT 1 FROM servers WHERE id = ?1"));
    PARVIS_ASSIGN_OR_RETURN(const bool there, select.Bind(1, id()).Step());
    if (!there) PARVIS_RETURN_IF_ERROR(Enter());
  }
  PARVIS_RETURN_IF_ERROR(LookAtOthers());
  governance::SharedQuotaBook* book = nullptr;
  {
    const std::lock_guard lock(mutex_);
    book = book_;
  }
  if (book != nullptr) book->SettleAgain();
  return SettleLeft();
}

Status Servers::LookAtOthers() {
  std::vector<std::pair<std::string, int32_t>> others;
  {
    PARVIS_ASSIGN_OR_RETURN(auto select,
                            database_->Prepare("SELECT id, lock FROM servers WHERE id <> ?1"));
    select.Bind(1, id());
    while (true) {
      PARVIS_ASSIGN_OR_RETURN(const bool row, select.Step());
      if (!row) break;
      others.emplace_back(select.Text(0), static_cast<int32_t>(select.Int(1)));
    }
  }
  const auto now = steady_clock::now();
  std::map<std::string, steady_clock::time_point> away;
  for (const auto& [other, number] : others) {
    PARVIS_ASSIGN_OR_RETURN(const bool is_free, database_->TryLock(number));
    if (!is_free) continue;
    PARVIS_RETURN_IF_ERROR(database_->Unlock(number));
    const auto seen = away_.find(other);
    const auto since = seen == away_.end() ? now : seen->second;
    if (now - since >= settings_.patience) {
      PARVIS_RETURN_IF_ERROR(Bury(other));
    } else {
      away[other] = since;
    }
  }
  away_ = std::move(away);
  return {};
}

Status Servers::Bury(const std::string& id) {
  {
    PARVIS_ASSIGN_OR_RETURN(auto transaction, store::Transaction::Begin(*database_));
    {
      PARVIS_ASSIGN_OR_RETURN(auto remove, database_->Prepare("DELETE FROM servers WHERE id = ?1"));
      PARVIS_RETURN_IF_ERROR(remove.Bind(1, id).Run());
    }
    PARVIS_RETURN_IF_ERROR(MarkInterrupted(*database_));
    PARVIS_RETURN_IF_ERROR(transaction.Commit());
  }
  return SettleLeft();
}

// What never came to a record was never delivered. What is on record and not answered is under way
// at a server that goes on under another name.
Status Servers::SettleLeft() {
  governance::SharedQuotaBook* book = nullptr;
  {
    const std::lock_guard lock(mutex_);
    book = book_;
  }
  if (book == nullptr) return {};
  PARVIS_ASSIGN_OR_RETURN(
      auto select,
      database_->Prepare(
          "SELECT h.request, h.tokens, h.micros, h.places, coalesce(a.counted_tokens, 0), "
          "coalesce(a.counted_micros, 0) FROM quota_holds h "
          "LEFT JOIN requests r ON r.id = h.request LEFT JOIN answers a ON a.request = h.request "
          "WHERE h.server NOT IN (SELECT id FROM servers) "
          "AND (r.id IS NULL OR a.request IS NOT NULL)"));
  while (true) {
    PARVIS_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return {};
    PARVIS_ASSIGN_OR_RETURN(
        const governance::Grant grant,
        governance::GrantOf(select.Text(0), select.Int(1), select.Int(2), select.Text(3)));
    PARVIS_RETURN_IF_ERROR(book->SettleLeft(grant, select.Int(4), select.Int(5)));
  }
}

void Servers::Loop() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, settings_.beat, [this] { return stop_; })) {
    lock.unlock();
    (void)Beat();  // what cannot be done now is by the next beat
    lock.lock();
  }
}

}  // namespace parvis::service
