#include "sdk/format/signature.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sdk/crypto/hash.h"

namespace allmende::format {
namespace {

constexpr size_t kKeyIdOffset = 1;
constexpr size_t kSignatureOffset = 5;

// Keeps key ids apart from every other hash over a key.
constexpr std::string_view kKeyIdDomain("ALMKEY\0\1", 8);

}  // namespace

KeyId KeyIdOf(const crypto::Ed25519PublicKey& key) {
  const char algorithm = static_cast<char>(SignatureAlgorithm::kEd25519);
  const crypto::Digest digest =
      crypto::Sha256Of(kKeyIdDomain, std::string_view(&algorithm, 1), crypto::AsBytes(key.bytes()));
  KeyId id;
  std::copy_n(digest.begin(), id.size(), id.begin());
  return id;
}

void AppendSignatureArea(std::string_view signed_bytes, const crypto::Ed25519PrivateKey* signer, std::string& out) {
  if (signer == nullptr) {
    out.append(kSignatureAreaBytes, '\0');
    return;
  }
  out.push_back(static_cast<char>(SignatureAlgorithm::kEd25519));
  out.append(crypto::AsBytes(KeyIdOf(signer->public_key())));
  out.append(crypto::AsBytes(signer->Sign(signed_bytes)));
}

absl::Status SignatureArea::Check() const {
  switch (algorithm()) {
    case SignatureAlgorithm::kNone:
      if (bytes_.find_first_not_of('\0') != std::string_view::npos) {
        return absl::InvalidArgumentError("malformed signature: there is none, but its bytes are not zero");
      }
      return absl::OkStatus();
    case SignatureAlgorithm::kEd25519:
      // No signer makes it; refusing it keeps a single damaged bit from turning `no signature` into one.
      if (bytes_.substr(kSignatureOffset).find_first_not_of('\0') == std::string_view::npos) {
        return absl::InvalidArgumentError("malformed signature: it is all zeros");
      }
      return absl::OkStatus();
  }
  return absl::UnimplementedError(absl::StrCat("the signature has algorithm ", static_cast<int>(algorithm()),
                                               ", which this program does not know: a newer release may read it"));
}

KeyId SignatureArea::key_id() const {
  KeyId id;
  std::copy_n(bytes_.begin() + kKeyIdOffset, id.size(), id.begin());
  return id;
}

absl::Status SignatureArea::Verify(std::string_view signed_bytes, const crypto::Ed25519PublicKey& key) const {
  if (algorithm() == SignatureAlgorithm::kNone) {
    return absl::UnauthenticatedError("there is no signature");
  }
  if (key_id() != KeyIdOf(key)) {
    return absl::UnauthenticatedError("the signature is by another key");
  }
  if (!key.Verify(signed_bytes, bytes_.substr(kSignatureOffset))) {
    return absl::UnauthenticatedError("the signature does not fit: what was signed, or the signature, was changed");
  }
  return absl::OkStatus();
}

}  // namespace allmende::format
