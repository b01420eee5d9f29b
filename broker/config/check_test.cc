#include "broker/config/check.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "sdk/base/file.h"
#include "sdk/base/unique_fd.h"
#include "sdk/pki/city.h"
#include "sdk/pki/layout.h"
#include "sdk/testing/test_directory.h"

namespace allmende::broker {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

class CheckTest : public testing::Test {
 protected:
  void SetUp() override {
    pki::CityOptions options;
    options.city = "musterstadt";
    ASSERT_TRUE(pki::InitCity(city_, options, kNow).ok());
    absl::StatusOr<BrokerConfig> config = LoadConfig(layout_.Config());
    ASSERT_TRUE(config.ok()) << config.status();
    config_ = *std::move(config);
    config_.listen = {"127.0.0.1:0"};
    config_.limits.free_disk_bytes_min = 0;  // the test machine's disk is its own affair
  }

  // Everything that is not OK, as it is printed.
  std::string Complaints(absl::Time now = kNow) {
    std::vector<Finding> bad;
    for (Finding& finding : CheckConfig(config_, now)) {
      if (finding.level == Finding::Level::kOk) continue;
      EXPECT_NE(finding.next, "") << finding.what << ": " << finding.why;
      bad.push_back(std::move(finding));
    }
    return FormatFindings(bad);
  }

  void Write(const std::string& path, const std::string& text) {
    const absl::Status status = WriteFileAtomically(path, text, FileAccess::kOwnerOnly);
    ASSERT_TRUE(status.ok()) << status;
  }

