// Conversations: a model learns what the assistant says, from all that stands before it.

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "parvis/train/answer_turn.h"
#include "parvis/train/label_batches.h"
#include "parvis/train/objectives.h"

namespace parvis::train {
namespace {

using Ids = std::vector<text::TokenId>;

bool BeginsWith(const Ids& ids, const Ids& beginning) {
  return ids.size() >= beginning.size() &&
         std::equal(beginning.begin(), beginning.end(), ids.begin());
}

class ChatObjective : public Objective {
 public:
  ChatObjective(const models::Model& model, chat::Prompter prompter)
      : tokenizer_(model.tokenizer),
        prompter_(std::move(prompter)),
        encoder_(model.stack.blueprint().encoder_layers > 0),
        start_(static_cast<int32_t>(model.stack.blueprint().decoder_start_token)) {}

  Result<Example> Encode(const Document& document) const override {
    PARVIS_ASSIGN_OR_RETURN(std::vector<Example> examples, EncodeAll(document));
    return std::move(examples.front());
  }

  // Decoders: the tokens up to the last answer's end; of each, whether it is an answer's. Where a
  // template writes what was said before in another way (thoughts are left out) a new example
  // begins, with what the model then sees. With an encoder each answer is an example: the tokens of
  // the prompt and of the answer; the number of the prompt's.
  Result<std::vector<Example>> EncodeAll(const Document& document) const override {
    const auto found = document.fields.find("messages");
    if (found == document.fields.end()) return DataLoss("no \"messages\" in this row");
    const Json& messages = *found;
    PARVIS_RETURN_IF_ERROR(CheckMessages(messages, "messages"));
    std::vector<Example> examples;
    for (size_t i = 1; i < messages.size(); ++i) {
      if (messages[i]["role"] != "assistant" || messages[i].value("weight", Json()) == 0) continue;
      auto turn = TurnOf(prompter_, *tokenizer_, document.fields, messages, i);
      if (!turn.ok()) return turn.status().In("messages");
      if (encoder_) {
        turn->prompt.insert(turn->prompt.end(), turn->whole.begin() + Offset(turn->begin),
                            turn->whole.end());
        const auto size =
            static_cast<int32_t>(turn->prompt.size() - (turn->whole.size() - turn->begin));
        examples.push_back({std::move(turn->prompt), {size}});
        continue;
      }
      if (examples.empty() || !BeginsWith(turn->whole, examples.back().tokens)) {
        examples.emplace_back();
      }
      Example& example = examples.back();
      example.tokens = std::move(turn->whole);
      example.numbers.resize(std::max(turn->begin, example.numbers.size()), 0);
      example.numbers.resize(example.tokens.size(), 1);
    }
    if (examples.empty()) return DataLoss("messages: none is an assistant's answer");
    return examples;
  }

  // A conversation is never cut; one that is longer than a row is left out.
  Division DivisionOf(const Corpus& corpus, int64_t row_length) const override {
    Division division = WholeDocuments(row_length);
    if (!encoder_) {
      division.unused = 1;
    } else {
      division.room = [&corpus](const Piece& piece) {
        const int64_t prompt = corpus.Numbers(piece.document)[0];
        return std::max(prompt, piece.count - prompt);
      };
    }
    return division;
  }

  void Append(const Corpus& corpus, const Piece& piece, Random&, Batch& batch) const override {
    const auto tokens = corpus.Tokens(piece.document);
    const auto numbers = corpus.Numbers(piece.document);
    if (encoder_) {
      const auto prompt = static_cast<size_t>(numbers[0]);
      return AppendPair(tokens.first(prompt), tokens.subspan(prompt), start_, piece.document,
                        batch);
    }
    const auto first = static_cast<int64_t>(batch.tokens.size());
    AppendText(tokens.first(tokens.size() - 1), {}, piece.document, batch);
    for (size_t i = 1; i < tokens.size(); ++i) {
      if (numbers[i] == 0) continue;
      batch.head_rows.push_back(first + static_cast<int64_t>(i) - 1);
      batch.targets.push_back(tokens[i]);
    }
  }

  Status Check(const nn::Blueprint& blueprint) const override {
    return CheckWrites(blueprint, "chat");
  }

 private:
  static int64_t Offset(size_t at) { return static_cast<int64_t>(at); }

  std::shared_ptr<const text::Tokenizer> tokenizer_;
  chat::Prompter prompter_;
  bool encoder_;
  int32_t start_;
};

}  // namespace

Status CheckWrites(const nn::Blueprint& b, const std::string& objective) {
  const bool writes = b.attention.causal || b.encoder_layers > 0;
  if (writes && b.head.kind == nn::Head::Kind::kLanguage) return {};
  return InvalidArgument(
      fmt::format("objective \"{}\" is for models that write text; this one ({}) does not: it can "
                  "be taught \"labels\", \"token_labels\" or \"answers\"",
                  objective, b.family));
}

Result<ObjectivePointer> NewChatObjective(const models::Model& model) {
  PARVIS_RETURN_IF_ERROR(CheckWrites(model.stack.blueprint(), "chat"));
  auto prompter = chat::Prompter::Of(*model.tokenizer);
  if (!prompter.ok()) {
    return prompter.status().In(
        "objective \"chat\" ([tokenizer] chat_template or chat_template_file gives one)");
  }
  return ObjectivePointer(std::make_shared<ChatObjective>(model, std::move(prompter).value()));
}

}  // namespace parvis::train
