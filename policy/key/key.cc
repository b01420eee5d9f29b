#include "policy/key/key.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace allmende::policy {
namespace {

// A zero byte inside a value is written as kEscape kEscapedZero; kEscape kEnd closes the value. kEnd is below every
// byte that can follow kEscape inside a value, so a value sorts before all values that it begins.
constexpr char kEscape = '\x00';
constexpr char kEscapedZero = '\xff';
constexpr char kEnd = '\x01';

constexpr uint64_t kSignBit = uint64_t{1} << 63;
constexpr size_t kIntegerBytes = 8;

absl::Status Malformed(const std::string& why) {
  return absl::InvalidArgumentError(absl::StrCat("malformed key: ", why));
}

}  // namespace

void KeyWriter::AddBytes(std::string_view value) {
  while (true) {
    const size_t zero = value.find(kEscape);
    bytes_.append(value.substr(0, zero));
    if (zero == std::string_view::npos) {
      break;
    }
    bytes_.push_back(kEscape);
    bytes_.push_back(kEscapedZero);
    value.remove_prefix(zero + 1);
  }
  bytes_.push_back(kEscape);
  bytes_.push_back(kEnd);
}

// Flipping the sign bit makes negative numbers sort before the others.
void KeyWriter::AddSigned(int64_t value) {
  AddUnsigned(static_cast<uint64_t>(value) ^ kSignBit);
}

void KeyWriter::AddUnsigned(uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    bytes_.push_back(static_cast<char>(value >> shift));
  }
}

void KeyWriter::AddBool(bool value) {
  bytes_.push_back(value ? '\x01' : '\x00');
}

absl::Status KeyWriter::Check() const {
  if (bytes_.size() <= kKeyBytesMax) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat("the key has ", bytes_.size(), " bytes; at most ", kKeyBytesMax,
                                                 " are allowed: use shorter values in the key fields"));
}

absl::StatusOr<std::string> KeyReader::ReadBytes() {
  std::string value;
  std::string_view rest = rest_;
  while (true) {
    const size_t escape = rest.find(kEscape);
    if (escape == std::string_view::npos || escape + 1 == rest.size()) {
      return Malformed("a text or byte value has no end");
    }
    value.append(rest.substr(0, escape));
    const char kind = rest[escape + 1];
    rest.remove_prefix(escape + 2);
    if (kind == kEnd) {
      rest_ = rest;
      return value;
    }
    if (kind != kEscapedZero) {
      return Malformed("a zero byte inside a text or byte value is not escaped");
    }
    value.push_back(kEscape);
  }
}

absl::StatusOr<int64_t> KeyReader::ReadSigned() {
  absl::StatusOr<uint64_t> value = ReadUnsigned();
  if (!value.ok()) {
    return std::move(value).status();
  }
  return static_cast<int64_t>(*value ^ kSignBit);
}

absl::StatusOr<uint64_t> KeyReader::ReadUnsigned() {
  if (rest_.size() < kIntegerBytes) {
    return Malformed("a number is cut off");
  }
  uint64_t value = 0;
  for (size_t i = 0; i < kIntegerBytes; ++i) {
    value = value << 8 | static_cast<uint8_t>(rest_[i]);
  }
  rest_.remove_prefix(kIntegerBytes);
  return value;
}

absl::StatusOr<bool> KeyReader::ReadBool() {
  if (rest_.empty() || static_cast<uint8_t>(rest_[0]) > 1) {
    return Malformed("a truth value is neither 0 nor 1");
  }
  const bool value = rest_[0] != 0;
  rest_.remove_prefix(1);
  return value;
}

}  // namespace allmende::policy
