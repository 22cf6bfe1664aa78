#ifndef PARVIS_SERVER_OUTBOX_H_
#define PARVIS_SERVER_OUTBOX_H_

#include <functional>
#include <mutex>
#include <string>

#include "parvis/server/http.h"

namespace parvis::server {

// Between a handler, on any thread, and the connection that writes what the handler says.
class Outbox : public Responder {
 public:
  // `signal` is called, from any thread, when there is something to take.
  Outbox(size_t max_pending_bytes, std::function<void()> signal)
      : max_pending_bytes_(max_pending_bytes), signal_(std::move(signal)) {}

  void Send(HttpResponse response) override;
  void Begin(int status, std::string content_type, Headers headers) override;
  bool Write(std::string bytes) override;
  void End() override;
  void Break() override;
  void OnGone(std::function<void()> gone) override;

  // For the connection: what there is to do now.
  struct Taken {
    bool begun = false;  // `head` can be written
    bool whole = false;  // head.body is all of the body
    HttpResponse head;   // once
    std::string bytes;   // of a stream, since the last time
    bool ended = false, broken = false;
  };
  Taken Take();
  // For the connection: the client has left.
  void Gone();

 private:
  void Signal();

  const size_t max_pending_bytes_;
  std::mutex mutex_;  // guards all below
  std::function<void()> signal_;
  Taken next_;
  bool gone_ = false;
  std::function<void()> on_gone_;
};

}  // namespace parvis::server

#endif  // PARVIS_SERVER_OUTBOX_H_
