// A view program compiled for one schema: what to do is found by the tag byte of a field. Internal to policy/view.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "allmende/v1/view.pb.h"
#include "policy/schema/schema_table.h"
#include "policy/view/filter_plan.h"
#include "policy/view/mac.h"

namespace allmende::policy::view {

using PseudonymPeriod = v1::FieldInstruction::Pseudonym::Period;

// What happens to a field once its tag is read.
enum class StepKind : uint8_t {
  kRefuse,  // not the field's wire type: the payload is not one of the schema
  kKeepVarint,
  kKeepFixed64,
  kKeepBytes,
  kKeepFixed32,
  kKeepMessage,  // kept if nothing unknown is in it
  kDropVarint,
  kDropFixed64,
  kDropBytes,
  kDropFixed32,
  kChange,
};

inline constexpr uint16_t kUnknownField = 0xffff;

struct Step {
  StepKind kind = StepKind::kRefuse;
  uint16_t field = kUnknownField;  // index into MessagePlan::fields
};

enum class FieldAction : uint8_t { kDrop, kKeep, kRoundTime, kGrid, kBucket, kMask, kPseudonym, kNested };

// Bounds and what stands for each bucket, in the type of the field. Only the vectors of that type are filled.
template <typename T>
struct BucketTable {
  std::vector<T> bounds;
  std::vector<T> shown;  // one more than bounds
};

struct BucketPlan {
  BucketTable<int64_t> of_signed;
  BucketTable<uint64_t> of_unsigned;
  BucketTable<double> of_double;
  BucketTable<float> of_float;
};

struct MessagePlan;

struct FieldPlan {
  uint32_t number = 0;
  FieldType type = FieldType::kInt32;
  WireType wire_type = WireType::kVarint;
  FieldAction action = FieldAction::kDrop;
  bool may_repeat = false;     // further tags may follow
  bool shows_default = false;  // a default value is encoded: the field has presence, or is an element
  int64_t time_step = 0;       // kRoundTime: in the field's unit, in microseconds for a Timestamp
  int64_t time_min = 0;
  uint32_t metres = 0;                                                           // kGrid
  BucketPlan buckets;                                                            // kBucket
  std::string text;                                                              // kMask
  PseudonymPeriod period = v1::FieldInstruction::Pseudonym::PERIOD_UNSPECIFIED;  // kPseudonym
  std::string domain;                                                            // kPseudonym, with its length in front
  std::unique_ptr<const MessagePlan> inner;  // of a message that is kept or has a program of its own
};

struct MessagePlan {
  std::vector<FieldPlan> fields;  // of the schema, by ascending number
  std::array<Step, 128> steps;    // by the tag, where it is one byte
  // Indices of fields that are delivered though they are absent: without presence, with another default than before.
  std::vector<uint16_t> filled;

  // For tags of any length. `kRefuse` also for tags that do not exist.
  Step StepOf(uint64_t tag) const;
};

struct ViewPlan {
  std::unique_ptr<const MessagePlan> record;
  std::unique_ptr<const FilterPlan> filter;  // null: every record
  std::shared_ptr<const Mac> mac;
  std::string field_pseudonym_prefix;  // what the keyed hash begins with
  std::string key_pseudonym_prefix;
  int64_t event_time_step_us = 0;  // where the event time is rounded
};

}  // namespace allmende::policy::view
