// A row filter compiled for one schema: it collects the values of the fields that it compares, then evaluates the
// condition. Internal to policy/view.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "allmende/v1/view.pb.h"
#include "policy/schema/schema_table.h"

namespace allmende::policy::view {

inline constexpr size_t kFilterSlotsMax = 32;          // different fields in one filter
inline constexpr size_t kFilterNodesMax = 1'024;       // conditions
inline constexpr int kFilterDepthMax = 16;             // levels of conditions
inline constexpr size_t kFilterConstantsMax = 65'536;  // in one membership

enum class Truth : uint8_t { kFalse, kTrue, kUnknown };

// How a field's values compare.
enum class ValueKind : uint8_t { kSigned, kUnsigned, kDouble, kBool, kText, kBytes, kTime };

// A value of a record, borrowed from its payload. Only the member of its kind counts.
struct FilterValue {
  bool known = false;
  int64_t integer = 0;   // kSigned, kTime
  uint64_t natural = 0;  // kUnsigned, kBool
  double number = 0;
  std::string_view bytes;
};

using FilterSlots = std::array<FilterValue, kFilterSlotsMax>;

// The fields of one message that a filter looks at.
struct SlotMap {
  struct Entry {
    uint32_t number = 0;
    FieldType type = FieldType::kInt32;
    WireType wire_type = WireType::kVarint;
    bool has_presence = false;
    int slot = -1;                         // -1: only something inside is looked at
    std::unique_ptr<const SlotMap> inner;  // null: nothing inside is looked at
  };
  std::vector<Entry> entries;  // by ascending number
};

struct FilterNode {
  enum class Kind : uint8_t { kAll, kAny, kNegated, kCompare, kMember };
  Kind kind = Kind::kAll;
  std::vector<FilterNode> of;  // kAll, kAny, kNegated

  // kCompare, kMember. Constants are sorted; a comparison has one.
  int slot = 0;
  ValueKind value_kind = ValueKind::kSigned;
  v1::RowComparison::Operator comparison = v1::RowComparison::EQUAL;
  std::vector<int64_t> integers;
  std::vector<uint64_t> naturals;
  std::vector<double> numbers;
  std::vector<std::string> texts;
};

struct FilterPlan {
  std::unique_ptr<const SlotMap> slots;
  FilterNode root;
};

//   kInvalidArgument  the filter does not fit the schema, or is over a bound; the message says where
absl::StatusOr<std::unique_ptr<const FilterPlan>> CompileFilter(const v1::RowFilter& filter, const SchemaTable& table);

// Evaluates the filter for one payload. False: the payload does not parse, `passes` says nothing.
bool EvaluateFilter(const FilterPlan& plan, std::string_view payload, bool& passes);

}  // namespace allmende::policy::view
