#include "sdk/rpc/peer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <grpc/grpc_security_constants.h>

#include "sdk/base/text.h"
#include "sdk/rpc/testing/test_city.h"

namespace allmende::rpc {
namespace {

using ::testing::HasSubstr;

struct NoProperties : grpc::AuthPropertyIterator {};  // whose constructor is protected

// What a connection says about its peer.
class FakeContext final : public grpc::AuthContext {
 public:
  explicit FakeContext(std::string certificate, std::string chain = "")
      : certificate_(std::move(certificate)), chain_(std::move(chain)) {}

  std::vector<grpc::string_ref> FindPropertyValues(const std::string& name) const override {
    if (name == GRPC_X509_PEM_CERT_PROPERTY_NAME && !certificate_.empty()) return {certificate_};
    if (name == GRPC_X509_PEM_CERT_CHAIN_PROPERTY_NAME && !chain_.empty()) return {chain_};
    return {};
  }
  bool IsPeerAuthenticated() const override { return true; }
  std::vector<grpc::string_ref> GetPeerIdentity() const override { return {}; }
  std::string GetPeerIdentityPropertyName() const override { return ""; }
  grpc::AuthPropertyIterator begin() const override { return NoProperties(); }
  grpc::AuthPropertyIterator end() const override { return NoProperties(); }
  void AddProperty(const std::string&, const grpc::string_ref&) override {}
  bool SetPeerIdentityPropertyName(const std::string&) override { return false; }

 private:
  const std::string certificate_;
  const std::string chain_;
};

class PeerTest : public testing::Test {
 protected:
  void SetUp() override {
    absl::StatusOr<std::unique_ptr<pki::RevocationRegister>> revocations =
        pki::RevocationRegister::Open(city_.Path("revoked.list"));
    ASSERT_TRUE(revocations.ok()) << revocations.status();
    revocations_ = *std::move(revocations);
    peers_ = std::make_unique<PeerIdentifier>(&trust_, revocations_.get());
  }

  std::string Certificate(const std::string& participant) {
    absl::StatusOr<std::string> pem =
        ReadFile(city_.Issue(participant, city_.Client(participant)).certificate, pki::kPemBytesMax);
    EXPECT_TRUE(pem.ok()) << pem.status();
    return *pem;
  }

  void Revoke(const pki::Revocation& entry) {
    city_.Write("revoked.list", pki::FormatRevocations({entry}));
    EXPECT_TRUE(revocations_->Refresh().ok());
  }

  const TestCity city_{"musterstadt"};
  const pki::TrustStore trust_ = city_.Trust();
  std::unique_ptr<pki::RevocationRegister> revocations_;
  std::unique_ptr<PeerIdentifier> peers_;
};

TEST_F(PeerTest, CallWithoutCertificateIsNobodys) {
  const absl::Status status = peers_->Identify(FakeContext(""), city_.now()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_THAT(std::string(status.message()), HasSubstr("without a certificate"));
}

TEST_F(PeerTest, CertificateSeenBeforeIsNotVerifiedAgain) {
  const FakeContext context(Certificate("bwb"));
  const auto first = peers_->Identify(context, city_.now());
  const auto second = peers_->Identify(context, city_.now());
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(first->get(), second->get());
}

TEST_F(PeerTest, RevocationAndExpiryCountForCertificatesSeenBefore) {
  const FakeContext context(Certificate("bwb"));
  const auto identity = peers_->Identify(context, city_.now());
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_EQ(peers_->Identify(context, city_.now() + Days(91)).status().code(), absl::StatusCode::kUnauthenticated);
  EXPECT_TRUE(peers_->Recheck(**identity, city_.now()).ok());

  Revoke({city_.now(), pki::Revocation::Kind::kSerial, (*identity)->serial, "key lost"});
  EXPECT_EQ(peers_->Identify(context, city_.now()).status().code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(peers_->Recheck(**identity, city_.now()).code(), absl::StatusCode::kUnauthenticated);
}

TEST_F(PeerTest, RefusedCertificateIsNotRemembered) {
  const FakeContext context(Certificate("bwb"));
  EXPECT_FALSE(peers_->Identify(context, city_.now() - Days(3)).ok());
  EXPECT_TRUE(peers_->Identify(context, city_.now()).ok());
}

TEST_F(PeerTest, MoreCertificatesThanAreRememberedAllWork) {
  const FakeContext first(Certificate("first"));
  ASSERT_TRUE(peers_->Identify(first, city_.now()).ok());
  const std::string pem = Certificate("bwb");
  for (size_t i = 0; i <= PeerIdentifier::kCachedMax; ++i) {
    // Other text, the same certificate: as many entries as one peer could make by varying its chain.
    const auto identity = peers_->Identify(FakeContext(pem, absl::StrCat(pem, "\n", i)), city_.now());
    ASSERT_TRUE(identity.ok()) << identity.status();
    EXPECT_EQ((*identity)->participant, "bwb");
  }
  EXPECT_TRUE(peers_->Identify(first, city_.now()).ok());
}

}  // namespace
}  // namespace allmende::rpc
