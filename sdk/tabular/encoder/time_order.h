// Decides by the order of the rows which of two instants a doubled local time means.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "sdk/tabular/mapping/time_reader.h"
#include "sdk/tabular/mapping/value_error.h"

namespace allmende::tabular {

// Rows of one series (that is, of one key) have to come in ascending order of time; series may be mixed. The first
// time around is taken until the series would stand still or go back; from then on it is the second time around.
class TimeOrder {
 public:
  // Call for every row, doubled hour or not. Decides an open kDoubledByOrder in `time`.
  // False with `error` filled: the rows are in no ascending order around the doubled hour, or there are more than
  // 1,000,000 series.
  bool Decide(std::string_view series, TimeValue& time, ValueError& error);

 private:
  std::unordered_map<std::string, int64_t> latest_;  // microseconds, per series
  std::string series_;                               // kept for its memory
};

}  // namespace allmende::tabular
