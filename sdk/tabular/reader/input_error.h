// What is wrong with one place of an input file, in the form in which every part of the import reports it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace allmende::tabular {

// The longest piece of the user's data that a message repeats, in characters.
inline constexpr int kClippedValueCharacters = 40;

struct InputError {
  std::string file = {};    // as the user named it
  int64_t line = 0;         // 1 is the first line; a row that spans lines is named by its first. 0: the whole file
  std::string column = {};  // as the header names it; empty where the whole row is meant
  std::string value = {};   // already clipped; empty where no one value is at fault
  std::string why = {};     // what is wrong, lower case, for example: is not a number
  std::string advice = {};  // what to do about it; may be empty

  // One line: `rain.csv`, line 12, column `lat`: `abc` is not a number; give ...
  std::string ToText() const;

  // kInvalidArgument with ToText().
  absl::Status ToStatus() const;
};

// The value as messages show it: at most kClippedValueCharacters characters and then `…`, control characters replaced
// by `?`, never cut inside a UTF-8 sequence. Bytes that are no UTF-8 are replaced too.
std::string ClipForMessage(std::string_view value);

}  // namespace allmende::tabular
