#ifndef PARVIS_SERVICE_LOADED_MODEL_H_
#define PARVIS_SERVICE_LOADED_MODEL_H_

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "parvis/chat/prompt.h"
#include "parvis/core/priority.h"
#include "parvis/core/result.h"
#include "parvis/core/thread_pool.h"
#include "parvis/grammar/constrainer.h"
#include "parvis/models/model.h"
#include "parvis/nn/adapter.h"
#include "parvis/ops/exec.h"
#include "parvis/runtime/engine.h"
#include "parvis/service/upstream.h"

namespace parvis::service {

struct LoadSettings {
  runtime::EngineOptions engine;
  models::LoadOptions weights;
  // Told now and then how much of a stage ("digest", "weights") is done; by the thread that loads.
  std::function<void(std::string_view stage, double part)> progress = {};
};

// A model in memory with the one thread that computes with it: each turn runs the jobs that were
// posted and one step of the engine for all who generate. Or an adapter of such a model, which has
// a name of its own and is computed by the model's thread and engine, beside requests of others. Or
// a model that another service computes, of which nothing is in memory.
//
// Safe to call from several threads but where said.
class LoadedModel {
 public:
  // `exec` must outlive the model. Reads the file, which takes its time.
  static Result<std::shared_ptr<LoadedModel>> Load(const std::string& name, const std::string& path,
                                                   const ops::Exec& exec,
                                                   const LoadSettings& settings);
  // The same with an adapter, not merged. Refuses one that does not fit, and an adapter of one.
  static Result<std::shared_ptr<LoadedModel>> Adapt(const std::string& name,
                                                    const std::string& path,
                                                    std::shared_ptr<LoadedModel> base);
  static std::shared_ptr<LoadedModel> Elsewhere(std::unique_ptr<Upstream> upstream,
                                                const ops::Exec& exec);
  ~LoadedModel();  // ends what runs; requests get no further event
  LoadedModel(const LoadedModel&) = delete;
  LoadedModel& operator=(const LoadedModel&) = delete;

  const std::string& name() const { return name_; }
  // Who computes it; null: this server. If not null, there is nothing but name and digest.
  Upstream* upstream() const { return upstream_.get(); }

  const models::Model& model() const { return *own().model_; }  // not its weights' use: see Post
  const std::string& digest() const { return own().digest_; }   // SHA-256, files' names and bytes
  int64_t context_length() const;
  bool generates() const { return own().engine_ != nullptr; }
  // Null: the model has no chat template, or none that can be read (`why_no_chat` says it).
  const chat::Prompter* prompter() const { return own().prompter_ ? &*own().prompter_ : nullptr; }
  const std::string& why_no_chat() const { return own().why_no_chat_; }
  const ops::Exec& exec() const { return exec_; }

  // What is changed for everybody who asks for it by this name; null: nothing. Who computes with
  // the weights in Post takes it along.
  const nn::Adapter* adapter() const { return adapter_.get(); }
  const std::string& adapter_digest() const { return adapter_digest_; }  // "": there is none
  const LoadedModel* base() const { return base_.get(); }  // whose adapter this is; null: none's
  size_t adapter_bytes() const { return adapter_ == nullptr ? 0 : adapter_->packed_bytes(); }
  // What makes answers have a form; made when first asked for. Refuses vocabularies that it cannot
  // work with.
  Result<grammar::Constrainer*> constrainer() const;

  // As of Engine; the adapter goes along. REQUIRES: generates().
  Status Check(const runtime::GenerateRequest& request) const {
    return own().engine_->Check(request);
  }
  Result<runtime::RequestId> Submit(runtime::GenerateRequest request);
  void Cancel(runtime::RequestId id);
  int64_t unfinished() const;
  runtime::EngineLoad load() const;  // nothing of a model that does not generate, or of an adapter

  // Runs `job` on the model's thread, which alone may compute with the weights. Each turn runs the
  // jobs of the highest priority that there is; the others wait for eight such turns at most.
  void Post(std::function<void(models::Model&)> job, int priority);

 private:
  LoadedModel(std::string name, const ops::Exec& exec) : name_(std::move(name)), exec_(exec) {}
  LoadedModel& own() { return base_ != nullptr ? *base_ : *this; }
  const LoadedModel& own() const { return base_ != nullptr ? *base_ : *this; }
  struct Job {
    std::function<void(models::Model&)> run;
    int priority;
    int passed = 0;  // turns of higher ones
  };
  std::vector<Job> TakeJobs();  // REQUIRES: mutex_ held
  void Loop();
  void Wake();

  const std::string name_;
  const ops::Exec& exec_;
  std::shared_ptr<LoadedModel> base_;  // of an adapter, which has nothing of what follows these
  std::shared_ptr<const nn::Adapter> adapter_;
  std::string adapter_digest_;
  std::unique_ptr<Upstream> upstream_;

  std::optional<models::Model> model_;
  std::string digest_;
  std::unique_ptr<runtime::Engine> engine_;
  std::optional<chat::Prompter> prompter_;
  std::string why_no_chat_;

  mutable std::once_flag constrainer_made_;
  mutable std::unique_ptr<grammar::Constrainer> constrainer_;
  mutable Status why_no_constrainer_;

  std::mutex mutex_;  // guards the three below
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  bool awake_ = false, stop_ = false;
  std::thread thread_;
};

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_LOADED_MODEL_H_
