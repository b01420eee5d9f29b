// Puts refusals into words, in the reader's language. The only place where a refusal becomes prose.
#pragma once

#include <string>

#include "allmende/v1/refusal.pb.h"
#include "policy/model/policy.h"

namespace allmende::policy {

// One line without a full stop, for example
//   refused: no rule lets `navi-ag` subscribe to `wasser/pegel` for purpose `werbung`; rule `verkehr`
//   (pegel.policy.yaml:31) would allow it for purpose `verkehrslenkung`
// Codes and kinds that this version does not know are shown as they are.
std::string RenderRefusal(const v1::Refusal& refusal, Language language);

}  // namespace allmende::policy
