#include "broker/gate/pseudonym_keys.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sdk/base/file.h"
#include "sdk/base/status.h"
#include "sdk/crypto/hkdf.h"
#include "sdk/crypto/hmac.h"
#include "sdk/crypto/random.h"

namespace allmende::broker {
namespace {

constexpr size_t kSecretBytes = 32;

class AgreementMac final : public policy::Mac {
 public:
  explicit AgreementMac(const crypto::SecretBytes& key) : keyed_(key.view()) {}

  bool Compute(std::span<const std::string_view> parts, std::span<uint8_t, policy::kMacBytes> out) const override {
    crypto::HmacSha256 hmac = keyed_.Clone();  // one object is for one thread
    for (const std::string_view part : parts) {
      hmac.Update(part);
    }
    const crypto::Digest code = hmac.Finish();
    std::copy(code.begin(), code.end(), out.begin());
    return true;
  }

 private:
  const crypto::HmacSha256 keyed_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<PseudonymKeys>> PseudonymKeys::Open(const std::string& path) {
  absl::StatusOr<std::string> secret = ReadFile(path, kSecretBytes);
  if (absl::IsNotFound(secret.status())) {
    crypto::SecretBytes made(kSecretBytes);
    crypto::FillRandom(made.bytes());
    ALLMENDE_RETURN_IF_ERROR(WriteFileAtomically(path, made.view(), FileAccess::kOwnerOnly));
    return std::unique_ptr<PseudonymKeys>(new PseudonymKeys(std::move(made)));
  }
  ALLMENDE_RETURN_IF_ERROR(secret.status());
  if (secret->size() != kSecretBytes) {
    return absl::FailedPreconditionError(
        absl::StrCat("`", path, "` has ", secret->size(), " bytes, ", kSecretBytes,
                     " are expected: restore it from a backup, or remove it to give every recipient new pseudonyms"));
  }
  crypto::SecretBytes kept(*secret);
  crypto::Cleanse({reinterpret_cast<uint8_t*>(secret->data()), secret->size()});
  return std::unique_ptr<PseudonymKeys>(new PseudonymKeys(std::move(kept)));
}

std::unique_ptr<PseudonymKeys> PseudonymKeys::ForTest(std::string_view secret) {
  return std::unique_ptr<PseudonymKeys>(new PseudonymKeys(crypto::SecretBytes(secret)));
}

absl::StatusOr<std::shared_ptr<const policy::Mac>> PseudonymKeys::KeyOf(const std::string& agreement) const {
  ALLMENDE_ASSIGN_OR_RETURN(
      const crypto::SecretBytes key,
      crypto::HkdfSha256(secret_.view(), "", absl::StrCat("allmende pseudonym key v1 ", agreement), kSecretBytes));
  return std::make_shared<const AgreementMac>(key);
}

}  // namespace allmende::broker
