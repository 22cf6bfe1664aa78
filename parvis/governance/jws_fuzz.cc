// Any bytes as a set of keys, a token and its claims: the first line is the set.

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "parvis/core/check.h"
#include "parvis/governance/id_token.h"
#include "parvis/governance/jws.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace parvis::governance;  // NOLINT(google-build-using-namespace)
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(all.find('\n'), all.size());
  const auto keys = ReadKeySet(all.substr(0, end));
  const auto jws = ReadJws(all.substr(std::min(end + 1, all.size())));
  if (!jws.ok()) return 0;
  PARVIS_CHECK(jws->payload.is_object() && !jws->signature.empty());
  for (const PublicKey& key : keys.ok() ? *keys : std::vector<PublicKey>()) {
    if (VerifySignature(key, *jws).ok()) PARVIS_CHECK(Fits(key, *jws));
  }
  const IdTokenRules rules{"https://issuer.example", "client", "nonce", 1'700'000'000};
  if (CheckIdToken(jws->payload, rules).ok()) {
    PARVIS_CHECK(!SubjectOf(jws->payload).empty());
    PARVIS_CHECK(jws->payload.at("iss") == rules.issuer);
  }
  return 0;
}
