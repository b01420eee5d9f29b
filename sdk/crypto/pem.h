// PEM armour: text blocks around DER bytes, as certificates and keys are stored in files. Stateless; thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace allmende::crypto {

inline constexpr std::string_view kPemCertificate = "CERTIFICATE";
inline constexpr std::string_view kPemPrivateKey = "PRIVATE KEY";  // PKCS#8

struct PemBlock {
  std::string label;  // for example `CERTIFICATE`
  std::string der;
};

// Returns the blocks of `text` in order; text between blocks is a comment and skipped.
//   kInvalidArgument  no block at all, a block without its end, bad base64, or an encrypted block (a broker that starts
//                     by itself cannot ask for a passphrase)
absl::StatusOr<std::vector<PemBlock>> DecodePem(std::string_view text);

std::string EncodePem(std::string_view label, std::string_view der);

// Returns each certificate of a bundle as PEM of its own; blocks of other kinds are skipped.
//   kInvalidArgument  as DecodePem, or no certificate among the blocks
absl::StatusOr<std::vector<std::string>> SplitCertificates(std::string_view text);

}  // namespace allmende::crypto
