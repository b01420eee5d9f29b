#include "sdk/pki/identity.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "sdk/base/status.h"

namespace allmende::pki {
namespace {

constexpr Role kAllRoles[] = {Role::kAgency, Role::kOperator, Role::kOfficer, Role::kCrisisAuthority, Role::kAuditor};
constexpr size_t kLabelBytesMax = 63;
constexpr size_t kCityBytesMax = 255;
constexpr char kScheme[] = "spiffe://";

std::string Name(Role role) {
  return std::string(policy::RoleName(role));
}

bool IsLabel(const std::string& text) {
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !text.empty() && text.size() <= kLabelBytesMax && std::all_of(text.begin(), text.end(), allowed) &&
         text.front() != '-' && text.back() != '-';
}

absl::Status CheckLabel(const char* what, const std::string& text) {
  if (IsLabel(text)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("`", text, "` cannot be ", what, ": use 1 to 63 of a-z, 0-9 and `-`, with no `-` at either end"));
}

}  // namespace

std::vector<Role> RoleSet::Roles() const {
  std::vector<Role> roles;
  std::copy_if(std::begin(kAllRoles), std::end(kAllRoles), std::back_inserter(roles),
               [this](Role role) { return Has(role); });
  return roles;
}

std::vector<std::string> RoleSet::Names() const {
  std::vector<std::string> names;
  for (const Role role : Roles()) names.push_back(Name(role));
  return names;
}

absl::StatusOr<Role> ParseRole(const std::string& name) {
  if (const std::optional<Role> role = policy::RoleFromName(name); role.has_value()) return *role;
  const RoleSet all = {Role::kAgency, Role::kOperator, Role::kOfficer, Role::kCrisisAuthority, Role::kAuditor};
  return absl::InvalidArgumentError(
      absl::StrCat("there is no role `", name, "`; the roles are ", absl::StrJoin(all.Names(), ", ")));
}

absl::StatusOr<RoleSet> ParseRoles(const std::vector<std::string>& names) {
  RoleSet roles;
  for (const std::string& name : names) {
    ALLMENDE_ASSIGN_OR_RETURN(const Role role, ParseRole(name));
    roles.Add(role);
  }
  return roles;
}

std::string Identity::Name() const {
  return member.empty() ? participant : absl::StrCat(participant, "/", member);
}

absl::StatusOr<NamedIdentity> ReadIdentityUris(const std::vector<std::string>& uris, const std::string& domain) {
  NamedIdentity identity;
  for (const std::string& uri : uris) {
    // Schemes and hosts of URIs compare without case; anything but the exact form is refused below rather than ignored.
    if (!absl::StartsWithIgnoreCase(uri, kScheme)) continue;
    absl::string_view path = uri;
    if (!absl::ConsumePrefix(&path, kScheme) || !absl::ConsumePrefix(&path, absl::StrCat(domain, "/"))) {
      return absl::InvalidArgumentError(
          absl::StrCat("the certificate names `", uri, "`, which is not of `", domain, "`"));
    }
    const std::vector<std::string> parts = absl::StrSplit(path, '/');
    if (parts.size() == 2 && parts[0] == "role") {
      ALLMENDE_ASSIGN_OR_RETURN(const Role role, ParseRole(parts[1]));
      identity.roles.Add(role);
      continue;
    }
    const bool is_participant = parts.size() == 2 && parts[0] == "participant";
    const bool is_member = parts.size() == 4 && parts[0] == "participant" && parts[2] == "member";
    if (!is_participant && !is_member) {
      return absl::InvalidArgumentError(
          absl::StrCat("the certificate names `", uri, "`, which is neither a participant, a member nor a role"));
    }
    if (!identity.participant.empty()) {
      return absl::InvalidArgumentError("the certificate names two participants or members; it may name one");
    }
    ALLMENDE_RETURN_IF_ERROR(CheckParticipantId(parts[1]));
    identity.participant = parts[1];
    if (is_member) {
      ALLMENDE_RETURN_IF_ERROR(CheckMemberName(parts[3]));
      identity.member = parts[3];
    }
  }
  if (identity.participant.empty()) {
    return absl::NotFoundError(
        absl::StrCat("the certificate names no participant (a URI `", kScheme, domain, "/participant/<id>`)"));
  }
  return identity;
}

std::string ParticipantUri(const std::string& domain, const std::string& participant) {
  return absl::StrCat(kScheme, domain, "/participant/", participant);
}

std::string MemberUri(const std::string& domain, const std::string& participant, const std::string& member) {
  return absl::StrCat(ParticipantUri(domain, participant), "/member/", member);
}

std::string RoleUri(const std::string& domain, Role role) {
  return absl::StrCat(kScheme, domain, "/role/", Name(role));
}

absl::Status CheckParticipantId(const std::string& id) {
  return CheckLabel("a participant's id", id);
}

absl::Status CheckMemberName(const std::string& name) {
  return CheckLabel("a member's name", name);
}

absl::Status CheckCityName(const std::string& name) {
  const std::vector<std::string> labels = absl::StrSplit(name, '.');
  if (name.size() <= kCityBytesMax && std::all_of(labels.begin(), labels.end(), IsLabel)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "`", name, "` cannot be a city's name: use a-z, 0-9 and `-`, in parts joined by `.`, such as `musterstadt`"));
}

}  // namespace allmende::pki
