// The city's record of what its authority has issued: text, one line a certificate.
//
//   allmende-issued 1
//   2026-03-01T10:00:00Z 5f3a… 2027-03-01T10:00:00Z bwb/anna officer,auditor 09c4…
//
// `-` as the name is the broker; the fingerprint at the end may be missing. Internal to sdk/pki.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sdk/pki/city.h"

namespace allmende::pki {

// Entries in the order in which they were issued; `revoked` and `reason` are not filled in.
//   kNotFound         the file is missing, so there is no city here
//   kInvalidArgument  a line that is not understood, with its number
absl::StatusOr<std::vector<CertificateEntry>> LoadIssued(const std::string& path);

// Replaces the file in one step.
absl::Status SaveIssued(const std::string& path, const std::vector<CertificateEntry>& entries);

}  // namespace allmende::pki
