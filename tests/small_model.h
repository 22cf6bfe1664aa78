#ifndef TESTS_SMALL_MODEL_H_
#define TESTS_SMALL_MODEL_H_

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "parvis/core/file.h"
#include "parvis/core/json.h"
#include "parvis/models/model.h"
#include "parvis/text/tokenizer.h"

namespace parvis {

// A model of random weights (seed 1) with a tokenizer of tests/golden, whose vocabulary it takes;
// `config` as Hugging Face has it. `end`: the token that ends an answer, or empty: as it is.
inline models::Model SmallModel(const Json& config, const std::string& tokenizer,
                                const std::string& end, const std::string& chat_template) {
  const std::string path =
      std::string(PARVIS_SOURCE_DIR) + "/tests/golden/tokenizers/" + tokenizer + "/tokenizer.json";
  const auto read = text::ReadTokenizerJson(*ReadFile(path));
  EXPECT_TRUE(read.ok()) << read.status().message();
  text::Vocabulary vocabulary = (*read)->vocabulary();
  if (!end.empty()) vocabulary.eos = (*read)->Find(end);
  vocabulary.chat_template = chat_template;
  Json whole = config;
  whole["vocab_size"] = vocabulary.tokens.size();
  const auto blueprint = models::BlueprintFromConfig(whole);
  EXPECT_TRUE(blueprint.ok()) << blueprint.status().message();
  return models::NewModel(*blueprint, text::MakeTokenizer(std::move(vocabulary)).value(), 1);
}

}  // namespace parvis

#endif  // TESTS_SMALL_MODEL_H_
