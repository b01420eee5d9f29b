// The two programs as a newcomer meets them: a city is made, its broker started, a dataset registered, its policy put
// in force, data published and read by somebody else.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <regex>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "allmende/client.h"
#include "allmende/publisher.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "sdk/base/file.h"
#include "sdk/testing/test_directory.h"
#include "tests/cli/child.h"

namespace allmende::cli_tests {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr int kPortTries = 5;

constexpr char kSchema[] = R"(syntax = "proto3";
package muster;
import "allmende/v1/options.proto";
import "google/protobuf/timestamp.proto";
message Rain {
  google.protobuf.Timestamp time = 1 [(allmende.v1.class) = PUBLIC, (allmende.v1.event_time) = true];
  string gauge = 2 [(allmende.v1.class) = PUBLIC];
  double rain = 3 [(allmende.v1.class) = PUBLIC, (allmende.v1.unit) = "mm/h"];
  string keeper = 4 [(allmende.v1.class) = CRITICAL];
}
)";

constexpr char kPolicy[] = R"(language: en
dataset: water/rain
publisher: bwb
valid: {from: 2026-01-01}

fields:
  public: [time, gauge, rain]
  critical: [keeper]

rules:
  - rule: navigation
    for: [navi-ag]
    purpose: [navigation]
    deliver: [public]

tests:
  - {who: navi-ag, purpose: navigation, gets: [public], never: [keeper]}
)";

constexpr char kRows[] =
    "time,gauge,rain,keeper\n"
    "2026-11-25T10:00:00Z,A1,1.5,Anna\n"
    "2026-11-25T10:05:00Z,A2,0,Bo\n"
    "2026-11-25T10:10:00Z,A1,12.25,Anna\n";

// A port that nobody listens at; somebody else may take it before it is used.
int FreePort() {
  const int probe = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  bind(probe, reinterpret_cast<sockaddr*>(&address), size);
  getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size);
  close(probe);
  return ntohs(address.sin_port);
}

class ChainTest : public ::testing::Test {
 protected:
  // A city `demo` and its broker, running.
  void StartCity(const std::vector<std::string>& participants) {
    for (int i = 0; i < kPortTries; ++i) {
      std::filesystem::remove_all(folder_.File("demo"));
      address_ = absl::StrCat("127.0.0.1:", FreePort());
      std::vector<std::string> line = {"city", "init", "demo", "--listen", address_};
      for (const std::string& participant : participants) line.insert(line.end(), {"--participant", participant});
      const Finished made = Do(line);
      ASSERT_EQ(made.code, 0) << made.err;
      StartBroker();
      if (broker_.WaitFor(" serving ")) return;
    }
    FAIL() << broker_.written();
  }
  void StartBroker() {
    broker_ = Background({ALLMENDED_PROGRAM, "--config", "demo/broker.yaml"}, folder_.path(), environment_);
  }

  Finished Do(const std::vector<std::string>& line) {
    std::vector<std::string> arguments = {ALLMENDE_PROGRAM};
    arguments.insert(arguments.end(), line.begin(), line.end());
    return RunProgram(arguments, folder_.path(), environment_);
  }
  // Does it as `participant`; it must go well. What it wrote.
  std::string As(const std::string& participant, std::vector<std::string> line) {
    line.insert(line.end(), {"--profile", absl::StrCat("demo/participants/", participant)});
    const Finished done = Do(line);
    EXPECT_EQ(done.code, 0) << line[0] << " " << line[1] << ": " << done.out << done.err;
    return done.out;
  }
  // The same for what must fail with `code`; what it wrote to standard error.
  std::string Fails(int code, const std::string& participant, std::vector<std::string> line) {
    line.insert(line.end(), {"--profile", absl::StrCat("demo/participants/", participant)});
    const Finished done = Do(line);
    EXPECT_EQ(done.code, code) << line[0] << " " << line[1] << ": " << done.out << done.err;
    return done.err;
  }
  void Put(const std::string& name, const std::string& text) {
    ASSERT_TRUE(WriteFileAtomically(folder_.File(name), text, FileAccess::kEverybody).ok());
  }

  const TestDirectory folder_;
  const Environment environment_ = {{"HOME", folder_.path()}, {"PATH", "/usr/bin:/bin"}, {"LC_ALL", "C.UTF-8"}};
  Background broker_;
  std::string address_;  // where it listens
};

