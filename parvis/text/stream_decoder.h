#ifndef PARVIS_TEXT_STREAM_DECODER_H_
#define PARVIS_TEXT_STREAM_DECODER_H_

#include <string>

#include "parvis/text/tokenizer.h"

namespace parvis::text {

// Tokens in, whole characters out: what a model writes, as valid UTF-8, as early as possible. Bytes
// of a character that is not complete yet are held back; what can no longer become one leaves as
// U+FFFD. One stream, one thread. The tokeniser must outlive it.
class StreamDecoder {
 public:
  // `continues`: text came before (so no leading space is left out).
  explicit StreamDecoder(const Tokenizer& tokenizer, bool continues = true)
      : tokenizer_(tokenizer), at_start_(!continues) {}

  std::string Push(TokenId id);  // special tokens give no text
  std::string Finish();          // what was held back

 private:
  const Tokenizer& tokenizer_;
  bool at_start_;
  std::string held_;
};

}  // namespace parvis::text

#endif  // PARVIS_TEXT_STREAM_DECODER_H_
