// For the tests of the import: schemas and plans from texts, and imports from texts.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "policy/schema/schema_table.h"
#include "sdk/schema_tools/compile_schema.h"
#include "sdk/schema_tools/record_printer.h"
#include "sdk/tabular/importer.h"
#include "sdk/tabular/mapping/import_plan.h"

namespace allmende::tabular {

// A schema in all the forms that tests need.
struct TestSchema {
  CompiledSchema compiled = {};
  std::shared_ptr<const policy::SchemaTable> table = {};
  std::shared_ptr<const RecordPrinter> printer = {};
};

// Aborts, with the reason, if the schema does not compile.
TestSchema SchemaFromFile(const std::string& path, const std::string& message);

// `body` is what stands between `message Record {` and `}`; options are written without `allmende.v1`: `(key) = true`.
TestSchema SchemaFromBody(const std::string& body);

absl::StatusOr<std::shared_ptr<const ImportPlan>> PlanFromYaml(const std::string& yaml, const TestSchema& schema);
absl::StatusOr<std::shared_ptr<const ImportPlan>> PlanFromFile(const std::string& path, const TestSchema& schema);

// Everything that an importer gives, one line a record: `2: upsert @2024-01-01T00:00:00Z {"a":1}`, `3: delete`; the
// time only where there is one. Then `bad: ...` for each collected row, and `status: ...` if it stopped with an error.
std::string ImportTranscript(Importer& importer, const TestSchema& schema);

// The same for a text that is called `f.csv`, with a spec in YAML; `spec: ...` if no plan can be made.
std::string ImportTranscript(const std::string& text, const std::string& yaml, const TestSchema& schema,
                             const ImportOptions& options = {});

}  // namespace allmende::tabular
