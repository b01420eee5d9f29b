#include "sdk/session/reconnect.h"

#include <vector>

#include "gtest/gtest.h"

namespace allmende::session {
namespace {

constexpr absl::Duration kNone = absl::ZeroDuration();

TEST(ReconnectTest, ARoundGoesOverAllEndpointsThenPauses) {
  Reconnect reconnect({.endpoint_count = 3}, [] { return 0.0; });
  const Attempt kExpected[] = {{0, kNone},
                               {1, kNone},
                               {2, kNone},
                               {0, absl::Milliseconds(100)},
                               {1, kNone},
                               {2, kNone},
                               {0, absl::Milliseconds(200)}};
  for (const Attempt& expected : kExpected) EXPECT_EQ(reconnect.Next(false), expected);
}

TEST(ReconnectTest, PausesDoubleUpToTheirBound) {
  Reconnect reconnect({.pause_min = absl::Seconds(1), .pause_max = absl::Seconds(6)}, [] { return 0.0; });
  reconnect.Next(false);
  for (const double seconds : {0.5, 1.0, 2.0, 3.0, 3.0}) {
    EXPECT_EQ(reconnect.Next(false).pause, absl::Seconds(seconds));
  }
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(reconnect.Next(false).pause, absl::Seconds(3));
}

TEST(ReconnectTest, HalfOfAPauseIsRandom) {
  double random = 0;
  Reconnect reconnect({.pause_min = absl::Seconds(2), .pause_max = absl::Seconds(2)}, [&random] { return random; });
  reconnect.Next(false);
  EXPECT_EQ(reconnect.Next(false).pause, absl::Seconds(1));
  random = 0.5;
  EXPECT_EQ(reconnect.Next(false).pause, absl::Seconds(1.5));
}

TEST(ReconnectTest, TheEndpointThatWorkedComesFirst) {
  Reconnect reconnect({.endpoint_count = 3}, [] { return 0.0; });
  reconnect.Next(false);
  reconnect.Next(false);  // endpoint 1 works
  reconnect.Progress();
  reconnect.Progress();
  for (const size_t endpoint : {1, 2, 0, 1}) EXPECT_EQ(reconnect.Next(false).endpoint, endpoint);
}

TEST(ReconnectTest, AfterAnOverloadThereIsAPauseWithinTheRound) {
  Reconnect reconnect({.endpoint_count = 2}, [] { return 0.0; });
  EXPECT_EQ(reconnect.Next(true), (Attempt{0, absl::Milliseconds(100)}));
  EXPECT_EQ(reconnect.Next(true), (Attempt{1, absl::Milliseconds(100)}));
}

TEST(ReconnectTest, OnlyWhatTheRequestIsNotToBlameForIsTransient) {
  for (const absl::StatusCode code :
       {absl::StatusCode::kOk, absl::StatusCode::kUnavailable, absl::StatusCode::kResourceExhausted,
        absl::StatusCode::kCancelled, absl::StatusCode::kInternal, absl::StatusCode::kDeadlineExceeded,
        absl::StatusCode::kUnknown}) {
    EXPECT_TRUE(IsTransient(absl::Status(code, "x"))) << code;
  }
  for (const absl::StatusCode code :
       {absl::StatusCode::kNotFound, absl::StatusCode::kPermissionDenied, absl::StatusCode::kUnauthenticated,
        absl::StatusCode::kInvalidArgument, absl::StatusCode::kFailedPrecondition, absl::StatusCode::kDataLoss,
        absl::StatusCode::kUnimplemented, absl::StatusCode::kAborted}) {
    EXPECT_FALSE(IsTransient(absl::Status(code, "x"))) << code;
  }
}

}  // namespace
}  // namespace allmende::session
