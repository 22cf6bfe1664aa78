#ifndef PARVIS_TRAIN_GRADIENT_SUM_H_
#define PARVIS_TRAIN_GRADIENT_SUM_H_

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "parvis/nn/stack.h"
#include "parvis/train/communicator.h"
#include "parvis/train/sharding.h"

namespace parvis::train {

// Sums the gradients of all ranks while backward still runs: a thread sends each bucket as soon as
// its gradients are complete, and adds what comes from the others to the part that this rank owns,
// from rank 0 up, so that the bits depend on nothing but the number of ranks.
//
//   Begin();  Reached(mark) …;  Finish();     once a step; between Begin and Finish nobody else
//                                             uses the communicator
class GradientSum {
 public:
  // All must outlive it.
  GradientSum(Communicator& world, const Sharding& sharding, std::vector<ops::Parameter*> learned);
  ~GradientSum();
  GradientSum(const GradientSum&) = delete;
  GradientSum& operator=(const GradientSum&) = delete;

  void Begin();
  // Backward adds nothing more to the gradients with this mark, nor to those before it.
  void Reached(const std::string& mark);
  // All gradients are complete. Afterwards the slices that this rank owns hold the sums.
  void Finish();

 private:
  struct Flight;  // a bucket under way
  void Work();
  void Launch(size_t bucket, Flight& flight);
  void Land(size_t bucket, Flight& flight);
  void Allow(size_t buckets);

  Communicator& world_;
  const Sharding& sharding_;
  std::vector<ops::Parameter*> learned_;
  std::thread worker_;
  std::mutex mutex_;
  std::condition_variable allowed_;
  size_t complete_ = 0;  // buckets that may be sent
};

// Sends the values that each rank owns to all others, bucket by bucket. Nothing in a world of one.
void GatherValues(Communicator& world, const Sharding& sharding,
                  const std::vector<ops::Parameter*>& learned);

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_GRADIENT_SUM_H_
