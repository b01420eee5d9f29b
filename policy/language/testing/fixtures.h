// What tests of policies share: schemas from `.proto` text, the example files, and requests in a few words.
#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "policy/decide/decide.h"
#include "policy/model/baseline.h"
#include "policy/model/policy.h"
#include "policy/schema/schema_table.h"

namespace allmende::policy {

// Compiles a schema. `allmende/v1/options.proto` and `google/protobuf/timestamp.proto` can be imported. Fails the test
// and ends it where the text is no schema.
SchemaTable SchemaFromProto(std::string_view proto_text, std::string_view message_name);

// The same from a message's fields alone; the message is called `Record`.
SchemaTable SchemaFromFields(std::string_view fields);

std::string ReadSourceFile(std::string_view path_in_repository);

// One of `examples/policies`, with the message of `examples/schemas` that it is about.
struct ExamplePolicy {
  std::string file;     // `rain.policy.yaml`
  std::string schema;   // `rain.proto`
  std::string message;  // `berlin.Rain`

  std::string Text() const;
  SchemaTable Schema() const;

  friend std::ostream& operator<<(std::ostream& out, const ExamplePolicy& policy) { return out << policy.file; }
};

std::vector<ExamplePolicy> ExamplePolicies();

inline constexpr char kExampleBaselineFile[] = "stadt.baseline.yaml";
std::string ExampleBaselineText();

// Parse without errors; fail the test otherwise.
Policy MustParse(std::string_view text, std::string file_name = "test.policy.yaml");
Baseline MustParseBaseline(std::string_view text, std::string file_name = "test.baseline.yaml");

// Midday on the first day of 2027 in Berlin.
absl::Time NewYear2027();

}  // namespace allmende::policy
