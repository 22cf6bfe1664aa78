#ifndef PARVIS_SERVICE_CHECK_H_
#define PARVIS_SERVICE_CHECK_H_

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "parvis/service/caller.h"
#include "parvis/service/refusal.h"

namespace parvis::service {

// Reads the text of one choice as it comes and says what of it may leave.
class StreamCheck {
 public:
  virtual ~StreamCheck() = default;
  struct Passed {
    std::string text;      // what may leave now
    bool blocked = false;  // nothing after it may: the choice ends with "content_filter"
  };
  // `last`: nothing follows, so nothing is held back any longer.
  virtual Passed Add(std::string_view text, bool last) = 0;
};

// The station that reads what goes in and what comes out.
class Check {
 public:
  virtual ~Check() = default;
  // What stands in records and answers for it; "none" if nothing is checked.
  virtual std::string_view name() const = 0;
  // On a worker thread. A refusal: the input may not be answered.
  virtual std::optional<Refusal> Input(const Caller& caller,
                                       std::span<const std::string> texts) = 0;
  virtual std::unique_ptr<StreamCheck> Output(const Caller& caller) = 0;
};

// Lets everything pass, and says so: Parvis has no moderation yet.
class NoCheck : public Check {
 public:
  std::string_view name() const override { return "none"; }
  std::optional<Refusal> Input(const Caller&, std::span<const std::string>) override { return {}; }
  std::unique_ptr<StreamCheck> Output(const Caller&) override;
};

}  // namespace parvis::service

#endif  // PARVIS_SERVICE_CHECK_H_
