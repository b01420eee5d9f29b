#include "sdk/schema_tools/infer_schema.h"

#include <algorithm>
#include <set>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "sdk/base/status.h"
#include "sdk/schema_tools/column_guess.h"
#include "sdk/settings/settings.h"

namespace allmende {
namespace {

using tabular::ReadStep;

constexpr double kLatitudeMax = 90;
constexpr double kLongitudeMax = 180;
constexpr char kClassNames[] = "PUBLIC, OPERATIONAL, LOCATION, IDENTIFIER, PERSONAL or CRITICAL";

// One field of the schema, or one half of the position.
struct GuessedField {
  std::string column;
  std::string path;  // `position.latitude` for a half
  ColumnGuess guess;
  bool optional() const { return guess.missing() > 0 || guess.values() == 0; }
};

std::string CamelCase(std::string_view name) {
  std::string camel;
  bool upper = true;
  for (const char c : name) {
    if (c == '_') {
      upper = true;
      continue;
    }
    camel.push_back(upper ? absl::ascii_toupper(static_cast<unsigned char>(c)) : c);
    upper = false;
  }
  return camel;
}

std::string BaseName(const std::string& path) {
  return path.substr(path.rfind('/') == std::string::npos ? 0 : path.rfind('/') + 1);
}

// `data/rain_2019.csv.gz` becomes `Rain2019`.
std::string MessageNameFor(const std::string& file_name) {
  std::string stem = BaseName(file_name);
  stem = stem.substr(0, stem.find('.'));
  const std::string name = CamelCase(FieldNameFor(stem));
  return name.empty() ? "Record" : name;
}

absl::StatusOr<std::string> ClassName(const std::string& field_class) {
  const std::string upper = absl::AsciiStrToUpper(field_class);
  for (const char* known : {"PUBLIC", "OPERATIONAL", "LOCATION", "IDENTIFIER", "PERSONAL", "CRITICAL"}) {
    if (upper == known) return upper;
  }
  if (field_class.empty()) return std::string();
  return absl::InvalidArgumentError(
      absl::StrCat("there is no class `", field_class, "`; use ", absl::AsciiStrToLower(kClassNames)));
}

absl::StatusOr<int64_t> ReadColumns(tabular::RowReader& rows, int64_t rows_max, std::vector<GuessedField>& fields) {
  tabular::Row row;
  int64_t count = 0;
  while (count < rows_max) {
    ALLMENDE_ASSIGN_OR_RETURN(const ReadStep step, rows.Next(row));
    if (step == ReadStep::kBadRow) {
      return rows.error().ToStatus();
    }
    if (step != ReadStep::kRow) {
      break;
    }
    for (size_t i = 0; i < std::max(row.cells.size(), fields.size()); ++i) {
      if (i == fields.size()) {
        fields.push_back({.column = rows.columns()[i], .path = {}, .guess = {}});
        for (int64_t before = 0; before < count; ++before) fields[i].guess.AddMissing();
      }
      if (i < row.cells.size() && row.cells[i].has_value()) {
        fields[i].guess.Add(*row.cells[i]);
      } else {
        fields[i].guess.AddMissing();
      }
    }
    ++count;
  }
  return count;
}

bool IsHalf(const GuessedField& field, std::initializer_list<std::string_view> names, double limit) {
  const GuessedType type = field.guess.type();
  const std::string name = FieldNameFor(field.column);
  return (type == GuessedType::kReal || type == GuessedType::kWhole) && field.guess.within(limit) &&
         std::any_of(names.begin(), names.end(), [&](std::string_view known) {
           return name == known || name == absl::StrCat(std::string(known), "_wgs84");
         });
}

// Names every field; where exactly one column is a latitude and one a longitude, they become a Position.
void NameFields(std::vector<GuessedField>& fields) {
  std::vector<GuessedField*> latitudes;
  std::vector<GuessedField*> longitudes;
  for (GuessedField& field : fields) {
    if (IsHalf(field, {"lat", "latitude", "breite", "breitengrad"}, kLatitudeMax)) latitudes.push_back(&field);
    if (IsHalf(field, {"lng", "lon", "long", "longitude", "laenge", "laengengrad"}, kLongitudeMax)) {
      longitudes.push_back(&field);
    }
  }
  std::set<std::string> taken;
  if (latitudes.size() == 1 && longitudes.size() == 1) {
    latitudes[0]->path = "position.latitude";
    longitudes[0]->path = "position.longitude";
    taken.insert("position");
  }
  for (GuessedField& field : fields) {
    const std::string name = FieldNameFor(field.column);
    for (int number = 1; field.path.empty(); ++number) {
      const std::string candidate = number == 1 ? name : absl::StrCat(name, "_", number);
      if (taken.insert(candidate).second) field.path = candidate;
    }
  }
}

std::string ProtoType(GuessedType type) {
  switch (type) {
    case GuessedType::kWhole:
      return "int64";
    case GuessedType::kReal:
      return "double";
    case GuessedType::kBool:
      return "bool";
    case GuessedType::kTime:
      return "google.protobuf.Timestamp";
    case GuessedType::kText:
      break;
  }
  return "string";
}

// The one column that is always a time, or null.
const GuessedField* EventTime(const std::vector<GuessedField>& fields) {
  const GuessedField* found = nullptr;
  for (const GuessedField& field : fields) {
    if (field.guess.type() != GuessedType::kTime || field.optional()) continue;
    if (found != nullptr) return nullptr;
    found = &field;
  }
  return found;
}

class SchemaText {
 public:
  SchemaText(const std::string& field_class, const GuessedField* event_time)
      : class_(field_class.empty() ? "FIELD_CLASS_UNSPECIFIED" : field_class),
        ask_(field_class.empty()),
        event_time_(event_time) {}

