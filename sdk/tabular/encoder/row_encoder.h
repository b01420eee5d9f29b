// Turns rows into records, straight to wire bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

#include "policy/key/key.h"
#include "sdk/tabular/encoder/import_statistics.h"
#include "sdk/tabular/encoder/imported_record.h"
#include "sdk/tabular/encoder/time_order.h"
#include "sdk/tabular/mapping/import_plan.h"
#include "sdk/tabular/mapping/value_reader.h"
#include "sdk/tabular/reader/row_reader.h"

namespace allmende::tabular {

// Payloads are canonical: fields in ascending order, defaults left out, nothing twice; equal rows give equal bytes.
// A required value that is missing is an error rather than a zero: only fields that the schema calls `optional`, texts
// and messages may be absent. Not thread-safe.
class RowEncoder {
 public:
  enum class Outcome { kRecord, kSkipped, kBad };

  // `file` is for messages.
  RowEncoder(std::shared_ptr<const ImportPlan> plan, std::string file);

  // Says which columns the cells of the following rows belong to. Call before the first row, and again whenever
  // columns were added behind those already known. With `may_grow`, a column that is missing may come later. `line`:
  // which line brought them, for messages; 0: the file as a whole.
  //   kInvalidArgument  a column that the spec or the schema needs is missing, or one is neither mapped nor ignored
  absl::Status Bind(const std::vector<std::string>& columns, bool may_grow, int64_t line = 0);

  // Fills `record` for kRecord, `error` for kBad.
  Outcome Encode(const Row& row, ImportedRecord& record, InputError& error);

  // Adds what the encoder knows: absent values, uses of rules, event times, records, deletes, skipped rows.
  void AddTo(ImportStatistics& statistics) const;

 private:
  struct Counts {
    int64_t absent = 0;
    int64_t defaults = 0;
    int64_t replaced = 0;
    int64_t zero_fractions = 0;
    int64_t doubled_first = 0;
    int64_t doubled_second = 0;
    int64_t shifted = 0;
    int64_t cut = 0;
  };
  struct Leaf {
    const FieldPlan* field = nullptr;
    std::vector<int> cells;  // indices into the row; -1: the file has no such column (yet)
    bool bound = false;      // it has a constant, or at least one column is there
    std::optional<TimeReader> times;
    std::unique_ptr<TimeOrder> order;
    Counts counts;
  };
  // The record as a list of steps in the order in which its bytes are written.
  struct Step {
    enum class Kind { kLeaf, kBegin, kEnd };
    Kind kind;
    size_t leaf = 0;                   // of kLeaf
    const FieldPlan* field = nullptr;  // of kBegin and kEnd
  };
  struct BoundCondition {
    int cell = -1;
    const RowCondition* condition = nullptr;
  };
  struct OpenMessage {
    size_t tag_at = 0;              // where the tag starts in the payload
    size_t body_at = 0;             // where the body starts, without length
    int values = 0;                 // how many values it has got
    const Leaf* missing = nullptr;  // a value that it cannot do without
  };
  enum class Fetched { kValue, kAbsent, kError };

  void AddSteps(const std::vector<FieldPlan>& fields);
  absl::Status BindLeaf(Leaf& leaf, bool may_grow);
  absl::Status CheckAllUsed(int64_t line) const;
  absl::Status BindConditions(bool may_grow);
  int FindColumn(const std::string& name) const;

  static bool Holds(const BoundCondition& condition, const Row& row);
  bool EncodeUpsert(const Row& row, ImportedRecord& record, InputError& error);
  bool EncodeDelete(const Row& row, ImportedRecord& record, InputError& error);
  bool EncodeLeaf(Leaf& leaf, const Row& row, ImportedRecord& record, InputError& error, bool& present);
  bool CloseMessage(const Row& row, std::string& payload, InputError& error);
  Fetched Fetch(Leaf& leaf, const Row& row, std::string_view& text, InputError& error);
  Fetched JoinCells(const Leaf& leaf, const Row& row, std::string_view& text, InputError& error);
  bool ReadLeaf(Leaf& leaf, const Row& row, std::string_view text, InputError& error);
  bool DecideTime(Leaf& leaf, const Row& row, ValueError& error);
  bool FailAbsent(const Leaf& leaf, const Row& row, std::string_view text, InputError& error) const;
  bool Fail(const Leaf& leaf, const Row& row, std::string_view value, ValueError why, InputError& error) const;

  const std::shared_ptr<const ImportPlan> plan_;
  const std::string file_;
  std::vector<Leaf> leaves_;
  std::vector<Step> steps_;
  std::vector<std::string> columns_;
  std::vector<BoundCondition> skip_rows_;
  BoundCondition delete_rows_;

  // Of the row being encoded; kept for their memory.
  Value value_;
  std::string joined_;
  std::string series_;
  policy::KeyWriter key_;
  std::vector<OpenMessage> open_;

  int64_t records_ = 0;
  int64_t deletes_ = 0;
  int64_t skipped_ = 0;
  int64_t payload_bytes_ = 0;
  std::optional<absl::Time> earliest_;
  std::optional<absl::Time> latest_;
};

}  // namespace allmende::tabular
