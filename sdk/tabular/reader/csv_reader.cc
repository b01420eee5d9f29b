#include "sdk/tabular/reader/csv_reader.h"

#include <unordered_set>
#include <utility>

#include "absl/strings/str_cat.h"

#include "sdk/base/status.h"
#include "sdk/tabular/reader/csv_record.h"
#include "sdk/tabular/reader/utf8.h"

namespace allmende::tabular {
namespace {

constexpr size_t kSampleBytes = size_t{64} << 10;

class CsvReader final : public RowReader {
 public:
  CsvReader(std::unique_ptr<TextStream> text, std::string name, const ReaderOptions& options)
      : text_(std::move(text)),
        options_(options),
        limits_{.field_bytes_max = options.field_bytes_max, .columns_max = options.columns_max},
        columns_(options.header ? std::vector<std::string>() : options.column_names),
        lines_to_skip_(options.skip_lines) {
    error_.file = std::move(name);
  }

  absl::StatusOr<ReadStep> Next(Row& row) override {
    if (!prepared_) {
      ALLMENDE_ASSIGN_OR_RETURN(const ReadStep step, Prepare(row));
      if (step != ReadStep::kRow) {
        return step;
      }
      prepared_ = true;
    }
    ALLMENDE_ASSIGN_OR_RETURN(const ReadStep step, NextRecord(row));
    if (step == ReadStep::kRow && row.cells.size() != columns_.size()) {
      return BadRow(row.line, absl::StrCat("has ", row.cells.size(), " fields where the header has ", columns_.size()),
                    "look for a missing or an unquoted delimiter");
    }
    return step;
  }

  const std::vector<std::string>& columns() const override { return columns_; }
  bool columns_grow() const override { return false; }
  const InputError& error() const override { return error_; }
  int64_t blank_lines() const override { return blank_lines_; }

 private:
  // Steps over the lines before the header, finds the delimiter and reads the header. kRow means done.
  absl::StatusOr<ReadStep> Prepare(Row& row) {
    ALLMENDE_ASSIGN_OR_RETURN(ReadStep step, SkipLines());
    if (step != ReadStep::kRow) {
      return step;
    }
    if (!delimiter_found_) {
      ALLMENDE_ASSIGN_OR_RETURN(step, FindDelimiter());
      if (step != ReadStep::kRow) {
        return step;
      }
    }
    if (!options_.header) {
      return columns_.empty() ? Fatal(0, "has no header and no column names were given", "give `column_names`")
                              : absl::StatusOr<ReadStep>(ReadStep::kRow);
    }
    ALLMENDE_ASSIGN_OR_RETURN(step, NextRecord(row));
    if (step == ReadStep::kBadRow) {
      return error_.ToStatus();
    }
    if (step == ReadStep::kEnd) {
      return Fatal(0, "has no header", "the first row has to name the columns, or say `header: false`");
    }
    return step == ReadStep::kRow ? TakeHeader(row) : step;
  }

  absl::StatusOr<ReadStep> SkipLines() {
    while (lines_to_skip_ > 0) {
      const size_t line_break = text_->view().find('\n');
      if (line_break != std::string_view::npos) {
        text_->Consume(line_break + 1, 1);
        --lines_to_skip_;
        continue;
      }
      ALLMENDE_ASSIGN_OR_RETURN(const ReadStep step, More());
      if (step == ReadStep::kEnd) {
        return Fatal(0, absl::StrCat("has fewer than ", options_.skip_lines, " lines in front of the data"),
                     "correct `skip_lines`");
      }
      if (step == ReadStep::kWaiting) {
        return step;
      }
    }
    return ReadStep::kRow;
  }

  absl::StatusOr<ReadStep> FindDelimiter() {
    if (options_.delimiter.has_value()) {
      delimiter_ = *options_.delimiter;
      delimiter_found_ = true;
      return ReadStep::kRow;
    }
    while (!complete_ && text_->size() < kSampleBytes) {
      const absl::StatusOr<ReadStep> step = More();
      if (step.ok() && *step == ReadStep::kRow) {
        continue;
      }
      // The rows that are there can be read. What is wrong behind them is found again when they are used up.
      if (text_->view().find('\n') == std::string_view::npos) {
        return step;
      }
      break;
    }
    delimiter_ = DetectDelimiter(text_->view().substr(0, kSampleBytes), complete_ && text_->size() <= kSampleBytes);
    delimiter_found_ = true;
    return ReadStep::kRow;
  }