TEST_F(ChainTest, FromACityToAReader) {
  StartCity({"bwb=agency", "amt=officer,crisis-authority", "navi-ag=operator"});
  Put("rain.proto", kSchema);
  Put("rain.policy.yaml", kPolicy);
  Put("rain.csv", kRows);

  EXPECT_THAT(As("bwb", {"status"}), AllOf(HasSubstr("city         demo\n"), HasSubstr("regime       normal\n"),
                                           HasSubstr("you are      bwb\n")));
  EXPECT_THAT(
      As("bwb", {"dataset", "create", "water/rain", "--schema", "rain.proto", "--title", "Rain gauges"}),
      AllOf(HasSubstr("policy release  none: nobody reads\n"), HasSubstr("next: allmende policy release FILE")));
  EXPECT_THAT(As("amt", {"policy", "release", "rain.policy.yaml"}), HasSubstr("release         1\n"));
  As("bwb", {"publish", "water/rain", "rain.csv"});
  EXPECT_THAT(As("navi-ag", {"dataset", "list"}), HasSubstr("water/rain  stream  bwb             3"));
  EXPECT_EQ(As("navi-ag", {"subscribe", "water/rain", "--purpose", "navigation", "--stop-at-head", "-o", "csv"}),
            "sequence,operation,event_time,time,gauge,rain\n"
            "1,upsert,2026-11-25T10:00:00Z,2026-11-25T10:00:00Z,A1,1.5\n"
            "2,upsert,2026-11-25T10:05:00Z,2026-11-25T10:05:00Z,A2,0\n"
            "3,upsert,2026-11-25T10:10:00Z,2026-11-25T10:10:00Z,A1,12.25\n");
  EXPECT_EQ(Fails(6, "navi-ag", {"subscribe", "water/rain", "--purpose", "advertising", "--stop-at-head"}),
            "refused: no rule lets `navi-ag` subscribe to `water/rain` for purpose `advertising`; rule `navigation` "
            "(rain.policy.yaml:11) would allow it for purpose `navigation`\n");
  EXPECT_EQ(broker_.Stop(), 0);
}

TEST_F(ChainTest, FromAFileToDeliveredOpenDataInOneCommand) {
  StartCity({});
  Put("Stops 2026.csv", "stop id;name;lat;lon\n7;Süd;52,5;13,4\n8;Markt;52,51;13,41\n");
  const std::string all = "city-administration";
  EXPECT_THAT(As(all, {"dataset", "create", "--from", "Stops 2026.csv", "--template", "open", "--key", "stop_id"}),
              AllOf(HasSubstr("written: stops-2026.proto\n"), HasSubstr("records         2\n"),
                    HasSubstr("next: allmende subscribe stops-2026 --stop-at-head\n")));
  const Finished issued = Do({"pki", "issue", "demo", "navi-ag", "--role", "operator"});
  ASSERT_EQ(issued.code, 0) << issued.err;
  EXPECT_EQ(As("navi-ag", {"subscribe", "stops-2026", "--stop-at-head", "-o", "csv", "-q"}),
            "sequence,operation,event_time,stop_id,name,position.latitude,position.longitude\n"
            "1,upsert,,7,Süd,52.5,13.4\n"
            "2,upsert,,8,Markt,52.51,13.41\n");
  const std::string again =
      Fails(7, all, {"dataset", "create", "--from", "Stops 2026.csv", "--template", "open", "--key", "stop_id"});
  EXPECT_THAT(again,
              AllOf(HasSubstr("`stops-2026` holds 2 records already"),
                    HasSubstr("`allmende publish stops-2026 'Stops 2026.csv' --mapping stops-2026.import.yaml`")));
}

TEST_F(ChainTest, RepeatingTheCommandDoesNotUndoATightenedPolicy) {
  StartCity({});
  Put("stops.csv", "stop,name\n7,Nord\n");
  const std::string all = "city-administration";
  const std::vector<std::string> create = {"dataset", "create", "--from", "stops.csv", "--template", "open"};
  As(all, create);
  std::string tight = *ReadFile(folder_.File("stops.policy.yaml"), 1 << 20);
  tight = std::regex_replace(tight, std::regex("for: everyone"), "for: [navi-ag]");
  tight = std::regex_replace(tight, std::regex("who: anybody"), "who: navi-ag");
  Put("tight.yaml", tight);
  As(all, {"policy", "release", "tight.yaml"});
  EXPECT_THAT(Fails(7, all, create), HasSubstr("`stops` holds 1 records already"));
  EXPECT_EQ(As(all, {"policy", "show", "stops"}), tight);
  // Nor where there is no file that was published already.
  EXPECT_THAT(Fails(7, all, {"dataset", "create", "stops", "--schema", "stops.proto", "--policy", "stops.policy.yaml"}),
              AllOf(HasSubstr("release 2 of the policy of `stops` is in force and differs from `stops.policy.yaml`"),
                    HasSubstr("`allmende policy release stops.policy.yaml`")));
  EXPECT_EQ(As(all, {"policy", "show", "stops"}), tight);
  As(all, {"dataset", "create", "stops", "--schema", "stops.proto", "--policy", "tight.yaml"});
}

