// Feeds the fuzz target with valid input that was damaged, so that each test run goes through it a little.
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "sdk/crypto/pem.h"
#include "sdk/crypto/x509.h"
#include "sdk/pki/identity.h"
#include "sdk/pki/revocation.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace allmende::pki {
namespace {

std::vector<std::string> Seeds() {
  const absl::Time now = absl::FromUnixSeconds(1'800'000'000);
  const absl::StatusOr<crypto::KeyAndCertificate> authority =
      crypto::CreateAuthority("authority", {now - absl::Hours(1), now + absl::Hours(1)});
  EXPECT_TRUE(authority.ok()) << authority.status();
  crypto::LeafOptions options;
  options.common_name = "bwb";
  options.uri_sans = {MemberUri("musterstadt", "bwb", "anna"), RoleUri("musterstadt", Role::kAgency)};
  options.dns_sans = {"localhost"};
  options.ip_sans = {"::1"};
  options.client_auth = true;
  options.validity = {now - absl::Hours(1), now + absl::Hours(1)};
  const absl::StatusOr<crypto::KeyAndCertificate> leaf = crypto::IssueLeaf(*authority, options);
  EXPECT_TRUE(leaf.ok()) << leaf.status();
  return {authority->certificate_pem + leaf->certificate_pem,
          leaf->key_pem,
          crypto::DecodePem(leaf->certificate_pem)->front().der,
          "spiffe://musterstadt/participant/bwb\nspiffe://musterstadt/role/agency\nhttps://x",
          FormatRevocations({{now, Revocation::Kind::kSerial, "5f3a", "key lost"},
                             {now, Revocation::Kind::kParticipant, "navi-ag", ""}}),
          "[::1]:7443"};
}

std::string Damage(std::string bytes, std::mt19937& random) {
  for (uint32_t changes = 1 + random() % 3; changes > 0 && !bytes.empty(); --changes) {
    const size_t at = random() % bytes.size();
    const size_t count = 1 + random() % 8;
    switch (random() % 4) {
      case 0:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
        break;
      case 1:
        bytes.erase(at, count);
        break;
      case 2:
        bytes.insert(at, bytes.substr(at / 2, count));
        break;
      case 3:
        bytes.resize(at);
        break;
    }
  }
  return bytes;
}

TEST(IdentityFuzz, DamagedInputNeitherCrashesNorMeansTwoThings) {
  constexpr uint32_t kSeed = 1719792000;
  std::mt19937 random(kSeed);
  for (const std::string& seed : Seeds()) {
    for (int i = 0; i < 2'000; ++i) {
      const std::string bytes = i == 0 ? seed : Damage(seed, random);
      LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
    }
  }
}

}  // namespace
}  // namespace allmende::pki
