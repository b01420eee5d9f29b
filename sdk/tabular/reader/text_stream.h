// The text of an input file, decoded to UTF-8 and checked, as a window that moves over it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "sdk/tabular/reader/byte_source.h"
#include "sdk/tabular/reader/row_reader.h"

namespace allmende::tabular {

// Not thread-safe. Holds as much text as the user leaves unconsumed, plus one read of 256 KiB.
class TextStream {
 public:
  TextStream(std::unique_ptr<ByteSource> source, std::string name, Encoding encoding, bool follow);

  // The text that is there. It may be changed in place. Valid until Fill.
  char* data() { return buffer_.data() + begin_; }
  size_t size() const { return checked_ - begin_; }
  std::string_view view() const { return std::string_view(buffer_).substr(begin_, size()); }

  // Drops `bytes` from the front. `lines` is how many line breaks are among them.
  void Consume(size_t bytes, int64_t lines);

  // The line on which data() starts, from 1.
  int64_t line() const { return line_; }

  enum class FillResult { kMore, kEnd, kWaiting };

  // Adds text behind what is there. kMore: some was added. kEnd: there will be none. kWaiting: with `follow`, none now.
  // A byte order mark is dropped. Text in front of a bad byte is handed out first, the error comes with the next call.
  //   kInvalidArgument  bytes that are no text in this encoding (with line and byte), UTF-16, a ZIP file
  //   and what ByteSource::Read returns
  absl::StatusOr<FillResult> Fill();

 private:
  absl::StatusOr<FillResult> Read();
  absl::Status LookAtStart(bool complete, bool& known);
  absl::Status BadByte(size_t at, const std::string& why) const;
  void Check();

  const std::unique_ptr<ByteSource> source_;
  const std::string name_;
  const Encoding encoding_;
  const bool follow_;

  std::string buffer_;
  size_t begin_ = 0;    // INVARIANT: begin_ <= checked_ <= end_
  size_t checked_ = 0;  // everything in front of it is whole characters
  size_t end_ = 0;      // everything behind it is unused room
  std::string raw_;     // what was read, where decoding changes the bytes
  int64_t line_ = 1;
  bool started_ = false;  // the first bytes have been looked at
  absl::Status failed_;   // to be returned once the text in front of it is used up
};

}  // namespace allmende::tabular
