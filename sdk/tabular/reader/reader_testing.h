// For the tests of this folder: sources that hand out bytes as a test wants them, and everything that a reader says.
#pragma once

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "sdk/tabular/reader/row_reader.h"

namespace allmende::tabular {

// Hands out `piece_bytes` at a time, so that every boundary inside the text is met.
class PiecewiseSource final : public ByteSource {
 public:
  PiecewiseSource(std::string text, size_t piece_bytes) : text_(std::move(text)), piece_bytes_(piece_bytes) {}

  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    const size_t count = std::min({size, piece_bytes_, text_.size() - at_});
    std::memcpy(buffer, text_.data() + at_, count);
    at_ += count;
    return count;
  }

 private:
  std::string text_;
  size_t piece_bytes_;
  size_t at_ = 0;
};

// A file that a test appends to.
class GrowingSource final : public ByteSource {
 public:
  explicit GrowingSource(std::shared_ptr<std::string> text) : text_(std::move(text)) {}

  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    const size_t count = std::min(size, text_->size() - at_);
    std::memcpy(buffer, text_->data() + at_, count);
    at_ += count;
    return count;
  }

 private:
  std::shared_ptr<std::string> text_;
  size_t at_ = 0;
};

inline std::string Gzip(const std::string& text) {
  z_stream stream = {};
  deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, text.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

// Everything a reader gives, one line a row: `line: [cell][cell]`, `-` for a cell without value; `bad: ...` for a bad
// row, and at the end `status: ...` if it stopped with an error.
inline std::string Transcript(RowReader& reader) {
  std::string text;
  Row row;
  while (true) {
    const absl::StatusOr<ReadStep> step = reader.Next(row);
    if (!step.ok()) {
      return absl::StrCat(text, "status: ", std::string(step.status().message()), "\n");
    }
    if (*step == ReadStep::kEnd || *step == ReadStep::kWaiting) {
      return text;
    }
    if (*step == ReadStep::kBadRow) {
      absl::StrAppend(&text, "bad: ", reader.error().ToText(), "\n");
      continue;
    }
    absl::StrAppend(&text, row.line, ": ");
    for (const auto& cell : row.cells) {
      absl::StrAppend(&text, cell.has_value() ? absl::StrCat("[", std::string(*cell), "]") : "-");
    }
    absl::StrAppend(&text, "\n");
  }
}

inline std::string Transcript(const std::string& text, const ReaderOptions& options) {
  auto reader = ReadRows(SourceFromText(text), "f.csv", options);
  return Transcript(*reader);
}

}  // namespace allmende::tabular
