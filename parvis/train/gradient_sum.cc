#include "parvis/train/gradient_sum.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace parvis::train {
namespace {

constexpr size_t kFlights = 3;  // buckets under way at a time: each needs twice its memory

using Pick = Tensor ops::Parameter::*;  // the value or the gradient

// Between the tensors of the parameters and one piece of memory, slice after slice.
float* Read(const std::vector<ops::Parameter*>& learned, Pick pick,
            const std::vector<Slice>& slices, float* to) {
  for (const Slice& slice : slices) {
    const float* from = (learned[slice.parameter]->*pick).f32() + slice.begin;
    to = std::copy(from, from + slice.size(), to);
  }
  return to;
}
const float* Write(const std::vector<ops::Parameter*>& learned, Pick pick,
                   const std::vector<Slice>& slices, const float* from) {
  for (const Slice& slice : slices) {
    std::memcpy((learned[slice.parameter]->*pick).f32() + slice.begin, from,
                static_cast<size_t>(slice.size()) * sizeof(float));
    from += slice.size();
  }
  return from;
}

Communicator::Part PartOf(int rank, std::vector<float>& memory, size_t begin, size_t count) {
  return {rank, memory.data() + begin, count * sizeof(float)};
}

}  // namespace

struct GradientSum::Flight {
  std::vector<float> sent, received;  // by rank; ours in `sent` only
  std::vector<Communicator::Part> sends, receives;
  std::unique_ptr<Communicator::Transfer> transfer;
};

GradientSum::GradientSum(Communicator& world, const Sharding& sharding,
                         std::vector<ops::Parameter*> learned)
    : world_(world), sharding_(sharding), learned_(std::move(learned)) {}

GradientSum::~GradientSum() {
  if (worker_.joinable()) Finish();
}

void GradientSum::Begin() {
  complete_ = 0;
  worker_ = std::thread([this] { Work(); });
}

void GradientSum::Allow(size_t buckets) {
  {
    const std::lock_guard lock(mutex_);
    complete_ = std::max(complete_, buckets);
  }
  allowed_.notify_one();
}

void GradientSum::Reached(const std::string& mark) { Allow(sharding_.CompleteAt(mark)); }

void GradientSum::Finish() {
  Allow(sharding_.num_buckets());
  worker_.join();
}

void GradientSum::Work() {
  std::array<Flight, kFlights> flights;
  const size_t count = sharding_.num_buckets();
  size_t landed = 0;
  for (size_t bucket = 0; bucket < count; ++bucket) {
    std::unique_lock lock(mutex_);
    // What is under way lands while backward makes the next gradients.
    while (complete_ <= bucket && landed < bucket) {
      lock.unlock();
      Land(landed, flights[landed % kFlights]);
      ++landed;
      lock.lock();
    }
    allowed_.wait(lock, [&] { return complete_ > bucket; });
    lock.unlock();
    if (bucket - landed == kFlights) {
      Land(landed, flights[landed % kFlights]);
      ++landed;
    }
    Launch(bucket, flights[bucket % kFlights]);
  }
  for (; landed < count; ++landed) Land(landed, flights[landed % kFlights]);
}

void GradientSum::Launch(size_t bucket, Flight& flight) {
  const auto own = static_cast<size_t>(TotalSize(sharding_.SlicesOf(bucket, world_.rank())));
  size_t total = 0;
  for (int rank = 0; rank < world_.size(); ++rank) {
    total += static_cast<size_t>(TotalSize(sharding_.SlicesOf(bucket, rank)));
  }
  flight.sent.resize(total);
  flight.received.resize(own * static_cast<size_t>(world_.size()));
  flight.sends.clear();
  flight.receives.clear();
  float* end = flight.sent.data();
  for (int rank = 0; rank < world_.size(); ++rank) {
    const auto begin = static_cast<size_t>(end - flight.sent.data());
    end = Read(learned_, &ops::Parameter::grad, sharding_.SlicesOf(bucket, rank), end);
    if (rank == world_.rank()) {
      std::copy(flight.sent.data() + begin, end,
                flight.received.data() + own * static_cast<size_t>(rank));
      continue;
    }
    const size_t count = static_cast<size_t>(end - flight.sent.data()) - begin;
    if (count > 0) flight.sends.push_back(PartOf(rank, flight.sent, begin, count));
    if (own > 0) {
      flight.receives.push_back(
          PartOf(rank, flight.received, own * static_cast<size_t>(rank), own));
    }
  }
  flight.transfer = world_.Start(flight.sends, flight.receives);
}

void GradientSum::Land(size_t bucket, Flight& flight) {
  flight.transfer->Wait();
  const std::vector<Slice>& slices = sharding_.SlicesOf(bucket, world_.rank());
  const auto own = static_cast<size_t>(TotalSize(slices));
  float* sum = flight.received.data();
  for (int rank = 1; rank < world_.size(); ++rank) {
    const float* theirs = flight.received.data() + own * static_cast<size_t>(rank);
    for (size_t i = 0; i < own; ++i) sum[i] += theirs[i];
  }
  Write(learned_, &ops::Parameter::grad, slices, sum);
}

void GatherValues(Communicator& world, const Sharding& sharding,
                  const std::vector<ops::Parameter*>& learned) {
  struct Flight {
    std::vector<float> own, received;
    std::unique_ptr<Communicator::Transfer> transfer;
  };
  std::array<Flight, kFlights> flights;
  const auto land = [&](size_t bucket) {
    Flight& flight = flights[bucket % kFlights];
    flight.transfer->Wait();
    const float* from = flight.received.data();
    for (int rank = 0; rank < world.size(); ++rank) {
      if (rank == world.rank()) continue;
      from = Write(learned, &ops::Parameter::value, sharding.SlicesOf(bucket, rank), from);
    }
  };
  const size_t count = world.size() == 1 ? 0 : sharding.num_buckets();
  for (size_t bucket = 0; bucket < count; ++bucket) {
    if (bucket >= kFlights) land(bucket - kFlights);
    Flight& flight = flights[bucket % kFlights];
    const auto own = static_cast<size_t>(TotalSize(sharding.SlicesOf(bucket, world.rank())));
    size_t others = 0;
    for (int rank = 0; rank < world.size(); ++rank) {
      others += static_cast<size_t>(TotalSize(sharding.SlicesOf(bucket, rank)));
    }
    flight.own.resize(own);
    flight.received.resize(others - own);
    Read(learned, &ops::Parameter::value, sharding.SlicesOf(bucket, world.rank()),
         flight.own.data());
    std::vector<Communicator::Part> sends, receives;
    size_t begin = 0;
    for (int rank = 0; rank < world.size(); ++rank) {
      if (rank == world.rank()) continue;
      const auto theirs = static_cast<size_t>(TotalSize(sharding.SlicesOf(bucket, rank)));
      if (own > 0) sends.push_back(PartOf(rank, flight.own, 0, own));
      if (theirs > 0) receives.push_back(PartOf(rank, flight.received, begin, theirs));
      begin += theirs;
    }
    flight.transfer = world.Start(sends, receives);
  }
  for (size_t bucket = count > kFlights ? count - kFlights : 0; bucket < count; ++bucket) {
    land(bucket);
  }
}

}  // namespace parvis::train
