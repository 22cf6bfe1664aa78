#ifndef PARVIS_CORE_STATUS_H_
#define PARVIS_CORE_STATUS_H_

#include <string>
#include <utility>

namespace parvis {

// What went wrong, in the few kinds that a caller treats differently. The doors turn a code into an
// exit code (parvis/cli) or an HTTP status; nobody else does.
enum class StatusCode {
  kOk = 0,
  kInvalidArgument,    // the caller asked for something that makes no sense (usage)
  kNotFound,           // a file, a model or a name that is not there
  kDataLoss,           // bytes that are malformed, cut short or altered
  kResourceExhausted,  // no memory, no disk, over a limit
  kUnavailable,        // not now; trying again may help
  kPermissionDenied,   // the caller may not
  kIoError,            // the operating system refused to read or write
  kCancelled,          // the caller left
  kUnimplemented,      // recognised, but Parvis does not do it
  kInternal,           // our own mistake
};

// The outcome of an operation that the world can make fail. Success carries no allocation.
//
// A message names the place: file, field and byte offset where there is one, and what to do where
// that is known. Messages are for people; programs look at code().
class [[nodiscard]] Status {
 public:
  Status() = default;  // success
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  const std::string& message() const { return message_; }

  // The same status with `where` and ": " before its message. Success stays success.
  Status In(const std::string& where) const {
    return ok() ? *this : Status(code_, where + ": " + message_);
  }

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
};

inline Status InvalidArgument(std::string m) {
  return {StatusCode::kInvalidArgument, std::move(m)};
}
inline Status NotFound(std::string m) { return {StatusCode::kNotFound, std::move(m)}; }
inline Status DataLoss(std::string m) { return {StatusCode::kDataLoss, std::move(m)}; }
inline Status ResourceExhausted(std::string m) {
  return {StatusCode::kResourceExhausted, std::move(m)};
}
inline Status IoError(std::string m) { return {StatusCode::kIoError, std::move(m)}; }
inline Status Cancelled(std::string m) { return {StatusCode::kCancelled, std::move(m)}; }
inline Status Unimplemented(std::string m) { return {StatusCode::kUnimplemented, std::move(m)}; }
inline Status Internal(std::string m) { return {StatusCode::kInternal, std::move(m)}; }

}  // namespace parvis

// Leaves the calling function with `expression`'s status unless it is a success.
#define PARVIS_RETURN_IF_ERROR(expression)                                    \
  do {                                                                        \
    if (::parvis::Status parvis_status_ = (expression); !parvis_status_.ok()) \
      return parvis_status_;                                                  \
  } while (false)

#endif  // PARVIS_CORE_STATUS_H_
