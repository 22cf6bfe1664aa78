#include "parvis/service/refusal.h"

#include <algorithm>
#include <cctype>

namespace parvis::service {
namespace {

RefusalKind KindOf(StatusCode code) {
  switch (code) {
    case StatusCode::kInvalidArgument:
      return RefusalKind::kInvalid;
    case StatusCode::kNotFound:
      return RefusalKind::kNotFound;
    case StatusCode::kPermissionDenied:
      return RefusalKind::kForbidden;
    case StatusCode::kUnimplemented:
      return RefusalKind::kUnimplemented;
    case StatusCode::kUnavailable:
      return RefusalKind::kOverloaded;
    case StatusCode::kDataLoss:
    case StatusCode::kIoError:
    case StatusCode::kResourceExhausted:
      return RefusalKind::kUnavailable;
    default:
      return RefusalKind::kInternal;
  }
}

bool InName(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '[' || c == ']' ||
         c == '.';
}

}  // namespace

const char* RefusalKindName(RefusalKind kind) {
  switch (kind) {
    case RefusalKind::kInvalid:
      return "invalid";
    case RefusalKind::kUnauthenticated:
      return "unauthenticated";
    case RefusalKind::kForbidden:
      return "forbidden";
    case RefusalKind::kNotFound:
      return "not_found";
    case RefusalKind::kTooLarge:
      return "too_large";
    case RefusalKind::kRateLimited:
      return "rate_limited";
    case RefusalKind::kQuotaExhausted:
      return "quota_exhausted";
    case RefusalKind::kOverloaded:
      return "overloaded";
    case RefusalKind::kUnavailable:
      return "unavailable";
    case RefusalKind::kUpstreamFailed:
      return "upstream_failed";
    case RefusalKind::kUpstreamTimeout:
      return "upstream_timeout";
    case RefusalKind::kUnimplemented:
      return "unimplemented";
    case RefusalKind::kInternal:
      break;
  }
  return "internal";
}

Refusal RefusalOf(const Status& status) {
  Refusal refusal{KindOf(status.code()), status.message()};
  if (refusal.kind == RefusalKind::kInvalid) {
    const size_t colon = refusal.message.find(": ");
    if (colon != std::string::npos && colon > 0 &&
        std::all_of(refusal.message.begin(),
                    refusal.message.begin() + static_cast<std::ptrdiff_t>(colon), InName)) {
      refusal.param = refusal.message.substr(0, colon);
    }
  }
  return refusal;
}

}  // namespace parvis::service
