#include "sdk/cli/data/import_options.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "sdk/base/file.h"
#include "sdk/base/status.h"
#include "sdk/cli/frame/error.h"

namespace allmende::cli {
namespace {

constexpr size_t kMappingBytesMax = size_t{1} << 20;

absl::Status SetDelimiter(const std::string& text, tabular::ReaderOptions& reader) {
  if (text == "tab" || text == "\\t") {
    reader.delimiter = '\t';
  } else if (text.size() == 1 && text[0] != '"' && text[0] != '\n' && text[0] != '\r') {
    reader.delimiter = text[0];
  } else {
    return UsageError(absl::StrCat("`", text, "` is no delimiter"), "give one character, or `tab`");
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<Option> ImportOptions() {
  return {
      {.name = "mapping",
       .help = "YAML file that says how columns become fields; without it, columns have the fields' names",
       .kind = ValueKind::kFile,
       .letter = 'm'},
      {.name = "format",
       .help = "of the files; otherwise found out",
       .kind = ValueKind::kChoice,
       .choices = {"csv", "ndjson"}},
      {.name = "delimiter",
       .help = "of CSV files: one character or `tab`; otherwise found out",
       .kind = ValueKind::kText,
       .value = "CHAR"},
      {.name = "encoding",
       .help = "of the files, if it is not UTF-8",
       .kind = ValueKind::kChoice,
       .choices = {"utf-8", "windows-1252"}},
      {.name = "zone",
       .help = "of times that name no offset, for example `Europe/Berlin`",
       .kind = ValueKind::kText,
       .value = "ZONE"},
      {.name = "decimal", .help = "the decimal mark of numbers", .kind = ValueKind::kChoice, .choices = {".", ","}},
  };
}

absl::StatusOr<std::shared_ptr<const tabular::ImportPlan>> MakePlan(const Values& values,
                                                                    const policy::SchemaTable& schema) {
  tabular::ImportSpec spec;
  if (values.Has("mapping")) {
    const std::string& path = values.Text("mapping");
    ALLMENDE_ASSIGN_OR_RETURN(const std::string yaml, ReadFile(path, kMappingBytesMax));
    ALLMENDE_ASSIGN_OR_RETURN(spec, tabular::ParseImportSpec(yaml, path));
  }
  if (values.Has("format")) {
    spec.reader.format = values.Text("format") == "csv" ? tabular::Format::kCsv : tabular::Format::kNdjson;
  }
  if (values.Has("delimiter")) ALLMENDE_RETURN_IF_ERROR(SetDelimiter(values.Text("delimiter"), spec.reader));
  if (values.Has("encoding")) {
    spec.reader.encoding =
        values.Text("encoding") == "utf-8" ? tabular::Encoding::kUtf8 : tabular::Encoding::kWindows1252;
  }
  if (values.Has("zone")) {
    spec.times.zone = values.Text("zone");
    for (tabular::FieldRule& rule : spec.fields) {
      if (rule.times.has_value()) rule.times->zone = spec.times.zone;
    }
  }
  if (values.Has("decimal")) spec.numbers.decimal = values.Text("decimal")[0];
  return tabular::ImportPlan::Create(spec, schema);
}

void AddTo(const tabular::ImportStatistics& statistics, Details& details) {
  details.Add("rows", Cell::Whole(statistics.rows));
  details.Add("records", Cell::Whole(statistics.records));
  details.Add("deletes", Cell::Whole(statistics.deletes));
  details.Add("skipped_rows", Cell::Whole(statistics.skipped_rows));
  details.Add("bad_rows", Cell::Whole(statistics.bad_rows));
  details.Add("payload_bytes", Cell::Bytes(statistics.payload_bytes));
  details.Add("earliest", Cell::Time(statistics.earliest.value_or(absl::InfinitePast())));
  details.Add("latest", Cell::Time(statistics.latest.value_or(absl::InfinitePast())));
  std::vector<std::string> absent;
  for (const auto& [field, count] : statistics.absent_by_field) absent.push_back(absl::StrCat(field, ": ", count));
  details.Add("absent_values", Cell::List(absent));
  std::vector<std::string> rules;
  for (const auto& [rule, count] : statistics.rule_uses) {
    rules.push_back(absl::StrCat(rule.first, ": ", rule.second, ": ", count));
  }
  details.Add("rules_used", Cell::List(rules));
}

}  // namespace allmende::cli
