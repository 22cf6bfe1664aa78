// Direct preference optimisation: a model comes to give the chosen of two answers rather than the
// rejected one, measured against what it gave at the start.
// Rafailov et al., "Direct Preference Optimization: Your Language Model is Secretly a Reward
// Model", 2023.

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <optional>
#include <utility>

#include "parvis/train/answer_turn.h"
#include "parvis/train/label_batches.h"
#include "parvis/train/objectives.h"
#include "parvis/train/preference_pair.h"

namespace parvis::train {
namespace {

// A document's numbers. Of both answers: tokens of the whole, of the prompt; then the reference's
// log-probability, as the bits of a float.
constexpr size_t kSize = 0, kBegin = 1, kReference = 2, kNumbers = 3;

// What a batch's pairs come to.
struct Pairs {
  std::vector<double> margins;  // of the implicit rewards, without beta
  std::vector<size_t> segment;  // of each target
};

double LogSigmoid(double x) {
  return x < 0 ? x - std::log1p(std::exp(x)) : -std::log1p(std::exp(-x));
}
double Sigmoid(double x) { return std::exp(LogSigmoid(x)); }

class PreferenceObjective : public Objective {
 public:
  PreferenceObjective(const ObjectiveSettings& settings, const models::Model& model,
                      std::optional<chat::Prompter> prompter)
      : beta_(settings.beta),
        smoothing_(settings.label_smoothing),
        tokenizer_(model.tokenizer),
        prompter_(std::move(prompter)),
        encoder_(model.stack.blueprint().encoder_layers > 0),
        start_(static_cast<int32_t>(model.stack.blueprint().decoder_start_token)) {}

  // The tokens of prompt and chosen, then of prompt and rejected.
  Result<Example> Encode(const Document& document) const override {
    PARVIS_ASSIGN_OR_RETURN(const PreferencePair pair, PairOf(document.fields));
    Example example;
    for (const auto& [key, answer] : pair.answers()) {
      PARVIS_ASSIGN_OR_RETURN(AnswerTurn turn, Turn(document.fields, pair.prompt, key, *answer));
      if (encoder_) {
        const auto begin = turn.whole.begin() + static_cast<int64_t>(turn.begin);
        turn.begin = turn.prompt.size();
        turn.prompt.insert(turn.prompt.end(), begin, turn.whole.end());
        turn.whole = std::move(turn.prompt);
      }
      if (turn.begin == 0) return DataLoss("\"prompt\" is empty");
      example.tokens.insert(example.tokens.end(), turn.whole.begin(), turn.whole.end());
      example.numbers.push_back(static_cast<int32_t>(turn.whole.size()));
      example.numbers.push_back(static_cast<int32_t>(turn.begin));
      example.numbers.push_back(0);
    }
    return example;
  }

  // A pair is never cut. Its answers stand side by side, so what a row may hold is counted once for
  // each side, as of pairs of an encoder and a decoder.
  Division DivisionOf(const Corpus& corpus, int64_t row_length) const override {
    Division division = WholeDocuments(row_length);
    division.room = [this, &corpus](const Piece& piece) {
      const auto numbers = corpus.Numbers(piece.document);
      int64_t room = 0;
      for (size_t at = 0; at < numbers.size(); at += kNumbers) {
        const int64_t size = numbers[at + kSize], begin = numbers[at + kBegin];
        room = std::max(room, encoder_ ? std::max(begin, size - begin) : size - 1);
      }
      return room;
    };
    return division;
  }

  void Append(const Corpus& corpus, const Piece& piece, Random&, Batch& batch) const override {
    auto tokens = corpus.Tokens(piece.document);
    const auto numbers = corpus.Numbers(piece.document);
    for (size_t at = 0; at < numbers.size(); at += kNumbers) {
      const auto whole = tokens.first(static_cast<size_t>(numbers[at + kSize]));
      const auto begin = static_cast<size_t>(numbers[at + kBegin]);
      const auto first = static_cast<int64_t>(batch.tokens.size());
      if (encoder_) {
        AppendPair(whole.first(begin), whole.subspan(begin), start_, piece.document, batch);
      } else {
        AppendText(whole.first(whole.size() - 1), {}, piece.document, batch);
        batch.targets.insert(batch.targets.end(), whole.begin() + static_cast<int64_t>(begin),
                             whole.end());
      }
      const int64_t before = encoder_ ? 0 : static_cast<int64_t>(begin) - 1;
      for (size_t i = begin; i < whole.size(); ++i) {
        batch.head_rows.push_back(first + before + static_cast<int64_t>(i - begin));
      }
      batch.references.push_back(std::bit_cast<float>(numbers[at + kReference]));
      tokens = tokens.subspan(whole.size());
    }
  }

