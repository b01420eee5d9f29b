// ByteSource over gzip.
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

#include "sdk/base/status.h"
#include "sdk/tabular/reader/byte_source.h"

namespace allmende::tabular {
namespace {

constexpr size_t kPackedBytes = size_t{64} << 10;
constexpr int kGzipWindowBits = 15 + 16;  // the largest window, gzip header expected

class UnpackedSource final : public ByteSource {
 public:
  UnpackedSource(std::unique_ptr<ByteSource> packed, std::string name, bool follow)
      : packed_(std::move(packed)), name_(std::move(name)), follow_(follow) {}
  ~UnpackedSource() override {
    if (mode_ == Mode::kGzip) {
      inflateEnd(&stream_);
    }
  }

  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    if (mode_ == Mode::kUnknown) {
      ALLMENDE_RETURN_IF_ERROR(FindMode());
      if (mode_ == Mode::kUnknown) {
        return size_t{0};
      }
    }
    if (mode_ == Mode::kGzip) {
      return ReadGzip(buffer, size);
    }
    if (begin_ < end_) {
      const size_t count = std::min(size, end_ - begin_);
      std::memcpy(buffer, input_.data() + begin_, count);
      begin_ += count;
      return count;
    }
    return packed_->Read(buffer, size);
  }

 private:
  enum class Mode { kUnknown, kPlain, kGzip };

  // Stays kUnknown while fewer than two bytes are there.
  absl::Status FindMode() {
    while (end_ < 2) {
      ALLMENDE_ASSIGN_OR_RETURN(const size_t count, packed_->Read(input_.data() + end_, input_.size() - end_));
      if (count == 0) {
        // A file of one byte that does not grow is plain; one that does may still become anything.
        mode_ = follow_ || end_ == 0 ? Mode::kUnknown : Mode::kPlain;
        if (mode_ == Mode::kUnknown) {
          return absl::OkStatus();
        }
        break;
      }
      end_ += count;
    }
    if (end_ < 2 || input_[0] != '\x1f' || input_[1] != '\x8b') {
      mode_ = Mode::kPlain;
      return absl::OkStatus();
    }
    if (follow_) {
      return absl::InvalidArgumentError(
          absl::StrCat("`", name_, "` is packed with gzip and cannot be followed; follow the unpacked file"));
    }
    if (inflateInit2(&stream_, kGzipWindowBits) != Z_OK) {
      return absl::ResourceExhaustedError(absl::StrCat("no memory to unpack `", name_, "`"));
    }
    mode_ = Mode::kGzip;
    return absl::OkStatus();
  }

  absl::StatusOr<size_t> ReadGzip(char* buffer, size_t size) {
    stream_.next_out = reinterpret_cast<Bytef*>(buffer);
    stream_.avail_out = static_cast<uInt>(size);
    while (stream_.avail_out == size) {
      if (begin_ == end_) {
        ALLMENDE_ASSIGN_OR_RETURN(end_, packed_->Read(input_.data(), input_.size()));
        begin_ = 0;
        if (end_ == 0) {
          if (between_members_) {
            return size_t{0};
          }
          return absl::InvalidArgumentError(
              absl::StrCat("`", name_, "` ends in the middle of its gzip data; copy it again"));
        }
      }
      if (between_members_) {
        if (input_[begin_] != '\x1f') {
          return absl::InvalidArgumentError(
              absl::StrCat("`", name_, "` has bytes after its gzip data that are no gzip"));
        }
        inflateReset2(&stream_, kGzipWindowBits);
        between_members_ = false;
      }
      ALLMENDE_RETURN_IF_ERROR(Inflate());
    }
    return size - stream_.avail_out;
  }

  absl::Status Inflate() {
    stream_.next_in = reinterpret_cast<Bytef*>(input_.data() + begin_);
    stream_.avail_in = static_cast<uInt>(end_ - begin_);
    const int result = inflate(&stream_, Z_NO_FLUSH);
    begin_ = end_ - stream_.avail_in;
    if (result == Z_STREAM_END) {
      between_members_ = true;
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      return absl::InvalidArgumentError(absl::StrCat("`", name_, "` is damaged gzip data (",
                                                     stream_.msg != nullptr ? stream_.msg : "unreadable",
                                                     "); copy it again"));
    }
    return absl::OkStatus();
  }

  const std::unique_ptr<ByteSource> packed_;
  const std::string name_;
  const bool follow_;
  Mode mode_ = Mode::kUnknown;
  z_stream stream_ = {};
  bool between_members_ = false;
  std::array<char, kPackedBytes> input_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace

std::unique_ptr<ByteSource> Unpacked(std::unique_ptr<ByteSource> packed, std::string name, bool follow) {
  return std::make_unique<UnpackedSource>(std::move(packed), std::move(name), follow);
}

}  // namespace allmende::tabular
