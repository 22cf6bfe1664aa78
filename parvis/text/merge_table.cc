#include "parvis/text/merge_table.h"

#include <algorithm>
#include <bit>

namespace parvis::text {

Status MergeTable::Build(const std::vector<std::pair<std::string, std::string>>& merges,
                         const TokenTable& tokens) {
  slots_.assign(std::bit_ceil(std::max<size_t>(16, merges.size() * 2)), {});
  mask_ = slots_.size() - 1;
  for (size_t rank = 0; rank < merges.size(); ++rank) {
    const auto& [left, right] = merges[rank];
    const TokenId l = tokens.Find(left), r = tokens.Find(right), both = tokens.Find(left + right);
    if (l < 0 || r < 0 || both < 0) {
      const std::string& unknown = l < 0 ? left : r < 0 ? right : left + right;
      return DataLoss("merges[" + std::to_string(rank) + "]: \"" + unknown.substr(0, 40) +
                      "\" is not in the vocabulary");
    }
    const uint64_t pair = PairOf(l, r);
    uint64_t at = HashOf(pair) & mask_;
    while (slots_[at].pair != kFree && slots_[at].pair != pair) at = (at + 1) & mask_;
    // A pair that is listed twice keeps its last rank, as the reference's table does.
    slots_[at] = {pair, {static_cast<uint32_t>(rank), both}};
  }
  return {};
}

}  // namespace parvis::text
