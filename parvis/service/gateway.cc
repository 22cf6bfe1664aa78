#include "parvis/service/gateway.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "parvis/core/check.h"
#include "parvis/core/clock.h"
#include "parvis/core/places.h"
#include "parvis/service/access.h"

namespace parvis::service {
namespace {

Refusal Stopping() { return {RefusalKind::kUnavailable, "The server is stopping.", {}, {}, 1000}; }

// Tenants do not share what was computed for equal beginnings, nor anything else that is quicker
// the second time. Callers without a key belong to nobody, so they are a tenant beside all
// organisations.
std::string CacheSaltOf(const Caller& caller) {
  return caller.key == kNoKey ? "guests" : "of " + caller.organisation;
}

// The station "access".
std::optional<Refusal> MayNot(const Caller& caller, const Task& task, Catalogue& catalogue) {
  if (!caller.permissions.Has(Permission::kUseModels)) {
    return Refusal{
        RefusalKind::kForbidden, "This key may not use models.", {}, "permission_denied", {}};
  }
  if (!MayName(caller, task.model(), catalogue)) return NoSuchModel(task.model());
  return LacksFor(caller, task);
}

// What of a choice's end goes on record if choices end differently.
int Badness(service::Finish finish) {
  switch (finish) {
    case Finish::kStop:
      return 0;
    case Finish::kLength:
      return 1;
    case Finish::kContentFilter:
      return 2;
    case Finish::kCancelled:
      break;
  }
  return 3;
}

}  // namespace

Gateway::~Gateway() { PARVIS_CHECK(exchanges_.empty()); }

std::shared_ptr<Exchange> Gateway::Send(RequestFacts facts, std::unique_ptr<Task> task,
                                        std::shared_ptr<Receiver> receiver) {
  auto exchange =
      std::make_shared<Exchange>(*this, std::move(facts), std::move(task), std::move(receiver));
  exchange->Enter("access");
  if (const auto refusal = MayNot(exchange->facts_.caller, *exchange->task_, stations_.catalogue)) {
    exchange->NoteRefusal(*refusal);
    exchange->receiver_->OnRefused(*refusal);
    return exchange;
  }
  if (!Enter(exchange)) return exchange;
  exchange->Enter("model");
  stations_.catalogue.Acquire(
      exchange->task_->model(), [exchange](OrRefusal<std::shared_ptr<LoadedModel>> model) {
        exchange->gateway_.stations_.workers.Post([exchange, model = std::move(model)] {
          if (model.ok()) {
            exchange->Admit(*model);
          } else {
            exchange->Refuse(model.refusal());
          }
        });
      });
  return exchange;
}

bool Gateway::Enter(const std::shared_ptr<Exchange>& exchange) {
  const int64_t places = PlacesFor(exchange->facts_.caller.priority, max_requests_);
  bool stopping = false;
  {
    const std::lock_guard lock(mutex_);
    stopping = stopping_;
    if (!stopping && static_cast<int64_t>(exchanges_.size()) < places) {
      exchanges_.insert(exchange);
      running_.fetch_add(1, std::memory_order_relaxed);
      return true;
    }
  }
  const Refusal refusal =
      stopping ? Stopping()
               : Refusal{RefusalKind::kOverloaded,
                         fmt::format("{} requests are under way, as many as are taken.", places),
                         {},
                         "overloaded",
                         1000};
  exchange->NoteRefusal(refusal);
  exchange->receiver_->OnRefused(refusal);
  return false;
}

void Gateway::Leave(const std::shared_ptr<Exchange>& exchange) {
  const std::lock_guard lock(mutex_);
  exchanges_.erase(exchange);
  running_.fetch_sub(1, std::memory_order_relaxed);
  if (exchanges_.empty()) empty_.notify_all();
}

void Gateway::Stop() {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  const std::vector<std::shared_ptr<Exchange>> running(exchanges_.begin(), exchanges_.end());
  lock.unlock();
  for (const auto& exchange : running) exchange->Cancel();
  lock.lock();
  empty_.wait(lock, [this] { return exchanges_.empty(); });
}

Exchange::Exchange(Gateway& gateway, RequestFacts facts, std::unique_ptr<Task> task,
                   std::shared_ptr<Receiver> receiver)
    : gateway_(gateway),
      facts_(std::move(facts)),
      task_(std::move(task)),
      receiver_(std::move(receiver)) {}

Exchange::~Exchange() = default;

void Exchange::Cancel() {
  const std::lock_guard lock(mutex_);
  if (cancelled_) return;
  cancelled_ = true;
  if (started_) task_->Cancel();
}

bool Exchange::WasCancelled() {
  const std::lock_guard lock(mutex_);
  return cancelled_;
}

void Exchange::Enter(const char* station) {
  if (facts_.trace != nullptr) facts_.trace->Enter(station);
}

void Exchange::NoteRefusal(const Refusal& refusal) {
  if (facts_.trace == nullptr) return;
  facts_.trace->Note([&refusal](telemetry::RequestSeen& seen) {
    seen.error = refusal.code.empty() ? RefusalKindName(refusal.kind) : refusal.code;
  });
}

void Exchange::Admit(std::shared_ptr<LoadedModel> model) {
  model_ = std::move(model);
  if (facts_.trace != nullptr) {
    facts_.trace->Note([this](telemetry::RequestSeen& seen) { seen.model = model_->name(); });
  }
  if (const auto refusal = LacksFor(facts_.caller, *model_)) return Refuse(*refusal);
  if (model_->upstream() != nullptr && !task_->TakesUpstream()) {
    return Refuse(
        Invalid("model", fmt::format("The model '{}' is computed by another service: this "
                                     "is not passed on to it.",
                                     model_->name())));
  }
  Enter("prepare");
  task_->set_cache_salt(CacheSaltOf(facts_.caller));
  task_->set_priority(facts_.caller.priority);
  task_->set_room(facts_.caller.context_length);
  OrRefusal<Plan> plan = task_->Prepare(*model_);
  if (!plan.ok()) return Refuse(plan.refusal());
  Enter("reserve");
  if (const auto refusal = Reserve(*plan)) return Refuse(*refusal);
  Enter("check_input");
  const GatewayStations& stations = gateway_.stations_;
  if (const auto refusal = stations.check.Input(facts_.caller, plan->texts)) {
    return Refuse(*refusal);
  }
  plan->texts.clear();
  if (WasCancelled()) return Refuse({RefusalKind::kUnavailable, "The request was cancelled."});
  Enter("record_request");
  if (const auto refusal = Record(*plan)) return Refuse(*refusal);

  for (int64_t i = 0; i < plan->choices; ++i) {
    checks_.push_back(stations.check.Output(facts_.caller));
  }
  blocked_.resize(checks_.size());
  admission_ = {model_->name(),        model_->digest(),     model_->adapter_digest(),
                plan->choices,         plan->input_tokens,   plan->dropped,
                stations.check.name(), reservation_->view(), reservation_->notice()};
  Enter("run");
  if (model_->upstream() == nullptr) TellAdmission();
  // Held while it starts, so that a Cancel comes before or after.
  std::optional<Refusal> refusal;
  {
    const std::lock_guard lock(mutex_);
    refusal = task_->Start(model_, *this);
    if (!refusal) {
      started_ = true;
      if (cancelled_) task_->Cancel();
    }
  }
  if (refusal) Finish({}, refusal);
}

// A budget may have less than the worst case: then the task gets no more than that, so that it
// stops there by itself.
std::optional<Refusal> Exchange::Reserve(Plan& plan) {
  auto reserved =
      gateway_.stations_.budget.Reserve(facts_.caller, {.request = facts_.id,
                                                        .model = model_->name(),
                                                        .input_tokens = plan.input_tokens,
                                                        .output_tokens = plan.max_output_tokens,
                                                        .choices = plan.choices,
                                                        .output_asked = plan.output_asked,
                                                        .longest_input = plan.longest_input,
                                                        .param = plan.param,
                                                        .divisible = task_->divisible()});
  if (!reserved.ok()) return reserved.refusal();
  reservation_ = std::move(*reserved);
  if (reservation_->output_tokens() < plan.max_output_tokens) {
    plan.max_output_tokens = reservation_->output_tokens();
    task_->LimitOutput(plan.max_output_tokens / plan.choices);
  }
  return std::nullopt;
}

std::optional<Refusal> Exchange::Record(const Plan& plan) {
  const Status status = gateway_.stations_.records.Write(RequestRecord{
      facts_.id, facts_.caller, facts_.route, model_->name(), model_->digest(), WallClockMs(),
      plan.input_tokens, plan.max_output_tokens, reservation_->reserved(),
      receiver_->delivers_whole(), model_->adapter_digest()});
  if (status.ok()) return std::nullopt;
  return Refusal{RefusalKind::kUnavailable,
                 "The request cannot be put on record, so it is not answered.",
                 {},
                 "record_unavailable",
                 1000};
}

void Exchange::TellAdmission() {
  told_admission_ = true;
  receiver_->OnAdmitted(admission_);
}

void Exchange::Begin() {
  if (!told_admission_) TellAdmission();
}

void Exchange::Tell(Delta delta) {
  Begin();
  const auto choice = static_cast<size_t>(delta.choice);
  if (blocked_[choice]) return;
  const bool last = delta.finish.has_value();
  StreamCheck::Passed passed = checks_[choice]->Add(delta.text, last);
  delta.text = std::move(passed.text);
  if (passed.blocked) {
    blocked_[choice] = true;
    delta.tokens.clear();
    delta.finish = Finish::kContentFilter;
    delta.stop_text.clear();
  }
  if (delta.finish && Badness(*delta.finish) > Badness(worst_)) worst_ = *delta.finish;
  if (!told_at_ && !delta.text.empty()) {
    told_at_ = telemetry::Clock::now();
    if (facts_.trace != nullptr) {
      facts_.trace->Note([this](telemetry::RequestSeen& seen) { seen.first_token = told_at_; });
    }
  }
  receiver_->OnDelta(std::move(delta));
}

void Exchange::End(Reply reply, std::optional<Refusal> failed) {
  gateway_.stations_.workers.Post([self = shared_from_this(), reply = std::move(reply),
                                   failed = std::move(failed)] { self->Finish(reply, failed); });
}

void Exchange::NoteReply(const Reply& reply, const std::string& finish) {
  if (facts_.trace == nullptr) return;
  facts_.trace->Note([&](telemetry::RequestSeen& seen) {
    seen.finish = finish;
    seen.choices = admission_.choices;
    seen.input_tokens = reply.usage.prompt_tokens;
    seen.cached_tokens = reply.usage.cached_tokens;
    seen.output_tokens = reply.usage.completion_tokens;
    seen.waiting = reply.timings.waiting;
    seen.prompt = reply.timings.prompt;
    seen.generation = reply.timings.generation;
  });
}

std::optional<double> Exchange::FirstTokenSeconds() const {
  if (!told_at_) return std::nullopt;
  return telemetry::SecondsBetween(begun_, *told_at_);
}

// What tasks say at once, as a stream of one piece. Parts of a result cannot be left out, so
// nothing of one leaves that may not as a whole.
std::optional<Refusal> Exchange::CheckSaid(const Reply& reply) {
  for (const std::string& text : reply.said) {
    const auto check = gateway_.stations_.check.Output(facts_.caller);
    const StreamCheck::Passed passed = check->Add(text, /*last=*/true);
    if (passed.blocked || passed.text != text) {
      worst_ = service::Finish::kContentFilter;
      return Refusal{
          RefusalKind::kInvalid, "What the model says may not leave.", {}, "content_filter", {}};
    }
  }
  return std::nullopt;
}

void Exchange::Finish(const Reply& reply, std::optional<Refusal> failed) {
  if (!failed) failed = CheckSaid(reply);
  const bool filtered = worst_ == service::Finish::kContentFilter;
  const std::string finish(failed && !filtered ? "error" : FinishName(worst_));
  NoteReply(reply, finish);
  if (failed) NoteRefusal(*failed);
  Enter("settle");
  const Charge charge = reservation_->Settle(reply.usage.prompt_tokens, reply.usage.cached_tokens,
                                             reply.usage.completion_tokens);
  Enter("record_answer");
  const Status status = gateway_.stations_.records.Write(
      AnswerRecord{facts_.id, finish, WallClockMs(), reply.usage.prompt_tokens,
                   reply.usage.cached_tokens, reply.usage.completion_tokens, reply.timings.waiting,
                   reply.timings.prompt, reply.timings.generation, charge, FirstTokenSeconds()});
  Enter("answer");
  if (!failed && status.ok()) Begin();
  const std::shared_ptr<Receiver> receiver = Leave();
  if (failed) {
    receiver->OnRefused(*failed);
  } else if (!status.ok()) {
    receiver->OnRefused({RefusalKind::kUnavailable,
                         "The answer cannot be put on record, so it is not given to its end.",
                         {},
                         "record_unavailable",
                         1000});
  } else {
    receiver->OnReply(reply);
  }
}

void Exchange::Refuse(const Refusal& refusal) {
  NoteRefusal(refusal);
  Leave()->OnRefused(refusal);
}

// Before the receiver is told the end: who then asks again must find the place free.
std::shared_ptr<Receiver> Exchange::Leave() {
  {
    const std::lock_guard lock(mutex_);  // Admit may be about to return from Start, Cancel to come
    started_ = false;
    task_.reset();
  }
  std::shared_ptr<Receiver> receiver = std::move(receiver_);
  reservation_.reset();
  model_.reset();
  facts_.trace.reset();
  gateway_.Leave(shared_from_this());
  return receiver;
}

}  // namespace parvis::service
