#include "parvis/runtime/answer_search.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "fmt/format.h"
#include "parvis/text/tokenizer.h"
#include "parvis/text/words.h"

namespace parvis::runtime {

// Question and text as tokens, and how the tokeniser puts them together.
struct AnswerSearch::Pieces {
  text::Encoded question, text;
  std::vector<int64_t> words;  // of the text's tokens
  std::vector<text::TemplatePart> parts;
  size_t marks = 0;
};

void AnswerSearch::Window::Add(int32_t id, uint8_t type, const SpanToken& token) {
  input.tokens.push_back(id);
  input.types.push_back(type);
  tokens.push_back(token);
}

AnswerSearch::Window AnswerSearch::WindowOf(const Pieces& pieces, const TokenWindow& place) {
  using Part = text::TemplatePart::Kind;
  Window window;
  for (const text::TemplatePart& part : pieces.parts) {
    if (part.kind == Part::kToken) {
      window.Add(part.token, part.type, {.is_first = window.tokens.empty()});
    } else if (part.kind == Part::kFirst) {
      for (const int32_t id : pieces.question.ids) window.Add(id, part.type, {});
    } else {
      for (size_t t = place.begin; t < place.end; ++t) {
        const auto [begin, end] = pieces.text.offsets[t];
        window.Add(pieces.text.ids[t], part.type,
                   {.in_text = true, .word = pieces.words[t], .begin = begin, .end = end});
      }
    }
  }
  return window;
}

Result<AnswerSearch> AnswerSearch::Create(const models::Model& model, const std::string& question,
                                          const std::string& text, const AnswerOptions& options) {
  PARVIS_RETURN_IF_ERROR(CheckHead(model, nn::Head::Kind::kSpan));
  if (std::max(question.size(), text.size()) > text::kMaxTextBytes) {
    return InvalidArgument("a text of more than 1 GiB");
  }
  const text::Tokenizer& tokenizer = *model.tokenizer;
  Pieces pieces;
  pieces.parts = tokenizer.vocabulary().pair;
  if (pieces.parts.empty()) {
    return InvalidArgument(
        "this model's tokeniser does not say how question and text stand together");
  }
  for (const text::TemplatePart& part : pieces.parts) {
    if (part.kind == text::TemplatePart::Kind::kToken) ++pieces.marks;
  }
  pieces.question = tokenizer.Encode(question, {.add_special = false});
  pieces.text = tokenizer.Encode(text, {.add_special = false, .offsets = true});
  if (pieces.question.ids.empty()) return InvalidArgument("there is no question");
  if (pieces.text.ids.empty()) return InvalidArgument("there is no text to look for an answer in");
  pieces.words = text::WordsOf(tokenizer, pieces.text, text);
  const auto context = static_cast<size_t>(model.stack.blueprint().context_length);
  const size_t whole = std::min(options.window, context);
  const size_t taken = pieces.question.ids.size() + pieces.marks;
  if (taken >= whole) {
    return InvalidArgument(
        fmt::format("the question's {} tokens leave no room for a text within {}",
                    pieces.question.ids.size(), whole));
  }
  const size_t room = whole - taken;
  size_t stride = std::min(options.stride, whole / 2);
  if (stride >= room) stride = room / 2;
  AnswerSearch search(text, options);
  for (const TokenWindow& place : Windows(pieces.text.ids.size(), room, stride)) {
    search.windows_.push_back(WindowOf(pieces, place));
    search.tokens_ += static_cast<int64_t>(search.windows_.back().tokens.size());
  }
  return search;
}

Result<int64_t> AnswerSearch::Look(const Encoder& encoder, int64_t max_tokens) {
  const size_t first = scored_.size();
  std::vector<EncoderInput> inputs;
  int64_t tokens = 0;
  for (size_t i = first; i < windows_.size(); ++i) {
    const auto more = static_cast<int64_t>(windows_[i].tokens.size());
    if (i > first && tokens + more > max_tokens) break;
    tokens += more;
    inputs.push_back(std::move(windows_[i].input));
  }
  PARVIS_RETURN_IF_ERROR(encoder.Scores(
      inputs,
      [&](size_t i) {
        std::vector<int64_t> rows(inputs[i].tokens.size());
        std::iota(rows.begin(), rows.end(), 0);
        return rows;
      },
      [&](size_t i, const Tensor& scores) {
        std::vector<SpanToken> window = std::move(windows_[first + i].tokens);
        for (size_t t = 0; t < window.size(); ++t) {
          window[t].begin_score = scores.f32()[2 * t];
          window[t].end_score = scores.f32()[2 * t + 1];
        }
        scored_.push_back(std::move(window));
      }));
  return tokens;
}

Answers AnswerSearch::Best() const {
  return {BestAnswers(scored_, text_, options_.count, options_.max_tokens),
          NoAnswerScore(scored_, options_.max_tokens)};
}

Result<Answers> FindAnswers(const Encoder& encoder, const std::string& question,
                            const std::string& text, const AnswerOptions& options) {
  constexpr int64_t kTokensOfOneLook = 2048;
  PARVIS_ASSIGN_OR_RETURN(AnswerSearch search,
                          AnswerSearch::Create(encoder.model(), question, text, options));
  while (!search.done()) {
    PARVIS_RETURN_IF_ERROR(search.Look(encoder, kTokensOfOneLook).status());
  }
  return search.Best();
}

}  // namespace parvis::runtime
