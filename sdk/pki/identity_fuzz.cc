// Whatever the bytes are: reading them as PEM, as a certificate, as the names in one, or as a register neither crashes
// nor reads outside, and what is accepted means one thing only.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_split.h"
#include "sdk/crypto/pem.h"
#include "sdk/crypto/x509.h"
#include "sdk/pki/endpoint.h"
#include "sdk/pki/identity.h"
#include "sdk/pki/revocation.h"

namespace allmende::pki {
namespace {

constexpr char kDomain[] = "musterstadt";

void Expect(bool holds, const char* what) {
  if (!holds) {
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
  }
}

// Names that are accepted are those that we would write ourselves.
void ReadNames(const std::vector<std::string>& uris) {
  const absl::StatusOr<NamedIdentity> identity = ReadIdentityUris(uris, kDomain);
  if (!identity.ok()) return;
  Expect(CheckParticipantId(identity->participant).ok(), "a participant has an id");
  Expect(identity->member.empty() || CheckMemberName(identity->member).ok(), "a member has a name");
  std::vector<std::string> again = {identity->member.empty()
                                        ? ParticipantUri(kDomain, identity->participant)
                                        : MemberUri(kDomain, identity->participant, identity->member)};
  for (const Role role : identity->roles.Roles()) again.push_back(RoleUri(kDomain, role));
  const absl::StatusOr<NamedIdentity> second = ReadIdentityUris(again, kDomain);
  Expect(second.ok() && second->participant == identity->participant && second->member == identity->member &&
             second->roles == identity->roles,
         "names are written in one way");
}

void ReadCertificate(const std::string& pem) {
  const absl::StatusOr<std::vector<crypto::CertificateInfo>> infos = crypto::ParseCertificates(pem);
  if (!infos.ok()) return;
  for (const crypto::CertificateInfo& info : *infos) {
    Expect(info.fingerprint_sha256.size() == 64, "every certificate has a fingerprint");
    for (const std::string& uri : info.uri_sans) Expect(uri.find('\0') == std::string::npos, "no name holds a NUL");
    ReadNames(info.uri_sans);
  }
  // A certificate vouches for itself at most; what comes out does not matter.
  static_cast<void>(
      crypto::VerifyChain(pem, "", pem, crypto::CertificateUse::kClient, absl::FromUnixSeconds(1'800'000'000)));
}

void ReadPem(const std::string& text) {
  const absl::StatusOr<std::vector<crypto::PemBlock>> blocks = crypto::DecodePem(text);
  if (!blocks.ok()) return;
  Expect(!blocks->empty(), "a text without blocks is an error");
  for (const crypto::PemBlock& block : *blocks) {
    const absl::StatusOr<std::vector<crypto::PemBlock>> again =
        crypto::DecodePem(crypto::EncodePem(block.label, block.der));
    Expect(again.ok() && again->size() == 1 && again->front().der == block.der, "armour does not change its content");
  }
  ReadCertificate(text);
}

void ReadRegister(const std::string& text) {
  const absl::StatusOr<std::vector<Revocation>> entries = ParseRevocations(text);
  if (!entries.ok()) return;
  const std::string written = FormatRevocations(*entries);
  const absl::StatusOr<std::vector<Revocation>> again = ParseRevocations(written);
  Expect(again.ok() && again->size() == entries->size(), "a register that is read can be written");
  Expect(FormatRevocations(*again) == written, "registers are written in one way");
}

void ReadEndpoint(const std::string& text) {
  const absl::StatusOr<Endpoint> endpoint = ParseEndpoint(text);
  if (!endpoint.ok()) return;
  const absl::StatusOr<Endpoint> again = ParseEndpoint(endpoint->Text());
  Expect(again.ok() && again->host == endpoint->host && again->port == endpoint->port,
         "endpoints are written in one way");
}

}  // namespace
}  // namespace allmende::pki

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace allmende;  // NOLINT(google-build-using-namespace)
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  pki::ReadPem(bytes);
  pki::ReadCertificate(crypto::EncodePem(crypto::kPemCertificate, bytes));
  pki::ReadNames(absl::StrSplit(bytes, '\n'));
  pki::ReadRegister(bytes);
  pki::ReadEndpoint(bytes);
  return 0;
}
