#include <algorithm>
#include <chrono>
#include <thread>

#include "parvis/service/file_pieces.h"
#include "parvis/service/file_store.h"

namespace parvis::service {

// The entry of a file that is not kept goes first, then its bytes are nobody's.
FileWriter::~FileWriter() {
  if (!kept_) (void)store_.Drop(file_.id);
}

Status FileWriter::Append(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t room = static_cast<size_t>(kPieceBytes) - waiting_.size();
    const std::string_view next = bytes.substr(0, room);
    bytes.remove_prefix(next.size());
    if (waiting_.empty() && next.size() == room) {
      PARVIS_RETURN_IF_ERROR(Write(next));
      continue;
    }
    waiting_ += next;
    if (next.size() < room) return {};
    PARVIS_RETURN_IF_ERROR(Write(waiting_));
    waiting_.clear();
  }
  return {};
}

// SQLite has one writer at a time, and those who wait for it look only now and then: as long as a
// piece took, the file is left to them.
Status FileWriter::Write(std::string_view piece) {
  using std::chrono::steady_clock;
  const auto begun = steady_clock::now();
  {
    const std::lock_guard lock(store_.mutex_);
    PARVIS_RETURN_IF_ERROR(
        WritePiece(*store_.database_, {file_.id, file_.organisation, file_.owner}, pieces_, piece));
  }
  ++pieces_;
  bytes_ += static_cast<int64_t>(piece.size());
  if (!store_.server_) std::this_thread::sleep_for(steady_clock::now() - begun);
  return {};
}

Status FileWriter::Finish() {
  if (!waiting_.empty()) PARVIS_RETURN_IF_ERROR(Write(waiting_));
  waiting_.clear();
  const std::lock_guard lock(store_.mutex_);
  PARVIS_ASSIGN_OR_RETURN(auto update,
                          store_.database_->Prepare("UPDATE files SET bytes = ?2 WHERE id = ?1"));
  return update.Bind(1, file_.id).Bind(2, bytes_).Run();
}

}  // namespace parvis::service
