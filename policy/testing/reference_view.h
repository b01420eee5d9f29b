// What a view program means, once more: on messages, by reflection, in the words of allmende/v1/view.proto and without
// a look at the wire format. What CompiledView does must agree with it byte for byte.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "allmende/v1/view.pb.h"
#include "google/protobuf/message.h"
#include "policy/schema/schema_table.h"
#include "policy/view/mac.h"

namespace allmende::policy::testing {

struct ReferenceRecord {
  std::string key;
  bool key_is_pseudonym = false;
  std::optional<int64_t> event_time_us;
  std::unique_ptr<google::protobuf::Message> message;
};

class ReferenceView {
 public:
  // Borrows all three.
  ReferenceView(const v1::ViewProgram& program, const SchemaTable& table, const Mac& mac)
      : program_(program), table_(table), mac_(mac) {}

  // Nothing if the row filter keeps the record back.
  std::optional<ReferenceRecord> Apply(const google::protobuf::Message& record, const std::string& key,
                                       std::optional<int64_t> event_time_us) const;

 private:
  using Instructions = google::protobuf::RepeatedPtrField<v1::FieldInstruction>;

  void Fields(const google::protobuf::Message& from, const Instructions& instructions, const std::string& path,
              std::optional<int64_t> event_time_us, google::protobuf::Message& to) const;
  std::string Pseudonym(char kind, v1::FieldInstruction::Pseudonym::Period period, std::optional<int64_t> event_time_us,
                        const std::string& behind) const;

  const v1::ViewProgram& program_;
  const SchemaTable& table_;
  const Mac& mac_;
};

// True, false, or nothing for unknown.
std::optional<bool> ReferenceFilter(const v1::RowFilter& filter, const google::protobuf::Message& record);

}  // namespace allmende::policy::testing
