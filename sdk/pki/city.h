// A complete local city in one folder: authority, certificates, broker configuration, baseline policy. After InitCity
// `allmended --config DIR/broker.yaml` starts. Used by `allmende city init` and `allmende pki issue|revoke|list`.
//
// Functions that change a city hold its lock file; a second one at the same time is refused (kFailedPrecondition). Each
// leaves the city as it was when it fails; only that a certificate was signed stays on record. Keys are created with
// mode 0600. All of them block on the disk.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sdk/pki/identity.h"
#include "sdk/pki/revocation.h"

namespace allmende::pki {

struct IssueOptions {
  std::string participant;
  std::string member;  // empty: the participant's own certificate
  RoleSet roles;       // at least one
  absl::Duration validity = absl::Hours(24 * 365);
  std::vector<std::string> endpoints;  // written to the profile; empty: the city's own, or those of the profile renewed
  std::string purpose;                 // the same
  // Replace an existing profile's key and certificate. The old certificate stays valid until it ends or is revoked.
  bool renew = false;
};

struct CityOptions {
  std::string city;  // the trust domain, for example `musterstadt`
  std::string listen = "127.0.0.1:7443";
  // Further names and addresses that clients use for the broker; `localhost`, 127.0.0.1 and ::1 are always there. New
  // profiles name the first, or else what `listen` says.
  std::vector<std::string> hosts;
  absl::Duration authority_validity = absl::Hours(24 * 365 * 10);
  absl::Duration broker_validity = absl::Hours(24 * 365);
  std::vector<IssueOptions> first;  // certificates to issue at once: an officer, an agency, ...
};

struct NewProfile {
  std::string directory;  // of the profile
  std::string serial;
  absl::Time not_after;
};

// A certificate that the city has issued, and what its register says about it.
struct CertificateEntry {
  std::string serial;
  std::string fingerprint;  // SHA-256; empty: issued before it was kept
  std::string participant;  // empty: the broker's certificate
  std::string member;
  RoleSet roles;
  absl::Time issued;
  absl::Time not_after;
  bool revoked = false;
  std::string reason;  // why, if revoked
};

// Makes a city in `directory`, which is created if it is missing (its parent must exist). Everything is prepared aside
// and then moved in, the configuration last.
//   kAlreadyExists    the folder holds a city, or files that would be overwritten; nothing is changed
//   kInvalidArgument  bad name, address or validity
//   others            the folder cannot be written; says why
absl::StatusOr<std::vector<NewProfile>> InitCity(const std::string& directory, const CityOptions& options,
                                                 absl::Time now);

// Issues a certificate from the city's authority and writes its profile.
//   kNotFound            no city here, or its authority's key is kept elsewhere
//   kAlreadyExists       the profile exists and `renew` is not set
//   kFailedPrecondition  the participant is revoked
absl::StatusOr<NewProfile> IssueCertificate(const std::string& directory, const IssueOptions& options, absl::Time now);

// Replaces the broker's key and certificate; a running broker takes them up by itself. Without `hosts` the names of the
// old certificate are kept.
absl::Status RenewBrokerCertificate(const std::string& directory, const std::vector<std::string>& hosts,
                                    absl::Duration validity, absl::Time now);

struct RevokeOptions {
  Revocation::Kind kind = Revocation::Kind::kSerial;
  std::string subject;  // hex may have colons and capitals, serials `00` in front, as other tools show them
  std::string reason;
  // Take the entry although this city has issued nothing like it: it concerns another authority that the broker trusts.
  bool foreign = false;
};

// Adds an entry to the city's register. Running brokers notice within about a second.
//   kNotFound        the city has issued no such serial, or nothing to this participant, and `foreign` is not set
//   kAlreadyExists   it is revoked already
//   kInvalidArgument the broker's own certificate (clients do not read the register: renew it instead), or a subject
//                    that is not of its kind
absl::Status Revoke(const std::string& directory, const RevokeOptions& options, absl::Time now);

// All certificates the city has issued, oldest first.
absl::StatusOr<std::vector<CertificateEntry>> ListCertificates(const std::string& directory);

}  // namespace allmende::pki
