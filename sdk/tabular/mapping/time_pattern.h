// Reads dates and times from text by a pattern.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace allmende::tabular {

struct ParsedTime {
  int64_t seconds =
      0;  // since 1970-01-01T00:00:00 on a clock that knows no zones; the local time unless `offset` is set
  int32_t microseconds = 0;
  std::optional<int32_t> offset = {};  // seconds east of UTC
  bool cut = false;                    // digits finer than a microsecond were not zero and are lost
};

enum class TimeMatch {
  kNo,          // the text has another form
  kImpossible,  // the form fits, but there is no such date or time of day
  kYes,
};

// Immutable.
class TimePattern {
 public:
  // See TimeRules for what `format` may be.
  //   kInvalidArgument  an unknown %-letter, no complete date, a part given twice
  static absl::StatusOr<TimePattern> Compile(const std::string& format);

  // Years run from 1 to 9999.
  TimeMatch Match(std::string_view text, ParsedTime& out) const;

  // Whether every text that fits says its offset, so that no zone is needed.
  bool always_has_offset() const;

 private:
  enum class Kind { kIso8601, kGerman, kCustom };
  struct Part {
    char letter = 0;   // of %; 0 for a literal
    char literal = 0;  // when letter is 0; a space stands for one or more
  };

  TimeMatch MatchCustom(std::string_view text, ParsedTime& out) const;

  Kind kind_ = Kind::kCustom;
  std::vector<Part> parts_;
};

}  // namespace allmende::tabular
