#include "sdk/settings/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace allmende::settings {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string Text(const absl::Status& status) {
  return std::string(status.message());
}

// Runs `read` over the settings in `text` and returns what was found wrong; unknown keys are not looked for.
std::string Wrong(const std::string& text, const std::function<void(MapReader&)>& read) {
  const absl::StatusOr<policy::Node> root = ReadTree(text, "f");
  if (!root.ok()) return Text(root.status());
  Problems problems("f");
  MapReader reader(*root, problems);
  read(reader);
  return Text(problems.ToStatus());
}

TEST(ReadTreeTest, BrokenFilesAreRefusedWithTheirPlace) {
  const std::pair<const char*, const char*> rows[] = {
      {"", "f: the file is empty"},
      {"# nothing\n", "the file is empty"},
      {"word", "f:1:1: a settings file is a list of `key: value` lines"},
      {"- a\n", "a settings file is a list of `key: value` lines"},
      {"a: 1\na: 2\n", "f:2:1:"},
      {"a: &x 1\n", "f:1:4:"},
      {"a: !!str 1\n", "f:1:4:"},
      {"a: [1\n", "f:2:1:"},
      {"a: 1\n---\nb: 2\n", "a second document begins here"},
      {"a: \xff\n", "f:1:4: the byte 0xFF is not UTF-8"},
      {"a: \tb: c\n", "f:1:"},
  };
  for (const auto& [text, message] : rows) {
    const absl::Status status = ReadTree(text, "f").status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(Text(status), HasSubstr(message)) << text;
  }
}

TEST(ReadTreeTest, HugeFilesAreRefused) {
  EXPECT_FALSE(ReadTree("a: " + std::string(2 << 20, 'x'), "f").ok());
  EXPECT_FALSE(ReadTree("a: " + std::string(1000, '[') + std::string(1000, ']'), "f").ok());
}

TEST(QuoteValueTest, EveryValueReadsBackAsItWas) {
  const std::string values[] = {"a",       "a:b",  "a:",  "127.0.0.1:7443",
                                "[::1]:1", "/x/y", "yes", "No",
                                "null",    "",     "1e3", "0",
                                "- a",     "a #b", "\"",  "'",
                                "\\",      "ä€",   " x ", "a\tb",
                                "~",       "{a}",  "%a",  "@a",
                                "`a`",     "*a",   "!a",  "|",
                                ">",       "a\nb"};
  for (const std::string& value : values) {
    const std::string text = absl::StrCat("key: ", QuoteValue(value), "\n");
    const absl::StatusOr<policy::Node> root = ReadTree(text, "f");
    ASSERT_TRUE(root.ok()) << text << root.status();
    ASSERT_EQ(root->entries.size(), 1u);
    EXPECT_EQ(root->entries[0].second.scalar, value) << text;
  }
  EXPECT_EQ(QuoteValue("musterstadt"), "musterstadt");
  EXPECT_EQ(QuoteValue("no"), "\"no\"");
}

TEST(MapReaderTest, WrongValuesAreNamedWithTheirPlace) {
  const auto text = [](MapReader& reader) { reader.RequireText("key"); };
  const auto flag = [](MapReader& reader) {
    bool out = false;
    EXPECT_FALSE(reader.Bool("key", out));
  };
  const auto integer = [](MapReader& reader) {
    int64_t out = 7;
    EXPECT_FALSE(reader.Integer("key", 1, 100, out));
    EXPECT_EQ(out, 7);
  };
  const auto duration = [](MapReader& reader) {
    absl::Duration out = absl::Seconds(7);
    EXPECT_FALSE(reader.Duration("key", absl::Seconds(1), absl::Hours(1), out));
    EXPECT_EQ(out, absl::Seconds(7));
  };
  const auto bytes = [](MapReader& reader) {
    int64_t out = 7;
    EXPECT_FALSE(reader.Bytes("key", 1024, 1 << 20, out));
    EXPECT_EQ(out, 7);
  };
  const auto list = [](MapReader& reader) {
    std::vector<std::string> out;
    reader.Texts("key", out);
  };
  const auto choice = [](MapReader& reader) {
    size_t out = 0;
    EXPECT_FALSE(reader.Choice("key", {"text", "json"}, out));
  };
  struct Row {
    const char* text;
    std::function<void(MapReader&)> read;
    const char* message;
  };
  const Row rows[] = {
      {"other: x\n", text, "f:1:1: `key` is missing here"},
      {"key:\n", text, "f:1:1: `key` has no value"},
      {"key: \"\"\n", text, "f:1:6: `key` must not be empty"},
      {"key: [a]\n", text, "f:1:6: `key` takes a single value"},
      {"key: yes\n", flag, "f:1:6: `key` is `true` or `false`, not `yes`"},
      {"key: 0\n", integer, "`key` is a whole number from 1 to 100, not `0`"},
      {"key: 101\n", integer, "not `101`"},
      {"key: 1.5\n", integer, "not `1.5`"},
      {"key: 99999999999999999999\n", integer, "not `99999999999999999999`"},
      {"key: 5\n", duration, "`key` is a duration such as `30 s`"},
      {"key: 5 weeks\n", duration, "`5 weeks` is none"},
      {"key: -5 s\n", duration, "`-5 s` is none"},
      {"key: 999 ms\n", duration, "`key` must be from 1 s to 1 h, not `999 ms`"},
      {"key: 9223372036854775807 d\n", duration, "is none"},
      {"key: 4 MB\n", bytes, "`key` is a size such as `4 MiB`"},
      {"key: 4 mib\n", bytes, "`4 mib` is none"},
      {"key: 2 MiB\n", bytes, "`key` must be from 1 KiB to 1 MiB, not `2 MiB`"},
      {"key: {a: b}\n", list, "`key` takes a list, such as `[a, b]`"},
      {"key: [a, a]\n", list, "f:1:10: `a` stands in `key` twice"},
      {"key: [a, [b]]\n", list, "`key` is a list of single values"},
      {"key: [\"\"]\n", list, "none of them empty"},
      {"key: xml\n", choice, "`key` is one of text, json, not `xml`"},
      {"key: x\n", [](MapReader& reader) { reader.Map("key"); }, "here belongs a map of `key: value` lines"},
      {"key: x\n", [](MapReader& reader) { reader.Maps("key"); }, "`key` takes a list; begin each entry with `- `"},
      {"key: [x]\n", [](MapReader& reader) { reader.NamedMaps("key"); }, "`key` takes a map of names"},
  };
  for (const Row& row : rows) EXPECT_THAT(Wrong(row.text, row.read), HasSubstr(row.message)) << row.text;
}

