#include "parvis/cli/hangup.h"

#include <atomic>
#include <csignal>

namespace parvis::cli {
namespace {

std::atomic<bool> hangup{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may touch nothing else");

}  // namespace

void CatchHangups() {
  struct sigaction action {};
  action.sa_handler = [](int) { hangup = true; };
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGHUP, &action, nullptr);
}

void OutliveReaders() { std::signal(SIGPIPE, SIG_IGN); }

bool TakeHangup() { return hangup.exchange(false); }

}  // namespace parvis::cli
