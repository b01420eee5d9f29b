#include "examples/heavy_rain/stage/narrator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace heavy_rain {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class NarratorTest : public ::testing::Test {
 protected:
  ~NarratorTest() override { std::fclose(file_); }

  std::string Printed() {
    std::string text;
    std::rewind(file_);
    for (int c; (c = std::fgetc(file_)) != EOF;) text.push_back(static_cast<char>(c));
    return text;
  }

  FILE* const file_ = std::tmpfile();
};

TEST(WrapTest, BreaksBetweenWords) {
  EXPECT_THAT(Wrap("one two  three", 7), ElementsAre("one two", "three"));
  EXPECT_THAT(Wrap("a-word-that-is-too-long b", 5), ElementsAre("a-word-that-is-too-long", "b"));
  EXPECT_THAT(Wrap("", 5), ElementsAre(""));
}

TEST(WrapTest, UmlautsTakeOneColumn) {
  EXPECT_EQ(Columns("Köpenick"), 8u);
  EXPECT_THAT(Wrap("Köln Köln", 9), ElementsAre("Köln Köln"));
}

TEST_F(NarratorTest, NothingIsWiderThanEightyColumns) {
  Narrator narrator(file_, false);
  const std::string sentence = "Heavy rain falls on the whole city, and nobody knows for how long it will go on. ";
  narrator.Title("The night");
  narrator.Act("Act one");
  narrator.Say(sentence + sentence + sentence);
  narrator.Tick(true, sentence + sentence);
  narrator.Tick(false, sentence + sentence);
  narrator.Command("allmende " + sentence + sentence);
  std::istringstream lines(Printed());
  for (std::string line; std::getline(lines, line);) EXPECT_LE(Columns(line), 80u) << line;
}

TEST_F(NarratorTest, TablesAlign) {
  Narrator narrator(file_, false);
  narrator.Table({{"place", "cm", "who"}, {"Köpenick", "7", "a"}, {"Mitte", "231.4", "bc"}});
  EXPECT_EQ(Printed(),
            "  place        cm  who\n"
            "  --------------------\n"
            "  Köpenick      7  a\n"
            "  Mitte     231.4  bc\n");
}

TEST_F(NarratorTest, RaggedTablesArePrintedToo) {
  Narrator narrator(file_, false);
  narrator.Table({{"a"}, {"b", "c"}, {}});
  EXPECT_THAT(Printed(), HasSubstr("  b  c\n"));
}

TEST_F(NarratorTest, ColoursAreForTerminalsOnly) {
  EXPECT_FALSE(Narrator::WantsColours(file_));
  Narrator plain(file_, false);
  plain.Tick(false, "bad");
  EXPECT_THAT(Printed(), Not(HasSubstr("\x1b")));
  Narrator coloured(file_, true);
  coloured.Tick(false, "bad");
  EXPECT_THAT(Printed(), HasSubstr("\x1b[1;31m"));
}

}  // namespace
}  // namespace heavy_rain
