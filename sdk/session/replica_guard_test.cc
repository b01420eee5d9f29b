#include "sdk/session/replica_guard.h"

#include <functional>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace allmende::session {
namespace {

const absl::Time kContact = absl::FromUnixSeconds(1'000'000);

// A copy that was level at kContact, with a lease of an hour.
ReplicaState GoodState() {
  ReplicaState state;
  state.served = {1, 40, 40};
  state.head = 42;
  state.as_of = kContact - absl::Seconds(3);  // the broker's clock is behind
  state.level_at = kContact;
  state.lease_until = kContact + absl::Hours(1);
  state.clock_seen = kContact;
  return state;
}

ReplicaGuardInput At(absl::Duration after_contact) {
  ReplicaGuardInput input;
  input.now = kContact + after_contact;
  input.clock_tolerance = absl::Seconds(5);
  return input;
}

TEST(ReplicaGuardTest, SaysWhoMayRead) {
  struct Case {
    const char* name;
    absl::Duration after_contact;
    std::function<void(ReplicaState&, ReplicaGuardInput&)> change;
    absl::StatusCode code;
  };
  const auto none = [](ReplicaState&, ReplicaGuardInput&) {};
  const std::vector<Case> cases = {
      {"within the lease", absl::Minutes(30), none, absl::StatusCode::kOk},
      {"at its last moment", absl::Hours(1), none, absl::StatusCode::kOk},
      {"behind it", absl::Hours(1) + absl::Nanoseconds(1), none, absl::StatusCode::kPermissionDenied},
      {"behind it, in contact", absl::Hours(2), [](auto&, auto& input) { input.connected = true; },
       absl::StatusCode::kOk},
      {"without a lease", absl::ZeroDuration(), [](auto& state, auto&) { state.lease_until = absl::InfinitePast(); },
       absl::StatusCode::kPermissionDenied},
      {"without a lease, in contact", absl::ZeroDuration(),
       [](auto& state, auto& input) {
         state.lease_until = absl::InfinitePast();
         input.connected = true;
       },
       absl::StatusCode::kOk},
      {"a lease without end", absl::Hours(100'000),
       [](auto& state, auto&) { state.lease_until = absl::InfiniteFuture(); }, absl::StatusCode::kOk},
      {"ended", absl::ZeroDuration(), [](auto& state, auto&) { state.ended = true; },
       absl::StatusCode::kPermissionDenied},
      {"ended, in contact", absl::ZeroDuration(),
       [](auto& state, auto& input) {
         state.ended = true;
         input.connected = true;
       },
       absl::StatusCode::kPermissionDenied},
      {"narrowed, in contact", absl::ZeroDuration(),
       [](auto& state, auto& input) {
         state.narrowed = true;
         input.connected = true;
       },
       absl::StatusCode::kPermissionDenied},
      {"nothing complete", absl::ZeroDuration(), [](auto& state, auto&) { state.served = {}; },
       absl::StatusCode::kUnavailable},
      {"a clock corrected a little", absl::Seconds(-5), none, absl::StatusCode::kOk},
      {"a clock turned back", absl::Seconds(-6), none, absl::StatusCode::kFailedPrecondition},
      {"a clock turned back, in contact", absl::Seconds(-6), [](auto&, auto& input) { input.connected = true; },
       absl::StatusCode::kFailedPrecondition},
      {"a clock behind what reads have seen", absl::Minutes(10),
       [](auto&, auto& input) { input.clock_seen = kContact + absl::Minutes(11); },
       absl::StatusCode::kFailedPrecondition},
      {"as old as the reader bears", absl::Minutes(10),
       [](auto&, auto& input) { input.max_staleness = absl::Minutes(10); }, absl::StatusCode::kOk},
      {"older", absl::Minutes(11), [](auto&, auto& input) { input.max_staleness = absl::Minutes(10); },
       absl::StatusCode::kOutOfRange},
      {"older than the terms allow", absl::Minutes(11),
       [](auto& state, auto&) { state.opened.mutable_terms()->set_max_staleness_us(600'000'000); },
       absl::StatusCode::kOutOfRange},
  };
  for (const Case& c : cases) {
    ReplicaState state = GoodState();
    ReplicaGuardInput input = At(c.after_contact);
    c.change(state, input);
    EXPECT_EQ(CheckReadable(state, input).code(), c.code) << c.name << ": " << CheckReadable(state, input);
  }
}

TEST(ReplicaGuardTest, SaysHowOldAnAnswerIs) {
  ReplicaGuardInput input = At(absl::Minutes(7));
  ReadInfo info = MakeReadInfo(GoodState(), input);
  EXPECT_EQ(info.source, ReadInfo::Source::kOffline);
  EXPECT_EQ(info.age, absl::Minutes(7));
  EXPECT_EQ(info.as_of, kContact - absl::Seconds(3));
  EXPECT_EQ(info.watermark, 40u);
  EXPECT_EQ(info.head, 42u);
  input.connected = true;
  EXPECT_EQ(MakeReadInfo(GoodState(), input).source, ReadInfo::Source::kCatchup);
  input.level = true;
  EXPECT_EQ(MakeReadInfo(GoodState(), input).source, ReadInfo::Source::kSynced);
  EXPECT_EQ(MakeReadInfo(GoodState(), At(absl::Seconds(-4))).age, absl::ZeroDuration());
}

}  // namespace
}  // namespace allmende::session
