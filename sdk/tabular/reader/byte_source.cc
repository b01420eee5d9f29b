#include "sdk/tabular/reader/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace allmende::tabular {
namespace {

class FileSource final : public ByteSource {
 public:
  FileSource(int descriptor, std::string name, bool regular)
      : descriptor_(descriptor), name_(std::move(name)), regular_(regular) {}
  ~FileSource() override {
    if (descriptor_ != STDIN_FILENO) {
      close(descriptor_);
    }
  }

  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    while (true) {
      const ssize_t count = read(descriptor_, buffer, size);
      if (count > 0) {
        offset_ += count;
        return static_cast<size_t>(count);
      }
      if (count == 0) {
        return ShorterThanBefore();
      }
      if (errno != EINTR) {
        return absl::UnavailableError(absl::StrCat("cannot read `", name_, "`: ", std::strerror(errno)));
      }
    }
  }

 private:
  absl::StatusOr<size_t> ShorterThanBefore() const {
    struct stat info;
    if (regular_ && fstat(descriptor_, &info) == 0 && info.st_size < offset_) {
      return absl::FailedPreconditionError(
          absl::StrCat("`", name_, "` became shorter while it was read; start again when nobody rewrites it"));
    }
    return size_t{0};
  }

  const int descriptor_;
  const std::string name_;
  const bool regular_;
  off_t offset_ = 0;
};

class TextSource final : public ByteSource {
 public:
  explicit TextSource(std::string text) : text_(std::move(text)) {}

  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    const size_t count = std::min(size, text_.size() - at_);
    std::memcpy(buffer, text_.data() + at_, count);
    at_ += count;
    return count;
  }

 private:
  const std::string text_;
  size_t at_ = 0;
};

absl::Status OpenError(const std::string& path, int error) {
  const std::string message = absl::StrCat("cannot open `", path, "`: ", std::strerror(error));
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return absl::NotFoundError(message);
    case EACCES:
    case EPERM:
      return absl::FailedPreconditionError(message);
    default:
      return absl::UnavailableError(message);
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<ByteSource>> OpenFile(const std::string& path) {
  if (path == "-") {
    return std::make_unique<FileSource>(STDIN_FILENO, "standard input", false);
  }
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    return OpenError(path, errno);
  }
  struct stat info;
  if (fstat(descriptor, &info) != 0) {
    const int error = errno;
    close(descriptor);
    return OpenError(path, error);
  }
  if (S_ISDIR(info.st_mode)) {
    close(descriptor);
    return absl::InvalidArgumentError(absl::StrCat("`", path, "` is a folder; name a file"));
  }
  return std::make_unique<FileSource>(descriptor, path, S_ISREG(info.st_mode));
}

std::unique_ptr<ByteSource> SourceFromText(std::string text) {
  return std::make_unique<TextSource>(std::move(text));
}

}  // namespace allmende::tabular
