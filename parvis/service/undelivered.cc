#include "parvis/service/undelivered.h"

#include <cstdint>

#include "parvis/governance/shared_quota.h"
#include "parvis/service/quota_budget.h"

namespace parvis::service {

Status MarkUndelivered(store::Database& database, const std::string& request) {
  governance::Spender spender;
  int64_t created_ms = 0, tokens = 0, micros = 0;
  {
    PARVIS_ASSIGN_OR_RETURN(
        auto select,
        database.Prepare(
            "SELECT r.organisation, r.owner, r.api_key, r.user_group, r.plan, r.model, "
            "r.created_ms, a.counted_tokens, a.counted_micros FROM requests r JOIN "
            "answers a ON a.request = r.id WHERE r.id = ?1 AND a.finish <> "
            "'interrupted'"));
    PARVIS_ASSIGN_OR_RETURN(const bool answered, select.Bind(1, request).Step());
    if (!answered) return {};
    spender = SpenderOf({.organisation = select.Text(0),
                         .owner = select.Text(1),
                         .key = select.Text(2),
                         .group = select.Text(3),
                         .plan = select.Text(4)},
                        select.Text(5));
    created_ms = select.Int(6);
    tokens = select.Int(7);
    micros = select.Int(8);
  }
  PARVIS_ASSIGN_OR_RETURN(
      auto update,
      database.Prepare("UPDATE answers SET finish = 'interrupted', input_tokens = NULL, "
                       "cached_tokens = NULL, output_tokens = NULL, counted_tokens = 0, "
                       "counted_micros = 0, charged_micros = 0 WHERE request = ?1"));
  PARVIS_RETURN_IF_ERROR(update.Bind(1, request).Run());
  return governance::Uncount(database, request, spender, created_ms, tokens, micros);
}

}  // namespace parvis::service
