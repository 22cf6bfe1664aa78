#include "parvis/train/state_tensors.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace parvis::train {
namespace {

constexpr int64_t kGet = 0, kPut = 1, kFinish = 2;  // what rank 0 asks for

void Send(Communicator& world, int rank, std::vector<float>& numbers) {
  const Communicator::Part part = {rank, numbers.data(), numbers.size() * sizeof(float)};
  if (!numbers.empty()) world.Exchange({&part, 1}, {});
}
void Receive(Communicator& world, int rank, std::vector<float>& numbers) {
  const Communicator::Part part = {rank, numbers.data(), numbers.size() * sizeof(float)};
  if (!numbers.empty()) world.Exchange({}, {&part, 1});
}

}  // namespace

StateTensors::StateTensors(nn::Stack& stack, const Optimizer& optimizer)
    : learned_(stack.Learned()), optimizer_(optimizer) {
  for (size_t i = 0; i < learned_.size(); ++i) {
    const std::string& name = learned_[i]->name;
    entries_.push_back({"value/" + name, i, nullptr});
    entries_.push_back({"m/" + name, i, &optimizer.m});
    entries_.push_back({"v/" + name, i, &optimizer.v});
    if (optimizer.averaging()) entries_.push_back({"average/" + name, i, &optimizer.average});
  }
}

StateTensors::StateTensors(Communicator& world, const Sharding& sharding, nn::Stack& stack,
                           const Optimizer& optimizer)
    : StateTensors(stack, optimizer) {
  if (world.size() == 1) return;
  world_ = &world;
  sharding_ = &sharding;
}

const Shape& StateTensors::shape(size_t i) const { return learned_[entries_[i].parameter]->shape; }

// Those of a rank that lie in the entry's parameter, in the order in which it has them.
std::vector<Slice> StateTensors::SlicesOf(const Entry& entry, int rank) const {
  std::vector<Slice> slices = sharding_->SlicesOf(rank);
  std::erase_if(slices, [&](const Slice& slice) { return slice.parameter != entry.parameter; });
  return slices;
}

std::vector<float> StateTensors::ReadOwn(const Entry& entry) const {
  std::vector<float> part;
  for (size_t i = 0; i < optimizer_.slices().size(); ++i) {
    const Slice& slice = optimizer_.slices()[i];
    if (slice.parameter != entry.parameter) continue;
    const float* from = entry.slices != nullptr
                            ? (*entry.slices)[i].f32()
                            : learned_[entry.parameter]->value.f32() + slice.begin;
    part.insert(part.end(), from, from + slice.size());
  }
  return part;
}

void StateTensors::WriteOwn(const Entry& entry, const float* from) {
  for (size_t i = 0; i < optimizer_.slices().size(); ++i) {
    const Slice& slice = optimizer_.slices()[i];
    if (slice.parameter != entry.parameter) continue;
    float* to = entry.slices != nullptr ? (*entry.slices)[i].f32()
                                        : learned_[entry.parameter]->value.f32() + slice.begin;
    std::copy(from, from + slice.size(), to);
    from += slice.size();
  }
}

void StateTensors::Command(int64_t kind, int64_t tensor) {
  std::array<int64_t, 2> command = {kind, tensor};
  std::vector<Communicator::Part> sends;
  for (int rank = 1; rank < world_->size(); ++rank) {
    sends.push_back({rank, command.data(), sizeof(command)});
  }
  world_->Exchange(sends, {});
}

Tensor StateTensors::Get(size_t i) {
  const Entry& entry = entries_[i];
  if (entry.slices == nullptr) return learned_[entry.parameter]->value;
  if (sharding_ == nullptr) return (*entry.slices)[entry.parameter];
  Command(kGet, static_cast<int64_t>(i));
  Tensor whole = Tensor::Empty(shape(i));
  for (int rank = 0; rank < world_->size(); ++rank) {
    const std::vector<Slice> slices = SlicesOf(entry, rank);
    std::vector<float> part(static_cast<size_t>(TotalSize(slices)));
    if (rank == 0) {
      part = ReadOwn(entry);
    } else {
      Receive(*world_, rank, part);
    }
    const float* from = part.data();
    for (const Slice& slice : slices) {
      std::copy(from, from + slice.size(), whole.f32() + slice.begin);
      from += slice.size();
    }
  }
  return whole;
}

void StateTensors::Put(size_t i, const Tensor& whole) {
  const Entry& entry = entries_[i];
  if (entry.slices == nullptr || sharding_ == nullptr) {
    const Tensor& to = entry.slices == nullptr ? learned_[entry.parameter]->value
                                               : (*entry.slices)[entry.parameter];
    std::memcpy(to.data(), whole.data(), whole.bytes());
  }
  if (sharding_ == nullptr) return;
  Command(kPut, static_cast<int64_t>(i));
  for (int rank = 0; rank < world_->size(); ++rank) {
    std::vector<float> part;
    for (const Slice& slice : SlicesOf(entry, rank)) {
      part.insert(part.end(), whole.f32() + slice.begin, whole.f32() + slice.end);
    }
    if (rank == 0) {
      WriteOwn(entry, part.data());
    } else {
      Send(*world_, rank, part);
    }
  }
}

void StateTensors::Finish() {
  if (sharding_ != nullptr) Command(kFinish, 0);
}

void StateTensors::Serve() {
  for (;;) {
    std::array<int64_t, 2> command;
    const Communicator::Part order = {0, command.data(), sizeof(command)};
    world_->Exchange({}, {&order, 1});
    if (command[0] == kFinish) return;
    const Entry& entry = entries_[static_cast<size_t>(command[1])];
    std::vector<float> part = ReadOwn(entry);
    if (command[0] == kGet) {
      Send(*world_, 0, part);
    } else {
      Receive(*world_, 0, part);
      WriteOwn(entry, part.data());
    }
  }
}

}  // namespace parvis::train
