#include "sdk/pki/city.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "policy/language/inline_tests.h"
#include "policy/language/parse.h"
#include "sdk/base/file.h"
#include "sdk/base/lock_file.h"
#include "sdk/crypto/x509.h"
#include "sdk/pki/layout.h"
#include "sdk/pki/pair.h"
#include "sdk/pki/profile.h"
#include "sdk/pki/trust.h"
#include "sdk/testing/test_directory.h"

namespace allmende::pki {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
constexpr absl::Duration kDay = absl::Hours(24);

std::string Text(const absl::Status& status) {
  return std::string(status.message());
}

std::string ReadOrDie(const std::string& path) {
  absl::StatusOr<std::string> text = ReadFile(path, 1 << 20);
  EXPECT_TRUE(text.ok()) << text.status();
  return text.value_or("");
}

IssueOptions Agency(const std::string& participant) {
  IssueOptions options;
  options.participant = participant;
  options.roles = {Role::kAgency};
  return options;
}

IssueOptions Officer(const std::string& participant, const std::string& member) {
  IssueOptions options = Agency(participant);
  options.member = member;
  options.roles = {Role::kOfficer};
  return options;
}

class CityTest : public testing::Test {
 protected:
  CityOptions Options() {
    CityOptions options;
    options.city = "musterstadt";
    return options;
  }
  void Init(const CityOptions& options) {
    const auto profiles = InitCity(city_, options, kNow);
    ASSERT_TRUE(profiles.ok()) << profiles.status();
  }
  void Init() { Init(Options()); }

  Identity Identify(const std::string& certificate, absl::Time at = kNow) {
    absl::StatusOr<TrustStore> store =
        TrustStore::Create("musterstadt", {{ReadOrDie(layout_.AuthorityCertificate()), "ca", "musterstadt", {}}});
    EXPECT_TRUE(store.ok()) << store.status();
    absl::StatusOr<Identity> identity = store->Identify(ReadOrDie(certificate), "", at);
    EXPECT_TRUE(identity.ok()) << identity.status();
    return identity.value_or(Identity());
  }

  // Every file of the city with its content, to see that nothing changed.
  std::map<std::string, std::string> Files() {
    std::map<std::string, std::string> files;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(city_)) {
      if (entry.is_regular_file() && entry.path().filename() != ".lock") {
        files[entry.path().string()] = ReadOrDie(entry.path().string());
      }
    }
    return files;
  }

  const TestDirectory directory_;
  const std::string city_ = directory_.File("city");
  const CityLayout layout_{city_};
};

TEST_F(CityTest, NewCityHasEverythingABrokerNeeds) {
  CityOptions options = Options();
  options.first = {Agency("bwb"), Officer("bwb", "anna")};
  const auto profiles = InitCity(city_, options, kNow);
  ASSERT_TRUE(profiles.ok()) << profiles.status();

  const auto pair = LoadPair({layout_.BrokerCertificate(), layout_.BrokerKey()}, crypto::CertificateUse::kServer, kNow);
  ASSERT_TRUE(pair.ok()) << pair.status();
  EXPECT_THAT(pair->info.dns_sans, ElementsAre("localhost"));
  EXPECT_THAT(pair->info.ip_sans, ElementsAre("127.0.0.1", "::1"));
  EXPECT_TRUE(crypto::VerifyChain(pair->pem.certificate_pem, "", ReadOrDie(layout_.AuthorityCertificate()),
                                  crypto::CertificateUse::kServer, kNow)
                  .ok());
  EXPECT_TRUE(RevocationRegister::Open(layout_.Revocations()).ok());
  for (const std::string& folder : {layout_.Data(), layout_.Run(), layout_.Policies()}) {
    EXPECT_TRUE(fs::is_directory(folder)) << folder;
  }

  ASSERT_EQ(profiles->size(), 2u);
  EXPECT_EQ(profiles->at(0).directory, layout_.ProfileDirectory("bwb"));
  EXPECT_EQ(profiles->at(1).directory, layout_.ProfileDirectory("bwb", "anna"));
  EXPECT_EQ(Identify(layout_.ProfileDirectory("bwb") + "/cert.pem").Name(), "bwb");
  const Identity anna = Identify(layout_.ProfileDirectory("bwb", "anna") + "/cert.pem");
  EXPECT_EQ(anna.Name(), "bwb/anna");
  EXPECT_EQ(anna.roles, RoleSet{Role::kOfficer});
  EXPECT_EQ(anna.serial, profiles->at(1).serial);
}

