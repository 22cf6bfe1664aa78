#ifndef PARVIS_SERVER_BATCH_LINES_H_
#define PARVIS_SERVER_BATCH_LINES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "parvis/service/batch_store.h"

namespace parvis::server {

struct BatchLine {
  int64_t number = 0;  // among the lines that hold something, from 0
  std::string custom_id, body;
};

// The lines of a batch's file. If something is wrong with one, batch.errors says what, as OpenAI's
// list.
std::vector<BatchLine> ReadBatchLines(service::Batch& batch, const std::string& content);

}  // namespace parvis::server

#endif  // PARVIS_SERVER_BATCH_LINES_H_
