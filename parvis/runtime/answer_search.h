#ifndef PARVIS_RUNTIME_ANSWER_SEARCH_H_
#define PARVIS_RUNTIME_ANSWER_SEARCH_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "parvis/core/result.h"
#include "parvis/models/model.h"
#include "parvis/runtime/encoder.h"
#include "parvis/runtime/spans.h"
#include "parvis/runtime/text_tasks.h"

namespace parvis::runtime {

// FindAnswers in parts, for those who must not compute a long text in one go.
class AnswerSearch {
 public:
  // Refuses what FindAnswers does; computes nothing.
  static Result<AnswerSearch> Create(const models::Model& model, const std::string& question,
                                     const std::string& text, const AnswerOptions& options);

  bool done() const { return scored_.size() == windows_.size(); }
  int64_t tokens() const { return tokens_; }  // of all windows
  // Looks at the next windows: at least one, and no more than `max_tokens` have room for. Returns
  // how many tokens they had. REQUIRES: !done(); the encoder's model is that of Create.
  Result<int64_t> Look(const Encoder& encoder, int64_t max_tokens);
  Answers Best() const;  // REQUIRES: done()

 private:
  // One window's input and what is known of its tokens.
  struct Window {
    EncoderInput input;
    std::vector<SpanToken> tokens;
    void Add(int32_t id, uint8_t type, const SpanToken& token);
  };
  struct Pieces;
  static Window WindowOf(const Pieces& pieces, const TokenWindow& place);
  AnswerSearch(std::string text, const AnswerOptions& options)
      : text_(std::move(text)), options_(options) {}

  std::string text_;
  AnswerOptions options_;
  std::vector<Window> windows_;
  int64_t tokens_ = 0;
  std::vector<std::vector<SpanToken>> scored_;  // of the windows that were looked at
};

}  // namespace parvis::runtime

#endif  // PARVIS_RUNTIME_ANSWER_SEARCH_H_
