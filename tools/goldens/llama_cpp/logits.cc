// What llama.cpp computes of a GGUF file, as f32 on stdout, one row a token:
//
//   logits MODEL.gguf TOKENS [DECODER_TOKENS]      tokens as 1,2,3
//
// Logits; of an encoder (bert) the last hidden states. TOKENS of an encoder-decoder (t5) go to the
// encoder. Built by hand against a llama.cpp of one's own (judge.py says how); never by our build.

#include <cstdio>
#include <sstream>
#include <string>
#include <vector>

#include "llama.h"

namespace {

std::vector<llama_token> Read(const char* text) {
  std::vector<llama_token> tokens;
  std::stringstream words(text);
  for (std::string word; std::getline(words, word, ',');) tokens.push_back(std::stoi(word));
  return tokens;
}

llama_batch BatchOf(const std::vector<llama_token>& tokens) {
  llama_batch batch = llama_batch_init(static_cast<int>(tokens.size()), 0, 1);
  batch.n_tokens = static_cast<int>(tokens.size());
  for (int i = 0; i < batch.n_tokens; ++i) {
    batch.token[i] = tokens[i];
    batch.pos[i] = i;
    batch.n_seq_id[i] = 1;
    batch.seq_id[i][0] = 0;
    batch.logits[i] = 1;
  }
  return batch;
}

void OnlyErrors(ggml_log_level level, const char* text, void*) {
  if (level == GGML_LOG_LEVEL_ERROR) std::fputs(text, stderr);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 64;
  llama_log_set(OnlyErrors, nullptr);
  llama_backend_init();
  llama_model* model = llama_model_load_from_file(argv[1], llama_model_default_params());
  if (model == nullptr) return 1;
  char family[64] = "";
  llama_model_meta_val_str(model, "general.architecture", family, sizeof(family));
  const bool encoder_only = std::string(family) == "bert";

  llama_context_params params = llama_context_default_params();
  params.n_ctx = params.n_batch = params.n_ubatch = 512;
  params.n_threads = params.n_threads_batch = 1;
  params.embeddings = encoder_only;
  params.pooling_type = LLAMA_POOLING_TYPE_NONE;
  params.type_k = params.type_v = GGML_TYPE_F32;
  llama_context* context = llama_init_from_model(model, params);
  if (context == nullptr) return 2;

  std::vector<llama_token> tokens = Read(argv[2]);
  if (llama_model_has_encoder(model) && llama_model_has_decoder(model)) {
    if (argc < 4 || llama_encode(context, BatchOf(tokens)) != 0) return 3;
    tokens = Read(argv[3]);
  }
  if (llama_decode(context, BatchOf(tokens)) != 0) return 4;
  const size_t size = encoder_only ? llama_model_n_embd(model)
                                   : llama_vocab_n_tokens(llama_model_get_vocab(model));
  for (int i = 0; i < static_cast<int>(tokens.size()); ++i) {
    const float* row = encoder_only ? llama_get_embeddings_ith(context, i)
                                    : llama_get_logits_ith(context, i);
    std::fwrite(row, sizeof(float), size, stdout);
  }
  return 0;
}
