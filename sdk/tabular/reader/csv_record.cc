#include "sdk/tabular/reader/csv_record.h"

#include <array>
#include <cstring>
#include <string>

namespace allmende::tabular {
namespace {

// Which bytes end the plain run of an unquoted field.
class StopBytes {
 public:
  explicit StopBytes(char delimiter) {
    stops_[static_cast<uint8_t>(delimiter)] = true;
    stops_['\n'] = stops_['\r'] = stops_['\0'] = true;
  }
  bool operator[](char c) const { return stops_[static_cast<uint8_t>(c)]; }

 private:
  std::array<bool, 256> stops_ = {};
};

class Scanner {
 public:
  Scanner(char* text, size_t size, bool complete, char delimiter, const CsvLimits& limits,
          std::vector<std::optional<std::string_view>>& fields)
      : begin_(text),
        end_(text + size),
        at_(text),
        complete_(complete),
        delimiter_(delimiter),
        limits_(limits),
        fields_(fields) {}

  CsvScan Run() {
    fields_.clear();
    const StopBytes stops(delimiter_);
    while (true) {
      if (fields_.size() == limits_.columns_max) {
        return Bad(CsvProblem::kTooManyFields);
      }
      const Next next = at_ < end_ && *at_ == '"' ? QuotedField() : PlainField(stops);
      switch (next) {
        case Next::kField:
          continue;
        case Next::kRecordEnd:
          return Finish();
        case Next::kNeedMore:
          return {};
        case Next::kOpenQuote:
          return {.outcome = CsvScan::Outcome::kOpenQuote};
        case Next::kBad:
          return Bad(problem_);
      }
    }
  }

 private:
  enum class Next { kField, kRecordEnd, kNeedMore, kOpenQuote, kBad };

  Next PlainField(const StopBytes& stops) {
    const char* start = at_;
    while (at_ < end_ && !stops[*at_]) {
      ++at_;
    }
    return EndField(std::string_view(start, static_cast<size_t>(at_ - start)));
  }

  // Doubled quotes make a field impure; it is cleaned in Finish, once it is sure that the record is whole.
  Next QuotedField() {
    const char* start = ++at_;
    bool doubled = false;
    while (true) {
      auto* quote = static_cast<char*>(std::memchr(at_, '"', static_cast<size_t>(end_ - at_)));
      if (quote == nullptr) {
        return complete_ ? Next::kOpenQuote : Next::kNeedMore;
      }
      at_ = quote + 1;
      if (at_ == end_ && !complete_) {
        return Next::kNeedMore;
      }
      if (at_ == end_ || *at_ != '"') {
        break;
      }
      doubled = true;
      ++at_;
    }
    const std::string_view value(start, static_cast<size_t>(at_ - 1 - start));
    for (size_t i = value.find('\n'); i != std::string_view::npos; i = value.find('\n', i + 1)) {
      ++lines_;
    }
    if (at_ < end_ && *at_ != delimiter_ && *at_ != '\n' && *at_ != '\r') {
      problem_ = CsvProblem::kTextAfterQuote;
      return Next::kBad;
    }
    if (doubled) {
      doubled_.push_back(fields_.size());
    }
    if (value.find('\0') != std::string_view::npos) {
      problem_ = CsvProblem::kNul;
      return Next::kBad;
    }
    return EndField(value);
  }

  // `at_` is behind the field.
  Next EndField(std::string_view value) {
    if (value.size() > limits_.field_bytes_max) {
      problem_ = CsvProblem::kFieldTooLong;
      return Next::kBad;
    }
    if (at_ == end_) {
      if (!complete_) return Next::kNeedMore;
      fields_.push_back(value);
      return Next::kRecordEnd;
    }
    if (*at_ == '\r') {
      if (at_ + 1 == end_ && !complete_) return Next::kNeedMore;
      if (at_ + 1 == end_ || at_[1] != '\n') {
        problem_ = CsvProblem::kBareReturn;
        return Next::kBad;
      }
      ++at_;
    }
    if (*at_ == '\0') {
      problem_ = CsvProblem::kNul;
      return Next::kBad;
    }
    fields_.push_back(value);
    const bool record_end = *at_ == '\n';
    lines_ += record_end ? 1 : 0;
    ++at_;
    return record_end ? Next::kRecordEnd : Next::kField;
  }

