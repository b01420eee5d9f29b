#include "sdk/tabular/reader/input_error.h"

#include "absl/strings/str_cat.h"

#include "sdk/tabular/reader/utf8.h"

namespace allmende::tabular {

std::string InputError::ToText() const {
  std::string text = absl::StrCat("`", file, "`");
  if (line > 0) {
    absl::StrAppend(&text, ", line ", line);
  }
  if (!column.empty()) {
    absl::StrAppend(&text, ", column `", ClipForMessage(column), "`");
  }
  absl::StrAppend(&text, ": ");
  if (!value.empty()) {
    absl::StrAppend(&text, "`", value, "` ");
  }
  absl::StrAppend(&text, why);
  if (!advice.empty()) {
    absl::StrAppend(&text, "; ", advice);
  }
  return text;
}

absl::Status InputError::ToStatus() const {
  return absl::InvalidArgumentError(ToText());
}

std::string ClipForMessage(std::string_view value) {
  std::string clipped;
  int characters = 0;
  while (!value.empty()) {
    if (characters == kClippedValueCharacters) {
      clipped += "…";
      break;
    }
    const auto lead = static_cast<unsigned char>(value[0]);
    size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (length > value.size() || CheckUtf8(value.substr(0, length)).valid_bytes != length) {
      length = 1;
      clipped.push_back('?');
    } else if (lead < 0x20 || lead == 0x7F) {
      clipped.push_back('?');
    } else {
      clipped.append(value.substr(0, length));
    }
    value.remove_prefix(length);
    ++characters;
  }
  return clipped;
}

}  // namespace allmende::tabular
