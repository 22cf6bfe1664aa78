#ifndef PARVIS_SERVER_BATCH_OUTPUT_H_
#define PARVIS_SERVER_BATCH_OUTPUT_H_

#include <memory>
#include <string>

#include "parvis/service/batch_store.h"

namespace parvis::server {

// The two files that a batch comes to, line by line as they are written. Nobody sees them before
// BatchStore::Finish, and without Keep nothing is left of them.
class BatchOutput {
 public:
  BatchOutput(service::FileStore& files, const service::Batch& batch);

  Status Add(bool failed, const std::string& line);
  // Tells `batch` which files they are; one without lines is none.
  Status Finish(service::Batch& batch);
  void Keep();

 private:
  struct Part {
    const char* kind;
    std::unique_ptr<service::FileWriter> writer = nullptr;
  };
  static Status Finish(Part& part, std::string& id);

  service::FileStore& files_;
  const std::string batch_;
  const service::Caller caller_;
  Part output_{"output"}, failures_{"error"};
};

}  // namespace parvis::server

#endif  // PARVIS_SERVER_BATCH_OUTPUT_H_