  CsvScan Finish() {
    const auto bytes = static_cast<size_t>(at_ - begin_);
    const bool blank = fields_.size() == 1 && fields_[0]->empty() && *begin_ != '"';
    for (const size_t index : doubled_) {
      Undouble(*fields_[index]);
    }
    return {
        .outcome = blank ? CsvScan::Outcome::kBlankLine : CsvScan::Outcome::kRecord, .bytes = bytes, .lines = lines_};
  }

  void Undouble(std::string_view& value) {
    char* to = begin_ + (value.data() - begin_);
    const char* start = to;
    for (size_t i = 0; i < value.size(); ++i) {
      *to++ = value[i];
      if (value[i] == '"') {
        ++i;
      }
    }
    value = std::string_view(start, static_cast<size_t>(to - start));
  }

  // Steps over the rest of the line, so that reading can go on behind it.
  CsvScan Bad(CsvProblem problem) {
    auto* line_break = static_cast<char*>(std::memchr(at_, '\n', static_cast<size_t>(end_ - at_)));
    if (line_break == nullptr && !complete_) {
      return {};
    }
    at_ = line_break == nullptr ? end_ : line_break + 1;
    lines_ += line_break == nullptr ? 0 : 1;
    return {.outcome = CsvScan::Outcome::kBad,
            .problem = problem,
            .bytes = static_cast<size_t>(at_ - begin_),
            .lines = lines_};
  }

  char* const begin_;
  char* const end_;
  char* at_;
  const bool complete_;
  const char delimiter_;
  const CsvLimits& limits_;
  std::vector<std::optional<std::string_view>>& fields_;
  std::vector<size_t> doubled_;
  int64_t lines_ = 0;
  CsvProblem problem_ = CsvProblem::kNone;
};

struct Evenness {
  size_t fields = 0;  // of the first record
  size_t even = 0;    // records with as many
  size_t records = 0;
};

Evenness MeasureEvenness(std::string text, bool complete, char delimiter) {
  constexpr size_t kRecordsMax = 100;
  const CsvLimits limits{.field_bytes_max = text.size(), .columns_max = text.size() + 1};
  Evenness evenness;
  std::vector<std::optional<std::string_view>> fields;
  size_t at = 0;
  while (at < text.size() && evenness.records < kRecordsMax) {
    const CsvScan scan = ScanCsvRecord(text.data() + at, text.size() - at, complete, delimiter, limits, fields);
    if (scan.outcome == CsvScan::Outcome::kNeedMore || scan.outcome == CsvScan::Outcome::kOpenQuote) {
      break;
    }
    at += scan.bytes;
    if (scan.outcome == CsvScan::Outcome::kBlankLine) {
      continue;
    }
    ++evenness.records;
    if (scan.outcome == CsvScan::Outcome::kRecord) {
      evenness.fields = evenness.records == 1 ? fields.size() : evenness.fields;
      evenness.even += fields.size() == evenness.fields ? 1 : 0;
    }
  }
  return evenness;
}

}  // namespace

CsvScan ScanCsvRecord(char* text, size_t size, bool complete, char delimiter, const CsvLimits& limits,
                      std::vector<std::optional<std::string_view>>& fields) {
  return Scanner(text, size, complete, delimiter, limits, fields).Run();
}

char DetectDelimiter(std::string_view sample, bool complete) {
  char best = ',';
  Evenness best_evenness;
  for (const char delimiter : {',', ';', '\t', '|'}) {
    const Evenness evenness = MeasureEvenness(std::string(sample), complete, delimiter);
    if (evenness.fields < 2) {
      continue;
    }
    // Compares the shares even / records without division; on a tie more columns win.
    const size_t left = evenness.even * best_evenness.records;
    const size_t right = best_evenness.even * evenness.records;
    if (best_evenness.records == 0 || left > right || (left == right && evenness.fields > best_evenness.fields)) {
      best = delimiter;
      best_evenness = evenness;
    }
  }
  return best;
}

}  // namespace allmende::tabular
