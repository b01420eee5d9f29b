#include "sdk/cli/data/upload.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "sdk/base/status.h"
#include "sdk/base/text.h"
#include "sdk/cli/frame/error.h"
#include "sdk/cli/frame/interrupt.h"
#include "sdk/cli/frame/plain_text.h"

namespace allmende::cli {
namespace {

constexpr absl::Duration kLookInterval = absl::Milliseconds(100);
constexpr absl::Duration kLastChance = absl::Seconds(2);  // for the last records after an interrupt
constexpr int64_t kLookEvery = 1024;                      // records

NewRecord Borrowed(const tabular::ImportedRecord& record) {
  return {.operation = record.operation == tabular::Operation::kDelete ? Operation::kDelete : Operation::kUpsert,
          .key = record.key,
          .event_time = record.event_time,
          .payload = record.payload};
}

}  // namespace

absl::StatusOr<std::unique_ptr<Upload>> Upload::Open(Context& context, Client& client, const UploadOptions& options) {
  PublisherOptions publisher;
  publisher.dataset = options.dataset;
  publisher.outbox_directory = options.folder.queue();
  publisher.block_when_full = false;  // so that an interrupt is seen
  publisher.schema_hash = options.schema_hash;
  publisher.take_over = options.take_over;
  publisher.in_doubt = options.in_doubt;
  ALLMENDE_ASSIGN_OR_RETURN(std::unique_ptr<Publisher> opened, Publisher::Open(client, publisher));
  std::unique_ptr<Upload> upload(new Upload(context, options, std::move(opened)));
  if (options.keep_table) {
    ALLMENDE_ASSIGN_OR_RETURN(upload->table_, LoadTable(options.folder.table()));
  }
  return upload;
}

Upload::Upload(Context& context, const UploadOptions& options, std::unique_ptr<Publisher> publisher)
    : options_(options),
      publisher_(std::move(publisher)),
      waiting_before_(static_cast<int64_t>(publisher_->stats().outbox_records)),
      progress_(context, {.label = "publish", .unit = "records"}) {}

absl::Status Upload::Put(const tabular::ImportedRecord& record) {
  if (++taken_ % kLookEvery == 0) ALLMENDE_RETURN_IF_ERROR(Look());
  absl::Status status;
  while (absl::IsResourceExhausted(status = publisher_->Append(Borrowed(record)))) {
    ALLMENDE_RETURN_IF_ERROR(Look());
    absl::SleepFor(kLookInterval);
  }
  if (absl::IsInvalidArgument(status) && options_.discard_refused && !publisher_->stats().stopped.ok()) {
    ALLMENDE_RETURN_IF_ERROR(Discard());
    status = publisher_->Append(Borrowed(record));
  }
  if (!status.ok()) return Explained(status);
  if (table_.has_value()) Apply(record, *table_);
  return absl::OkStatus();
}

absl::Status Upload::Look() {
  Show();
  if (Interrupted()) return LeftBehind(absl::StatusCode::kCancelled, "interrupted");
  const absl::Status stopped = publisher_->stats().stopped;
  return stopped.ok() || options_.discard_refused ? absl::OkStatus() : Explained(stopped);
}

void Upload::Show() {
  const Publisher::Stats stats = publisher_->stats();
  progress_.SetNote(stats.connected_to.empty() ? "no broker yet, keeps trying" : "");
  progress_.Set(static_cast<int64_t>(stats.stored_records));
}

absl::Status Upload::Finish() {
  ALLMENDE_RETURN_IF_ERROR(Explained(publisher_->Flush()));
  // The records are durable here and nothing can take them back, so the table is what they make of it.
  if (table_.has_value() && options_.keep_table) {
    ALLMENDE_RETURN_IF_ERROR(SaveTable(options_.folder.table(), *table_));
  }
  uint64_t stored = publisher_->stats().stored_records;
  const absl::Time begun = absl::Now();
  absl::Time moved = begun;
  while (true) {
    const absl::Status status = publisher_->WaitUntilStored(absl::Now() + kLookInterval);
    Show();
    if (status.ok()) break;
    if (absl::IsInvalidArgument(status) && options_.discard_refused) {
      ALLMENDE_RETURN_IF_ERROR(Discard());
      continue;
    }
    if (!absl::IsDeadlineExceeded(status)) return Explained(status);
    if (Interrupted() && absl::Now() - begun > kLastChance) {
      return LeftBehind(absl::StatusCode::kCancelled, "interrupted");
    }
    const Publisher::Stats stats = publisher_->stats();
    if (stats.stored_records != stored) {
      stored = stats.stored_records;
      moved = absl::Now();
    }
    if (absl::Now() - moved > options_.patience) {
      return LeftBehind(absl::StatusCode::kUnavailable, stats.last_error.ok()
                                                            ? std::string("the broker does not answer")
                                                            : std::string(FromAbsl(stats.last_error.message())));
    }
  }
  progress_.Finish();
  return absl::OkStatus();
}

absl::Status Upload::LeftBehind(absl::StatusCode code, const std::string& why) const {
  (void)publisher_->Flush();
  const uint64_t waiting = publisher_->stats().outbox_records;
  return WithHint(absl::Status(code, absl::StrCat(why, "; ", CountText(static_cast<int64_t>(waiting)),
                                                  waiting == 1 ? " record waits" : " records wait", " in the outbox `",
                                                  options_.folder.path, "`")),
                  absl::StrCat("they are safe there; `allmende publish ", options_.dataset, "` sends them"));
}

absl::Status Upload::Discard() {
  ALLMENDE_ASSIGN_OR_RETURN(const std::vector<StoredRecord> dropped, publisher_->DiscardRefused());
  discarded_ += dropped.size();
  return absl::OkStatus();
}

absl::Status Upload::Explained(const absl::Status& status) const {
  const std::string again = absl::StrCat("`allmende publish ", options_.dataset);
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return WithHint(status, absl::StrCat("nothing of that batch is stored; ", again,
                                           " --discard-refused` drops it and sends what waits behind it"));
    case absl::StatusCode::kFailedPrecondition:
      return WithHint(status, absl::StrCat("where another writer had the dataset, ", again, " --take-over` takes it"));
    case absl::StatusCode::kAborted:
      return WithHint(status, absl::StrCat(again,
                                           " --take-over` takes the dataset back; --in-doubt says what becomes "
                                           "of records that may be stored already"));
    default:
      return status;
  }
}

}  // namespace allmende::cli
