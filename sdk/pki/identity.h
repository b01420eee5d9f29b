// Who somebody is, as their certificate says it in URI names:
//
//   spiffe://<city>/participant/<id>                  the participant
//   spiffe://<city>/participant/<id>/member/<name>    a natural person acting for it
//   spiffe://<city>/role/<role>                       one or more
//
// A certificate names exactly one participant, by one of the first two. Everything here is pure.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "policy/model/caller.h"

namespace allmende::pki {

using policy::Role;

class RoleSet {
 public:
  constexpr RoleSet() = default;
  constexpr RoleSet(std::initializer_list<Role> roles) {
    for (Role role : roles) Add(role);
  }

  constexpr void Add(Role role) { bits_ |= Bit(role); }
  constexpr bool Has(Role role) const { return (bits_ & Bit(role)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr bool IsSubsetOf(RoleSet other) const { return (bits_ & ~other.bits_) == 0; }
  friend constexpr bool operator==(RoleSet, RoleSet) = default;

  // In the order of the enumeration.
  std::vector<Role> Roles() const;
  std::vector<std::string> Names() const;

 private:
  static constexpr uint8_t Bit(Role role) { return static_cast<uint8_t>(1u << static_cast<uint8_t>(role)); }
  uint8_t bits_ = 0;
};

// kInvalidArgument, listing the roles there are, for an unknown name.
absl::StatusOr<Role> ParseRole(const std::string& name);
absl::StatusOr<RoleSet> ParseRoles(const std::vector<std::string>& names);

struct Identity {
  std::string city;
  std::string participant;
  std::string member;       // empty: the participant's own certificate
  RoleSet roles;            // never empty
  std::string serial;       // lower-case hex
  std::string fingerprint;  // SHA-256 of the certificate, lower-case hex
  absl::Time not_after;

  // `bwb`, or `bwb/anna` for a member.
  std::string Name() const;
};

// What the URI names of one trust domain say. Roles may be empty: some authorities do not write them.
struct NamedIdentity {
  std::string participant;
  std::string member;
  RoleSet roles;
};

// Reads `uris`, those of one certificate, for the trust domain `domain`. URIs of other schemes are ignored.
//   kNotFound         no participant is named
//   kInvalidArgument  two participants, an unknown role, an unknown path, or a spiffe URI of another domain
absl::StatusOr<NamedIdentity> ReadIdentityUris(const std::vector<std::string>& uris, const std::string& domain);

std::string ParticipantUri(const std::string& domain, const std::string& participant);
std::string MemberUri(const std::string& domain, const std::string& participant, const std::string& member);
std::string RoleUri(const std::string& domain, Role role);

// A participant's id or a member's name: 1 to 63 of a-z, 0-9 and inner `-`. Safe as a folder's name. kInvalidArgument
// says what is wrong and, where it is obvious, what would be right.
absl::Status CheckParticipantId(const std::string& id);
absl::Status CheckMemberName(const std::string& name);

// A city's name is a trust domain: labels as above, joined by `.`; at most 255 bytes.
absl::Status CheckCityName(const std::string& name);

}  // namespace allmende::pki
