#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "sdk/base/text.h"
#include "sdk/store/rocks.h"

namespace allmende::store {
namespace {

// RocksDB's texts may have several lines; a message is one.
std::string OneLine(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return text;
}

}  // namespace

absl::Status ToStatus(const rocksdb::Status& status, std::string_view doing, const std::string& path) {
  if (status.ok()) {
    return absl::OkStatus();
  }
  const std::string what = absl::StrCat("cannot ", ForAbsl(doing), " the database `", path, "`: ");
  const std::string why = OneLine(status.getState() != nullptr ? status.getState() : status.ToString());
  if (status.IsNoSpace()) {
    return absl::ResourceExhaustedError(
        absl::StrCat(what, "the disk is full; free some space, writing resumes by itself"));
  }
  if (status.IsCorruption() || status.IsIOError()) {
    // A disk that does not give back what was written is as bad as damaged data: neither may be taken for its absence.
    return absl::DataLossError(
        absl::StrCat(what, status.IsCorruption() ? "it is damaged (" : "the disk failed (", why, ")"));
  }
  if (status.IsShutdownInProgress() || status.IsBusy() || status.IsTimedOut() || status.IsIncomplete() ||
      status.IsTryAgain()) {
    return absl::UnavailableError(absl::StrCat(what, why));
  }
  return absl::InternalError(absl::StrCat(what, why));
}

}  // namespace allmende::store
