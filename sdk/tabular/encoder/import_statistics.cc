#include "sdk/tabular/encoder/import_statistics.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace allmende::tabular {

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
