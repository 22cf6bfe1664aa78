#ifndef PARVIS_GRAMMAR_SCALARS_H_
#define PARVIS_GRAMMAR_SCALARS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "parvis/grammar/automaton.h"

namespace parvis::grammar {

// A string as it is written, with its quotes; only what must be escaped is.
std::string QuotedJson(std::string_view text);

// Exactly these bytes, one of them.
Result<Scalar> LiteralScalar(std::span<const std::string> texts, Budget& budget);

// Numbers in bounds, whole ones only if `whole`. Without bounds, exponents may be written.
Result<Scalar> NumberScalar(const std::optional<SchemaNode::Bound>& minimum,
                            const std::optional<SchemaNode::Bound>& maximum, bool whole,
                            Budget& budget);

// Strings of so many characters that all of `texts` accept.
Result<Scalar> StringScalar(std::span<const std::shared_ptr<const Dfa>> texts, int64_t least,
                            std::optional<int64_t> most, Budget& budget);

// Keys other than these.
Result<Scalar> KeyScalar(std::span<const std::string> but, Budget& budget);

}  // namespace parvis::grammar

#endif  // PARVIS_GRAMMAR_SCALARS_H_
