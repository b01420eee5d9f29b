// A refusal in one English sentence, for statuses and logs. Tools that speak to people render it in their language.
#pragma once

#include <string>

#include "allmende/v1/refusal.pb.h"

namespace allmende::session {

// `no-rule-matches (rain.policy.yaml:12, rule `traffic`); needed: purpose `navigation` or `research``
std::string RefusalText(const v1::Refusal& refusal);

}  // namespace allmende::session
