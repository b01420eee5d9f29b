#include "policy/model/caller.h"

namespace allmende::policy {
namespace {

struct RoleWord {
  Role role;
  std::string_view name;
};

constexpr RoleWord kRoles[] = {
    {Role::kAgency, "agency"},   {Role::kOperator, "operator"},
    {Role::kOfficer, "officer"}, {Role::kCrisisAuthority, "crisis-authority"},
    {Role::kAuditor, "auditor"},
};

}  // namespace

std::string_view RoleName(Role role) {
  for (const RoleWord& word : kRoles) {
    if (word.role == role) {
      return word.name;
    }
  }
  return "";
}

std::optional<Role> RoleFromName(std::string_view name) {
  for (const RoleWord& word : kRoles) {
    if (word.name == name) {
      return word.role;
    }
  }
  return std::nullopt;
}

}  // namespace allmende::policy
