// Keys of pseudonyms: one secret of the city, one key an agreement derived from it. Without the secret no pseudonym can
// be traced back or joined with another recipient's; whoever loses it gives every recipient new pseudonyms.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "policy/view/mac.h"
#include "sdk/crypto/secret.h"

namespace allmende::broker {

// Immutable; thread-safe.
class PseudonymKeys {
 public:
  // Reads the secret (32 bytes) from `path`; makes it, mode 0600, if there is no such file yet.
  //   kFailedPrecondition  the file is not 32 bytes
  //   others               it cannot be read or written
  static absl::StatusOr<std::unique_ptr<PseudonymKeys>> Open(const std::string& path);

  static std::unique_ptr<PseudonymKeys> ForTest(std::string_view secret);

  // The key of one agreement. Thread-safe, as policy::Mac asks.
  absl::StatusOr<std::shared_ptr<const policy::Mac>> KeyOf(const std::string& agreement) const;

 private:
  explicit PseudonymKeys(crypto::SecretBytes secret) : secret_(std::move(secret)) {}

  const crypto::SecretBytes secret_;
};

}  // namespace allmende::broker
