// The canonical key of a record: the values of its key fields as one byte string, as docs/formats.md lays it down. Two
// keys are equal as bytes if and only if all their values are equal, and they compare as bytes as the tuples of their
// values compare. Pure; objects are not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace allmende::policy {

inline constexpr size_t kKeyBytesMax = 1024;

// Writes values in the ascending order of their field numbers. A field that is absent is written with its default
// value.
class KeyWriter {
 public:
  void AddBytes(std::string_view value);  // string, bytes
  void AddSigned(int64_t value);          // int32, int64, sint32, sint64, sfixed32, sfixed64, enum
  void AddUnsigned(uint64_t value);       // uint32, uint64, fixed32, fixed64
  void AddBool(bool value);

  // Starts the next key; the memory is kept.
  void Clear() { bytes_.clear(); }

  // Valid until the next Add or Clear.
  std::string_view bytes() const { return bytes_; }

  // OK when the key is usable.
  //   kInvalidArgument  longer than kKeyBytesMax
  absl::Status Check() const;

 private:
  std::string bytes_;
};

// Reads the values back in the same order. Borrows the bytes. After an error the reader stays where it was.
// Each Read returns kInvalidArgument when the bytes do not begin with such a value.
class KeyReader {
 public:
  explicit KeyReader(std::string_view bytes) : rest_(bytes) {}

  absl::StatusOr<std::string> ReadBytes();
  absl::StatusOr<int64_t> ReadSigned();
  absl::StatusOr<uint64_t> ReadUnsigned();
  absl::StatusOr<bool> ReadBool();

  bool AtEnd() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

}  // namespace allmende::policy
