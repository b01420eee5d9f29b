#include "sdk/crypto/x509.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "sdk/crypto/pem.h"

namespace allmende::crypto {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
const Validity kYear{kNow - absl::Minutes(5), kNow + absl::Hours(24 * 365)};

KeyAndCertificate MakeAuthority(std::string_view name = "musterstadt authority") {
  absl::StatusOr<KeyAndCertificate> authority = CreateAuthority(name, kYear);
  EXPECT_TRUE(authority.ok()) << authority.status();
  return *authority;
}

LeafOptions ClientLeaf() {
  LeafOptions options;
  options.common_name = "bwb";
  options.uri_sans = {"spiffe://musterstadt/participant/bwb", "spiffe://musterstadt/role/agency"};
  options.client_auth = true;
  options.validity = {kNow - absl::Minutes(5), kNow + absl::Hours(24 * 30)};
  return options;
}

LeafOptions ServerLeaf() {
  LeafOptions options = ClientLeaf();
  options.uri_sans.clear();
  options.dns_sans = {"localhost", "exchange.musterstadt.de"};
  options.ip_sans = {"127.0.0.1", "::1"};
  options.client_auth = false;
  options.server_auth = true;
  return options;
}

std::string Issue(const KeyAndCertificate& authority, const LeafOptions& options) {
  absl::StatusOr<KeyAndCertificate> leaf = IssueLeaf(authority, options);
  EXPECT_TRUE(leaf.ok()) << leaf.status();
  return leaf->certificate_pem;
}

TEST(X509Test, AuthorityIsSelfSignedAndAnAuthority) {
  const KeyAndCertificate authority = MakeAuthority();
  const absl::StatusOr<CertificateInfo> info = ParseCertificate(authority.certificate_pem);
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->subject, "CN=musterstadt authority");
  EXPECT_EQ(info->issuer, info->subject);
  EXPECT_TRUE(info->is_authority);
  EXPECT_EQ(info->not_before, kYear.not_before);
  EXPECT_EQ(info->not_after, kYear.not_after);
  EXPECT_TRUE(CheckKeyMatches(authority.certificate_pem, authority.key_pem).ok());
}

TEST(X509Test, LeafSaysWhatItWasIssuedFor) {
  const KeyAndCertificate authority = MakeAuthority();
  const absl::StatusOr<CertificateInfo> client = ParseCertificate(Issue(authority, ClientLeaf()));
  ASSERT_TRUE(client.ok()) << client.status();
  EXPECT_THAT(client->uri_sans,
              ElementsAre("spiffe://musterstadt/participant/bwb", "spiffe://musterstadt/role/agency"));
  EXPECT_THAT(client->ekus, ElementsAre(kClientAuth));
  EXPECT_FALSE(client->is_authority);
  EXPECT_EQ(client->fingerprint_sha256.size(), 64u);

  const absl::StatusOr<CertificateInfo> server = ParseCertificate(Issue(authority, ServerLeaf()));
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_THAT(server->dns_sans, ElementsAre("localhost", "exchange.musterstadt.de"));
  EXPECT_THAT(server->ip_sans, ElementsAre("127.0.0.1", "::1"));
  EXPECT_THAT(server->ekus, ElementsAre(kServerAuth));
}

TEST(X509Test, SerialsAreRandomAnd128BitsLong) {
  const KeyAndCertificate authority = MakeAuthority();
  std::set<std::string> serials;
  size_t digits_most = 0;
  for (int i = 0; i < 20; ++i) {
    const absl::StatusOr<CertificateInfo> info = ParseCertificate(Issue(authority, ClientLeaf()));
    ASSERT_TRUE(info.ok());
    digits_most = std::max(digits_most, info->serial_hex.size());
    serials.insert(info->serial_hex);
  }
  EXPECT_EQ(serials.size(), 20u);
  EXPECT_EQ(digits_most, 32u);
}