  void AddField(const GuessedField& field) {
    const bool is_half = field.path.find('.') != std::string::npos;
    if (is_half && position_written_) {
      return;
    }
    position_written_ = position_written_ || is_half;
    const GuessedType type = field.guess.type();
    if (!is_half) Describe(field);
    if (ask_) {
      absl::StrAppend(&text_, "  // choose a class: ", kClassNames, "\n");
    }
    std::vector<std::string> options = {absl::StrCat("(allmende.v1.class) = ", class_)};
    if (&field == event_time_) options.push_back("(allmende.v1.event_time) = true");
    const bool marks_optional = !is_half && field.optional() && type != GuessedType::kTime;
    absl::StrAppend(&text_, "  ", marks_optional ? "optional " : "",
                    is_half ? "allmende.v1.Position position" : absl::StrCat(ProtoType(type), " ", field.path), " = ",
                    ++number_, " [", absl::StrJoin(options, ", "), "];\n");
  }

  const std::string& text() const { return text_; }

 private:
  void Describe(const GuessedField& field) {
    const ColumnGuess& guess = field.guess;
    if (guess.all_distinct() && guess.missing() == 0 && guess.type() != GuessedType::kReal &&
        guess.type() != GuessedType::kTime) {
      absl::StrAppend(&text_, "  // no value occurs twice: if it names the record, add `(allmende.v1.key) = true`\n");
    }
    if (&field == event_time_) {
      absl::StrAppend(&text_, "  // the only time in every row: taken for the event time\n");
    }
    if (guess.missing() > 0) {
      absl::StrAppend(&text_, "  // missing in ", guess.missing(), " of ", guess.missing() + guess.values(), " rows\n");
    }
  }

