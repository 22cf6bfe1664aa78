#ifndef PARVIS_TEXT_TOKENIZER_TRAINER_H_
#define PARVIS_TEXT_TOKENIZER_TRAINER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "parvis/text/pretokenizer.h"
#include "parvis/text/tokenizer.h"

namespace parvis::text {

struct ByteBpeTrainerOptions {
  int64_t vocab_size = 8192;  // with the special tokens and the 256 bytes
  int64_t min_count = 2;      // a pair that is rarer is not merged
  PreTokenizer pre_tokenizer = PreTokenizer::kLlama3;
  std::vector<std::string> special_tokens;  // take the first ids, in this order
  std::string bos, eos;                     // names among special_tokens, or empty
  bool add_bos = false;
};

// Learns a byte-level BPE vocabulary: counts the pieces of all documents, then merges the most
// frequent pair again and again; of equal counts the pair with the smaller ids, as Hugging Face's
// trainer does, so both learn the same merges. One thread. Memory grows with distinct pieces.
class ByteBpeTrainer {
 public:
  explicit ByteBpeTrainer(ByteBpeTrainerOptions options);

  // Counts one document. Invalid UTF-8 counts as U+FFFD.
  void Add(std::string_view text);

  // `progress(done, total)` is called now and then with merges; may be empty.
  Result<std::unique_ptr<Tokenizer>> Train(
      const std::function<void(int64_t, int64_t)>& progress = {});

 private:
  ByteBpeTrainerOptions options_;
  std::unordered_map<std::string, int64_t> pieces_;
};

}  // namespace parvis::text

#endif  // PARVIS_TEXT_TOKENIZER_TRAINER_H_
