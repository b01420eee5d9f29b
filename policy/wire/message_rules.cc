#include "policy/wire/message_rules.h"

#include <utility>

namespace allmende::policy {

std::unique_ptr<const MessageRules> RulesOf(const MessageTable& table) {
  auto rules = std::make_unique<MessageRules>();
  rules->kind = table.kind;
  for (const FieldInfo& field : table.fields) {
    FieldRule rule;
    rule.number = field.number;
    rule.type = field.type;
    rule.wire_type = field.wire_type;
    rule.packed = field.packed;
    rule.may_repeat = field.repeated && !field.packed;
    rule.key = field.key;
    rule.event_time = field.event_time;
    rule.oneof_index = static_cast<int8_t>(field.oneof_index);
    rule.info = &field;
    if (field.message != nullptr) {
      rule.inner = RulesOf(*field.message);
    }
    rules->has_keys |= field.key;
    rules->fields.push_back(std::move(rule));
  }
  return rules;
}

}  // namespace allmende::policy
