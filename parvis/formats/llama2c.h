#ifndef PARVIS_FORMATS_LLAMA2C_H_
#define PARVIS_FORMATS_LLAMA2C_H_

#include <memory>
#include <span>
#include <string>

#include "parvis/formats/model_file.h"

// The first ("version 0") weight file of Andrej Karpathy's llama2.c (github.com/karpathy/llama2.c,
// run.c), all f32, and its tokeniser file. docs/formats/llama2c.md.
namespace parvis::formats {

struct Llama2cHeader {
  int64_t hidden_size, ffn_size, num_layers, num_heads, num_kv_heads, vocab_size, context_length;
  bool tied_embedding;
};

// Checks sizes and that the file is exactly as long as they say.
Result<Llama2cHeader> ParseLlama2cHeader(std::span<const std::byte> bytes);

// A SentencePiece tokeniser of `vocab_size` tokens from the bytes of a tokenizer.bin.
Result<std::unique_ptr<text::Tokenizer>> ParseLlama2cTokenizer(std::span<const std::byte> bytes,
                                                               int64_t vocab_size);

// Opens both as a LLaMA with Hugging Face names. Query and key rows, which llama2.c keeps with the
// two numbers that rotate together side by side, are copied into Hugging Face's order (half a head
// apart); all else is mapped. `tokenizer_path` may be empty: no tokeniser.
Result<ModelFile> OpenLlama2c(const std::string& weights_path, const std::string& tokenizer_path);

}  // namespace parvis::formats

#endif  // PARVIS_FORMATS_LLAMA2C_H_
