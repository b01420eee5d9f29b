#include "sdk/tabular/encoder/import_statistics.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace allmende::tabular {

void ImportStatistics::Add(const ImportStatistics& other) {
  rows += other.rows;
  records += other.records;
  deletes += other.deletes;
  skipped_rows += other.skipped_rows;
  blank_lines += other.blank_lines;
  bad_rows += other.bad_rows;
  payload_bytes += other.payload_bytes;
  absent_values += other.absent_values;
  for (const auto& [field, count] : other.absent_by_field) absent_by_field[field] += count;
  for (const auto& [rule, count] : other.rule_uses) rule_uses[rule] += count;
  if (other.earliest.has_value()) {
    earliest = std::min(earliest.value_or(*other.earliest), *other.earliest);
    latest = std::max(latest.value_or(*other.latest), *other.latest);
  }
}

std::string ImportStatistics::ToText() const {
  std::string text = absl::StrCat("rows read         ", rows, "\n", "records           ", records, "\n");
  const auto add = [&](const char* label, int64_t count) {
    if (count > 0) {
      absl::StrAppend(&text, absl::StrFormat("%-18s%d\n", label, count));
    }
  };
  add("  of them deletes", deletes);
  add("payload bytes", payload_bytes);
  add("skipped rows", skipped_rows);
  add("blank lines", blank_lines);
  add("bad rows", bad_rows);
  if (earliest.has_value() && latest.has_value()) {
    const absl::TimeZone utc = absl::UTCTimeZone();
    absl::StrAppend(&text, "event times       ", absl::FormatTime(absl::RFC3339_full, *earliest, utc), " to ",
                    absl::FormatTime(absl::RFC3339_full, *latest, utc), "\n");
  }
  add("absent values", absent_values);
  for (const auto& [field, count] : absent_by_field) {
    absl::StrAppend(&text, "  ", field, ": ", count, "\n");
  }
  if (!rule_uses.empty()) {
    absl::StrAppend(&text, "rules used\n");
  }
  for (const auto& [rule, count] : rule_uses) {
    absl::StrAppend(&text, "  ", rule.first, ": ", rule.second, ": ", count, "\n");
  }
  return text;
}

}  // namespace allmende::tabular
