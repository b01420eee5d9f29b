#include "broker/config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "sdk/base/file.h"
#include "sdk/pki/city.h"
#include "sdk/pki/layout.h"
#include "sdk/testing/test_directory.h"

namespace allmende::broker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr char kComplete[] =
    "city: musterstadt\n"
    "listen: [127.0.0.1:7443, \"[::1]:7443\"]\n"
    "data: data\n"
    "policies: policies\n"
    "certificate: broker/cert.pem\n"
    "key: /etc/keys/../broker.pem\n"
    "revocations: revoked.list\n"
    "trust:\n"
    "  - authority: ca/cert.pem\n"
    "  - authority: land.pem\n"
    "    domain: pki.land.de\n"
    "    participants:\n"
    "      thw: {roles: [operator, crisis-authority], names: [\"dns:austausch.thw.de\"]}\n"
    "groups:\n"
    "  navigation: {participants: [navi-ag, stadtnavi]}\n"
    "admin_socket: run/admin.sock\n"
    "metrics_listen: 127.0.0.1:9443\n"
    "reflection: true\n"
    "log: {format: json, level: warning}\n"
    "limits: {message: 1 MiB, memory: 64 MiB, connections: 50, streams_per_connection: 10,\n"
    "         connections_per_address: 5, calls_per_participant: 20, deadline: 30 s, free_disk: 1 GiB}\n"
    "retention: {stream_age: 30 d, stream_bytes: 10 GiB, tombstone_age: 7 d}\n";

constexpr char kLeast[] =
    "city: musterstadt\n"
    "listen: 127.0.0.1:0\n"
    "data: data\n"
    "policies: policies\n"
    "certificate: cert.pem\n"
    "key: key.pem\n"
    "revocations: revoked.list\n"
    "trust:\n"
    "  - authority: ca.pem\n";

std::string Text(const absl::Status& status) {
  return std::string(status.message());
}

BrokerConfig Parse(const std::string& text) {
  absl::StatusOr<BrokerConfig> config = ParseConfig(text, "/etc/allmende/broker.yaml");
  EXPECT_TRUE(config.ok()) << config.status();
  return config.value_or(BrokerConfig());
}

TEST(ConfigTest, EverythingIsRead) {
  const BrokerConfig config = Parse(kComplete);
  EXPECT_EQ(config.file, "/etc/allmende/broker.yaml");
  EXPECT_EQ(config.city, "musterstadt");
  EXPECT_THAT(config.listen, ElementsAre("127.0.0.1:7443", "[::1]:7443"));
  EXPECT_EQ(config.data, "/etc/allmende/data");
  EXPECT_EQ(config.policies, "/etc/allmende/policies");
  EXPECT_EQ(config.certificate, "/etc/allmende/broker/cert.pem");
  EXPECT_EQ(config.key, "/etc/broker.pem");
  EXPECT_EQ(config.revocations, "/etc/allmende/revoked.list");
  ASSERT_EQ(config.trust.size(), 2u);
  EXPECT_EQ(config.trust[0].domain, "musterstadt");
  EXPECT_THAT(config.trust[0].participants, IsEmpty());
  EXPECT_EQ(config.trust[1].authority, "/etc/allmende/land.pem");
  EXPECT_EQ(config.trust[1].domain, "pki.land.de");
  ASSERT_EQ(config.trust[1].participants.size(), 1u);
  EXPECT_EQ(config.trust[1].participants[0].id, "thw");
  EXPECT_EQ(config.trust[1].participants[0].roles, (pki::RoleSet{pki::Role::kOperator, pki::Role::kCrisisAuthority}));
  EXPECT_THAT(config.trust[1].participants[0].names, ElementsAre("dns:austausch.thw.de"));
  EXPECT_THAT(config.groups, ElementsAre(Pair("navigation", ElementsAre("navi-ag", "stadtnavi"))));
  EXPECT_EQ(config.admin_socket, "/etc/allmende/run/admin.sock");
  EXPECT_EQ(config.metrics_listen, "127.0.0.1:9443");
  EXPECT_TRUE(config.reflection);
  EXPECT_EQ(config.log_format, LogFormat::kJson);
  EXPECT_EQ(config.log_level, Severity::kWarning);
}

TEST(ConfigTest, LimitsAndRetentionAreRead) {
  const BrokerConfig config = Parse(kComplete);
  EXPECT_EQ(config.limits.message_bytes_max, 1 << 20);
  EXPECT_EQ(config.limits.memory_bytes_max, 64 << 20);
  EXPECT_EQ(config.limits.connections_max, 50);
  EXPECT_EQ(config.limits.connections_per_address_max, 5);
  EXPECT_EQ(config.limits.streams_per_connection_max, 10);
  EXPECT_EQ(config.limits.calls_per_participant_max, 20);
  EXPECT_EQ(config.limits.deadline_max, absl::Seconds(30));
  EXPECT_EQ(config.limits.free_disk_bytes_min, int64_t{1} << 30);
  EXPECT_EQ(config.retention.stream_age_max, absl::Hours(30 * 24));
  EXPECT_EQ(config.retention.stream_bytes_max, int64_t{10} << 30);
  EXPECT_EQ(config.retention.tombstone_age_max, absl::Hours(7 * 24));
}

