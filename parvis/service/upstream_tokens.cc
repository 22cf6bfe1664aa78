#include "parvis/service/upstream_tokens.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>

#include "parvis/core/result.h"
#include "parvis/service/upstream_json.h"

namespace parvis::service {
namespace {

constexpr size_t kMaxTokenBytes = 1024;
constexpr double kMostByRounding = 1e-3;  // a probability of 1, not computed exactly
constexpr char kNone[] = "a token's log-probability is none";
constexpr char kNoLists[] = "log-probabilities that do not fit together";

Result<TokenInfo> TokenOf(std::string text, const Json& logprob) {
  if (!logprob.is_number()) return DataLoss(kNone);
  const auto value = logprob.get<double>();
  if (!(value <= kMostByRounding)) return DataLoss(kNone);
  if (text.size() > kMaxTokenBytes) return DataLoss("a token is too long");
  const double lowest = -double{std::numeric_limits<float>::max()};
  return TokenInfo{-1, std::move(text), static_cast<float>(std::clamp(value, lowest, 0.0))};
}

// {"token", "logprob", "bytes"}.
Result<TokenInfo> ChatToken(const Json& json) {
  const Json& text = MemberOf(json, "token");
  const Json& bytes = MemberOf(json, "bytes");
  std::string told;
  if (bytes.is_array()) {
    if (bytes.size() > kMaxTokenBytes) return DataLoss("a token is too long");
    for (const Json& byte : bytes) {
      if (!byte.is_number_unsigned() || byte > 255) return DataLoss("a token's bytes are none");
      told += static_cast<char>(byte.get<unsigned>());
    }
  } else if (text.is_string()) {
    told = text.get<std::string>();
  } else {
    return DataLoss("a token has no text");
  }
  return TokenOf(std::move(told), MemberOf(json, "logprob"));
}

void KeepLikeliest(int top, TokenInfo& token) {
  std::stable_sort(token.top.begin(), token.top.end(),
                   [](const TokenInfo& a, const TokenInfo& b) { return a.logprob > b.logprob; });
  if (token.top.size() > static_cast<size_t>(top)) token.top.resize(static_cast<size_t>(top));
}

Status ReadList(const Json& list, int top, std::vector<TokenInfo>& tokens) {
  if (list.is_null()) return {};
  if (!list.is_array()) return DataLoss(kNoLists);
  for (const Json& one : list) {
    PARVIS_ASSIGN_OR_RETURN(TokenInfo token, ChatToken(one));
    if (const Json& others = MemberOf(one, "top_logprobs"); others.is_array()) {
      for (const Json& other : others) {
        PARVIS_ASSIGN_OR_RETURN(TokenInfo read, ChatToken(other));
        token.top.push_back(std::move(read));
      }
    }
    KeepLikeliest(top, token);
    tokens.push_back(std::move(token));
  }
  return {};
}

Status ReadSideBySide(const Json& json, int top, std::vector<TokenInfo>& tokens) {
  const Json& texts = MemberOf(json, "tokens");
  const Json& values = MemberOf(json, "token_logprobs");
  const Json& tops = MemberOf(json, "top_logprobs");
  if (!texts.is_array() || !values.is_array() || texts.size() != values.size() ||
      !(tops.is_null() || (tops.is_array() && tops.size() == texts.size()))) {
    return DataLoss(kNoLists);
  }
  for (size_t i = 0; i < texts.size(); ++i) {
    if (!texts[i].is_string()) return DataLoss("a token has no text");
    PARVIS_ASSIGN_OR_RETURN(TokenInfo token, TokenOf(texts[i].get<std::string>(), values[i]));
    if (tops.is_array() && tops[i].is_object() && top > 0) {
      for (const auto& [text, value] : tops[i].items()) {
        PARVIS_ASSIGN_OR_RETURN(TokenInfo read, TokenOf(text, value));
        token.top.push_back(std::move(read));
      }
      KeepLikeliest(top + 1, token);
    }
    tokens.push_back(std::move(token));
  }
  return {};
}

}  // namespace

Status ReadUpstreamTokens(const Json& logprobs, int top, std::vector<TokenInfo>& tokens) {
  if (logprobs.is_null()) return {};
  if (!MemberOf(logprobs, "tokens").is_null()) return ReadSideBySide(logprobs, top, tokens);
  PARVIS_RETURN_IF_ERROR(ReadList(MemberOf(logprobs, "content"), top, tokens));
  return ReadList(MemberOf(logprobs, "refusal"), top, tokens);
}

}  // namespace parvis::service
