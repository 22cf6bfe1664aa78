#include "parvis/server/response_watch.h"

#include <iterator>
#include <string>
#include <utility>

namespace parvis::server {
namespace {

constexpr auto kLook = std::chrono::milliseconds(250);

}  // namespace

ResponseWatch::ResponseWatch(service::ResponseStore& store,
                             std::shared_ptr<RunningResponses> running)
    : store_(store), running_(std::move(running)) {
  if (store_.is_shared()) thread_ = std::thread([this] { Loop(); });
}

ResponseWatch::~ResponseWatch() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

bool ResponseWatch::When(std::function<bool()> is_over, std::chrono::milliseconds limit,
                         std::function<void()> over) {
  if (!store_.is_shared() || is_over()) {
    over();
    return true;
  }
  const std::lock_guard lock(mutex_);
  if (waiting_.size() >= kMaxWaiting) return false;
  waiting_.push_back({std::move(is_over), Clock::now() + limit, std::move(over)});
  return true;
}

void ResponseWatch::Loop() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kLook, [this] { return stop_; })) {
    lock.unlock();
    CancelUnwanted();
    TellWaiting();
    lock.lock();
  }
}

void ResponseWatch::CancelUnwanted() {
  for (const std::string& id : running_->Ids()) {
    const auto unwanted = store_.IsUnwanted(id);
    if (unwanted.ok() && *unwanted) running_->Cancel(id);
  }
}

void ResponseWatch::TellWaiting() {
  std::vector<Waiting> all;
  {
    const std::lock_guard lock(mutex_);
    all.swap(waiting_);
  }
  std::vector<Waiting> still;
  for (Waiting& one : all) {
    if (Clock::now() >= one.until || one.is_over()) {
      one.over();
    } else {
      still.push_back(std::move(one));
    }
  }
  const std::lock_guard lock(mutex_);
  waiting_.insert(waiting_.end(), std::make_move_iterator(still.begin()),
                  std::make_move_iterator(still.end()));
}

}  // namespace parvis::server
