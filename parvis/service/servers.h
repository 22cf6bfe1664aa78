#ifndef PARVIS_SERVICE_SERVERS_H_
#define PARVIS_SERVICE_SERVERS_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "parvis/core/result.h"
#include "parvis/governance/shared_quota.h"
#include "parvis/store/database.h"

namespace parvis::service {

struct ServersSettings {
  std::chrono::milliseconds beat{1000};      // how often the others are looked at
  std::chrono::milliseconds patience{5000};  // whoever is away for so long is gone
};

// The servers that share a database, this one among them. Each holds a lock there that ends with
// its connection, so the others see when it is gone, however it went. They then end what it left:
// its requests are marked as interrupted (records.h), and its holds settled by what the records
// say.
//
// A server that only lost its connection takes its lock again. If it was taken for gone by then,
// it goes on under another name; what it had under way cannot be put on record any more, and ends
// with an error.
//
// Safe to call from several threads.
class Servers {
 public:
  using Settings = ServersSettings;
  // REQUIRES: MigrateServiceTables; the database is shared.
  static Result<std::unique_ptr<Servers>> Join(const std::string& where, Settings settings = {});
  ~Servers();  // leaves: REQUIRES that nothing is under way
  Servers(const Servers&) = delete;
  Servers& operator=(const Servers&) = delete;

  std::string id() const;
  // From now on holds of those who are gone are settled in `book`, which outlives this.
  void Settle(governance::SharedQuotaBook& book);

 private:
  Servers(std::unique_ptr<store::Database> database, Settings settings)
      : settings_(settings), database_(std::move(database)) {}
  Status Enter();
  Status Beat();
  Status LookAtOthers();
  Status Bury(const std::string& id);
  Status SettleLeft();
  void Loop();

  const Settings settings_;
  const std::unique_ptr<store::Database> database_;  // of the thread, but for Join and the end
  int32_t lock_ = 0;
  std::map<std::string, std::chrono::steady_clock::time_point> away_;  // since when

  mutable std::mutex mutex_;  // guards what follows
  std::string id_;
  governance::SharedQuotaBook* book_ = nullptr;
  bool stop_ = false;
  std::condition_variable wake_;
  std::thread thread_;
};

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_SERVERS_H_
