#include "sdk/tabular/encoder/time_order.h"

#include <algorithm>

namespace allmende::tabular {
namespace {

constexpr size_t kSeriesMax = 1'000'000;

}  // namespace

bool TimeOrder::Decide(std::string_view series, TimeValue& time, ValueError& error) {
  series_.assign(series);
  auto found = latest_.find(series_);
  if (time.decision == TimeValue::Decision::kDoubledByOrder) {
    const bool first = found == latest_.end() || time.microseconds > found->second;
    if (!first && time.second_microseconds <= found->second) {
      error.why = "was shown twice by the clocks, and the rows are not in ascending order of time here";
      error.advice = "sort the file by time, or say `doubled_hour: first` or `second`";
      return false;
    }
    time.decision = first ? TimeValue::Decision::kDoubledFirst : TimeValue::Decision::kDoubledSecond;
    time.microseconds = first ? time.microseconds : time.second_microseconds;
  }
  if (found == latest_.end()) {
    if (latest_.size() == kSeriesMax) {
      error.why = "belongs to one series too many for `doubled_hour: order`";
      error.advice = "split the file";
      return false;
    }
    found = latest_.emplace(series_, time.microseconds).first;
  }
  found->second = time.microseconds;
  return true;
}

}  // namespace allmende::tabular