TEST_F(ChainTest, WithoutTheOfficersRoleTheCommandIsRepeatedAfterTheRelease) {
  StartCity({"bwb=agency", "amt=officer"});
  Put("stops.csv", "stop,name\n7,Nord\n");
  const std::vector<std::string> create = {"dataset", "create", "--from", "stops.csv", "--template", "open"};
  EXPECT_THAT(Fails(5, "bwb", create),
              AllOf(HasSubstr("`allmende policy release stops.policy.yaml`, then repeat this command to publish"),
                    HasSubstr("`--officer PROFILE`")));
  As("amt", {"policy", "release", "stops.policy.yaml"});
  EXPECT_THAT(As("bwb", create), HasSubstr("records         1\n"));
}

TEST_F(ChainTest, AFileWhoseEndDoesNotFitMakesNoDataset) {
  StartCity({});
  Put("stops.csv", "stop,level\nA,1\nB,2\nC,high\n");
  const std::string all = "city-administration";
  std::vector<std::string> create = {"dataset", "create", "--from", "stops.csv", "--template", "open", "--rows", "2"};
  EXPECT_THAT(Fails(3, all, create),
              AllOf(HasSubstr("`stops.csv`, line 4, column `level`"), HasSubstr("guessed from the first 2 rows")));
  EXPECT_THAT(Fails(4, all, {"dataset", "show", "stops"}), HasSubstr("stops"));
  EXPECT_FALSE(std::filesystem::exists(folder_.File("stops.proto")));
  create.resize(create.size() - 2);
  EXPECT_THAT(As(all, create), HasSubstr("records         3\n"));
}

TEST_F(ChainTest, ASlipOfThePenIsNoCrisisAndNoParticipant) {
  StartCity({"amt=officer,crisis-authority", "bwb=agency", "navi-ag=operator"});
  Put("rain.proto", kSchema);
  Put("rain.policy.yaml", kPolicy);
  As("bwb", {"dataset", "create", "water/rain", "--schema", "rain.proto"});
  As("amt", {"policy", "release", "rain.policy.yaml"});
  EXPECT_THAT(Fails(3, "amt", {"crisis", "declare", "heavy-rian", "--for", "6h"}),
              HasSubstr("knows no crisis `heavy-rian`; there are: heat, heavy-rain"));
  EXPECT_THAT(Fails(3, "amt", {"crisis", "declare", "Heavy Rain", "--for", "6h"}),
              HasSubstr("not the name of a crisis"));
  EXPECT_THAT(Fails(3, "amt", {"crisis", "declare", "heat", "--for", "0s"}), HasSubstr("would be over already"));
  EXPECT_THAT(Fails(3, "amt", {"crisis", "declare", "heat", "--for", "8d"}), HasSubstr("at most 7 days"));
  const std::vector<std::string> preview = {"dataset", "preview", "water/rain", "--purpose", "navigation", "--as"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), preview.begin(), preview.end());
    return more;
  };
  EXPECT_THAT(Fails(3, "bwb", with({"navi-ag", "--during-crisis", "nope"})), HasSubstr("knows no crisis `nope`"));
  EXPECT_THAT(Fails(3, "bwb", with({"Navi AG"})), HasSubstr("Navi AG"));
  EXPECT_THAT(As("bwb", with({"navi-ag", "--role", "agency"})), HasSubstr("gauge"));
  EXPECT_THAT(Fails(2, "bwb", with({"navi-ag", "--role", "king"})), HasSubstr("use agency, operator"));
  // What others would get is not everybody's to know, and with another role one is somebody else.
  As("navi-ag", with({"navi-ag"}));
  EXPECT_THAT(Fails(5, "navi-ag", with({"navi-ag", "--role", "agency"})), HasSubstr("what somebody else would get"));
}