TEST(ConfigTest, WhatIsLeftOutHasItsDefault) {
  const BrokerConfig config = Parse(kLeast);
  EXPECT_THAT(config.listen, ElementsAre("127.0.0.1:0"));
  EXPECT_EQ(config.admin_socket, "");
  EXPECT_EQ(config.metrics_listen, "");
  EXPECT_FALSE(config.reflection);
  EXPECT_EQ(config.log_format, LogFormat::kText);
  EXPECT_EQ(config.limits.connections_max, 1000);
  EXPECT_EQ(config.limits.deadline_max, absl::Minutes(1));
  EXPECT_EQ(config.limits.free_disk_bytes_min, 256 << 20);
  EXPECT_EQ(config.retention.stream_age_max, absl::ZeroDuration());
  EXPECT_EQ(config.retention.tombstone_age_max, absl::Hours(90 * 24));
}

TEST(ConfigTest, RelativePathsStandFromTheFile) {
  const absl::StatusOr<BrokerConfig> here = ParseConfig(kLeast, "broker.yaml");
  ASSERT_TRUE(here.ok()) << here.status();
  EXPECT_EQ(here->data, "data");
  const absl::StatusOr<BrokerConfig> below = ParseConfig(kLeast, "a/../b/broker.yaml");
  ASSERT_TRUE(below.ok()) << below.status();
  EXPECT_EQ(below->data, "b/data");
}

// Each row replaces one text of kComplete.
TEST(ConfigTest, EveryWrongValueHasItsPlaceAndAHint) {
  struct Row {
    const char* good;
    const char* bad;
    const char* message;
  };
  const Row rows[] = {
      {"city: musterstadt", "city: Muster Stadt", "f:1:7: `Muster Stadt` cannot be a city's name: use a-z"},
      {"city: musterstadt\n", "", "f:1:1: `city` is missing here"},
      {"city:", "citty:", "f:1:1: unknown key `citty`; did you mean `city`?"},
      {"127.0.0.1:7443,", "7443,", "f:2:9: `7443` is not `host:port`, such as `localhost:7443`"},
      {"127.0.0.1:7443,", "127.0.0.1:99999,", "`99999` in `127.0.0.1:99999` is not a port"},
      {"[127.0.0.1:7443, \"[::1]:7443\"]", "[]", "`listen` must name at least one address"},
      {"data: data\n", "data:\n", "f:3:1: `data` has no value"},
      {"data: data\n", "data: [a]\n", "`data` takes a single value"},
      {"policies: policies\n", "", "`policies` is missing here"},
      {"certificate: broker/cert.pem\n", "", "`certificate` is missing here"},
      {"key: /etc/keys/../broker.pem\n", "", "`key` is missing here"},
      {"revocations: revoked.list\n", "", "`revocations` is missing here"},
      {"  - authority: ca/cert.pem\n", "  - authorty: ca/cert.pem\n", "did you mean `authority`?"},
      {"    domain: pki.land.de\n", "    domain: PKI\n", "f:11:13: `PKI` cannot be a city's name"},
      {"      thw:", "      THW:", "`THW` cannot be a participant's id"},
      {"operator, crisis-authority", "boss", "there is no role `boss`; the roles are agency, operator"},
      {"dns:austausch", "austausch", "is neither `dns:<name>` nor `uri:<uri>`"},
      {"[navi-ag, stadtnavi]", "[Navi]", "`Navi` cannot be a participant's id"},
      {"participants: [navi-ag, stadtnavi]", "members: [navi-ag]", "unknown key `members`"},
      {"reflection: true", "reflection: on", "`reflection` is `true` or `false`, not `on`"},
      {"metrics_listen: 127.0.0.1:9443", "metrics_listen: here", "`here` is not `host:port`"},
      {"format: json", "format: xml", "`format` is one of text, json, not `xml`"},
      {"level: warning", "level: loud", "`level` is one of debug, info, warning, error"},
      {"message: 1 MiB", "message: 1 MB", "`message` is a size such as `4 MiB`"},
      {"message: 1 MiB", "message: 1 GiB", "`message` must be from 64 KiB to 64 MiB"},
      {"memory: 64 MiB", "memory: 1 MiB", "`memory` must be from 16 MiB to 1 TiB"},
      {"message: 1 MiB, memory: 64 MiB", "message: 64 MiB, memory: 64 MiB", "must hold at least two messages"},
      {"connections: 50", "connections: 0", "`connections` is a whole number from 1 to 1000000, not `0`"},
      {"streams_per_connection: 10", "streams_per_connection: many", "not `many`"},
      {"calls_per_participant: 20", "calls_per_participant: -1", "not `-1`"},
      {"deadline: 30 s", "deadline: 30", "`deadline` is a duration such as `30 s`"},
      {"deadline: 30 s", "deadline: 2 d", "`deadline` must be from 1 s to 1 h"},
      {"free_disk: 1 GiB", "free_disc: 1 GiB", "did you mean `free_disk`?"},
      {"free_disk: 1 GiB", "free_disk: -1", "`-1` is none"},
      {"stream_age: 30 d", "stream_age: 30", "`stream_age` is a duration"},
      {"stream_bytes: 10 GiB", "stream_bytes: lots", "`lots` is none"},
      {"tombstone_age: 7 d", "tombstone_age: 1 h", "`tombstone_age` must be from 1 d"},
      {"retention: {", "retention: x\nretention_: {", "here belongs a map of `key: value` lines"},
  };
  for (const Row& row : rows) {
    ASSERT_THAT(kComplete, HasSubstr(row.good));
    const std::string text = absl::StrReplaceAll(kComplete, {{row.good, row.bad}});
    const absl::Status status = ParseConfig(text, "f").status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << row.bad;
    EXPECT_THAT(Text(status), HasSubstr(row.message)) << row.bad;
    EXPECT_THAT(Text(status), testing::MatchesRegex("(f:[0-9]+:[0-9]+: [^\n]+\n?)+")) << row.bad;
  }
}

