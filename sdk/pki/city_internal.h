// What making a city and working on one share. Internal to sdk/pki; nothing here takes the city's lock.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sdk/crypto/x509.h"
#include "sdk/pki/city.h"
#include "sdk/pki/layout.h"

namespace allmende::pki {

// `city.yaml`.
struct CityFile {
  std::string city;
  std::vector<std::string> endpoints;
};

absl::StatusOr<CityFile> LoadCityFile(const CityLayout& layout);
absl::Status SaveCityFile(const CityLayout& layout, const CityFile& city);

absl::Status CheckIssueOptions(const IssueOptions& options);

// The authority's key and certificate; kNotFound says that the key may be kept elsewhere.
absl::StatusOr<crypto::KeyAndCertificate> LoadAuthority(const CityLayout& layout);

// Issues for a participant, adds it to the record, and writes key, certificate, authority and profile into `directory`,
// which exists and is empty.
absl::StatusOr<NewProfile> IssueInto(const std::string& directory, const CityLayout& layout, const CityFile& city,
                                     const IssueOptions& options, absl::Time now);

// The same for the broker: key and certificate. `hosts`: names and addresses, all of them.
absl::Status IssueBrokerInto(const std::string& directory, const CityLayout& layout,
                             const std::vector<std::string>& hosts, absl::Duration validity, absl::Time now);

// The text of a new city's `broker.yaml` and baseline policy.
std::string BrokerConfigText(const CityOptions& options);
std::string BaselineText(const CityOptions& options, absl::Time now);

}  // namespace allmende::pki
