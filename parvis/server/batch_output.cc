#include "parvis/server/batch_output.h"

#include <fmt/format.h>

namespace parvis::server {

BatchOutput::BatchOutput(service::FileStore& files, const service::Batch& batch)
    : files_(files), batch_(batch.id), caller_(batch.caller) {}

Status BatchOutput::Add(bool failed, const std::string& line) {
  Part& part = failed ? failures_ : output_;
  if (part.writer == nullptr) {
    PARVIS_ASSIGN_OR_RETURN(
        part.writer, files_.Begin({service::NewId("file-"), caller_.organisation, caller_.owner,
                                   fmt::format("{}_{}.jsonl", batch_, part.kind), "batch_output"}));
  }
  return part.writer->Append(line + "\n");
}

Status BatchOutput::Finish(service::Batch& batch) {
  PARVIS_RETURN_IF_ERROR(Finish(output_, batch.output_file));
  return Finish(failures_, batch.error_file);
}

Status BatchOutput::Finish(Part& part, std::string& id) {
  id.clear();
  if (part.writer == nullptr) return {};
  id = part.writer->id();
  return part.writer->Finish();
}

void BatchOutput::Keep() {
  for (Part* part : {&output_, &failures_}) {
    if (part->writer != nullptr) part->writer->Keep();
  }
}

}  // namespace parvis::server
