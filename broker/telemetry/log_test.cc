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

}  // namespace
}  // namespace allmende::broker
