#include <cstdint>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/base/clock.h"
#include "sdk/base/endian.h"
#include "sdk/base/hex.h"

namespace allmende {
namespace {

TEST(EndianTest, MostSignificantByteComesFirst) {
  std::string bytes;
  AppendBigEndian<std::uint8_t>(0x01, bytes);
  AppendBigEndian<std::uint16_t>(0x0203, bytes);
  AppendBigEndian<std::uint32_t>(0x04050607, bytes);
  AppendBigEndian<std::uint64_t>(0x08090a0b0c0d0e0f, bytes);
  EXPECT_EQ(bytes, "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f");
  EXPECT_EQ(LoadBigEndian<std::uint8_t>(bytes.data()), 0x01);
  EXPECT_EQ(LoadBigEndian<std::uint16_t>(bytes.data() + 1), 0x0203);
  EXPECT_EQ(LoadBigEndian<std::uint32_t>(bytes.data() + 3), 0x04050607u);
  EXPECT_EQ(LoadBigEndian<std::uint64_t>(bytes.data() + 7), 0x08090a0b0c0d0e0fu);
}

TEST(EndianTest, ExtremesSurvive) {
  for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{0x80}, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    char bytes[8];
    StoreBigEndian(value, bytes);
    EXPECT_EQ(LoadBigEndian<std::uint64_t>(bytes), value);
  }
}

TEST(EndianTest, ByteOrderIsNumberOrder) {
  std::string smaller, larger;
  AppendBigEndian<std::uint32_t>(0x00ffffff, smaller);
  AppendBigEndian<std::uint32_t>(0x80000000, larger);
  EXPECT_LT(smaller, larger);
}

TEST(HexTest, EncodesInLowerCaseAndDecodesBoth) {
  const std::string bytes("\x00\xab\xff", 3);
  EXPECT_EQ(EncodeHex(bytes), "00abff");
  EXPECT_EQ(DecodeHex("00abff").value(), bytes);
  EXPECT_EQ(DecodeHex("00ABFf").value(), bytes);
  EXPECT_EQ(DecodeHex("").value(), "");
}

TEST(HexTest, BadTextIsRefusedWithItsPlace) {
  EXPECT_EQ(DecodeHex("00g0").status(), absl::InvalidArgumentError("character 3 is not a hexadecimal digit"));
  EXPECT_EQ(DecodeHex("0x").status(), absl::InvalidArgumentError("character 2 is not a hexadecimal digit"));
  EXPECT_EQ(DecodeHex("abc").status(),
            absl::InvalidArgumentError("hexadecimal text needs an even number of digits, here are 3"));
}

TEST(ClockTest, ManualClockMovesOnlyWhenTold) {
  const absl::Time start = absl::FromUnixSeconds(1'000'000);
  ManualClock clock(start);
  EXPECT_EQ(clock.Now(), start);
  clock.Advance(absl::Seconds(5));
  EXPECT_EQ(clock.Now(), start + absl::Seconds(5));
  clock.Advance(-absl::Hours(1));
  EXPECT_EQ(clock.Now(), start + absl::Seconds(5) - absl::Hours(1));
  clock.Set(start);
  EXPECT_EQ(clock.Now(), start);
}

TEST(ClockTest, SystemClockFollowsTheMachine) {
  const absl::Time before = absl::Now();
  const absl::Time now = SystemClock().Now();
  EXPECT_GE(now, before);
  EXPECT_LT(now - before, absl::Minutes(1));
}

}  // namespace
}  // namespace allmende
