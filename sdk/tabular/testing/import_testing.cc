#include "sdk/tabular/testing/import_testing.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"

#include "sdk/base/file.h"
#include "sdk/base/status.h"

namespace allmende::tabular {
namespace {

constexpr size_t kFileBytesMax = size_t{1} << 20;

template <typename T>
T OrDie(absl::StatusOr<T> value) {
  if (!value.ok()) {
    std::fprintf(stderr, "%s\n", std::string(value.status().message()).c_str());
    std::abort();
  }
  return *std::move(value);
}

TestSchema Finish(CompiledSchema compiled) {
  TestSchema schema;
  schema.table = std::make_shared<const policy::SchemaTable>(
      OrDie(policy::SchemaTable::Compile(compiled.files.SerializeAsString(), compiled.message)));
  schema.printer = OrDie(RecordPrinter::Create(compiled.files, compiled.message));
  schema.compiled = std::move(compiled);
  return schema;
}

}  // namespace

TestSchema SchemaFromFile(const std::string& path, const std::string& message) {
  return Finish(OrDie(CompileSchema(path, message, {})));
}

TestSchema SchemaFromBody(const std::string& body) {
  const std::string options = absl::StrReplaceAll(body, {{"(key)", "(allmende.v1.key)"},
                                                         {"(event_time)", "(allmende.v1.event_time)"},
                                                         {"(unit)", "(allmende.v1.unit)"},
                                                         {"Timestamp ", "google.protobuf.Timestamp "},
                                                         {"Position ", "allmende.v1.Position "}});
  return Finish(OrDie(
      CompileSchemaText(absl::StrCat("syntax = \"proto3\";\npackage test;\nimport \"allmende/v1/options.proto\";\n"
                                     "import \"google/protobuf/timestamp.proto\";\nmessage Record {\n",
                                     options, "\n}\n"),
                        "record.proto", "Record", {})));
}

absl::StatusOr<std::shared_ptr<const ImportPlan>> PlanFromYaml(const std::string& yaml, const TestSchema& schema) {
  ImportSpec spec;
  if (!yaml.empty()) {
    ALLMENDE_ASSIGN_OR_RETURN(spec, ParseImportSpec(yaml, "spec.yaml"));
  }
  return ImportPlan::Create(spec, *schema.table);
}

absl::StatusOr<std::shared_ptr<const ImportPlan>> PlanFromFile(const std::string& path, const TestSchema& schema) {
  ALLMENDE_ASSIGN_OR_RETURN(const std::string yaml, ReadFile(path, kFileBytesMax));
  ALLMENDE_ASSIGN_OR_RETURN(const ImportSpec spec, ParseImportSpec(yaml, path));
  return ImportPlan::Create(spec, *schema.table);
}

std::string ImportTranscript(Importer& importer, const TestSchema& schema) {
  std::string text;
  ImportedRecord record;
  absl::StatusOr<ImportStep> step;
  while ((step = importer.Next(record)).ok() && *step == ImportStep::kRecord) {
    absl::StrAppend(&text, record.line, record.operation == Operation::kDelete ? ": delete" : ": upsert");
    if (record.event_time.has_value()) {
      absl::StrAppend(&text, " @", absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", *record.event_time, absl::UTCTimeZone()));
    }
    if (record.operation == Operation::kUpsert) {
      absl::StrAppend(&text, " ", OrDie(schema.printer->Json(record.payload)));
    }
    absl::StrAppend(&text, "\n");
  }
  for (const InputError& error : importer.errors()) {
    absl::StrAppend(&text, "bad: ", error.ToText(), "\n");
  }
  return step.ok() ? text : absl::StrCat(text, "status: ", std::string(step.status().message()), "\n");
}

std::string ImportTranscript(const std::string& text, const std::string& yaml, const TestSchema& schema,
                             const ImportOptions& options) {
  auto plan = PlanFromYaml(yaml, schema);
  if (!plan.ok()) {
    return absl::StrCat("spec: ", std::string(plan.status().message()), "\n");
  }
  return ImportTranscript(*Importer::Read(SourceFromText(text), "f.csv", *plan, options), schema);
}

}  // namespace allmende::tabular
