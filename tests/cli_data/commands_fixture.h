// A running broker with the table `amt/orte` and the stream `amt/pegel`, and the command line beside it, in this
// process.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "broker/testing/test_broker.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/base/file.h"
#include "sdk/cli/data/data_commands.h"
#include "sdk/cli/frame/run.h"
#include "sdk/cli/testing/test_context.h"
#include "sdk/pki/profile.h"
#include "sdk/testing/test_directory.h"

namespace allmende::cli {

class CommandsTest : public ::testing::Test {
 protected:
  static constexpr char kBody[] =
      "message Record {"
      "  google.protobuf.Timestamp time = 1 [$t, $p];"
      "  string id = 2 [$k, $p];"
      "  optional double level = 3 [$p];"
      "  string shaft = 4 [(allmende.v1.class) = CRITICAL];"
      "}";

  void SetUp() override {
    ASSERT_EQ(broker_.Start(), absl::OkStatus());
    for (const char* name : {"amt", "navi", "logistik"}) {
      auto profile = pki::LoadProfile(broker_.Profile(name));
      ASSERT_TRUE(profile.ok()) << profile.status();
      profile->endpoints = {broker_.endpoint()};
      ASSERT_EQ(pki::SaveProfile(*profile), absl::OkStatus());
    }
    for (const char* name : {"amt/orte", "amt/pegel"}) {
      ASSERT_EQ(broker_.CreateDataset(name, kBody, std::string(name) == "amt/orte"), absl::OkStatus());
      ASSERT_EQ(broker_.Release(name, broker::PolicyText(name, "  public: [time, id, level]\n  critical: [shaft]\n",
                                                         "  - rule: navigation\n"
                                                         "    for: {group: navigation}\n"
                                                         "    purpose: verkehrslenkung\n"
                                                         "    licence: cc-by/4.0\n"
                                                         "    source: Amt\n"
                                                         "    deliver: [public]\n"
                                                         "    replica: {without_contact: 7 days}\n")),
                absl::OkStatus());
    }
    test_.environment["HOME"] = folder_.path();
  }

  // As `who`; what it wrote is in `out_` and `err_`.
  ExitCode Run(const std::string& who, std::vector<std::string> line) {
    Program program{.name = "allmende", .version = "0", .summary = "test"};
    program.groups.push_back({"dataset", "datasets"});
    AddDataCommands(program);
    line.insert(line.end(), {"--profile", broker_.Profile(who)});
    test_.context.output = OutputFormat::kTable;
    const ExitCode code = RunProgram(program, line, test_.context);
    out_ = test_.Out();
    err_ = test_.Err();
    return code;
  }

  std::string Put(const std::string& name, const std::string& rows) {
    const absl::Status status =
        WriteFileAtomically(folder_.File(name), absl::StrCat("time,id,level,shaft\n", rows), FileAccess::kEverybody);
    EXPECT_EQ(status, absl::OkStatus());
    return folder_.File(name);
  }

  // The table as `navi` gets it: `id=level ...`, by key.
  std::string Table() {
    const std::string directory = folder_.File("table-replica");
    EXPECT_EQ(Run("navi", {"replica", "sync", directory, "--dataset", "amt/orte"}), ExitCode::kOk) << err_;
    EXPECT_EQ(Run("navi", {"replica", "scan", directory, "--output", "csv", "--quiet"}), ExitCode::kOk) << err_;
    return out_;
  }

  broker::TestBroker broker_;
  const TestDirectory folder_;
  TestContext test_;
  std::string out_;
  std::string err_;
};

}  // namespace allmende::cli
