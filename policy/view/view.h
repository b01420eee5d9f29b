// A view applied to encoded records: fields are dropped, rounded, coarsened, masked or replaced by pseudonyms on the
// wire bytes. What each instruction means stands in allmende/v1/view.proto.
//
// Nothing leaves that the program does not name: fields without an instruction, fields that the schema does not know,
// and whatever a payload holds that does not parse. An error while a view is applied never delivers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "allmende/v1/view.pb.h"
#include "policy/schema/schema_table.h"
#include "policy/view/mac.h"
#include "policy/view/output_buffer.h"

namespace allmende::policy {

namespace view {
struct ViewPlan;
}  // namespace view

// The numbers are those of docs/formats.md.
enum class RecordOperation : uint8_t { kUpsert = 1, kDelete = 2 };

struct RecordInput {
  RecordOperation operation = RecordOperation::kUpsert;
  std::string_view key;  // canonical
  std::optional<int64_t> event_time_us;
  std::string_view payload;  // empty in a delete
};

enum class ViewResult : uint8_t {
  kDeliver,
  kFiltered,  // the row filter keeps the record back
  kError,     // the payload is not one of the schema, or the keyed hash failed: nothing may be delivered
};

// What comes out. Reuse it from record to record: it keeps its memory. Not thread-safe.
class ViewOutput {
 public:
  // Valid until the next Apply, and only after kDeliver: after anything else they are empty. `payload` is empty in a
  // delete; `key` borrows the input unless it is a pseudonym.
  std::string_view payload;
  std::string_view key;
  bool key_is_pseudonym = false;
  std::optional<int64_t> event_time_us;

 private:
  friend class CompiledView;
  OutputBuffer buffer_;
  uint8_t pseudonym_[kMacBytes];
};

// How a view treats a record's key or event time.
enum class KeyTreatment : uint8_t { kNone, kKeep, kPseudonym };
enum class EventTimeTreatment : uint8_t { kNone, kKeep, kRound };

// Immutable; movable; thread-safe. Stands alone: borrows neither program nor schema.
class CompiledView {
 public:
  // `mac` may be null where the view makes no pseudonyms (see NeedsMac).
  //   kInvalidArgument  the program does not fit the schema, delivers a field without class, rounds a key, asks for a
  //                     pseudonym of a number, is made by a newer version, or needs a `mac` and gets none. The message
  //                     names the field and the reason.
  static absl::StatusOr<CompiledView> Compile(const v1::ViewProgram& program, const SchemaTable& table,
                                              std::shared_ptr<const Mac> mac);

  CompiledView(CompiledView&&) noexcept;
  CompiledView& operator=(CompiledView&&) noexcept;
  ~CompiledView();

  // Applies the view to one record. The record must be one that RecordValidator accepted, for this schema or an earlier
  // one that it evolved from; on other bytes the result is an error or a record without the fields that do not parse,
  // and never more than the program names. Allocates nothing once `output` has grown to the size of the records.
  //
  // Deletes pass whatever the row filter says, with their key or its pseudonym, for they have nothing that it could
  // look at. Where the view filters rows, apply it to the delete of a `table`'s record only if the version before it
  // Passes: nobody else may learn the key. When a record is filtered, a reader that may hold such a version needs a
  // delete too.
  ViewResult Apply(const RecordInput& input, ViewOutput& output) const;

  bool filters_rows() const;
  // Whether the row filter lets through a record with this payload; a payload that is not one of the schema: no.
  bool Passes(std::string_view payload) const;

  // The view changes nothing: stored bytes may be passed on instead of calling Apply. Holds for payloads that were
  // accepted for this very schema; those of an earlier one may carry fields that it no longer has.
  bool identity() const { return identity_; }

  KeyTreatment key_treatment() const { return key_treatment_; }
  // The period of the key's pseudonyms. Other than AGREEMENT, the delete of a record can get another pseudonym than the
  // record: then the view is of no use for a `table`.
  v1::FieldInstruction::Pseudonym::Period key_period() const { return key_period_; }
  EventTimeTreatment event_time_treatment() const { return event_time_treatment_; }

  // Paths of what is delivered, by ascending number: values (FieldInfo::is_value), not the messages around them.
  const std::vector<std::string>& delivered_fields() const { return delivered_fields_; }
  // Those of them that are not delivered as they are.
  const std::vector<std::string>& changed_fields() const { return changed_fields_; }

 private:
  CompiledView();

  std::unique_ptr<const view::ViewPlan> plan_;
  bool identity_ = false;
  KeyTreatment key_treatment_ = KeyTreatment::kNone;
  v1::FieldInstruction::Pseudonym::Period key_period_ = v1::FieldInstruction::Pseudonym::AGREEMENT;
  EventTimeTreatment event_time_treatment_ = EventTimeTreatment::kNone;
  std::vector<std::string> delivered_fields_;
  std::vector<std::string> changed_fields_;
};

// Whether Compile will ask for a `mac`: the program makes pseudonyms, of a field or of the key.
bool NeedsMac(const v1::ViewProgram& program, const SchemaTable& table);

// The program in its one canonical encoding, which a view id is computed over: instructions by ascending number,
// constants of a membership sorted and once each, protobuf's deterministic encoding. Equal bytes mean equal views of
// one schema; two programs that differ otherwise are not looked into.
std::string CanonicalProgram(const v1::ViewProgram& program);

}  // namespace allmende::policy
