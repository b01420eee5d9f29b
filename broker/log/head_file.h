// The file beside the database that says how far it got: the mark of the last commit, in two places by turns, each with
// a checksum, so that one torn by a power failure leaves the other.
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "broker/log/store_format.h"
#include "sdk/base/unique_fd.h"

namespace allmende::broker {

// Not thread-safe.
class HeadFile {
 public:
  // The mark that was written last; nothing where there is no file.
  //   kDataLoss  there is one and no place of it is whole
  static absl::StatusOr<std::optional<CommitMark>> Read(const std::string& path);

  // Replaces the file, durably, by one that says `mark`. Errors as in sdk/base/file.h.
  static absl::StatusOr<HeadFile> Create(const std::string& path, const CommitMark& mark);

  // Survives the process. Errors as SystemError.
  absl::Status Write(const CommitMark& mark);
  // Makes what was written survive the machine.
  absl::Status Sync();

 private:
  HeadFile(std::string path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}

  std::string path_;
  UniqueFd fd_;
};

}  // namespace allmende::broker
