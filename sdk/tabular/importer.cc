#include "sdk/tabular/importer.h"

#include <utility>

#include "sdk/base/status.h"
#include "sdk/tabular/encoder/row_encoder.h"

namespace allmende::tabular {
namespace {

class FileImporter final : public Importer {
 public:
  FileImporter(std::unique_ptr<ByteSource> source, const std::string& name, std::shared_ptr<const ImportPlan> plan,
               const ImportOptions& options)
      : name_(name),
        has_key_(plan->has_key()),
        options_(options),
        reader_(ReadRows(std::move(source), name, WithFollow(plan->spec().reader, options.follow))),
        encoder_(std::move(plan), name) {}

  absl::StatusOr<ImportStep> Next(ImportedRecord& record) override {
    ALLMENDE_RETURN_IF_ERROR(failed_);
    absl::StatusOr<ImportStep> step = NextRecord(record);
    if (!step.ok()) {
      failed_ = step.status();
    }
    return step;
  }

  const std::vector<InputError>& errors() const override { return errors_; }
  const std::string& name() const override { return name_; }
  bool has_key() const override { return has_key_; }
  bool follows() const override { return options_.follow; }

  ImportStatistics statistics() const override {
    ImportStatistics statistics;
    statistics.rows = rows_;
    statistics.bad_rows = bad_rows_;
    statistics.blank_lines = reader_->blank_lines();
    encoder_.AddTo(statistics);
    return statistics;
  }

 private:
  static ReaderOptions WithFollow(ReaderOptions options, bool follow) {
    options.follow = follow;
    return options;
  }

  absl::StatusOr<ImportStep> NextRecord(ImportedRecord& record) {
    while (true) {
      ALLMENDE_ASSIGN_OR_RETURN(const ReadStep step, reader_->Next(row_));
      if (step == ReadStep::kWaiting) {
        return ImportStep::kWaiting;
      }
      if (step != ReadStep::kBadRow) {
        ALLMENDE_RETURN_IF_ERROR(BindNewColumns(step == ReadStep::kRow ? row_.line : 0));
      }
      if (step == ReadStep::kEnd) {
        return ImportStep::kEnd;
      }
      ++rows_;
      if (step == ReadStep::kBadRow) {
        ALLMENDE_RETURN_IF_ERROR(TakeBadRow(reader_->error()));
        continue;
      }
      InputError error;
      switch (encoder_.Encode(row_, record, error)) {
        case RowEncoder::Outcome::kRecord:
          return ImportStep::kRecord;
        case RowEncoder::Outcome::kSkipped:
          break;
        case RowEncoder::Outcome::kBad:
          ALLMENDE_RETURN_IF_ERROR(TakeBadRow(std::move(error)));
      }
    }
  }

  // Also for a file without rows, so that a wrong header is found.
  absl::Status BindNewColumns(int64_t line) {
    const size_t count = reader_->columns().size();
    if (count == bound_columns_) {
      return absl::OkStatus();
    }
    bound_columns_ = count;
    // A header is the file's; members of NDJSON objects come with a line.
    const bool grows = reader_->columns_grow();
    return encoder_.Bind(reader_->columns(), grows, grows ? line : 0);
  }

  absl::Status TakeBadRow(InputError error) {
    ++bad_rows_;
    if (options_.on_bad_row == OnBadRow::kStop || errors_.size() >= static_cast<size_t>(options_.errors_max)) {
      return error.ToStatus();
    }
    errors_.push_back(std::move(error));
    return absl::OkStatus();
  }

  const std::string name_;
  const bool has_key_;
  const ImportOptions options_;
  const std::unique_ptr<RowReader> reader_;
  RowEncoder encoder_;
  Row row_;
  size_t bound_columns_ = 0;
  int64_t rows_ = 0;
  int64_t bad_rows_ = 0;
  std::vector<InputError> errors_;
  absl::Status failed_;
};

}  // namespace

std::unique_ptr<Importer> Importer::Read(std::unique_ptr<ByteSource> source, std::string name,
                                         std::shared_ptr<const ImportPlan> plan, const ImportOptions& options) {
  return std::make_unique<FileImporter>(std::move(source), name, std::move(plan), options);
}

absl::StatusOr<std::unique_ptr<Importer>> Importer::Open(const std::string& path,
                                                         std::shared_ptr<const ImportPlan> plan,
                                                         const ImportOptions& options) {
  ALLMENDE_ASSIGN_OR_RETURN(std::unique_ptr<ByteSource> source, OpenFile(path));
  return Read(std::move(source), path == "-" ? "standard input" : path, std::move(plan), options);
}

}  // namespace allmende::tabular
