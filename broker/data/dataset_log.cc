#include "broker/data/dataset_log.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "allmende/v1/catalogue.pb.h"
#include "broker/data/check_records.h"
#include "broker/data/keys.h"
#include "sdk/base/status.h"
#include "sdk/format/batch.h"
#include "sdk/format/erase.h"

namespace allmende::broker {
namespace {

constexpr size_t kProblemsMax = 20;

BatchOutcome Refuse(v1::PublishRefusedCode code, std::string detail, const format::ChainHead& tail, uint64_t epoch) {
  BatchOutcome outcome;
  outcome.refused.set_code(code);
  outcome.refused.set_detail(std::move(detail));
  outcome.refused.set_next_sequence(tail.next_sequence);
  outcome.refused.set_epoch(epoch);
  return outcome;
}

// What a writer must know before its batch is even looked at for its place: the first thing wrong with it, if any.
std::optional<BatchOutcome> CheckContent(const DatasetState& dataset, const format::BatchView& batch,
                                         const format::ChainHead& tail) {
  const format::Statement& statement = batch.statement();
  const uint64_t epoch = dataset.writer.epoch;
  if (statement.dataset.bytes() != dataset.id) {
    return Refuse(v1::BAD_BATCH, "the batch was made for another dataset", tail, epoch);
  }
  if (crypto::AsBytes(statement.schema_hash) != dataset.schema->hash) {
    return Refuse(v1::SCHEMA_CHANGED, "the batch names another schema than the one in force: fetch it and seal anew",
                  tail, epoch);
  }
  if (batch.leaf_only_count() != 0) {
    return Refuse(v1::BAD_BATCH, "a batch that is published cannot hold withheld or erased records", tail, epoch);
  }
  if (batch.signature().algorithm() != format::SignatureAlgorithm::kNone) {
    return Refuse(v1::BAD_BATCH, "this broker does not check batch signatures yet: publish without one", tail, epoch);
  }
  const absl::Status root = batch.CheckRoot();
  if (!root.ok()) {
    return Refuse(v1::BAD_BATCH, std::string(root.message()), tail, epoch);
  }
  return std::nullopt;
}

BatchOutcome RefusePlace(const absl::Status& why, const DatasetState& dataset, const format::Statement& statement,
                         const format::ChainHead& tail) {
  if (statement.epoch != dataset.writer.epoch || why.code() == absl::StatusCode::kPermissionDenied) {
    return Refuse(v1::FENCED,
                  absl::StrCat("the batch was written in epoch ", statement.epoch, ", the dataset is in epoch ",
                               dataset.writer.epoch),
                  tail, dataset.writer.epoch);
  }
  return Refuse(v1::WRONG_SEQUENCE, std::string(why.message()), tail, dataset.writer.epoch);
}

BatchOutcome RefuseRecords(const RecordCheck& check, const format::ChainHead& tail, uint64_t epoch) {
  const size_t bad = check.bad.size();
  BatchOutcome outcome = Refuse(
      v1::BAD_RECORD, absl::StrCat(bad, bad == 1 ? " record does" : " records do", " not fit the schema"), tail, epoch);
  outcome.refused.set_problem_count(bad);
  for (const v1::RecordProblem& problem : check.problems) {
    *outcome.refused.add_problems() = problem;
  }
  return outcome;
}

}  // namespace

// What goes into one append.
struct DatasetLog::Prepared {
  std::string bytes;  // envelope and batch
  std::vector<SideWrite> side_writes;
  int64_t largest_event_time_us = std::numeric_limits<int64_t>::min();
  std::vector<v1::QuarantinedRecord> quarantine;
};

DatasetLog::DatasetLog(Log& log, const Clock& clock, LogId id, const format::DatasetId& dataset, v1::DatasetKind kind)
    : log_(log), clock_(clock), id_(id), dataset_(dataset), kind_(kind), versions_(id) {}

absl::StatusOr<std::shared_ptr<DatasetLog>> DatasetLog::Open(Log& log, const Clock& clock,
                                                             const DatasetState& dataset) {
  ALLMENDE_ASSIGN_OR_RETURN(const format::DatasetId id, format::DatasetId::FromBytes(dataset.id));
  std::shared_ptr<DatasetLog> opened(new DatasetLog(log, clock, LogId{dataset.log}, id, dataset.kind));
  ALLMENDE_ASSIGN_OR_RETURN(Tail tail, opened->ReadTail());
  MutexLock lock(opened->mutex_);
  opened->tail_ = tail;
  return opened;
}

absl::StatusOr<DatasetLog::Tail> DatasetLog::ReadTail() const {
  const std::shared_ptr<const LogView> view = log_.View();
  ALLMENDE_ASSIGN_OR_RETURN(const LogHead head, view->HeadOf(id_));
  Tail tail;
  tail.chain.dataset = dataset_;
  tail.position = head.position;
  if (head.next_sequence > head.first_sequence) {
    ALLMENDE_ASSIGN_OR_RETURN(std::unique_ptr<LogCursor> cursor,
                              view->ReadFromSequence(id_, head.next_sequence - 1, 1));
    if (!cursor->Next()) {
      ALLMENDE_RETURN_IF_ERROR(cursor->status());
      return absl::DataLossError(absl::StrCat("the last batch of ", LogName(id_), " is missing"));
    }
    ALLMENDE_ASSIGN_OR_RETURN(const StoredBatch stored, SplitStored(cursor->entry().bytes));
    ALLMENDE_ASSIGN_OR_RETURN(const format::Statement statement, format::ParseStatement(stored.batch));
    if (statement.dataset != dataset_) {
      return absl::DataLossError(absl::StrCat("the last batch of ", LogName(id_),
                                              " is of another dataset: restore the ",
                                              "broker's directory from a backup"));
    }
    tail.chain = format::HeadAfter(statement, stored.batch);
  } else if (head.next_sequence > 1) {
    return absl::DataLossError(absl::StrCat("the last batch of ", LogName(id_), " was trimmed away"));
  }
  ALLMENDE_ASSIGN_OR_RETURN(const auto largest, view->GetSide(SideFamily::kState, LargestEventTimeKey(id_)));
  if (largest.has_value()) {
    ALLMENDE_ASSIGN_OR_RETURN(const Sequence value, DecodeSequence(*largest));
    tail.largest_event_time_us = static_cast<int64_t>(value);
  }
  ALLMENDE_ASSIGN_OR_RETURN(const auto count, view->GetSide(SideFamily::kState, QuarantineCountKey(id_)));
  if (count.has_value()) {
    ALLMENDE_ASSIGN_OR_RETURN(tail.quarantine_count, DecodeSequence(*count));
  }
  return tail;
}

uint64_t DatasetLog::quarantined() const {
  MutexLock lock(mutex_);
  return tail_.quarantine_count;
}

void DatasetLog::Claim(Claimed claimed) {
  uint64_t ticket = 0;
  {
    MutexLock lock(mutex_);
    // Whoever held the turn cannot submit any more; what it has under way still lands before the new turn begins.
    ticket = ++ticket_;
    if (under_way_ != 0) {
      claims_.push_back({ticket, std::move(claimed)});
      return;
    }
  }
  Grant(ticket, std::move(claimed));
}

absl::StatusOr<BatchOutcome> DatasetLog::Repeated(const format::BatchView& batch, const format::ChainHead& tail) const {
  const format::Statement& statement = batch.statement();
  const std::shared_ptr<const LogView> view = log_.View();
  ALLMENDE_ASSIGN_OR_RETURN(const LogHead head, view->HeadOf(id_));
  if (statement.first_sequence < head.first_sequence) {
    return Refuse(v1::WRONG_SEQUENCE, "the batch lies before the oldest record that is kept", tail, tail.epoch);
  }
  ALLMENDE_ASSIGN_OR_RETURN(std::unique_ptr<LogCursor> cursor,
                            view->ReadFromSequence(id_, statement.first_sequence, 1));
  if (!cursor->Next()) {
    ALLMENDE_RETURN_IF_ERROR(cursor->status());
    // Not durable yet: the same writer sent it twice within one turn.
    return Refuse(v1::WRONG_SEQUENCE, "the batch is being stored already", tail, tail.epoch);
  }
  if (cursor->entry().hash != batch.StatementHash()) {
    return Refuse(v1::EQUIVOCATION,
                  absl::StrCat("other records are stored from sequence ", cursor->entry().first_sequence,
                               " on: the outbox and the broker have parted, a person must decide which is right"),
                  tail, tail.epoch);
  }
  ALLMENDE_ASSIGN_OR_RETURN(const StoredBatch stored, SplitStored(cursor->entry().bytes));
  BatchOutcome outcome;
  outcome.stored = true;
  outcome.batch.next_sequence = statement.next_sequence();
  outcome.batch.records = statement.record_count;
  outcome.batch.accepted_at = stored.envelope.accepted_at;
  outcome.batch.repeated = true;
  return outcome;
}

void DatasetLog::FillSideWrites(const format::BatchView& batch, Prepared& prepared) {
  Sequence sequence = batch.statement().first_sequence;
  for (const format::RecordView& record : batch.records()) {
    if (record.event_time_us.has_value()) {
      prepared.largest_event_time_us = std::max(prepared.largest_event_time_us, *record.event_time_us);
    }
    if (kind_ == v1::TABLE && record.has_content()) {
      std::string key = KeyIndexKey(id_, record.key);
      prepared.side_writes.push_back(
          record.operation == format::Operation::kDelete
              ? SideWrite::Delete(SideFamily::kKeyIndex, std::move(key))
              : SideWrite::Put(SideFamily::kKeyIndex, std::move(key), EncodeSequence(sequence)));
    }
    ++sequence;
  }
  if (prepared.largest_event_time_us > tail_.largest_event_time_us) {
    tail_.largest_event_time_us = prepared.largest_event_time_us;
    prepared.side_writes.push_back(SideWrite::Put(SideFamily::kTimeIndex,
                                                  TimeIndexKey(id_, tail_.largest_event_time_us),
                                                  EncodeSequence(batch.statement().first_sequence)));
    prepared.side_writes.push_back(SideWrite::Put(SideFamily::kState, LargestEventTimeKey(id_),
                                                  EncodeSequence(static_cast<uint64_t>(tail_.largest_event_time_us))));
  }
  for (v1::QuarantinedRecord& record : prepared.quarantine) {
    record.set_number(++tail_.quarantine_count);
    prepared.side_writes.push_back(
        SideWrite::Put(SideFamily::kState, QuarantineKey(id_, record.number()), record.SerializeAsString()));
  }
  if (!prepared.quarantine.empty()) {
    prepared.side_writes.push_back(
        SideWrite::Put(SideFamily::kState, QuarantineCountKey(id_), EncodeSequence(tail_.quarantine_count)));
  }
}

namespace {

// The bad records leave the batch as erased ones, so that its statement still verifies; they go into quarantine
// instead.
absl::StatusOr<std::string> TakeOut(const format::BatchView& batch, const RecordCheck& check, absl::Time accepted_at,
                                    std::vector<v1::QuarantinedRecord>& quarantine) {
  uint32_t index = 0;
  size_t next = 0;
  for (const format::RecordView& record : batch.records()) {
    if (next < check.bad.size() && check.bad[next] == index) {
      v1::QuarantinedRecord& taken = quarantine.emplace_back();
      taken.set_sequence(batch.statement().first_sequence + index);
      taken.set_accepted_at_us(absl::ToUnixMicros(accepted_at));
      *taken.mutable_problem() = check.problems[next];
      v1::Record& content = *taken.mutable_record();
      content.set_sequence(taken.sequence());
      content.set_operation(static_cast<v1::Operation>(record.operation));
      content.set_key(std::string(record.key));
      content.set_has_event_time(record.event_time_us.has_value());
      content.set_event_time_us(record.event_time_us.value_or(0));
      content.set_payload(std::string(record.payload));
      ++next;
    }
    ++index;
  }
  return format::Erase(batch.bytes(), check.bad);
}

}  // namespace

void DatasetLog::Submit(uint64_t ticket, const DatasetState& dataset, std::string_view batch_bytes, Done done) {
  format::ChainHead tail;
  {
    MutexLock lock(mutex_);
    tail = tail_.chain;
  }
  const absl::StatusOr<format::BatchView> batch = format::BatchView::Parse(batch_bytes);
  if (!batch.ok()) {
    return done(Refuse(v1::BAD_BATCH, std::string(batch.status().message()), tail, dataset.writer.epoch));
  }
  if (std::optional<BatchOutcome> refused = CheckContent(dataset, *batch, tail)) {
    return done(*std::move(refused));
  }
  if (batch->statement().first_sequence < tail.next_sequence && batch->statement().epoch <= tail.epoch) {
    return done(Repeated(*batch, tail));
  }
  absl::Status follows = format::CheckFollows(tail, batch->statement());
  if (!follows.ok() || batch->statement().epoch != dataset.writer.epoch) {
    return done(RefusePlace(follows, dataset, batch->statement(), tail));
  }
  const bool quarantine = dataset.bad_records == v1::QUARANTINE;
  const RecordCheck check =
      CheckRecords(*dataset.schema->table, kind_, *batch, quarantine ? batch->statement().record_count : kProblemsMax);
  if (!check.bad.empty() && !quarantine) {
    return done(RefuseRecords(check, tail, dataset.writer.epoch));
  }

  const absl::Time now = clock_.Now();
  Prepared prepared;
  std::string kept;
  format::BatchView stored_batch = *batch;
  if (!check.bad.empty()) {
    absl::StatusOr<std::string> erased = TakeOut(*batch, check, now, prepared.quarantine);
    if (!erased.ok()) {
      return done(std::move(erased).status());
    }
    kept = *std::move(erased);
    stored_batch = *format::BatchView::Parse(kept);
  }
  std::vector<Sequence> previous;
  if (kind_ == v1::TABLE) {
    absl::StatusOr<std::vector<Sequence>> before = versions_.Before(stored_batch, log_);
    if (!before.ok()) {
      return done(std::move(before).status());
    }
    previous = *std::move(before);
  }
  prepared.bytes = EncodeEnvelope({now}, previous);
  prepared.bytes.append(stored_batch.bytes());

  BatchOutcome outcome;
  outcome.stored = true;
  outcome.batch.next_sequence = batch->statement().next_sequence();
  outcome.batch.records = batch->statement().record_count;
  outcome.batch.accepted_at = now;
  outcome.batch.quarantined = check.problems;

  AppendRequest request;
  request.log = id_;
  LogEntry& entry = request.entries.emplace_back();
  entry.count = batch->statement().record_count;
  entry.hash = batch->StatementHash();
  Append(ticket, std::move(request), stored_batch, std::move(prepared), std::move(outcome), std::move(done));
}

void DatasetLog::Append(uint64_t ticket, AppendRequest request, const format::BatchView& batch, Prepared prepared,
                        BatchOutcome outcome, Done done) {
  // Called once, by the log or, where the log takes nothing, here.
  auto shared_done = std::make_shared<Done>(std::move(done));
  absl::Status accepted;
  {
    MutexLock lock(mutex_);
    if (ticket != ticket_ || stale_ || tail_.chain.next_sequence != batch.statement().first_sequence) {
      accepted = absl::AbortedError("another stream writes this dataset now, or an earlier batch failed: open again");
    } else {
      const Tail before = tail_;
      FillSideWrites(batch, prepared);
      request.entries.front().bytes = std::move(prepared.bytes);
      request.side_writes = std::move(prepared.side_writes);
      request.expected = tail_.position;
      tail_.position = log_.After(tail_.position, request.entries);
      tail_.chain = format::HeadAfter(batch.statement(), batch.bytes());
      accepted = log_.Append(std::move(request), [self = shared_from_this(), shared_done,
                                                  outcome = std::move(outcome)](absl::StatusOr<LogHead> head) mutable {
        if (head.ok()) {
          (*shared_done)(std::move(outcome));
        } else {
          (*shared_done)(head.status());
        }
        self->FinishAppend(head);
      });
      if (accepted.ok()) {
        ++under_way_;
        if (kind_ == v1::TABLE) {
          versions_.Add(batch);
        }
      } else {
        tail_ = before;
      }
    }
  }
  if (!accepted.ok()) {
    (*shared_done)(std::move(accepted));
  }
}

void DatasetLog::FinishAppend(const absl::StatusOr<LogHead>& head) {
  std::vector<WaitingClaim> claims;
  {
    MutexLock lock(mutex_);
    --under_way_;
    // What follows a batch that failed expects it in the log, so it fails as well.
    stale_ = stale_ || !head.ok();
    if (head.ok()) {
      versions_.Durable(head->next_sequence);
    }
    if (under_way_ != 0) {
      return;
    }
    versions_.Clear();
    claims.swap(claims_);
  }
  for (WaitingClaim& claim : claims) {
    Grant(claim.ticket, std::move(claim.claimed));
  }
}

void DatasetLog::Grant(uint64_t ticket, Claimed claimed) {
  absl::StatusOr<Tail> tail = absl::UnknownError("not read");
  bool stale = false;
  {
    MutexLock lock(mutex_);
    stale = stale_;
  }
  if (stale) {
    tail = ReadTail();
  }
  WriterTicket granted;
  {
    MutexLock lock(mutex_);
    // A later claim may have read on and appended since; then this one's reading is out of date.
    if (stale_ && tail.ok() && ticket == ticket_ && under_way_ == 0) {
      tail_ = *tail;
      stale_ = false;
    }
    granted = {ticket, tail_.chain};
  }
  if (stale && !tail.ok()) {
    claimed(std::move(tail).status());
  } else {
    claimed(granted);
  }
}

}  // namespace allmende::broker
