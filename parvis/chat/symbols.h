#ifndef PARVIS_CHAT_SYMBOLS_H_
#define PARVIS_CHAT_SYMBOLS_H_

#include "parvis/chat/ast.h"
#include "parvis/core/status.h"

namespace parvis::chat {

// Decides for every name of the tree in which scope it lives, by the rules of Jinja: a loop, a
// macro, a block that is captured and a `with` have a scope of their own, a branch of an `if` has
// none; what is assigned in a scope is gone after it. What a name is worth before its scope assigns
// it depends on what the scope does with it first, wherever in the scope that stands. Refuses a
// template with too many names for that.
Status ResolveNames(Tree& tree);

}  // namespace parvis::chat

#endif  // PARVIS_CHAT_SYMBOLS_H_
