#include "parvis/service/upstream_embed.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "parvis/service/upstream_refusal.h"
#include "parvis/service/upstream_usage.h"
#include "parvis/service/upstream_vectors.h"

namespace parvis::service {
namespace {

constexpr size_t kTextsOfACall = 128;

}  // namespace

UpstreamEmbed::UpstreamEmbed(Upstream& upstream, std::vector<std::string> texts,
                             std::optional<int64_t> dimensions)
    : upstream_(upstream), texts_(std::move(texts)), dimensions_(dimensions) {}

Plan UpstreamEmbed::PlanOf() const {
  Plan plan{.texts = texts_};
  for (const std::string& text : texts_) {
    plan.input_tokens += static_cast<int64_t>(text.size()) + kTokensAroundText;
  }
  return plan;
}

void UpstreamEmbed::Start(Task::Output& output) {
  output_ = &output;
  upstream_.Post([this] { Send(); });
}

void UpstreamEmbed::Send() {
  const auto begun = std::chrono::steady_clock::now();
  std::optional<Refusal> failed;
  for (size_t begin = 0; begin < texts_.size() && !failed && !cancelled_; begin += kTextsOfACall) {
    failed = SendSome(begin, std::min(texts_.size(), begin + kTextsOfACall));
  }
  reply_.timings.prompt =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  Task::Output* const output = output_;
  if (cancelled_) {
    output->Tell({.choice = 0, .text = {}, .finish = Finish::kCancelled});
    failed.reset();
  }
  output->End(std::move(reply_), std::move(failed));
}

std::string UpstreamEmbed::BodyOf(size_t begin, size_t end) const {
  OrderedJson body = {{"model", upstream_.settings().model}, {"input", OrderedJson::array()}};
  for (size_t i = begin; i < end; ++i) body["input"].push_back(texts_[i]);
  body["encoding_format"] = "float";  // which all can
  if (dimensions_) body["dimensions"] = *dimensions_;
  return body.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

std::optional<Refusal> UpstreamEmbed::SendSome(size_t begin, size_t end) {
  const auto size = static_cast<size_t>(dimensions_.value_or(
      reply_.embeddings.empty() ? 0 : static_cast<int64_t>(reply_.embeddings[0].size())));
  const size_t most = size > 0 ? size : static_cast<size_t>(kMaxDimensions);
  std::optional<UpstreamHead> head;
  std::string body;
  const UpstreamEnd came =
      upstream_.settings().send({.path = "/embeddings",
                                 .body = BodyOf(begin, end),
                                 .events = false,
                                 .head =
                                     [&head](const UpstreamHead& told) {
                                       head = told;
                                       return Status();
                                     },
                                 .bytes =
                                     [&](std::string_view bytes) {
                                       const size_t limit = head && head->status == 200
                                                                ? MostVectorBytes(end - begin, most)
                                                                : kMaxUpstreamErrorBytes;
                                       if (bytes.size() > limit - body.size())
                                         return DataLoss("the answer is too long");
                                       body += bytes;
                                       return Status();
                                     },
                                 .stopped = [this] { return cancelled_.load(); }});
  const std::string& model = upstream_.settings().name;
  if (head && head->status != 200) return RefusalOfUpstreamStatus(*head, body, model);
  if (!head) return RefusalOfUpstreamEnd(came, /*begun=*/false, model);
  UpstreamAmount amount;
  for (size_t i = begin; i < end; ++i) {
    amount.prompt_bytes += static_cast<int64_t>(texts_[i].size());
    amount.most_prompt_tokens += static_cast<int64_t>(texts_[i].size()) + kTokensAroundText;
  }
  auto read = came == UpstreamEnd::kWhole ? ReadUpstreamVectors(body, end - begin, size, most)
                                          : Result<UpstreamVectors>(DataLoss("it is not whole"));
  const runtime::Usage used = SettledUsage(amount, read.ok() ? read->usage : std::nullopt);
  reply_.usage.prompt_tokens += used.prompt_tokens;
  if (came != UpstreamEnd::kWhole) return RefusalOfUpstreamEnd(came, /*begun=*/true, model);
  if (!read.ok()) {
    return UpstreamRefusal(RefusalKind::kUpstreamFailed, model,
                           "does not answer as it should: " + read.status().message());
  }
  std::move(read->vectors.begin(), read->vectors.end(), std::back_inserter(reply_.embeddings));
  return std::nullopt;
}

}  // namespace parvis::service
