#include "parvis/service/loaded_model.h"

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include "parvis/core/sha256.h"
#include "parvis/core/sha256_of_file.h"
#include "parvis/core/wipe.h"
#include "parvis/models/adapter.h"
#include "parvis/models/load_progress.h"
#include "parvis/service/model_place.h"
#include "parvis/tensor/wipe_storage.h"

namespace parvis::service {
namespace {

// A .gguf file by its bytes; a folder by the names and bytes of the files in it, in order.
Result<std::string> DigestOf(const std::string& path, const LoadSettings& settings) {
  namespace fs = std::filesystem;
  size_t read = 0;
  const std::function<void(size_t)> more = [&, all = BytesOf(path)](size_t bytes) {
    read += bytes;
    if (settings.progress && read <= all) {
      settings.progress("digest", static_cast<double>(read) / static_cast<double>(all));
    }
  };
  std::error_code error;
  if (!fs::is_directory(path, error)) return Sha256HexOfFile(path, more);
  std::vector<fs::path> files;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    if (it->is_regular_file(error)) files.push_back(it->path());
  }
  if (error) return IoError(path + ": " + error.message());
  std::sort(files.begin(), files.end());
  std::string all;
  for (const fs::path& file : files) {
    PARVIS_ASSIGN_OR_RETURN(const std::string digest, Sha256HexOfFile(file, more));
    all += digest + "  " + file.filename().string() + "\n";
  }
  return Sha256Hex(all);
}

constexpr int kMostPassed = 8;  // turns that a job waits for those of others

// What requests that have ended left in places that are used again: before the thread waits, since
// nobody knows how long.
void WipeTraces() {
  if (!WipesFreedMemory()) return;
  WipeFreeStorage();
  WipeStack();
}

}  // namespace

Result<std::shared_ptr<LoadedModel>> LoadedModel::Load(const std::string& name,
                                                       const std::string& path,
                                                       const ops::Exec& exec,
                                                       const LoadSettings& settings) {
  PARVIS_ASSIGN_OR_RETURN(std::string digest, DigestOf(path, settings));
  PARVIS_ASSIGN_OR_RETURN(models::Model model,
                          models::LoadModel(exec, path, settings.weights, [&](double part) {
                            if (settings.progress) settings.progress("weights", part);
                          }));
  std::shared_ptr<LoadedModel> loaded(new LoadedModel(name, exec));
  loaded->model_.emplace(std::move(model));
  loaded->digest_ = std::move(digest);
  if (models::CheckGenerates(loaded->model_->stack.blueprint()).ok()) {
    PARVIS_ASSIGN_OR_RETURN(loaded->engine_,
                            runtime::Engine::Create(*loaded->model_, exec, settings.engine));
  }
  if (loaded->model_->tokenizer != nullptr) {
    auto prompter = chat::Prompter::Of(*loaded->model_->tokenizer);
    if (prompter.ok()) {
      loaded->prompter_.emplace(std::move(prompter).value());
    } else {
      loaded->why_no_chat_ = prompter.status().code() == StatusCode::kNotFound
                                 ? "it has no chat template"
                                 : prompter.status().message();
    }
  }
  loaded->thread_ = std::thread([model = loaded.get()] { model->Loop(); });
  return loaded;
}

Result<std::shared_ptr<LoadedModel>> LoadedModel::Adapt(const std::string& name,
                                                        const std::string& path,
                                                        std::shared_ptr<LoadedModel> base) {
  if (base->base_ != nullptr) {
    return InvalidArgument(base->name() + ": is an adapter itself, not a model");
  }
  PARVIS_ASSIGN_OR_RETURN(std::string digest, DigestOf(path, {}));
  PARVIS_ASSIGN_OR_RETURN(nn::Adapter adapter,
                          models::ReadAdapter(base->exec_, path, base->model()));
  std::shared_ptr<LoadedModel> loaded(new LoadedModel(name, base->exec_));
  loaded->adapter_ = std::make_shared<const nn::Adapter>(std::move(adapter));
  loaded->adapter_digest_ = std::move(digest);
  loaded->base_ = std::move(base);
  return loaded;
}

std::shared_ptr<LoadedModel> LoadedModel::Elsewhere(std::unique_ptr<Upstream> upstream,
                                                    const ops::Exec& exec) {
  std::shared_ptr<LoadedModel> model(new LoadedModel(upstream->settings().name, exec));
  model->digest_ = upstream->digest();
  model->upstream_ = std::move(upstream);
  return model;
}

LoadedModel::~LoadedModel() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

int64_t LoadedModel::context_length() const {
  const LoadedModel& own = this->own();
  return own.engine_ != nullptr ? own.engine_->context_length()
                                : own.model_->stack.blueprint().context_length;
}

Result<grammar::Constrainer*> LoadedModel::constrainer() const {
  if (base_ != nullptr) return base_->constrainer();
  std::call_once(constrainer_made_, [this] {
    why_no_constrainer_ = models::CheckTokenizer(*model_);
    if (!why_no_constrainer_.ok()) return;
    auto made = grammar::Constrainer::Make(*model_->tokenizer);
    if (made.ok()) {
      constrainer_ = std::move(made).value();
    } else {
      why_no_constrainer_ = made.status();
    }
  });
  if (constrainer_ == nullptr) return why_no_constrainer_;
  return constrainer_.get();
}

Result<runtime::RequestId> LoadedModel::Submit(runtime::GenerateRequest request) {
  request.adapter = adapter_;
  LoadedModel& own = this->own();
  PARVIS_ASSIGN_OR_RETURN(const runtime::RequestId id, own.engine_->Submit(std::move(request)));
  own.Wake();
  return id;
}

void LoadedModel::Cancel(runtime::RequestId id) {
  own().engine_->Cancel(id);
  own().Wake();
}

int64_t LoadedModel::unfinished() const { return engine_ != nullptr ? engine_->unfinished() : 0; }

runtime::EngineLoad LoadedModel::load() const {
  return engine_ != nullptr ? engine_->load() : runtime::EngineLoad();
}

void LoadedModel::Post(std::function<void(models::Model&)> job, int priority) {
  if (base_ != nullptr) return base_->Post(std::move(job), priority);
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back({std::move(job), priority});
    awake_ = true;
  }
  wake_.notify_one();
}

void LoadedModel::Wake() {
  {
    const std::lock_guard lock(mutex_);
    awake_ = true;
  }
  wake_.notify_one();
}

std::vector<LoadedModel::Job> LoadedModel::TakeJobs() {
  int highest = kBatchPriority;
  for (const Job& job : jobs_) highest = std::max(highest, job.priority);
  std::vector<Job> taken;
  std::deque<Job> left;
  for (Job& job : jobs_) {
    if (job.priority == highest || job.passed == kMostPassed) {
      taken.push_back(std::move(job));
    } else {
      ++job.passed;
      left.push_back(std::move(job));
    }
  }
  jobs_ = std::move(left);
  return taken;
}

void LoadedModel::Loop() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    std::vector<Job> jobs = TakeJobs();
    awake_ = !jobs_.empty();
    lock.unlock();
    for (const Job& job : jobs) job.run(*model_);
    jobs.clear();
    const bool computed = engine_ != nullptr && engine_->Step();
    if (!computed) WipeTraces();
    lock.lock();
    if (!computed) wake_.wait(lock, [this] { return stop_ || awake_; });
  }
}

}  // namespace parvis::service
