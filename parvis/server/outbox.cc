#include "parvis/server/outbox.h"

#include <utility>

namespace parvis::server {

void Outbox::Signal() {
  if (!gone_ && signal_) signal_();
}

void Outbox::Send(HttpResponse response) {
  const std::lock_guard lock(mutex_);
  next_.head = std::move(response);
  next_.begun = next_.whole = next_.ended = true;
  Signal();
}

void Outbox::Begin(int status, std::string content_type, Headers headers) {
  const std::lock_guard lock(mutex_);
  next_.head = {status, std::move(content_type), {}, std::move(headers)};
  next_.begun = true;
  Signal();
}

bool Outbox::Write(std::string bytes) {
  const std::lock_guard lock(mutex_);
  if (gone_ || next_.broken) return false;
  if (next_.bytes.size() + bytes.size() > max_pending_bytes_) {
    next_.bytes.clear();
    next_.broken = true;
    Signal();
    return false;
  }
  if (next_.bytes.empty()) {
    next_.bytes = std::move(bytes);
  } else {
    next_.bytes += bytes;
  }
  Signal();
  return true;
}

void Outbox::End() {
  const std::lock_guard lock(mutex_);
  next_.ended = true;
  Signal();
}

void Outbox::Break() {
  const std::lock_guard lock(mutex_);
  next_.broken = true;
  Signal();
}

void Outbox::OnGone(std::function<void()> gone) {
  {
    const std::lock_guard lock(mutex_);
    if (!gone_) {
      on_gone_ = std::move(gone);
      return;
    }
  }
  gone();
}

Outbox::Taken Outbox::Take() {
  const std::lock_guard lock(mutex_);
  Taken taken = std::move(next_);
  next_ = {};
  next_.begun = taken.begun;
  next_.ended = taken.ended;
  next_.broken = taken.broken;
  return taken;
}

void Outbox::Gone() {
  std::function<void()> gone;
  {
    const std::lock_guard lock(mutex_);
    if (gone_) return;
    gone_ = true;
    signal_ = nullptr;
    gone = std::move(on_gone_);
  }
  if (gone) gone();
}

}  // namespace parvis::server