TEST_F(CityTest, BaselinePolicyIsAGoodOne) {
  Init();
  const std::string text = ReadOrDie(layout_.Baseline());
  const policy::BaselineParseResult parsed = policy::ParseBaseline(text, "city.baseline.yaml");
  for (const policy::Diagnostic& diagnostic : parsed.diagnostics) {
    ADD_FAILURE() << policy::RenderDiagnostic(diagnostic, policy::Language::kEnglish);
  }
  ASSERT_TRUE(parsed.baseline.has_value());
  EXPECT_EQ(parsed.baseline->city, "musterstadt");
  const policy::TestReport report = policy::RunInlineTests(*parsed.baseline, text);
  EXPECT_EQ(report.passed, 5);
  for (const policy::Diagnostic& diagnostic : report.diagnostics) {
    ADD_FAILURE() << policy::RenderDiagnostic(diagnostic, policy::Language::kEnglish);
  }
}

TEST_F(CityTest, OnlyTheOwnerReadsKeys) {
  CityOptions options = Options();
  options.first = {Agency("bwb")};
  Init(options);
  int keys = 0;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(city_)) {
    struct stat status = {};
    ASSERT_EQ(stat(entry.path().c_str(), &status), 0);
    const std::string path = entry.path().string();
    if (absl::StrContains(path, "key")) {
      EXPECT_EQ(status.st_mode & 07777, 0600u) << path;
      ++keys;
    }
  }
  EXPECT_EQ(keys, 3);
  for (const std::string& folder : {layout_.Data(), layout_.AuthorityDirectory(), layout_.ProfileDirectory("bwb")}) {
    struct stat status = {};
    ASSERT_EQ(stat(folder.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0077, 0u) << folder;
  }
}

TEST_F(CityTest, SecondInitChangesNothing) {
  Init();
  const auto before = Files();
  CityOptions other = Options();
  other.city = "elsewhere";
  const absl::Status status = InitCity(city_, other, kNow).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(Text(status), HasSubstr("holds a city already"));
  EXPECT_EQ(Files(), before);
}

TEST_F(CityTest, ForeignFilesAreNotOverwritten) {
  ASSERT_TRUE(EnsureDirectory(city_, FileAccess::kEverybody).ok());
  ASSERT_TRUE(WriteFileAtomically(city_ + "/revoked.list", "mine", FileAccess::kEverybody).ok());
  ASSERT_TRUE(WriteFileAtomically(city_ + "/notes.txt", "mine", FileAccess::kEverybody).ok());
  const absl::Status status = InitCity(city_, Options(), kNow).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(Text(status), HasSubstr("holds revoked.list, which would be overwritten"));
  EXPECT_EQ(Files().size(), 2u);

  fs::remove(city_ + "/revoked.list");
  Init();
  EXPECT_EQ(ReadOrDie(city_ + "/notes.txt"), "mine");
}

TEST_F(CityTest, LeftoversOfAKilledInitDoNotHinder) {
  ASSERT_TRUE(EnsureDirectory(city_, FileAccess::kEverybody).ok());
  fs::create_directories(layout_.Staging() + "/ca");
  Init();
  EXPECT_FALSE(fs::exists(layout_.Staging()));
}

TEST_F(CityTest, InitThatWasKilledWhileMovingInIsSaidToBeOne) {
  ASSERT_TRUE(EnsureDirectory(city_, FileAccess::kEverybody).ok());
  fs::create_directories(layout_.Staging());
  fs::create_directories(layout_.AuthorityDirectory());
  ASSERT_TRUE(WriteFileAtomically(layout_.AuthorityKey(), "a key", FileAccess::kOwnerOnly).ok());
  const absl::Status status = InitCity(city_, Options(), kNow).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(Text(status), HasSubstr("was interrupted before it was complete; remove ca and .new there"));
  EXPECT_EQ(ReadOrDie(layout_.AuthorityKey()), "a key");
}

