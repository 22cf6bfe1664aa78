#ifndef TESTS_GOLDEN_ENCODERS_H_
#define TESTS_GOLDEN_ENCODERS_H_

namespace parvis {

// The folders of tests/golden/encoders/: each head of each family (tools/goldens/README.md).
inline constexpr const char* kEncoderGoldens[] = {
    "bert_masked_lm",    "bert_pooled",       "bert_sequence",        "bert_tokens",
    "bert_span",         "roberta_masked_lm", "roberta_sequence",     "roberta_tokens",
    "roberta_span",      "distilbert_bare",   "distilbert_masked_lm", "distilbert_sequence",
    "distilbert_tokens", "distilbert_span",   "camembert_masked_lm",  "xlm_roberta_sequence"};

// Those with a loss and gradients.
inline constexpr const char* kEncoderGradients[] = {"bert_masked_lm", "roberta_sequence",
                                                    "distilbert_tokens"};

}  // namespace parvis

#endif  // TESTS_GOLDEN_ENCODERS_H_
