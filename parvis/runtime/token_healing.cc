#include "parvis/runtime/token_healing.h"

#include <algorithm>
#include <limits>
#include <span>
#include <string_view>
#include <utility>

#include "parvis/text/utf8.h"

namespace parvis::runtime {
namespace {

constexpr size_t kMostTakenBack = 4;

// Whether a token begins with these bytes and goes on.
bool SomeTokenExtends(const text::Tokenizer& tokenizer, std::string_view bytes) {
  for (text::TokenId id = 0; id < tokenizer.vocab_size(); ++id) {
    if (tokenizer.IsSpecial(id)) continue;
    const std::string token = tokenizer.TokenBytes(id);
    if (token.size() > bytes.size() && token.starts_with(bytes)) return true;
  }
  return false;
}

class BeginsWithState : public ConstraintState {
 public:
  BeginsWithState(std::shared_ptr<const text::Tokenizer> tokenizer, std::string bytes)
      : tokenizer_(std::move(tokenizer)), rest_(std::move(bytes)) {}

  Status Mask(std::span<float> logits) override {
    if (rest_.empty()) return {};
    bool some = false;
    for (size_t i = 0; i < logits.size(); ++i) {
      const bool fits = Fits(static_cast<text::TokenId>(i));
      if (!fits) logits[i] = -std::numeric_limits<float>::infinity();
      some = some || fits;
    }
    return some ? Status() : InvalidArgument("begins_with: no token of the model fits");
  }

  void Accept(int32_t token) override {
    if (rest_.empty()) return;
    rest_.erase(0, tokenizer_->TokenBytes(token).size());
  }

  bool Finished() const override { return false; }

 private:
  bool Fits(text::TokenId id) const {
    if (id >= tokenizer_->vocab_size() || tokenizer_->IsSpecial(id)) return false;
    const std::string token = tokenizer_->TokenBytes(id);
    return !token.empty() && (token.starts_with(rest_) || rest_.starts_with(token));
  }

  const std::shared_ptr<const text::Tokenizer> tokenizer_;
  std::string rest_;
};

class BeginsWithConstraint : public Constraint {
 public:
  BeginsWithConstraint(std::shared_ptr<const text::Tokenizer> tokenizer, std::string bytes)
      : tokenizer_(std::move(tokenizer)), bytes_(std::move(bytes)) {}
  std::unique_ptr<ConstraintState> Begin() const override {
    return std::make_unique<BeginsWithState>(tokenizer_, bytes_);
  }

 private:
  const std::shared_ptr<const text::Tokenizer> tokenizer_;
  const std::string bytes_;
};

}  // namespace

std::string TakeBackEnd(const text::Tokenizer& tokenizer, std::vector<int32_t>& prompt) {
  std::string taken, bytes;
  size_t taken_tokens = 0;
  const size_t most = prompt.empty() ? 0 : std::min(kMostTakenBack, prompt.size() - 1);
  for (size_t count = 1; count <= most; ++count) {
    const int32_t id = prompt[prompt.size() - count];
    if (tokenizer.IsSpecial(id)) break;
    bytes = tokenizer.TokenBytes(id) + bytes;
    if (!text::IsValidUtf8(bytes) || !SomeTokenExtends(tokenizer, bytes)) continue;
    taken = bytes;
    taken_tokens = count;
  }
  prompt.resize(prompt.size() - taken_tokens);
  return taken;
}

std::shared_ptr<const Constraint> BeginsWith(std::shared_ptr<const text::Tokenizer> tokenizer,
                                             std::string bytes) {
  return std::make_shared<BeginsWithConstraint>(std::move(tokenizer), std::move(bytes));
}

}  // namespace parvis::runtime
