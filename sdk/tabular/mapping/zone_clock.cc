#include "sdk/tabular/mapping/zone_clock.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"

namespace allmende::tabular {
namespace {

const absl::CivilSecond kEpoch(1970, 1, 1, 0, 0, 0);

}  // namespace

absl::StatusOr<ZoneClock> ZoneClock::Load(const std::string& zone) {
  absl::TimeZone loaded;
  if (zone.empty() || !absl::LoadTimeZone(zone, &loaded)) {
    return absl::InvalidArgumentError(
        absl::StrCat("no time zone `", zone, "` is known here; use an IANA name such as Europe/Berlin"));
  }
  return ZoneClock(loaded);
}

ZoneClock::Instant ZoneClock::LookUp(int64_t local_seconds) {
  const absl::TimeZone::TimeInfo info = zone_.At(kEpoch + local_seconds);
  const int64_t pre = absl::ToUnixSeconds(info.pre);
  const int64_t post = absl::ToUnixSeconds(info.post);
  if (info.kind == absl::TimeZone::TimeInfo::REPEATED) {
    return {.kind = Kind::kDoubled, .first = pre, .second = post};
  }
  if (info.kind == absl::TimeZone::TimeInfo::SKIPPED) {
    return {.kind = Kind::kMissing, .first = pre, .second = pre};
  }
  stretch_offset_ = local_seconds - pre;
  stretch_begin_ = std::numeric_limits<int64_t>::min();
  stretch_end_ = std::numeric_limits<int64_t>::max();
  absl::TimeZone::CivilTransition change;
  // PrevTransition finds changes strictly before its argument; a change at this very second counts too.
  if (zone_.PrevTransition(info.pre + absl::Seconds(1), &change)) {
    stretch_begin_ = std::max(change.from, change.to) - kEpoch;
  }
  if (zone_.NextTransition(info.pre, &change)) {
    stretch_end_ = std::min(change.from, change.to) - kEpoch;
  }
  return {.kind = Kind::kUnique, .first = pre, .second = pre};
}

}  // namespace allmende::tabular
