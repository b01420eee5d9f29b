#include "policy/key/key.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace allmende::policy {
namespace {

using namespace std::string_literals;

std::string KeyOf(std::string_view text) {
  KeyWriter writer;
  writer.AddBytes(text);
  return std::string(writer.bytes());
}

std::string KeyOf(int64_t number) {
  KeyWriter writer;
  writer.AddSigned(number);
  return std::string(writer.bytes());
}

TEST(KeyWriter, WritesWhatTheSpecificationShows) {
  KeyWriter writer;
  writer.AddBytes("A\0B"s);
  writer.AddSigned(-2);
  EXPECT_EQ(writer.bytes(), "A\x00\xff"s + "B\x00\x01\x7f\xff\xff\xff\xff\xff\xff\xfe"s);
}

TEST(KeyWriter, EmptyTextIsNotAnEmptyKey) {
  EXPECT_EQ(KeyOf(""), "\x00\x01"s);
}

TEST(KeyWriter, ClearStartsTheNextKey) {
  KeyWriter writer;
  writer.AddBytes("first");
  writer.Clear();
  writer.AddBool(true);
  EXPECT_EQ(writer.bytes(), "\x01"s);
}

TEST(KeyWriter, FieldBordersShow) {
  KeyWriter one;
  one.AddBytes("ab");
  one.AddBytes("c");
  KeyWriter other;
  other.AddBytes("a");
  other.AddBytes("bc");
  EXPECT_NE(one.bytes(), other.bytes());
}

TEST(KeyWriter, KeyOfTheGreatestLengthIsAllowedAndOneMoreIsNot) {
  KeyWriter writer;
  writer.AddBytes(std::string(kKeyBytesMax - 2, 'k'));
  EXPECT_TRUE(writer.Check().ok());
  writer.Clear();
  writer.AddBytes(std::string(kKeyBytesMax - 1, 'k'));
  EXPECT_EQ(writer.Check().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(writer.Check().message(),
            "the key has 1025 bytes; at most 1024 are allowed: use shorter values in the key fields");
}

TEST(KeyOrder, TextsSortByTheirBytes) {
  const std::vector<std::string> ascending = {"",     "\x00"s, "\x00\x00"s, "\x00\x01"s,  "\x00\xff"s,
                                              "\x01", "a",     "a\x00"s,    "a\x00\xff"s, "a\x01",
                                              "ab",   "b",     "\xff",      "\xff\xff"};
  for (size_t i = 1; i < ascending.size(); ++i) {
    EXPECT_LT(ascending[i - 1], ascending[i]) << i;  // the table itself
    EXPECT_LT(KeyOf(ascending[i - 1]), KeyOf(ascending[i])) << i;
  }
}

TEST(KeyOrder, NumbersSortByTheirValue) {
  const std::vector<int64_t> ascending = {std::numeric_limits<int64_t>::min(), -256, -255, -2, -1, 0, 1, 255, 256,
                                          std::numeric_limits<int64_t>::max()};
  for (size_t i = 1; i < ascending.size(); ++i) {
    EXPECT_LT(KeyOf(ascending[i - 1]), KeyOf(ascending[i])) << i;
  }
}

// The plain reference: a tuple compares as its members do.
TEST(KeyOrder, IsThatOfTheTuples) {
  using Row = std::tuple<std::string, int64_t, std::string, uint64_t, bool>;
  constexpr uint32_t kSeed = 20240701;
  SCOPED_TRACE(kSeed);
  std::mt19937_64 random(kSeed);
  const auto text = [&random] {
    static constexpr std::string_view kAlphabet("\x00\x01\xfe\xff", 4);  // where escapes could go wrong
    std::string value(random() % 4, '\0');
    for (char& c : value) {
      c = kAlphabet[random() % kAlphabet.size()];
    }
    return value;
  };
  const auto row = [&] {
    return Row{text(), static_cast<int64_t>(random() % 5) - 2, text(), random() % 3, random() % 2 == 0};
  };
  const auto key = [](const Row& value) {
    KeyWriter writer;
    writer.AddBytes(std::get<0>(value));
    writer.AddSigned(std::get<1>(value));
    writer.AddBytes(std::get<2>(value));
    writer.AddUnsigned(std::get<3>(value));
    writer.AddBool(std::get<4>(value));
    return std::string(writer.bytes());
  };
  for (int i = 0; i < 50'000; ++i) {
    const Row a = row();
    const Row b = row();
    ASSERT_EQ(a < b, key(a) < key(b)) << i;
    ASSERT_EQ(a == b, key(a) == key(b)) << i;
  }
}

TEST(KeyReader, ReadsBackWhatWasWritten) {
  KeyWriter writer;
  writer.AddBytes("\x00\xff\x00\x01"s);
  writer.AddSigned(std::numeric_limits<int64_t>::min());
  writer.AddUnsigned(std::numeric_limits<uint64_t>::max());
  writer.AddBool(false);
  KeyReader reader(writer.bytes());
  EXPECT_EQ(*reader.ReadBytes(), "\x00\xff\x00\x01"s);
  EXPECT_EQ(*reader.ReadSigned(), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(*reader.ReadUnsigned(), std::numeric_limits<uint64_t>::max());
  EXPECT_FALSE(reader.AtEnd());
  EXPECT_EQ(*reader.ReadBool(), false);
  EXPECT_TRUE(reader.AtEnd());
}

TEST(KeyReader, RefusesTextThatIsNotWellFormed) {
  for (const std::string& bytes : {""s, "a"s, "a\x00"s, "\x00\x00"s, "a\x00\x02"s, "a\x00\xff"s, "\x00\xfe\x00\x01"s}) {
    KeyReader reader(bytes);
    EXPECT_EQ(reader.ReadBytes().status().code(), absl::StatusCode::kInvalidArgument) << bytes;
    EXPECT_EQ(reader.AtEnd(), bytes.empty()) << "moved on after an error";
  }
}

TEST(KeyReader, RefusesNumbersThatAreCutOff) {
  for (size_t size = 0; size < 8; ++size) {
    const std::string bytes(size, '\x01');
    EXPECT_FALSE(KeyReader(bytes).ReadSigned().ok());
    EXPECT_FALSE(KeyReader(bytes).ReadUnsigned().ok());
  }
}

TEST(KeyReader, RefusesTruthValuesOtherThanZeroAndOne) {
  EXPECT_FALSE(KeyReader("").ReadBool().ok());
  EXPECT_FALSE(KeyReader("\x02").ReadBool().ok());
  EXPECT_FALSE(KeyReader("\xff").ReadBool().ok());
}

}  // namespace
}  // namespace allmende::policy
