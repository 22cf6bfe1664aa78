#ifndef PARVIS_SERVICE_UPSTREAM_H_
#define PARVIS_SERVICE_UPSTREAM_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "parvis/core/status.h"
#include "parvis/service/workers.h"

// A model that somebody else computes: another service that speaks OpenAI's API. What is said to it
// and what is made of its answer is here; who carries the bytes, and with which key, is told from
// outside, so that nothing on this floor holds a secret or opens a connection.
namespace parvis::service {

// What came before the bytes of an answer.
struct UpstreamHead {
  int status = 0;
  bool event_stream = false;  // its content type says so
  std::optional<int64_t> retry_after_ms = {};
};

struct UpstreamCall {
  std::string path;    // "/chat/completions"
  std::string body;    // JSON
  bool events = true;  // the answer is a stream of them; else one JSON
  // From the thread that sends: first `head`, once, then bytes as they come. What is not ok ends
  // the call.
  std::function<Status(const UpstreamHead&)> head;
  std::function<Status(std::string_view)> bytes;
  std::function<bool()> stopped;  // asked at least once a second; true: the connection is cut
};

// How a call ended. Nothing in it is the other side's words.
enum class UpstreamEnd {
  kWhole,        // the answer came to its end, whatever its status
  kTimeout,      // too long without a byte, or without a connection
  kUnreachable,  // no connection, or it broke
  kStopped,      // `stopped` said so, or `head` or `bytes` were not ok
};

struct UpstreamSettings {
  std::string name;           // of the model here
  std::string model;          // there
  std::string address;        // where; tells records which one it was. No secret.
  int64_t max_tokens = 4096;  // of an answer, if its request says nothing
  int parallel = 16;          // requests at a time; others wait
  // What a chat's limit is called there: "max_completion_tokens", or the older "max_tokens".
  std::string limit_field = "max_completion_tokens";
  std::function<UpstreamEnd(const UpstreamCall&)> send;  // waits for the end; from several threads
};

// Safe to call from several threads.
class Upstream {
 public:
  explicit Upstream(UpstreamSettings settings);

  const UpstreamSettings& settings() const { return settings_; }
  const std::string& digest() const { return digest_; }  // SHA-256 of where and which
  // On one of its threads, which may wait for the other side.
  void Post(std::function<void()> job) { workers_.Post(std::move(job)); }

 private:
  const UpstreamSettings settings_;
  const std::string digest_;
  Workers workers_;
};

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_UPSTREAM_H_
