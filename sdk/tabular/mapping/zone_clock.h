// Turns the local times of a zone into instants.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace allmende::tabular {

// Remembers the stretch between two clock changes that it used last, so most calls are a comparison. Not thread-safe;
// copies are cheap.
class ZoneClock {
 public:
  enum class Kind {
    kUnique,
    kDoubled,  // shown twice: `first` is the earlier instant, `second` the later one
    kMissing,  // never shown: `first` is the instant that many seconds after the change
  };
  struct Instant {
    Kind kind = Kind::kUnique;
    int64_t first = 0;  // seconds since 1970 UTC
    int64_t second = 0;
  };

  // kInvalidArgument: the system knows no zone of this name.
  static absl::StatusOr<ZoneClock> Load(const std::string& zone);

  // `local_seconds` as ParsedTime::seconds.
  Instant At(int64_t local_seconds) {
    if (local_seconds >= stretch_begin_ && local_seconds < stretch_end_) {
      return {
          .kind = Kind::kUnique, .first = local_seconds - stretch_offset_, .second = local_seconds - stretch_offset_};
    }
    return LookUp(local_seconds);
  }

 private:
  explicit ZoneClock(absl::TimeZone zone) : zone_(zone) {}
  Instant LookUp(int64_t local_seconds);

  absl::TimeZone zone_;
  // Local times in [begin, end) are unique and have this offset.
  int64_t stretch_begin_ = 0;
  int64_t stretch_end_ = 0;
  int64_t stretch_offset_ = 0;
};

}  // namespace allmende::tabular
