// What it costs to know who asks and what they may spend: identity, reserve and settle at a rate of
// requests, with 1000 users who have limits of each kind, while the records of each request are
// written and synced as the gateway does.
//
//   parvis_bench_stations FOLDER|postgresql://… [REQUESTS_PER_SECOND] [SECONDS]
//
// Prints JSON: milliseconds of the stations alone, and of the two records that each request waits
// for.

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "parvis/cli/serve_store.h"
#include "parvis/core/clock.h"
#include "parvis/service/key_identity.h"
#include "parvis/service/quota_budget.h"

namespace parvis {
namespace {

using Clock = std::chrono::steady_clock;
using governance::Metric;
using governance::Scope;

constexpr int kUsers = 1000, kThreads = 32;

double Ms(Clock::duration time) { return std::chrono::duration<double, std::milli>(time).count(); }

std::string Quantiles(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto at = [&values](double q) {
    return values.empty() ? 0.0 : values[static_cast<size_t>(q * double(values.size() - 1))];
  };
  return fmt::format("{{\"p50_ms\": {:.4f}, \"p99_ms\": {:.4f}, \"max_ms\": {:.4f}}}", at(0.5),
                     at(0.99), at(1.0));
}

std::vector<std::string> MakeUsers(governance::Directory& directory) {
  auto plan = directory.SetPlan(
      {.name = "pupil", .currency = "EUR", .prices = {{"*", {150'000, 75'000, 600'000}}}});
  PARVIS_CHECK(plan.ok());
  const auto organisation = directory.AddOrganisation("school", "pupil").value();
  for (const Metric metric : {Metric::kTokensPerDay, Metric::kMoneyPerMonth,
                              Metric::kTokensPerMinute, Metric::kRequestsPerMinute}) {
    for (const auto& [scope, subject] : {std::pair{Scope::kOrganisation, organisation.id},
                                         {Scope::kPlanUser, std::string("pupil")}}) {
      PARVIS_CHECK(
          directory.SetLimit({organisation.id, scope, subject, metric, 1'000'000'000}).ok());
    }
  }
  std::vector<std::string> keys;
  for (int i = 0; i < kUsers; ++i) {
    const auto user =
        directory.AddUser({.organisation = organisation.id, .name = fmt::format("pupil {}", i)});
    keys.push_back(
        directory.AddKey({.organisation = organisation.id, .owner = user->id, .name = "key"})
            ->secret);
  }
  return keys;
}

int Main(int argc, char** argv) {
  if (argc < 2) return 2;
  cli::ServeOptions options;
  options.data = argv[1];
  const std::string path =
      store::Database::IsShared(argv[1]) ? argv[1] : options.data + "/parvis.db";
  options.database = path;
  const double rate = argc > 2 ? std::atof(argv[2]) : 500.0;
  const double seconds = argc > 3 ? std::atof(argv[3]) : 10.0;
  const auto store = std::move(cli::ServeStore::Open(options)).value();
  const auto pepper = governance::Pepper::ForTest("bench");
  auto directory = std::move(governance::Directory::Open(path, pepper)).value();
  const std::vector<std::string> keys = MakeUsers(*directory);
  auto ring = std::move(governance::KeyRing::Open(path, pepper)).value();
  service::KeyIdentity identity(*ring, {});
  service::QuotaBudget budget({}, *store.book, [&] { return ring->snapshot(); });

  std::mutex mutex;
  std::vector<double> stations, synced;
  std::atomic<int64_t> next{0};
  const auto count = static_cast<int64_t>(rate * seconds);
  const auto begun = Clock::now();
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      while (true) {
        const int64_t i = next++;
        if (i >= count) return;
        std::this_thread::sleep_until(
            begun + std::chrono::duration_cast<Clock::duration>(
                        std::chrono::duration<double>(static_cast<double>(i) / rate)));
        const auto a = Clock::now();
        auto caller = identity.Identify(keys[static_cast<size_t>(i) % keys.size()], "127.0.0.1");
        PARVIS_CHECK(caller.ok());
        const std::string id = fmt::format("req_{}", i);
        auto taken = budget.Reserve(*caller, {.request = id,
                                              .model = "m",
                                              .input_tokens = 100,
                                              .output_tokens = 200,
                                              .divisible = true});
        PARVIS_CHECK(taken.ok());
        const auto b = Clock::now();
        service::RequestRecord request{id, *caller, "POST /x", "m", "d", WallClockMs(), 100, 200};
        request.reserved = (*taken)->reserved();
        PARVIS_CHECK(store.records->Write(request).ok());
        const auto c = Clock::now();
        service::AnswerRecord answer{id, "stop", WallClockMs(), 100, 0, 50};
        answer.charge = (*taken)->Settle(100, 0, 50);
        const auto d = Clock::now();
        PARVIS_CHECK(store.records->Write(answer).ok());
        const auto e = Clock::now();
        (*taken).reset();  // the refund
        const auto f = Clock::now();
        const std::lock_guard lock(mutex);
        stations.push_back(Ms((b - a) + (d - c) + (f - e)));
        synced.push_back(Ms((c - b) + (e - d)));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const double took = Ms(Clock::now() - begun) / 1000.0;
  std::printf("{\"requests_per_second\": %.1f, \"stations\": %s, \"both_records\": %s}\n",
              static_cast<double>(count) / took, Quantiles(stations).c_str(),
              Quantiles(synced).c_str());
  return 0;
}

}  // namespace
}  // namespace parvis

int main(int argc, char** argv) { return parvis::Main(argc, argv); }
