#include "sdk/cli/data/record_output.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "sdk/base/status.h"
#include "sdk/base/text.h"
#include "sdk/cli/data/key_text.h"
#include "sdk/cli/frame/plain_text.h"

namespace allmende::cli {
namespace {

constexpr size_t kFirstColumns = 3;
constexpr size_t kRowsKept = 500;
constexpr int kCellWidthMax = 40;

const char* OperationName(Operation operation) {
  switch (operation) {
    case Operation::kUpsert:
      return "upsert";
    case Operation::kDelete:
      return "delete";
    case Operation::kWithheld:
      return "withheld";
    case Operation::kErased:
      return "erased";
  }
  return "";
}

std::string Hex(std::string_view bytes) {
  return absl::BytesToHexString(ForAbsl(bytes));
}

// At most kCellWidthMax characters for a table.
std::string Clipped(const std::string& text) {
  std::string shown = Printable(text);
  if (DisplayWidth(shown) <= kCellWidthMax) return shown;
  size_t end = 0;
  for (int width = 0; width < kCellWidthMax - 1; ++width) {
    ++end;
    while (end < shown.size() && (static_cast<unsigned char>(shown[end]) & 0xC0) == 0x80) ++end;
  }
  return shown.substr(0, end) + "…";
}

std::string KeyJson(const policy::SchemaTable& schema, const RecordView& record) {
  const auto texts =
      record.key_is_pseudonym ? absl::InvalidArgumentError("a pseudonym") : TextsOfKey(schema, record.key);
  if (!texts.ok()) return JsonText(Hex(record.key));
  std::string json;
  for (const auto& [field, text] : *texts) {
    absl::StrAppend(&json, json.empty() ? "{" : ",", JsonText(field), ":", JsonText(text));
  }
  return json + "}";
}

}  // namespace

bool Delivers(const std::vector<std::string>& fields, const std::string& column) {
  return fields.empty() || std::any_of(fields.begin(), fields.end(), [&](const std::string& field) {
           return field == column || absl::StartsWith(column, field + ".") || absl::StartsWith(field, column + ".");
         });
}

absl::StatusOr<std::string> RecordJson(const SchemaForms& schema, const RecordView& record) {
  if (record.operation != Operation::kUpsert) return std::string("null");
  return schema.printer->Json(record.payload);
}

RecordOutput::RecordOutput(Context& context, SchemaForms schema, const std::vector<std::string>& fields)
    : context_(context), schema_(std::move(schema)), columns_({"sequence", "operation", "event_time"}) {
  const std::vector<std::string>& all = schema_.printer->Columns();
  for (size_t i = 0; i < all.size(); ++i) {
    if (!Delivers(fields, all[i])) continue;
    shown_.push_back(i);
    columns_.push_back(all[i]);
  }
}

absl::Status RecordOutput::Add(const RecordView& record) {
  ++count_;
  if (context_.output == OutputFormat::kJson) {
    ALLMENDE_ASSIGN_OR_RETURN(const std::string line, JsonLine(record));
    *context_.out << line << "\n";
    return absl::OkStatus();
  }
  ALLMENDE_ASSIGN_OR_RETURN(std::vector<std::string> cells, Cells(record));
  rows_.push_back(std::move(cells));
  if (rows_.size() >= kRowsKept) Flush();
  return absl::OkStatus();
}

absl::StatusOr<std::string> RecordOutput::JsonLine(const RecordView& record) const {
  std::string line =
      absl::StrCat("{\"sequence\":", record.sequence, ",\"operation\":\"", OperationName(record.operation), "\"");
  if (record.event_time.has_value()) {
    absl::StrAppend(&line, ",\"event_time\":\"", Rfc3339(*record.event_time), "\"");
  }
  if (record.key_is_pseudonym) absl::StrAppend(&line, ",\"key_is_pseudonym\":true");
  if (record.operation == Operation::kUpsert) {
    ALLMENDE_ASSIGN_OR_RETURN(const std::string json, RecordJson(schema_, record));
    absl::StrAppend(&line, ",\"record\":", json);
  } else if (record.operation == Operation::kDelete) {
    absl::StrAppend(&line, ",\"key\":", KeyJson(*schema_.table, record));
  }
  return line + "}";
}

absl::StatusOr<std::vector<std::string>> RecordOutput::Cells(const RecordView& record) const {
  std::vector<std::string> cells = {absl::StrCat(record.sequence), OperationName(record.operation),
                                    record.event_time.has_value() ? Rfc3339(*record.event_time) : std::string()};
  std::vector<std::string> all(schema_.printer->Columns().size());
  if (record.operation == Operation::kUpsert) {
    ALLMENDE_ASSIGN_OR_RETURN(all, schema_.printer->Cells(record.payload));
  } else if (record.operation == Operation::kDelete && !schema_.table->key_fields().empty()) {
    // What is gone is told by its key: in the key's columns, or as the pseudonym in the first of them.
    const auto texts =
        record.key_is_pseudonym ? absl::InvalidArgumentError("a pseudonym") : TextsOfKey(*schema_.table, record.key);
    const std::vector<std::string>& names = schema_.printer->Columns();
    const auto put = [&](const std::string& path, const std::string& text) {
      const auto found = std::find(names.begin(), names.end(), path);
      if (found != names.end()) all[static_cast<size_t>(found - names.begin())] = text;
    };
    if (texts.ok()) {
      for (const auto& [path, text] : *texts) put(path, text);
    } else {
      put(schema_.table->key_fields()[0]->path, Hex(record.key));
    }
  }
  for (const size_t index : shown_) cells.push_back(std::move(all[index]));
  return cells;
}

void RecordOutput::Flush() {
  if (context_.output == OutputFormat::kTable) {
    widths_.resize(columns_.size());
    for (std::vector<std::string>& row : rows_) {
      for (size_t i = 0; i < row.size(); ++i) {
        row[i] = Clipped(row[i]);
        widths_[i] = std::max({widths_[i], DisplayWidth(row[i]), DisplayWidth(columns_[i])});
      }
    }
  }
  const bool empty_csv = context_.output == OutputFormat::kCsv && rows_.empty();
  if (!header_written_ && context_.output != OutputFormat::kJson && (!rows_.empty() || empty_csv)) {
    WriteRow(columns_, true);
    header_written_ = true;
  }
  for (const std::vector<std::string>& row : rows_) WriteRow(row, false);
  rows_.clear();
  context_.out->flush();
}

void RecordOutput::WriteRow(const std::vector<std::string>& row, bool header) {
  for (size_t i = 0; i < row.size(); ++i) {
    if (context_.output == OutputFormat::kCsv) {
      *context_.out << (i == 0 ? "" : ",") << CsvText(row[i]);
      continue;
    }
    const std::string pad(static_cast<size_t>(std::max(0, widths_[i] - DisplayWidth(row[i]))), ' ');
    const bool last = i + 1 == row.size();
    const std::string cell = i == 0 ? pad + row[i] : last ? row[i] : row[i] + pad;
    *context_.out << Styled(cell, header ? Style::kBold : Style::kPlain, context_.out_colours) << (last ? "" : "  ");
  }
  *context_.out << "\n";
}

}  // namespace allmende::cli
