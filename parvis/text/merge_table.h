#ifndef PARVIS_TEXT_MERGE_TABLE_H_
#define PARVIS_TEXT_MERGE_TABLE_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "parvis/core/status.h"
#include "parvis/text/merge_list.h"
#include "parvis/text/token_table.h"

namespace parvis::text {

// From a pair of token ids to their merge: a list of merges as tokenizer.json has it, made fast to
// ask. Open addressing: this is the inner loop of encoding. Safe to ask from several threads.
class MergeTable {
 public:
  // The merge at place i of the list has rank i. Refuses a merge of or into a token that `tokens`
  // does not know.
  Status Build(const std::vector<std::pair<std::string, std::string>>& merges,
               const TokenTable& tokens);

  Merge Find(TokenId left, TokenId right) const {
    const uint64_t pair = PairOf(left, right);
    for (uint64_t at = HashOf(pair) & mask_; slots_[at].pair != kFree; at = (at + 1) & mask_) {
      if (slots_[at].pair == pair) return slots_[at].merge;
    }
    return {};
  }

 private:
  struct Slot {
    uint64_t pair = kFree;
    Merge merge;
  };
  static constexpr uint64_t kFree = UINT64_MAX;

  static uint64_t PairOf(TokenId left, TokenId right) {
    return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
  }
  static uint64_t HashOf(uint64_t pair) {
    pair *= 0x9E3779B97F4A7C15u;
    return pair ^ (pair >> 29);
  }

  std::vector<Slot> slots_ = std::vector<Slot>(1);
  uint64_t mask_ = 0;
};

}  // namespace parvis::text

#endif  // PARVIS_TEXT_MERGE_TABLE_H_
