// Carries out a message plan on encoded bytes. Internal to policy/view.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "policy/view/output_buffer.h"
#include "policy/view/view_plan.h"

namespace allmende::policy::view {

// One record. Writes the changed payload to `buffer`, which must outlive it.
class Transform {
 public:
  Transform(const ViewPlan& plan, std::optional<int64_t> event_time_us, OutputBuffer& buffer)
      : plan_(plan), event_time_us_(event_time_us), buffer_(buffer) {}

  // False: the payload is not one of the schema, or the keyed hash failed; what was written must not be used.
  bool Record(std::string_view payload);

 private:
  bool Message(const MessagePlan& plan, const char* at, const char* end);
  // The value behind the tag at `at`; returns where it ends, or null.
  const char* Change(const FieldPlan& field, const char* at, const char* end);
  const char* ChangeNumber(const FieldPlan& field, const char* at, const char* end);
  const char* ChangeBytes(const FieldPlan& field, const char* at, const char* end);
  const char* Nested(const FieldPlan& field, const char* at, const char* end);

  bool RoundTimestamp(const FieldPlan& field, std::string_view bytes, const char* rest);
  bool MoveToGrid(const FieldPlan& field, std::string_view bytes, const char* rest);
  bool Pseudonym(const FieldPlan& field, std::string_view value, const char* rest);
  // What stands for a field without presence that is absent.
  void Fill(const FieldPlan& field, const char* rest);
  void WriteNumber(const FieldPlan& field, uint64_t bits, const char* rest);
  void WriteLengthDelimited(const FieldPlan& field, std::string_view bytes, const char* rest);

  // INVARIANT: the buffer has room for everything from the first byte of the input that is not dealt with. So runs of
  // kept fields are copied unchecked; what can be longer than it was asks here. `rest` is the first byte behind it.
  void Reserve(size_t bytes, const char* rest) { buffer_.EnsureRoom(bytes + static_cast<size_t>(input_end_ - rest)); }

  const ViewPlan& plan_;
  const std::optional<int64_t> event_time_us_;
  OutputBuffer& buffer_;
  const char* input_end_ = nullptr;
};

}  // namespace allmende::policy::view
