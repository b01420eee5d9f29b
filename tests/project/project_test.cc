// What the project promises about its own files: commands that are documented exist, links lead somewhere, every source
// is built, every fuzzer is listed, files stay small, and no path of one machine is left in them.
#include <algorithm>
#include <filesystem>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/arrows/source_tree.h"

namespace allmende::arrows {
namespace {

using ::testing::IsSubsetOf;
using ::testing::UnorderedElementsAreArray;

constexpr int kLinesMax = 600;

const SourceTree& Tree() {
  static const SourceTree* const kTree = [] {
    auto read = ReadSourceTree(ALLMENDE_SOURCE_DIR, [](absl::string_view) { return true; });
    return read.ok() ? new SourceTree(*std::move(read)) : new SourceTree();
  }();
  return *kTree;
}

const std::string& Content(const std::string& path) {
  static const std::string* const kNothing = new std::string();
  const auto file = Tree().find(path);
  EXPECT_TRUE(file != Tree().end()) << "there is no file " << path;
  return file == Tree().end() ? *kNothing : file->second;
}

bool HasEnding(const std::string& path, const std::vector<std::string>& endings) {
  return std::any_of(endings.begin(), endings.end(),
                     [&](const std::string& ending) { return absl::EndsWith(path, ending); });
}

// The first group of each match.
std::vector<std::string> Matches(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  std::vector<std::string> found;
  for (auto match = std::sregex_iterator(text.begin(), text.end(), regex); match != std::sregex_iterator(); ++match) {
    found.push_back((*match)[1]);
  }
  return found;
}

// The first word of each line of a list in .dev, without comments.
std::vector<std::string> ListedNames(const std::string& path) {
  std::vector<std::string> names;
  for (const absl::string_view line : absl::StrSplit(Content(path), '\n')) {
    const absl::string_view text = absl::StripAsciiWhitespace(line.substr(0, line.find('#')));
    if (!text.empty()) {
      names.emplace_back(text.substr(0, text.find(' ')));
    }
  }
  return names;
}

TEST(ProjectTest, TopLevelHoldsTheLayersAndNothingElse) {
  const std::set<std::string> allowed = {"proto",    "broker", "policy",       "sdk",
                                         "examples", "tests",  "bazel-compat", "docs"};
  for (const auto& [path, content] : Tree()) {
    const std::string top = path.substr(0, path.find('/'));
    if (top != path && top[0] != '.') {
      EXPECT_TRUE(allowed.count(top) > 0) << path;
    }
  }
}

TEST(ProjectTest, DocumentedCommandsExist) {
  for (const auto& [path, content] : Tree()) {
    if (HasEnding(path, {".md", ".ci/run"})) {
      for (const std::string& command : Matches(content, R"(\./dev ([a-z]+))")) {
        EXPECT_EQ(Tree().count(absl::StrCat(".dev/commands/", command, ".sh")), 1u) << path << ": ./dev " << command;
      }
    }
  }
  EXPECT_THAT((std::vector<std::string>{"demo", "test"}),
              IsSubsetOf(Matches(Content("README.md"), R"(\./dev ([a-z]+))")));
}

TEST(ProjectTest, EveryCommandExplainsItselfAndIsInTheOverview) {
  std::vector<std::string> commands;
  for (const auto& [path, content] : Tree()) {
    if (FolderOf(path) == ".dev/commands") {
      commands.push_back(std::filesystem::path(path).stem());
      EXPECT_TRUE(absl::StartsWith(content, absl::StrCat("#: usage: ./dev ", commands.back()))) << path;
      EXPECT_TRUE(std::regex_search(content, std::regex("^#: usage: [^\n]+\n#:\n#: [^\n]+\n"))) << path;
    }
  }
  const std::vector<std::string> overview = Matches(Content("dev"), R"(for command in ([a-z ]+);)");
  ASSERT_EQ(overview.size(), 1u);
  EXPECT_THAT((std::vector<std::string>(absl::StrSplit(overview[0], ' '))), UnorderedElementsAreArray(commands));
}

TEST(ProjectTest, LinksBetweenDocumentsLeadSomewhere) {
  for (const auto& [path, content] : Tree()) {
    if (!HasEnding(path, {".md"})) {
      continue;
    }
    for (const std::string& link : Matches(content, R"(\]\(([^)#\s]+)[^)]*\))")) {
      if (link.find("://") == std::string::npos && !absl::StartsWith(link, "mailto:")) {
        const auto target = std::filesystem::path(ALLMENDE_SOURCE_DIR) / std::string(FolderOf(path)) / link;
        EXPECT_TRUE(std::filesystem::exists(target)) << path << " links to " << link;
      }
    }
  }
}

TEST(ProjectTest, EveryDecisionIsInTheirList) {
  const std::vector<std::string> listed = Matches(Content("docs/decisions/README.md"), R"(\]\(([0-9]{4}-[^)]+)\))");
  std::vector<std::string> decisions;
  for (const auto& [path, content] : Tree()) {
    const std::string name = std::filesystem::path(path).filename();
    if (FolderOf(path) == "docs/decisions" && name != "README.md") {
      decisions.push_back(name);
    }
  }
  EXPECT_THAT(listed, UnorderedElementsAreArray(decisions));
}

TEST(ProjectTest, EverySourceIsBuilt) {
  for (const auto& [path, content] : Tree()) {
    if (!HasEnding(path, {".cc"}) || HasEnding(path, {"_fuzz.cc"})) {
      continue;
    }
    bool built = false;
    for (std::filesystem::path folder = std::string(FolderOf(path)); !folder.empty(); folder = folder.parent_path()) {
      const auto list = Tree().find((folder / "CMakeLists.txt").string());
      if (list != Tree().end()) {
        const std::string name = std::filesystem::path(path).lexically_relative(folder).string();
        built = std::regex_search(list->second, std::regex(R"((^|[\s(/]))" + name + R"(([\s)]|$))"));
        break;
      }
    }
    EXPECT_TRUE(built) << path << " is in no CMakeLists.txt";
  }
}

TEST(ProjectTest, FuzzersAndTheirListAgree) {
  std::vector<std::string> sources;
  for (const auto& [path, content] : Tree()) {
    if (HasEnding(path, {"_fuzz.cc"}) && path != "tests/fuzz_canary/canary_fuzz.cc") {
      sources.push_back(path);
    }
  }
  EXPECT_THAT(Matches(Content(".dev/fuzzers.txt"), R"(\n[a-z_]+ *\| *(\S+) *\|)"), UnorderedElementsAreArray(sources));
}

TEST(ProjectTest, ListedBenchmarksAreTargets) {
  std::set<std::string> targets;
  for (const auto& [path, content] : Tree()) {
    if (HasEnding(path, {"CMakeLists.txt"})) {
      for (const std::string& target : Matches(content, R"(allmende_(?:benchmark|binary)\(\s*([a-z_0-9]+))")) {
        targets.insert(target);
      }
    }
  }
  EXPECT_THAT(ListedNames(".dev/benchmarks.txt"), IsSubsetOf(targets));
}

TEST(ProjectTest, EveryLibraryHasItsReasonInTheDecision) {
  const std::string& decision = Content("docs/decisions/0002-dependencies.md");
  for (const std::string& package : Matches(Content(".dev/packages.txt"), R"(\nbuild +(\S+-dev)\b)")) {
    EXPECT_NE(decision.find(absl::StrCat("`", package, "`")), std::string::npos) << package;
  }
}

TEST(ProjectTest, FilesAreSmall) {
  for (const auto& [path, content] : Tree()) {
    if (HasEnding(path, {".cc", ".h", ".proto", ".py", ".ts", ".sh", ".cmake", "CMakeLists.txt", "dev"})) {
      EXPECT_LE(std::count(content.begin(), content.end(), '\n'), kLinesMax) << path;
    }
  }
}

TEST(ProjectTest, NoPathOfOneMachineIsLeft) {
  // Written in two parts, so that this file does not find itself.
  const std::vector<std::string> paths = {absl::StrCat("/wo", "rk/"), absl::StrCat("/ro", "ot/"),
                                          absl::StrCat("/tmp", "/b/"), absl::StrCat("/ho", "me/")};
  for (const auto& [path, content] : Tree()) {
    for (const std::string& machine_path : paths) {
      // Only where a path begins, so that `a/work/b` within the project is no match.
      for (size_t at = content.find(machine_path); at != std::string::npos; at = content.find(machine_path, at + 1)) {
        const bool begins = at == 0 || std::string(" \t\n\"'`(=:").find(content[at - 1]) != std::string::npos;
        EXPECT_FALSE(begins) << path << " contains " << machine_path;
      }
    }
  }
}

}  // namespace
}  // namespace allmende::arrows
