#include "sdk/cli/catalogue/infer.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sdk/base/status.h"
#include "sdk/cli/frame/error.h"
#include "sdk/tabular/reader/row_reader.h"

namespace allmende::cli {

std::vector<Option> InferenceOptions() {
  return {{.name = "class",
           .help = "how sensitive every field is",
           .kind = ValueKind::kChoice,
           .choices = {"public", "operational", "location", "identifier", "personal", "critical"}},
          {.name = "message",
           .help = "the message's name (default: made from the file's name)",
           .kind = ValueKind::kText,
           .value = "NAME"},
          {.name = "package", .help = "the schema's package", .kind = ValueKind::kText, .value = "NAME"},
          {.name = "rows", .help = "how many rows are looked at", .kind = ValueKind::kWhole, .fallback = "100000"},
          {.name = "delimiter",
           .help = "what stands between columns, or `tab` (default: found out)",
           .kind = ValueKind::kText,
           .value = "CHAR"},
          {.name = "encoding",
           .help = "how the file's letters are written",
           .kind = ValueKind::kChoice,
           .choices = {"utf-8", "windows-1252"},
           .fallback = "utf-8"}};
}

absl::StatusOr<InferredSchema> InferFrom(const std::string& path, const Values& values,
                                         const std::string& class_fallback) {
  InferOptions options;
  options.message = values.Text("message");
  options.package = values.Text("package");
  options.field_class = values.Has("class") ? values.Text("class") : class_fallback;
  options.rows_max = values.Whole("rows");
  if (options.rows_max == 0) return UsageError("`--rows` cannot be `0`: look at one row at least");
  if (values.Text("encoding") == "windows-1252") options.encoding = tabular::Encoding::kWindows1252;
  const std::string& delimiter = values.Text("delimiter");
  if (delimiter == "tab") {
    options.delimiter = '\t';
  } else if (delimiter.size() == 1) {
    options.delimiter = delimiter[0];
  } else if (!delimiter.empty()) {
    return UsageError(absl::StrCat("`--delimiter` cannot be `", delimiter, "`: give one character, or `tab`"));
  }
  tabular::ReaderOptions reader;
  reader.encoding = options.encoding;
  reader.delimiter = options.delimiter;
  ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<tabular::RowReader> rows, tabular::OpenRows(path, reader));
  return InferSchema(*rows, path, options);
}

}  // namespace allmende::cli
