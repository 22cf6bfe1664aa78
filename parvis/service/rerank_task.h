#ifndef PARVIS_SERVICE_RERANK_TASK_H_
#define PARVIS_SERVICE_RERANK_TASK_H_

#include <cstddef>
#include <string>
#include <vector>

#include "parvis/service/turn_task.h"

namespace parvis::service {

struct RerankSpec {
  std::string model, query;
  std::vector<std::string> documents;  // at least one
  size_t count = 0;                    // the best so many; 0: all
  bool return_documents = false;
};

// How much each document has to do with the query, best first: {"results": [{"index",
// "relevance_score", "document": {"text"}}]}. A model with one label reads query and document
// together, and its score is what `classify` says of the pair; any other's is the cosine of their
// embeddings. A model with several labels says nothing of relevance, and is refused.
class RerankTask : public TurnTask {
 public:
  explicit RerankTask(RerankSpec spec) : TurnTask(spec.model), spec_(std::move(spec)) {}
  OrRefusal<Plan> Prepare(const LoadedModel& model) override;

 private:
  Result<bool> Turn(models::Model& model, const ops::Exec& exec, Reply& reply) override;
  Status Read(const runtime::Encoder& encoder, size_t begin, size_t end);   // pairs
  Status Embed(const runtime::Encoder& encoder, size_t begin, size_t end);  // cosines
  OrderedJson Ranked() const;

  const RerankSpec spec_;
  bool together_ = false;
  runtime::Pooling pooling_ = runtime::Pooling::kMean;
  runtime::EncoderInput query_;                // if not together
  std::vector<runtime::EncoderInput> inputs_;  // of each document, with the query if together
  std::vector<float> query_vector_;
  std::vector<double> scores_;
};

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_RERANK_TASK_H_
