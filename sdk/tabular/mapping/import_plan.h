// An ImportSpec checked against a schema: for each field of the schema what it is on the wire and where its value comes
// from.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

#include "policy/schema/schema_table.h"
#include "sdk/tabular/mapping/import_spec.h"
#include "sdk/tabular/mapping/time_reader.h"

namespace allmende::tabular {

enum class FieldShape {
  kValue,      // a number, truth value, text or enum
  kTimestamp,  // google.protobuf.Timestamp
  kTimeCount,  // an integer that counts s, ms or us since 1970
  kMessage,    // any other message: see `fields`
};

struct FieldPlan {
  std::string path = {};  // `position.latitude`
  int number = 0;
  policy::FieldType type = policy::FieldType::kString;
  FieldShape shape = FieldShape::kValue;
  bool explicit_presence = false;  // can tell an absent value from zero
  bool is_key = false;
  bool is_event_time = false;
  int64_t unit_microseconds = 1;  // of kTimeCount
  std::unordered_map<std::string, int32_t> enum_values = {};

  // Of kMessage.
  std::vector<FieldPlan> fields = {};  // ascending numbers
  bool is_position = false;            // allmende.v1.Position: whole or absent

  // Of everything else.
  bool named_by_spec = false;             // else `columns` is the field's own path, if the file has that column
  std::vector<std::string> columns = {};  // empty with a constant
  std::optional<std::string> constant = {};
  bool optional_column = false;
  std::vector<std::string> absent = {};
  std::optional<std::string> default_text = {};
  std::vector<std::pair<std::string, std::string>> replace = {};
  bool drop_zero_fraction = false;
  std::optional<double> min = {};
  std::optional<double> max = {};
  NumberRules numbers = {};
  BooleanRules booleans = {};
  std::optional<TimeReader> times = {};  // of kTimestamp and kTimeCount
  bool order_decides = false;            // DoubledHour::kOrder
  bool plain_count = false;              // kTimeCount without time formats: a bare integer counts units itself
};

// Immutable and thread-safe; shared by importers.
class ImportPlan {
 public:
  // `schema` is only read here.
  //   kInvalidArgument  the spec names a field that is not in the schema or that a table row cannot fill, or a rule
  //                     that means nothing for its field; the message begins with the spec's file and line
  static absl::StatusOr<std::shared_ptr<const ImportPlan>> Create(const ImportSpec& spec,
                                                                  const policy::SchemaTable& schema);

  const ImportSpec& spec() const { return spec_; }
  const std::vector<FieldPlan>& fields() const { return fields_; }
  bool has_key() const { return has_key_; }
  bool has_event_time() const { return has_event_time_; }
  bool Ignores(const std::string& column) const { return spec_.ignore_other_columns || ignore_.contains(column); }

 private:
  friend class PlanBuilder;
  ImportPlan() = default;

  ImportSpec spec_;
  std::vector<FieldPlan> fields_;  // ascending numbers
  std::unordered_set<std::string> ignore_;
  bool has_key_ = false;
  bool has_event_time_ = false;
};

}  // namespace allmende::tabular
