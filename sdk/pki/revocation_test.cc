#include "sdk/pki/revocation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "absl/strings/str_cat.h"
#include "sdk/base/file.h"
#include "sdk/testing/test_directory.h"

namespace allmende::pki {
namespace {

using ::testing::HasSubstr;
using Kind = Revocation::Kind;

const absl::Time kTime = absl::FromUnixSeconds(1'772'000'000);
const char kFingerprint[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

std::string Text(const absl::Status& status) {
  return std::string(status.message());
}

Identity Somebody() {
  Identity identity;
  identity.participant = "bwb";
  identity.member = "anna";
  identity.serial = "5f3a";
  identity.fingerprint = kFingerprint;
  return identity;
}

class RevocationTest : public testing::Test {
 protected:
  std::string Path() const { return directory_.File("revoked.list"); }
  void Write(const std::string& text) {
    const absl::Status status = WriteFileAtomically(Path(), text, FileAccess::kEverybody);
    ASSERT_TRUE(status.ok()) << status;
  }
  std::unique_ptr<RevocationRegister> Open() {
    absl::StatusOr<std::unique_ptr<RevocationRegister>> opened = RevocationRegister::Open(Path());
    EXPECT_TRUE(opened.ok()) << opened.status();
    return *std::move(opened);
  }

  const TestDirectory directory_;
};

TEST_F(RevocationTest, FileReadsBackAsItWasWritten) {
  const std::vector<Revocation> written = {{kTime, Kind::kSerial, "5f3a", "key lost with a laptop"},
                                           {kTime, Kind::kCertificate, kFingerprint, ""},
                                           {kTime, Kind::kParticipant, "navi-ag", "Vertrag beendet (§ 7)"}};
  const absl::StatusOr<std::vector<Revocation>> read = ParseRevocations(FormatRevocations(written));
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->size(), written.size());
  for (size_t i = 0; i < written.size(); ++i) {
    EXPECT_EQ(read->at(i).time, written[i].time);
    EXPECT_EQ(read->at(i).kind, written[i].kind);
    EXPECT_EQ(read->at(i).subject, written[i].subject);
    EXPECT_EQ(read->at(i).reason, written[i].reason);
  }
}

TEST_F(RevocationTest, CommentsAndEmptyLinesAreSkipped) {
  const auto read = ParseRevocations("allmende-revocations 1\n# by hand\n\n2026-02-25T06:13:20Z serial 5f3a\n");
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->size(), 1u);
  EXPECT_EQ(read->front().time, kTime);
}

TEST_F(RevocationTest, AnythingNotUnderstoodIsAnError) {
  const std::string good = "allmende-revocations 1\n2026-02-25T06:13:20Z serial 5f3a\n";
  const std::pair<std::string, const char*> rows[] = {
      {"", "line 1 is not `allmende-revocations 1`"},
      {"allmende-revocations 2\n", "line 1 is not"},
      {"\n" + good, "line 1 is not"},
      {"allmende-revocations 1", "has no end"},
      {good + "2026-02-25T06:13:20Z serial 5f", "line 3 has no end"},
      {good + "2026-02-25 serial 5f3a\n", "line 3: an entry is"},
      {good + "2026-02-25T06:13:20Z serial\n", "line 3: an entry is"},
      {good + "2026-02-25T06:13:20Z member anna\n", "`member` is not one of"},
      {good + "2026-02-25T06:13:20Z serial 5F3A\n", "`5F3A` is no serial"},
      {good + "2026-02-25T06:13:20Z serial 0x5f\n", "is no serial"},
      {good + "2026-02-25T06:13:20Z serial 5f3\n", "`5f3` is no serial: it takes two hex digits for each byte"},
      {good + "2026-02-25T06:13:20Z serial 005f3a\n", "`005f3a` is no serial: it takes two hex digits"},
      {good + "2026-02-25T06:13:20Z certificate 5f3a\n", "is no fingerprint"},
      {good + "2026-02-25T06:13:20Z participant BWB\n", "`BWB` cannot be"},
      {good + "2026-02-25T06:13:20Z serial 5f3a why\tso\n", "a reason is one line"},
      {good + "2026-02-25T06:13:20Z serial 5f3a " + std::string(201, 'x') + "\n", "a reason is one line"},
      {good + "2026-02-25T06:13:20Z serial 5f3a\r\n", "is no serial"},
  };
  for (const auto& [text, message] : rows) {
    const absl::Status status = ParseRevocations(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(Text(status), HasSubstr(message));
  }
}

TEST_F(RevocationTest, MissingRegisterIsNeverAnEmptyOne) {
  const absl::Status status = RevocationRegister::Open(Path()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(Text(status), HasSubstr("restore the file"));
  Write("");
  EXPECT_EQ(RevocationRegister::Open(Path()).status().code(), absl::StatusCode::kInvalidArgument);
  std::filesystem::remove(Path());
  std::filesystem::create_directory(Path());
  EXPECT_FALSE(RevocationRegister::Open(Path()).ok());
}

TEST_F(RevocationTest, EachKindOfEntryIsFound) {
  const Revocation entries[] = {{kTime, Kind::kSerial, "5f3a", "key lost"},
                                {kTime, Kind::kCertificate, kFingerprint, "key lost"},
                                {kTime, Kind::kParticipant, "bwb", "key lost"}};
  for (const Revocation& entry : entries) {
    Write(FormatRevocations({entry}));
    const absl::Status status = Open()->Check(Somebody());
    EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated);
    EXPECT_THAT(Text(status), HasSubstr("`bwb/anna` was revoked at 2026-02-25 06:13 UTC: key lost"));
  }
  Write(FormatRevocations({{kTime, Kind::kSerial, "5f3b", ""}, {kTime, Kind::kParticipant, "bwc", ""}}));
  EXPECT_TRUE(Open()->Check(Somebody()).ok());
}

TEST_F(RevocationTest, ChangesAreTakenUpByRefresh) {
  Write(FormatRevocations({}));
  const std::unique_ptr<RevocationRegister> revocations = Open();
  EXPECT_TRUE(revocations->Refresh().ok());
  EXPECT_EQ(revocations->generation(), 0u);

  Write(FormatRevocations({{kTime, Kind::kSerial, "5f3a", ""}}));
  EXPECT_TRUE(revocations->Check(Somebody()).ok()) << "not before Refresh";
  EXPECT_TRUE(revocations->Refresh().ok());
  EXPECT_FALSE(revocations->Check(Somebody()).ok());
  EXPECT_EQ(revocations->generation(), 1u);

  Write(FormatRevocations({}));
  EXPECT_TRUE(revocations->Refresh().ok());
  EXPECT_TRUE(revocations->Check(Somebody()).ok());
}

TEST_F(RevocationTest, WhatWasKnownStaysInForceWhenTheFileIsLostOrSpoiled) {
  Write(FormatRevocations({{kTime, Kind::kSerial, "5f3a", ""}}));
  const std::unique_ptr<RevocationRegister> revocations = Open();
  std::filesystem::remove(Path());
  EXPECT_EQ(revocations->Refresh().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(revocations->Refresh().code(), absl::StatusCode::kNotFound) << "the error is not forgotten";
  EXPECT_FALSE(revocations->Check(Somebody()).ok());

  Write("half wri");
  EXPECT_EQ(revocations->Refresh().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(revocations->Check(Somebody()).ok());

  Write(FormatRevocations({}));
  EXPECT_TRUE(revocations->Refresh().ok());
  EXPECT_TRUE(revocations->Check(Somebody()).ok());
}

TEST_F(RevocationTest, ChecksGoOnWhileTheFileIsRead) {
  Write(FormatRevocations({{kTime, Kind::kParticipant, "bwb", ""}}));
  const std::unique_ptr<RevocationRegister> revocations = Open();
  std::vector<std::thread> threads;
  threads.reserve(2);
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 5000; ++round) EXPECT_FALSE(revocations->Check(Somebody()).ok());
    });
  }
  for (int round = 0; round < 50; ++round) {
    Write(FormatRevocations({{kTime, Kind::kParticipant, "bwb", absl::StrCat("round ", round)}}));
    EXPECT_TRUE(revocations->Refresh().ok());
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace allmende::pki