TEST(X509Test, LeafNeverOutlivesItsAuthority) {
  const KeyAndCertificate authority = MakeAuthority();
  LeafOptions options = ClientLeaf();
  options.validity = {kNow - absl::Hours(24 * 900), kNow + absl::Hours(24 * 9000)};
  const absl::StatusOr<CertificateInfo> info = ParseCertificate(Issue(authority, options));
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->not_before, kYear.not_before);
  EXPECT_EQ(info->not_after, kYear.not_after);

  options.validity = {kYear.not_after + absl::Hours(1), kYear.not_after + absl::Hours(2)};
  EXPECT_EQ(IssueLeaf(authority, options).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(X509Test, UnencodableOptionsAreRefusedByName) {
  const KeyAndCertificate authority = MakeAuthority();
  struct Row {
    const char* name;
    void (*change)(LeafOptions&);
    const char* message;
  };
  const Row rows[] = {
      {"empty common name", [](LeafOptions& o) { o.common_name = ""; }, "1 to 64 bytes"},
      {"long common name", [](LeafOptions& o) { o.common_name = std::string(65, 'a'); }, "has 65"},
      {"space in a URI", [](LeafOptions& o) { o.uri_sans = {"spiffe://a b"}; }, "`spiffe://a b`"},
      {"NUL in a DNS name", [](LeafOptions& o) { o.dns_sans = {std::string("a\0b", 3)}; }, "visible ASCII"},
      {"umlaut in a DNS name", [](LeafOptions& o) { o.dns_sans = {"köln.de"}; }, "`köln.de`"},
      {"no address", [](LeafOptions& o) { o.ip_sans = {"127.0.0.256"}; }, "`127.0.0.256` is not an IP address"},
      {"ends before it begins", [](LeafOptions& o) { o.validity.not_after = o.validity.not_before; }, "validity"},
  };
  for (const Row& row : rows) {
    LeafOptions options = ClientLeaf();
    row.change(options);
    const absl::Status status = IssueLeaf(authority, options).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << row.name << ": " << status;
    EXPECT_THAT(status.message(), HasSubstr(row.message)) << row.name;
  }
}

TEST(X509Test, AlternativeNamesCannotSmuggleFurtherExtensions) {
  LeafOptions options = ClientLeaf();
  options.dns_sans = {"a,URI:spiffe://musterstadt/role/officer"};
  const absl::StatusOr<CertificateInfo> info = ParseCertificate(Issue(MakeAuthority(), options));
  ASSERT_TRUE(info.ok());
  EXPECT_THAT(info->uri_sans, ElementsAre(options.uri_sans[0], options.uri_sans[1]));
  EXPECT_THAT(info->dns_sans, ElementsAre(options.dns_sans[0]));
}

TEST(X509Test, OnlyAnAuthorityWithItsOwnKeyIssues) {
  const KeyAndCertificate authority = MakeAuthority();
  const absl::StatusOr<KeyAndCertificate> leaf = IssueLeaf(authority, ClientLeaf());
  ASSERT_TRUE(leaf.ok());
  EXPECT_EQ(IssueLeaf(*leaf, ClientLeaf()).status().code(), absl::StatusCode::kFailedPrecondition);
  const KeyAndCertificate mixed{MakeAuthority().key_pem, authority.certificate_pem};
  EXPECT_EQ(IssueLeaf(mixed, ClientLeaf()).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(X509Test, ChainVerdicts) {
  const KeyAndCertificate authority = MakeAuthority();
  const KeyAndCertificate other = MakeAuthority("elsewhere authority");
  const KeyAndCertificate namesake = MakeAuthority();  // the same name, another key
  const std::string client = Issue(authority, ClientLeaf());
  const std::string server = Issue(authority, ServerLeaf());
  LeafOptions plain = ClientLeaf();
  plain.client_auth = false;
  const std::string no_eku = Issue(authority, plain);
  const std::string both_roots = other.certificate_pem + authority.certificate_pem;
  struct Row {
    const char* name;
    std::string leaf;
    std::string roots;
    CertificateUse use;
    absl::Time at;
    const char* message;  // empty: accepted
  };
  const Row rows[] = {
      {"good client", client, authority.certificate_pem, CertificateUse::kClient, kNow, ""},
      {"good server", server, authority.certificate_pem, CertificateUse::kServer, kNow, ""},
      {"one of two roots", client, both_roots, CertificateUse::kClient, kNow, ""},
      {"no usage says nothing against it", no_eku, authority.certificate_pem, CertificateUse::kClient, kNow, ""},
      {"another authority", client, other.certificate_pem, CertificateUse::kClient, kNow, "not trusted here"},
      {"an authority of the same name", client, namesake.certificate_pem, CertificateUse::kClient, kNow,
       "not trusted here"},
      {"a client as server", client, authority.certificate_pem, CertificateUse::kServer, kNow, "not meant for"},
      {"a server as client", server, authority.certificate_pem, CertificateUse::kClient, kNow, "not meant for"},
      {"too late", client, authority.certificate_pem, CertificateUse::kClient, kNow + absl::Hours(24 * 31), "expired"},
      {"too early", client, authority.certificate_pem, CertificateUse::kClient, kNow - absl::Hours(1), "valid from"},
  };
  for (const Row& row : rows) {
    const absl::Status status = VerifyChain(row.leaf, "", row.roots, row.use, row.at);
    if (std::string_view(row.message).empty()) {
      EXPECT_TRUE(status.ok()) << row.name << ": " << status;
    } else {
      const bool unknown = std::string_view(row.message) == "not trusted here";
      EXPECT_EQ(status.code(), unknown ? absl::StatusCode::kNotFound : absl::StatusCode::kUnauthenticated)
          << row.name << ": " << status;
      EXPECT_THAT(status.message(), HasSubstr(row.message)) << row.name;
    }
  }
}

TEST(X509Test, EveryFlippedBitOfASignatureOrBodyIsRefused) {
  const KeyAndCertificate authority = MakeAuthority();
  const absl::StatusOr<std::vector<PemBlock>> blocks = DecodePem(Issue(authority, ClientLeaf()));
  ASSERT_TRUE(blocks.ok());
  const std::string& der = blocks->front().der;
  for (size_t byte = 0; byte < der.size(); ++byte) {
    std::string bad = der;
    bad[byte] = static_cast<char>(bad[byte] ^ (1 << (byte % 8)));
    EXPECT_FALSE(
        VerifyChain(EncodePem(kPemCertificate, bad), "", authority.certificate_pem, CertificateUse::kClient, kNow).ok())
        << "byte " << byte;
  }
}

TEST(X509Test, KeyOfAnotherCertificateDoesNotMatch) {
  const KeyAndCertificate authority = MakeAuthority();
  const absl::Status status = CheckKeyMatches(authority.certificate_pem, MakeAuthority().key_pem);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
}

TEST(X509Test, UnreadableInputSaysWhatItIs) {
  const KeyAndCertificate authority = MakeAuthority();
  const std::string pem = authority.certificate_pem;
  EXPECT_THAT(ParseCertificate("").status().message(), HasSubstr("no PEM block"));
  EXPECT_THAT(ParseCertificate("garbage\xff").status().message(), HasSubstr("no PEM block"));
  EXPECT_THAT(ParseCertificate(authority.key_pem).status().message(), HasSubstr("only a block `PRIVATE KEY`"));
  EXPECT_THAT(ParseCertificate(pem.substr(0, pem.size() / 2)).status().message(), HasSubstr("damaged or cut off"));
  EXPECT_THAT(ParseCertificate(EncodePem(kPemCertificate, "nonsense")).status().message(), HasSubstr("cannot be read"));
  EXPECT_THAT(CheckKeyMatches(pem, "").message(), HasSubstr("the key is unusable"));
  EXPECT_THAT(CheckKeyMatches(pem, pem).message(), HasSubstr("only a block `CERTIFICATE`"));
  EXPECT_THAT(CheckKeyMatches("", authority.key_pem).message(), HasSubstr("the certificate is unusable"));
}

TEST(X509Test, KeyWithPassphraseIsRefusedWithoutAskingForIt) {
  const KeyAndCertificate authority = MakeAuthority();
  const std::string sealed = absl::StrReplaceAll(authority.key_pem, {{"PRIVATE KEY", "ENCRYPTED PRIVATE KEY"}});
  const absl::Status status = CheckKeyMatches(authority.certificate_pem, sealed);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("passphrase"));
}

TEST(PemTest, BundleComesApartInOrder) {
  const std::string first = MakeAuthority("first").certificate_pem;
  const std::string second = MakeAuthority("second").certificate_pem;
  const absl::StatusOr<std::vector<std::string>> split =
      SplitCertificates(absl::StrCat("a comment\n", first, "\nbetween\n", MakeAuthority().key_pem, second, "behind\n"));
  ASSERT_TRUE(split.ok()) << split.status();
  EXPECT_THAT(*split, ElementsAre(first, second));
  const absl::StatusOr<std::vector<CertificateInfo>> infos = ParseCertificates(first + second);
  ASSERT_TRUE(infos.ok());
  EXPECT_EQ(infos->at(1).subject, "CN=second");
}

TEST(PemTest, EncodedBlocksDecodeToTheSameBytes) {
  for (const size_t size : {1u, 47u, 48u, 49u, 5000u}) {
    const std::string der(size, '\xa5');
    const absl::StatusOr<std::vector<PemBlock>> blocks = DecodePem(EncodePem("TEST", der));
    ASSERT_TRUE(blocks.ok()) << size << ": " << blocks.status();
    ASSERT_EQ(blocks->size(), 1u);
    EXPECT_EQ(blocks->front().label, "TEST");
    EXPECT_EQ(blocks->front().der, der) << size;
  }
}

TEST(PemTest, CutOffBundleIsRefusedWhole) {
  const std::string first = MakeAuthority("first").certificate_pem;
  const size_t first_line =
      std::string_view("-----BEGIN CERTIFICATE-----\n").size();  // before it ends nothing has begun
  for (size_t cut = first_line; cut < first.size() - 1; cut += 7) {
    EXPECT_FALSE(DecodePem(absl::StrCat(first, first.substr(0, cut))).ok()) << cut;
  }
}

}  // namespace
}  // namespace allmende::crypto
