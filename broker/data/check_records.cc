#include "broker/data/check_records.h"

#include <optional>
#include <string>
#include <utility>

#include "policy/wire/validator.h"

namespace allmende::broker {
namespace {

v1::RecordProblem Problem(uint32_t index, std::string field, std::string code, std::string detail) {
  v1::RecordProblem problem;
  problem.set_index(index);
  problem.set_field(std::move(field));
  problem.set_code(std::move(code));
  problem.set_detail(std::move(detail));
  return problem;
}

v1::RecordProblem Problem(uint32_t index, policy::RecordProblem found) {
  return Problem(index, std::move(found.field), std::string(policy::RecordProblemName(found.code)),
                 std::move(found.detail));
}

// An upsert says key and event time twice: in front of the payload, where they are found without reading it, and
// inside.
std::optional<v1::RecordProblem> CheckUpsert(const policy::RecordValidator& validator, uint32_t index,
                                             const format::RecordView& record, policy::RecordFacts& facts) {
  if (std::optional<policy::RecordProblem> found = validator.Validate(record.payload, facts)) {
    return Problem(index, *std::move(found));
  }
  if (record.key != facts.key.bytes()) {
    return Problem(index, "", "wrong-key", "the record's key is not the canonical key of its payload");
  }
  if (record.event_time_us != facts.event_time_us) {
    return Problem(index, "", "wrong-event-time", "the record's event time is not that of its payload");
  }
  return std::nullopt;
}

std::optional<v1::RecordProblem> CheckDelete(const policy::RecordValidator& validator, v1::DatasetKind kind,
                                             uint32_t index, const format::RecordView& record) {
  if (kind != v1::TABLE) {
    return Problem(index, "", "no-delete", "only a table has keys that can be deleted");
  }
  if (std::optional<policy::RecordProblem> found = validator.CheckKey(record.key)) {
    return Problem(index, *std::move(found));
  }
  return std::nullopt;
}

}  // namespace

RecordCheck CheckRecords(const policy::SchemaTable& schema, v1::DatasetKind kind, const format::BatchView& batch,
                         size_t problems_max) {
  const policy::RecordValidator validator(schema);
  policy::RecordFacts facts;
  RecordCheck check;
  uint32_t index = 0;
  for (const format::RecordView& record : batch.records()) {
    std::optional<v1::RecordProblem> problem = record.operation == format::Operation::kUpsert
                                                   ? CheckUpsert(validator, index, record, facts)
                                                   : CheckDelete(validator, kind, index, record);
    if (problem.has_value()) {
      check.bad.push_back(index);
      if (check.problems.size() < problems_max) {
        check.problems.push_back(*std::move(problem));
      }
    }
    ++index;
  }
  return check;
}

}  // namespace allmende::broker
