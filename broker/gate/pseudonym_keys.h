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
  enum class IfMissing { kMake, kRefuse };

  // Reads the secret from the file `path`: a line that names the format, 32 bytes of secret, their SHA-256 together.
  // Makes it, mode 0600, if there is none yet and that is asked for.
  //   kDataLoss  the file is damaged, of a format that is not known, or missing
  //   others     it cannot be read or written
  static absl::StatusOr<std::unique_ptr<PseudonymKeys>> Open(const std::string& path, IfMissing if_missing);

  static std::unique_ptr<PseudonymKeys> ForTest(std::string_view secret);

  // The key of one agreement. Thread-safe, as policy::Mac asks.
  absl::StatusOr<std::shared_ptr<const policy::Mac>> KeyOf(const std::string& agreement) const;

 private:
  static absl::StatusOr<std::unique_ptr<PseudonymKeys>> Make(const std::string& path);
  explicit PseudonymKeys(crypto::SecretBytes secret) : secret_(std::move(secret)) {}

  const crypto::SecretBytes secret_;
};

}  // namespace allmende::broker