  // Pairs are what counts.
  int64_t CountOf(const Batch& batch) const override {
    return static_cast<int64_t>(batch.segments.size() / 2);
  }

  ops::Loss Loss(const ops::Exec& exec, nn::Stack& stack, const Batch& batch, float grad_scale,
                 std::span<float> each) const override {
    std::vector<float> own_each;
    if (each.empty()) {
      own_each.resize(batch.targets.size());
      each = own_each;
    }
    const Tensor hidden = HeadRows(exec, stack, batch);
    const Pairs pairs = PairsOf(exec, stack, batch, hidden, each);
    ops::Loss loss{.count = CountOf(batch)};
    for (const double margin : pairs.margins) loss.sum += LossOf(margin);
    if (!exec.recording()) return loss;
    // d loss / d log-probability is the same for all tokens of an answer.
    std::vector<float> scales(each.size());
    for (size_t i = 0; i < each.size(); ++i) {
      const double slope = SlopeOf(pairs.margins[pairs.segment[i] / 2]);
      scales[i] = static_cast<float>(pairs.segment[i] % 2 == 0 ? -slope : slope) * grad_scale;
    }
    stack.Loss(exec, hidden, batch.targets, scales, each);
    return loss;
  }

  Judged Judge(const ops::Exec& exec, nn::Stack& stack, const Batch& batch) const override {
    std::vector<float> each(batch.targets.size());
    const Pairs pairs = PairsOf(exec, stack, batch, HeadRows(exec, stack, batch), each);
    Judged judged{.loss = {.count = CountOf(batch)}, .correct = 0, .margin = 0.0};
    for (const double margin : pairs.margins) {
      judged.loss.sum += LossOf(margin);
      *judged.correct += margin > 0.0 ? 1 : 0;
      *judged.margin += beta_ * margin;
    }
    return judged;
  }

  // The reference: what the model gives at the start.
  void Begin(const ops::Exec& exec, nn::Stack& stack, int64_t row_length, int64_t rows,
             Corpus& corpus) const override {
    const EpochPlan plan = PlanInOrder(corpus, DivisionOf(corpus, row_length));
    for (int64_t row = 0; row < plan.num_rows();) {
      Batch batch;
      do {
        AppendRow(corpus, *this, plan, plan.order[row++], /*seed=*/0, /*epoch=*/0, batch);
      } while (row < plan.num_rows() && batch.num_tokens() < rows);
      std::vector<float> each(batch.targets.size());
      const std::vector<double> sums =
          LogProbabilities(exec, stack, batch, HeadRows(exec, stack, batch), each, nullptr);
      for (size_t segment = 0; segment < sums.size(); segment += 2) {
        const int64_t document = batch.documents[segment];
        const auto old = corpus.Numbers(document);
        std::vector<int32_t> numbers(old.begin(), old.end());
        for (size_t side = 0; side < 2; ++side) {
          numbers[side * kNumbers + kReference] =
              std::bit_cast<int32_t>(static_cast<float>(sums[segment + side]));
        }
        corpus.SetNumbers(document, numbers);
      }
    }
  }

  Status Check(const nn::Blueprint& blueprint) const override {
    return CheckWrites(blueprint, "preference");
  }

 private:
  double LossOf(double margin) const {
    return -(1.0 - smoothing_) * LogSigmoid(beta_ * margin) -
           smoothing_ * LogSigmoid(-beta_ * margin);
  }
  // Of the loss by the margin.
  double SlopeOf(double margin) const {
    return beta_ *
           (smoothing_ * Sigmoid(beta_ * margin) - (1.0 - smoothing_) * Sigmoid(-beta_ * margin));
  }