  const std::string class_;
  const bool ask_;
  const GuessedField* const event_time_;
  std::string text_;
  bool position_written_ = false;
  int number_ = 0;
};

std::string MakeProto(const std::vector<GuessedField>& fields, const std::string& file_name,
                      const InferOptions& options, const std::string& field_class, const InferredSchema& schema) {
  SchemaText body(field_class, EventTime(fields));
  bool has_time = false;
  for (const GuessedField& field : fields) {
    body.AddField(field);
    has_time = has_time || field.guess.type() == GuessedType::kTime;
  }
  std::string text = "syntax = \"proto3\";\n\n";
  if (!options.package.empty()) {
    absl::StrAppend(&text, "package ", options.package, ";\n\n");
  }
  absl::StrAppend(&text, "import \"allmende/v1/options.proto\";\n",
                  has_time ? "import \"google/protobuf/timestamp.proto\";\n" : "", "\n// Guessed from ", schema.rows,
                  schema.rows == 1 ? " row of `" : " rows of `", tabular::ClipForMessage(BaseName(file_name)),
                  "`. Check the names and types, give units, and say which fields are the key.\nmessage ",
                  schema.message, " {\n", body.text(), "}\n");
  return text;
}

// The rule of one field in the import spec; empty if it needs none.
std::string FieldRuleText(const GuessedField& field) {
  const GuessedType type = field.guess.type();
  const bool comma = type == GuessedType::kReal && field.guess.decimal_comma();
  if (field.path == field.column && !comma) {
    return "";
  }
  const std::string column = settings::QuoteValue(field.column);
  if (!comma) {
    return absl::StrCat("  ", field.path, ": ", column, "\n");
  }
  return absl::StrCat("  ", field.path, ": {column: ", column, ", decimal: \",\"}\n");
}

std::string MakeImportSpec(const std::vector<GuessedField>& fields, const InferOptions& options) {
  std::string text;
  if (options.encoding == tabular::Encoding::kWindows1252) {
    absl::StrAppend(&text, "encoding: windows-1252\n");
  }
  if (options.delimiter.has_value()) {
    absl::StrAppend(&text, "delimiter: ",
                    *options.delimiter == '\t' ? "tab" : settings::QuoteValue(std::string(1, *options.delimiter)),
                    "\n");
  }
  std::set<std::string> words;
  std::string rules;
  bool needs_zone = false;
  bool has_bool = false;
  for (const GuessedField& field : fields) {
    words.insert(field.guess.missing_words().begin(), field.guess.missing_words().end());
    needs_zone = needs_zone || (field.guess.type() == GuessedType::kTime && field.guess.needs_zone());
    has_bool = has_bool || field.guess.type() == GuessedType::kBool;
    absl::StrAppend(&rules, FieldRuleText(field));
  }
  if (!words.empty()) {
    std::vector<std::string> quoted;
    for (const std::string& word : words) quoted.push_back(settings::QuoteValue(word));
    absl::StrAppend(&text, "absent: [", absl::StrJoin(quoted, ", "), "]\n");
  }
  if (needs_zone) {
    absl::StrAppend(&text, "# These times have no offset from UTC; check that this is their zone.\n",
                    "zone: Europe/Berlin\n");
  }
  if (has_bool) {
    absl::StrAppend(&text, "true_words: [\"true\", \"ja\", \"yes\", \"wahr\"]\n",
                    "false_words: [\"false\", \"nein\", \"no\", \"falsch\"]\n");
  }
  if (!rules.empty()) {
    absl::StrAppend(&text, "fields:\n", rules);
  }
  return text;
}

}  // namespace

std::string FieldNameFor(std::string_view column) {
  struct Letter {
    std::string_view from;
    std::string_view to;
  };
  static constexpr Letter kLetters[] = {{"ä", "ae"}, {"ö", "oe"}, {"ü", "ue"}, {"Ä", "ae"},
                                        {"Ö", "oe"}, {"Ü", "ue"}, {"ß", "ss"}};
  std::string name;
  bool word_ended = false;
  bool after_lower = false;
  const auto add = [&](std::string_view letters) {
    if (word_ended && !name.empty()) name.push_back('_');
    word_ended = false;
    name.append(letters);
  };
  while (!column.empty()) {
    const auto* letter = std::find_if(std::begin(kLetters), std::end(kLetters),
                                      [&](const Letter& known) { return column.starts_with(known.from); });
    if (letter != std::end(kLetters)) {
      add(letter->to);
      column.remove_prefix(letter->from.size());
      continue;
    }
    const auto c = static_cast<unsigned char>(column[0]);
    // `badName` is two words, `DWD` is one.
    word_ended = word_ended || !absl::ascii_isalnum(c) || (absl::ascii_isupper(c) && after_lower);
    if (absl::ascii_isalnum(c)) {
      const char lower = absl::ascii_tolower(c);
      add(std::string_view(&lower, 1));
    }
    after_lower = absl::ascii_islower(c);
    column.remove_prefix(1);
  }
  if (name.empty()) return "column";
  return absl::ascii_isdigit(static_cast<unsigned char>(name[0])) ? absl::StrCat("column_", name) : name;
}

absl::StatusOr<InferredSchema> InferSchema(tabular::RowReader& rows, const std::string& file_name,
                                           const InferOptions& options) {
  ALLMENDE_ASSIGN_OR_RETURN(const std::string field_class, ClassName(options.field_class));
  std::vector<GuessedField> fields;
  InferredSchema schema;
  ALLMENDE_ASSIGN_OR_RETURN(schema.rows, ReadColumns(rows, options.rows_max, fields));
  if (schema.rows == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("`", file_name, "` has no rows to guess a schema from; give a file with data"));
  }
  NameFields(fields);
  schema.message = options.message.empty() ? MessageNameFor(file_name) : options.message;
  schema.proto_text = MakeProto(fields, file_name, options, field_class, schema);
  schema.import_spec = MakeImportSpec(fields, options);
  return schema;
}

}  // namespace allmende
