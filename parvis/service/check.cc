#include "parvis/service/check.h"

namespace parvis::service {
namespace {

class PassAll : public StreamCheck {
 public:
  Passed Add(std::string_view text, bool) override { return {std::string(text)}; }
};

}  // namespace

std::unique_ptr<StreamCheck> NoCheck::Output(const Caller&) { return std::make_unique<PassAll>(); }

}  // namespace parvis::service
