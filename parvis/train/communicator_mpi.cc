// The module parvis_mpi.so: Open MPI behind train/communicator.h. The only file that knows MPI.

#define OMPI_SKIP_MPICXX 1  // its own C++ interface, which the standard has withdrawn
#include <mpi.h>
#include <sched.h>
#include <time.h>

#include <algorithm>
#include <exception>
#include <vector>

#include "parvis/train/communicator.h"

namespace parvis::train {
namespace {

constexpr size_t kMostBytes = size_t{1} << 30;  // of a message; MPI counts in int
constexpr int kTag = 1;

// Waits politely: ranks may be more than cores, and the other cores have work to do. MPI_Wait would
// spin.
void WaitForAll(std::vector<MPI_Request>& requests) {
  constexpr int kYields = 200;
  const timespec nap = {0, 50'000};
  int done = 0;
  for (int round = 0;; ++round) {
    MPI_Testall(static_cast<int>(requests.size()), requests.data(), &done, MPI_STATUSES_IGNORE);
    if (done != 0) return;
    if (round < kYields) {
      sched_yield();
    } else {
      nanosleep(&nap, nullptr);
    }
  }
}

class MpiTransfer final : public Communicator::Transfer {
 public:
  explicit MpiTransfer(std::vector<MPI_Request> requests) : requests_(std::move(requests)) {}
  void Wait() override { WaitForAll(requests_); }

 private:
  std::vector<MPI_Request> requests_;
};

class MpiCommunicator final : public Communicator {
 public:
  MpiCommunicator() {
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &size_);
    MPI_Comm local;
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &local);
    MPI_Comm_size(local, &local_size_);
    MPI_Comm_free(&local);
    char name[MPI_MAX_PROCESSOR_NAME];
    int length = 0;
    MPI_Get_processor_name(name, &length);
    host_.assign(name, static_cast<size_t>(length));
  }

  ~MpiCommunicator() override {
    // The others would wait for ever for what this rank no longer sends.
    if (std::uncaught_exceptions() > exceptions_) MPI_Abort(MPI_COMM_WORLD, 1);
    // MPI_Finalize spins until all have come to it; one of them may still write the model.
    std::vector<MPI_Request> barrier(1);
    MPI_Ibarrier(MPI_COMM_WORLD, barrier.data());
    WaitForAll(barrier);
    MPI_Finalize();
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  int local_size() const override { return local_size_; }
  std::string host() const override { return host_; }

  std::unique_ptr<Transfer> Start(std::span<const Part> sends,
                                  std::span<const Part> receives) override {
    std::vector<MPI_Request> requests;
    for (const Part& part : receives) {
      ForEachMessage(part, [&](char* data, int bytes) {
        MPI_Irecv(data, bytes, MPI_BYTE, part.rank, kTag, MPI_COMM_WORLD, &requests.emplace_back());
      });
    }
    for (const Part& part : sends) {
      ForEachMessage(part, [&](char* data, int bytes) {
        MPI_Isend(data, bytes, MPI_BYTE, part.rank, kTag, MPI_COMM_WORLD, &requests.emplace_back());
      });
    }
    return std::make_unique<MpiTransfer>(std::move(requests));
  }

 private:
  template <typename Post>
  static void ForEachMessage(const Part& part, Post post) {
    for (size_t begin = 0; begin < part.bytes; begin += kMostBytes) {
      post(static_cast<char*>(part.data) + begin,
           static_cast<int>(std::min(kMostBytes, part.bytes - begin)));
    }
  }

  int rank_ = 0, size_ = 1, local_size_ = 1;
  std::string host_;
  int exceptions_ = std::uncaught_exceptions();
};

}  // namespace

extern "C" Communicator* ParvisJoinMpi1(std::string& error) {
  int provided = MPI_THREAD_SINGLE;
  MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided);
  if (provided < MPI_THREAD_SERIALIZED) {
    error = "it was built without threads";
    MPI_Finalize();
    return nullptr;
  }
  return new MpiCommunicator();
}

}  // namespace parvis::train
