#include "sdk/pki/trust.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sdk/crypto/x509.h"

namespace allmende::pki {
namespace {

using ::testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
constexpr absl::Duration kDay = absl::Hours(24);

std::string Text(const absl::Status& status) {
  return std::string(status.message());
}

crypto::KeyAndCertificate Authority(const std::string& name) {
  absl::StatusOr<crypto::KeyAndCertificate> authority =
      crypto::CreateAuthority(name, {kNow - 100 * kDay, kNow + 1000 * kDay});
  EXPECT_TRUE(authority.ok()) << authority.status();
  return *authority;
}

std::string Issue(const crypto::KeyAndCertificate& authority, crypto::LeafOptions options) {
  options.common_name = "test";
  options.client_auth = true;
  options.validity = {kNow - kDay, kNow + 90 * kDay};
  absl::StatusOr<crypto::KeyAndCertificate> leaf = crypto::IssueLeaf(authority, options);
  EXPECT_TRUE(leaf.ok()) << leaf.status();
  return leaf->certificate_pem;
}

std::string WithUris(const crypto::KeyAndCertificate& authority, std::vector<std::string> uris) {
  crypto::LeafOptions options;
  options.uri_sans = std::move(uris);
  return Issue(authority, options);
}

class TrustTest : public testing::Test {
 protected:
  TrustEntry City() const { return {city_.certificate_pem, "ca.pem", "musterstadt", {}}; }
  TrustEntry Foreign(std::vector<TrustedParticipant> participants) const {
    return {foreign_.certificate_pem, "land.pem", "pki.land.de", std::move(participants)};
  }

  static TrustStore Store(std::vector<TrustEntry> entries) {
    absl::StatusOr<TrustStore> store = TrustStore::Create("musterstadt", std::move(entries));
    EXPECT_TRUE(store.ok()) << store.status();
    return *std::move(store);
  }

