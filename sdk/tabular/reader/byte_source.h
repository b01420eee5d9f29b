// Where the bytes of an input file come from: a file, standard input, a text in memory; unpacked on the way if need be.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace allmende::tabular {

// A stream of bytes, read from front to back. Not thread-safe.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  // Reads at most `size` bytes into `buffer` and returns how many. 0 means that there are none now: for a file that
  // nobody appends to, its end. Asking again later finds what was appended since.
  //   kDataLoss            compressed data is damaged or cut short
  //   kFailedPrecondition  the file became shorter than what was already read of it
  //   kUnavailable         reading failed
  virtual absl::StatusOr<size_t> Read(char* buffer, size_t size) = 0;
};

// Opens a file, or standard input for `-`.
//   kNotFound            no such file
//   kFailedPrecondition  not readable for this user
//   kInvalidArgument     a folder
absl::StatusOr<std::unique_ptr<ByteSource>> OpenFile(const std::string& path);

// A text in memory.
std::unique_ptr<ByteSource> SourceFromText(std::string text);

// Hands out what is inside: unpacks gzip (also several members in a row), recognised by its first bytes, and passes
// anything else on unchanged. Memory is bounded whatever the data. `name` is for messages. With `follow`, data
// that starts like gzip is refused with kInvalidArgument, since a growing gzip file cannot be read to a clean end.
std::unique_ptr<ByteSource> Unpacked(std::unique_ptr<ByteSource> packed, std::string name, bool follow);

}  // namespace allmende::tabular
