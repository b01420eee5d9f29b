// ParseImportSpec: the YAML form of an ImportSpec.
#include <charconv>
#include <utility>

#include "absl/strings/str_cat.h"

#include "sdk/base/status.h"
#include "sdk/settings/settings.h"
#include "sdk/tabular/mapping/import_spec.h"

namespace allmende::tabular {
namespace {

constexpr int64_t kSkipLinesMax = 10'000;

void ReadReader(settings::MapReader& map, ReaderOptions& options) {
  size_t choice = 0;
  if (map.Choice("format", {"csv", "ndjson"}, choice)) {
    options.format = choice == 0 ? Format::kCsv : Format::kNdjson;
  }
  if (map.Choice("encoding", {"utf-8", "windows-1252"}, choice)) {
    options.encoding = choice == 0 ? Encoding::kUtf8 : Encoding::kWindows1252;
  }
  if (std::string delimiter; map.Text("delimiter", delimiter)) {
    if (delimiter == "tab" || delimiter == "\\t") {
      options.delimiter = '\t';
    } else if (delimiter.size() == 1 && std::string_view("\"\r\n").find(delimiter[0]) == std::string_view::npos) {
      options.delimiter = delimiter[0];
    } else if (delimiter != "detect") {
      map.Report("delimiter", "a delimiter is one character, `tab` or `detect`");
    }
  }
  map.Bool("header", options.header);
  map.Texts("column_names", options.column_names);
  int64_t skip_lines = 0;
  map.Integer("skip_lines", 0, kSkipLinesMax, skip_lines);
  options.skip_lines = static_cast<int>(skip_lines);
}

bool ReadNumbers(settings::MapReader& map, NumberRules& rules) {
  size_t choice = 0;
  const bool decimal = map.Choice("decimal", {".", ","}, choice);
  if (decimal) {
    rules.decimal = choice == 0 ? '.' : ',';
  }
  const bool thousands = map.Text("thousands", rules.thousands);
  if (thousands && rules.thousands == std::string(1, rules.decimal)) {
    map.Report("thousands", "the thousands separator and the decimal mark are the same");
  }
  if (thousands && rules.thousands.find_first_of("0123456789+-eE") != std::string::npos) {
    map.Report("thousands", "this character has another meaning in numbers");
  }
  return decimal || thousands;
}

bool ReadBooleans(settings::MapReader& map, BooleanRules& rules) {
  const bool true_words = map.Texts("true_words", rules.true_words);
  const bool false_words = map.Texts("false_words", rules.false_words);
  return true_words || false_words;
}

bool ReadTimes(settings::MapReader& map, TimeRules& rules) {
  bool any = map.Texts("time_formats", rules.formats);
  any |= map.Text("zone", rules.zone);
  size_t choice = 0;
  if (map.Choice("doubled_hour", {"error", "first", "second", "order"}, choice)) {
    constexpr DoubledHour kRules[] = {DoubledHour::kError, DoubledHour::kFirst, DoubledHour::kSecond,
                                      DoubledHour::kOrder};
    rules.doubled_hour = kRules[choice];
    any = true;
  }
  if (map.Choice("missing_hour", {"error", "shift"}, choice)) {
    rules.missing_hour = choice == 0 ? MissingHour::kError : MissingHour::kShift;
    any = true;
  }
  return any;
}

std::optional<double> ReadBound(settings::MapReader& map, const std::string& key) {
  std::string text;
  if (!map.Text(key, text)) {
    return std::nullopt;
  }
  double value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size()) {
    map.Report(key, "this has to be a number");
    return std::nullopt;
  }
  return value;
}

// What the field's rule does not say is taken from the general rules in `spec`, which have been read before.
void ReadField(settings::MapReader& map, const ImportSpec& spec, FieldRule& rule) {
  std::string column;
  if (map.Text("column", column)) {
    rule.columns = {column};
  }
  if (map.Texts("columns", rule.columns) && !column.empty()) {
    map.Report("columns", "give `column` or `columns`, not both");
  }
  std::string text;
  if (map.Text("constant", text)) {
    rule.constant = text;
    if (!rule.columns.empty()) {
      map.Report("constant", "give a column or a constant, not both");
    }
  }
  map.Bool("optional_column", rule.optional_column);
  if (std::vector<std::string> absent; map.Texts("absent", absent)) {
    rule.absent = std::move(absent);
  }
  if (map.Text("default", text)) {
    rule.default_text = text;
  }
  for (settings::MapReader& replacement : map.Maps("replace")) {
    std::string from;
    std::string to;
    if (!replacement.Text("from", from) || !replacement.Text("to", to)) {
      map.Report("replace", "each entry is {from: TEXT, to: TEXT}");
    }
    replacement.Finish();
    rule.replace.emplace_back(std::move(from), std::move(to));
  }
  map.Bool("drop_zero_fraction", rule.drop_zero_fraction);
  rule.min = ReadBound(map, "min");
  rule.max = ReadBound(map, "max");
  if (NumberRules numbers = spec.numbers; ReadNumbers(map, numbers)) {
    rule.numbers = std::move(numbers);
  }
  if (BooleanRules booleans = spec.booleans; ReadBooleans(map, booleans)) {
    rule.booleans = std::move(booleans);
  }
  if (TimeRules times = spec.times; ReadTimes(map, times)) {
    rule.times = std::move(times);
  }
  map.Finish();
}

RowCondition ReadCondition(settings::MapReader& map) {
  RowCondition condition;
  condition.column = map.RequireText("column");
  if (!map.Texts("is", condition.values)) {
    map.Report("column", "say with `is` which values of the column are meant");
  }
  map.Finish();
  return condition;
}

// `fields:` maps a field to its column, or to a map with its rule.
void ReadFields(const policy::Node& root, settings::MapReader& map, settings::Problems& problems, ImportSpec& spec) {
  map.Map("fields");  // asks for the key, and reports a value that is no map
  for (const auto& [key, value] : root.entries) {
    if (key.scalar != "fields") {
      continue;
    }
    for (const auto& [field, source] : value.entries) {
      FieldRule rule;
      rule.field = field.scalar;
      rule.line = field.position.line;
      if (source.IsMapping()) {
        settings::MapReader field_map(source, problems);
        ReadField(field_map, spec, rule);
      } else if (source.IsScalar() && !source.scalar.empty()) {
        rule.columns = {source.scalar};
      } else {
        problems.Add(field.position, "name the column, or give a map with `column`, `columns` or `constant`");
      }
      spec.fields.push_back(std::move(rule));
    }
  }
}

}  // namespace

