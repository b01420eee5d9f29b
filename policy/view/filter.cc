#include <algorithm>
#include <cmath>
#include <compare>

#include "policy/view/filter_plan.h"
#include "policy/view/skip.h"
#include "policy/wire/well_known.h"
#include "policy/wire/wire_reader.h"

namespace allmende::policy::view {
namespace {

void SetDefaults(const SlotMap& map, FilterSlots& slots) {
  for (const SlotMap::Entry& entry : map.entries) {
    if (entry.slot >= 0 && !entry.has_presence) {
      slots[entry.slot] = FilterValue();
      slots[entry.slot].known = true;
    }
  }
}

void SetVarint(FieldType type, uint64_t raw, FilterValue& value) {
  value.natural = raw;
  value.integer =
      type == FieldType::kSint32 || type == FieldType::kSint64 ? ZigZagDecode(raw) : static_cast<int64_t>(raw);
}

bool SetBytes(FieldType type, std::string_view bytes, FilterValue& value) {
  value.bytes = bytes;
  if (type == FieldType::kMessage) {
    TimestampValue time;
    if (!ReadTimestamp(bytes, time) || !time.InRange()) {
      return false;
    }
    value.integer = time.Microseconds();
  }
  return true;
}

void SetFixed(FieldType type, const char* at, FilterValue& value) {
  switch (type) {
    case FieldType::kDouble:
      value.number = LoadDouble(at);
      break;
    case FieldType::kFloat:
      value.number = LoadFloat(at);
      break;
    case FieldType::kFixed32:
      value.natural = LoadFixed32(at);
      break;
    case FieldType::kSfixed32:
      value.integer = static_cast<int32_t>(LoadFixed32(at));
      break;
    default:
      value.natural = LoadFixed64(at);
      value.integer = static_cast<int64_t>(value.natural);
      break;
  }
  value.known = !std::isnan(value.number);
}

bool Collect(const SlotMap& map, std::string_view bytes, FilterSlots& slots);

// `at` is behind the tag; `next` behind the value.
bool CollectField(const SlotMap::Entry& entry, const char* at, const char* next, FilterSlots& slots) {
  FilterValue unused;
  FilterValue& value = entry.slot < 0 ? unused : slots[entry.slot];
  value = FilterValue();
  value.known = true;
  switch (entry.wire_type) {
    case WireType::kVarint: {
      uint64_t raw;
      if (ReadVarint(at, next, &raw) != next) {
        return false;
      }
      SetVarint(entry.type, raw, value);
      return true;
    }
    case WireType::kLengthDelimited: {
      size_t length = 0;
      const char* const begin = ReadLength(at, next, &length);
      if (begin == nullptr) {
        return false;
      }
      const std::string_view content(begin, length);
      return (entry.slot < 0 || SetBytes(entry.type, content, value)) &&
             (entry.inner == nullptr || Collect(*entry.inner, content, slots));
    }
    case WireType::kFixed64:
    case WireType::kFixed32:
      SetFixed(entry.type, at, value);
      return true;
  }
  return false;
}

bool Collect(const SlotMap& map, std::string_view bytes, FilterSlots& slots) {
  SetDefaults(map, slots);
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  auto entry = map.entries.begin();
  uint32_t last = 0;
  while (at < end) {
    uint64_t tag;
    at = ReadVarint(at, end, &tag);
    if (at == nullptr) {
      return false;
    }
    const uint64_t number = tag >> 3;
    const char* const next = SkipValue(static_cast<unsigned>(tag & 7), at, end);
    if (next == nullptr || number == 0 || number > kFieldNumberMax || number < last) {
      return false;
    }
    while (entry != map.entries.end() && entry->number < number) {
      ++entry;
    }
    if (entry != map.entries.end() && entry->number == number) {
      // None of these is repeated, so a second one is as wrong as another wire type.
      if (number == last || (tag & 7) != static_cast<uint64_t>(entry->wire_type) ||
          !CollectField(*entry, at, next, slots)) {
        return false;
      }
    }
    last = static_cast<uint32_t>(number);
    at = next;
  }
  return true;
}

Truth Negate(Truth truth) {
  return truth == Truth::kUnknown ? Truth::kUnknown : truth == Truth::kTrue ? Truth::kFalse : Truth::kTrue;
}

template <typename T, typename Constant>
Truth Compare(const FilterNode& node, const T& value, const std::vector<Constant>& constants) {
  bool result = false;
  if (node.kind == FilterNode::Kind::kMember) {
    result = std::binary_search(constants.begin(), constants.end(), value, std::less<>());
    return result ? Truth::kTrue : Truth::kFalse;
  }
  const Constant& constant = constants.front();
  switch (node.comparison) {
    case v1::RowComparison::EQUAL:
      result = value == constant;
      break;
    case v1::RowComparison::NOT_EQUAL:
      result = value != constant;
      break;
    case v1::RowComparison::LESS:
      result = value < constant;
      break;
    case v1::RowComparison::LESS_OR_EQUAL:
      result = value <= constant;
      break;
    case v1::RowComparison::GREATER:
      result = value > constant;
      break;
    case v1::RowComparison::GREATER_OR_EQUAL:
      result = value >= constant;
      break;
    default:
      return Truth::kUnknown;
  }
  return result ? Truth::kTrue : Truth::kFalse;
}

Truth Evaluate(const FilterNode& node, const FilterSlots& slots) {
  switch (node.kind) {
    case FilterNode::Kind::kAll:
    case FilterNode::Kind::kAny: {
      const Truth decides = node.kind == FilterNode::Kind::kAll ? Truth::kFalse : Truth::kTrue;
      Truth result = Negate(decides);
      for (const FilterNode& part : node.of) {
        const Truth truth = Evaluate(part, slots);
        if (truth == decides) {
          return truth;
        }
        if (truth == Truth::kUnknown) {
          result = Truth::kUnknown;
        }
      }
      return result;
    }
    case FilterNode::Kind::kNegated:
      return Negate(Evaluate(node.of.front(), slots));
    case FilterNode::Kind::kCompare:
    case FilterNode::Kind::kMember:
      break;
  }
  const FilterValue& value = slots[node.slot];
  if (!value.known) {
    return Truth::kUnknown;
  }
  switch (node.value_kind) {
    case ValueKind::kSigned:
    case ValueKind::kTime:
      return Compare(node, value.integer, node.integers);
    case ValueKind::kUnsigned:
    case ValueKind::kBool:
      return Compare(node, value.natural, node.naturals);
    case ValueKind::kDouble:
      return Compare(node, value.number, node.numbers);
    case ValueKind::kText:
    case ValueKind::kBytes:
      return Compare(node, value.bytes, node.texts);
  }
  return Truth::kUnknown;
}

}  // namespace

bool EvaluateFilter(const FilterPlan& plan, std::string_view payload, bool& passes) {
  FilterSlots slots;
  if (!Collect(*plan.slots, payload, slots)) {
    return false;
  }
  passes = Evaluate(plan.root, slots) == Truth::kTrue;
  return true;
}

}  // namespace allmende::policy::view