  absl::StatusOr<ReadStep> TakeHeader(const Row& row) {
    std::unordered_set<std::string_view> seen;
    columns_.reserve(row.cells.size());
    for (const auto& cell : row.cells) {
      std::string name(TrimSpaces(*cell));
      if (name.empty()) {
        name = absl::StrCat("column_", columns_.size() + 1);
      }
      columns_.push_back(std::move(name));
    }
    for (const std::string& name : columns_) {
      if (!seen.insert(name).second) {
        return Fatal(row.line, absl::StrCat("two columns are called `", ClipForMessage(name), "`"),
                     "rename one of them in the header");
      }
    }
    return ReadStep::kRow;
  }

  absl::StatusOr<ReadStep> NextRecord(Row& row) {
    while (true) {
      if (complete_ && text_->size() == 0) {
        return ReadStep::kEnd;
      }
      row.line = text_->line();
      const CsvScan scan = ScanCsvRecord(text_->data(), text_->size(), complete_, delimiter_, limits_, row.cells);
      switch (scan.outcome) {
        case CsvScan::Outcome::kRecord:
          text_->Consume(scan.bytes, scan.lines);
          return ReadStep::kRow;
        case CsvScan::Outcome::kBlankLine:
          text_->Consume(scan.bytes, scan.lines);
          ++blank_lines_;
          continue;
        case CsvScan::Outcome::kBad:
          text_->Consume(scan.bytes, scan.lines);
          return BadRecord(row.line, scan.problem);
        case CsvScan::Outcome::kOpenQuote:
          return Fatal(row.line, "a quote that opens in this row is never closed",
                       "close it, or double each quote that belongs to the text");
        case CsvScan::Outcome::kNeedMore:
          break;
      }
      if (text_->size() > options_.row_bytes_max) {
        return Fatal(row.line, absl::StrCat("a row that starts here is longer than ", options_.row_bytes_max, " bytes"),
                     "look for a quote that is never closed");
      }
      ALLMENDE_ASSIGN_OR_RETURN(const ReadStep step, More());
      if (step == ReadStep::kWaiting) {
        return step;
      }
    }
  }

  // kRow: there is more text, or there is none and `complete_` says so.
  absl::StatusOr<ReadStep> More() {
    if (complete_) {
      return ReadStep::kEnd;
    }
    ALLMENDE_ASSIGN_OR_RETURN(const TextStream::FillResult result, text_->Fill());
    complete_ = result == TextStream::FillResult::kEnd;
    return result == TextStream::FillResult::kWaiting ? ReadStep::kWaiting : ReadStep::kRow;
  }

  absl::StatusOr<ReadStep> BadRecord(int64_t line, CsvProblem problem) {
    switch (problem) {
      case CsvProblem::kTextAfterQuote:
        return BadRow(line, "has text between a closing quote and the delimiter",
                      "double each quote that belongs to the text");
      case CsvProblem::kBareReturn:
        return BadRow(line, "has a carriage return that is no part of a line break",
                      "put the field in quotes, or end lines with a line feed");
      case CsvProblem::kNul:
        return Fatal(line, "has a zero byte; this is no text file", "save it as CSV in UTF-8");
      case CsvProblem::kFieldTooLong:
        return BadRow(line, absl::StrCat("has a field longer than ", limits_.field_bytes_max, " bytes"),
                      "look for a quote that is never closed");
      case CsvProblem::kTooManyFields:
      case CsvProblem::kNone:
        break;
    }
    return BadRow(line, absl::StrCat("has more than ", limits_.columns_max, " fields"), "check the delimiter");
  }

  absl::StatusOr<ReadStep> BadRow(int64_t line, std::string why, std::string advice) {
    error_ =
        InputError{.file = std::move(error_.file), .line = line, .why = std::move(why), .advice = std::move(advice)};
    return ReadStep::kBadRow;
  }

  absl::StatusOr<ReadStep> Fatal(int64_t line, std::string why, std::string advice) {
    (void)BadRow(line, std::move(why), std::move(advice));
    return error_.ToStatus();
  }

  const std::unique_ptr<TextStream> text_;
  const ReaderOptions options_;
  const CsvLimits limits_;
  std::vector<std::string> columns_;
  int lines_to_skip_;
  char delimiter_ = ',';
  bool delimiter_found_ = false;
  bool prepared_ = false;
  bool complete_ = false;
  int64_t blank_lines_ = 0;
  InputError error_;
};

}  // namespace

std::unique_ptr<RowReader> NewCsvReader(std::unique_ptr<TextStream> text, std::string name,
                                        const ReaderOptions& options) {
  return std::make_unique<CsvReader>(std::move(text), std::move(name), options);
}

}  // namespace allmende::tabular