TEST_F(CityTest, FoldersThatCannotBeUsedAreNamed) {
  ASSERT_TRUE(WriteFileAtomically(directory_.File("file"), "x", FileAccess::kEverybody).ok());
  const absl::Status file = InitCity(directory_.File("file"), Options(), kNow).status();
  EXPECT_EQ(file.code(), absl::StatusCode::kFailedPrecondition) << file;
  EXPECT_THAT(Text(file), HasSubstr(directory_.File("file")));
  EXPECT_FALSE(InitCity(directory_.File("file/city"), Options(), kNow).ok());
  EXPECT_EQ(InitCity(directory_.File("a/b"), Options(), kNow).status().code(), absl::StatusCode::kNotFound);
  // Nothing can be created here, not even by root.
  const absl::Status proc = InitCity("/proc/city", Options(), kNow).status();
  EXPECT_THAT(Text(proc), HasSubstr("`/proc"));
}

TEST_F(CityTest, BadOptionsAreRefusedBeforeAnythingIsMade) {
  struct Row {
    void (*change)(CityOptions&);
    const char* message;
  };
  const Row rows[] = {
      {[](CityOptions& o) { o.city = "Muster Stadt"; }, "`Muster Stadt` cannot be a city's name"},
      {[](CityOptions& o) { o.listen = "7443"; }, "is not `host:port`"},
      {[](CityOptions& o) { o.listen = "127.0.0.1:0"; }, "needs a fixed port"},
      {[](CityOptions& o) { o.hosts = {"a b"}; }, "`a b` is neither"},
      {[](CityOptions& o) { o.broker_validity = absl::ZeroDuration(); }, "valid for some time"},
      {[](CityOptions& o) { o.first = {Agency("BWB")}; }, "`BWB` cannot be"},
      {[](CityOptions& o) { o.first = {IssueOptions()}, o.first[0].participant = "bwb"; }, "needs at least one role"},
  };
  for (const Row& row : rows) {
    CityOptions options = Options();
    row.change(options);
    const absl::Status status = InitCity(city_, options, kNow).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << row.message;
    EXPECT_THAT(Text(status), HasSubstr(row.message));
    EXPECT_FALSE(fs::exists(city_)) << row.message;
  }
}

