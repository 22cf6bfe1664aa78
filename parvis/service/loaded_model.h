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
#include <thread>

#include "parvis/chat/prompt.h"
#include "parvis/core/result.h"
#include "parvis/core/thread_pool.h"
#include "parvis/grammar/constrainer.h"
#include "parvis/models/model.h"
#include "parvis/ops/exec.h"
#include "parvis/runtime/engine.h"

namespace parvis::service {

struct LoadSettings {
  runtime::EngineOptions engine;
  models::LoadOptions weights;
};

// A model in memory with the one thread that computes with it: each turn runs the jobs that were
// posted and one step of the engine for all who generate.
//
// Safe to call from several threads but where said.
class LoadedModel {
 public:
  // `exec` must outlive the model. Reads the file, which takes its time.
  static Result<std::shared_ptr<LoadedModel>> Load(const std::string& name, const std::string& path,
                                                   const ops::Exec& exec,
                                                   const LoadSettings& settings);
  ~LoadedModel();  // ends what runs; requests get no further event
  LoadedModel(const LoadedModel&) = delete;
  LoadedModel& operator=(const LoadedModel&) = delete;

  const std::string& name() const { return name_; }
  const models::Model& model() const { return model_; }  // not its weights' use: see Post
  const std::string& digest() const { return digest_; }  // SHA-256 of its files' names and bytes
  int64_t context_length() const;
  bool generates() const { return engine_ != nullptr; }
  // Null: the model has no chat template, or none that can be read (`why_no_chat` says it).
  const chat::Prompter* prompter() const { return prompter_ ? &*prompter_ : nullptr; }
  const std::string& why_no_chat() const { return why_no_chat_; }
  const ops::Exec& exec() const { return exec_; }
  // What makes answers have a form; made when first asked for. Refuses vocabularies that it cannot
  // work with.
  Result<grammar::Constrainer*> constrainer() const;

  // As of Engine. REQUIRES: generates().
  Status Check(const runtime::GenerateRequest& request) const { return engine_->Check(request); }
  Result<runtime::RequestId> Submit(runtime::GenerateRequest request);
  void Cancel(runtime::RequestId id);
  int64_t unfinished() const;
  runtime::EngineLoad load() const;  // nothing of a model that does not generate

  // Runs `job` on the model's thread, which alone may compute with the weights.
  void Post(std::function<void(models::Model&)> job);

 private:
  LoadedModel(std::string name, models::Model model, const ops::Exec& exec);
  void Loop();
  void Wake();

  const std::string name_;
  models::Model model_;
  const ops::Exec& exec_;
  std::string digest_;
  std::unique_ptr<runtime::Engine> engine_;
  std::optional<chat::Prompter> prompter_;
  std::string why_no_chat_;

  mutable std::once_flag constrainer_made_;
  mutable std::unique_ptr<grammar::Constrainer> constrainer_;
  mutable Status why_no_constrainer_;

  std::mutex mutex_;  // guards the three below
  std::condition_variable wake_;
  std::deque<std::function<void(models::Model&)>> jobs_;
  bool awake_ = false, stop_ = false;
  std::thread thread_;
};

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_LOADED_MODEL_H_
