// Who asks. Filled in by whoever authenticated the caller; the data regime believes it.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "policy/model/ids.h"

namespace allmende::policy {

// What a participant does in the city; a participant has one or more.
enum class Role { kAgency, kOperator, kOfficer, kCrisisAuthority, kAuditor };

// `agency`, `operator`, `officer`, `crisis-authority`, `auditor`: as certificates and messages spell them.
std::string_view RoleName(Role role);
std::optional<Role> RoleFromName(std::string_view name);

// How the request came in. Nothing depends on it yet; contracts may bind to it.
enum class Channel { kRemote, kLocalSocket, kPublicHttp, kReplica };

struct Caller {
  ParticipantId participant;  // empty: nobody in particular, reached by rules for everyone only
  std::vector<Role> roles;
  std::vector<GroupId> groups;
  Channel channel = Channel::kRemote;
};

}  // namespace allmende::policy
