// A refusal in one English sentence, for statuses and logs. Tools that speak to people render it in their language.
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "allmende/v1/refusal.pb.h"

namespace allmende::session {

// `no-rule-matches (rain.policy.yaml:12, rule `traffic`); needed: purpose `navigation` or `research``
std::string RefusalText(const v1::Refusal& refusal);

// kPermissionDenied: the subscription was refused. Carries the refusal as a payload, for RefusalOf.
absl::Status RefusedStatus(const v1::Refusal& refusal);
// Nothing where the status carries none.
std::optional<v1::Refusal> RefusalOf(const absl::Status& status);

}  // namespace allmende::session
