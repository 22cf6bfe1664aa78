#ifndef PARVIS_TRAIN_STATE_TENSORS_H_
#define PARVIS_TRAIN_STATE_TENSORS_H_

#include <string>
#include <vector>

#include "parvis/nn/stack.h"
#include "parvis/train/communicator.h"
#include "parvis/train/optimizer.h"
#include "parvis/train/sharding.h"

namespace parvis::train {

// The tensors of a run's state (values, moments, averages) whole and by name, wherever their parts
// lie: so a checkpoint does not know how many ranks there are, and is read by any other number.
//
// Rank 0 gets and puts them one by one, in any order and as often as it likes, then calls Finish();
// meanwhile all others are in Serve(), which returns then. Never is more than one tensor of another
// rank's state in rank 0's memory.
class StateTensors {
 public:
  StateTensors(nn::Stack& stack, const Optimizer& optimizer);  // of a world of one
  // All must outlive it.
  StateTensors(Communicator& world, const Sharding& sharding, nn::Stack& stack,
               const Optimizer& optimizer);

  size_t size() const { return entries_.size(); }
  // "value/NAME", "m/NAME", "v/NAME", "average/NAME", parameter by parameter.
  const std::string& name(size_t i) const { return entries_[i].name; }
  const Shape& shape(size_t i) const;

  // May share the bytes of the state.
  Tensor Get(size_t i);
  // Of values, rank 0's slices and its copy are changed only: GatherValues() follows.
  void Put(size_t i, const Tensor& whole);
  void Finish();
  void Serve();

 private:
  struct Entry {
    std::string name;
    size_t parameter;
    const std::vector<Tensor>* slices;  // by the optimizer's slices; null: the value itself
  };
  // A rank's part of a tensor as one piece, and back.
  std::vector<float> ReadOwn(const Entry& entry) const;
  void WriteOwn(const Entry& entry, const float* from);
  std::vector<Slice> SlicesOf(const Entry& entry, int rank) const;
  void Command(int64_t kind, int64_t tensor);

  Communicator* world_ = nullptr;       // null, like
  const Sharding* sharding_ = nullptr;  // in a world of one
  std::vector<ops::Parameter*> learned_;
  const Optimizer& optimizer_;
  std::vector<Entry> entries_;
};

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_STATE_TENSORS_H_
