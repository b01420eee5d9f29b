// The changes of single values: the second half of Transform.
#include <bit>

#include "policy/view/bucket.h"
#include "policy/view/grid.h"
#include "policy/view/pseudonym.h"
#include "policy/view/rounding.h"
#include "policy/view/skip.h"
#include "policy/view/transform.h"
#include "policy/wire/well_known.h"
#include "policy/wire/wire_writer.h"

namespace allmende::policy::view {
namespace {

constexpr size_t kTagBytesMax = 5;
constexpr size_t kTimestampBytesMax = 2 * (1 + kVarintBytesMax);
constexpr size_t kPositionBytesMax = 2 * (1 + 8);

// The field's value as it is encoded, in the type that it is compared in, and back. Bits beyond the type are ignored.
uint64_t BucketedVarint(const FieldPlan& field, uint64_t bits) {
  switch (field.type) {
    case FieldType::kUint32:
    case FieldType::kUint64:
      return Bucketed(field.buckets.of_unsigned, bits);
    case FieldType::kSint32:
    case FieldType::kSint64:
      return ZigZagEncode(Bucketed(field.buckets.of_signed, ZigZagDecode(bits)));
    default:
      return static_cast<uint64_t>(Bucketed(field.buckets.of_signed, static_cast<int64_t>(bits)));
  }
}

uint64_t BucketedFixed64(const FieldPlan& field, uint64_t bits) {
  switch (field.type) {
    case FieldType::kDouble:
      return std::bit_cast<uint64_t>(Bucketed(field.buckets.of_double, std::bit_cast<double>(bits)));
    case FieldType::kFixed64:
      return Bucketed(field.buckets.of_unsigned, bits);
    default:
      return static_cast<uint64_t>(Bucketed(field.buckets.of_signed, static_cast<int64_t>(bits)));
  }
}

uint32_t BucketedFixed32(const FieldPlan& field, uint32_t bits) {
  switch (field.type) {
    case FieldType::kFloat:
      return std::bit_cast<uint32_t>(Bucketed(field.buckets.of_float, std::bit_cast<float>(bits)));
    case FieldType::kFixed32:
      return static_cast<uint32_t>(Bucketed(field.buckets.of_unsigned, uint64_t{bits}));
    default:
      return static_cast<uint32_t>(Bucketed(field.buckets.of_signed, int64_t{static_cast<int32_t>(bits)}));
  }
}

uint64_t BucketedBits(const FieldPlan& field, uint64_t bits) {
  switch (field.wire_type) {
    case WireType::kFixed64:
      return BucketedFixed64(field, bits);
    case WireType::kFixed32:
      return BucketedFixed32(field, static_cast<uint32_t>(bits));
    default:
      return BucketedVarint(field, bits);
  }
}

}  // namespace

const char* Transform::Change(const FieldPlan& field, const char* at, const char* end) {
  if (field.action == FieldAction::kNested) {
    return Nested(field, at, end);
  }
  return field.wire_type == WireType::kLengthDelimited ? ChangeBytes(field, at, end) : ChangeNumber(field, at, end);
}

const char* Transform::ChangeNumber(const FieldPlan& field, const char* at, const char* end) {
  const char* const next = SkipValue(static_cast<unsigned>(field.wire_type), at, end);
  if (next == nullptr) {
    return nullptr;
  }
  uint64_t bits = 0;
  switch (field.wire_type) {
    case WireType::kFixed64:
      bits = LoadFixed64(at);
      break;
    case WireType::kFixed32:
      bits = LoadFixed32(at);
      break;
    default:
      if (ReadVarint(at, end, &bits) == nullptr) {
        return nullptr;
      }
      break;
  }
  if (field.action == FieldAction::kRoundTime) {
    bits = static_cast<uint64_t>(RoundDown(static_cast<int64_t>(bits), field.time_step, field.time_min));
  } else {
    bits = BucketedBits(field, bits);
  }
  WriteNumber(field, bits, next);
  return next;
}

void Transform::Fill(const FieldPlan& field, const char* rest) {
  WriteNumber(field, BucketedBits(field, 0), rest);
}

void Transform::WriteNumber(const FieldPlan& field, uint64_t bits, const char* rest) {
  Reserve(kTagBytesMax + kVarintBytesMax, rest);
  if (bits == 0 && !field.shows_default) {
    return;
  }
  char* out = WriteTag(buffer_.end(), field.number, field.wire_type);
  switch (field.wire_type) {
    case WireType::kFixed64:
      out = WriteFixed64(out, bits);
      break;
    case WireType::kFixed32:
      out = WriteFixed32(out, static_cast<uint32_t>(bits));
      break;
    default:
      out = WriteVarint(out, bits);
      break;
  }
  buffer_.SetEnd(out);
}

const char* Transform::ChangeBytes(const FieldPlan& field, const char* at, const char* end) {
  size_t length = 0;
  const char* const begin = ReadLength(at, end, &length);
  if (begin == nullptr) {
    return nullptr;
  }
  const std::string_view value(begin, length);
  const char* const next = begin + length;
  bool done = false;
  switch (field.action) {
    case FieldAction::kRoundTime:
      done = RoundTimestamp(field, value, next);
      break;
    case FieldAction::kGrid:
      done = MoveToGrid(field, value, next);
      break;
    case FieldAction::kMask:
      WriteLengthDelimited(field, value.empty() && !field.shows_default ? std::string_view() : field.text, next);
      done = true;
      break;
    case FieldAction::kPseudonym:
      done = Pseudonym(field, value, next);
      break;
    default:
      break;
  }
  return done ? next : nullptr;
}

void Transform::WriteLengthDelimited(const FieldPlan& field, std::string_view bytes, const char* rest) {
  Reserve(kTagBytesMax + kVarintBytesMax + bytes.size(), rest);
  if (bytes.empty() && !field.shows_default) {
    return;
  }
  char* out = WriteTag(buffer_.end(), field.number, WireType::kLengthDelimited);
  buffer_.SetEnd(WriteBytes(WriteVarint(out, bytes.size()), bytes));
}

bool Transform::RoundTimestamp(const FieldPlan& field, std::string_view bytes, const char* rest) {
  TimestampValue time;
  if (!ReadTimestamp(bytes, time) || !time.InRange()) {
    return false;
  }
  const int64_t rounded = RoundDown(time.Microseconds(), field.time_step, field.time_min);
  int64_t seconds = rounded / 1'000'000;
  int64_t microseconds = rounded % 1'000'000;
  if (microseconds < 0) {
    seconds -= 1;
    microseconds += 1'000'000;
  }
  char content[kTimestampBytesMax];
  char* out = content;
  if (seconds != 0) {
    out = WriteVarint(WriteTag(out, 1, WireType::kVarint), static_cast<uint64_t>(seconds));
  }
  if (microseconds != 0) {
    out = WriteVarint(WriteTag(out, 2, WireType::kVarint), static_cast<uint64_t>(microseconds * 1'000));
  }
  WriteLengthDelimited(field, std::string_view(content, static_cast<size_t>(out - content)), rest);
  return true;
}

bool Transform::MoveToGrid(const FieldPlan& field, std::string_view bytes, const char* rest) {
  PositionValue position;
  if (!ReadPosition(bytes, position) || !position.InRange()) {
    return false;
  }
  const PositionValue centre = CellCentre(position, field.metres);
  char content[kPositionBytesMax];
  char* out = content;
  if (centre.latitude != 0) {
    out = WriteFixed64(WriteTag(out, 1, WireType::kFixed64), std::bit_cast<uint64_t>(centre.latitude));
  }
  if (centre.longitude != 0) {
    out = WriteFixed64(WriteTag(out, 2, WireType::kFixed64), std::bit_cast<uint64_t>(centre.longitude));
  }
  WriteLengthDelimited(field, std::string_view(content, static_cast<size_t>(out - content)), rest);
  return true;
}

bool Transform::Pseudonym(const FieldPlan& field, std::string_view value, const char* rest) {
  if (value.empty() && !field.shows_default) {
    WriteLengthDelimited(field, value, rest);
    return true;
  }
  uint8_t code[kMacBytes];
  if (!ComputePseudonym(*plan_.mac, plan_.field_pseudonym_prefix, PeriodOf(field.period, event_time_us_), field.domain,
                        value, code)) {
    return false;
  }
  const auto* raw = reinterpret_cast<const char*>(code);
  if (field.type == FieldType::kBytes) {
    WriteLengthDelimited(field, std::string_view(raw, kPseudonymBytes), rest);
    return true;
  }
  constexpr char kDigits[] = "0123456789abcdef";
  char hex[2 * kPseudonymBytes];
  for (size_t i = 0; i < kPseudonymBytes; ++i) {
    hex[2 * i] = kDigits[code[i] >> 4];
    hex[2 * i + 1] = kDigits[code[i] & 15];
  }
  WriteLengthDelimited(field, std::string_view(hex, sizeof(hex)), rest);
  return true;
}

}  // namespace allmende::policy::view
