#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "policy/view/filter_plan.h"

namespace allmende::policy::view {
namespace {

using Path = std::vector<uint32_t>;

absl::Status Unusable(const std::string& why) {
  return absl::InvalidArgumentError(absl::StrCat("the row filter is not usable: ", why));
}

ValueKind KindOf(FieldType type) {
  switch (type) {
    case FieldType::kUint32:
    case FieldType::kUint64:
    case FieldType::kFixed32:
    case FieldType::kFixed64:
      return ValueKind::kUnsigned;
    case FieldType::kDouble:
    case FieldType::kFloat:
      return ValueKind::kDouble;
    case FieldType::kBool:
      return ValueKind::kBool;
    case FieldType::kString:
      return ValueKind::kText;
    case FieldType::kBytes:
      return ValueKind::kBytes;
    case FieldType::kMessage:
      return ValueKind::kTime;
    default:
      return ValueKind::kSigned;
  }
}

v1::RowConstant::ValueCase ConstantOf(ValueKind kind) {
  switch (kind) {
    case ValueKind::kSigned:
      return v1::RowConstant::kInteger;
    case ValueKind::kUnsigned:
      return v1::RowConstant::kNatural;
    case ValueKind::kDouble:
      return v1::RowConstant::kNumber;
    case ValueKind::kBool:
      return v1::RowConstant::kTruth;
    case ValueKind::kText:
      return v1::RowConstant::kText;
    case ValueKind::kBytes:
      return v1::RowConstant::kData;
    case ValueKind::kTime:
      return v1::RowConstant::kTimeUs;
  }
  return v1::RowConstant::VALUE_NOT_SET;
}

template <typename T>
void SortOnce(std::vector<T>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

class Compiler {
 public:
  explicit Compiler(const SchemaTable& table) : table_(table) {}

  absl::StatusOr<std::unique_ptr<const FilterPlan>> Compile(const v1::RowFilter& filter) {
    auto plan = std::make_unique<FilterPlan>();
    if (absl::Status status = Condition(filter, 1, plan->root); !status.ok()) {
      return status;
    }
    plan->slots = Slots(table_.record());
    return plan;
  }

 private:
  absl::Status Condition(const v1::RowFilter& filter, int depth, FilterNode& node) {
    if (depth > kFilterDepthMax || ++nodes_ > kFilterNodesMax) {
      return Unusable(
          absl::StrCat("it has over ", kFilterNodesMax, " conditions, or over ", kFilterDepthMax, " levels of them"));
    }
    switch (filter.condition_case()) {
      case v1::RowFilter::kAll:
        node.kind = FilterNode::Kind::kAll;
        return List(filter.all(), depth, node);
      case v1::RowFilter::kAny:
        node.kind = FilterNode::Kind::kAny;
        return List(filter.any(), depth, node);
      case v1::RowFilter::kNegated:
        node.kind = FilterNode::Kind::kNegated;
        return Condition(filter.negated(), depth + 1, node.of.emplace_back());
      case v1::RowFilter::kCompare:
        return Comparison(filter.compare(), node);
      case v1::RowFilter::kMember:
        return Membership(filter.member(), node);
      case v1::RowFilter::CONDITION_NOT_SET:
        break;
    }
    return Unusable("a condition is empty");
  }

  absl::Status List(const v1::RowFilterList& list, int depth, FilterNode& node) {
    if (list.of().empty()) {
      return Unusable("a list of conditions is empty");
    }
    for (const v1::RowFilter& part : list.of()) {
      if (absl::Status status = Condition(part, depth + 1, node.of.emplace_back()); !status.ok()) {
        return status;
      }
    }
    return absl::OkStatus();
  }

  absl::Status Comparison(const v1::RowComparison& compare, FilterNode& node) {
    node.kind = FilterNode::Kind::kCompare;
    node.comparison = compare.operator_();
    const absl::StatusOr<const FieldInfo*> field = Field(compare.field(), node);
    if (!field.ok()) {
      return field.status();
    }
    if (!v1::RowComparison::Operator_IsValid(node.comparison) ||
        node.comparison == v1::RowComparison::OPERATOR_UNSPECIFIED) {
      return Unusable(absl::StrCat("the comparison of `", (*field)->path, "` has no operator"));
    }
    const FieldType type = (*field)->type;
    if ((type == FieldType::kBool || type == FieldType::kEnum) && node.comparison != v1::RowComparison::EQUAL &&
        node.comparison != v1::RowComparison::NOT_EQUAL) {
      return Unusable(absl::StrCat("`", (*field)->path, "` can only be compared for equality"));
    }
    return Constant(**field, compare.value(), node);
  }

  absl::Status Membership(const v1::RowMembership& member, FilterNode& node) {
    node.kind = FilterNode::Kind::kMember;
    const absl::StatusOr<const FieldInfo*> field = Field(member.field(), node);
    if (!field.ok()) {
      return field.status();
    }
    if (member.values().empty() || member.values_size() > static_cast<int>(kFilterConstantsMax)) {
      return Unusable(
          absl::StrCat("the set for `", (*field)->path, "` must have 1 to ", kFilterConstantsMax, " values"));
    }
    for (const v1::RowConstant& value : member.values()) {
      if (absl::Status status = Constant(**field, value, node); !status.ok()) {
        return status;
      }
    }
    SortOnce(node.integers);
    SortOnce(node.naturals);
    SortOnce(node.numbers);
    SortOnce(node.texts);
    return absl::OkStatus();
  }

  absl::StatusOr<const FieldInfo*> Field(const google::protobuf::RepeatedField<uint32_t>& numbers, FilterNode& node) {
    const std::string shown = absl::StrJoin(numbers, ".");
    const MessageTable* message = &table_.record();
    const FieldInfo* field = nullptr;
    for (const uint32_t number : numbers) {
      field = message == nullptr ? nullptr : message->Find(number);
      if (field == nullptr) {
        return Unusable(absl::StrCat("the schema has no field `", shown, "` (numbers)"));
      }
      if (field->repeated) {
        return Unusable(absl::StrCat("`", field->path, "` is repeated: no single value can be compared"));
      }
      message = field->message.get();
    }
    if (field == nullptr) {
      return Unusable("a condition names no field");
    }
    if (field->type == FieldType::kMessage && field->message->kind != MessageKind::kTimestamp) {
      return Unusable(absl::StrCat("`", field->path, "` is a message: compare a field in it"));
    }
    const auto [place, added] = slots_.emplace(field->number_path, static_cast<int>(slots_.size()));
    if (added && slots_.size() > kFilterSlotsMax) {
      return Unusable(absl::StrCat("it compares over ", kFilterSlotsMax, " fields"));
    }
    node.slot = place->second;
    node.value_kind = KindOf(field->type);
    return field;
  }

  static absl::Status Constant(const FieldInfo& field, const v1::RowConstant& value, FilterNode& node) {
    if (value.value_case() != ConstantOf(node.value_kind)) {
      return Unusable(absl::StrCat("a constant for `", field.path, "` is not of its type, ",
                                   std::string(FieldTypeName(field.type))));
    }
    switch (node.value_kind) {
      case ValueKind::kSigned:
        node.integers.push_back(value.integer());
        break;
      case ValueKind::kTime:
        node.integers.push_back(value.time_us());
        break;
      case ValueKind::kUnsigned:
        node.naturals.push_back(value.natural());
        break;
      case ValueKind::kBool:
        node.naturals.push_back(value.truth() ? 1 : 0);
        break;
      case ValueKind::kDouble:
        if (std::isnan(value.number())) {
          return Unusable(absl::StrCat("a constant for `", field.path, "` is not a number"));
        }
        node.numbers.push_back(value.number());
        break;
      case ValueKind::kText:
        node.texts.push_back(value.text());
        break;
      case ValueKind::kBytes:
        node.texts.push_back(value.data());
        break;
    }
    return absl::OkStatus();
  }

  // Null if the filter looks at nothing in `message`.
  std::unique_ptr<const SlotMap> Slots(const MessageTable& message) const {
    auto map = std::make_unique<SlotMap>();
    for (const FieldInfo& field : message.fields) {
      SlotMap::Entry entry;
      const auto slot = slots_.find(field.number_path);
      if (slot != slots_.end()) {
        entry.slot = slot->second;
      }
      if (field.message != nullptr && !field.repeated) {
        entry.inner = Slots(*field.message);
      }
      if (entry.slot < 0 && entry.inner == nullptr) {
        continue;
      }
      entry.number = field.number;
      entry.type = field.type;
      entry.wire_type = field.wire_type;
      entry.has_presence = field.has_presence;
      map->entries.push_back(std::move(entry));
    }
    return map->entries.empty() ? nullptr : std::move(map);
  }

  const SchemaTable& table_;
  std::map<Path, int> slots_;
  size_t nodes_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<const FilterPlan>> CompileFilter(const v1::RowFilter& filter, const SchemaTable& table) {
  return Compiler(table).Compile(filter);
}

}  // namespace allmende::policy::view
