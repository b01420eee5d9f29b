#include "sdk/tabular/reader/ndjson_reader.h"

#include <unordered_map>
#include <utility>

#include "absl/strings/str_cat.h"

#include "sdk/base/status.h"
#include "sdk/tabular/reader/json_line.h"
#include "sdk/tabular/reader/utf8.h"

namespace allmende::tabular {
namespace {

class NdjsonReader final : public RowReader {
 public:
  NdjsonReader(std::unique_ptr<TextStream> text, std::string name, const ReaderOptions& options)
      : text_(std::move(text)), options_(options), columns_(options.column_names), lines_to_skip_(options.skip_lines) {
    error_.file = std::move(name);
    for (size_t i = 0; i < columns_.size(); ++i) {
      index_.emplace(columns_[i], i);
    }
  }

  absl::StatusOr<ReadStep> Next(Row& row) override {
    while (true) {
      const size_t line_break = text_->view().find('\n', searched_);
      const bool last = line_break == std::string_view::npos && complete_;
      if (line_break != std::string_view::npos || (last && text_->size() > 0)) {
        const size_t line_bytes = last ? text_->size() : line_break;
        row.line = text_->line();
        ALLMENDE_ASSIGN_OR_RETURN(const ReadStep step, TakeLine(text_->view().substr(0, line_bytes), row));
        text_->Consume(last ? line_bytes : line_bytes + 1, last ? 0 : 1);
        searched_ = 0;
        if (step != ReadStep::kWaiting) {
          return step;
        }
        continue;
      }
      if (last) {
        return ReadStep::kEnd;
      }
      searched_ = text_->size();
      if (text_->size() > options_.row_bytes_max) {
        (void)BadRow(text_->line(), absl::StrCat("a line is longer than ", options_.row_bytes_max, " bytes"));
        error_.advice = "put one JSON object or array on each line";
        return error_.ToStatus();
      }
      ALLMENDE_ASSIGN_OR_RETURN(const TextStream::FillResult result, text_->Fill());
      complete_ = result == TextStream::FillResult::kEnd;
      if (result == TextStream::FillResult::kWaiting) {
        return ReadStep::kWaiting;
      }
    }
  }

  const std::vector<std::string>& columns() const override { return columns_; }
  bool columns_grow() const override { return options_.column_names.empty(); }
  const InputError& error() const override { return error_; }
  int64_t blank_lines() const override { return blank_lines_; }

 private:
  // kWaiting: nothing on this line, go on with the next one.
  absl::StatusOr<ReadStep> TakeLine(std::string_view line, Row& row) {
    if (lines_to_skip_ > 0) {
      --lines_to_skip_;
      return ReadStep::kWaiting;
    }
    line = TrimSpaces(line);
    if (line.empty()) {
      ++blank_lines_;
      return ReadStep::kWaiting;
    }
    if (line.size() > options_.row_bytes_max) {
      return BadRow(row.line, absl::StrCat("is longer than ", options_.row_bytes_max, " bytes"));
    }
    if (absl::Status status = ParseJsonLine(line, options_.columns_max, json_); !status.ok()) {
      return BadRow(row.line, std::string(status.message()));
    }
    for (size_t i = 0; i < json_.count; ++i) {
      if (json_.values[i].text.size() > options_.field_bytes_max) {
        return BadRow(row.line, absl::StrCat("has a value longer than ", options_.field_bytes_max, " bytes"));
      }
    }
    return json_.is_array ? TakeArray(row) : TakeObject(row);
  }

  absl::StatusOr<ReadStep> TakeArray(Row& row) {
    if (options_.column_names.empty()) {
      (void)BadRow(row.line, "is an array, whose values have no names");
      error_.advice = "give `column_names`";
      return error_.ToStatus();
    }
    if (json_.count != columns_.size()) {
      return BadRow(row.line,
                    absl::StrCat("has ", json_.count, " values where ", columns_.size(), " columns are named"));
    }
    row.cells.clear();
    for (size_t i = 0; i < json_.count; ++i) {
      row.cells.push_back(CellFor(json_.values[i]));
    }
    return ReadStep::kRow;
  }

  absl::StatusOr<ReadStep> TakeObject(Row& row) {
    row.cells.assign(columns_.size(), std::nullopt);
    for (size_t i = 0; i < json_.count; ++i) {
      const JsonValue& value = json_.values[i];
      auto found = index_.find(value.name);
      if (found == index_.end()) {
        if (!columns_grow()) {
          return BadRow(row.line, absl::StrCat("has `", ClipForMessage(value.name),
                                               "`, which is not among the named "
                                               "columns"));
        }
        if (columns_.size() == options_.columns_max) {
          return BadRow(row.line, absl::StrCat("brings the columns to more than ", options_.columns_max));
        }
        found = index_.emplace(value.name, columns_.size()).first;
        columns_.push_back(value.name);
        row.cells.emplace_back();
      }
      row.cells[found->second] = CellFor(value);
    }
    return ReadStep::kRow;
  }

  static std::optional<std::string_view> CellFor(const JsonValue& value) {
    return value.is_null ? std::nullopt : std::optional<std::string_view>(value.text);
  }

  absl::StatusOr<ReadStep> BadRow(int64_t line, std::string why) {
    error_ = InputError{.file = std::move(error_.file), .line = line, .why = std::move(why)};
    return ReadStep::kBadRow;
  }

  const std::unique_ptr<TextStream> text_;
  const ReaderOptions options_;
  std::vector<std::string> columns_;
  std::unordered_map<std::string, size_t> index_;
  int lines_to_skip_;
  size_t searched_ = 0;  // no line break in front of it
  bool complete_ = false;
  int64_t blank_lines_ = 0;
  JsonLine json_;
  InputError error_;
};

}  // namespace

std::unique_ptr<RowReader> NewNdjsonReader(std::unique_ptr<TextStream> text, std::string name,
                                           const ReaderOptions& options) {
  return std::make_unique<NdjsonReader>(std::move(text), std::move(name), options);
}

}  // namespace allmende::tabular
