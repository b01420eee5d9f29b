// A schema packed for scanning: one small line a field, in ascending order, so that a scan walks along it. Internal to
// policy/wire.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "policy/schema/schema_table.h"

namespace allmende::policy {

struct MessageRules;

struct FieldRule {
  uint32_t number = 0;
  FieldType type = FieldType::kInt32;
  WireType wire_type = WireType::kVarint;
  bool packed = false;
  bool may_repeat = false;  // further tags may follow: repeated and not packed
  bool key = false;
  bool event_time = false;
  int8_t oneof_index = -1;
  const FieldInfo* info = nullptr;
  std::unique_ptr<const MessageRules> inner;  // for messages
};

struct MessageRules {
  MessageKind kind = MessageKind::kPlain;
  bool has_keys = false;
  std::vector<FieldRule> fields;
};

std::unique_ptr<const MessageRules> RulesOf(const MessageTable& table);

}  // namespace allmende::policy