TEST(ConfigTest, AllMistakesAreToldAtOnce) {
  const absl::Status status = ParseConfig("city: X\nlisten: y\nzebra: 1\n", "f").status();
  for (const char* message : {"f:1:7: `X`", "f:2:9: `y`", "f:3:1: unknown key `zebra`", "`data` is missing",
                              "`trust` must list at least one authority"}) {
    EXPECT_THAT(Text(status), HasSubstr(message));
  }
}

TEST(ConfigTest, ForeignAuthorityNeedsAListOfWhomItMayName) {
  const std::string text = absl::StrCat(kLeast, "  - {authority: land.pem, domain: pki.land.de}\n");
  EXPECT_THAT(Text(ParseConfig(text, "f").status()),
              HasSubstr("f:10:35: an authority of `pki.land.de` needs `participants`"));
}

TEST(ConfigTest, SocketPathThatTheSystemCannotTakeIsRefused) {
  const std::string text = absl::StrCat(kLeast, "admin_socket: /", std::string(120, 'x'), "\n");
  EXPECT_THAT(Text(ParseConfig(text, "f").status()), HasSubstr("the socket's path has 121 bytes"));
}

TEST(ConfigTest, FilesThatAreNoConfiguration) {
  for (const char* text : {"", "half-writ", "city: [", "city: a\ncity: b\n", "\xff"}) {
    EXPECT_EQ(ParseConfig(text, "f").status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
  const TestDirectory directory;
  EXPECT_EQ(LoadConfig(directory.File("missing.yaml")).status().code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(LoadConfig(directory.path()).ok());
  ASSERT_TRUE(WriteFileAtomically(directory.File("huge"), std::string(1 << 20, '#'), FileAccess::kEverybody).ok());
  EXPECT_EQ(LoadConfig(directory.File("huge")).status().code(), absl::StatusCode::kInvalidArgument);
}

// A city without its last lines, as after a copy that was cut off.
TEST(ConfigTest, NewCitysConfigurationIsReadAndEveryPartOfItIsNot) {
  const TestDirectory directory;
  const std::string city = directory.File("city");
  pki::CityOptions options;
  options.city = "musterstadt";
  ASSERT_TRUE(pki::InitCity(city, options, absl::Now()).ok());
  const std::string file = pki::CityLayout(city).Config();
  const absl::StatusOr<BrokerConfig> config = LoadConfig(file);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->data, city + "/data");
  EXPECT_EQ(config->admin_socket, city + "/run/admin.sock");
  const absl::StatusOr<pki::TrustStore> trust = LoadTrust(*config);
  ASSERT_TRUE(trust.ok()) << trust.status();
  EXPECT_EQ(trust->city(), "musterstadt");

  const std::string text = *ReadFile(file, 1 << 20);
  const size_t end_of_needed = text.find("ca/cert.pem\n", text.find("\ntrust:"));
  ASSERT_NE(end_of_needed, std::string::npos);
  for (size_t cut = 0; cut < end_of_needed; cut += 3) {
    EXPECT_FALSE(ParseConfig(text.substr(0, cut), "f").ok()) << text.substr(0, cut);
  }
}

TEST(ConfigTest, TrustNamesTheFileThatIsUnusable) {
  const TestDirectory directory;
  BrokerConfig config = Parse(kLeast);
  config.trust[0].authority = directory.File("ca.pem");
  EXPECT_THAT(Text(LoadTrust(config).status()), HasSubstr("ca.pem"));
  ASSERT_TRUE(WriteFileAtomically(directory.File("ca.pem"), "-----BEGIN CERT", FileAccess::kEverybody).ok());
  EXPECT_THAT(Text(LoadTrust(config).status()), HasSubstr("ca.pem` is unusable"));
}

}  // namespace
}  // namespace allmende::broker