TEST_F(ChainTest, ACrisisIsDeclaredShownAndEnded) {
  StartCity({"amt=officer,crisis-authority", "navi-ag=operator"});
  EXPECT_EQ(Do({"crisis", "show", "--profile", "demo/participants/amt"}).err, "no crisis is in force\n");
  EXPECT_THAT(As("amt", {"crisis", "declare", "heavy-rain", "--for", "6h", "--reason", "level 4"}),
              AllOf(HasSubstr("     1  heavy-rain  "), HasSubstr("level 4")));
  EXPECT_THAT(Fails(2, "amt", {"crisis", "declare", "heat", "--for", "6h", "--area", "mitte"}), HasSubstr("--area"));
  EXPECT_THAT(As("navi-ag", {"status"}), HasSubstr("crisis: heavy-rain\n"));
  EXPECT_THAT(Fails(7, "amt", {"crisis", "declare", "heavy-rain", "--for", "1h"}),
              HasSubstr("end it first (`allmende crisis end heavy-rain`)"));
  EXPECT_THAT(Fails(5, "navi-ag", {"crisis", "end", "heavy-rain"}), HasSubstr("needs the role crisis-authority"));
  As("amt", {"crisis", "end", "heavy-rain"});
  EXPECT_THAT(As("navi-ag", {"status"}), HasSubstr("normal\n"));
  EXPECT_THAT(Fails(4, "amt", {"crisis", "end", "heavy-rain"}), HasSubstr("no crisis `heavy-rain` is in force"));
}

TEST_F(ChainTest, EveryListIsJsonForPrograms) {
  StartCity({"bwb=agency", "amt=officer"});
  Put("rain.proto", kSchema);
  Put("rain.policy.yaml", kPolicy);
  As("bwb", {"dataset", "create", "water/rain", "--schema", "rain.proto"});
  As("amt", {"policy", "release", "rain.policy.yaml"});
  const std::vector<std::vector<std::string>> lines = {
      {"status"},
      {"dataset", "list"},
      {"dataset", "show", "water/rain"},
      {"schema", "show", "water/rain"},
      {"policy", "list", "water/rain"},
      {"policy", "show", "water/rain"},
      {"policy", "list", "--baseline"},
      {"policy", "explain", "water/rain", "--as", "navi-ag", "--purpose", "navigation"},
      {"crisis", "show"},
      {"profile", "show", "demo/participants/amt"},
      {"pki", "list", "demo"}};
  for (std::vector<std::string> line : lines) {
    line.insert(line.end(), {"-o", "json"});
    const std::string out = As("amt", line);
    EXPECT_FALSE(nlohmann::json::parse(out, nullptr, false).is_discarded()) << line[0] << " " << line[1] << ": " << out;
    EXPECT_THAT(out, Not(HasSubstr("\x1b")));
  }
  const std::string error = Fails(4, "amt", {"dataset", "show", "nothing", "-o", "json"});
  EXPECT_EQ(nlohmann::json::parse(error)["error"]["code"], "not-found");
}

TEST_F(ChainTest, WhatGoesWrongSaysWhatToDo) {
  StartCity({"bwb=agency", "amt=officer", "navi-ag=operator"});
  Put("rain.proto", kSchema);
  Put("rain.policy.yaml", kPolicy);
  As("bwb", {"dataset", "create", "water/rain", "--schema", "rain.proto"});
  EXPECT_THAT(Fails(5, "bwb", {"policy", "release", "rain.policy.yaml"}), HasSubstr("needs the role officer"));
  Put("half.policy.yaml", std::string(kPolicy).substr(0, 120));
  const Finished half = Do({"policy", "release", "half.policy.yaml", "--profile", "demo/participants/amt"});
  EXPECT_EQ(half.code, 1);
  EXPECT_THAT(half.out, HasSubstr("half.policy.yaml:"));
  EXPECT_THAT(Fails(4, "bwb", {"dataset", "update", "air/no2", "--schema", "rain.proto"}), HasSubstr("air/no2"));
  Put("broken.proto", std::regex_replace(kSchema, std::regex("double rain"), "string rain"));
  EXPECT_THAT(Fails(7, "bwb", {"dataset", "update", "water/rain", "--schema", "broken.proto"}),
              AllOf(HasSubstr("`rain`"), HasSubstr("a change that breaks readers needs a new dataset")));
  As("amt", {"policy", "release", "rain.policy.yaml"});
  EXPECT_THAT(Fails(7, "amt", {"policy", "release", "rain.policy.yaml", "--based-on", "9"}),
              AllOf(HasSubstr("release 1 is in force"), HasSubstr("`allmende policy show water/rain`")));
}