  const TestDirectory directory_;
  const std::string city_ = directory_.File("city");
  const pki::CityLayout layout_{city_};
  BrokerConfig config_;
};

TEST_F(CheckTest, NewCityPasses) {
  const std::vector<Finding> findings = CheckConfig(config_, kNow);
  EXPECT_FALSE(HasErrors(findings));
  const std::string text = FormatFindings(findings);
  for (const char* what : {"ok      certificate ", "ok      key ", "ok      authority ", "ok      revocations ",
                           "ok      policies ", "ok      data ", "ok      port 127.0.0.1:0", "ok      admin socket "}) {
    EXPECT_THAT(text, HasSubstr(what));
  }
}

TEST_F(CheckTest, NothingIsLeftBehind) {
  const auto count = [this] { return std::distance(fs::recursive_directory_iterator(city_), {}); };
  const auto before = count();
  CheckConfig(config_, kNow);
  EXPECT_EQ(count(), before);
}

TEST_F(CheckTest, CertificatesOutOfTheirTimeAreErrorsAndSoonEndingOnesWarnings) {
  EXPECT_THAT(Complaints(kNow + absl::Hours(24 * 366)), HasSubstr("error   certificate "));
  EXPECT_THAT(Complaints(kNow + absl::Hours(24 * 366)), HasSubstr("expired at"));
  EXPECT_THAT(Complaints(kNow - absl::Hours(1)), HasSubstr("check this machine's clock"));
  const std::string soon = Complaints(kNow + absl::Hours(24 * 350));
  EXPECT_THAT(soon, HasSubstr("warning certificate "));
  EXPECT_THAT(soon, HasSubstr("for 15 more days"));
  EXPECT_THAT(Complaints(kNow + absl::Hours(24 * 365 * 11)), HasSubstr("error   authority "));
}

TEST_F(CheckTest, UnusableFilesAreNamed) {
  struct Row {
    std::string path;
    const char* text;  // null: the file is taken away
    const char* message;
  };
  const Row rows[] = {
      {layout_.BrokerCertificate(), nullptr, "broker/cert.pem`: No such file"},
      {layout_.BrokerCertificate(), "garbage", "broker/cert.pem` is unusable"},
      {layout_.BrokerKey(), nullptr, "error   key "},
      {layout_.BrokerKey(), "garbage", "the key is unusable"},
      {layout_.AuthorityCertificate(), nullptr, "error   trust"},
      {layout_.AuthorityCertificate(), "-----BEGIN CERTIFICATE-----\nMIIB", "damaged or cut off"},
      {layout_.Revocations(), nullptr, "cannot know who is still welcome"},
      {layout_.Revocations(), "allmende-revocations 1\n2026-03-01T10:00", "cannot be used"},
      {layout_.Baseline(), nullptr, "error   policies "},
      {layout_.Baseline(), "language: en\nbaseline: musterstadt\nlim", "is wrong, at first in line "},
  };
  for (const Row& row : rows) {
    const std::string good = *ReadFile(row.path, 1 << 20);
    fs::remove(row.path);
    if (row.text != nullptr) Write(row.path, row.text);
    EXPECT_THAT(Complaints(), HasSubstr(row.message)) << row.path;
    Write(row.path, good);
  }
  EXPECT_EQ(Complaints(), "");
}

TEST_F(CheckTest, KeyOfAnotherCertificateIsAnError) {
  Write(config_.key, *ReadFile(layout_.AuthorityKey(), 1 << 20));
  EXPECT_THAT(Complaints(), HasSubstr("does not go with"));
}

TEST_F(CheckTest, ClientCertificateIsNoBrokers) {
  pki::IssueOptions agency;
  agency.participant = "bwb";
  agency.roles = {pki::Role::kAgency};
  const absl::StatusOr<pki::NewProfile> profile = pki::IssueCertificate(city_, agency, kNow);
  ASSERT_TRUE(profile.ok()) << profile.status();
  config_.certificate = profile->directory + "/cert.pem";
  config_.key = profile->directory + "/key.pem";
  EXPECT_THAT(Complaints(), HasSubstr("lacks the extended key usage `serverAuth`"));
}

TEST_F(CheckTest, KeyThatOthersMayReadIsAnError) {
  fs::permissions(config_.key, fs::perms::owner_read | fs::perms::group_read);
  const std::string complaints = Complaints();
  EXPECT_THAT(complaints, HasSubstr("others may read it (mode 0440)"));
  EXPECT_THAT(complaints, HasSubstr(absl::StrCat("→ chmod 600 ", config_.key)));
}

TEST_F(CheckTest, PortInUseIsAnError) {
  const UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(fd.get(), 1), 0);
  ASSERT_EQ(getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  const std::string taken = absl::StrCat("127.0.0.1:", ntohs(address.sin_port));

  config_.listen = {"127.0.0.1:0", taken};
  EXPECT_THAT(Complaints(), HasSubstr(absl::StrCat("error   port ", taken, ": Address already in use")));
  EXPECT_THAT(Complaints(), HasSubstr("stop what listens there"));
  config_.listen = {"127.0.0.1:0"};
  config_.metrics_listen = taken;
  EXPECT_THAT(Complaints(), HasSubstr(absl::StrCat("error   port ", taken)));
}

TEST_F(CheckTest, AddressOfAnotherMachineIsAnError) {
  config_.listen = {"192.0.2.1:0"};  // set aside for documentation, so nobody has it
  EXPECT_THAT(Complaints(), HasSubstr("listen on an address of this machine"));
}

TEST_F(CheckTest, DataThatCannotBeWrittenIsAnError) {
  for (const char* path : {"/proc/data", "/nowhere/at/all"}) {
    config_.data = path;
    EXPECT_THAT(Complaints(), HasSubstr(absl::StrCat("error   data ", path, ": cannot")));
  }
  config_.data = layout_.Config();  // a file
  EXPECT_THAT(Complaints(), HasSubstr("error   data "));
}

TEST_F(CheckTest, DirectoryThatIsYetToBeMadeIsNoError) {
  config_.data = city_ + "/later";
  EXPECT_EQ(Complaints(), "");
  EXPECT_FALSE(fs::exists(config_.data));
}

// The service manager does not start a broker whose check has errors; such a broker would still serve reads.
TEST_F(CheckTest, LittleDiskIsAWarning) {
  const int64_t free_bytes = static_cast<int64_t>(fs::space(config_.data).available);
  config_.limits.free_disk_bytes_min = free_bytes / 2;
  EXPECT_THAT(Complaints(), HasSubstr("warning data "));
  config_.limits.free_disk_bytes_min = free_bytes * 2 + 1;
  EXPECT_THAT(Complaints(), HasSubstr("publishing is refused"));
  EXPECT_THAT(Complaints(), HasSubstr("warning data "));
  EXPECT_FALSE(HasErrors(CheckConfig(config_, kNow)));
}

TEST_F(CheckTest, WhereABrokerHasRunItsBaselineFileIsNotNeededAnyMore) {
  fs::create_directories(config_.data + "/log");
  Write(layout_.Baseline(), "language: en\nbaseline: musterstadt\nlim");
  EXPECT_THAT(Complaints(), HasSubstr("warning policies "));
  fs::remove(layout_.Baseline());
  EXPECT_THAT(Complaints(), HasSubstr("warning policies "));
  EXPECT_FALSE(HasErrors(CheckConfig(config_, kNow)));
}

TEST_F(CheckTest, SocketNeedsItsFolder) {
  config_.admin_socket = city_ + "/no/admin.sock";
  EXPECT_THAT(Complaints(), HasSubstr(absl::StrCat("→ mkdir -p ", city_, "/no")));
}

TEST_F(CheckTest, EverythingIsLookedAtInOneRun) {
  fs::remove(config_.key);
  fs::remove(layout_.Revocations());
  fs::remove(layout_.Baseline());
  config_.data = "/proc/data";
  const std::string complaints = Complaints();
  for (const char* what :
       {"error   certificate", "error   key", "error   revocations", "error   policies", "error   data"}) {
    EXPECT_THAT(complaints, HasSubstr(what));
  }
}

}  // namespace
}  // namespace allmende::broker