  // Of each segment's answer, summed from its first token on, so that no batch changes a bit.
  // `owners`: null, or gets the segment of each target.
  static std::vector<double> LogProbabilities(const ops::Exec& exec, nn::Stack& stack,
                                              const Batch& batch, const Tensor& hidden,
                                              std::span<float> each, std::vector<size_t>* owners) {
    const ops::Exec eager(exec.pool(), exec.kernels());
    stack.Loss(eager, hidden, batch.targets, 0.0f, each);
    std::vector<double> sums(batch.segments.size(), 0.0);
    size_t segment = 0;
    for (size_t i = 0; i < each.size(); ++i) {
      while (batch.head_rows[i] >= batch.segments[segment].begin + batch.segments[segment].count) {
        ++segment;
      }
      sums[segment] -= double{each[i]};
      if (owners != nullptr) owners->push_back(segment);
    }
    return sums;
  }

  Pairs PairsOf(const ops::Exec& exec, nn::Stack& stack, const Batch& batch, const Tensor& hidden,
                std::span<float> each) const {
    Pairs pairs;
    std::vector<double> gains = LogProbabilities(exec, stack, batch, hidden, each, &pairs.segment);
    for (size_t i = 0; i < gains.size(); ++i) {
      gains[i] = double{static_cast<float>(gains[i])} - double{batch.references[i]};
    }
    for (size_t i = 0; i + 1 < gains.size(); i += 2)
      pairs.margins.push_back(gains[i] - gains[i + 1]);
    return pairs;
  }

  // A prompt that is a text stands as it is; one that is a list of messages goes through the
  // template, and the answer with it.
  Result<AnswerTurn> Turn(const Json& fields, const Json& prompt, const char* key,
                          Json answer) const {
    if (prompt.is_string()) {
      if (!answer.is_string()) {
        return DataLoss("\"" + std::string(key) + "\" is no text, as \"prompt\" is");
      }
      return TurnOfTexts(*tokenizer_, prompt.get<std::string>(), answer.get<std::string>(),
                         encoder_);
    }
    PARVIS_RETURN_IF_ERROR(CheckMessages(prompt, "prompt"));
    if (!prompter_) {
      return InvalidArgument(
          "what was asked is a list of messages, and the model has no chat template: [tokenizer] "
          "chat_template or chat_template_file gives one");
    }
    if (answer.is_array() && answer.size() == 1) answer = answer[0];
    if (answer.is_string()) answer = Json{{"role", "assistant"}, {"content", answer}};
    Json messages = prompt;
    messages.push_back(answer);
    if (!answer.is_object() || answer.value("role", Json()) != "assistant" ||
        !CheckMessages(messages, key).ok()) {
      return DataLoss("\"" + std::string(key) + "\" is neither a text nor one assistant's message");
    }
    auto turn = TurnOf(*prompter_, *tokenizer_, fields, messages, prompt.size());
    if (!turn.ok()) return turn.status().In(key);
    return turn;
  }

  double beta_, smoothing_;
  std::shared_ptr<const text::Tokenizer> tokenizer_;
  std::optional<chat::Prompter> prompter_;
  bool encoder_;
  int32_t start_;
};

}  // namespace

Result<ObjectivePointer> NewPreferenceObjective(const ObjectiveSettings& settings,
                                                const models::Model& model) {
  PARVIS_RETURN_IF_ERROR(CheckWrites(model.stack.blueprint(), "preference"));
  if (!model.tokenizer->eos()) {
    return InvalidArgument("objective \"preference\": the tokenizer has no end");
  }
  std::optional<chat::Prompter> prompter;
  if (!model.tokenizer->vocabulary().chat_template.empty()) {
    PARVIS_ASSIGN_OR_RETURN(prompter, chat::Prompter::Of(*model.tokenizer));
  }
  return ObjectivePointer(
      std::make_shared<PreferenceObjective>(settings, model, std::move(prompter)));
}

}  // namespace parvis::train
