#include "broker/telemetry/log.h"

#include "gtest/gtest.h"

namespace allmende::broker {
namespace {

TEST(FormatEvent, TextQuotesOnlyWhereNeeded) {
  EXPECT_EQ(FormatEvent(LogFormat::kText, "subscription opened", {{"dataset", "wasser/regen"}, {"purpose", "a b"}}),
            R"(subscription opened dataset=wasser/regen purpose="a b")");
  EXPECT_EQ(FormatEvent(LogFormat::kText, "x", {{"empty", ""}}), R"(x empty="")");
}

TEST(FormatEvent, AValueCannotForgeALine) {
  EXPECT_EQ(FormatEvent(LogFormat::kText, "x", {{"name", "a\nERROR y"}}), R"(x name="a\nERROR y")");
  EXPECT_EQ(FormatEvent(LogFormat::kText, "x", {{"name", "a\" k=\"v"}}), R"(x name="a\" k=\"v")");
  EXPECT_EQ(FormatEvent(LogFormat::kJson, "x", {{"name", "\"}\x1b[2J"}}), R"("event":"x","name":"\"}\u001b[2J")");
}

TEST(FormatEvent, AValueThatIsTooLongIsCutBetweenCharactersAndSaysSo) {
  const std::string fits(1'000, 'x');
  EXPECT_EQ(FormatEvent(LogFormat::kText, "x", {{"name", fits}}), "x name=" + fits);
  EXPECT_EQ(FormatEvent(LogFormat::kText, "x", {{"name", std::string(3'000'000, 'x')}}),
            "x name=\"" + fits + "… (2999000 bytes more)\"");
  EXPECT_EQ(FormatEvent(LogFormat::kJson, "x", {{"name", fits.substr(1) + "üü"}}),
            "\"event\":\"x\",\"name\":\"" + fits.substr(1) + "… (4 bytes more)\"");
  // No character at all, only bytes that go on with one.
  EXPECT_LT(FormatEvent(LogFormat::kText, "x", {{"name", std::string(5'000, '\x80')}}).size(), 1'100);
}

}  // namespace
}  // namespace allmende::broker