TEST_F(CityTest, FailedInitLeavesNothing) {
  CityOptions options = Options();
  options.first = {Agency("bwb"), Agency("bwb")};
  EXPECT_EQ(InitCity(city_, options, kNow).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(CityTest, ProfilesNameTheHostThatClientsUse) {
  CityOptions options = Options();
  options.listen = "0.0.0.0:7000";
  options.hosts = {"exchange.musterstadt.de", "10.0.0.1"};
  options.first = {Agency("bwb")};
  Init(options);
  EXPECT_THAT(LoadProfile(layout_.ProfileDirectory("bwb"))->endpoints, ElementsAre("exchange.musterstadt.de:7000"));
  const auto info = crypto::ParseCertificate(ReadOrDie(layout_.BrokerCertificate()));
  ASSERT_TRUE(info.ok());
  EXPECT_THAT(info->dns_sans, ElementsAre("localhost", "exchange.musterstadt.de"));
  EXPECT_THAT(info->ip_sans, ElementsAre("127.0.0.1", "::1", "10.0.0.1"));
}

TEST_F(CityTest, IssuedProfileIsComplete) {
  Init();
  IssueOptions options = Agency("vbb");
  options.roles = {Role::kOperator, Role::kAgency};
  options.purpose = "fahrgastinformation";
  const auto issued = IssueCertificate(city_, options, kNow);
  ASSERT_TRUE(issued.ok()) << issued.status();
  const absl::StatusOr<Profile> profile = LoadProfile(issued->directory);
  ASSERT_TRUE(profile.ok()) << profile.status();
  EXPECT_EQ(profile->purpose, "fahrgastinformation");
  EXPECT_THAT(profile->endpoints, ElementsAre("127.0.0.1:7443"));
  EXPECT_TRUE(LoadPair(profile->Pair(), crypto::CertificateUse::kClient, kNow).ok());
  EXPECT_EQ(ReadOrDie(profile->AuthorityPath()), ReadOrDie(layout_.AuthorityCertificate()));
  EXPECT_EQ(Identify(profile->Pair().certificate).roles, (RoleSet{Role::kOperator, Role::kAgency}));
}

TEST_F(CityTest, ExistingProfileIsRenewedOnlyOnRequest) {
  Init();
  IssueOptions options = Agency("bwb");
  options.endpoints = {"other:1"};
  const auto first = IssueCertificate(city_, options, kNow);
  ASSERT_TRUE(first.ok()) << first.status();
  const auto before = Files();
  EXPECT_EQ(IssueCertificate(city_, Agency("bwb"), kNow).status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Files(), before);

  IssueOptions renew = Agency("bwb");
  renew.renew = true;
  const auto second = IssueCertificate(city_, renew, kNow + kDay);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_NE(second->serial, first->serial);
  const absl::StatusOr<Profile> profile = LoadProfile(second->directory);
  ASSERT_TRUE(profile.ok()) << profile.status();
  EXPECT_THAT(profile->endpoints, ElementsAre("other:1"));
  EXPECT_EQ(Identify(profile->Pair().certificate, kNow + kDay).serial, second->serial);
  EXPECT_FALSE(fs::exists(layout_.Staging()));
}

TEST_F(CityTest, IssuingSaysWhyItCannot) {
  EXPECT_EQ(IssueCertificate(city_, Agency("bwb"), kNow).status().code(), absl::StatusCode::kNotFound);
  Init();
  fs::rename(layout_.AuthorityKey(), directory_.File("offline.pem"));
  const absl::Status offline = IssueCertificate(city_, Agency("bwb"), kNow).status();
  EXPECT_EQ(offline.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(Text(offline), HasSubstr("if it is kept elsewhere"));
  fs::rename(directory_.File("offline.pem"), layout_.AuthorityKey());

  const auto lock = LockFile::Acquire(layout_.Lock());
  ASSERT_TRUE(lock.ok());
  EXPECT_EQ(IssueCertificate(city_, Agency("bwb"), kNow).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_FALSE(fs::exists(layout_.ProfileDirectory("bwb")));
}

TEST_F(CityTest, RevokedIsListedAndInTheRegister) {
  CityOptions options = Options();
  options.first = {Agency("bwb"), Agency("vbb")};
  Init(options);
  const std::string serial = Identify(layout_.ProfileDirectory("bwb") + "/cert.pem").serial;
  std::string spelled;  // as other tools show it: AA:BB:...
  for (size_t i = 0; i < serial.size(); i += 2) absl::StrAppend(&spelled, i == 0 ? "" : ":", serial.substr(i, 2));
  absl::AsciiStrToUpper(&spelled);
  ASSERT_TRUE(Revoke(city_, {Revocation::Kind::kSerial, spelled, "key lost"}, kNow).ok());
  EXPECT_EQ(Revoke(city_, {Revocation::Kind::kSerial, serial, ""}, kNow).code(), absl::StatusCode::kAlreadyExists);
  ASSERT_TRUE(Revoke(city_, {Revocation::Kind::kParticipant, "vbb", "gone"}, kNow).ok());

  const auto entries = ListCertificates(city_);
  ASSERT_TRUE(entries.ok()) << entries.status();
  ASSERT_EQ(entries->size(), 3u);
  EXPECT_EQ(entries->at(0).participant, "");
  EXPECT_FALSE(entries->at(0).revoked);
  EXPECT_EQ(entries->at(1).participant, "bwb");
  EXPECT_EQ(entries->at(1).reason, "key lost");
  EXPECT_TRUE(entries->at(2).revoked);

  const auto revocations = RevocationRegister::Open(layout_.Revocations());
  ASSERT_TRUE(revocations.ok());
  EXPECT_FALSE((*revocations)->Check(Identify(layout_.ProfileDirectory("bwb") + "/cert.pem")).ok());
  EXPECT_FALSE((*revocations)->Check(Identify(layout_.ProfileDirectory("vbb") + "/cert.pem")).ok());
  IssueOptions again = Agency("vbb");
  again.renew = true;
  EXPECT_EQ(IssueCertificate(city_, again, kNow).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(CityTest, SerialsAreTakenAsOtherToolsShowThem) {
  Init();
  const absl::StatusOr<NewProfile> issued = IssueCertificate(city_, Agency("bwb"), kNow);
  ASSERT_TRUE(issued.ok()) << issued.status();
  ASSERT_TRUE(Revoke(city_, {Revocation::Kind::kSerial, absl::StrCat("00:", issued->serial), ""}, kNow).ok());
  const auto revocations = RevocationRegister::Open(layout_.Revocations());
  ASSERT_TRUE(revocations.ok());
  EXPECT_FALSE((*revocations)->Check(Identify(layout_.ProfileDirectory("bwb") + "/cert.pem")).ok());
  EXPECT_EQ(Revoke(city_, {Revocation::Kind::kSerial, "17b", "", true}, kNow).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Revoke(city_, {Revocation::Kind::kSerial, "00:17:b", "", true}, kNow).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(CityTest, CertificateRevokedByItsFingerprintIsListedAsRevoked) {
  Init();
  ASSERT_TRUE(IssueCertificate(city_, Agency("bwb"), kNow).ok());
  ASSERT_TRUE(IssueCertificate(city_, Agency("vbb"), kNow).ok());
  const std::string fingerprint = Identify(layout_.ProfileDirectory("bwb") + "/cert.pem").fingerprint;
  ASSERT_TRUE(Revoke(city_, {Revocation::Kind::kCertificate, fingerprint, "key lost"}, kNow).ok());
  const auto entries = ListCertificates(city_);
  ASSERT_TRUE(entries.ok()) << entries.status();
  ASSERT_EQ(entries->size(), 3u);
  EXPECT_TRUE(entries->at(1).revoked);
  EXPECT_EQ(entries->at(1).reason, "key lost");
  EXPECT_FALSE(entries->at(0).revoked);
  EXPECT_FALSE(entries->at(2).revoked);
}

TEST_F(CityTest, RecordsWithoutFingerprintsAreRead) {
  Init();
  ASSERT_TRUE(IssueCertificate(city_, Agency("bwb"), kNow).ok());
  std::vector<std::string> lines = absl::StrSplit(ReadOrDie(layout_.Issued()), '\n');
  for (size_t i = 1; i + 1 < lines.size(); ++i) lines[i].resize(lines[i].rfind(' '));
  ASSERT_TRUE(WriteFileAtomically(layout_.Issued(), absl::StrJoin(lines, "\n"), FileAccess::kEverybody).ok());
  const auto entries = ListCertificates(city_);
  ASSERT_TRUE(entries.ok()) << entries.status();
  EXPECT_EQ(entries->at(1).fingerprint, "");
  EXPECT_FALSE(entries->at(1).revoked);
}

TEST_F(CityTest, SlipsInRevokingAreCaught) {
  Init();
  const auto broker = crypto::ParseCertificate(ReadOrDie(layout_.BrokerCertificate()));
  ASSERT_TRUE(broker.ok());
  const auto before = Files();
  const std::pair<RevokeOptions, absl::StatusCode> rows[] = {
      {{Revocation::Kind::kSerial, "1234", ""}, absl::StatusCode::kNotFound},
      {{Revocation::Kind::kParticipant, "bwb", ""}, absl::StatusCode::kNotFound},
      {{Revocation::Kind::kSerial, "xyz", ""}, absl::StatusCode::kInvalidArgument},
      {{Revocation::Kind::kSerial, "", ""}, absl::StatusCode::kInvalidArgument},
      {{Revocation::Kind::kSerial, "1234", "two\nlines", true}, absl::StatusCode::kInvalidArgument},
      {{Revocation::Kind::kSerial, broker->serial_hex, ""}, absl::StatusCode::kInvalidArgument},
      {{Revocation::Kind::kCertificate, broker->fingerprint_sha256, ""}, absl::StatusCode::kInvalidArgument},
  };
  for (const auto& [options, code] : rows) EXPECT_EQ(Revoke(city_, options, kNow).code(), code) << options.subject;
  EXPECT_EQ(Files(), before);
  EXPECT_TRUE(Revoke(city_, {Revocation::Kind::kParticipant, "thw", "", true}, kNow).ok());
}

TEST_F(CityTest, RenewedBrokerCertificateKeepsItsNames) {
  CityOptions options = Options();
  options.hosts = {"exchange.musterstadt.de"};
  Init(options);
  const auto before = crypto::ParseCertificate(ReadOrDie(layout_.BrokerCertificate()));
  ASSERT_TRUE(RenewBrokerCertificate(city_, {}, 90 * kDay, kNow + kDay).ok());
  const auto pair =
      LoadPair({layout_.BrokerCertificate(), layout_.BrokerKey()}, crypto::CertificateUse::kServer, kNow + kDay);
  ASSERT_TRUE(pair.ok()) << pair.status();
  EXPECT_NE(pair->info.serial_hex, before->serial_hex);
  EXPECT_EQ(pair->info.dns_sans, before->dns_sans);
  EXPECT_EQ(pair->info.ip_sans, before->ip_sans);
  EXPECT_EQ(ListCertificates(city_)->size(), 2u);
}

// As a copy that was cut off, or a full disk, leaves them.
TEST_F(CityTest, HalfWrittenFilesAreNamedAndNothingIsIssued) {
  Init();
  for (const std::string& path : {layout_.City(), layout_.AuthorityCertificate(), layout_.AuthorityKey(),
                                  layout_.Revocations(), layout_.Issued()}) {
    const std::string good = ReadOrDie(path);
    ASSERT_TRUE(WriteFileAtomically(path, good.substr(0, good.size() / 2), FileAccess::kOwnerOnly).ok());
    const auto before = Files();
    const absl::Status status = IssueCertificate(city_, Agency("bwb"), kNow).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << path << ": " << status;
    EXPECT_THAT(Text(status), HasSubstr(path));
    EXPECT_FALSE(fs::exists(layout_.ProfileDirectory("bwb")));
    fs::remove_all(layout_.Staging());
    for (const auto& [file, content] : before) EXPECT_EQ(ReadOrDie(file), content) << file;
    ASSERT_TRUE(WriteFileAtomically(path, good, FileAccess::kOwnerOnly).ok());
  }
  EXPECT_TRUE(IssueCertificate(city_, Agency("bwb"), kNow).ok());
}

TEST_F(CityTest, KeyOfAnotherAuthorityIssuesNothing) {
  Init();
  const absl::StatusOr<crypto::KeyAndCertificate> other =
      crypto::CreateAuthority("other", {kNow - kDay, kNow + 100 * kDay});
  ASSERT_TRUE(other.ok());
  ASSERT_TRUE(WriteFileAtomically(layout_.AuthorityKey(), other->key_pem, FileAccess::kOwnerOnly).ok());
  EXPECT_EQ(IssueCertificate(city_, Agency("bwb"), kNow).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(RenewBrokerCertificate(city_, {}, kDay, kNow).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(LoadPair({layout_.BrokerCertificate(), layout_.BrokerKey()}, crypto::CertificateUse::kServer, kNow).ok());
}

TEST_F(CityTest, AuthorityThatHasEndedIssuesNothing) {
  Init();
  const absl::Status status = IssueCertificate(city_, Agency("bwb"), kNow + 3651 * kDay).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_FALSE(fs::exists(layout_.ProfileDirectory("bwb")));
}

TEST_F(CityTest, SpoiledRecordsAreErrorsWithALine) {
  Init();
  const std::string good = ReadOrDie(layout_.Issued());
  for (const std::string& bad : {std::string("nonsense\n"), good + "half", good + "a b c d e\n"}) {
    ASSERT_TRUE(WriteFileAtomically(layout_.Issued(), bad, FileAccess::kEverybody).ok());
    EXPECT_EQ(ListCertificates(city_).status().code(), absl::StatusCode::kInvalidArgument) << bad;
    EXPECT_FALSE(IssueCertificate(city_, Agency("bwb"), kNow).ok());
  }
  EXPECT_THAT(Text(ListCertificates(city_).status()), HasSubstr("line 3 of"));
}

}  // namespace
}  // namespace allmende::pki
