#ifndef PARVIS_SERVICE_REFUSAL_H_
#define PARVIS_SERVICE_REFUSAL_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "parvis/core/status.h"

namespace parvis::service {

// Why a request gets no answer, in the kinds that callers must tell apart. The doors turn a kind
// into a status and a body of their dialect; nobody else does.
enum class RefusalKind {
  kInvalid,          // the request makes no sense; `param` says which part
  kUnauthenticated,  // no credential, or one that is not known
  kForbidden,        // known, but may not
  kNotFound,         // no such model, or one that the caller may not know of
  kTooLarge,         // more bytes than the route takes
  kRateLimited,      // too much in this moment; trying again after `retry_after_ms` may help
  kQuotaExhausted,   // used up; trying again does not help
  kOverloaded,       // everything is full; trying again may help
  kUnavailable,      // not now: a model that cannot be loaded, a record that cannot be written
  kUpstreamFailed,   // another service does not do what it should
  kUpstreamTimeout,  // … in time
  kUnimplemented,    // known to the dialect, not to Parvis
  kInternal,         // our own mistake
};

const char* RefusalKindName(RefusalKind kind);  // "not_found"

struct Refusal {
  RefusalKind kind = RefusalKind::kInternal;
  std::string message;     // for people; never holds a secret or what a model wrote
  std::string param = {};  // "messages[0].role"; empty: no single part
  std::string code = {};   // the dialects' name for it, "context_length_exceeded"; may be empty
  // With kRateLimited and kQuotaExhausted: when there is something again.
  std::optional<int64_t> retry_after_ms = {};
  std::string limit = {};  // which limit stood in the way: "tokens_per_day of user"; may be empty
};

// A value, or why there is none.
template <typename T>
class [[nodiscard]] OrRefusal {
 public:
  OrRefusal(T value) : held_(std::move(value)) {}            // NOLINT(google-explicit-constructor)
  OrRefusal(Refusal refusal) : held_(std::move(refusal)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return std::holds_alternative<T>(held_); }
  const Refusal& refusal() const { return std::get<Refusal>(held_); }  // REQUIRES: !ok()
  T& operator*() & { return std::get<T>(held_); }                      // REQUIRES: ok()
  const T& operator*() const& { return std::get<T>(held_); }
  T&& operator*() && { return std::get<T>(std::move(held_)); }
  T* operator->() { return &std::get<T>(held_); }
  const T* operator->() const { return &std::get<T>(held_); }

 private:
  std::variant<T, Refusal> held_;
};

// The refusal that a failed status of a lower floor amounts to. A message that begins with a
// field's name ("top_p: must be …") gives it as `param`.
Refusal RefusalOf(const Status& status);

inline Refusal Invalid(std::string param, std::string message, std::string code = {}) {
  return {RefusalKind::kInvalid, std::move(message), std::move(param), std::move(code), {}};
}

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_REFUSAL_H_
