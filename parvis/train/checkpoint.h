#ifndef PARVIS_TRAIN_CHECKPOINT_H_
#define PARVIS_TRAIN_CHECKPOINT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "parvis/core/json.h"
#include "parvis/core/result.h"
#include "parvis/nn/stack.h"
#include "parvis/train/optimizer.h"
#include "parvis/train/state_tensors.h"

namespace parvis::train {

// A checkpoint is one safetensors file that other tools can read: for every parameter that is
// learned (Stack::Learned) the tensors "value/NAME", "m/NAME", "v/NAME" (and "average/NAME") in
// f32, and in the metadata
//   format  "parvis.checkpoint/1"
//   state   JSON text: what else a run needs to go on (step, data position, times …)
//   sha256  over the state and every tensor's name, shape and bytes
// One file, so that one rename commits all of it.

// Written beside, synced and renamed: a kill or a full disk leaves what was there before.
// With StateTensors, rank 0's business.
Status WriteCheckpoint(const std::string& path, StateTensors& tensors, const Json& state);
Status WriteCheckpoint(const std::string& path, nn::Stack& stack, const Optimizer& optimizer,
                       const Json& state);

// The state alone, after the whole file was checked.
Result<Json> ReadCheckpointState(const std::string& path);

// Fills values, m, v and average of a stack and an optimizer that have the checkpoint's shapes, and
// gives the state. A file that was cut short or altered, or that belongs to another model, is
// refused and nothing is changed. The stack must be packed again.
Result<Json> ReadCheckpoint(const std::string& path, StateTensors& tensors);
Result<Json> ReadCheckpoint(const std::string& path, nn::Stack& stack, Optimizer& optimizer);

// The checkpoints of a folder by their step, in order: step-00001200.safetensors.
std::string CheckpointPath(const std::string& folder, int64_t step);
std::vector<std::pair<int64_t, std::string>> ListCheckpoints(const std::string& folder);

// Removes all but the latest `keep`, and what a killed run left half written.
void PruneCheckpoints(const std::string& folder, int64_t keep);

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_CHECKPOINT_H_
