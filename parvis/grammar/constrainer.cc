#include "parvis/grammar/constrainer.h"

#include <algorithm>
#include <limits>
#include <span>
#include <vector>

#include "parvis/core/check.h"

namespace parvis::grammar {
namespace {

constexpr float kImpossible = -std::numeric_limits<float>::infinity();

// Where one answer stands.
class State : public runtime::ConstraintState {
 public:
  explicit State(std::shared_ptr<const Masks> masks)
      : masks_(std::move(masks)), stacks_(masks_->machine()) {
    stacks_.Begin(live_);
  }

  Status Mask(std::span<float> logits) override {
    if (ended_) return InvalidArgument("the answer has ended");
    PARVIS_ASSIGN_OR_RETURN(const auto mask, masks_->Of(stacks_, live_));
    kept_.clear();
    if (std::any_of(live_.begin(), live_.end(), [&](StackId id) { return stacks_.MayEnd(id); })) {
      for (const int32_t token : masks_->tree().end_tokens()) {
        if (static_cast<size_t>(token) < logits.size()) kept_.emplace_back(token, logits[token]);
      }
    }
    const bool any = Apply(mask->bits, logits);
    for (const auto& [token, logit] : kept_) logits[token] = logit;
    if (any || !kept_.empty()) return {};
    return Status(StatusCode::kUnimplemented,
                  "no token of the vocabulary can go on with what the schema asks for");
  }

  void Accept(int32_t token) override {
    const TokenTree& tree = masks_->tree();
    const auto& ends = tree.end_tokens();
    if (std::find(ends.begin(), ends.end(), token) != ends.end() ||
        static_cast<size_t>(token) >= tree.vocab_size()) {
      ended_ = true;
      return;
    }
    for (const char c : tree.BytesOf(token)) {
      stacks_.Step(live_, static_cast<uint8_t>(c), next_);
      live_.swap(next_);
    }
    stacks_.Compact(live_);
  }

  bool Finished() const override {
    return ended_ ||
           std::all_of(live_.begin(), live_.end(), [](StackId id) { return id == Stacks::kDone; });
  }

 private:
  static bool Apply(const Bits& bits, std::span<float> logits) {
    uint64_t any = 0;
    size_t at = 0;
    for (const uint64_t word : bits) {
      any |= word;
      const size_t end = std::min(at + 64, logits.size());
      if (word == 0) {
        std::fill(logits.begin() + static_cast<ptrdiff_t>(at),
                  logits.begin() + static_cast<ptrdiff_t>(end), kImpossible);
      } else if (~word != 0 || end != at + 64) {
        for (size_t i = at; i < end; ++i) {
          logits[i] = (word >> (i - at) & 1) != 0 ? logits[i] : kImpossible;
        }
      }
      at = end;
    }
    // Rows of the model beyond the vocabulary are no tokens.
    std::fill(logits.begin() + static_cast<ptrdiff_t>(at), logits.end(), kImpossible);
    return any != 0;
  }

  const std::shared_ptr<const Masks> masks_;
  Stacks stacks_;
  std::vector<StackId> live_, next_;
  std::vector<std::pair<int32_t, float>> kept_;
  bool ended_ = false;
};

class Grammar : public runtime::Constraint {
 public:
  explicit Grammar(std::shared_ptr<const Masks> masks) : masks_(std::move(masks)) {}
  std::unique_ptr<runtime::ConstraintState> Begin() const override {
    return std::make_unique<State>(masks_);
  }

 private:
  const std::shared_ptr<const Masks> masks_;
};

}  // namespace

std::shared_ptr<const runtime::Constraint> MakeConstraint(std::shared_ptr<const Automaton> machine,
                                                          std::shared_ptr<const TokenTree> tree,
                                                          std::shared_ptr<MaskCache> cache,
                                                          uint32_t number) {
  return std::make_shared<const Grammar>(
      std::make_shared<const Masks>(std::move(machine), std::move(tree), std::move(cache), number));
}

Constrainer::Constrainer(std::shared_ptr<const TokenTree> tree)
    : tree_(std::move(tree)), masks_(std::make_shared<MaskCache>(kMaxMaskBytes)) {}

Result<std::unique_ptr<Constrainer>> Constrainer::Make(const text::Tokenizer& tokenizer) {
  PARVIS_ASSIGN_OR_RETURN(auto tree, TokenTree::Make(tokenizer));
  return std::unique_ptr<Constrainer>(new Constrainer(std::move(tree)));
}

Result<std::shared_ptr<const runtime::Constraint>> Constrainer::JsonObject(
    const std::string& salt) {
  OrderedJson schema;
  schema["type"] = "object";
  return JsonSchema(schema, {}, salt);
}

Result<std::shared_ptr<const runtime::Constraint>> Constrainer::JsonSchema(
    const OrderedJson& schema, const SchemaOptions& options, const std::string& salt) {
  // JSON has no zero bytes, so the salt cannot be taken for a part of it.
  std::string key = schema.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
  key += options.strict ? '1' : '0';
  key += '\0' + salt;
  uint32_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto known =
        std::find_if(made_.begin(), made_.end(), [&](const auto& one) { return one.first == key; });
    if (known != made_.end()) {
      made_.splice(made_.begin(), made_, known);
      return known->second;
    }
    number = next_number_++;
  }
  PARVIS_ASSIGN_OR_RETURN(const auto read, Schema::Read(schema, options));
  PARVIS_ASSIGN_OR_RETURN(auto machine, MakeAutomaton(*read));
  auto made = MakeConstraint(std::move(machine), tree_, masks_, number);
  const std::lock_guard lock(mutex_);
  made_.emplace_front(std::move(key), made);
  if (made_.size() > kMaxGrammars) made_.pop_back();
  return made;
}

}  // namespace parvis::grammar
