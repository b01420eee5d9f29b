#include "sdk/tabular/reader/row_reader.h"

#include <utility>

#include "sdk/base/status.h"
#include "sdk/tabular/reader/csv_reader.h"
#include "sdk/tabular/reader/ndjson_reader.h"
#include "sdk/tabular/reader/text_stream.h"

namespace allmende::tabular {
namespace {

// Looks at the first character of the text before it decides which reader does the work.
class DetectingReader final : public RowReader {
 public:
  DetectingReader(std::unique_ptr<TextStream> text, std::string name, const ReaderOptions& options)
      : text_(std::move(text)), options_(options), name_(std::move(name)) {}

  absl::StatusOr<ReadStep> Next(Row& row) override {
    while (reader_ == nullptr) {
      const size_t first = text_->view().find_first_not_of(" \t\r\n");
      const bool found = first != std::string_view::npos;
      if (!found && !complete_ && text_->size() <= options_.row_bytes_max) {
        ALLMENDE_ASSIGN_OR_RETURN(const TextStream::FillResult result, text_->Fill());
        if (result == TextStream::FillResult::kWaiting) {
          return ReadStep::kWaiting;
        }
        complete_ = result == TextStream::FillResult::kEnd;
        continue;
      }
      const bool json = found && (text_->data()[first] == '{' || text_->data()[first] == '[');
      reader_ =
          json ? NewNdjsonReader(std::move(text_), name_, options_) : NewCsvReader(std::move(text_), name_, options_);
    }
    return reader_->Next(row);
  }

  const std::vector<std::string>& columns() const override { return reader_ == nullptr ? none_ : reader_->columns(); }
  bool columns_grow() const override { return reader_ != nullptr && reader_->columns_grow(); }
  const InputError& error() const override { return reader_ == nullptr ? no_error_ : reader_->error(); }
  int64_t blank_lines() const override { return reader_ == nullptr ? 0 : reader_->blank_lines(); }

 private:
  std::unique_ptr<TextStream> text_;
  const ReaderOptions options_;
  const std::string name_;
  bool complete_ = false;
  std::unique_ptr<RowReader> reader_;
  const std::vector<std::string> none_;
  const InputError no_error_;
};

}  // namespace

std::unique_ptr<RowReader> ReadRows(std::unique_ptr<ByteSource> source, std::string name,
                                    const ReaderOptions& options) {
  auto text = std::make_unique<TextStream>(Unpacked(std::move(source), name, options.follow), name, options.encoding,
                                           options.follow);
  switch (options.format) {
    case Format::kCsv:
      return NewCsvReader(std::move(text), std::move(name), options);
    case Format::kNdjson:
      return NewNdjsonReader(std::move(text), std::move(name), options);
    case Format::kDetect:
      break;
  }
  return std::make_unique<DetectingReader>(std::move(text), std::move(name), options);
}

absl::StatusOr<std::unique_ptr<RowReader>> OpenRows(const std::string& path, const ReaderOptions& options) {
  ALLMENDE_ASSIGN_OR_RETURN(std::unique_ptr<ByteSource> source, OpenFile(path));
  return ReadRows(std::move(source), path == "-" ? "standard input" : path, options);
}

}  // namespace allmende::tabular
