// ARCHITECTURE.md against the tree: what a newcomer reads there is so.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/arrows/rules.h"

namespace allmende::arrows {
namespace {

std::string AsBlock(const Lines& arrows) {
  std::string block;
  for (const auto& [folder, targets] : arrows) {
    absl::StrAppend(&block, folder, ":", targets.empty() ? "" : " ", absl::StrJoin(targets, " "), "\n");
  }
  return block;
}

class ProjectTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto tree = ReadSourceTree(ALLMENDE_SOURCE_DIR, IsLayerCode);
    ASSERT_TRUE(tree.ok()) << tree.status();
    tree_ = *std::move(tree);
    auto text = ReadSourceTree(ALLMENDE_SOURCE_DIR, [](absl::string_view path) { return path == "ARCHITECTURE.md"; });
    ASSERT_TRUE(text.ok()) << text.status();
    auto architecture = ParseArchitecture((*text)["ARCHITECTURE.md"]);
    ASSERT_TRUE(architecture.ok()) << architecture.status();
    architecture_ = *std::move(architecture);
  }

  SourceTree tree_;
  Architecture architecture_;
};

TEST_F(ProjectTest, TheTreeIsSeen) {
  EXPECT_GT(tree_.size(), 50u);
}

TEST_F(ProjectTest, IncludesFollowTheArrowsOfTheArchitecture) {
  const std::vector<std::string> wrong = CheckArrows(tree_, architecture_);
  EXPECT_TRUE(wrong.empty()) << absl::StrJoin(wrong, "\n") << "\n\nThe tree as it is:\n" << AsBlock(ArrowsOf(tree_));
}

TEST_F(ProjectTest, LayersPointOneWayWithoutCycles) {
  const std::vector<std::string> wrong = CheckLayers(tree_, architecture_);
  EXPECT_TRUE(wrong.empty()) << absl::StrJoin(wrong, "\n");
}

TEST_F(ProjectTest, LibrariesStayInTheirFolders) {
  const std::vector<std::string> wrong = CheckLibraries(tree_, architecture_);
  EXPECT_TRUE(wrong.empty()) << absl::StrJoin(wrong, "\n");
}

}  // namespace
}  // namespace allmende::arrows
