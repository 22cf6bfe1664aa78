#ifndef PARVIS_TRAIN_ANSWER_TURN_H_
#define PARVIS_TRAIN_ANSWER_TURN_H_

#include <cstddef>
#include <string>
#include <vector>

#include "parvis/chat/prompt.h"
#include "parvis/core/json.h"
#include "parvis/core/result.h"
#include "parvis/text/tokenizer.h"

// Answers of conversations as tokens: what a model is asked, and what it should write.
namespace parvis::train {

struct AnswerTurn {
  std::vector<text::TokenId> prompt;  // as the model is given it when it is to answer
  std::vector<text::TokenId> whole;   // with the answer, up to the token that ends it
  // whole[begin, …) is the answer: from the first token on that is not the prompt's. One that holds
  // the prompt's last characters and the answer's first is the answer's.
  size_t begin = 0;
};

// Refuses what is no list of messages with roles, or has an assistant's message that says nothing.
Status CheckMessages(const Json& messages, const std::string& field);

// messages[index] as the answer to those before it. `fields` may hold "tools" and what else
// chat::ReadConversation knows. Templates are shown the same day in every run
// (docs/design/training.md). Refuses an answer that the template does not write behind what it
// writes to ask for it, or does not end with a token that ends texts. REQUIRES: CheckMessages, 0 <
// index < messages.size().
Result<AnswerTurn> TurnOf(const chat::Prompter& prompter, const text::Tokenizer& tokenizer,
                          const Json& fields, const Json& messages, size_t index);

// Texts without a template: the prompt as `parvis run` encodes it, the answer behind it, the end.
// For an encoder the two are encoded each by itself. REQUIRES: the tokenizer has an end.
AnswerTurn TurnOfTexts(const text::Tokenizer& tokenizer, const std::string& prompt,
                       const std::string& answer, bool encoder);

}  // namespace parvis::train

#endif  // PARVIS_TRAIN_ANSWER_TURN_H_
