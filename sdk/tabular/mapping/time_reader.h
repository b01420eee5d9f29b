// Reads a field's times as TimeRules say.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "sdk/tabular/mapping/import_spec.h"
#include "sdk/tabular/mapping/time_pattern.h"
#include "sdk/tabular/mapping/value_error.h"
#include "sdk/tabular/mapping/zone_clock.h"

namespace allmende::tabular {

struct TimeValue {
  enum class Decision {
    kNone,            // the text said it all
    kDoubledFirst,    // read as the first of two
    kDoubledSecond,   // read as the second of two
    kDoubledByOrder,  // the caller decides between `microseconds` and `second_microseconds`
    kShifted,         // moved out of the hour that the clocks skip
  };
  int64_t microseconds = 0;         // since 1970 UTC
  int64_t second_microseconds = 0;  // for kDoubledByOrder
  Decision decision = Decision::kNone;
  bool cut = false;  // digits finer than a microsecond are lost
};

// Remembers where in the zone it was, for speed: copy it for each thread.
class TimeReader {
 public:
  //   kInvalidArgument  a format or the zone is unusable, or a format without offset comes without a zone
  static absl::StatusOr<TimeReader> Create(const TimeRules& rules);

  // False with `error` filled if the text is no time, does not exist, or the rules do not decide which one it is.
  bool Read(std::string_view text, TimeValue& out, ValueError& error);

 private:
  bool Place(const ParsedTime& parsed, TimeValue& out, ValueError& error);

  TimeRules rules_;
  std::vector<TimePattern> patterns_;
  std::optional<ZoneClock> clock_;
};

}  // namespace allmende::tabular