absl::StatusOr<ImportSpec> ParseImportSpec(std::string_view yaml_text, std::string_view name) {
  const std::string file(name);
  ALLMENDE_ASSIGN_OR_RETURN(const policy::Node root, settings::ReadTree(std::string(yaml_text), file));
  settings::Problems problems(file);
  settings::MapReader map(root, problems);
  ImportSpec spec;
  spec.name = file;
  ReadReader(map, spec.reader);
  map.Texts("absent", spec.absent);
  ReadNumbers(map, spec.numbers);
  ReadBooleans(map, spec.booleans);
  ReadTimes(map, spec.times);
  ReadFields(root, map, problems, spec);
  map.Texts("ignore", spec.ignore);
  if (spec.ignore.size() == 1 && spec.ignore[0] == "all") {
    spec.ignore.clear();
    spec.ignore_other_columns = true;
  }
  for (settings::MapReader& condition : map.Maps("skip_rows")) {
    spec.skip_rows.push_back(ReadCondition(condition));
  }
  if (map.Has("delete_rows")) {
    settings::MapReader condition = map.Map("delete_rows");
    spec.delete_rows = ReadCondition(condition);
  }
  map.Finish();
  ALLMENDE_RETURN_IF_ERROR(problems.ToStatus());
  return spec;
}

}  // namespace allmende::tabular
