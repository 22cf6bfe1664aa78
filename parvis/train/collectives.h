#ifndef PARVIS_TRAIN_COLLECTIVES_H_
#define PARVIS_TRAIN_COLLECTIVES_H_

#include <string>
#include <vector>

#include "parvis/core/result.h"
#include "parvis/train/communicator.h"

namespace parvis::train {

// What the ranks of a world do together, all of them in the same order. Every one of these calls
// waits for all ranks; in a world of one none of them does anything.

// Every rank's text (its numbers), by rank, on all ranks. Numbers are equally many everywhere.
std::vector<std::string> GatherTexts(Communicator& world, const std::string& mine);
std::vector<std::vector<double>> GatherNumbers(Communicator& world,
                                               const std::vector<double>& mine);

// The sums over the ranks, added from rank 0 up: the same bits everywhere.
std::vector<double> SumNumbers(Communicator& world, const std::vector<double>& mine);

// The same status on all ranks: that of the first rank with a failure, whose name is put before its
// message (but rank 0's: it speaks for the run). Agreeing once more changes nothing.
Status Agree(Communicator& world, const Status& mine);

// What rank 0 has, on all ranks; what the others hand in is ignored.
Result<std::string> FromRoot(Communicator& world, const Result<std::string>& mine);

// "rank 2 on host": how messages name a rank.
std::string RankName(int rank, const std::string& host);

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_COLLECTIVES_H_
