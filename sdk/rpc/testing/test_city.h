// For tests: an authority that issues whatever a test needs, and a folder to keep it in.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "sdk/base/file.h"
#include "sdk/crypto/x509.h"
#include "sdk/pki/identity.h"
#include "sdk/pki/pair.h"
#include "sdk/pki/revocation.h"
#include "sdk/pki/trust.h"
#include "sdk/testing/test_directory.h"

namespace allmende::rpc {

inline absl::Duration Days(int days) {
  return absl::Hours(24 * days);
}

// TLS reads the machine's clock, so certificates are issued around the present.
class TestCity {
 public:
  explicit TestCity(const std::string& name) : name_(name), now_(absl::Now()) {
    absl::StatusOr<crypto::KeyAndCertificate> authority =
        crypto::CreateAuthority(absl::StrCat(name, " authority"), {now_ - Days(100), now_ + Days(1000)});
    EXPECT_TRUE(authority.ok()) << authority.status();
    authority_ = *authority;
    Write("ca.pem", authority_.certificate_pem);
    Write("revoked.list", pki::FormatRevocations({}));
  }

  absl::Time now() const { return now_; }
  std::string Path(const std::string& file) const { return directory_.File(file); }
  const std::string& authority_pem() const { return authority_.certificate_pem; }

  void Write(const std::string& file, const std::string& text) const {
    const absl::Status status = WriteFileAtomically(Path(file), text, FileAccess::kOwnerOnly);
    EXPECT_TRUE(status.ok()) << status;
  }

  crypto::LeafOptions Client(const std::string& participant) const {
    crypto::LeafOptions options;
    options.common_name = participant;
    options.uri_sans = {pki::ParticipantUri(name_, participant), pki::RoleUri(name_, pki::Role::kAgency)};
    options.client_auth = true;
    options.validity = {now_ - Days(2), now_ + Days(90)};
    return options;
  }

  crypto::LeafOptions Broker() const {
    crypto::LeafOptions options;
    options.common_name = "broker";
    options.dns_sans = {"localhost"};
    options.ip_sans = {"127.0.0.1"};
    options.server_auth = true;
    options.validity = {now_ - Days(2), now_ + Days(90)};
    return options;
  }

  // Issues, and writes `<stem>.pem` and `<stem>.key`.
  pki::PairFiles Issue(const std::string& stem, const crypto::LeafOptions& options) const {
    const absl::StatusOr<crypto::KeyAndCertificate> pair = crypto::IssueLeaf(authority_, options);
    EXPECT_TRUE(pair.ok()) << pair.status();
    Write(stem + ".pem", pair->certificate_pem);
    Write(stem + ".key", pair->key_pem);
    return Files(stem);
  }
  pki::PairFiles Files(const std::string& stem) const { return {Path(stem + ".pem"), Path(stem + ".key")}; }

  pki::TrustStore Trust() const {
    absl::StatusOr<pki::TrustStore> store = pki::TrustStore::Create(name_, {{authority_pem(), "ca.pem", name_, {}}});
    EXPECT_TRUE(store.ok()) << store.status();
    return *std::move(store);
  }

 private:
  const std::string name_;
  const absl::Time now_;
  const TestDirectory directory_;
  crypto::KeyAndCertificate authority_;
};

}  // namespace allmende::rpc
