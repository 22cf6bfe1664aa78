#ifndef PARVIS_MODELS_BERT_H_
#define PARVIS_MODELS_BERT_H_

#include <string>
#include <string_view>

#include "parvis/models/config.h"
#include "parvis/nn/blueprint.h"

// What BERT, RoBERTa and DistilBERT share: encoders with a norm after each sum, learned positions,
// and one of several heads.
namespace parvis::models {

// All but positions, token types and the head's activation, by the names that BERT and RoBERTa have
// in Hugging Face's configurations, DistilBERT in its own, and all of them in GGUF.
// `classes` is what their classes begin with: "Bert", of "BertForMaskedLM".
nn::Blueprint DescribeEncoder(Config& config, std::string_view classes);

// Which activations the dense part of each head has.
void SetHeadActivations(nn::Blueprint& b, nn::Activation language, nn::Activation sequence);

// The configuration of such a blueprint in the words of BERT and RoBERTa.
Json EncoderConfig(const nn::Blueprint& b, std::string_view classes);
Json EncoderGgufMetadata(const nn::Blueprint& b);

// Of a head with labels: "id2label" or "num_labels".
int64_t NumLabelsOf(Config& config);

nn::Activation EncoderActivation(Config& config);  // "hidden_act" or "activation"
std::string EncoderActivationName(nn::Activation activation);
std::string EncoderClass(const nn::Blueprint& b, std::string_view classes);  // "BertForMaskedLM"

}  // namespace parvis::models

#endif  // PARVIS_MODELS_BERT_H_
