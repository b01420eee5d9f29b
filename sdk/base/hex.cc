#include "sdk/base/hex.h"

#include <cstddef>

#include "absl/strings/str_cat.h"

namespace allmende {
namespace {

constexpr char kDigits[] = "0123456789abcdef";

int DigitValue(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

}  // namespace

std::string EncodeHex(std::string_view bytes) {
  std::string text;
  text.reserve(2 * bytes.size());
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    text.push_back(kDigits[value >> 4]);
    text.push_back(kDigits[value & 15]);
  }
  return text;
}

absl::StatusOr<std::string> DecodeHex(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() / 2);
  int high = -1;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int value = DigitValue(text[i]);
    if (value < 0) {
      return absl::InvalidArgumentError(absl::StrCat("character ", i + 1, " is not a hexadecimal digit"));
    }
    if (high < 0) {
      high = value;
    } else {
      bytes.push_back(static_cast<char>(high << 4 | value));
      high = -1;
    }
  }
  if (high >= 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("hexadecimal text needs an even number of digits, here are ", text.size()));
  }
  return bytes;
}

}  // namespace allmende
