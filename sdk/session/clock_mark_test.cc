#include "sdk/session/clock_mark.h"

#include "gtest/gtest.h"

namespace allmende::session {
namespace {

const absl::Time kNoon = absl::FromUnixSeconds(1'000'000);

LocalTime At(absl::Duration wall, absl::Duration since_boot) {
  return {kNoon + wall, since_boot};
}

TEST(ClockMarkTest, NeverGoesBack) {
  ClockMark mark(absl::InfinitePast(), At(absl::ZeroDuration(), absl::Hours(1)));
  EXPECT_EQ(mark.LatestAt(At(absl::Minutes(2), absl::Hours(1))), kNoon + absl::Minutes(2));
  EXPECT_EQ(mark.See(At(absl::Minutes(2), absl::Hours(1))), kNoon + absl::Minutes(2));
  EXPECT_EQ(mark.LatestAt(At(-absl::Hours(9), absl::Hours(1))), kNoon + absl::Minutes(2));
}

TEST(ClockMarkTest, GoesOnWhileNobodyLooks) {
  ClockMark mark(absl::InfinitePast(), At(absl::ZeroDuration(), absl::Hours(1)));
  EXPECT_EQ(mark.LatestAt(At(-absl::Hours(9), absl::Hours(31))), kNoon + absl::Hours(30));
  EXPECT_EQ(mark.See(At(-absl::Hours(9), absl::Hours(31))), kNoon + absl::Hours(30));
  EXPECT_EQ(mark.LatestAt(At(-absl::Hours(9), absl::Hours(32))), kNoon + absl::Hours(31));
}

TEST(ClockMarkTest, GoesOnFromWhatAnEarlierRunHasSeen) {
  const ClockMark mark(kNoon + absl::Hours(5), At(absl::ZeroDuration(), absl::Seconds(3)));
  EXPECT_EQ(mark.LatestAt(At(absl::ZeroDuration(), absl::Seconds(3))), kNoon + absl::Hours(5));
  EXPECT_EQ(mark.LatestAt(At(absl::Seconds(1), absl::Seconds(4))), kNoon + absl::Hours(5) + absl::Seconds(1));
  EXPECT_EQ(mark.LatestAt(At(absl::Hours(6), absl::Seconds(4))), kNoon + absl::Hours(6));
}

TEST(ClockMarkTest, BeginsAnewWhereABrokerVouches) {
  ClockMark mark(kNoon + absl::Hours(5), At(absl::ZeroDuration(), absl::Seconds(3)));
  mark.Vouch(At(absl::Seconds(1), absl::Seconds(4)));
  EXPECT_EQ(mark.LatestAt(At(absl::Seconds(2), absl::Seconds(5))), kNoon + absl::Seconds(2));
  EXPECT_EQ(mark.LatestAt(At(absl::ZeroDuration(), absl::Seconds(5))), kNoon + absl::Seconds(2));
}

}  // namespace
}  // namespace allmende::session