TEST_F(ChainTest, AChangeOfTheSchemaIsHeldAgainstThePolicyInForce) {
  StartCity({"bwb=agency", "amt=officer"});
  Put("rain.proto", kSchema);
  Put("rain.policy.yaml", kPolicy);
  As("bwb", {"dataset", "create", "water/rain", "--schema", "rain.proto"});
  Put("less.proto",
      std::regex_replace(kSchema, std::regex("( *)double rain = ([0-9]+)[^\n]*"), "reserved $2; reserved \"rain\";"));
  EXPECT_THAT(As("bwb", {"dataset", "update", "water/rain", "--schema", "less.proto", "--dry-run"}),
              AllOf(HasSubstr("note: `rain`: removed and reserved; records stored before still carry it\n"),
                    HasSubstr("could take the schema as version 2\n")));
  As("amt", {"policy", "release", "rain.policy.yaml"});
  EXPECT_THAT(Fails(7, "bwb", {"dataset", "update", "water/rain", "--schema", "less.proto"}),
              AllOf(HasSubstr("release 1 of the policy of `water/rain` would not fit"), HasSubstr("rain.policy.yaml:"),
                    HasSubstr("the schema has no field `rain`"),
                    HasSubstr("first release a policy that does not name the field")));
}

// A field that the schema learns later: `{a: "x", b: "y"}`.
constexpr char kNewerRecord[] = "\x0a\x01x\x12\x01y";

TEST_F(ChainTest, AQuarantinedRecordIsShownAndReplayedOnceItFits) {
  StartCity({"bwb=agency", "navi-ag=operator"});
  const std::string schema = "syntax = \"proto3\";\nmessage M { string a = 1; }\n";
  Put("m.proto", schema);
  As("bwb", {"dataset", "create", "things", "--schema", "m.proto", "--bad-records", "quarantine"});
  {
    auto client = Client::Connect({.profile = folder_.File("demo/participants/bwb")});
    ASSERT_TRUE(client.ok()) << client.status();
    auto publisher = Publisher::Open(**client, {.dataset = "things"});
    ASSERT_TRUE(publisher.ok()) << publisher.status();
    const std::string newer(kNewerRecord);
    for (const std::string& payload : {std::string("\x0a\x01x"), newer, newer, std::string("\xff")}) {
      ASSERT_TRUE((*publisher)->Append({.payload = payload}).ok());
    }
    ASSERT_TRUE((*publisher)->Close(absl::Now() + absl::Seconds(20)).ok());
  }
  EXPECT_THAT(As("bwb", {"quarantine", "ls", "things", "-o", "csv"}), AllOf(HasSubstr("\n1,2,"), HasSubstr("\n2,3,")));
  EXPECT_THAT(As("bwb", {"quarantine", "show", "things", "1"}), HasSubstr("payload hex  0a0178120179\n"));
  EXPECT_THAT(Fails(5, "navi-ag", {"quarantine", "ls", "things"}), HasSubstr("is for its provider `bwb` only"));
  EXPECT_THAT(Fails(4, "bwb", {"quarantine", "replay", "things", "9"}), HasSubstr("has no record 9"));
  EXPECT_THAT(Fails(1, "bwb", {"quarantine", "replay", "things", "1"}), HasSubstr("record 1 does not fit yet: "));

  Put("m.proto", "syntax = \"proto3\";\nmessage M { string a = 1; string b = 2; }\n");
  EXPECT_THAT(As("bwb", {"dataset", "update", "things", "--schema", "m.proto"}), HasSubstr("schema version  2\n"));
  EXPECT_THAT(Fails(7, "bwb", {"quarantine", "replay", "things", "1"}),
              HasSubstr("`allmende quarantine drop things 1`"))
      << "another writer has the dataset";
  EXPECT_THAT(Fails(7, "bwb", {"quarantine", "replay", "things", "1"}), HasSubstr("wait in the outbox already"))
      << "or it would be stored twice";
  As("bwb", {"publish", "things", "--take-over"});
  As("bwb", {"quarantine", "drop", "things", "1"});
  EXPECT_THAT(Fails(4, "bwb", {"quarantine", "drop", "things", "1"}), HasSubstr("has no such records"));
  EXPECT_THAT(Fails(1, "bwb", {"quarantine", "replay", "things", "--all"}), HasSubstr("record 3 does not fit yet: "));
  EXPECT_THAT(As("bwb", {"dataset", "show", "things", "-o", "json"}),
              AllOf(HasSubstr("\"next_sequence\": 7"), HasSubstr("\"quarantined\": 1")));
  As("bwb", {"quarantine", "drop", "things", "3"});
  EXPECT_EQ(Do({"quarantine", "ls", "things", "--profile", "demo/participants/bwb"}).err, "the quarantine is empty\n");
}

