#include "broker/gate/pseudonym_keys.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sdk/base/file.h"
#include "sdk/base/status.h"
#include "sdk/crypto/hash.h"
#include "sdk/crypto/hkdf.h"
#include "sdk/crypto/hmac.h"
#include "sdk/crypto/random.h"

namespace allmende::broker {
namespace {

constexpr std::string_view kMagic = "allmende pseudonym key 1\n";
constexpr size_t kSecretBytes = 32;
constexpr size_t kFileBytes = kMagic.size() + kSecretBytes + sizeof(crypto::Digest);

// Whoever lost the secret for good may remove what is left of the file and say so.
constexpr char kWhatToDo[] =
    ": restore it from a backup; without one, start with no such file and `--accept-loss` to give every recipient new "
    "pseudonyms";

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

absl::StatusOr<std::unique_ptr<PseudonymKeys>> PseudonymKeys::Open(const std::string& path, IfMissing if_missing) {
  absl::StatusOr<std::string> read = ReadFile(path, kFileBytes);
  if (absl::IsNotFound(read.status())) {
    return if_missing == IfMissing::kMake
               ? Make(path)
               : absl::DataLossError(absl::StrCat("the file `", path, "` is missing", kWhatToDo));
  }
  if (!read.ok() && !absl::IsInvalidArgument(read.status())) {
    return read.status();
  }
  // Longer than such a file is: the content is none either.
  const crypto::SecretBytes content(read.ok() ? std::string_view(*read) : std::string_view());
  if (read.ok()) {
    crypto::Cleanse({reinterpret_cast<uint8_t*>(read->data()), read->size()});
  }
  if (content.view().substr(0, kMagic.size()) != kMagic) {
    return absl::DataLossError(
        absl::StrCat("`", path, "` is no file of pseudonym keys in the format that this version knows", kWhatToDo));
  }
  const crypto::Digest sum = crypto::Sha256Of(content.view().substr(0, kMagic.size() + kSecretBytes));
  if (content.size() != kFileBytes || content.view().substr(kMagic.size() + kSecretBytes) != crypto::AsBytes(sum)) {
    return absl::DataLossError(absl::StrCat("the file `", path, "` is damaged", kWhatToDo));
  }
  return std::unique_ptr<PseudonymKeys>(
      new PseudonymKeys(crypto::SecretBytes(content.view().substr(kMagic.size(), kSecretBytes))));
}

absl::StatusOr<std::unique_ptr<PseudonymKeys>> PseudonymKeys::Make(const std::string& path) {
  crypto::SecretBytes secret(kSecretBytes);
  crypto::FillRandom(secret.bytes());
  crypto::SecretBytes content(kFileBytes);
  const auto after_magic = std::copy(kMagic.begin(), kMagic.end(), content.bytes().begin());
  const auto after_secret = std::copy(secret.view().begin(), secret.view().end(), after_magic);
  const crypto::Digest sum = crypto::Sha256Of(content.view().substr(0, kMagic.size() + kSecretBytes));
  std::copy(sum.begin(), sum.end(), after_secret);
  ALLMENDE_RETURN_IF_ERROR(WriteFileAtomically(path, content.view(), FileAccess::kOwnerOnly));
  return std::unique_ptr<PseudonymKeys>(new PseudonymKeys(std::move(secret)));
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