  const crypto::KeyAndCertificate city_ = Authority("musterstadt authority");
  const crypto::KeyAndCertificate foreign_ = Authority("land authority");
};

TEST_F(TrustTest, IdentityIsWhatTheCertificateSays) {
  const std::string pem = WithUris(city_, {"spiffe://musterstadt/participant/bwb/member/anna",
                                           "spiffe://musterstadt/role/officer", "spiffe://musterstadt/role/auditor"});
  const absl::StatusOr<Identity> identity = Store({City()}).Identify(pem, "", kNow);
  ASSERT_TRUE(identity.ok()) << identity.status();
  const absl::StatusOr<crypto::CertificateInfo> info = crypto::ParseCertificate(pem);
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(identity->city, "musterstadt");
  EXPECT_EQ(identity->Name(), "bwb/anna");
  EXPECT_EQ(identity->roles, (RoleSet{Role::kOfficer, Role::kAuditor}));
  EXPECT_EQ(identity->serial, info->serial_hex);
  EXPECT_EQ(identity->fingerprint, info->fingerprint_sha256);
  EXPECT_EQ(identity->not_after, kNow + 90 * kDay);
}

TEST_F(TrustTest, RefusedCertificates) {
  const TrustStore store = Store({City(), Foreign({{"thw", {Role::kOperator}, {}}})});
  crypto::LeafOptions no_usage;
  no_usage.common_name = "test";
  no_usage.uri_sans = {"spiffe://musterstadt/participant/bwb", "spiffe://musterstadt/role/agency"};
  no_usage.validity = {kNow - kDay, kNow + kDay};
  const absl::StatusOr<crypto::KeyAndCertificate> plain = crypto::IssueLeaf(city_, no_usage);
  ASSERT_TRUE(plain.ok());
  const std::string good = WithUris(city_, no_usage.uri_sans);
  struct Row {
    const char* name;
    std::string pem;
    absl::Time at;
    const char* message;
  };
  const Row rows[] = {
      {"garbage", "garbage", kNow, "no PEM block"},
      {"the authority itself", city_.certificate_pem, kNow, "not meant for this use"},
      {"unknown authority", WithUris(Authority("stranger"), no_usage.uri_sans), kNow, "not trusted here"},
      {"expired", good, kNow + 91 * kDay, "expired"},
      {"not valid yet", good, kNow - 30 * kDay, "valid from"},
      {"no usage", plain->certificate_pem, kNow, "lacks the extended key usage `clientAuth`"},
      {"nobody", WithUris(city_, {}), kNow, "names no participant"},
      {"no role", WithUris(city_, {"spiffe://musterstadt/participant/bwb"}), kNow, "carries no role"},
      {"the city's name from the foreign authority", WithUris(foreign_, no_usage.uri_sans), kNow,
       "not of `pki.land.de`"},
      {"the foreign name from the city's authority", WithUris(city_, {"spiffe://pki.land.de/participant/thw"}), kNow,
       "not of `musterstadt`"},
      {"not listed", WithUris(foreign_, {"spiffe://pki.land.de/participant/bwb", "spiffe://pki.land.de/role/agency"}),
       kNow, "may not name `bwb`"},
      {"more roles than listed",
       WithUris(foreign_, {"spiffe://pki.land.de/participant/thw", "spiffe://pki.land.de/role/officer"}), kNow,
       "carries the roles officer"},
  };
  for (const Row& row : rows) {
    const absl::Status status = store.Identify(row.pem, "", row.at).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated) << row.name << ": " << status;
    EXPECT_THAT(Text(status), HasSubstr(row.message)) << row.name;
  }
}

TEST_F(TrustTest, ConfigurationGivesRolesToCertificatesWithoutAny) {
  const TrustStore store = Store({Foreign({{"thw", {Role::kOperator, Role::kAgency}, {}}})});
  const absl::StatusOr<Identity> bare =
      store.Identify(WithUris(foreign_, {"spiffe://pki.land.de/participant/thw"}), "", kNow);
  ASSERT_TRUE(bare.ok()) << bare.status();
  EXPECT_EQ(bare->roles, (RoleSet{Role::kOperator, Role::kAgency}));
  EXPECT_EQ(bare->city, "musterstadt");
  const absl::StatusOr<Identity> fewer = store.Identify(
      WithUris(foreign_, {"spiffe://pki.land.de/participant/thw", "spiffe://pki.land.de/role/agency"}), "", kNow);
  ASSERT_TRUE(fewer.ok()) << fewer.status();
  EXPECT_EQ(fewer->roles, RoleSet{Role::kAgency});
}

TEST_F(TrustTest, ExistingNamesAreMapped) {
  const TrustStore store = Store({Foreign({{"thw", {Role::kOperator}, {"dns:austausch.thw.de"}},
                                           {"bvg", {Role::kAgency}, {"uri:spiffe://old/bvg", "dns:bvg.de"}}})});
  crypto::LeafOptions by_dns;
  by_dns.dns_sans = {"other.thw.de", "austausch.thw.de"};
  crypto::LeafOptions by_uri;
  by_uri.uri_sans = {"spiffe://old/bvg"};
  crypto::LeafOptions unknown;
  unknown.dns_sans = {"thw.de"};
  crypto::LeafOptions both;
  both.dns_sans = {"austausch.thw.de", "bvg.de"};
  crypto::LeafOptions contradiction;
  contradiction.dns_sans = {"austausch.thw.de"};
  contradiction.uri_sans = {"spiffe://pki.land.de/participant/bvg"};
  crypto::LeafOptions role_taken;
  role_taken.dns_sans = {"austausch.thw.de"};
  role_taken.uri_sans = {"spiffe://musterstadt/role/officer"};

  const absl::StatusOr<Identity> thw = store.Identify(Issue(foreign_, by_dns), "", kNow);
  ASSERT_TRUE(thw.ok()) << thw.status();
  EXPECT_EQ(thw->participant, "thw");
  const absl::StatusOr<Identity> bvg = store.Identify(Issue(foreign_, by_uri), "", kNow);
  ASSERT_TRUE(bvg.ok()) << bvg.status();
  EXPECT_EQ(bvg->participant, "bvg");
  EXPECT_EQ(bvg->roles, RoleSet{Role::kAgency});
  EXPECT_THAT(Text(store.Identify(Issue(foreign_, unknown), "", kNow).status()), HasSubstr("names no participant"));
  EXPECT_THAT(Text(store.Identify(Issue(foreign_, both), "", kNow).status()), HasSubstr("both `thw` and `bvg`"));
  EXPECT_THAT(Text(store.Identify(Issue(foreign_, contradiction), "", kNow).status()), HasSubstr("belongs to `thw`"));
  EXPECT_THAT(Text(store.Identify(Issue(foreign_, role_taken), "", kNow).status()), HasSubstr("not of `pki.land.de`"));
}

TEST_F(TrustTest, TwoAuthoritiesOfOneCityWorkWhileOneReplacesTheOther) {
  const crypto::KeyAndCertificate next = Authority("musterstadt authority 2");
  TrustEntry both = City();
  both.authority_pem += next.certificate_pem;
  const std::vector<std::string> uris = {"spiffe://musterstadt/participant/bwb", "spiffe://musterstadt/role/agency"};
  for (const auto& store : {Store({both}), Store({City(), {next.certificate_pem, "2.pem", "musterstadt", {}}})}) {
    EXPECT_TRUE(store.Identify(WithUris(city_, uris), "", kNow).ok());
    EXPECT_TRUE(store.Identify(WithUris(next, uris), "", kNow).ok());
  }
}

TEST_F(TrustTest, ConfigurationsThatWouldTrustTooMuchAreRefused) {
  const std::string leaf = WithUris(city_, {"spiffe://musterstadt/participant/bwb"});
  struct Row {
    const char* name;
    std::vector<TrustEntry> entries;
    const char* message;
  };
  const Row rows[] = {
      {"nobody", {}, "no authority is trusted"},
      {"garbage", {{"garbage", "x.pem", "musterstadt", {}}}, "`x.pem` is unusable"},
      {"a leaf", {{leaf, "x.pem", "musterstadt", {}}}, "not an authority but somebody's certificate"},
      {"foreign, all", {Foreign({})}, "list the participants it may name"},
      {"bad id", {Foreign({{"THW", {}, {}}})}, "`THW` cannot be"},
      {"twice", {Foreign({{"thw", {}, {}}, {"thw", {}, {}}})}, "lists `thw` twice"},
      {"one name for two", {Foreign({{"a", {}, {"dns:x"}}, {"b", {}, {"dns:x"}}})}, "lists `dns:x` twice"},
      {"bad domain", {{city_.certificate_pem, "x.pem", "a b", {}}}, "`a b` cannot be a city's name"},
  };
  for (const Row& row : rows) {
    const absl::Status status = TrustStore::Create("musterstadt", row.entries).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << row.name;
    EXPECT_THAT(Text(status), HasSubstr(row.message)) << row.name;
  }
}

}  // namespace
}  // namespace allmende::pki
