// Which authorities a broker believes, and for whom. Two authorities can be trusted by the same listener, so the TLS
// handshake alone does not say who may name whom: a certificate counts only inside the domain of its own issuer.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sdk/pki/identity.h"

namespace allmende::pki {

// A participant as an authority's entry lists it.
struct TrustedParticipant {
  std::string id;
  RoleSet roles;  // given to certificates that carry none, and the most a certificate may carry; empty: as it carries
  std::vector<std::string> names;  // `dns:<name>` or `uri:<uri>`: certificates that carry it are this participant's
};

struct TrustEntry {
  std::string authority_pem;   // one or more anchors (an old and a new one while an authority is being replaced)
  std::string authority_name;  // for messages: the file's name
  std::string domain;          // the trust domain in its certificates' URIs
  // Empty: every participant the authority names. An entry whose domain is not the city must list them, so that a
  // foreign authority cannot name one of the city's own.
  std::vector<TrustedParticipant> participants;
};

// Immutable once created, so thread-safe.
class TrustStore {
 public:
  //   kInvalidArgument  no entry; an authority that is unreadable or none; a foreign domain without a list of
  //                     participants; the same name or id mapped twice
  static absl::StatusOr<TrustStore> Create(std::string city, std::vector<TrustEntry> entries);

  // Says whose certificate `certificate_pem` is. `chain_pem` may hold intermediates. Reads nothing about revocation.
  //   kUnauthenticated  issued by nobody trusted here, not valid at `at`, not marked for client authentication, or its
  //                     names do not identify one participant; the message says which and what to do
  absl::StatusOr<Identity> Identify(const std::string& certificate_pem, const std::string& chain_pem,
                                    absl::Time at) const;

  // All anchors, for the TLS listener.
  const std::string& roots_pem() const { return roots_pem_; }
  const std::string& city() const { return city_; }

 private:
  TrustStore() = default;

  std::string city_;
  std::vector<TrustEntry> entries_;
  std::string roots_pem_;
};

}  // namespace allmende::pki
