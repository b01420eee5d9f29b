// Checks encoded records against a schema without building messages, and reads key and event time out of them.
//
// A payload is accepted if it is the encoding that a protobuf library writes for a message of the schema: known fields
// only, in ascending order, each at most once (elements of an unpacked repeated field stand together), with their
// declared wire type and packing, lengths that add up, the shortest form of every varint, at most one field of a oneof;
// values in the range of their type (bool 0 or 1), text in UTF-8; a google.protobuf.Timestamp from
// 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999999Z, an allmende.v1.Position with both values finite and in range.
// Enums are open: numbers without a name are accepted. So are default values that are written out although the field
// has no presence. Other bytes that mean the same are refused: what is stored can be compared and passed on as it is.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "policy/key/key.h"
#include "policy/schema/schema_table.h"

namespace allmende::policy {

// The earliest and the latest instant that a record's time can have, in microseconds since 1970-01-01T00:00:00Z: the
// years 1 to 9999.
inline constexpr int64_t kTimeMinUs = -62'135'596'800'000'000;
inline constexpr int64_t kTimeMaxUs = 253'402'300'799'999'999;

enum class RecordProblemCode : uint8_t {
  kTruncated,       // `truncated`         a tag, value or length reaches beyond the end
  kBadTag,          // `bad-tag`           field number 0 or too great, a group, or an unknown wire type
  kOverlongVarint,  // `overlong-varint`   a varint that is not in its shortest form, or over 64 bits
  kUnknownField,    // `unknown-field`     a field that the schema does not have
  kWrongOrder,      // `wrong-order`       a field after one with a greater number
  kRepeatedField,   // `repeated-field`    a singular or packed field a second time
  kTwoOfOneof,      // `two-of-oneof`      a second field of a oneof
  kWrongWireType,   // `wrong-wire-type`   not the declared wire type
  kOutOfRange,      // `out-of-range`      a number outside of its type
  kBadUtf8,         // `bad-utf8`          text that is not UTF-8
  kBadTimestamp,    // `bad-timestamp`     a time outside of the years 1 to 9999, or nanoseconds outside of a second
  kBadPosition,     // `bad-position`      a latitude or longitude out of range
  kKeyTooLong,      // `key-too-long`      over kKeyBytesMax
  kBadKey,          // `bad-key`           a given key that is no canonical key of the schema
};

// Stable: part of the API (RecordProblem.code in types.proto).
std::string_view RecordProblemName(RecordProblemCode code);

// Why a record is not accepted. Carries no value out of the record.
struct RecordProblem {
  std::string field;  // path; of an unknown field, the path of the message around it; empty: the record as a whole
  RecordProblemCode code = RecordProblemCode::kTruncated;
  std::string detail;  // one lower-case sentence
};

// What a valid payload says about its record. Reuse it from record to record: it keeps its memory.
struct RecordFacts {
  KeyWriter key;  // the canonical key; empty where the schema has no key fields
  // Absent if the schema has no event time or the record's field is absent. An int64 without presence that holds 0 is
  // absent; one with presence is 1970. A Timestamp is cut to whole microseconds.
  std::optional<int64_t> event_time_us;
};

struct MessageRules;  // message_rules.h

// Immutable; movable; thread-safe. Borrows the table, which must outlive it.
class RecordValidator {
 public:
  explicit RecordValidator(const SchemaTable& table);
  RecordValidator(RecordValidator&&) noexcept;
  RecordValidator& operator=(RecordValidator&&) noexcept;
  ~RecordValidator();

  // Checks the payload of an upsert and fills `facts`. Returns the first problem, or nothing if the payload is valid;
  // then, and only then, `facts` may be used. Allocates nothing for a valid payload once `facts` has its memory.
  std::optional<RecordProblem> Validate(std::string_view payload, RecordFacts& facts) const;

  // Checks a canonical key that came without a payload, as in a delete.
  std::optional<RecordProblem> CheckKey(std::string_view key) const;

 private:
  const SchemaTable* table_;
  std::unique_ptr<const MessageRules> rules_;
};

}  // namespace allmende::policy
