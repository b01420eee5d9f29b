// What the demo's processes say to each other: one line of text a message, a word and then `name=value` pairs, so that
// the log of a role can be read as it is.
//
//   published dataset=wasser/regen number=12 payload=%0a%06...
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace heavy_rain {

class Report {
 public:
  explicit Report(std::string kind) : kind_(std::move(kind)) {}

  // Any bytes; a repeated name replaces its value.
  Report& With(const std::string& name, std::string_view value);
  Report& With(const std::string& name, uint64_t value);

  const std::string& kind() const { return kind_; }
  // Empty, or 0, where the line has no such name or no number.
  std::string Text(const std::string& name) const;
  uint64_t Number(const std::string& name) const;

  // With the line's end. Bytes other than visible ASCII, and `%` and `=`, stand as %xx.
  std::string Line() const;

  // `line` without its end. kInvalidArgument: it is no such line.
  static absl::StatusOr<Report> Parse(std::string_view line);

 private:
  std::string kind_;
  std::map<std::string, std::string> values_;
};

}  // namespace heavy_rain
