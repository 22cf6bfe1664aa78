#ifndef PARVIS_GRAMMAR_CONSTRAINER_H_
#define PARVIS_GRAMMAR_CONSTRAINER_H_

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "parvis/core/json.h"
#include "parvis/core/result.h"
#include "parvis/grammar/masks.h"
#include "parvis/grammar/schema.h"
#include "parvis/grammar/token_tree.h"
#include "parvis/runtime/constraint.h"
#include "parvis/text/tokenizer.h"

namespace parvis::grammar {

// Makes what GenerateRequest::constraint takes, for one tokeniser. What an answer under it is: JSON
// in UTF-8 that satisfies the schema, and nothing else, if it ends by itself (an answer that
// max_tokens or a stop string ends is cut). Special tokens are never part of it; the end tokens
// come when the value is whole.
//
// Grammars that were made are kept for the next request with the same schema and salt, and masks
// with them; both are bounded. A server gives each tenant a salt of its own: making a grammar takes
// longer than finding one, so what is shared tells what others ask for. Any number of threads may
// call; the tokeniser is not needed afterwards. Making a grammar can take some tenths of a second:
// not on the thread that drives the engine.
class Constrainer {
 public:
  // Walks the vocabulary once: some tens of milliseconds, and some MiB that stay.
  static Result<std::unique_ptr<Constrainer>> Make(const text::Tokenizer& tokenizer);

  // Any JSON object.
  Result<std::shared_ptr<const runtime::Constraint>> JsonObject(const std::string& salt = {});
  // What satisfies a schema; see Schema::Read for what is refused, and Automaton for the forms that
  // are written.
  Result<std::shared_ptr<const runtime::Constraint>> JsonSchema(const OrderedJson& schema,
                                                                const SchemaOptions& options = {},
                                                                const std::string& salt = {});

 private:
  static constexpr size_t kMaxGrammars = 64;
  static constexpr size_t kMaxMaskBytes = size_t{64} << 20;

  explicit Constrainer(std::shared_ptr<const TokenTree> tree);

  const std::shared_ptr<const TokenTree> tree_;
  const std::shared_ptr<MaskCache> masks_;
  std::mutex mutex_;  // guards the two below
  std::list<std::pair<std::string, std::shared_ptr<const runtime::Constraint>>> made_;
  uint32_t next_number_ = 0;
};

// A constraint of a machine that somebody has made. `number`: see Masks.
std::shared_ptr<const runtime::Constraint> MakeConstraint(std::shared_ptr<const Automaton> machine,
                                                          std::shared_ptr<const TokenTree> tree,
                                                          std::shared_ptr<MaskCache> cache,
                                                          uint32_t number);

}  // namespace parvis::grammar

#endif  // PARVIS_GRAMMAR_CONSTRAINER_H_
