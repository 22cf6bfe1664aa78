#include "parvis/service/upstream.h"

#include "parvis/core/sha256.h"

namespace parvis::service {

Upstream::Upstream(UpstreamSettings settings)
    : settings_(std::move(settings)),
      digest_(Sha256Hex("upstream\n" + settings_.address + "\n" + settings_.model + "\n")),
      workers_(settings_.parallel) {}

}  // namespace parvis::service
