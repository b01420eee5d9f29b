// Debian's Abseil has a string_view of its own, which does not convert from the standard's. APIs here use
// std::string_view; these two carry it across where a message is built or read.
#pragma once

#include <string_view>

#include "absl/strings/string_view.h"

namespace allmende {

// absl::StrCat("cannot open `", ForAbsl(path), "`")
inline absl::string_view ForAbsl(std::string_view text) {
  return absl::string_view(text.data(), text.size());
}

// FromAbsl(status.message())
inline std::string_view FromAbsl(absl::string_view text) {
  return std::string_view(text.data(), text.size());
}

}  // namespace allmende
