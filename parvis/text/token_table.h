#ifndef PARVIS_TEXT_TOKEN_TABLE_H_
#define PARVIS_TEXT_TOKEN_TABLE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "parvis/text/vocabulary.h"

namespace parvis::text {

// From bytes to the token that is written so. Open addressing: encoding asks it for every word.
// Finding is safe from several threads.
class TokenTable {
 public:
  // Room for `size` tokens. `tokens` must outlive the table and keep its strings.
  TokenTable(const std::vector<std::string>& tokens, size_t size);

  // Makes tokens[id] known. Of two equal strings the first stays. REQUIRES: room.
  void Add(TokenId id);

  // The id, or -1.
  TokenId Find(std::string_view bytes) const;

 private:
  struct Slot {
    uint32_t tag;
    TokenId id;  // -1: free
  };
  size_t Probe(std::string_view bytes, uint64_t hash) const;

  const std::vector<std::string>& tokens_;
  std::vector<Slot> slots_;
  uint64_t mask_;
};

}  // namespace parvis::text

#endif  // PARVIS_TEXT_TOKEN_TABLE_H_
