#include "parvis/cli/interrupt.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace parvis::cli {
namespace {

std::atomic<bool> interrupted{false};
std::atomic<bool> second_ends{true};
// Readable from a signal until it is taken. A wait for it beside the terminal misses nothing, be
// the signal before the wait, within it, or in another thread; -1 until CatchInterrupts().
std::atomic<int> wake{-1};

static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free,
              "a signal handler may touch nothing else");

void OnInterrupt(int /*signal*/) {
  const int saved_errno = errno;
  if (interrupted.exchange(true) && second_ends) {
    signal(SIGINT, SIG_DFL);
    raise(SIGINT);
  }
  const uint64_t one = 1;
  // The flag first: who is woken finds it. A refusal means that the wake stands already.
  [[maybe_unused]] const ssize_t written = write(wake, &one, sizeof(one));
  errno = saved_errno;
}

void Catch(int signal) {
  struct sigaction action {};
  action.sa_handler = &OnInterrupt;
  action.sa_flags = SA_RESTART;  // a write of text is finished; poll() returns all the same
  sigemptyset(&action.sa_mask);
  sigaction(signal, &action, nullptr);
}

void ForgetWake() {
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = read(wake, &count, sizeof(count));
}

}  // namespace

void CatchInterrupts() {
  if (wake < 0) wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake < 0) return;
  Catch(SIGINT);
}

void CatchTermination() { Catch(SIGTERM); }

void CatchSignalsOfMpirun() {
  CatchTermination();
  Catch(SIGUSR1);
}

bool Interrupted() { return interrupted; }
const std::atomic<bool>& InterruptFlag() { return interrupted; }

bool TakeInterrupt() {
  // In this order a signal in between is either the same one, or leaves a wake behind that finds
  // nothing (Typing::Wait goes on); never a flag that nobody is woken for.
  ForgetWake();
  return interrupted.exchange(false);
}

Typing::Typing() { second_ends = false; }
Typing::~Typing() { second_ends = true; }

bool Typing::Wait(int descriptor) {
  pollfd waits[] = {{descriptor, POLLIN, 0}, {wake, POLLIN, 0}};
  while (!interrupted) {
    if (poll(waits, 2, -1) < 0) {
      if (errno == EINTR) continue;
      return true;  // the read will say what is wrong
    }
    if (interrupted) break;
    if (waits[0].revents != 0) return true;
    ForgetWake();
  }
  return false;
}

}  // namespace parvis::cli
