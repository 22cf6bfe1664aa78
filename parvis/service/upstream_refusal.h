#ifndef PARVIS_SERVICE_UPSTREAM_REFUSAL_H_
#define PARVIS_SERVICE_UPSTREAM_REFUSAL_H_

#include <cstddef>
#include <string>

#include "parvis/service/refusal.h"
#include "parvis/service/upstream.h"

namespace parvis::service {

inline constexpr size_t kMaxUpstreamErrorBytes = size_t{64} << 10;  // of a body that tells of one

// "The service behind 'NAME' does what."
Refusal UpstreamRefusal(RefusalKind kind, const std::string& model, const std::string& what);

// What its answer of a status other than 200 is here. The other side's message is not told: it may
// hold anything.
Refusal RefusalOfUpstreamStatus(const UpstreamHead& head, const std::string& body,
                                const std::string& model);

// What it is here that its answer is not whole. `begun`: there was a head.
Refusal RefusalOfUpstreamEnd(UpstreamEnd end, bool begun, const std::string& model);

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_UPSTREAM_REFUSAL_H_
