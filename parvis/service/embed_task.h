#ifndef PARVIS_SERVICE_EMBED_TASK_H_
#define PARVIS_SERVICE_EMBED_TASK_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "parvis/runtime/encoder.h"
#include "parvis/service/task.h"
#include "parvis/service/upstream_embed.h"

namespace parvis::service {

struct EmbedSpec {
  std::string model;
  std::vector<std::variant<std::string, std::vector<int32_t>>> inputs;  // at least one
  std::optional<int64_t> dimensions;  // the first so many, at length 1 again; none: all
};

// One vector of length 1 for each input. Computed in small batches, so that others who use the
// model get their turns, and a caller who leaves is noticed. The model may be another service's:
// then vectors are as that makes them.
class EmbedTask : public Task {
 public:
  explicit EmbedTask(EmbedSpec spec) : spec_(std::move(spec)) {}

  const std::string& model() const override { return spec_.model; }
  bool Uses(governance::Feature feature) const override {
    return feature == governance::Feature::kEmbeddings;
  }
  OrRefusal<Plan> Prepare(const LoadedModel& model) override;
  std::optional<Refusal> Start(const std::shared_ptr<LoadedModel>& model, Output& output) override;
  void Cancel() override;
  bool TakesUpstream() const override { return true; }

 private:
  OrRefusal<Plan> PrepareUpstream(Upstream& upstream);
  void ComputeSome(models::Model& model);

  EmbedSpec spec_;
  std::vector<runtime::EncoderInput> inputs_;
  runtime::Pooling pooling_ = runtime::Pooling::kMean;
  std::optional<UpstreamEmbed> upstream_;  // instead of what follows
  LoadedModel* loaded_ = nullptr;
  Output* output_ = nullptr;
  std::atomic<bool> cancelled_{false};
  Reply reply_;  // of the model's thread
};

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_EMBED_TASK_H_
