#ifndef PARVIS_TRAIN_COMMUNICATOR_H_
#define PARVIS_TRAIN_COMMUNICATOR_H_

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "parvis/core/result.h"

namespace parvis::train {

// One process (a rank) of several that train a model together, and its only way to the others.
// Everything else that they do together is made of these exchanges (collectives.h, gradient_sum.h).
//
// A connection that breaks ends the process with a message of the implementation's: no call returns
// an error. Used by one thread at a time.
class Communicator {
 public:
  virtual ~Communicator() = default;

  virtual int rank() const = 0;        // from 0
  virtual int size() const = 0;        // of the whole world
  virtual int local_size() const = 0;  // ranks on this machine, with this one
  virtual std::string host() const = 0;

  // Bytes to or from another rank.
  struct Part {
    int rank;
    void* data;
    size_t bytes;
  };
  // An exchange that is under way; its memory must stay until Wait() has returned, and Wait() is
  // called before it is destroyed.
  class Transfer {
   public:
    virtual ~Transfer() = default;
    virtual void Wait() = 0;
  };
  // Sends and receives at the same time, without waiting. What rank a sends to b meets what b
  // receives from a in the order in which they were started, and has as many bytes.
  virtual std::unique_ptr<Transfer> Start(std::span<const Part> sends,
                                          std::span<const Part> receives) = 0;

  void Exchange(std::span<const Part> sends, std::span<const Part> receives) {
    Start(sends, receives)->Wait();
  }
};

// A world of one: nothing is ever sent. Lives as long as the program.
Communicator& Alone();

// The world that `mpirun` has started this process in; without mpirun, null: Alone() then.
// Open MPI is a module beside the program (parvis_mpi.so), which is only opened here: the program
// itself neither links it nor starts slower for it. The result's end (MPI_Finalize) waits for the
// other ranks', or ends them all at once while an exception is under way.
Result<std::unique_ptr<Communicator>> JoinWorld();

// What the module defines: null, and why in `error`, where MPI cannot be started. The caller owns
// the result. The name changes with this header, so that no module of another build is opened.
inline constexpr const char* kJoinMpi = "ParvisJoinMpi1";
using JoinMpi = Communicator* (*)(std::string& error);

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_COMMUNICATOR_H_
