// Sends records of an import through the outbox to the broker, with progress, and keeps what is known of the table.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "allmende/client.h"
#include "allmende/publisher.h"
#include "sdk/cli/data/outbox_folder.h"
#include "sdk/cli/frame/context.h"
#include "sdk/cli/frame/progress.h"
#include "sdk/tabular/encoder/imported_record.h"

namespace allmende::cli {

struct UploadOptions {
  std::string dataset;
  std::string schema_hash = {};  // empty: whichever schema is in force when the records are sent
  OutboxFolder folder;
  bool take_over = false;
  bool discard_refused = false;
  InDoubt in_doubt = InDoubt::kStop;
  absl::Duration patience = absl::Seconds(30);  // how long nothing may move before the rest is left to the outbox
  bool keep_table = false;                      // the dataset is a table
};

// For one thread. Borrows context and client.
class Upload {
 public:
  static absl::StatusOr<std::unique_ptr<Upload>> Open(Context& context, Client& client, const UploadOptions& options);

  // How many records will come, for the progress.
  void Expect(int64_t records) { progress_.SetTotal(waiting_before_ + records); }

  // Takes the record, waiting for room in the outbox. Errors as Publisher::Append; kCancelled: interrupted.
  absl::Status Put(const tabular::ImportedRecord& record);

  // Replaces what is known of the table; saved by Finish together with the records.
  void SetTable(TableState table) { table_ = std::move(table); }

  // Makes everything durable here, then waits until the broker has it.
  //   kUnavailable  not all of it after `patience`; the rest is in the outbox, and the message says so
  //   kCancelled    interrupted; likewise
  //   others        as Publisher: a batch was refused, another writer took over, ...
  absl::Status Finish();

  // For imports that go on: shows progress and finds out whether the publisher has stopped.
  absl::Status Look();

  Publisher::Stats stats() const { return publisher_->stats(); }
  uint64_t discarded() const { return discarded_; }
  uint64_t waiting_before() const { return static_cast<uint64_t>(waiting_before_); }

 private:
  Upload(Context& context, const UploadOptions& options, std::unique_ptr<Publisher> publisher);

  void Show();
  absl::Status LeftBehind(absl::StatusCode code, const std::string& why) const;
  absl::Status Explained(const absl::Status& status) const;
  absl::Status Discard();

  const UploadOptions options_;
  const std::unique_ptr<Publisher> publisher_;
  const int64_t waiting_before_;
  Progress progress_;
  std::optional<TableState> table_;
  int64_t taken_ = 0;
  uint64_t discarded_ = 0;
};

}  // namespace allmende::cli
