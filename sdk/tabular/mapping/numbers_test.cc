#include "sdk/tabular/mapping/numbers.h"

#include <cmath>
#include <limits>
#include <random>
#include <string>

#include "absl/strings/str_format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace allmende::tabular {
namespace {

using ::testing::HasSubstr;

const NumberRules kPlain;
const NumberRules kGerman{.decimal = ',', .thousands = "."};

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

struct RealCase {
  std::string_view text;
  NumberRules rules;
  double value;
};

TEST(ReadDoubleTest, ReadsDecimalNotation) {
  const RealCase cases[] = {
      {"0", kPlain, 0},
      {"-0.5", kPlain, -0.5},
      {"+3", kPlain, 3},
      {".5", kPlain, 0.5},
      {"1e-05", kPlain, 1e-5},
      {"2.5E+3", kPlain, 2500},
      {" 7 ", kPlain, 7},
      {"139.83333333333334", kPlain, 139.83333333333334},
      {"0,86", kGerman, 0.86},
      {"0,00000000000000e+00", kGerman, 0},
      {"2,79745873520639e-03", kGerman, 2.79745873520639e-03},
      {"1.234.567,8", kGerman, 1234567.8},
      {"-12.345", kGerman, -12345},
      {"999", kGerman, 999},
      {"1'234.5", {.decimal = '.', .thousands = "'"}, 1234.5},
      {"1\u202F234,5", {.decimal = ',', .thousands = "\u202F"}, 1234.5},
  };
  for (const RealCase& test : cases) {
    double value = -1;
    ValueError error;
    EXPECT_TRUE(ReadDouble(test.text, test.rules, value, error)) << test.text << ": " << error.why;
    EXPECT_EQ(value, test.value) << test.text;
  }
}

struct BadCase {
  std::string_view text;
  NumberRules rules;
  const char* why;
  const char* advice;
};

TEST(ReadDoubleTest, SaysWhyATextIsNoNumber) {
  const BadCase cases[] = {
      {"", kPlain, "is not a number", "absent"},
      {"undefined", kPlain, "is not a number", "list it under `absent` in the mapping (`--mapping`)"},
      {"1,5", kPlain, "is not a number", "if its comma is the decimal mark, say `decimal: \",\"`"},
      {"1.5", {.decimal = ',', .thousands = {}}, "is not a number", "the decimal mark is set to a comma"},
      {"1.5", kGerman, "is not a number", "correct `decimal` or `thousands`"},  // no group of three
      {"1234.567,8", kGerman, "is not a number", ""},
      {"1.2345", kGerman, "is not a number", ""},
      {".123", kGerman, "is not a number", ""},
      {"1.", kPlain, "is not a number", ""},
      {"1e", kPlain, "is not a number", ""},
      {"--1", kPlain, "is not a number", ""},
      {"1 2", kPlain, "is not a number", ""},
      {"0x10", kPlain, "is not a number", ""},
      {"inf", kPlain, "is not a number", ""},
      {"NaN", kPlain, "is not a number", ""},
      {"1e999", kPlain, "is too large or too small", ""},
      {std::string_view("1111111111111111111111111111111111111111111111111111111111111111111111"), kPlain,
       "is not a number", ""},
  };
  for (const BadCase& test : cases) {
    double value = 0;
    ValueError error;
    EXPECT_FALSE(ReadDouble(test.text, test.rules, value, error)) << test.text;
    EXPECT_THAT(error.why, HasSubstr(test.why)) << test.text;
    EXPECT_THAT(error.advice, HasSubstr(test.advice)) << test.text;
  }
}

TEST(ReadDoubleTest, ReadsBackEveryNumberInEveryNotation) {
  constexpr unsigned kSeed = 754;
  SCOPED_TRACE(kSeed);
  std::mt19937_64 random(kSeed);
  for (int round = 0; round < 20'000; ++round) {
    uint64_t bits = random();
    double number;
    std::memcpy(&number, &bits, sizeof(number));
    if (!std::isfinite(number)) continue;
    std::string text = absl::StrFormat("%.17g", number);
    double value = 0;
    ValueError error;
    ASSERT_TRUE(ReadDouble(text, kPlain, value, error)) << text;
    ASSERT_EQ(value, number) << text;
    if (const size_t dot = text.find('.'); dot != std::string::npos) text[dot] = ',';
    ASSERT_TRUE(ReadDouble(text, kGerman, value, error)) << text;
    ASSERT_EQ(value, number) << text;
  }
}

TEST(ReadSignedTest, ReadsWholeNumbersInAnyNotation) {
  struct Case {
    std::string_view text;
    NumberRules rules;
    int64_t value;
  };
  const Case cases[] = {
      {"0", kPlain, 0},
      {"-1", kPlain, -1},
      {"+5", kPlain, 5},
      {" 12 ", kPlain, 12},
      {"007", kPlain, 7},
      {"9223372036854775807", kPlain, kMax},
      {"-9223372036854775808", kPlain, kMin},
      {"14089.0", kPlain, 14089},
      {"10,00", kGerman, 10},
      {"1.234", kGerman, 1234},
      {"1e+05", kPlain, 100000},
      {"1.5e1", kPlain, 15},
      {"100101010000167", kPlain, 100101010000167},
  };
  for (const Case& test : cases) {
    int64_t value = -99;
    ValueError error;
    EXPECT_TRUE(ReadSigned(test.text, test.rules, kMin, kMax, value, error)) << test.text << " " << error.why;
    EXPECT_EQ(value, test.value) << test.text;
  }
}

TEST(ReadSignedTest, SaysWhyATextIsNoWholeNumber) {
  const BadCase cases[] = {
      {"1.5", kPlain, "is not a whole number", "make the field a double"},
      {"1e-1", kPlain, "is not a whole number", ""},
      {"9223372036854775808", kPlain, "is not between -9223372036854775808 and 9223372036854775807", "wider type"},
      {"99999999999999999999", kPlain, "is not between", ""},
      {"1e30", kPlain, "is not a whole number", ""},
      {"1e999", kPlain, "is too large or too small", "correct the value"},
      {"-1e999", kPlain, "is too large or too small", ""},
      {"1e-400", kPlain, "is too large or too small", ""},
      {"0,1e-400", kGerman, "is too large or too small", ""},
      {"abc", kPlain, "is not a number", ""},
      {"12a", kPlain, "is not a number", ""},
      {"", kPlain, "is not a number", ""},
  };
  for (const BadCase& test : cases) {
    int64_t value = 0;
    ValueError error;
    EXPECT_FALSE(ReadSigned(test.text, test.rules, kMin, kMax, value, error)) << test.text;
    EXPECT_THAT(error.why, HasSubstr(test.why)) << test.text;
    EXPECT_THAT(error.advice, HasSubstr(test.advice)) << test.text;
  }
}

TEST(ReadSignedTest, KeepsToTheRange) {
  int64_t value = 0;
  ValueError error;
  EXPECT_TRUE(ReadSigned("127", kPlain, -128, 127, value, error));
  EXPECT_FALSE(ReadSigned("128", kPlain, -128, 127, value, error));
  EXPECT_FALSE(ReadSigned("1.280e2", kPlain, -128, 127, value, error));
  EXPECT_FALSE(ReadSigned("-129.0", kPlain, -128, 127, value, error));
}

TEST(ReadUnsignedTest, RefusesNegativeNumbers) {
  uint64_t value = 0;
  ValueError error;
  EXPECT_TRUE(ReadUnsigned("18446744073709551615", kPlain, std::numeric_limits<uint64_t>::max(), value, error));
  EXPECT_EQ(value, std::numeric_limits<uint64_t>::max());
  for (const char* text : {"-1", "-1.0", "-1e2"}) {
    EXPECT_FALSE(ReadUnsigned(text, kPlain, 100, value, error)) << text;
    EXPECT_THAT(error.why, HasSubstr("is not between 0 and 100")) << text;
  }
  for (const char* text : {"1e999", "1e-400"}) EXPECT_FALSE(ReadUnsigned(text, kPlain, 100, value, error)) << text;
}

TEST(ReadBoolTest, KnowsTheWordsItIsGiven) {
  bool value = false;
  ValueError error;
  EXPECT_TRUE(ReadBool("TRUE", {}, value, error) && value);
  EXPECT_TRUE(ReadBool(" 0 ", {}, value, error) && !value);
  const BooleanRules german{.true_words = {"ja", "x"}, .false_words = {"nein", ""}};
  EXPECT_TRUE(ReadBool("Ja", german, value, error) && value);
  EXPECT_TRUE(ReadBool("", german, value, error) && !value);
  EXPECT_FALSE(ReadBool("1", german, value, error));
  EXPECT_EQ(error.why, "is neither true (ja, x) nor false (nein, )");
  EXPECT_THAT(error.advice, HasSubstr("`true_words`, `false_words` or `absent`"));
}

TEST(DropZeroFractionTest, LeavesEverythingElseAlone) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"14089.0", "14089"}, {"-3.00", "-3"},    {"1.5", "1.5"}, {"1.", "1."}, {".0", ".0"},  {"-.0", "-.0"},
      {"a.0", "a.0"},       {"1.0.0", "1.0.0"}, {"", ""},       {"12", "12"}, {"1,0", "1,0"}};
  for (const auto& [text, expected] : cases) {
    std::string_view value = text;
    EXPECT_EQ(DropZeroFraction(value), text != expected) << text;
    EXPECT_EQ(value, expected);
  }
}

}  // namespace
}  // namespace allmende::tabular
