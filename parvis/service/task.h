#ifndef PARVIS_SERVICE_TASK_H_
#define PARVIS_SERVICE_TASK_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "parvis/core/json.h"
#include "parvis/core/priority.h"
#include "parvis/governance/feature.h"
#include "parvis/runtime/engine.h"
#include "parvis/service/loaded_model.h"
#include "parvis/service/refusal.h"

namespace parvis::service {

// How a choice ended.
enum class Finish { kStop, kLength, kContentFilter, kCancelled };
std::string_view FinishName(Finish finish);  // "stop", "length", "content_filter", "cancelled"

// A token as the model chose it, for those who asked for logprobs.
struct TokenInfo {
  int32_t id = 0;
  std::string bytes;  // perhaps not whole characters
  float logprob = 0;
  std::vector<TokenInfo> top = {};  // the likeliest; without `top` of their own
  bool control = false;             // of a prompt: no text of anybody
};

// A piece of a choice's text.
struct Delta {
  int64_t choice = 0;
  std::string text;  // whole characters
  std::vector<TokenInfo> tokens = {};
  // Of a choice's first delta, if asked for: the prompt's. The first has no log-probability.
  std::vector<TokenInfo> prompt = {};
  std::optional<Finish> finish = {};  // nothing more of this choice follows
  std::string stop_text = {};         // with kStop: the text of the request's that ended it, if any
};

// What a request came to, beside the text that its deltas told.
struct Reply {
  runtime::Usage usage;                             // of all choices together
  runtime::Timings timings;                         // of the choice that took longest
  std::vector<std::vector<float>> embeddings = {};  // of an embedding task
  OrderedJson result = {};                          // of tasks that answer at once
  std::vector<std::string> said = {};  // texts in `result` that the model chose; they are checked
};

// What the stations before the model must know of a task.
struct Plan {
  int64_t input_tokens = 0;
  int64_t max_output_tokens = 0;  // of all choices together, at most
  bool output_asked = false;      // the caller has said so many; else it is what there is room for
  int64_t choices = 1;
  int64_t longest_input = 0;       // tokens of the longest, if there are several; 0: there is one
  std::string param = {};          // the part of the request that the input is
  std::vector<std::string> texts;  // what the check of the input reads
  int64_t dropped = 0;  // messages at the beginning that had no room, if the caller allows it

  // One of several inputs: `part` of the request.
  void AddInput(int64_t tokens, const std::string& part) {
    input_tokens += tokens;
    if (tokens <= longest_input) return;
    longest_input = tokens;
    param = part;
  }
};

// Something for a model to do. One object a request; used by one thread at a time but for Cancel.
class Task {
 public:
  // Where results go. Called by the model's thread, or within Start.
  class Output {
   public:
    virtual ~Output() = default;
    // Of a model that another service computes: it answers.
    virtual void Begin() = 0;
    virtual void Tell(Delta delta) = 0;
    // Once, at the end. `failed`: why it ended before its time; `reply` says what was used until
    // then.
    virtual void End(Reply reply, std::optional<Refusal> failed) = 0;
  };

  virtual ~Task() = default;
  virtual const std::string& model() const = 0;  // by the name that the caller gave
  // Who shares with whom what is kept for the next request. Before Prepare.
  void set_cache_salt(std::string salt) { cache_salt_ = std::move(salt); }
  // Who goes first where many wait for the model (core/priority.h). Before Start.
  void set_priority(int priority) { priority_ = priority; }
  // Tokens of a prompt and an answer that the budget will not refuse, for tasks that may leave
  // something out; 0: as many as the model has. Before Prepare.
  void set_room(int64_t tokens) { room_ = tokens; }
  // Whether it uses what a plan may lack. Of models it says nothing.
  virtual bool Uses(governance::Feature /*feature*/) const { return false; }
  // On a worker thread: reads and tokenises the input. Refuses what the model cannot do.
  virtual OrRefusal<Plan> Prepare(const LoadedModel& model) = 0;
  // Whether it can do with less output than its plan says, and that it must: so many tokens for
  // each choice at most. Before Start.
  virtual bool divisible() const { return false; }
  virtual void LimitOutput(int64_t /*tokens_of_each_choice*/) {}
  // Begins, and returns soon. `output` lives until its End, which is the last that the task
  // does. A refusal: it did not begin.
  // REQUIRES: Prepare said yes; `model` is the same.
  virtual std::optional<Refusal> Start(const std::shared_ptr<LoadedModel>& model,
                                       Output& output) = 0;
  // Whether it takes a model that another service computes (LoadedModel::upstream). Then it is
  // known after Start only whether there is an answer: Output::Begin or the first Tell says that
  // there is.
  virtual bool TakesUpstream() const { return false; }
  // From any thread, after Start: ends within a step, with what there is until then.
  virtual void Cancel() = 0;

 protected:
  const std::string& cache_salt() const { return cache_salt_; }
  int priority() const { return priority_; }
  int64_t room() const { return room_; }

 private:
  std::string cache_salt_;
  int priority_ = kUsualPriority;
  int64_t room_ = 0;
};

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_TASK_H_
