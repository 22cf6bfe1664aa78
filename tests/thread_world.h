#ifndef TESTS_THREAD_WORLD_H_
#define TESTS_THREAD_WORLD_H_

#include <condition_variable>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "parvis/core/check.h"
#include "parvis/train/communicator.h"

namespace parvis::train {

// A world of ranks within one process: each is a thread, what they send each other is copied.
class ThreadWorld {
 public:
  explicit ThreadWorld(int size) : size_(size) {}

  // Runs `body` as every rank at once.
  void Run(const std::function<void(Communicator&)>& body) {
    std::vector<std::thread> threads;
    for (int rank = 0; rank < size_; ++rank) {
      threads.emplace_back([this, rank, &body] {
        Member member(*this, rank);
        body(member);
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const auto& [pair, box] : boxes_) PARVIS_CHECK(box.empty());
  }

  int64_t bytes_sent() const { return bytes_sent_; }

 private:
  class Member final : public Communicator {
   public:
    Member(ThreadWorld& world, int rank) : world_(world), rank_(rank) {}
    int rank() const override { return rank_; }
    int size() const override { return world_.size_; }
    int local_size() const override { return world_.size_; }
    std::string host() const override { return "here"; }
    std::unique_ptr<Transfer> Start(std::span<const Part> sends,
                                    std::span<const Part> receives) override {
      for (const Part& part : sends) world_.Send(rank_, part);
      return std::make_unique<Receiving>(world_, rank_, receives);
    }

   private:
    class Receiving final : public Transfer {
     public:
      Receiving(ThreadWorld& world, int rank, std::span<const Part> parts)
          : world_(world), rank_(rank), parts_(parts.begin(), parts.end()) {}
      void Wait() override {
        for (const Part& part : parts_) world_.Receive(rank_, part);
      }

     private:
      ThreadWorld& world_;
      int rank_;
      std::vector<Part> parts_;
    };

    ThreadWorld& world_;
    int rank_;
  };

  void Send(int from, const Communicator::Part& part) {
    PARVIS_CHECK(part.rank != from && part.rank >= 0 && part.rank < size_);
    const std::lock_guard lock(mutex_);
    boxes_[{from, part.rank}].emplace_back(static_cast<const char*>(part.data), part.bytes);
    bytes_sent_ += static_cast<int64_t>(part.bytes);
    arrived_.notify_all();
  }

  void Receive(int to, const Communicator::Part& part) {
    std::unique_lock lock(mutex_);
    auto& box = boxes_[{part.rank, to}];
    arrived_.wait(lock, [&] { return !box.empty(); });
    PARVIS_CHECK(box.front().size() == part.bytes);
    std::memcpy(part.data, box.front().data(), part.bytes);
    box.pop_front();
  }

  const int size_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::map<std::pair<int, int>, std::deque<std::string>> boxes_;  // by sender and receiver
  int64_t bytes_sent_ = 0;
};

}  // namespace parvis::train

#endif  // TESTS_THREAD_WORLD_H_
