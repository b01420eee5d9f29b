#include "tests/arrows/rules.h"

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace allmende::arrows {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string Including(const std::vector<std::string>& targets) {
  std::string content;
  for (const std::string& target : targets) {
    content += "#include \"" + target + "\"\n";
  }
  return content;
}

// A small tree that obeys every rule; each test breaks it in one way.
struct Sample {
  SourceTree tree = {
      {"policy/view/view.h", Including({"absl/status/status.h"})},
      {"sdk/store/database.cc", Including({"rocksdb/db.h", "sdk/base/file.h"})},
      {"sdk/base/file.h", ""},
      {"sdk/client/client.cc", Including({"allmende/client.h", "policy/view/view.h", "allmende/v1/types.pb.h"})},
      {"sdk/include/allmende/client.h", Including({"allmende/v1/types.pb.h"})},
      {"examples/rain/main.cc", Including({"allmende/client.h", "allmende/v1/types.pb.h"})},
      {"tests/system/system_test.cc", Including({"sdk/store/database.h"})},
      {"sdk/store/database.h", ""},
  };
  Architecture architecture = {
      .arrows = {{"policy/view", {}},
                 {"sdk/base", {}},
                 {"sdk/store", {"sdk/base"}},
                 {"sdk/include/allmende", {"proto"}},
                 {"sdk/client", {"policy/view", "proto", "sdk/include/allmende"}},
                 {"examples/rain", {"proto", "sdk/include/allmende"}},
                 {"tests/system", {"*"}}},
      .libraries = {{"rocksdb/", {"sdk/store"}}, {"CLI/", {"sdk/cli/app.cc"}}},
      .pure = {{"policy", {"thread"}}},
  };

  std::vector<std::string> Check() const {
    std::vector<std::string> all = CheckArrows(tree, architecture);
    for (auto check : {CheckLayers, CheckLibraries}) {
      for (std::string& sentence : check(tree, architecture)) {
        all.push_back(std::move(sentence));
      }
    }
    return all;
  }
};

TEST(RulesTest, GoodTreeHasNothingWrong) {
  EXPECT_THAT(Sample().Check(), IsEmpty());
}

TEST(RulesTest, UnlistedArrowIsFoundWithItsLine) {
  Sample sample;
  sample.tree["sdk/store/database.cc"] += Including({"policy/view/view.h"});
  EXPECT_THAT(sample.Check(), ElementsAre("sdk/store/database.cc:3: ARCHITECTURE.md lists no arrow from sdk/store to "
                                          "policy/view"));
}

TEST(RulesTest, ListedArrowThatNothingFollowsIsFound) {
  Sample sample;
  sample.architecture.arrows["sdk/client"].insert("sdk/base");
  EXPECT_THAT(sample.Check(), ElementsAre(HasSubstr("an arrow from sdk/client to sdk/base, which no include follows")));
}

TEST(RulesTest, FolderWithoutALineIsFound) {
  Sample sample;
  sample.tree["sdk/tabular/csv.h"] = "";
  EXPECT_THAT(sample.Check(), ElementsAre("ARCHITECTURE.md has no line for the folder sdk/tabular"));
}

TEST(RulesTest, LineForAFolderThatIsGoneIsFound) {
  Sample sample;
  sample.architecture.arrows["sdk/gone"] = {};
  EXPECT_THAT(sample.Check(), ElementsAre("ARCHITECTURE.md names the folder sdk/gone, which holds no code"));
}

TEST(RulesTest, OnlyTestsMayUseEverything) {
  Sample sample;
  sample.architecture.arrows["sdk/client"] = {"*"};
  EXPECT_THAT(sample.Check(), ElementsAre(HasSubstr("which only tests may have")));
}

TEST(RulesTest, LayersPointOneWayEvenWhereTheArrowIsListedOrTheFileIsATest) {
  struct Row {
    std::string path, target;
  };
  for (const Row& row :
       {Row{"policy/view/view.h", "sdk/base/file.h"}, Row{"policy/view/view_test.cc", "sdk/base/file.h"},
        Row{"tests/system/system_test.cc", "examples/rain/main.h"}}) {
    Sample sample;
    sample.tree["examples/rain/main.h"] = "";
    sample.tree[row.path] += Including({row.target});
    sample.architecture.arrows["policy/view"].insert("sdk/base");
    EXPECT_THAT(CheckLayers(sample.tree, sample.architecture), ElementsAre(HasSubstr("must not stand on"))) << row.path;
  }
}

TEST(RulesTest, TestsOfAFolderMayUseTheirLayerWithoutAnArrow) {
  Sample sample;
  sample.tree["sdk/base/file_test.cc"] = Including({"sdk/store/database.h"});
  EXPECT_THAT(sample.Check(), IsEmpty());
}

TEST(RulesTest, ExamplesAndPublicHeadersStandOnThePublicApiOnly) {
  for (const std::string path : {"examples/rain/main.cc", "sdk/include/allmende/client.h"}) {
    Sample sample;
    sample.tree[path] += Including({"sdk/base/file.h"});
    EXPECT_THAT(CheckLayers(sample.tree, sample.architecture), ElementsAre(HasSubstr("not sdk/base"))) << path;
  }
}

TEST(RulesTest, TestingFolderServesTestsOnly) {
  Sample sample;
  sample.tree["policy/testing/sample.h"] = "#include <thread>\n";
  sample.tree["policy/view/view_test.cc"] = Including({"policy/testing/sample.h"});
  sample.architecture.arrows["policy/testing"] = {};
  EXPECT_THAT(sample.Check(), IsEmpty());
  sample.tree["policy/view/view.h"] += Including({"policy/testing/sample.h"});
  EXPECT_THAT(CheckLayers(sample.tree, sample.architecture),
              ElementsAre("policy/view/view.h:2: policy/testing is for tests"));
}

TEST(RulesTest, CycleOfFoldersIsFound) {
  Sample sample;
  sample.architecture.arrows["sdk/base"] = {"sdk/client"};
  sample.architecture.arrows["sdk/client"].insert("sdk/store");
  EXPECT_THAT(CheckLayers(sample.tree, sample.architecture),
              ElementsAre("a cycle of folders: sdk/base -> sdk/client -> sdk/store -> sdk/base"));
}

TEST(RulesTest, IncludeOfAFileThatDoesNotExistIsFound) {
  Sample sample;
  sample.tree["sdk/base/file.h"] = Including({"sdk/base/gone.h"});
  EXPECT_THAT(sample.Check(), ElementsAre("sdk/base/file.h:1: there is no file sdk/base/gone.h"));
}

TEST(RulesTest, IncludeThatClimbsOutOfItsFolderIsFound) {
  Sample sample;
  sample.tree["policy/view/view.h"] = Including({"../../sdk/store/database.h"});
  EXPECT_THAT(sample.Check(),
              ElementsAre(HasSubstr("policy/view/view.h:1: includes are named from the project's folder")));
}

TEST(RulesTest, LibraryOutsideItsPlaceIsFoundInCodeAndInTests) {
  for (const std::string path : {"sdk/base/file.h", "tests/system/system_test.cc"}) {
    Sample sample;
    sample.tree[path] += Including({"rocksdb/options.h"});
    EXPECT_THAT(sample.Check(), ElementsAre(HasSubstr("<rocksdb/options.h> is for sdk/store only"))) << path;
  }
}

TEST(RulesTest, LibraryKeptToOneFileIsFoundInItsNeighbour) {
  Sample sample;
  sample.tree["sdk/cli/app.cc"] = "#include <CLI/CLI.hpp>\n";
  sample.tree["sdk/cli/other.cc"] = "#include <CLI/CLI.hpp>\n";
  EXPECT_THAT(CheckLibraries(sample.tree, sample.architecture), ElementsAre(HasSubstr("sdk/cli/other.cc:1")));
}

TEST(RulesTest, ImpureIncludeIsFoundButNotInTests) {
  Sample sample;
  sample.tree["policy/view/view.h"] += "#  include <thread>\n";
  sample.tree["policy/view/view_test.cc"] = "#include <thread>\n";
  EXPECT_THAT(sample.Check(), ElementsAre("policy/view/view.h:2: policy is pure: no <thread>"));
}

TEST(ArchitectureTest, BlocksAreRead) {
  const auto read = ParseArchitecture(
      "# Text\n```arrows\nsdk/a: sdk/b proto\nsdk/b:\n```\nmore\n```libraries\nx/: sdk/a\n```\n"
      "```pure\npolicy: thread\n```\n");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_THAT(read->arrows, SizeIs(2));
  EXPECT_THAT(read->arrows.at("sdk/a"), ElementsAre("proto", "sdk/b"));
  EXPECT_THAT(read->libraries.at("x/"), ElementsAre("sdk/a"));
  EXPECT_THAT(read->pure.at("policy"), ElementsAre("thread"));
}

TEST(ArchitectureTest, BadBlocksAreRefusedWithTheirLine) {
  struct Row {
    std::string markdown, message;
  };
  for (const Row& row : {Row{"```arrows\nsdk/a sdk/b\n```\n", "ARCHITECTURE.md:2: a line of a block reads"},
                         Row{"```arrows\n: sdk/b\n```\n", "ARCHITECTURE.md:2: a line of a block reads"},
                         Row{"```arrows\na:\na:\n```\n", "ARCHITECTURE.md:3: `a` has a line already"},
                         Row{"```arrows\na: b b\n```\n", "ARCHITECTURE.md:2: `b` stands twice"},
                         Row{"```arrows\na: b\n", "the last block is not closed"},
                         Row{"```arrows\na: b\n```\n```pure\n```\n", "there is no block ```libraries"}}) {
    EXPECT_THAT(ParseArchitecture(row.markdown).status().message(), HasSubstr(row.message)) << row.markdown;
  }
}

TEST(SourceTreeTest, IncludesAreReadInEveryFormAndNothingElseIs) {
  const std::vector<Include> includes = IncludesOf(
      "#include <a.h>\n// #include <no.h>\n  #  include \"b/c.h\"  // why\n#include MACRO\n#include\n#include \"x\n");
  ASSERT_THAT(includes, SizeIs(2));
  EXPECT_EQ(includes[0].target, "a.h");
  EXPECT_EQ(includes[1].target, "b/c.h");
  EXPECT_EQ(includes[1].line, 3);
}

TEST(SourceTreeTest, MissingFolderIsAnError) {
  EXPECT_FALSE(ReadSourceTree("/nonexistent", [](absl::string_view) { return true; }).ok());
}

}  // namespace
}  // namespace allmende::arrows
