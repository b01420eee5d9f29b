// One pass over one payload. Internal to policy/wire.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "policy/wire/message_rules.h"
#include "policy/wire/validator.h"

namespace allmende::policy {

class RecordScan {
 public:
  explicit RecordScan(RecordFacts& facts) : facts_(facts) {}

  // Scans a whole record. False: `problem` says why.
  bool Record(const MessageRules& rules, std::string_view payload);

  RecordProblem TakeProblem() { return std::move(problem_); }

 private:
  // One value as it stands on the wire: a number in `number` (fixed ones widened), otherwise `bytes`.
  struct Value {
    uint64_t number = 0;
    std::string_view bytes;
  };

  // These return where they stopped, or null after Fail. `around` is the message field that they are in, or null.
  bool Message(const MessageRules& rules, std::string_view bytes, const FieldInfo* around);
  const FieldRule* NextField(const MessageRules& rules, uint64_t tag, const FieldInfo* around);
  const char* ReadOne(const FieldRule& field, const char* at, const char* end, Value& value);
  const char* ReadNumber(const FieldRule& field, const char* at, const char* end, Value& value);
  const char* ReadPacked(const FieldRule& field, const char* at, const char* end);
  const char* ReadInner(const FieldRule& field, const char* at, const char* end);
  const char* Cut(const FieldInfo* field, const char* at, const char* end, std::string_view& bytes);
  bool CheckNumber(const FieldRule& field, uint64_t number);

  void AddToKey(const FieldRule& field, const Value& value);
  bool SetEventTime(const FieldRule& field, int64_t value);

  bool Fail(const FieldInfo* field, RecordProblemCode code, std::string detail);
  bool FailVarint(const FieldInfo* field, const char* at, const char* end);

  // Where the scan of the present message stands.
  struct Cursor {
    size_t next = 0;  // index of the first field that may still come
    uint32_t last = 0;
    uint64_t oneofs = 0;  // those that have a field already
  };

  RecordFacts& facts_;
  Cursor cursor_;
  RecordProblem problem_;
};

}  // namespace allmende::policy
