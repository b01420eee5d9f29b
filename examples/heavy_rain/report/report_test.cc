#include "examples/heavy_rain/report/report.h"

#include <gtest/gtest.h>

namespace heavy_rain {
namespace {

TEST(ReportTest, ComesBackAsItWasSaid) {
  std::string every_byte;
  for (int i = 0; i < 256; ++i) every_byte.push_back(static_cast<char>(i));
  const Report said = Report("published").With("number", 12).With("payload", every_byte).With("empty", "");
  const std::string line = said.Line();
  ASSERT_EQ(line.find('\n'), line.size() - 1);
  const absl::StatusOr<Report> heard = Report::Parse(line.substr(0, line.size() - 1));
  ASSERT_TRUE(heard.ok()) << heard.status();
  EXPECT_EQ(heard->kind(), "published");
  EXPECT_EQ(heard->Number("number"), 12u);
  EXPECT_EQ(heard->Text("payload"), every_byte);
  EXPECT_EQ(heard->Text("empty"), "");
}

TEST(ReportTest, AbsentAndUnreadableNumbersAreZero) {
  const Report report = Report("x").With("word", "12a").With("minus", "-1").With("huge", "99999999999999999999");
  for (const char* name : {"absent", "word", "minus", "huge"}) EXPECT_EQ(report.Number(name), 0u) << name;
}

TEST(ReportTest, WhatIsNoReportIsRefused) {
  for (const char* line : {"", " a=b", "x a", "x =b", "x a=%", "x a=%4", "x a=%zz", "x  a=b", "x a=b ", "%"}) {
    EXPECT_FALSE(Report::Parse(line).ok()) << "`" << line << "`";
  }
}

}  // namespace
}  // namespace heavy_rain
