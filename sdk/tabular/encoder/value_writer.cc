#include "sdk/tabular/encoder/value_writer.h"

#include <bit>
#include <cstdint>

#include "sdk/tabular/encoder/wire.h"

namespace allmende::tabular {
namespace {

using policy::FieldType;

constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int64_t kNanosPerMicro = 1'000;
constexpr int kSecondsField = 1;
constexpr int kNanosField = 2;

void AppendVarintField(int number, uint64_t value, std::string& out) {
  wire::AppendVarint(wire::Tag(number, wire::kVarint), out);
  wire::AppendVarint(value, out);
}

void AppendTimestamp(const FieldPlan& field, int64_t microseconds, std::string& payload) {
  int64_t seconds = microseconds / kMicrosPerSecond;
  int64_t rest = microseconds % kMicrosPerSecond;
  if (rest < 0) {
    rest += kMicrosPerSecond;
    --seconds;
  }
  wire::AppendVarint(wire::Tag(field.number, wire::kBytes), payload);
  const size_t length_at = payload.size();
  payload.push_back('\0');  // a Timestamp is always shorter than 128 bytes, so its length is one byte
  if (seconds != 0) {
    AppendVarintField(kSecondsField, static_cast<uint64_t>(seconds), payload);
  }
  if (rest != 0) {
    AppendVarintField(kNanosField, static_cast<uint64_t>(rest * kNanosPerMicro), payload);
  }
  payload[length_at] = static_cast<char>(payload.size() - length_at - 1);
}

template <typename Unsigned>
void AppendFixedField(const FieldPlan& field, Unsigned bits, std::string& payload) {
  if (bits == 0 && !field.explicit_presence) {
    return;
  }
  wire::AppendVarint(wire::Tag(field.number, sizeof(Unsigned) == 8 ? wire::kFixed64 : wire::kFixed32), payload);
  wire::AppendFixed(bits, payload);
}

void AppendWhole(const FieldPlan& field, uint64_t value, std::string& payload) {
  if (value != 0 || field.explicit_presence) {
    AppendVarintField(field.number, value, payload);
  }
}

}  // namespace

void AppendField(const FieldPlan& field, const Value& value, std::string& payload) {
  if (field.shape == FieldShape::kTimestamp) {
    AppendTimestamp(field, value.time.microseconds, payload);
    return;
  }
  switch (field.type) {
    case FieldType::kDouble:
      AppendFixedField(field, std::bit_cast<uint64_t>(value.real), payload);
      break;
    case FieldType::kFloat:
      AppendFixedField(field, std::bit_cast<uint32_t>(static_cast<float>(value.real)), payload);
      break;
    case FieldType::kInt32:
    case FieldType::kInt64:
    case FieldType::kEnum:
    case FieldType::kBool:
      AppendWhole(field, static_cast<uint64_t>(value.integer), payload);
      break;
    case FieldType::kUint32:
    case FieldType::kUint64:
      AppendWhole(field, value.unsigned_integer, payload);
      break;
    case FieldType::kSint32:
    case FieldType::kSint64:
      AppendWhole(field, wire::ZigZag(value.integer), payload);
      break;
    case FieldType::kSfixed32:
      AppendFixedField(field, static_cast<uint32_t>(value.integer), payload);
      break;
    case FieldType::kFixed32:
      AppendFixedField(field, static_cast<uint32_t>(value.unsigned_integer), payload);
      break;
    case FieldType::kSfixed64:
      AppendFixedField(field, static_cast<uint64_t>(value.integer), payload);
      break;
    case FieldType::kFixed64:
      AppendFixedField(field, value.unsigned_integer, payload);
      break;
    default:
      if (!value.text.empty() || field.explicit_presence) {
        wire::AppendVarint(wire::Tag(field.number, wire::kBytes), payload);
        wire::AppendBytes(value.text, payload);
      }
  }
}

void AppendKey(const FieldPlan& field, const Value& value, policy::KeyWriter& key) {
  switch (field.type) {
    case FieldType::kString:
    case FieldType::kBytes:
      key.AddBytes(value.text);
      break;
    case FieldType::kUint32:
    case FieldType::kUint64:
    case FieldType::kFixed32:
    case FieldType::kFixed64:
      key.AddUnsigned(value.unsigned_integer);
      break;
    case FieldType::kBool:
      key.AddBool(value.integer != 0);
      break;
    default:
      key.AddSigned(value.integer);
  }
}

}  // namespace allmende::tabular
