#include "sdk/tabular/reader/text_stream.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "sdk/base/status.h"
#include "sdk/tabular/reader/utf8.h"

namespace allmende::tabular {
namespace {

constexpr size_t kReadBytes = size_t{256} << 10;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr size_t kStartBytes = 4;  // enough to know every start that LookAtStart knows

}  // namespace

TextStream::TextStream(std::unique_ptr<ByteSource> source, std::string name, Encoding encoding, bool follow)
    : source_(std::move(source)), name_(std::move(name)), encoding_(encoding), follow_(follow) {}

void TextStream::Consume(size_t bytes, int64_t lines) {
  begin_ += bytes;
  line_ += lines;
}

absl::StatusOr<TextStream::FillResult> TextStream::Fill() {
  while (true) {
    ALLMENDE_RETURN_IF_ERROR(failed_);
    const size_t before = size();
    ALLMENDE_ASSIGN_OR_RETURN(const FillResult result, Read());
    const bool complete = result == FillResult::kEnd;
    if (!started_) {
      bool known = false;
      ALLMENDE_RETURN_IF_ERROR(LookAtStart(complete, known));
      if (!known) {
        if (result == FillResult::kWaiting) return result;
        continue;
      }
    }
    Check();
    if (complete && failed_.ok() && checked_ < end_) {
      failed_ = BadByte(checked_, "the file ends in the middle of a UTF-8 character");
    }
    if (size() > before) {
      return FillResult::kMore;
    }
    ALLMENDE_RETURN_IF_ERROR(failed_);
    if (result != FillResult::kMore) {
      return result;
    }
  }
}

absl::StatusOr<TextStream::FillResult> TextStream::Read() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    checked_ -= begin_;
    end_ -= begin_;
    begin_ = 0;
  }
  const FillResult nothing = follow_ ? FillResult::kWaiting : FillResult::kEnd;
  if (encoding_ == Encoding::kUtf8 || !started_) {
    if (buffer_.size() < end_ + kReadBytes) {
      buffer_.resize(end_ + kReadBytes);
    }
    ALLMENDE_ASSIGN_OR_RETURN(const size_t count, source_->Read(buffer_.data() + end_, kReadBytes));
    end_ += count;
    return count == 0 ? nothing : FillResult::kMore;
  }
  raw_.resize(kReadBytes);
  ALLMENDE_ASSIGN_OR_RETURN(const size_t count, source_->Read(raw_.data(), kReadBytes));
  raw_.resize(count);
  return count == 0 ? nothing : FillResult::kMore;
}

absl::Status TextStream::LookAtStart(bool complete, bool& known) {
  const std::string_view start = std::string_view(buffer_).substr(0, end_);
  known = complete || start.size() >= kStartBytes;
  if (!known) {
    return absl::OkStatus();
  }
  started_ = true;
  const auto refuse = [&](std::string_view why, std::string_view advice) {
    return InputError{.file = name_, .why = std::string(why), .advice = std::string(advice)}.ToStatus();
  };
  if (start.starts_with("\xFF\xFE") || start.starts_with("\xFE\xFF")) {
    return refuse("is UTF-16", "save it as UTF-8");
  }
  if (start.starts_with("PK\x03\x04")) {
    return refuse("is a ZIP or Excel file, no text", "unpack it, or save the sheet as CSV in UTF-8");
  }
  if (start.starts_with(kByteOrderMark)) {
    if (encoding_ == Encoding::kWindows1252) {
      return refuse("starts with the mark of UTF-8", "say `encoding: utf-8`");
    }
    begin_ = checked_ = kByteOrderMark.size();
  }
  if (encoding_ == Encoding::kWindows1252) {
    raw_.assign(start);
    end_ = 0;
  }
  return absl::OkStatus();
}

void TextStream::Check() {
  if (encoding_ == Encoding::kWindows1252) {
    buffer_.resize(end_);
    const size_t taken = AppendWindows1252(raw_, buffer_);
    const bool bad = taken < raw_.size();
    const auto byte = bad ? static_cast<unsigned char>(raw_[taken]) : 0;
    raw_.clear();
    checked_ = end_ = buffer_.size();
    if (bad) {
      failed_ = BadByte(checked_, absl::StrFormat("byte 0x%02X has no meaning in Windows-1252", byte));
    }
    return;
  }
  const Utf8Check check = CheckUtf8(std::string_view(buffer_).substr(checked_, end_ - checked_));
  checked_ += check.valid_bytes;
  if (checked_ < end_ && !check.cut) {
    failed_ =
        BadByte(checked_, absl::StrFormat("byte 0x%02X is no UTF-8", static_cast<unsigned char>(buffer_[checked_])));
  }
}

absl::Status TextStream::BadByte(size_t at, const std::string& why) const {
  const std::string_view before = std::string_view(buffer_).substr(0, at).substr(begin_);
  const size_t line_start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  InputError error;
  error.file = name_;
  error.line = line_ + std::count(before.begin(), before.end(), '\n');
  error.why = absl::StrCat(why, ", at byte ", before.size() - line_start + 1, " of the line");
  error.advice = encoding_ == Encoding::kUtf8
                     ? "save the file as UTF-8, or give `--encoding windows-1252` if it is that"
                     : "check which encoding the file has; `--encoding` or `encoding` in the mapping says it";
  return error.ToStatus();
}

}  // namespace allmende::tabular