TEST(MapReaderTest, RightValuesAreRead) {
  const std::string wrong = Wrong(
      "text: x\nflag: true\nnumber: -5\nduration: 90 d\nno_duration: 0\nbytes: 512 B\n"
      "one: a\nmany: [a, b]\nchoice: json\nmaps: [{a: 1}, {a: 2}]\nnamed: {x: {a: 1}}\n",
      [](MapReader& reader) {
        EXPECT_EQ(reader.RequireText("text"), "x");
        bool flag = false;
        EXPECT_TRUE(reader.Bool("flag", flag) && flag);
        int64_t number = 0;
        EXPECT_TRUE(reader.Integer("number", -5, 5, number));
        EXPECT_EQ(number, -5);
        absl::Duration duration;
        EXPECT_TRUE(reader.Duration("duration", absl::ZeroDuration(), absl::InfiniteDuration(), duration));
        EXPECT_EQ(duration, absl::Hours(90 * 24));
        EXPECT_TRUE(reader.Duration("no_duration", absl::ZeroDuration(), absl::Hours(1), duration));
        EXPECT_EQ(duration, absl::ZeroDuration());
        EXPECT_TRUE(reader.Bytes("bytes", 0, 1024, number));
        EXPECT_EQ(number, 512);
        std::vector<std::string> texts;
        EXPECT_TRUE(reader.Texts("one", texts));
        EXPECT_THAT(texts, ElementsAre("a"));
        EXPECT_TRUE(reader.Texts("many", texts));
        EXPECT_THAT(texts, ElementsAre("a", "b"));
        size_t choice = 0;
        EXPECT_TRUE(reader.Choice("choice", {"text", "json"}, choice));
        EXPECT_EQ(choice, 1u);
        EXPECT_EQ(reader.Maps("maps").size(), 2u);
        EXPECT_EQ(reader.NamedMaps("named").front().first, "x");
        EXPECT_FALSE(reader.Has("absent"));
        reader.Finish();
      });
  EXPECT_THAT(wrong, IsEmpty());
}

TEST(MapReaderTest, MissingKeysLeaveTheirDefaults) {
  int64_t number = 7;
  std::vector<std::string> texts = {"default"};
  const std::string wrong = Wrong("other: 1\n", [&](MapReader& reader) {
    EXPECT_FALSE(reader.Integer("number", 0, 9, number));
    EXPECT_FALSE(reader.Texts("texts", texts));
    reader.Map("map").Integer("number", 0, 9, number);
    EXPECT_THAT(reader.Maps("maps"), IsEmpty());
  });
  EXPECT_THAT(wrong, IsEmpty());
  EXPECT_EQ(number, 7);
  EXPECT_THAT(texts, ElementsAre("default"));
}

TEST(MapReaderTest, KeysThatNobodyAskedForAreErrors) {
  const auto read = [](MapReader& reader) {
    std::string out;
    reader.Text("listen", out);
    MapReader limits = reader.Map("limits");
    int64_t number = 0;
    limits.Integer("connections", 0, 9, number);
    limits.Finish();
    reader.Finish();
  };
  EXPECT_THAT(Wrong("lisen: x\n", read), HasSubstr("f:1:1: unknown key `lisen`; did you mean `listen`?"));
  EXPECT_THAT(Wrong("zebra: x\n", read), HasSubstr("unknown key `zebra`; known here: listen, limits"));
  EXPECT_THAT(Wrong("limits:\n  conections: 5\n", read),
              HasSubstr("f:2:3: unknown key `conections`; did you mean `connections`?"));
}

TEST(ProblemsTest, AreToldInTheOrderOfTheFileAndCounted) {
  Problems problems("f");
  EXPECT_TRUE(problems.ToStatus().ok());
  problems.Add({2, 1}, "second");
  problems.Add({1, 5}, "first");
  problems.Add({0, 0}, "of the whole file");
  EXPECT_EQ(Text(problems.ToStatus()), "f: of the whole file\nf:1:5: first\nf:2:1: second");
  for (int i = 0; i < 50; ++i) problems.Add({10 + i, 1}, "further");
  EXPECT_THAT(Text(problems.ToStatus()), HasSubstr("\nand 3 more"));
  EXPECT_THAT(Text(problems.ToStatus()), Not(HasSubstr("f:59")));
}

}  // namespace
}  // namespace allmende::settings
