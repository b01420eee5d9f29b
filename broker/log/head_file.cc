#include "broker/log/head_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sdk/base/file.h"
#include "sdk/base/status.h"

namespace allmende::broker {
namespace {

constexpr std::string_view kMagic = "allmende log mark 1\n";
constexpr std::size_t kPlaceBytes = 4096;  // apart, so that no write of the disk touches both
constexpr std::size_t kFileBytes = 2 * kPlaceBytes;

std::string EncodePlace(const CommitMark& mark) {
  std::string place(kMagic);
  place.append(EncodeMark(mark));
  place.append(crypto::AsBytes(crypto::Sha256Of(place)));
  return place;
}

std::optional<CommitMark> DecodePlace(std::string_view place) {
  const std::size_t bytes = EncodePlace({}).size();
  if (place.size() < bytes || place.substr(0, kMagic.size()) != kMagic) {
    return std::nullopt;
  }
  constexpr std::size_t kDigestBytes = sizeof(crypto::Digest);
  const absl::StatusOr<CommitMark> mark = DecodeMark(place.substr(kMagic.size(), bytes - kMagic.size() - kDigestBytes));
  if (!mark.ok() || EncodePlace(*mark) != place.substr(0, bytes)) {
    return std::nullopt;
  }
  return *mark;
}

}  // namespace

absl::StatusOr<std::optional<CommitMark>> HeadFile::Read(const std::string& path) {
  const absl::StatusOr<std::string> content = ReadFile(path, kFileBytes);
  if (absl::IsNotFound(content.status())) {
    return std::optional<CommitMark>();
  }
  if (!content.ok() && !absl::IsInvalidArgument(content.status())) {
    return content.status();
  }
  std::optional<CommitMark> last;
  if (content.ok()) {
    for (std::size_t at = 0; at < content->size(); at += kPlaceBytes) {
      const std::optional<CommitMark> mark = DecodePlace(std::string_view(*content).substr(at));
      if (mark.has_value() && (!last.has_value() || mark->number > last->number)) {
        last = mark;
      }
    }
  }
  if (!last.has_value()) {
    return absl::DataLossError(absl::StrCat("the file `", path, "` is damaged"));
  }
  return last;
}

absl::StatusOr<HeadFile> HeadFile::Create(const std::string& path, const CommitMark& mark) {
  std::string content = EncodePlace(mark);
  content.resize(kPlaceBytes, '\0');
  content.append(content);
  ALLMENDE_RETURN_IF_ERROR(WriteFileAtomically(path, content, FileAccess::kOwnerOnly));
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd.valid()) {
    return SystemError(errno, "open", path);
  }
  return HeadFile(path, std::move(fd));
}

absl::Status HeadFile::Write(const CommitMark& mark) {
  const std::string place = EncodePlace(mark);
  const auto offset = static_cast<off_t>(mark.number % 2 * kPlaceBytes);
  ssize_t written = 0;
  do {
    written = ::pwrite(fd_.get(), place.data(), place.size(), offset);
  } while (written < 0 && errno == EINTR);
  if (written != static_cast<ssize_t>(place.size())) {
    return SystemError(written < 0 ? errno : EIO, "write", path_);
  }
  return absl::OkStatus();
}

absl::Status HeadFile::Sync() {
  return ::fdatasync(fd_.get()) == 0 ? absl::OkStatus() : SystemError(errno, "sync", path_);
}

}  // namespace allmende::broker
