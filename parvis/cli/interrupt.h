#ifndef PARVIS_CLI_INTERRUPT_H_
#define PARVIS_CLI_INTERRUPT_H_

#include <atomic>

// Ctrl-C (SIGINT). What it does depends on where the program is:
//
//   before CatchInterrupts()   it ends the process, as anywhere: nothing is there to be kept
//   at work                    it is remembered; the work looks between two steps, stops, keeps
//   what
//                              it has. A second one, before the first is obeyed, ends the process
//   while somebody types       it wakes the wait for a key; never ends the process
//
// A signal stays remembered until TakeInterrupt(), whichever thread it came to, so none is lost
// between two of these states: who comes next obeys it.
namespace parvis::cli {

// From now on Ctrl-C is remembered. Where the system refuses what that needs (no file descriptor is
// left), it goes on ending the process.
void CatchInterrupts();

// The same of SIGTERM, by which a service is told to stop.
void CatchTermination();

// The same of what mpirun sends to its processes: SIGTERM after its own Ctrl-C, SIGUSR1 when
// somebody sends it that.
void CatchSignalsOfMpirun();

// One is remembered, and nobody has taken it yet.
bool Interrupted();
const std::atomic<bool>& InterruptFlag();  // the same, for others to look at
// Says so too, and that it is obeyed now. For the one thread that obeys.
bool TakeInterrupt();

// While one lives, somebody types. At most one at a time.
class Typing {
 public:
  Typing();
  ~Typing();
  Typing(const Typing&) = delete;
  Typing& operator=(const Typing&) = delete;

  // Waits until `descriptor` has something to read, or has come to its end: true. False at Ctrl-C,
  // also at one that came before; it is still to be taken.
  bool Wait(int descriptor);
};

}  // namespace parvis::cli

#endif  // PARVIS_CLI_INTERRUPT_H_
