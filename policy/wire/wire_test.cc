// The primitives: varints, lengths, UTF-8.
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "policy/testing/random.h"
#include "policy/testing/wire_bytes.h"
#include "policy/wire/utf8.h"
#include "policy/wire/well_known.h"
#include "policy/wire/wire_reader.h"
#include "policy/wire/wire_writer.h"

namespace allmende::policy {
namespace {

using namespace std::string_literals;

const uint64_t kNumbers[] = {0,
                             1,
                             127,
                             128,
                             16'383,
                             16'384,
                             (1u << 31) - 1,
                             1u << 31,
                             uint64_t{1} << 62,
                             uint64_t{1} << 63,
                             std::numeric_limits<uint64_t>::max()};

TEST(WireReader, ReadsVarintsOfAllLengths) {
  for (const uint64_t number : kNumbers) {
    const std::string bytes = testing::VarintBytes(number) + "rest";
    uint64_t value = 1;
    const char* const end = bytes.data() + bytes.size();
    EXPECT_EQ(ReadVarint(bytes.data(), end, &value), end - 4) << number;
    EXPECT_EQ(value, number);
    EXPECT_EQ(ReadMinimalVarint(bytes.data(), end, &value), end - 4) << number;
    EXPECT_EQ(SkipVarint(bytes.data(), end), end - 4) << number;
    EXPECT_EQ(VarintBytes(number), static_cast<int>(bytes.size()) - 4) << number;
  }
}

TEST(WireReader, EveryTruncatedVarintIsRefused) {
  for (const uint64_t number : kNumbers) {
    const std::string bytes = testing::VarintBytes(number);
    for (size_t size = 0; size < bytes.size(); ++size) {
      uint64_t value;
      EXPECT_EQ(ReadVarint(bytes.data(), bytes.data() + size, &value), nullptr);
      EXPECT_EQ(ReadMinimalVarint(bytes.data(), bytes.data() + size, &value), nullptr);
      EXPECT_EQ(SkipVarint(bytes.data(), bytes.data() + size), nullptr);
    }
  }
}

TEST(WireReader, LongerFormsReadButAreNotMinimal) {
  for (const std::string& bytes :
       {"\x80\x00"s, "\x81\x00"s, "\xff\x80\x00"s, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"s}) {
    uint64_t value;
    const char* const end = bytes.data() + bytes.size();
    EXPECT_EQ(ReadVarint(bytes.data(), end, &value), end);
    EXPECT_EQ(ReadMinimalVarint(bytes.data(), end, &value), nullptr);
  }
}

TEST(WireReader, MoreThan64BitsAreRefused) {
  for (const std::string& bytes : {std::string(9, '\xff') + "\x02", std::string(10, '\x80') + "\x01",
                                   std::string(20, '\xff'), std::string(9, '\x80') + "\x7f"}) {
    uint64_t value;
    EXPECT_EQ(ReadVarint(bytes.data(), bytes.data() + bytes.size(), &value), nullptr);
  }
}

TEST(WireReader, SkipsNoVarintOfElevenBytes) {
  std::string bytes(10, '\x80');
  bytes.append("\x01 and more bytes behind it");
  EXPECT_EQ(SkipVarint(bytes.data(), bytes.data() + bytes.size()), nullptr);
}

TEST(WireReader, LengthMustFit) {
  size_t length = 0;
  const std::string fits =
      "\x03"
      "abc";
  EXPECT_EQ(ReadLength(fits.data(), fits.data() + 4, &length), fits.data() + 1);
  EXPECT_EQ(length, 3u);
  EXPECT_EQ(ReadLength(fits.data(), fits.data() + 3, &length), nullptr);
  const std::string huge = testing::VarintBytes(std::numeric_limits<uint64_t>::max()) + "abc";
  EXPECT_EQ(ReadLength(huge.data(), huge.data() + huge.size(), &length), nullptr);
}

TEST(WireWriter, WritesWhatTheReaderReads) {
  testing::Random random(3);
  for (int i = 0; i < 10'000; ++i) {
    const uint64_t number = random.Bits() >> random.Below(64);
    char buffer[16];
    const char* const end = WriteVarint(buffer, number);
    EXPECT_EQ(std::string(static_cast<const char*>(buffer), end), testing::VarintBytes(number));
    EXPECT_EQ(ZigZagDecode(ZigZagEncode(static_cast<int64_t>(number))), static_cast<int64_t>(number));
    WriteFixed64(buffer, number);
    EXPECT_EQ(LoadFixed64(buffer), number);
    WriteFixed32(buffer, static_cast<uint32_t>(number));
    EXPECT_EQ(LoadFixed32(buffer), static_cast<uint32_t>(number));
  }
  EXPECT_EQ(ZigZagEncode(-1), 1u);
  EXPECT_EQ(ZigZagEncode(std::numeric_limits<int64_t>::min()), std::numeric_limits<uint64_t>::max());
}

TEST(WellKnown, TimestampReadsItsFieldsOnly) {
  using testing::Wire;
  TimestampValue time;
  EXPECT_TRUE(ReadTimestamp("", time));
  EXPECT_EQ(time.Microseconds(), 0);
  EXPECT_TRUE(ReadTimestamp(Wire().Varint(1, 7).Varint(2, 999'999'999).bytes(), time));
  EXPECT_EQ(time.Microseconds(), 7'999'999);
  EXPECT_TRUE(ReadTimestamp(Wire().Varint(1, static_cast<uint64_t>(-1)).Varint(2, 1'000).bytes(), time));
  EXPECT_EQ(time.Microseconds(), -999'999);
  for (const Wire& wrong : {Wire().Varint(2, 1).Varint(1, 1), Wire().Varint(1, 1).Varint(1, 1), Wire().Varint(3, 1),
                            Wire().Fixed64(1, 1), Wire().Raw("\x08")}) {
    EXPECT_FALSE(ReadTimestamp(wrong.bytes(), time));
  }
}

TEST(WellKnown, TimesOutsideOfTheYears1To9999AreNotInRange) {
  EXPECT_TRUE((TimestampValue{kTimestampSecondsMin, 0}.InRange()));
  EXPECT_TRUE((TimestampValue{kTimestampSecondsMax, 999'999'999}.InRange()));
  EXPECT_FALSE((TimestampValue{kTimestampSecondsMin - 1, 0}.InRange()));
  EXPECT_FALSE((TimestampValue{kTimestampSecondsMax + 1, 0}.InRange()));
  EXPECT_FALSE((TimestampValue{0, -1}.InRange()));
  EXPECT_FALSE((TimestampValue{0, 1'000'000'000}.InRange()));
}

TEST(WellKnown, PositionReadsItsFieldsOnly) {
  using testing::Wire;
  PositionValue position;
  EXPECT_TRUE(ReadPosition(Wire().Double(1, 52.5).Double(2, 13.4).bytes(), position));
  EXPECT_EQ(position.latitude, 52.5);
  EXPECT_EQ(position.longitude, 13.4);
  EXPECT_TRUE(ReadPosition(Wire().Double(2, 13.4).bytes(), position));
  EXPECT_EQ(position.latitude, 0);
  for (const Wire& wrong : {Wire().Double(2, 1).Double(1, 1), Wire().Double(1, 1).Double(1, 1), Wire().Varint(1, 1),
                            Wire().Raw("\x09\x00\x00")}) {
    EXPECT_FALSE(ReadPosition(wrong.bytes(), position));
  }
}

TEST(WellKnown, PlacesBeyondThePolesAreNotInRange) {
  EXPECT_TRUE((PositionValue{90, -180}.InRange()));
  EXPECT_TRUE((PositionValue{-90, 180}.InRange()));
  EXPECT_FALSE((PositionValue{90.0000001, 0}.InRange()));
  EXPECT_FALSE((PositionValue{0, -180.0000001}.InRange()));
  EXPECT_FALSE((PositionValue{std::numeric_limits<double>::quiet_NaN(), 0}.InRange()));
  EXPECT_FALSE((PositionValue{0, std::numeric_limits<double>::infinity()}.InRange()));
}

TEST(Utf8, AcceptsWhatUnicodeDefines) {
  for (const std::string& text :
       {""s, "a"s, "\0"s, "\x7f"s, "\xc2\x80"s, "\xdf\xbf"s, "\xe0\xa0\x80"s, "\xed\x9f\xbf"s, "\xee\x80\x80"s,
        "\xef\xbf\xbf"s, "\xf0\x90\x80\x80"s, "\xf4\x8f\xbf\xbf"s, "Überläufe in Köpenick"s, "01234567ü89abcdef€"s}) {
    EXPECT_TRUE(IsValidUtf8(text)) << text;
  }
}

TEST(Utf8, RefusesEverythingElse) {
  for (const std::string& text : {"\x80"s, "\xbf"s,  // a continuation alone
                                  "\xc0\x80"s, "\xc1\xbf"s, "\xe0\x9f\xbf"s, "\xf0\x8f\xbf\xbf"s,  // longer than needed
                                  "\xed\xa0\x80"s, "\xed\xbf\xbf"s,                                // surrogates
                                  "\xf4\x90\x80\x80"s, "\xf5\x80\x80\x80"s, "\xff"s,               // beyond U+10FFFF
                                  "\xc2"s, "\xe1\x80"s, "\xf1\x80\x80"s,                           // cut off
                                  "\xc2"
                                  "a"s,
                                  "\xe1\x80"
                                  "a"s,
                                  "0123456\xff"s, "01234567\xff"s, "0123456789\xc3"s}) {
    EXPECT_FALSE(IsValidUtf8(text)) << ::testing::PrintToString(text);
  }
}

// The plain reference: decode, then look at the number.
bool ReferenceUtf8(const std::string& text) {
  size_t i = 0;
  while (i < text.size()) {
    const auto byte = [&](size_t k) { return static_cast<unsigned char>(text[k]); };
    const unsigned lead = byte(i);
    const int more = lead < 0x80 ? 0 : lead >> 5 == 6 ? 1 : lead >> 4 == 14 ? 2 : lead >> 3 == 30 ? 3 : -1;
    if (more < 0 || i + static_cast<size_t>(more) >= text.size()) {
      return false;
    }
    uint32_t number = more == 0 ? lead : lead & (0x3fu >> more);
    for (int k = 1; k <= more; ++k) {
      if (byte(i + static_cast<size_t>(k)) >> 6 != 2) {
        return false;
      }
      number = number << 6 | (byte(i + static_cast<size_t>(k)) & 0x3fu);
    }
    constexpr uint32_t kLeast[] = {0, 0x80, 0x800, 0x10000};
    if (number < kLeast[more] || number > 0x10ffff || (number >= 0xd800 && number <= 0xdfff)) {
      return false;
    }
    i += static_cast<size_t>(more) + 1;
  }
  return true;
}

TEST(Utf8, AgreesWithAPlainDecoderOnAllPairsAndOnRandomText) {
  for (unsigned a = 0; a < 256; ++a) {
    for (unsigned b = 0; b < 256; ++b) {
      for (const std::string& tail : {""s, "\x80"s, "\x80\x80"s, "\xbf\xbf"s}) {
        const std::string text = std::string{static_cast<char>(a), static_cast<char>(b)} + tail;
        ASSERT_EQ(IsValidUtf8(text), ReferenceUtf8(text)) << a << " " << b;
      }
    }
  }
  static constexpr std::string_view kEdges("a\x80\xbf\xc2\xdf\xe0\xa0\x9f\xed\xef\xf0\x8f\x90\xf4", 14);
  testing::Random random(5);
  for (int i = 0; i < 100'000; ++i) {
    std::string text(random.Below(14), 'x');
    for (char& c : text) {
      c = random.OneIn(2) ? 'x' : kEdges[random.Below(kEdges.size())];
    }
    ASSERT_EQ(IsValidUtf8(text), ReferenceUtf8(text)) << ::testing::PrintToString(text);
  }
}

}  // namespace
}  // namespace allmende::policy
