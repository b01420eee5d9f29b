#include "sdk/tabular/encoder/row_encoder.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "sdk/base/status.h"
#include "sdk/tabular/encoder/value_writer.h"
#include "sdk/tabular/encoder/wire.h"
#include "sdk/tabular/mapping/numbers.h"
#include "sdk/tabular/reader/utf8.h"

namespace allmende::tabular {
namespace {

bool Contains(const std::vector<std::string>& texts, std::string_view text) {
  return std::any_of(texts.begin(), texts.end(), [&](const std::string& known) { return known == text; });
}

// Texts may be absent, since nobody tells an empty text from none; numbers without `optional` would turn into zero.
bool MustHaveValue(const FieldPlan& field) {
  return field.is_key || field.is_event_time || (!field.explicit_presence && field.type != policy::FieldType::kString);
}

bool MeansAbsent(const FieldPlan& field, std::string_view text) {
  return text.empty() || Contains(field.absent, text);
}

}  // namespace

RowEncoder::RowEncoder(std::shared_ptr<const ImportPlan> plan, std::string file)
    : plan_(std::move(plan)), file_(std::move(file)) {
  AddSteps(plan_->fields());
}

void RowEncoder::AddSteps(const std::vector<FieldPlan>& fields) {
  for (const FieldPlan& field : fields) {
    if (field.shape == FieldShape::kMessage) {
      steps_.push_back({.kind = Step::Kind::kBegin, .field = &field});
      AddSteps(field.fields);
      steps_.push_back({.kind = Step::Kind::kEnd, .field = &field});
      continue;
    }
    steps_.push_back({.kind = Step::Kind::kLeaf, .leaf = leaves_.size()});
    Leaf leaf;
    leaf.field = &field;
    leaf.times = field.times;
    if (field.order_decides) {
      leaf.order = std::make_unique<TimeOrder>();
    }
    leaves_.push_back(std::move(leaf));
  }
}

bool RowEncoder::Holds(const BoundCondition& condition, const Row& row) {
  if (condition.cell < 0 || static_cast<size_t>(condition.cell) >= row.cells.size()) {
    return false;
  }
  const auto& cell = row.cells[static_cast<size_t>(condition.cell)];
  return cell.has_value() && Contains(condition.condition->values, TrimSpaces(*cell));
}

RowEncoder::Outcome RowEncoder::Encode(const Row& row, ImportedRecord& record, InputError& error) {
  for (const BoundCondition& condition : skip_rows_) {
    if (Holds(condition, row)) {
      ++skipped_;
      return Outcome::kSkipped;
    }
  }
  key_.Clear();
  open_.clear();
  record.line = row.line;
  record.payload.clear();
  record.event_time.reset();
  const bool is_delete = Holds(delete_rows_, row);
  record.operation = is_delete ? Operation::kDelete : Operation::kUpsert;
  if (!(is_delete ? EncodeDelete(row, record, error) : EncodeUpsert(row, record, error))) {
    return Outcome::kBad;
  }
  if (absl::Status status = key_.Check(); !status.ok()) {
    error = InputError{.file = file_, .line = row.line, .why = std::string(status.message())};
    return Outcome::kBad;
  }
  record.key.assign(key_.bytes());
  ++records_;
  deletes_ += is_delete ? 1 : 0;
  payload_bytes_ += static_cast<int64_t>(record.payload.size());
  if (record.event_time.has_value()) {
    earliest_ = std::min(earliest_.value_or(*record.event_time), *record.event_time);
    latest_ = std::max(latest_.value_or(*record.event_time), *record.event_time);
  }
  return Outcome::kRecord;
}

bool RowEncoder::EncodeUpsert(const Row& row, ImportedRecord& record, InputError& error) {
  for (const Step& step : steps_) {
    switch (step.kind) {
      case Step::Kind::kBegin: {
        const size_t tag_at = record.payload.size();
        wire::AppendVarint(wire::Tag(step.field->number, wire::kBytes), record.payload);
        open_.push_back({.tag_at = tag_at, .body_at = record.payload.size()});
        break;
      }
      case Step::Kind::kEnd:
        if (!CloseMessage(row, record.payload, error)) return false;
        break;
      case Step::Kind::kLeaf: {
        bool present = false;
        if (!EncodeLeaf(leaves_[step.leaf], row, record, error, present)) return false;
        if (present && !open_.empty()) ++open_.back().values;
        break;
      }
    }
  }
  return true;
}

// Only the key is needed; what else the row says, or leaves out, does not matter.
bool RowEncoder::EncodeDelete(const Row& row, ImportedRecord& record, InputError& error) {
  for (Leaf& leaf : leaves_) {
    bool present = false;
    if (leaf.field->is_key && !EncodeLeaf(leaf, row, record, error, present)) {
      return false;
    }
  }
  record.payload.clear();
  record.event_time.reset();
  return true;
}

bool RowEncoder::CloseMessage(const Row& row, std::string& payload, InputError& error) {
  const OpenMessage message = open_.back();
  if (message.values > 0 && message.missing != nullptr) {
    return FailAbsent(*message.missing, row, {}, error);
  }
  open_.pop_back();
  if (message.values == 0) {
    payload.resize(message.tag_at);
    return true;
  }
  std::string length;
  wire::AppendVarint(payload.size() - message.body_at, length);
  payload.insert(message.body_at, length);
  if (!open_.empty()) {
    ++open_.back().values;
  }
  return true;
}

bool RowEncoder::EncodeLeaf(Leaf& leaf, const Row& row, ImportedRecord& record, InputError& error, bool& present) {
  const FieldPlan& field = *leaf.field;
  std::string_view text;
  Fetched fetched = Fetch(leaf, row, text, error);
  if (fetched == Fetched::kAbsent && field.default_text.has_value()) {
    ++leaf.counts.defaults;
    text = *field.default_text;
    fetched = Fetched::kValue;
  }
  if (fetched == Fetched::kError) {
    return false;
  }
  if (fetched == Fetched::kAbsent) {
    ++leaf.counts.absent;
    if (!open_.empty() && MustHaveValue(field)) {
      open_.back().missing = &leaf;  // wrong only if the message around it has other values
    }
    return !open_.empty() || !MustHaveValue(field) || FailAbsent(leaf, row, text, error);
  }
  if (!ReadLeaf(leaf, row, text, error)) {
    return false;
  }
  if (field.is_event_time && field.shape == FieldShape::kTimeCount && value_.integer == 0 && !field.explicit_presence) {
    return Fail(leaf, row, text, {"is a time that this field cannot hold: 0 means no time", "make it `optional`"},
                error);
  }
  present = true;
  AppendField(field, value_, record.payload);
  if (field.is_key) {
    AppendKey(field, value_, key_);
  }
  if (field.is_event_time) {
    record.event_time = absl::FromUnixMicros(
        field.shape == FieldShape::kTimeCount ? value_.integer * field.unit_microseconds : value_.time.microseconds);
  }
  return true;
}

// The text that the row has for the field, replaced where the spec says so.
RowEncoder::Fetched RowEncoder::Fetch(Leaf& leaf, const Row& row, std::string_view& text, InputError& error) {
  const FieldPlan& field = *leaf.field;
  if (field.constant.has_value()) {
    text = *field.constant;
    return Fetched::kValue;
  }
  if (leaf.cells.size() == 1) {
    const auto index = static_cast<size_t>(leaf.cells[0]);
    if (leaf.cells[0] < 0 || index >= row.cells.size() || !row.cells[index].has_value()) {
      return Fetched::kAbsent;
    }
    text = *row.cells[index];
  } else if (const Fetched joined = JoinCells(leaf, row, text, error); joined != Fetched::kValue) {
    return joined;
  }
  const std::string_view trimmed = TrimSpaces(text);
  for (const auto& [from, to] : field.replace) {
    if (trimmed == from) {
      ++leaf.counts.replaced;
      text = to;
      return MeansAbsent(field, text) ? Fetched::kAbsent : Fetched::kValue;
    }
  }
  if (MeansAbsent(field, trimmed)) {
    return Fetched::kAbsent;
  }
  if (field.drop_zero_fraction && DropZeroFraction(text)) {
    ++leaf.counts.zero_fractions;
  }
  return Fetched::kValue;
}

// Either every part is there or none is: half a date must not be taken for a whole one.
RowEncoder::Fetched RowEncoder::JoinCells(const Leaf& leaf, const Row& row, std::string_view& text, InputError& error) {
  joined_.clear();
  size_t parts = 0;
  size_t missing = 0;
  for (size_t i = 0; i < leaf.cells.size(); ++i) {
    const auto index = static_cast<size_t>(leaf.cells[i]);
    const bool there = leaf.cells[i] >= 0 && index < row.cells.size() && row.cells[index].has_value();
    const std::string_view part = there ? TrimSpaces(*row.cells[index]) : std::string_view();
    if (!there || MeansAbsent(*leaf.field, part)) {
      missing = i;
      continue;
    }
    ++parts;
    if (!joined_.empty()) joined_.push_back(' ');
    joined_.append(part);
  }
  text = joined_;
  if (parts == 0) {
    return Fetched::kAbsent;
  }
  if (parts < leaf.cells.size()) {
    Fail(leaf, row, joined_,
         {absl::StrCat("is incomplete: column `", ClipForMessage(leaf.field->columns[missing]), "` has no value"),
          "correct the row, or leave it out with `skip_rows`"},
         error);
    return Fetched::kError;
  }
  return Fetched::kValue;
}

bool RowEncoder::ReadLeaf(Leaf& leaf, const Row& row, std::string_view text, InputError& error) {
  const FieldPlan& field = *leaf.field;
  ValueError why;
  if (!ReadValue(field, text, leaf.times.has_value() ? &*leaf.times : nullptr, value_, why)) {
    return Fail(leaf, row, text, std::move(why), error);
  }
  if (!leaf.times.has_value() || !value_.has_time) {
    return true;
  }
  if (!DecideTime(leaf, row, why)) {
    return Fail(leaf, row, text, std::move(why), error);
  }
  Counts& counts = leaf.counts;
  counts.doubled_first += value_.time.decision == TimeValue::Decision::kDoubledFirst ? 1 : 0;
  counts.doubled_second += value_.time.decision == TimeValue::Decision::kDoubledSecond ? 1 : 0;
  counts.shifted += value_.time.decision == TimeValue::Decision::kShifted ? 1 : 0;
  bool cut = value_.time.cut;
  if (field.shape == FieldShape::kTimeCount) {
    const int64_t unit = field.unit_microseconds;
    const int64_t rest = ((value_.time.microseconds % unit) + unit) % unit;
    value_.integer = (value_.time.microseconds - rest) / unit;
    cut = cut || rest != 0;
  }
  counts.cut += cut ? 1 : 0;
  return true;
}

bool RowEncoder::DecideTime(Leaf& leaf, const Row& row, ValueError& error) {
  if (leaf.order == nullptr) {
    return true;
  }
  // The rows of one series are those that agree in the key; a key field that is read from the time itself says nothing.
  series_.clear();
  for (const Leaf& other : leaves_) {
    if (!other.field->is_key || other.cells == leaf.cells) {
      continue;
    }
    for (const int cell : other.cells) {
      if (cell >= 0 && static_cast<size_t>(cell) < row.cells.size()) {
        absl::StrAppend(&series_, std::string(row.cells[static_cast<size_t>(cell)].value_or("")), "\x1f");
      }
    }
  }
  return leaf.order->Decide(series_, value_.time, error);
}

bool RowEncoder::FailAbsent(const Leaf& leaf, const Row& row, std::string_view text, InputError& error) const {
  const FieldPlan& field = *leaf.field;
  const bool nothing = TrimSpaces(text).empty();
  const char* missing = nothing ? "has no value, but " : "is no value, but ";
  ValueError why;
  if (field.is_key || field.is_event_time) {
    why.why = absl::StrCat(missing, field.is_key ? "this field is part of the key" : "every record needs its time");
    why.advice = "correct the row, or leave it out with `skip_rows`";
  } else {
    why.why = absl::StrCat(missing, "the field `", field.path, "` cannot be absent");
    why.advice = open_.empty() ? "make the field `optional` in the schema, or give a `default`"
                               : "give all values of the message around it, or none";
  }
  Fail(leaf, row, text, std::move(why), error);
  if (nothing) error.value.clear();
  return false;
}

bool RowEncoder::Fail(const Leaf& leaf, const Row& row, std::string_view value, ValueError why,
                      InputError& error) const {
  error = InputError{.file = file_,
                     .line = row.line,
                     .column = absl::StrJoin(leaf.field->columns, " + "),
                     .value = value.empty() ? "(empty)" : ClipForMessage(value),
                     .why = std::move(why.why),
                     .advice = std::move(why.advice)};
  return false;
}

void RowEncoder::AddTo(ImportStatistics& statistics) const {
  statistics.records += records_;
  statistics.deletes += deletes_;
  statistics.skipped_rows += skipped_;
  statistics.payload_bytes += payload_bytes_;
  if (earliest_.has_value()) {
    statistics.earliest = std::min(statistics.earliest.value_or(*earliest_), *earliest_);
    statistics.latest = std::max(statistics.latest.value_or(*latest_), *latest_);
  }
  for (const Leaf& leaf : leaves_) {
    const Counts& counts = leaf.counts;
    if (leaf.bound && counts.absent > 0) {
      statistics.absent_values += counts.absent;
      statistics.absent_by_field[leaf.field->path] += counts.absent;
    }
    const auto add = [&](const char* rule, int64_t count) {
      if (count > 0) statistics.rule_uses[{leaf.field->path, rule}] += count;
    };
    add("default", counts.defaults);
    add("replaced", counts.replaced);
    add("zero fraction dropped", counts.zero_fractions);
    add("doubled hour: first", counts.doubled_first);
    add("doubled hour: second", counts.doubled_second);
    add("missing hour: shifted", counts.shifted);
    add("cut to precision", counts.cut);
  }
}

}  // namespace allmende::tabular