TEST_F(ChainTest, WhoIsNotWelcomeIsTold) {
  StartCity({"bwb=agency", "navi-ag=operator"});
  ASSERT_EQ(Do({"city", "init", "other", "--listen", address_}).code, 0);
  const Finished stranger = Do({"status", "--profile", "other/participants/city-administration", "-o", "json"});
  EXPECT_EQ(stranger.code, 8);
  EXPECT_THAT(stranger.err, HasSubstr("is no broker of this city"));
  EXPECT_THAT(stranger.err, StartsWith("{\"error\":")) << "and no line of the library before it";

  ASSERT_EQ(Do({"pki", "revoke", "demo", "--participant", "navi-ag", "--reason", "contract ended"}).code, 0);
  // The broker looks at the register once a second.
  const absl::Time deadline = absl::Now() + absl::Seconds(10);
  Finished revoked;
  do {
    revoked = Do({"status", "--profile", "demo/participants/navi-ag"});
  } while (revoked.code == 0 && absl::Now() < deadline);
  EXPECT_EQ(revoked.code, 5);
  EXPECT_THAT(revoked.err, HasSubstr("contract ended"));
  As("bwb", {"status"});

  broker_.Stop();
  EXPECT_THAT(Fails(8, "bwb", {"status"}), AllOf(HasSubstr("nobody listens at"), HasSubstr("hint: ")));
  StartBroker();
  ASSERT_TRUE(broker_.WaitFor(" serving ")) << broker_.written();
  As("bwb", {"status"});
}

TEST_F(ChainTest, APortInUseIsToldOnceAndPlainly) {
  StartCity({});
  std::string config = *ReadFile(folder_.File("demo/broker.yaml"), 1 << 20);
  config = std::regex_replace(config, std::regex("\ndata: data\n"), "\ndata: data2\n");
  config = std::regex_replace(config, std::regex("run/admin.sock"), "run/admin2.sock");
  Put("demo/second.yaml", config);
  const Finished second = RunProgram({ALLMENDED_PROGRAM, "--config", "demo/second.yaml"}, folder_.path(), environment_);
  EXPECT_EQ(second.code, 1);
  EXPECT_THAT(second.err, AllOf(HasSubstr(absl::StrCat("cannot listen on `", address_, "`")), Not(HasSubstr(".cc:")),
                                Not(HasSubstr("grpc"))));
}

TEST_F(ChainTest, TheProgramsAreOfOneVersion) {
  const Finished command = Do({"--version"});
  const Finished broker = RunProgram({ALLMENDED_PROGRAM, "--version"}, folder_.path(), environment_);
  EXPECT_EQ(command.out, "allmende " PROJECT_VERSION "\n");
  EXPECT_EQ(broker.out, "allmended " PROJECT_VERSION "\n");
}

// Each `allmende WORDS` out of a text.
std::vector<std::string> CommandsIn(const std::string& text) {
  std::vector<std::string> found;
  const std::regex pattern("(?:^|[\\s`(])allmende ((?:[a-z-]+ ?)+)");
  for (auto match = std::sregex_iterator(text.begin(), text.end(), pattern); match != std::sregex_iterator(); ++match) {
    found.push_back((*match)[1]);
  }
  return found;
}

TEST_F(ChainTest, HelpNamesOnlyCommandsThatExist) {
  const std::string overview = Do({"help"}).out;
  for (const std::string page : {"first-steps", "exit-codes"}) {
    const Finished help = Do({"help", page});
    EXPECT_EQ(help.code, 0);
    for (const std::string& words : CommandsIn(help.out)) {
      const std::string first = words.substr(0, words.find(' '));
      EXPECT_THAT(overview, HasSubstr(absl::StrCat("\n  ", first, " "))) << page << ": " << words;
    }
  }
}

TEST_F(ChainTest, TheShellTakesTheCompletion) {
  const Finished script = Do({"completion", "bash"});
  ASSERT_EQ(script.code, 0);
  Put("completion.bash", script.out);
  const Finished checked = RunProgram({"/bin/bash", "-n", "completion.bash"}, folder_.path(), environment_);
  EXPECT_EQ(checked.code, 0) << checked.err;
  EXPECT_THAT(checked.err, IsEmpty());
}

}  // namespace
}  // namespace allmende::cli_tests
