#ifndef PARVIS_TENSOR_WIPE_STORAGE_H_
#define PARVIS_TENSOR_WIPE_STORAGE_H_

namespace parvis {

// Overwrites what the pool of Storage keeps for later with zeroes: numbers that were made of
// somebody's text can tell it.
void WipeFreeStorage();

}  // namespace parvis

#endif  // PARVIS_TENSOR_WIPE_STORAGE_H_
